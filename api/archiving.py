"""Deposits carried out by the jobs that planned them: what is committed is not undone by a slow log or store."""

from __future__ import annotations

import logging

from api.proofs import NOT_NOW
from api.services import Services
from archive.catalogue import log_rows
from archive.catalogue.values import Deposit
from archive.errors import ArchiveUnavailable

log = logging.getLogger("antin.archiving")


def carry_out(services: Services, deposit: Deposit) -> None:
    """Kept, and in the log. A leaf that is committed needs nobody: a slow log numbers it later."""
    try:
        services.proofs.carry_out(deposit)
    except ArchiveUnavailable:
        with services.transactions.look() as conn:
            committed = log_rows.leaf(conn, deposit.leaf) is not None
        if not committed:
            raise
        log.warning("leaf %s is committed; the log has not shown it in time", deposit.leaf)


def carry_out_event(services: Services, deposit: Deposit) -> None:
    """The same of an event that the catalogue knows already: whatever the archive says, upkeep tries again."""
    try:
        services.proofs.carry_out(deposit)
    except NOT_NOW as exc:
        log.warning("event of %s waits for the archive: %s", deposit.document, exc)
