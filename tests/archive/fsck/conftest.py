"""An archive with everything in it: issued, long-term, voided, recalled; sequenced and clean."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from datetime import timedelta

import psycopg
import pytest

from archive import ingest
from archive.catalogue import document_changes, documents, log_rows
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


ON_POSTGRESQL = {
    "?": "%s",
    "zeroblob(32)": "decode(repeat('00', 32), 'hex')",
    "x'00'": "'\\x00'::bytea",
    "rowid": "ctid",
    "hold = 1": "hold = true",
    "hold = 0": "hold = false",
}


class Audited:
    """A house with its log. `sql` changes the catalogue behind the service's back."""

    def __init__(self, directory, url=None) -> None:
        self.house = open_house(directory, url)
        self.objects = self.house.objects
        self.openings = Openings(self.house.transactions.read, ORIGIN)
        self.directory = directory

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
        sequencer.keep_tail()
        sequencer.close()

    def fill(self) -> None:
        self.issued = self.house.issued(b"%PDF one", AT)
        self.sequence()
        self.recalled = self.house.issued(b"%PDF two", AT + timedelta(days=1), kind="TB")
        with self.house.transactions.write() as conn:
            document = documents.get(conn, self.recalled.id)
            facts = Facts(reason="Ban hành nhầm")
            document = document_changes.advance(conn, document, Act.RECALL, AT, facts=facts, recalled_at=AT)
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
        given = parameters[0] if parameters and isinstance(parameters[0], dict) else parameters
        with self._raw() as raw:
            assert raw.execute(self._said(statement), given).rowcount > 0, "the attack changed nothing"

    def ask(self, query, *parameters):
        with self._raw() as raw:
            return raw.execute(self._said(query), parameters).fetchone()[0]

    def _raw(self):
        """A connection of somebody who owns the database: no key is looked after."""
        url = self.house.transactions.engine.url
        if url.get_backend_name() == "sqlite":
            return sqlite3.connect(url.database)
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(address, options="-c session_replication_role=replica -c timezone=UTC")

    def _said(self, statement):
        """SQLite's words in those of the engine."""
        if self.house.transactions.engine.dialect.name == "sqlite":
            return statement
        for theirs, ours in ON_POSTGRESQL.items():
            statement = statement.replace(theirs, ours)
        return statement

    def check(self, **given):
        stores = given.pop("stores", {"first": self.objects})
        return check(self.house.transactions.read, stores, VKEY, openings=self.openings, **given)

    def found(self, **given):
        return {finding.id for finding in self.check(**given).findings if finding.severity == "error"}

    def where(self, finding_id):
        return [finding.where for finding in self.check().findings if finding.id == finding_id]


def _filled(directory, url=None):
    opened = Audited(directory, url)
    opened.fill()
    opened.house.transactions.close()
    return opened


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    return _filled(tmp_path_factory.mktemp("filled"))


@pytest.fixture(scope="session")
def filled_on_postgres(tmp_path_factory, postgres):
    return _filled(tmp_path_factory.mktemp("filled"), postgres.database("filled"))


@pytest.fixture(params=("sqlite", pytest.param("postgresql", marks=pytest.mark.long)))
def archive(request, tmp_path):
    """A copy of the filled archive, to be attacked, on one engine after the other."""
    if request.param == "sqlite":
        filled, url = request.getfixturevalue("filled"), None
    else:
        filled, server = request.getfixturevalue("filled_on_postgres"), request.getfixturevalue("postgres")
        name = f"test_{uuid.uuid4().hex}"
        url = server.database(name, "filled")
    shutil.copytree(filled.directory, tmp_path, dirs_exist_ok=True)
    copied = Audited(tmp_path, url)
    copied.objects._objects.update(filled.objects._objects)
    for name in ("issued", "recalled", "voided", "last"):
        setattr(copied, name, getattr(filled, name))
    yield copied
    copied.house.transactions.close()
    if url:
        server.drop(name)
