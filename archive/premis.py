"""The preservation history of one document as PREMIS 3.0 (Library of Congress, PREMIS Data Dictionary 3.0).

Objects are the document's stored files, each with its digest and where its copies lie. Events are those kept for its
faults and repairs, and what the rows of its copies say was done last: read back, copied, hardened, extended, read
again. Event types are the Library's terms (id.loc.gov, vocabulary `preservation/eventType`) where it has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from archive.catalogue import Connection, copy_rows, watch_rows
from archive.catalogue.copies import FIRST, Copy, Shelf
from archive.catalogue.watch_rows import AGENT, EventOutcome, EventType, PreservationEvent
from policies.fixity import Outcome

NAMESPACE = "http://www.loc.gov/premis/v3"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
VOCABULARY = "http://id.loc.gov/vocabulary/preservation/"
LOCAL = "local"
_TERMS = {
    EventType.INGESTION: "ing",
    EventType.FIXITY: "fix",
    EventType.REPLICATION: "rep",
    EventType.UNQUARANTINE: "unq",
}
# What XML 1.0 cannot hold (clause 2.2): a store's words may hold anything.
_UNFIT = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORMATS = {".pdf": "application/pdf", ".json": "application/json"}

ElementTree.register_namespace("premis", NAMESPACE)
ElementTree.register_namespace("xsi", INSTANCE)


def document_premis(conn: Connection, document_id: str) -> bytes:
    """The whole history as an XML document, UTF-8. An unknown document has no objects: ValueError."""
    copies = [copy for shelf in Shelf for copy in copy_rows.of_document(conn, shelf, document_id)]
    if not copies:
        raise ValueError(f"document {document_id} has no stored objects")
    root = Element(_q("premis"), {"version": "3.0"})
    by_key: dict[str, list[Copy]] = {}
    for copy in copies:
        by_key.setdefault(copy.key, []).append(copy)
    for here in by_key.values():
        _object(root, here)
    kept = watch_rows.events_of(conn, document_id)
    events = [*kept, *(event for copy in copies for event in _last_results(copy))]
    for event in sorted(events, key=lambda event: (event.at, event.id)):
        _event(root, event)
    _agent(root)
    text: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return text


def _last_results(copy: Copy) -> Iterator[PreservationEvent]:
    """What the copy's row says was done last, as events. Faults have events of their own."""
    first = copy.shelf.store == FIRST
    stored = EventType.INGESTION if first else EventType.REPLICATION
    yield _result(copy, stored, copy.read_back_at, "bytes and lock read back")
    if copy.hardened_at is not None:
        yield _result(copy, EventType.UNQUARANTINE, copy.hardened_at, "locked in COMPLIANCE mode")
    if copy.locked_at is not None:
        detail = f"locked until {copy.lock.until.isoformat()}, read back"
        yield _result(copy, EventType.EXTENSION, copy.locked_at, detail)
    if copy.fixity_at is not None and copy.fixity_state == Outcome.INTACT:
        yield _result(copy, EventType.FIXITY, copy.fixity_at, f"SHA-256 {copy.sha256}, {copy.size} bytes")


def _result(copy: Copy, kind: EventType, at: datetime, detail: str) -> PreservationEvent:
    """Its identifier is made of what it is about: the row keeps no other."""
    name = f"{kind}/{copy.shelf.store}/{copy.key}"
    return PreservationEvent(
        name, kind, at, EventOutcome.SUCCESS, detail, copy.shelf.store, copy.key, copy.document
    )


def _object(root: Element, copies: list[Copy]) -> None:
    one = copies[0]
    found = SubElement(root, _q("object"), {f"{{{INSTANCE}}}type": "premis:file"})
    _identifier(found, "object", one.key)
    about = SubElement(found, _q("objectCharacteristics"))
    fixity = SubElement(about, _q("fixity"))
    _text(fixity, "messageDigestAlgorithm", "SHA-256")
    _text(fixity, "messageDigest", one.sha256)
    _text(about, "size", str(one.size))
    designation = SubElement(SubElement(about, _q("format")), _q("formatDesignation"))
    suffix = one.key[one.key.rindex(".") :]
    _text(designation, "formatName", _FORMATS.get(suffix, "application/octet-stream"))
    for copy in copies:
        storage = SubElement(found, _q("storage"))
        location = SubElement(storage, _q("contentLocation"))
        _text(location, "contentLocationType", "object key")
        _text(
            location,
            "contentLocationValue",
            copy.key + (f"?versionId={copy.version}" if copy.version else ""),
        )
        _text(storage, "storageMedium", f"{copy.shelf.store} object store")


def _event(root: Element, event: PreservationEvent) -> None:
    found = SubElement(root, _q("event"))
    _identifier(found, "event", event.id)
    kind = _text(found, "eventType", event.type)
    if event.type in _TERMS:
        _controlled(kind, "eventType", _TERMS[EventType(event.type)])
    _text(found, "eventDateTime", event.at.isoformat())
    _text(SubElement(found, _q("eventDetailInformation")), "eventDetail", f"in the {event.store} store")
    outcome = SubElement(found, _q("eventOutcomeInformation"))
    _text(outcome, "eventOutcome", event.outcome)
    _text(SubElement(outcome, _q("eventOutcomeDetail")), "eventOutcomeDetailNote", event.detail)
    _identifier(found, "linkingAgent", event.agent)
    if event.key:
        _identifier(found, "linkingObject", event.key)


def _agent(root: Element) -> None:
    agent = SubElement(root, _q("agent"))
    _identifier(agent, "agent", AGENT)
    _text(agent, "agentName", "An Tín")
    _text(agent, "agentType", "software")


def _identifier(parent: Element, name: str, value: str) -> None:
    found = SubElement(parent, _q(f"{name}Identifier"))
    _text(found, f"{name}IdentifierType", LOCAL)
    _text(found, f"{name}IdentifierValue", value)


def _controlled(element: Element, vocabulary: str, term: str) -> None:
    element.set("authority", vocabulary)
    element.set("authorityURI", VOCABULARY + vocabulary)
    element.set("valueURI", f"{VOCABULARY}{vocabulary}/{term}")


def _text(parent: Element, name: str, text: str) -> Element:
    found = SubElement(parent, _q(name))
    found.text = _UNFIT.sub("\ufffd", text)
    return found


def _q(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
