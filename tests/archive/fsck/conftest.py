"""An archive with everything in it: issued, long-term, voided, recalled; sequenced and clean."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import timedelta

import pytest

from archive import ingest
from archive.catalogue import documents, log_rows
from archive.fsck.run import check
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.sequencer import Sequencer
from archive.openings import Openings
from archive.registers import outgoing
from policies.issuing import Act, Facts
from policies.retention import lock_until
from tests.archive.catalogue_fixtures import AT, request_for, signed_document
from tests.archive.ingest_fixtures import ENTRY, open_house

ORIGIN = "log.example.vn/antin"
KEY = Ed25519LogKey.generate(ORIGIN)
VKEY = VerifierKey.parse(KEY.vkey)


class Audited:
    """A house with its log. `sql` changes the catalogue behind the service's back."""

    def __init__(self, directory) -> None:
        self.house = open_house(directory)
        self.objects = self.house.objects
        self.openings = Openings(self.house.transactions.read, ORIGIN)
        self.database = directory / "catalogue.sqlite3"

    def sequence(self) -> None:
        sequencer = Sequencer(
            store=self.house.objects,
            catalogue=log_rows,
            transaction=self.house.transactions.write,
            reading=self.house.transactions.read,
            signer=KEY,
            retain_until=lambda: lock_until(AT),
            beside=self.openings,
            parallel=False,
        )
        while sequencer.run_once().assigned:
            pass
        sequencer.close()

    def fill(self) -> None:
        self.issued = self.house.issued(b"%PDF one", AT)
        self.sequence()
        self.recalled = self.house.issued(b"%PDF two", AT + timedelta(days=1), kind="TB")
        with self.house.transactions.write() as conn:
            document = documents.get(conn, self.recalled.id)
            facts = Facts(reason="Ban hành nhầm")
            document = documents.advance(conn, document, Act.RECALL, AT, facts=facts, recalled_at=AT)
            deposit = ingest.plan_event(conn, document, "recalled", {"reason": facts.reason}, "Văn thư", AT)
        self.house.carry_out(deposit)
        self.house.carry_out(self.house.plan_long_term(self.issued.id, b"%PDF one with DSS", AT))
        with self.house.transactions.write() as conn:
            self.voided = signed_document(conn, AT)
            request = request_for(self.voided)
            outgoing.number_and_enter(conn, self.voided, request, ENTRY, AT)
            outgoing.void(conn, self.voided.id, "Soạn sai", AT)
        self.last = self.house.issued(b"%PDF three", AT + timedelta(days=2))
        self.sequence()

    def sql(self, statement, *parameters) -> None:
        with sqlite3.connect(self.database) as raw:
            given = parameters[0] if parameters and isinstance(parameters[0], dict) else parameters
            assert raw.execute(statement, given).rowcount > 0, "the attack changed nothing"

    def ask(self, query, *parameters):
        with sqlite3.connect(self.database) as raw:
            return raw.execute(query, parameters).fetchone()[0]

    def check(self, **given):
        stores = given.pop("stores", {"first": self.objects})
        return check(self.house.transactions.read, stores, VKEY, openings=self.openings, **given)

    def found(self, **given):
        return {finding.id for finding in self.check(**given).findings if finding.severity == "error"}

    def where(self, finding_id):
        return [finding.where for finding in self.check().findings if finding.id == finding_id]


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    opened = Audited(tmp_path_factory.mktemp("filled"))
    opened.fill()
    opened.house.transactions.close()
    return opened


@pytest.fixture
def archive(filled, tmp_path):
    """A copy of the filled archive, to be attacked."""
    shutil.copytree(filled.database.parent, tmp_path, dirs_exist_ok=True)
    copied = Audited(tmp_path)
    copied.objects._objects.update(filled.objects._objects)
    for name in ("issued", "recalled", "voided", "last"):
        setattr(copied, name, getattr(filled, name))
    yield copied
    copied.house.transactions.close()
