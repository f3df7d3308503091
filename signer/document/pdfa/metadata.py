"""6.6: the XMP packet is well-formed, plain UTF-8, and says which PDF/A the file is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from signer.document.objects import Stream
from signer.document.pdfa.context import Context

PDFAID = "http://www.aiim.org/pdfa/ns/id/"
EXTENSION = "http://www.aiim.org/pdfa/ns/extension/"
SCHEMA = "http://www.aiim.org/pdfa/ns/schema#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PREDEFINED = frozenset(
    {
        PDFAID,
        EXTENSION,
        SCHEMA,
        "http://www.aiim.org/pdfa/ns/property#",
        "http://www.aiim.org/pdfa/ns/type#",
        "http://www.aiim.org/pdfa/ns/field#",
        "http://purl.org/dc/elements/1.1/",
        "http://ns.adobe.com/xap/1.0/",
        "http://ns.adobe.com/xap/1.0/rights/",
        "http://ns.adobe.com/xap/1.0/mm/",
        "http://ns.adobe.com/xap/1.0/bj/",
        "http://ns.adobe.com/xap/1.0/t/pg/",
        "http://ns.adobe.com/xmp/1.0/DynamicMedia/",
        "http://ns.adobe.com/pdf/1.3/",
        "http://ns.adobe.com/photoshop/1.0/",
        "http://ns.adobe.com/camera-raw-settings/1.0/",
        "http://ns.adobe.com/tiff/1.0/",
        "http://ns.adobe.com/exif/1.0/",
        "http://ns.adobe.com/exif/1.0/aux/",
    }
)
_HEADER = re.compile(rb"<\?xpacket\s+begin.*?\?>", re.DOTALL)
_MAX_DEPTH = 64
_PREFIX_RULES = {"part": "6.6.4-4", "conformance": "6.6.4-5", "amd": "6.6.4-6", "corr": "6.6.4-7"}


@dataclass
class Packet:
    """Properties of the packet: (namespace, name, prefix, value), and the namespaces its schemas declare."""

    properties: list[tuple[str, str, str, str]] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)

    def value(self, namespace: str, name: str) -> str | None:
        """The value of a simple property; None when it is absent."""
        return next((v for ns, n, _, v in self.properties if (ns, n) == (namespace, name)), None)


def check_metadata(context: Context) -> None:
    """Rules on the catalog's metadata. Sets the context's `claims`."""
    stream = context.get(context.pdf.catalog.get("Metadata"))
    named = isinstance(stream, Stream) and (
        context.name(stream.dict.get("Type")) == "Metadata"
        and context.name(stream.dict.get("Subtype")) == "XML"
    )
    context.require(named, "6.6.2.1-1", "the catalog has no metadata stream of /Type and /Subtype")
    if not isinstance(stream, Stream):
        return
    with context.reading():
        packet = context.data(stream, context.limits.packet_bytes)
        header = _HEADER.search(packet)
        attributes = header[0] if header else b""
        context.require(b" bytes" not in attributes, "6.6.2.1-2", "the packet's header has bytes=")
        context.require(b" encoding" not in attributes, "6.6.2.1-3", "the packet's header has encoding=")
        try:
            packet.decode("utf-8")
        except UnicodeDecodeError:
            context.fail("6.6.2.1-5", "the packet is not UTF-8")
        parsed = _parsed(context, packet)
        if parsed is not None:
            _identification(context, parsed)
            _schemas(context, parsed)


def _parsed(context: Context, packet: bytes) -> Packet | None:
    reader = _Reader()
    try:
        reader.parser.Parse(packet, True)
    except (expat.ExpatError, ValueError) as exc:
        context.fail("6.6.2.1-4", f"the packet is not well-formed: {exc}")
        return None
    context.require(reader.has_rdf, "6.6.2.1-4", "the packet has no rdf:RDF")
    return reader.packet


def _identification(context: Context, packet: Packet) -> None:
    part, conformance = packet.value(PDFAID, "part"), packet.value(PDFAID, "conformance")
    context.claims = (part or "") + (conformance or "")
    context.require(part is not None, "6.6.4-1", "the metadata do not identify the file as PDF/A")
    context.require(part in (None, "2"), "6.6.4-2", f"pdfaid:part is {part!r}")
    context.require(conformance in ("A", "B", "U"), "6.6.4-3", f"pdfaid:conformance is {conformance!r}")
    for namespace, name, prefix, _ in packet.properties:
        if namespace == PDFAID and name in _PREFIX_RULES:
            context.require(prefix == "pdfaid", _PREFIX_RULES[name], f"the prefix of {name} is {prefix!r}")


def _schemas(context: Context, packet: Packet) -> None:
    """6.6.2.3.1, by namespace: predefined, or declared in an extension schema of this packet."""
    foreign = {namespace for namespace, *_ in packet.properties} - PREDEFINED - packet.declared
    if packet.declared:
        context.unexamined.add("the wording of extension schemas (6.6.2.3.2, 6.6.2.3.3)")
    for namespace in sorted(foreign):
        context.fail("6.6.2.3.1-1", f"properties of the undeclared schema {namespace or '?'}")


class _Reader:
    """Collects the properties of rdf:Description elements; entities and document types are refused."""

    def __init__(self) -> None:
        self.packet = Packet()
        self.has_rdf = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.namespace_prefixes = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._path: list[tuple[str, str, str]] = []
        self._value: list[str] = []

    def _doctype(self, *_: Any) -> None:
        raise ValueError("a document type is not allowed")

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        name = _split(qualified)
        self.has_rdf |= name[:2] == (RDF, "RDF")
        self._path.append(name)
        if len(self._path) > _MAX_DEPTH:
            raise ValueError("nested too deep")
        self._value = []
        if name[:2] == (RDF, "Description") and self._parent()[:2] == (RDF, "RDF"):
            for key, value in attributes.items():
                namespace, local, prefix = _split(key)
                if namespace not in (RDF, "http://www.w3.org/XML/1998/namespace", ""):
                    self.packet.properties.append((namespace, local, prefix, value))

    def _end(self, _: str) -> None:
        name = self._path.pop()
        value = "".join(self._value).strip()
        if name[:2] == (SCHEMA, "namespaceURI"):
            self.packet.declared.add(value)
        parents = [step[:2] for step in self._path[-2:]]
        if parents == [(RDF, "RDF"), (RDF, "Description")]:
            self.packet.properties.append((*name, value))

    def _text(self, text: str) -> None:
        self._value.append(text)

    def _parent(self) -> tuple[str, str, str]:
        return self._path[-2] if len(self._path) > 1 else ("", "", "")


def _split(qualified: str) -> tuple[str, str, str]:
    parts = qualified.split(" ")
    if len(parts) == 3:
        return parts[0], parts[1], parts[2]
    return (parts[0], parts[1], "") if len(parts) == 2 else ("", parts[0], "")
