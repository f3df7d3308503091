"""What an audit reads of dossiers: versions, what lies and lay in them, what is stored under their keys."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from archive.catalogue import Connection
from archive.catalogue import tables as t
from archive.catalogue.audit_rows import RowValues, every, stream


def dossiers(conn: Connection) -> Iterator[RowValues]:
    return stream(conn, select(t.dossiers).order_by(t.dossiers.c.id))


def dossier_versions(conn: Connection, dossier_id: str) -> list[RowValues]:
    here = t.dossier_versions
    return every(conn, select(here).where(here.c.dossier == dossier_id).order_by(here.c.ordinal))


def dossier_entries(conn: Connection, dossier_id: str) -> list[RowValues]:
    """Every entry that there ever was, in order."""
    here = t.dossier_entries
    return every(conn, select(here).where(here.c.dossier == dossier_id).order_by(here.c.ordinal))


def dossier_files(conn: Connection, dossier_id: str) -> list[RowValues]:
    """Files that are stored under the dossier's keys."""
    here = t.dossier_files
    return every(conn, select(here).where(here.c.dossier == dossier_id).order_by(here.c.id))


def dossier_objects(conn: Connection, dossier_id: str) -> list[RowValues]:
    """What is stored under the dossier's keys: its records, and files that came into it first."""
    return every(conn, select(t.objects).where(t.objects.c.dossier == dossier_id).order_by(t.objects.c.key))


def dossier_leaves(conn: Connection, dossier_id: str) -> list[RowValues]:
    here = t.leaves
    return every(conn, select(here).where(here.c.dossier == dossier_id).order_by(here.c.position))
