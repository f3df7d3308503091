"""A printed report as PDF/A-2b (ISO 19005-2): still to be sealed. The same words give the same bytes.

Colours are CIE-based grays, so that no output intent is needed; both faces are embedded with all that is used.
"""

from __future__ import annotations

import hashlib
import zlib
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from signer.document.syntax import HexString, Name, Ref, Stream, serialize, serialize_indirect
from signer.reporting.blocks import Printed
from signer.reporting.lettering import Lettering
from signer.reporting.typesetting import HEIGHT, LEFT, RIGHT, WIDTH, Sheet, set_pages
from signer.stamping.appearance import CAL_GRAY, tidy
from signer.stamping.typefaces import Face, embed

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_FONTS = {Face.REGULAR: "R", Face.BOLD: "B"}
_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<xmp:CreateDate>{at}</xmp:CreateDate>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


def compose(printed: Printed, at: datetime) -> bytes:
    """The file. `at`: when it is made, aware. Runs in the sandbox: names in it come from strangers' certificates."""
    number = printed.page_words.format(page="0123456789", pages="")
    letters = Lettering(printed.blocks, (printed.footer, number))
    return _File(letters).whole(printed, set_pages(printed, letters), at)


class _File:
    """Objects in order of their numbers; 1 is the catalog, 2 the page tree."""

    def __init__(self, letters: Lettering) -> None:
        self._letters = letters
        self._objects: dict[int, object] = {1: None, 2: None}

    def whole(self, printed: Printed, sheets: list[Sheet], at: datetime) -> bytes:
        fonts = {_FONTS[face]: embed(self._letters.face(face), self._add) for face in _FONTS}
        resources = self._add({"Font": fonts, "ColorSpace": {"DefaultGray": CAL_GRAY}})
        pages = [self._page(sheet, resources) for sheet in sheets]
        self._objects[2] = {"Type": Name("Pages"), "Count": len(pages), "Kids": pages}
        self._objects[1] = {
            "Type": Name("Catalog"),
            "Pages": Ref(2, 0),
            "Metadata": self._add(_metadata(printed, at)),
            "Lang": printed.language.encode("ascii"),
            "ViewerPreferences": {"DisplayDocTitle": True},
        }
        return self._written()

    def _page(self, sheet: Sheet, resources: Ref) -> Ref:
        content = Stream({"Filter": Name("FlateDecode")}, data=zlib.compress(self._drawn(sheet), 9))
        return self._add(
            {
                "Type": Name("Page"),
                "Parent": Ref(2, 0),
                "MediaBox": [0, 0, tidy(WIDTH), tidy(HEIGHT)],
                "Resources": resources,
                "Contents": self._add(content),
            }
        )

    def _drawn(self, sheet: Sheet) -> bytes:
        parts = [b"0.7 G 0.5 w\n"]
        for y in sheet.rules:
            parts.append(b"%.2f %.2f m %.2f %.2f l S\n" % (LEFT, y, WIDTH - RIGHT, y))
        parts.append(b"BT\n")
        for line in sheet.lines:
            codes = self._letters.face(line.face).encode(line.text).hex().upper().encode()
            font = _FONTS[line.face].encode()
            parts.append(
                b"%.2f g /%b %.1f Tf 1 0 0 1 %.2f %.2f Tm " % (line.gray, font, line.size, line.x, line.y)
            )
            parts.append(b"<%b> Tj\n" % codes)
        return b"".join((*parts, b"ET\n"))

    def _add(self, value: object) -> Ref:
        number = len(self._objects) + 1
        self._objects[number] = value
        return Ref(number, 0)

    def _written(self) -> bytes:
        out, offsets = bytearray(_HEADER), []
        for number in sorted(self._objects):
            offsets.append(len(out))
            out += serialize_indirect(Ref(number, 0), self._objects[number])
        start = len(out)
        identifier = HexString(hashlib.sha256(out).digest()[:16])
        trailer = {"Size": len(offsets) + 1, "Root": Ref(1, 0), "ID": [identifier, identifier]}
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
        out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        out += b"trailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (serialize(trailer), start)
        return bytes(out)


def _metadata(printed: Printed, at: datetime) -> Stream:
    """XMP: what it is, and that it is PDF/A-2b. Not compressed, as ISO 19005-2, 6.6.2.1 advises."""
    made = at.astimezone(UTC).isoformat(timespec="seconds")
    packet = _PACKET.format(title=escape(printed.title), at=made).encode()
    return Stream({"Type": Name("Metadata"), "Subtype": Name("XML")}, data=packet)
