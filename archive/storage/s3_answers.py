"""Reading what S3 servers answer: listings of versions, locks, holds. They are not trusted to be what they should.

Dates come with no fraction (SeaweedFS), with milliseconds (AWS) or with nanoseconds (Ceph RGW). A fraction is cut
off, which tells a lock shorter and never longer than it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError, fromstring

from archive.errors import ArchiveDamaged, StoreUnavailable
from archive.ports import Listed, StoredObject
from policies.reasons import storage as reasons
from policies.vocabulary import LockMode

SHA256_META = "x-amz-meta-sha256"
LOCK_MODE = "x-amz-object-lock-mode"
LOCK_UNTIL = "x-amz-object-lock-retain-until-date"
LEGAL_HOLD = "x-amz-object-lock-legal-hold"
VERSION = "x-amz-version-id"
_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?:Z|\+00:00)", re.ASCII)
_HEX64 = re.compile(r"[0-9a-f]{64}")


class Retention(NamedTuple):
    until: datetime
    mode: LockMode


class Page(NamedTuple):
    """One page of a listing of versions. `more`: it was cut off; the markers are where the server would go on."""

    entries: tuple[Listed, ...]
    more: bool
    key_marker: str
    version_marker: str


class Upload(NamedTuple):
    """A multipart upload that nobody completed."""

    key: str
    upload: str
    started: datetime


def parse(data: bytes) -> Element:
    """The root of an XML answer; NOT_S3 when it is none. Entities of hostile size are expat's to refuse."""
    try:
        return fromstring(data)  # noqa: S314 (no DTD of an answer is fetched, and its size is bounded)
    except (ParseError, ValueError) as exc:
        raise StoreUnavailable(reasons.NOT_S3, "an answer that is no XML") from exc


def text(element: Element, name: str) -> str:
    """The text of the first child of this name, in whatever namespace; empty when there is none."""
    return next((child.text or "" for child in element if _local(child) == name), "")


def until_of(date: str) -> datetime:
    """Aware UTC, whole seconds. Raises ArchiveDamaged for what is no date."""
    found = _DATE.fullmatch(date)
    try:
        return datetime.fromisoformat(found[1] if found else "").replace(tzinfo=UTC)
    except ValueError as exc:
        raise ArchiveDamaged(f"the store tells a date that is none: {date[:40]!r}") from exc


def mode_of(name: str) -> LockMode:
    """Raises ArchiveDamaged for a mode that S3 does not have."""
    try:
        return LockMode(name.upper())
    except ValueError as exc:
        raise ArchiveDamaged(f"the store tells a lock's mode that is none: {name[:40]!r}") from exc


def object_of(key: str, headers: Mapping[str, str]) -> StoredObject:
    """What the headers of HEAD or GET say of a version. A digest that was not recorded is empty."""
    mode, until = headers.get(LOCK_MODE), headers.get(LOCK_UNTIL)
    sha256 = headers.get(SHA256_META, "")
    size = headers.get("Content-Length", "")
    return StoredObject(
        key=key,
        size=int(size) if size.isascii() and size.isdigit() else -1,
        sha256=sha256 if _HEX64.fullmatch(sha256) else "",
        retain_until=until_of(until) if mode and until else None,
        mode=mode_of(mode) if mode and until else None,
        hold=headers.get(LEGAL_HOLD, "").upper() == "ON",
        version=headers.get(VERSION, ""),
    )


def retention_of(data: bytes) -> Retention | None:
    """The answer to GET ?retention."""
    root = parse(data)
    mode, until = text(root, "Mode"), text(root, "RetainUntilDate")
    return Retention(until_of(until), mode_of(mode)) if mode and until else None


def hold_of(data: bytes) -> bool:
    """The answer to GET ?legal-hold."""
    return text(parse(data), "Status").upper() == "ON"


def page_of(data: bytes) -> Page:
    """The answer to GET ?versions, in the order of the server. Raises NOT_S3 for what is no listing."""
    root = parse(data)
    if _local(root) != "ListVersionsResult":
        raise StoreUnavailable(reasons.NOT_S3, f"a listing that is <{_local(root)[:40]}>")
    entries = tuple(_listed(child) for child in root if _local(child) in ("Version", "DeleteMarker"))
    more = text(root, "IsTruncated") == "true"
    return Page(entries, more, text(root, "NextKeyMarker"), text(root, "NextVersionIdMarker"))


def uploads_of(data: bytes) -> list[Upload]:
    """The answer to GET ?uploads."""
    return [
        Upload(text(child, "Key"), text(child, "UploadId"), until_of(text(child, "Initiated")))
        for child in parse(data)
        if _local(child) == "Upload"
    ]


def _listed(element: Element) -> Listed:
    size = text(element, "Size")
    return Listed(
        key=text(element, "Key"),
        version=text(element, "VersionId"),
        size=int(size) if size.isascii() and size.isdigit() else 0,
        latest=text(element, "IsLatest") == "true",
        deleted=_local(element) == "DeleteMarker",
    )


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]
