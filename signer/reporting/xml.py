"""Elements of a report: whatever a file calls itself, what is written is well-formed and bounded."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from lxml import etree

VR = "http://uri.etsi.org/19102/v1.2.1#"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
TSL = "http://uri.etsi.org/02231/v2#"
OWN = "urn:antin:report"
NAMES = {"vr": VR, "ds": DS, "xades": XADES, "tsl": TSL, "antin": OWN}
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
LONGEST = 2000
Element = Any  # lxml has no types of its own

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def safe(text: str) -> str:
    """Without the characters that XML 1.0 forbids, cut to `LONGEST`."""
    return _FORBIDDEN.sub("\ufffd", text[:LONGEST])


def root(name: str) -> Element:
    """A root element, with the prefixes of `NAMES`."""
    return etree.Element(_qualified(name), nsmap=NAMES)


def child(parent: Element, name: str, text: str | None = None, /, **attributes: str) -> Element:
    """A new last child `prefix:name` of `parent`; text and attributes are made safe."""
    made = etree.SubElement(parent, _qualified(name), {key: safe(value) for key, value in attributes.items()})
    if text is not None:
        made.text = safe(text)
    return made


def binary(parent: Element, name: str, data: bytes) -> Element:
    """A new last child that holds bytes as base64, whole."""
    made = child(parent, name)
    made.text = b64encode(data).decode("ascii")
    return made


def digest(parent: Element, name: str, algorithm: str, value: bytes) -> None:
    """A `DigestAlgAndValueType` of XAdES; `algorithm` is a URI."""
    made = child(parent, name)
    child(made, "ds:DigestMethod", Algorithm=algorithm)
    binary(made, "ds:DigestValue", value)


def time(moment: datetime) -> str:
    """xs:dateTime in UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _qualified(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{NAMES[prefix]}}}{local}"
