"""`antin restore`: into an empty folder and an empty database, by nobody else's leave.

    1 the backup is read whole, every digest compared; its schema is one that this release knows
    2 the target is empty, or this same restore was interrupted there
    3 a mark is set: nothing is served from here until it is gone
    4 keys, pictures, bytes under way
    5 the catalogue, in this release's shape, its number series closed, all at once           ← commit point
    6 the mark goes
    7 the log is compared with the object stores

The mark keeps others out of the folder, not out of the database: another machine's process may come up at any moment.

A kill at any point leaves the mark; the same restore run again goes on.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dbos import run_dbos_database_migrations

from api import migrations
from api.backup import series
from api.backup.container import KEYS, Reading, reading
from api.backup.make import DEMO, LOG_KEY, Place
from api.backup.mark import MARK
from api.backup.refusals import BackupRefused
from api.backup.sealed import unseal
from api.backup.sources import DATABASE, POSTGRESQL, SQLITE
from api.store import dump_postgresql, dump_sqlite
from api.store.dump_postgresql import Connection, TableData
from api.transactions import Transactions
from archive.catalogue.tables import agencies
from archive.errors import ArchiveDamaged
from archive.log.note import Ed25519LogKey
from archive.storage.disk import Disk
from policies.numbering import SeriesState
from policies.reasons import backup as reasons

_KEY_NAMES = re.compile(rf"{re.escape(LOG_KEY)}|{DEMO}/[\w.-]{{1,80}}", re.ASCII)
_JOB_TABLES = frozenset({"workflow_status", "workflow_input", "workflow_output"})


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in the catalogue now. `has_key`: the log's key is in its place; `closed`: series that give no number."""

    made_at: str
    leaves: int
    vkey: str
    counts: Mapping[str, int]
    has_key: bool
    closed: tuple[SeriesState, ...]


def restore(place: Place, source: Path, at: datetime, passphrase: str | None = None) -> Restored:
    """Bring everything back. Raises BackupRefused before anything is changed, and what the stores raise."""
    with reading(source) as backup:
        backup.check()
        keys = _keys(backup, passphrase)
        _check_target(place, backup, keys)
        with _marked(place.settings.data_dir, backup.id):
            _files(place, backup, keys)
            if _is_empty(place):
                _catalogue(place, backup, at)
            # Killed here: the catalogue is whole; run again, this restore goes on behind it.
            closed = _closed(place)
    facts = backup.facts
    return Restored(
        facts["made_at"], facts["leaves"], facts["vkey"], facts["counts"], place.key.exists(), closed
    )


# 1, 2


def _keys(backup: Reading, passphrase: str | None) -> dict[str, bytes]:
    if passphrase is None:
        return {}
    if KEYS not in backup.members:
        raise BackupRefused(reasons.NO_KEYS)
    found = unseal(backup.read(KEYS), passphrase, backup.bound())
    if not all(_KEY_NAMES.fullmatch(name) for name in found):
        raise BackupRefused(reasons.DAMAGED, what=KEYS)
    return found


def _check_target(place: Place, backup: Reading, keys: Mapping[str, bytes]) -> None:
    if backup.facts.get("revision") not in migrations.known():
        raise BackupRefused(reasons.NEWER_SCHEMA, revision=str(backup.facts.get("revision"))[:40])
    if backup.facts["engine"] == POSTGRESQL and place.settings.engine_url.startswith(SQLITE):
        raise BackupRefused(reasons.OTHER_ENGINE)
    _check_key(place, backup, keys)
    mark = place.settings.data_dir / MARK
    if mark.exists():
        if mark.read_text("ascii").strip() != backup.id:
            raise BackupRefused(reasons.INTERRUPTED)
    elif not _is_empty(place):
        raise BackupRefused(reasons.NOT_EMPTY, what="database")


def _check_key(place: Place, backup: Reading, keys: Mapping[str, bytes]) -> None:
    """A log key that is here already must be the backup's, byte for byte where the backup has one."""
    if not place.key.exists():
        return
    try:
        found = Ed25519LogKey.parse(place.key.read_text("ascii")).vkey
    except (ValueError, UnicodeDecodeError):
        found = "?"
    if found != backup.facts["vkey"] or keys.get(LOG_KEY, place.key.read_bytes()) != place.key.read_bytes():
        raise BackupRefused(reasons.OTHER_LOG, found=found, expected=backup.facts["vkey"])


def _is_empty(place: Place) -> bool:
    url = place.settings.engine_url
    if url.startswith(SQLITE):
        return dump_sqlite.is_empty(url)
    with dump_postgresql.filling(url) as (raw, _):
        return dump_postgresql.first_row(raw) is None


# 3, 4


@contextmanager
def _marked(folder: Path, backup_id: str) -> Iterator[None]:
    mark, disk = folder / MARK, Disk()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not mark.exists():
        _write(mark, (backup_id + "\n").encode("ascii"))
    yield
    disk.remove(mark)
    disk.sync_directory(folder)


