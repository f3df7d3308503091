"""Validation data that the service adds while somebody acts refuse nobody; what another person did meanwhile does."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from api.filing import Filing
from api.gate import OpenGate
from api.health import Health
from api.issuing import Issuing
from api.owed import Owed
from api.store import accounts, operations
from api.upkeep import Upkeep
from archive.catalogue import deposit_rows, documents
from archive.catalogue.values import VersionRole
from archive.errors import ArchivingStopped
from policies.dossiers import Fields
from policies.numbering import civil_date
from policies.reasons import access, storage
from policies.refusals import Refused
from policies.vocabulary import State
from tests.service import CLERK

pytestmark = pytest.mark.xdist_group("site")
ACTS = {
    "issue": ("archived", lambda issuing, *given: issuing.issue(*given), State.ISSUED),
    "void": ("archived", lambda issuing, *given: issuing.void(*given, "Ban hành nhầm"), State.VOIDED),
    "recall": ("issued", lambda issuing, *given: issuing.recall(*given, "Sai nội dung"), State.ISSUED),
}


@pytest.fixture
def later(site, monkeypatch):
    """Validation data come when the test brings them."""
    settings = site.settings.model_copy(update={"grace_seconds": 3600.0})
    monkeypatch.setattr(site.services, "settings", settings)


def read(site, document):
    return read_row(site.services, document)


def read_row(services, document):
    with services.transactions.read() as conn:
        return documents.get(conn, document)


def augment(site, document):
    with site.services.transactions.read() as conn:
        operation = operations.under_way(conn, document, "augment")
    Owed(site.services).handlers()["augment"](operation.id, operation.payload)


@pytest.mark.parametrize("name", ACTS)
def test_an_act_on_a_document_that_got_its_validation_data_meanwhile(site, later, name):
    before, act, after = ACTS[name]
    document = getattr(site, before)()
    seen = read(site, document)
    augment(site, document)
    assert read(site, document).version == seen.version + 1
    with site.services.transactions.read() as conn:
        clerk, _ = accounts.by_name(conn, CLERK)
    act(Issuing(site.services), seen, clerk)
    assert read(site, document).state is after
    with pytest.raises(Refused) as refused:
        act(Issuing(site.services), seen, clerk)
    assert refused.value.reason is access.CHANGED_MEANWHILE


def test_a_document_that_got_its_validation_data_meanwhile_is_filed(site, later):
    document = site.issued()
    seen = read(site, document)
    augment(site, document)
    with site.services.transactions.read() as conn:
        clerk, _ = accounts.by_name(conn, CLERK)
    filing, day = Filing(site.services), civil_date(site.services.clock())
    dossier = filing.open(Fields(day.year, uuid.uuid4().hex[:8], "Hồ sơ", "Văn thư", day), clerk)
    filing.file([seen.id], [dossier], clerk)
    assert read(site, document).state is State.FILED


class Closed(OpenGate):
    """The store does not keep its locks, until it does."""

    def __init__(self):
        self.shut = True

    def require(self):
        if self.shut:
            raise ArchivingStopped(storage.ARCHIVING_STOPPED, what=self.state().text)

    def state(self):
        return replace(super().state(), open=not self.shut)


def waiting(services):
    """As the health page has it."""
    return Health(services).parts()["deposits"]


def test_a_version_that_a_closed_gate_refuses_is_told_and_comes_when_it_opens(site, later, monkeypatch):
    """The job ends with the refusal; the version is planned, and waits for the archive, not for a person."""
    services, gate = site.services, Closed()
    document = site.archived()
    monkeypatch.setattr(services.proofs, "gate", gate)
    monkeypatch.setattr(services, "gate", gate)
    with services.transactions.read() as conn:
        operation = operations.under_way(conn, document, "augment")
    augment(site, document)
    with services.transactions.read() as conn:
        ended = operations.get(conn, operation.id)
        planned = deposit_rows.version_deposit(conn, document)
    assert (ended.state, ended.problem["id"]) == ("failed", "archive.stopped")
    assert planned is not None and read(site, document).current_sha256 != planned.content_sha256
    real = services.clock
    monkeypatch.setattr(services, "clock", lambda: real() + timedelta(minutes=11))
    told = waiting(services)
    assert (told["state"], told["waiting"]) == ("failing", 1)
    assert [alarm["reason"] for alarm in told["alarms"]] == ["watch.not-archived"]
    upkeep = Upkeep(services)
    upkeep.carry_out_what_is_left()
    assert waiting(services)["waiting"] == 1
    gate.shut = False
    upkeep.carry_out_what_is_left()
    assert waiting(services) == {"state": "ok", "waiting": 0, "oldest": None}
    assert read(site, document).current_sha256 == planned.content_sha256
    with services.transactions.read() as conn:
        assert documents.versions(conn, document)[-1].role is VersionRole.LONG_TERM
        assert operations.get(conn, operation.id).state == "failed", "an end is never taken back"
        assert operations.under_way(conn, document, "augment") is None
