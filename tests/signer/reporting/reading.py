"""Reads reports as a stranger would: the published schema, XPath, and the references resolved."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from functools import lru_cache
from pathlib import Path

from lxml import etree

SCHEMAS = Path(__file__).parent / "schemas"
NAMES = {
    "vr": "http://uri.etsi.org/19102/v1.2.1#",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xades": "http://uri.etsi.org/01903/v1.3.2#",
    "tsl": "http://uri.etsi.org/02231/v2#",
    "antin": "urn:antin:report",
}


@lru_cache
def schema():
    """ETSI's, with everything that it imports; nothing is fetched."""
    parser = etree.XMLParser(no_network=True)
    return etree.XMLSchema(etree.parse(str(SCHEMAS / "ts_11910202.xsd"), parser))


def read(data: bytes):
    """The root of a report that keeps the schema, and whose references all lead somewhere."""
    root = etree.fromstring(data, etree.XMLParser(no_network=True, resolve_entities=False, huge_tree=True))
    schema().assertValid(root)
    known = set(every(root, "//vr:ValidationObject/@id"))
    named = {one for each in every(root, "//@VOReference") for one in each.split()}
    assert named <= known, named - known
    return root


def every(root, path):
    return root.xpath(path, namespaces=NAMES)


def text(root, path):
    (found,) = every(root, path)
    return found if isinstance(found, str) else found.text


def objects(root, kind):
    """The bytes of every object of this kind, by identifier; each is what its identifier says."""
    found = {}
    for each in every(
        root, f"//vr:ValidationObject[vr:ObjectType='urn:etsi:019102:validationObject:{kind}']"
    ):
        der = b64decode(text(each, "vr:ValidationObjectRepresentation/vr:base64"))
        assert each.get("id").endswith(hashlib.sha256(der).hexdigest())
        found[each.get("id")] = der
    return found