def _files(place: Place, backup: Reading, keys: Mapping[str, bytes]) -> None:
    folder = place.settings.data_dir
    for name, data in keys.items():
        _write(place.key if name == LOG_KEY else folder / name, data)
    for name in backup.named("stamps"):
        _write(place.stamps / name.partition("/")[2], backup.read(name))
    for name in backup.named("work"):
        with _extracted(folder, backup, name) as path:
            if place.work.put_work(path) != name.partition("/")[2]:
                raise ArchiveDamaged(f"{name}: has other bytes than its name says")
    _write(folder / "settings.of-backup.json", backup.read("settings.json"))


@contextmanager
def _extracted(folder: Path, backup: Reading, name: str) -> Iterator[Path]:
    """A member as a file that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=".antin-restore-", dir=folder) as made:
        path = Path(made) / "member"
        with path.open("wb") as file:
            for block in backup.blocks(name):
                file.write(block)
        yield path


def _write(path: Path, data: bytes) -> None:
    """Durable, readable by its owner alone, over what an interrupted restore left."""
    disk = Disk()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.part")
    disk.remove(part)
    with disk.create(part, 0o600) as file:
        file.write(data)
    disk.replace(part, path)
    disk.sync_directory(path.parent)


# 5


def _catalogue(place: Place, backup: Reading, at: datetime) -> None:
    url = place.settings.engine_url
    if url.startswith(SQLITE):
        _to_sqlite(place, dump_sqlite.file_of(url), backup, at)
        return
    transactions = Transactions(url)
    try:
        migrations.upgrade_to(transactions.engine, backup.facts["revision"])
        run_dbos_database_migrations(url)  # the tables of the queue
    finally:
        transactions.close()
    with dump_postgresql.filling(url) as (raw, conn):
        migrations.alone(conn)
        dump_postgresql.keep_out(raw, agencies.name)  # where a start writes first
        if dump_postgresql.first_row(raw) is not None:
            raise BackupRefused(reasons.NOT_EMPTY, what="database")
        if backup.facts["engine"] == POSTGRESQL:
            _fill(raw, backup)
        else:
            _move(raw, backup, place.settings.data_dir)
        dump_postgresql.count_on(raw)
        migrations.upgrade_within(conn)
        series.close(conn, place.settings.origin, at)
    # COMMIT POINT: the end of the transaction.


def _to_sqlite(place: Place, target: Path, backup: Reading, at: datetime) -> None:
    disk = Disk()
    part = target.with_name(f"{target.name}.restoring")
    for left in (part, *dump_sqlite.beside(part)):
        disk.remove(left)
    with disk.create(part, 0o600) as file:
        for block in backup.blocks(DATABASE):
            file.write(block)
    transactions = Transactions(f"sqlite:///{part}")
    try:
        migrations.upgrade(transactions.engine)
        with transactions.write() as conn:
            series.close(conn, place.settings.origin, at)
    finally:
        transactions.close()
    dump_sqlite.make_one_file(part)
    disk.replace(part, target)  # COMMIT POINT
    disk.sync_directory(target.parent)


def _fill(conn: Connection, backup: Reading) -> None:
    try:
        for member in dump_postgresql.order(conn, backup.named("database")):
            dump_postgresql.fill(conn, member, backup.blocks(member))
    except LookupError as exc:
        raise BackupRefused(reasons.NEWER_SCHEMA, revision=str(exc)) from exc


def _move(conn: Connection, backup: Reading, folder: Path) -> None:
    """A catalogue of SQLite into PostgreSQL, with the jobs that were in line."""
    with (
        _extracted(folder, backup, DATABASE) as copy,
        closing(sqlite3.connect(copy)) as source,
    ):
        for table in dump_postgresql.names(conn):
            _move_table(source, conn, table)


def _move_table(source: sqlite3.Connection, conn: Connection, table: TableData) -> None:
    known = [row[1] for row in source.execute(f'PRAGMA table_info("{table.name}")')]
    columns = [name for name in known if not table.of_jobs or name in table.columns]
    if not columns or (table.of_jobs and table.name not in _JOB_TABLES):
        return
    quoted = ", ".join(f'"{name}"' for name in columns)
    rows = source.execute(f'SELECT {quoted} FROM "{table.name}"')  # noqa: S608 (names out of the databases)
    dump_postgresql.fill_rows(conn, table.member, columns, rows)


# 6


def _closed(place: Place) -> tuple[SeriesState, ...]:
    """Raises BackupRefused NOT_EMPTY when the database is somebody else's, who came in the meantime."""
    transactions = Transactions(place.settings.engine_url)
    try:
        migrations.upgrade(transactions.engine)
        with transactions.read() as conn:
            if not series.are_closed(conn):
                raise BackupRefused(reasons.NOT_EMPTY, what="database")
            return series.closed(conn)
    finally:
        transactions.close()
