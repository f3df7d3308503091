"""The lock canary's adapters: probes on the stores of these settings, and the gate that their verdicts move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api import migrations, watch_health
from api.canary import StorageCheck, Watch
from api.gate import ArchivingGate, CanaryGate, OpenGate
from api.services import Services
from api.settings import ObjectStoreSettings, Settings
from api.transactions import Limits, Transactions
from api.wiring import stores
from api.wiring.clock import clock
from archive.errors import ArchiveUnavailable
from archive.ports import ObjectStore
from archive.storage.canary.values import Report
from archive.storage.s3_probe import ProbeAccess, S3Probe
from archive.storage.s3_raw import Keys

FILE = "storage-check{}.json"


def gate(given: Settings, transactions: Transactions, *, watches: bool) -> ArchivingGate:
    """The gate of the store that documents are archived in."""
    if given.object_store is None:
        return OpenGate()
    return CanaryGate(transactions, clock, probe(given.object_store).store, watches=watches)


def second_gate(given: Settings, transactions: Transactions) -> ArchivingGate:
    """What is known of the second store's locks."""
    if given.second_store is None:
        return OpenGate()
    return CanaryGate(transactions, clock, probe(given.second_store).store, watches=False)


def probe(given: ObjectStoreSettings) -> S3Probe:
    """What knocks at that store. Raises SettingsError for credentials that cannot be read."""
    weaker = given.weaker_credentials
    return S3Probe(
        ProbeAccess(
            connection=stores.connection(given),
            weaker=Keys(*weaker) if weaker else None,
            scratch=given.canary_bucket,
            doors=given.doors,
        ),
        clock,
    )


def checks(
    given: Settings, transactions: Transactions, store: ObjectStore | None, process: str
) -> tuple[StorageCheck, ...]:
    """The check of the store first, then that of the second store; none for a directory."""
    found = []
    for number, each in enumerate((given.object_store, given.second_store)):
        if each is not None:
            found.append(
                StorageCheck(
                    probe=probe(each),
                    store=store if store is not None and number == 0 else stores.bucket(each),
                    transactions=transactions,
                    clock=clock,
                    work_dir=given.work_dir or given.data_dir,
                    file=given.data_dir / FILE.format("-second" if number else ""),
                    process=process,
                )
            )
    return tuple(found)


def watch(services: Services) -> Watch | None:
    """What runs the canary in this process; None where there are no locks, or where others look after them."""
    if not isinstance(services.gate, CanaryGate) or not services.works:
        return None
    found = checks(services.settings, services.transactions, services.store, services.processes.id)
    return Watch(services.gate, found, lambda: services.turns)


def check_now(given: Settings, *, second: bool, tell: Callable[[str], None]) -> Report:
    """One run for the command line, kept where the running service sees it; `tell` hears why it could not be kept."""
    given.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    transactions = Transactions(given.engine_url, limits=Limits(connections=2))
    try:
        check = checks(given, transactions, None, "command-line")[int(second)]
        try:
            with transactions.read() as conn:
                ready = migrations.current(conn) == migrations.newest()
            if ready:
                return check.run()
            tell("not kept: the database is empty, or of another release")
        except ArchiveUnavailable as exc:
            tell(f"not kept, and whose archive this is was not compared: {exc}")
        return check.alone()
    finally:
        transactions.close()


def known_faults(given: Settings, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """What the nights have found wrong in the archive, as the health page tells it; `tell` hears of a catalogue that
    does not answer: then nothing is known, which is no all-clear."""
    if not given.database_url and not (given.data_dir / "antin.sqlite3").exists():
        return []
    transactions = Transactions(given.engine_url, limits=Limits(connections=2))
    try:
        with transactions.read() as conn:
            ready = migrations.current(conn) == migrations.newest()
            return watch_health.archive_faults(conn) if ready else []
    except ArchiveUnavailable as exc:
        tell(f"what the nights found in the archive is not known: {exc}")
        return []
    finally:
        transactions.close()
