"""An XMP packet as its properties. Bounded; entities and document types are refused (XMP Specification; RDF/XML)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from signer.document.pdfa.vocabulary import EXTENSION_SCHEMA

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XML = "http://www.w3.org/XML/1998/namespace"
_MAX_DEPTH = 64
_CONTAINERS = frozenset({"Alt", "Seq", "Bag"})


@dataclass
class Packet:
    """Properties of the packet: (namespace, name, prefix, value); the items of those that are lists, with their
    language; the namespaces that its schemas declare. `problem`: where it is not well-formed, up to there it was
    read; else ""."""

    properties: list[tuple[str, str, str, str]] = field(default_factory=list)
    items: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)
    has_rdf: bool = False
    problem: str = ""

    def values(self, namespace: str, name: str) -> list[str]:
        """Each value that a simple property is given."""
        return [value for ns, own, _, value in self.properties if (ns, own) == (namespace, name)]

    def value(self, namespace: str, name: str) -> str | None:
        """The value of a simple property; None when it is absent."""
        return next(iter(self.values(namespace, name)), None)


def read_packet(data: bytes) -> Packet:
    """What a packet says, up to where it is not well-formed."""
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as exc:
        reader.packet.problem = f"the packet is not well-formed: {exc}"
    return reader.packet


class _Reader:
    """Collects the properties of rdf:Description elements."""

    def __init__(self) -> None:
        self.packet = Packet()
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.namespace_prefixes = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._path: list[tuple[str, str, str]] = []
        self._value: list[str] = []
        self._language = ""

    def _doctype(self, *_: Any) -> None:
        raise ValueError("a document type is not allowed")

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        name = _split(qualified)
        self.packet.has_rdf |= name[:2] == (RDF, "RDF")
        self._path.append(name)
        if len(self._path) > _MAX_DEPTH:
            raise ValueError("nested too deep")
        self._value = []
        given = [(_split(key), value) for key, value in attributes.items()]
        self._language = next((value for key, value in given if key[:2] == (XML, "lang")), "")
        if name[:2] == (RDF, "Description") and self._parent()[:2] == (RDF, "RDF"):
            for (namespace, local, prefix), value in given:
                if namespace not in (RDF, XML, ""):
                    self.packet.properties.append((namespace, local, prefix, value))

    def _end(self, _: str) -> None:
        name = self._path.pop()
        value = "".join(self._value).strip()
        if name[:2] == (EXTENSION_SCHEMA, "namespaceURI"):
            self.packet.declared.add(value)
        above = [step[:2] for step in self._path[-4:]]
        if above[-2:] == [(RDF, "RDF"), (RDF, "Description")]:
            self.packet.properties.append((*name, value))
        elif name[:2] == (RDF, "li") and _is_item(above):
            self.packet.items.setdefault(above[2], []).append((self._language, value))

    def _text(self, text: str) -> None:
        self._value.append(text)

    def _parent(self) -> tuple[str, str, str]:
        return self._path[-2] if len(self._path) > 1 else ("", "", "")


def _is_item(above: list[tuple[str, str]]) -> bool:
    """Whether these four elements are a property that is a list."""
    if len(above) < 4 or above[:2] != [(RDF, "RDF"), (RDF, "Description")]:
        return False
    return above[3][0] == RDF and above[3][1] in _CONTAINERS


def _split(qualified: str) -> tuple[str, str, str]:
    parts = qualified.split(" ")
    if len(parts) == 3:
        return parts[0], parts[1], parts[2]
    return (parts[0], parts[1], "") if len(parts) == 2 else ("", parts[0], "")
