"""The catalogue made again from the object store, and its series reopened: what an operator does after a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from api.claim import Claim
from api.seen_elsewhere import seen_elsewhere
from api.settings import Settings, SettingsError
from api.store import audit, postgresql
from api.transactions import Transactions
from archive.catalogue import Connection, rebuild_rows, register_rows
from archive.catalogue.rebuild_rows import Rebuild
from archive.errors import ArchiveRefused
from archive.fsck.findings import Progress
from archive.log.leaf import LeafKind
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.ports import ObjectStore
from archive.rebuild.chains import REGISTERS, Chain, Chains
from archive.rebuild.run import Source, Target, rebuild
from archive.registers.confirmation import Confirmed, confirm
from archive.witnessing import Watcher
from policies.numbering import Series, SeriesState
from policies.reasons import archiving as reasons

CHAINS: Chains = {
    **REGISTERS,
    LeafKind.AUDIT_HEAD: Chain(audit.link, audit.restore, audit.length, audit.hash_at),
}
SHOWN = 500


@dataclass(frozen=True, slots=True)
class Bench:
    """What a rebuild works with: an empty database, the stores by name, the log's key, who may have seen the log."""

    settings: Settings
    transactions: Transactions
    stores: Mapping[str, ObjectStore]
    key: Ed25519LogKey
    clock: Callable[[], datetime]
    watchers: tuple[Watcher, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """`told`: the first of what was not taken over, or is damaged; `counts`: how many of each kind."""

    rebuild: Rebuild
    told: list[tuple[str, str, str]]
    counts: dict[str, int]
    closed: tuple[SeriesState, ...]


def run(bench: Bench, source: str, operator: str, *, quick: bool, progress: Progress) -> Outcome:
    """Alone on the data. Raises SettingsError for a store that is not set up, and as `archive.rebuild` does.

    LogBehind when a file, the other store or a witness has seen more of the log; then nothing was written.
    """
    if source not in bench.stores:
        raise SettingsError(f"--from {source}: the settings name no such store")

    def finished(conn: Connection, done: Rebuild) -> None:
        detail = {"source": done.source, "size": done.size, "root": done.root.hex(), "quick": done.quick}
        told = rebuild_rows.count_findings(conn)
        _audit(bench, conn, operator, "rebuild", "catalogue", {**detail, "findings": told})

    with _alone(bench.settings), _alone_in(bench.transactions):
        given = bench.settings, bench.transactions, bench.stores, source, bench.key, bench.watchers
        done = rebuild(
            Source(
                source,
                bench.stores[source],
                VerifierKey.parse(bench.key.vkey),
                partial(seen_elsewhere, *given),
            ),
            Target(bench.transactions.write, CHAINS, finished),
            quick=quick,
            clock=bench.clock,
            progress=progress,
        )
    with bench.transactions.read() as conn:
        told, counts = rebuild_rows.findings(conn, SHOWN), rebuild_rows.count_findings(conn)
        return Outcome(done, told, counts, register_rows.closed_series(conn))


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    claim = Claim(settings.data_dir / "antin.lock")
    claim.take()
    try:
        yield
    finally:
        claim.release()


@contextmanager
def _alone_in(transactions: Transactions) -> Iterator[None]:
    """Other data directories may be over the same PostgreSQL. Raises ArchiveRefused REBUILD_RUNS."""
    if transactions.engine.dialect.name == "sqlite":
        yield
        return
    with postgresql.alone(transactions.url, "rebuild") as free:
        if not free:
            raise ArchiveRefused(reasons.REBUILD_RUNS)
        yield


def check_whole(conn: Connection) -> None:
    """Raises ArchiveRefused HALF_REBUILT for a catalogue whose rebuild has not come to its end."""
    found = rebuild_rows.current(conn)
    if found is not None and found.finished_at is None:
        raise ArchiveRefused(reasons.HALF_REBUILT)


def confirm_series(bench: Bench, series: Series, last: int, operator: str) -> Confirmed:
    """Raises ArchiveRefused HALF_REBUILT; RegisterRefused as `archive.registers.confirmation` does."""
    with bench.transactions.write() as conn:
        check_whole(conn)
        done = confirm(conn, series, last, bench.clock())
        detail = {"last": last, "archived": done.archived, "lost": list(done.lost)}
        _audit(bench, conn, operator, "confirm-series", f"{series.kind} {series.year}", detail)
    return done


def last_in_archive(bench: Bench, series: Series) -> int | None:
    """The last number that the archive proves for a series that is, or would be, closed; None for an open one."""
    with bench.transactions.read() as conn:
        state = register_rows.series(conn, series)
    if state is None:
        return 0
    return state.last_number if state.closed else None


def closed(bench: Bench) -> tuple[SeriesState, ...]:
    """Series that wait for a confirmation."""
    with bench.transactions.read() as conn:
        return register_rows.closed_series(conn)


def _audit(
    bench: Bench, conn: Connection, operator: str, act: str, subject: str, detail: dict[str, object]
) -> None:
    audit.write(
        conn,
        bench.settings.agency_code,
        actor=f"operator:{operator}"[:64],
        act=act,
        phase="event",
        subject=subject[:64],
        detail=detail,
        at=bench.clock(),
    )
