"""6.6: the XMP packet is well-formed, and says which PDF/A the file is. What it says decides by which part the file is
judged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from signer.document.objects import Stream
from signer.document.pdfa.context import Context
from signer.document.pdfa.information import check_information
from signer.document.pdfa.parts import PART_2, PARTS, READER
from signer.document.pdfa.vocabulary import PDFAID
from signer.document.pdfa.xmp import Packet, read_packet
from signer.errors import DocumentRefused

_HEADER = re.compile(r"<\?xpacket\s+begin.*?\?>", re.DOTALL)
_PREFIX_RULES = {"part": "6.6.4-4", "conformance": "6.6.4-5", "amd": "6.6.4-6", "corr": "6.6.4-7"}
_PART = re.compile(r"\s*0*([123])\s*", re.ASCII)
_LEVELS = {"A": "level-a", "U": "level-u"}
_LONGEST_CLAIM = 20


@dataclass
class Metadata:
    """The catalog's metadata. `refusal`: why the stream could not be read, else ""."""

    stream: Stream | None = None
    data: bytes = b""
    packet: Packet | None = None
    refusal: str = ""


def read_metadata(context: Context) -> Metadata:
    """What the file says of itself. Sets the context's `claims` and `part`."""
    found = Metadata()
    try:
        stream = context.get(context.pdf.catalog.get("Metadata"))
        if isinstance(stream, Stream):
            found.stream = stream
            found.data = context.data(stream, context.limits.packet_bytes)
            found.packet = read_packet(found.data)
    except DocumentRefused as exc:
        found.refusal = str(exc)
    if found.packet is not None:
        part = found.packet.value(PDFAID, "part") or ""
        known = _PART.fullmatch(part)
        context.part = PARTS[known[1]] if known else PART_2
        said = part + (found.packet.value(PDFAID, "conformance") or "") if part.strip() else ""
        context.claims = "".join(letter for letter in said[:_LONGEST_CLAIM] if letter.isprintable())
    return found


def check_metadata(context: Context, metadata: Metadata) -> None:
    """Rules on the catalog's metadata, and on what repeats them."""
    stream, packet = metadata.stream, metadata.packet
    if metadata.refusal:
        context.fail(READER, metadata.refusal)
    named = stream is not None and (
        context.name(stream.dict.get("Type")) == "Metadata"
        and context.name(stream.dict.get("Subtype")) == "XML"
    )
    context.require(named, "6.6.2.1-1", "the catalog has no metadata stream of /Type and /Subtype")
    if stream is None or packet is None:
        return
    context.require("Filter" not in stream.dict, "1:6.7.2-2", "the metadata stream has a filter")
    _encoding(context, metadata.data)
    context.require(not packet.problem, "6.6.2.1-4", packet.problem)
    if packet.problem:
        return
    context.require(packet.has_rdf, "6.6.2.1-4", "the packet has no rdf:RDF")
    _identification(context, packet)
    _schemas(context, packet)
    check_information(context, packet)


def _encoding(context: Context, data: bytes) -> None:
    """The packet's header, and UTF-8; in part 1 it may be in UTF-16 too."""
    wide = data.startswith((b"\xfe\xff", b"\xff\xfe"))
    header = _HEADER.search(data.decode("utf-16" if wide else "utf-8", "replace"))
    attributes = header[0] if header else ""
    context.require(" bytes" not in attributes, "6.6.2.1-2", "the packet's header has bytes=")
    context.require(" encoding" not in attributes, "6.6.2.1-3", "the packet's header has encoding=")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        context.fail("6.6.2.1-5", "the packet is not UTF-8")


def _identification(context: Context, packet: Packet) -> None:
    parts, levels = packet.values(PDFAID, "part"), packet.values(PDFAID, "conformance")
    once = len(parts) == 1 and len(levels) <= 1
    context.require(once, "6.6.4-1", f"the metadata identify the file as PDF/A {len(parts)} times")
    part, level = (next(iter(values), None) for values in (parts, levels))
    context.require(part in (None, context.part.name), "6.6.4-2", f"pdfaid:part is {part!r}")
    context.require(level in context.part.levels, "6.6.4-3", f"pdfaid:conformance is {level!r}")
    if level in context.part.levels and level in _LEVELS:
        context.unexamined.add(_LEVELS[level])
    for namespace, name, prefix, _ in packet.properties:
        if namespace == PDFAID and name in _PREFIX_RULES:
            context.require(prefix == "pdfaid", _PREFIX_RULES[name], f"the prefix of {name} is {prefix!r}")


def _schemas(context: Context, packet: Packet) -> None:
    """6.6.2.3.1, by namespace: predefined, or declared in an extension schema of this packet."""
    foreign = {namespace for namespace, *_ in packet.properties} - context.part.schemas - packet.declared
    if packet.declared:
        context.unexamined.add("extension-schemas")
    for namespace in sorted(foreign):
        context.fail("6.6.2.3.1-1", f"properties of the undeclared schema {namespace or '?'}")
