"""Validation data that the service adds while somebody acts refuse nobody; what another person did meanwhile does."""

from __future__ import annotations

import uuid

import pytest

from api.filing import Filing
from api.issuing import Issuing
from api.owed import Owed
from api.store import accounts, operations
from archive.catalogue import documents
from policies.dossiers import Fields
from policies.numbering import civil_date
from policies.reasons import access
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
