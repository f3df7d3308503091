"""Versions of keys as S3 servers list them, made reliable.

SeaweedFS 4.48 fills a page in the order of its directories, in which `a/…` and some of `a-…` and `a.…` come before
`a`, and `a/…` before all of `a-…` and `a.…`; only then it sorts the page by keys. So a page that was cut off may lack
keys before its last one. What it can lack begins as the last key does, up to a `-`, `.` or `/`, and is asked for by
name. Likewise a listing that starts after `a.b` lacks `a/…`, and one of the prefix `a.` tells `a` as well.
Where a page ends among the versions of a key, SeaweedFS leaves one out and Ceph RGW 16.2 repeats the marker's key: so
all of the last key is asked for by name too, and what is repeated is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge

from archive.errors import ArchiveDamaged
from archive.ports import Listed
from archive.storage.s3_answers import Page, page_of
from archive.storage.s3_wire import Deadline, Wire

PAGE = 1000  # what a server gives at most
_FEW = 8
_LESS = "-."  # less than "/", and allowed in keys


def versions_of(wire: Wire, key: str, deadline: Deadline) -> Sequence[Listed]:
    """All versions and markers of one key, newest first.

    Raises ArchiveDamaged when there are more than a page of them: somebody writes over it without end.
    """
    page = _of_key(wire, key, deadline)
    if page.more:
        raise ArchiveDamaged(f"{key}: more than {PAGE} versions; somebody writes over it")
    return page.entries


def newest_of(wire: Wire, key: str, deadline: Deadline) -> Sequence[Listed]:
    """The newest versions and markers of a key that is written over on purpose, newest first; up to a page."""
    return _of_key(wire, key, deadline).entries


def inventory(wire: Wire, prefix: str, after: str) -> Iterator[Listed]:
    """All versions and markers of the keys that start with `prefix` and come after `after`, of one key the newest
    first. Of a key with more than a page of them, one page: that is trace enough."""
    if after <= prefix:
        after = "" if after < prefix else after
    elif not after.startswith(prefix):
        return iter(())
    skipped = [after[:at] + "/" for at, sign in enumerate(after) if sign in _LESS and at >= len(prefix)]
    listings = [_pages(wire, prefix, after), *(_pages(wire, folder, "") for folder in skipped)]
    return merge(*listings, key=lambda entry: entry.key)


def _pages(wire: Wire, prefix: str, after: str) -> Iterator[Listed]:
    done, marker, version = after, after, ""  # all up to the key `done` has been told
    while True:
        page = _page(wire, wire.deadline(), prefix, marker, version)
        new = [entry for entry in page.entries if entry.key > done and entry.key.startswith(prefix)]
        if not page.more:
            yield from new
            return
        if not page.entries or (page.key_marker, page.version_marker) == (marker, version):
            raise ArchiveDamaged(f"the store's listing of {prefix!r} does not go on after {marker!r}")
        if new:
            last = new[-1].key
            yield from _completed(wire, new, last, prefix, done)
            done, marker, version = last, last, ""
        else:  # versions of a key that has been told
            marker, version = page.key_marker, page.version_marker


def _completed(wire: Wire, page: Sequence[Listed], last: str, prefix: str, done: str) -> Sequence[Listed]:
    """A page that was cut off at the key `last`, with what it lacks up to there."""
    cuts = [at for at, sign in enumerate(last) if sign in _LESS + "/" and at >= len(prefix)]
    keys = {last, *(last[:at] for at in cuts if last[:at] > done)}
    folders = tuple(last[:at] + sign for at in cuts if last[at] == "/" for sign in _LESS)
    found = [entry for entry in page if entry.key not in keys and not entry.key.startswith(folders)]
    for key in keys:
        found += _of_key(wire, key, wire.deadline()).entries
    for folder in folders:
        found += [entry for entry in _pages(wire, folder, "") if entry.key > done]
    return sorted(found, key=lambda entry: entry.key)  # stable: versions stay in their order


def _of_key(wire: Wire, key: str, deadline: Deadline) -> Page:
    """The entries of one key, and whether there may be more. Keys that go on after it come as few prefixes."""
    for size in (_FEW, PAGE):
        page = _page(wire, deadline, key, size=size, delimiter="/")
        if not page.more:
            break
    return page._replace(entries=tuple(entry for entry in page.entries if entry.key == key))


def _page(
    wire: Wire,
    deadline: Deadline,
    prefix: str,
    marker: str = "",
    version: str = "",
    *,
    size: int = 0,
    delimiter: str = "",
) -> Page:
    asked = {"prefix": prefix, "key-marker": marker, "version-id-marker": version, "delimiter": delimiter}
    query = {"versions": "", "max-keys": str(size or PAGE)}
    query |= {name: value for name, value in asked.items() if value}
    return page_of(wire.ask("GET", query=query, deadline=deadline).data)
