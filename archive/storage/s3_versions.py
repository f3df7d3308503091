"""Versions of keys as S3 servers list them, made reliable.

Servers go on differently after a page that ended among the versions of one key: SeaweedFS 4.48 leaves a version
out, Ceph RGW 16.2 repeats the marker's key. So a page's last key is asked for again by the key before it, which both
do right, and what is repeated is dropped.

SeaweedFS puts `tile` after all `tile.p/…` and, where these fill a page, leaves it out of the next. So where there are
such names they are listed level by level, which both do right.
"""

from __future__ import annotations

from collections.abc import Iterator

from archive.errors import ArchiveDamaged
from archive.ports import Listed
from archive.storage.s3_answers import Page, page_of
from archive.storage.s3_wire import Deadline, Wire

PAGE = 1000  # what a server gives at most
_FEW = 4
_NO_KEY_GOES_ON = ("documents/", "dossiers/")  # below these no key is the beginning of another


def versions_of(wire: Wire, key: str, deadline: Deadline) -> list[Listed]:
    """All versions and markers of one key, newest first.

    Raises ArchiveDamaged when there are more than a page of them: somebody writes over it without end.
    """
    for size in (_FEW, PAGE):
        page = _page(wire, key, "", "", size, deadline, only=True)
        own = [entry for entry in page.entries if entry.key == key]
        if not page.more or len(own) < len(page.entries):
            return own
    raise ArchiveDamaged(f"{key}: more than {PAGE} versions; somebody writes over it")


def newest_of(wire: Wire, key: str, deadline: Deadline) -> list[Listed]:
    """The newest versions and markers of a key that is written over on purpose, newest first; up to a page."""
    found = _page(wire, key, "", "", PAGE, deadline, only=True)
    return [entry for entry in found.entries if entry.key == key]


def inventory(wire: Wire, prefix: str, after: str) -> Iterator[Listed]:
    """All versions and markers of the keys that start with `prefix` and come after `after`, of one key the newest
    first. Of a key with more than a page of them, SeaweedFS tells not all: a page is trace enough."""
    return (_flat if prefix.startswith(_NO_KEY_GOES_ON) else _by_level)(wire, prefix, after)


def _by_level(wire: Wire, prefix: str, after: str) -> Iterator[Listed]:
    """Level by level, as directories are read."""
    done = ""
    while True:
        page = _page(
            wire,
            prefix,
            done.removesuffix("/") + "0" if done.endswith("/") else done,
            "",
            PAGE,
            wire.deadline(),
            only=True,
        )
        names = sorted(
            name for name in {entry.key for entry in page.entries} | set(page.below) if name > done
        )
        if page.more and len(names) > 1 and not names[-1].endswith("/"):
            names.pop()  # the last key may go on: ask for it again
        for name in names:
            if name.endswith("/"):
                if name > after or after.startswith(name):
                    yield from inventory(wire, name, after)
            elif name > after:
                yield from (entry for entry in page.entries if entry.key == name)
        if not page.more:
            return
        if not names:
            raise ArchiveDamaged(f"the store's listing of {prefix!r} does not go on after {done!r}")
        done = names[-1]


def _flat(wire: Wire, prefix: str, after: str) -> Iterator[Listed]:
    """All that is below, a thousand at a time."""
    marker, version = after, ""
    done = after  # all up to this key has been told
    told: set[tuple[str, str]] = set()  # of the one key that fills whole pages
    while True:
        page = _page(wire, prefix, marker, version, PAGE, wire.deadline())
        new = [e for e in page.entries if e.key > done and (e.key, e.version) not in told]
        if page.more:
            last = page.entries[-1].key if page.entries else ""
            whole = [entry for entry in new if entry.key != last]
            if whole:  # the last key may go on: ask for it again
                yield from whole
                done = marker = whole[-1].key
                version, told = "", set()
                continue
        yield from new
        if not page.more:
            return
        if not page.entries or (page.key_marker, page.version_marker) == (marker, version):
            raise ArchiveDamaged(f"the store's listing of {prefix!r} does not go on after {marker!r}")
        told |= {(entry.key, entry.version) for entry in new}
        marker, version = page.key_marker, page.version_marker


def _page(
    wire: Wire, prefix: str, marker: str, version: str, size: int, deadline: Deadline, *, only: bool = False
) -> Page:
    """One page. `only`: of what goes on after a slash no more than that there is something."""
    query = {"versions": "", "prefix": prefix, "max-keys": str(size)}
    if only:
        query["delimiter"] = "/"
    if marker:
        query["key-marker"] = marker
    if version:
        query["version-id-marker"] = version
    return page_of(wire.ask("GET", query=query, deadline=deadline).data)
