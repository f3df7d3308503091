"""What a process holds right now and another must not have too, as rows (PostgreSQL): a turn, a key, a place.

A row goes when its holder gives it back, or with its holder. Only who lives can hold something; who was declared
gone is told so (`Lost`). `token` tells one holding from the next under the same name.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from api.fence import Lost

TURN, KEY, PLACE = "turn", "key", "place"

_TAKE = text("""
WITH me AS (SELECT id FROM processes WHERE id = :owner AND gone_at IS NULL FOR KEY SHARE),
taken AS (
    INSERT INTO held (kind, name, owner, token, route, body_hash, priority, since, granted)
    SELECT :kind, :name, id, :token, :route, :body_hash, :priority, :since, :granted FROM me
    ON CONFLICT (kind, name) DO NOTHING RETURNING 1)
SELECT (SELECT count(*) FROM me), (SELECT count(*) FROM taken)""")
_HOLDER = text("SELECT token, route, body_hash FROM held WHERE kind = :kind AND name = :name")
_OWNED = text("SELECT 1 FROM held WHERE kind = :kind AND name = :name AND token = :token FOR KEY SHARE")
_RELEASE = text("DELETE FROM held WHERE kind = :kind AND name = :name AND token = :token")
_LEFT = text("""
SELECT DISTINCT owner FROM held WHERE owner NOT IN (SELECT id FROM processes WHERE gone_at IS NULL)""")
# A transaction that still holds one of them ends, or is ended; the rest of the rows can go now.
_DROP = text("""
DELETE FROM held WHERE (kind, name) IN (
    SELECT kind, name FROM held WHERE owner = :owner FOR UPDATE SKIP LOCKED) AND owner = :owner""")
_IN_LINE = text("SELECT pg_advisory_xact_lock(hashtext('antin places ' || :line))")
_GRANT = text("""
UPDATE held SET granted = 1 WHERE kind = :kind AND route = :line AND granted = 0 AND name IN (
    SELECT name FROM held WHERE kind = :kind AND route = :line AND granted = 0
    ORDER BY priority, since, name
    LIMIT greatest(0, :places - (
        SELECT count(*) FROM held WHERE kind = :kind AND route = :line AND granted = 1)))
RETURNING name""")
_GRANTED = text("SELECT granted FROM held WHERE kind = :kind AND name = :name AND token = :token")
_COUNT = text("SELECT granted, count(*) FROM held WHERE kind = :kind AND route = :line GROUP BY granted")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has it: `route` and `body_hash` say what a key of idempotency was used for."""

    token: str
    route: str
    body_hash: str


def take(
    conn: Connection,
    kind: str,
    name: str,
    owner: str,
    token: str,
    *,
    route: str = "",
    body_hash: str = "",
    priority: int = 0,
    since: str = "",
    granted: bool = True,
) -> bool:
    """Held from the commit on; False when somebody has it. Raises Lost when the owner was declared gone."""
    row = {"kind": kind, "name": name, "owner": owner, "token": token, "route": route, "body_hash": body_hash}
    rank = {"priority": priority, "since": since, "granted": int(granted)}
    lives, taken = conn.execute(_TAKE, row | rank).one()
    if not lives:
        raise Lost("this process was held to be dead")
    return bool(taken)


def holder(conn: Connection, kind: str, name: str) -> Holder | None:
    row = conn.execute(_HOLDER, {"kind": kind, "name": name}).first()
    return Holder(*row) if row else None


def owned(conn: Connection, kind: str, name: str, token: str) -> None:
    """It is still held, and stays so until the transaction ends. Raises Lost."""
    if conn.execute(_OWNED, {"kind": kind, "name": name, "token": token}).first() is None:
        raise Lost(f"this {kind} was given to another process")


def release(conn: Connection, kind: str, name: str, token: str) -> None:
    """Nothing happens when it is not held any more."""
    conn.execute(_RELEASE, {"kind": kind, "name": name, "token": token})


def drop_left(conn: Connection) -> None:
    """What those held who are gone is free."""
    for owner in conn.execute(_LEFT).scalars().all():
        conn.execute(_DROP, {"owner": owner})


def in_line(conn: Connection, line: str) -> None:
    """One at a time judges the line, until the transaction ends."""
    conn.execute(_IN_LINE, {"line": line})


def grant(conn: Connection, line: str, places: int) -> list[str]:
    """Free places go to the first in line; the names of those who have one now. After `in_line`."""
    return list(conn.execute(_GRANT, {"kind": PLACE, "line": line, "places": places}).scalars())


def granted(conn: Connection, name: str, token: str) -> bool:
    """Whether the place is given. Raises Lost when nobody stands there under this token."""
    row = conn.execute(_GRANTED, {"kind": PLACE, "name": name, "token": token}).first()
    if row is None:
        raise Lost("this place in line was given up")
    return bool(row[0])


def count(conn: Connection, line: str) -> tuple[int, int]:
    """How many have a place, and how many wait for one."""
    found = {bool(has): number for has, number in conn.execute(_COUNT, {"kind": PLACE, "line": line})}
    return found.get(True, 0), found.get(False, 0)
