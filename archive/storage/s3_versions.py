"""Versions of keys as S3 servers list them, made reliable.

Servers go on differently after a page that ended among the versions of one key: SeaweedFS 4.48 leaves a version
out, Ceph RGW 16.2 repeats the marker's key. So a page's last key is asked for again by the key before it, which both
do right, and what is repeated is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator

from archive.errors import ArchiveDamaged
from archive.ports import Listed
from archive.storage.s3_answers import Page, page_of
from archive.storage.s3_wire import Deadline, Wire

PAGE = 1000  # what a server gives at most
_FEW = 4


def versions_of(wire: Wire, key: str, deadline: Deadline) -> list[Listed]:
    """All versions and markers of one key, newest first.

    Raises ArchiveDamaged when there are more than a page of them: somebody writes over it without end.
    """
    for size in (_FEW, PAGE):
        page = _page(wire, key, "", "", size, deadline)
        own = [entry for entry in page.entries if entry.key == key]
        if not page.more or len(own) < len(page.entries):
            return own
    raise ArchiveDamaged(f"{key}: more than {PAGE} versions; somebody writes over it")


def newest_of(wire: Wire, key: str, deadline: Deadline) -> list[Listed]:
    """The newest versions and markers of a key that is written over on purpose, newest first; up to a page."""
    return [entry for entry in _page(wire, key, "", "", PAGE, deadline).entries if entry.key == key]


def inventory(wire: Wire, prefix: str, after: str) -> Iterator[Listed]:
    """All versions and markers of the keys that start with `prefix` and come after `after`, of one key the newest
    first. Of a key with more than a page of them, SeaweedFS tells not all: a page is trace enough."""
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


def _page(wire: Wire, prefix: str, marker: str, version: str, size: int, deadline: Deadline) -> Page:
    query = {"versions": "", "prefix": prefix, "max-keys": str(size)}
    if marker:
        query["key-marker"] = marker
    if version:
        query["version-id-marker"] = version
    return page_of(wire.ask("GET", query=query, deadline=deadline).data)
