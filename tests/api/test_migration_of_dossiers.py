"""The tables of dossiers come into a database that is in use: its rows stay, and code of before still writes."""
# ruff: noqa: S608

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from api import migrations
from api.transactions import Transactions
from archive.catalogue import deposit_rows, log_rows

AT = "2026-03-05 07:05:09.000000"
ID, LEAF, SHA = "01a21bff-0000-7000-8000-000000000001", "ab" * 16, "cd" * 32
FILL = (
    f"INSERT INTO agencies VALUES ('H99.01', 'UBND', 'UBND', '{{}}', '{AT}')",
    f"INSERT INTO documents (id, public_code, agency, kind, unit, subject, state, reason, version, urgency, uploader,"
    f" uploader_display, recipients, metadata, boxes, created_at, updated_at)"
    f" VALUES ('{ID}', 'code', 'H99.01', 'QĐ', '', 'x', 'archived', '', 1, 0, 'u', 'u', '[]', '{{}}', '[]',"
    f" '{AT}', '{AT}')",
    f"INSERT INTO leaves (id, kind, document, entry, created_at, content_sha256, log_index)"
    f" VALUES ('{LEAF}', 1, '{ID}', '01', '{AT}', '{SHA}', 0)",
    f"INSERT INTO leaves (id, kind, document, entry, created_at, predecessor)"
    f" VALUES ('{LEAF[::-1]}', 2, '{ID}', '02', '{AT}', '{LEAF}')",
)
# As code of before the change writes it: it knows nothing of dossiers.
OLD_OBJECT = (
    "INSERT INTO objects (key, document, leaf, role, sha256, size, retain_until, read_back_at, version, mode, hold)"
    f" VALUES ('{{key}}', '{ID}', '{LEAF}', 'content', '{SHA}', 1, '{AT}', '{AT}', '', 'COMPLIANCE', {{held}})"
)


def upgrade(transactions, revision):
    with transactions.engine.begin() as conn:
        command.upgrade(migrations.config(conn), revision)


def test_rows_stay_and_old_code_goes_on_writing(database):
    transactions = Transactions(database)
    upgrade(transactions, "0003")
    held = "true" if "postgresql" in database else "1"
    with transactions.write() as conn:
        for statement in (*FILL, OLD_OBJECT.format(key="documents/x/one", held=held)):
            conn.execute(text(statement))
    migrations.upgrade(transactions.engine)
    with transactions.write() as conn:
        conn.execute(text(OLD_OBJECT.format(key="documents/x/two", held=held)))
    with transactions.read() as conn:
        rows = deposit_rows.objects_of(conn, ID)
        leaves = log_rows.leaves_of(conn, ID)
    assert [(row.key, row.hold, row.dossier, row.owner) for row in rows] == [
        ("documents/x/one", True, None, ID),
        ("documents/x/two", True, None, ID),
    ]
    assert [(leaf.id, leaf.predecessor, leaf.dossier) for leaf in leaves] == [
        (LEAF, None, None),
        (LEAF[::-1], LEAF, None),
    ]
    transactions.close()
