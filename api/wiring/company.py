"""Alone, or among others: what differs between the two, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from api.endings import Endings
from api.holdings import Holdings
from api.keys_in_use import SharedKeysInUse
from api.messages import Messages, NobodyElse
from api.processes import Alone, Processes, SharedProcesses
from api.services import Part, Services
from api.settings import Settings
from api.shared_line import SharedLine
from api.store.notifications import Notifications
from api.store.postgresql import Limits
from api.transactions import Transactions
from api.turns import SharedTurns
from api.wiring.clock import clock

HEART = Limits(connections=1)  # for heartbeats alone


@dataclass
class Company:
    """What a process knows of others. `join` gives its services what they share with them."""

    processes: Processes = field(default_factory=Alone)
    messages: Messages = field(default_factory=NobodyElse)

    @classmethod
    def of(cls, given: Settings, part: Part) -> Company:
        """Of these settings: in production there are others."""
        if not given.production:
            return cls()
        transactions = Transactions(given.engine_url, limits=HEART)
        return cls(
            SharedProcesses(transactions, part.value, given.dead_after, clock),
            Notifications(given.engine_url),
        )

    def join(self, services: Services) -> None:
        """Turns, keys, places and ends are shared. Before the services start."""
        if not isinstance(self.processes, SharedProcesses):
            return
        holdings = Holdings(services.transactions, self.processes)
        services.turns = SharedTurns(holdings)
        services.keys_in_use = SharedKeysInUse(holdings)
        services.asking = SharedLine("tsa", services.settings.tsa_parallel, holdings, self.messages)
        services.endings = Endings(self.messages)
        self.processes.heirs = services.jobs
        self.processes.state = lambda: _state(services)


def _state(services: Services) -> dict[str, Any]:
    """What a process tells the others of itself, for their health page."""
    stamp = {} if services.last_stamp is None else {"stamp": services.last_stamp.told()}
    return {"log": services.proofs.state, "jobs": services.jobs.under_way, **stamp}
