"""What a start, upkeep, the health page and a public look-up ask the database does not grow with the archive."""

from __future__ import annotations

import re
import secrets

import pytest
from sqlalchemy import Engine, event

from api.demo import furnish
from api.health import Health
from api.settings import Settings
from api.wiring import service
from archive.catalogue import documents
from archive.storage.directory import DirectoryStore
from benchmarks.simulated_archive import FastDisk, SimulatedArchive
from benchmarks.simulated_documents import AT

pytestmark = [pytest.mark.own_service, pytest.mark.xdist_group("site")]
GROW = (
    "documents",
    "document_signers",
    "document_versions",
    "numbers",
    "register_journal",
    "outgoing_register",
    "leaves",
    "evidence_ends",
    "objects",
    "events",
    "audit",
    "operations",
    "idempotency",
    "workflow_status",
    "workflow_input",
)
# Partial indexes that hold little: what is under way, damaged, held; and two of which the first entry is taken.
SMALL = (
    "ix_objects_damaged",
    "ix_objects_held",
    "ix_objects_earliest",
    "ix_objects_lock_due",
    "ix_leaves_pending",
    "ix_operations_unfinished",
    "ix_operations_kind",
    "ix_idempotency_unanswered",
)
_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")


@pytest.fixture
def services(tmp_path):
    settings = Settings(demo_pki=True, data_dir=tmp_path / "data", agency_code="H99.DEMO", log_origin="t/log")
    made = service.build(settings)
    furnish.accounts(
        made.identity,
        settings.agency_code,
        {person.account: secrets.token_urlsafe(12) for person in furnish.PEOPLE},
        made.clock(),
    )
    store = DirectoryStore(settings.data_dir / "store", clock=lambda: AT, disk=FastDisk())
    SimulatedArchive(50, made.proofs.key).fill(made.transactions, store)
    yield made
    made.stop()


@pytest.fixture
def statements():
    said = {}

    def note(conn, _cursor, statement, parameters, _context, _many):
        if conn.dialect.name == "sqlite" and not statement.lstrip().upper().startswith(("PRAGMA", "EXPLAIN")):
            said.setdefault(statement, parameters)

    event.listen(Engine, "before_cursor_execute", note)
    yield said
    event.remove(Engine, "before_cursor_execute", note)


def test_nothing_that_grows_is_gone_through(services, statements):
    services.recover()
    services.start()
    services.upkeep.run_once()
    Health(services).parts()
    with services.transactions.read() as conn:
        found = documents.by_code(conn, SimulatedArchive(50, services.proofs.key).code(7))
    services.proofs.receipt(found)
    assert len(statements) > 30
    slow = {
        statement: step
        for statement, parameters in statements.items()
        for step in plan(services, statement, parameters)
        if is_scan(step)
    }
    assert slow == {}, "\n\n".join(f"{step}: {statement}" for statement, step in slow.items())


def plan(services, statement, parameters):
    if statement.split()[0].upper() not in ("SELECT", "UPDATE", "DELETE", "WITH"):
        return []
    with services.transactions.engine.connect() as conn:
        raw = conn.connection.dbapi_connection
        given = parameters[0] if isinstance(parameters, list) and parameters else parameters
        return [row[3] for row in raw.execute("EXPLAIN QUERY PLAN " + statement, given).fetchall()]


def is_scan(step):
    found = _SCAN.match(step)
    return found is not None and found[1] in GROW and found[2] not in SMALL


def test_a_scan_would_be_seen(services):
    services.recover()
    services.start()
    assert any(map(is_scan, plan(services, "SELECT * FROM leaves WHERE record_sha256 = 'x'", ())))
    assert not any(map(is_scan, plan(services, "SELECT * FROM leaves WHERE id = 'x'", ())))
