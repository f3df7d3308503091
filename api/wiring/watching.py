"""What watches over the archive outside of the service: the fixity process and the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api import migrations
from api.settings import Settings, SettingsError
from api.transactions import Limits, Transactions
from api.wiring import stores
from api.wiring.clock import clock
from archive.catalogue.copies import FIRST, SECOND
from archive.fixity import FixityDesk
from archive.pace import Pace
from archive.ports import ObjectStore

MakeDesk = Callable[[str, Pace, Callable[[], bool]], FixityDesk]
CONNECTIONS = 4


@contextmanager
def catalogue(given: Settings) -> Iterator[Transactions]:
    """The catalogue as it is. Raises SettingsError when it is of another release, or empty."""
    transactions = Transactions(given.engine_url, limits=Limits(connections=CONNECTIONS))
    try:
        with transactions.read() as conn:
            if migrations.current(conn) != migrations.newest():
                raise SettingsError("database_url: empty, or of another release; start the service first")
        yield transactions
    finally:
        transactions.close()


def names(given: Settings) -> list[str]:
    """Of the stores of these settings, the first one first."""
    return [FIRST, SECOND] if given.second_store is not None else [FIRST]


def objects_by_name(given: Settings) -> dict[str, ObjectStore]:
    """The stores of these settings, the first one first."""
    found: dict[str, ObjectStore] = {FIRST: stores.objects(given)}
    if given.second_store is not None:
        found[SECOND] = stores.bucket(given.second_store)
    return found


@contextmanager
def reading(given: Settings) -> Iterator[MakeDesk]:
    """What makes the desk of a scan, by the store's name."""
    known = objects_by_name(given)
    with catalogue(given) as transactions:

        def desk(name: str, pace: Pace, stopping: Callable[[], bool]) -> FixityDesk:
            return FixityDesk(
                known[name],
                name,
                transactions.read,
                transactions.write,
                clock,
                pace,
                stopping=stopping,
            )

        yield desk
