"""Good PDF/A-1b, -2b and -3b files as editable raw objects, so that a test can break exactly one rule.

file = good_file()
file.objects[PAGE] = file.objects[PAGE].replace(b"/Rotate 0", b"/AA << >>")
data = file.build()
"""

from __future__ import annotations

import functools
import io
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from PIL import ImageCms

from api.demo.pdf_colour import srgb_profile
from signer.document.text_strings import encode_text

CATALOG, PAGES, PAGE, CONTENT, METADATA, INTENT, PROFILE = range(1, 8)
TYPE0, CIDFONT, CID_DESCRIPTOR, CID_FILE, TO_UNICODE = range(8, 13)
SIMPLE, SIMPLE_DESCRIPTOR, SIMPLE_FILE = range(13, 16)
IMAGE, SOFT_MASK, STATE, NUMBER_FIELD, NUMBER_AP, SIG_FIELD, LINK, FORM_XOBJECT = range(16, 24)
INFO, CID_SET, ATTACHED, ATTACHMENT = range(24, 28)

FONT = Path(__file__).parents[2] / "signer/stamping/fonts/LiberationSerif-Regular.ttf"
TEXT = "Số: 15/QĐ-UBND"
IDENTIFIER = b"00112233445566778899aabbccddeeff"
BINARY = b"%\xe2\xe3\xcf\xd3"
XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
_MORE = """
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Quyết định</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>Văn thư</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">Thử</rdf:li></rdf:Alt></dc:description>
<pdf:Keywords>a, b</pdf:Keywords><pdf:Producer>Generator</pdf:Producer>
<xmp:CreatorTool>Writer</xmp:CreatorTool>
<xmp:CreateDate>2026-01-02T03:04:05+07:00</xmp:CreateDate>
<xmp:ModifyDate>2026-01-02T03:04:06+07:00</xmp:ModifyDate>
</rdf:Description>"""
_PDFAID = 'xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"'
_SCHEMAS = (
    f'{_PDFAID} xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
)
XMP_1 = XMP.replace("part>2", "part>1").replace(_PDFAID, _SCHEMAS).replace("</rdf:Description>", _MORE)
XMP_3 = XMP.replace("part>2", "part>3")


@dataclass
class RawFile:
    """Indirect objects by number, as the bytes between `obj` and `endobj`, plus the frame around them."""

    objects: dict[int, bytes]
    header: bytes = b"%PDF-1.7\n" + BINARY + b"\n"
    trailer: bytes = b"/Root 1 0 R /ID [<%s> <%s>]" % (IDENTIFIER, IDENTIFIER)
    xref_keyword: bytes = b"xref\n"
    xref_space: bytes = b" "
    end: bytes = b"%%EOF\n"
    wrap: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)

    def build(self) -> bytes:
        out = io.BytesIO()
        out.write(self.header)
        offsets = {}
        for number, body in sorted(self.objects.items()):
            before, after = self.wrap.get(number, (b"%d 0 obj\n" % number, b"\nendobj\n"))
            offsets[number] = out.tell()
            out.write(before + body + after)
        start = out.tell()
        size = max(self.objects) + 1
        out.write(self.xref_keyword + b"0%b%d\n0000000000 65535 f \n" % (self.xref_space, size))
        for number in range(1, size):
            entry = b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 00000 f \n"
            out.write(entry)
        out.write(b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n" % (size, self.trailer, start) + self.end)
        return out.getvalue()

    def replace(self, number: int, old: bytes, new: bytes) -> RawFile:
        assert old in self.objects[number], (old, self.objects[number][:300])
        self.objects[number] = self.objects[number].replace(old, new)
        return self

    def set_content(self, content: bytes) -> RawFile:
        self.objects[CONTENT] = stream(content)
        return self


def stream(data: bytes, entries: bytes = b"", *, compress: bool = False) -> bytes:
    if compress:
        data = zlib.compress(data)
        entries += b" /Filter /FlateDecode"
    return b"<< /Length %d %s >>\nstream\n" % (len(data), entries) + data + b"\nendstream"


def metadata(packet: str) -> bytes:
    """A packet as the metadata stream of the catalog."""
    return stream(packet.encode(), b"/Type /Metadata /Subtype /XML")


@functools.cache
def font_program(text: str, *, drop: tuple[str, ...] = ()) -> bytes:
    unused = ["GSUB", "GPOS", "GDEF", "FFTM", *drop]
    options = subset.Options(notdef_outline=True, glyph_names=False, drop_tables=unused)
    options.layout_features = []
    options.legacy_cmap = True
    font = subset.load_font(str(FONT), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=text)
    subsetter.subset(font)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def program_of(text: str) -> TTFont:
    return TTFont(io.BytesIO(font_program(text)))


def encode(text: str, known: str = TEXT) -> bytes:
    """Text as hex of two-byte glyph ids of the Type 0 font made for `known`."""
    font = program_of(known)
    cmap = font.getBestCmap()
    return b"<" + b"".join(b"%04X" % font.getGlyphID(cmap[ord(c)]) for c in text) + b">"


def cid_widths(text: str) -> bytes:
    font = program_of(text)
    scale = 1000 / font["head"].unitsPerEm
    return b"[0 [%s]]" % b" ".join(
        b"%d" % round(font["hmtx"][name][0] * scale) for name in font.getGlyphOrder()
    )


def simple_widths(text: str) -> bytes:
    font = program_of(text)
    scale = 1000 / font["head"].unitsPerEm
    cmap = font.getBestCmap()
    return b" ".join(
        b"%d" % (round(font["hmtx"][cmap[code]][0] * scale) if code in cmap else 0) for code in range(32, 127)
    )


def to_unicode(text: str) -> bytes:
    font = program_of(text)
    cmap = font.getBestCmap()
    pairs = [(font.getGlyphID(cmap[ord(c)]), c.encode("utf-16-be").hex().encode()) for c in sorted(set(text))]
    lines = b"\n".join(b"<%04X> <%s>" % pair for pair in pairs)
    return (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        b"/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n"
        b"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        b"%d beginbfchar\n%s\nendbfchar\nendcmap CMapName currentdict /CMap defineresource pop end end"
        % (len(pairs), lines)
    )


@functools.cache
def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _descriptor(file: int, flags: int, name: bytes = b"ABCDEF+LiberationSerif") -> bytes:
    return (
        b"<< /Type /FontDescriptor /FontName /%s /Flags %d /FontBBox [-543 -303 1278 981] /ItalicAngle 0 "
        b"/Ascent 891 /Descent -216 /CapHeight 655 /StemV 80 /FontFile2 %d 0 R >>" % (name, flags, file)
    )


def _page_content(lines: tuple[tuple[float, float, str], ...], known: str) -> bytes:
    shown = b"".join(
        b"BT /F1 13 Tf %.2f %.2f Td %s Tj ET\n" % (x, y, encode(text, known)) for x, y, text in lines
    )
    return (
        b"q 0.2 0.2 0.8 rg 50 50 100 20 re f Q\nq /GS1 gs 40 0 0 40 300 300 cm /Im1 Do Q\n"
        b"q /Fm1 Do Q\nBT /F2 12 Tf 50 600 Td (So: 15) Tj ET\n" + shown
    )


def good_file(lines: tuple[tuple[float, float, str], ...] = ((50, 500, TEXT),)) -> RawFile:
    """One page: Vietnamese text in a Type 0 font, Latin text in a simple TrueType font, a transparent image,
    a form XObject, a filled text field with its appearance, an empty signature field, a link."""
    known = "".join(sorted(set(TEXT).union(*(text for _, _, text in lines))))
    latin = "So: 15"
    program, simple = font_program(known), font_program(latin)
    objects = {
        CATALOG: b"<< /Type /Catalog /Pages 2 0 R /Metadata 5 0 R /OutputIntents [6 0 R] "
        b"/AcroForm << /Fields [19 0 R 21 0 R] /SigFlags 3 /DA (/F1 13 Tf 0 g) "
        b"/DR << /Font << /F1 8 0 R >> >> >> >>",
        PAGES: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        PAGE: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Rotate 0 /Contents 4 0 R "
        b"/Resources << /Font << /F1 8 0 R /F2 13 0 R >> /XObject << /Im1 16 0 R /Fm1 23 0 R >> "
        b"/ExtGState << /GS1 18 0 R >> >> /Group << /S /Transparency /CS /DeviceRGB >> "
        b"/Annots [19 0 R 21 0 R 22 0 R] >>",
        CONTENT: stream(_page_content(lines, known), compress=True),
        METADATA: metadata(XMP),
        INTENT: b"<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) /Info (sRGB) "
        b"/DestOutputProfile 7 0 R >>",
        PROFILE: stream(srgb(), b"/N 3", compress=True),
        TYPE0: b"<< /Type /Font /Subtype /Type0 /BaseFont /ABCDEF+LiberationSerif /Encoding /Identity-H "
        b"/DescendantFonts [9 0 R] /ToUnicode 12 0 R >>",
        CIDFONT: b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /ABCDEF+LiberationSerif "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
        b"/FontDescriptor 10 0 R /DW 1000 /W %s /CIDToGIDMap /Identity >>" % cid_widths(known),
        CID_DESCRIPTOR: _descriptor(CID_FILE, 4),
        CID_FILE: stream(program, b"/Length1 %d" % len(program), compress=True),
        TO_UNICODE: stream(to_unicode(known)),
        SIMPLE: b"<< /Type /Font /Subtype /TrueType /BaseFont /GHIJKL+LiberationSerif "
        b"/Encoding /WinAnsiEncoding /FirstChar 32 /LastChar 126 /Widths [%s] /FontDescriptor 14 0 R >>"
        % simple_widths(latin),
        SIMPLE_DESCRIPTOR: _descriptor(SIMPLE_FILE, 32, b"GHIJKL+LiberationSerif"),
        SIMPLE_FILE: stream(simple, b"/Length1 %d" % len(simple), compress=True),
        IMAGE: stream(
            bytes([0, 0, 255] * 16),
            b"/Type /XObject /Subtype /Image /Width 4 /Height 4 /BitsPerComponent 8 /ColorSpace /DeviceRGB "
            b"/Interpolate false /SMask 17 0 R",
        ),
        SOFT_MASK: stream(
            bytes(range(0, 256, 16)),
            b"/Type /XObject /Subtype /Image /Width 4 /Height 4 /BitsPerComponent 8 /ColorSpace /DeviceGray",
        ),
        STATE: b"<< /Type /ExtGState /ca 0.5 /BM /Normal >>",
        NUMBER_FIELD: b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (number) /F 4 /Rect [50 700 150 720] "
        b"/V (15) /DA (/F1 13 Tf 0 g) /P 3 0 R /AP << /N 20 0 R >> >>",
        NUMBER_AP: stream(
            b"/Tx BMC q BT 0 g /F1 13 Tf 2 5 Td %s Tj ET Q EMC" % encode("15", known),
            b"/Type /XObject /Subtype /Form /BBox [0 0 100 20] /Resources << /Font << /F1 8 0 R >> >>",
        ),
        SIG_FIELD: b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (leader) /F 132 /Rect [0 0 0 0] "
        b"/P 3 0 R >>",
        LINK: b"<< /Type /Annot /Subtype /Link /F 4 /Rect [50 650 100 660] /Border [0 0 0] "
        b"/A << /Type /Action /S /URI /URI (https://ubnd.example.vn/) >> >>",
        FORM_XOBJECT: stream(
            b"0 0 1 RG 10 10 m 20 20 l S",
            b"/Type /XObject /Subtype /Form /BBox [0 0 100 100] /Resources << >>",
        ),
    }
    return RawFile(objects)


def good_file_1() -> RawFile:
    """The good file as PDF/A-1b: no transparency, an older profile, a complete CIDSet, every appearance; and an
    information dictionary that says what the metadata say."""
    file = good_file()
    file.header = b"%PDF-1.4\n" + BINARY + b"\n"
    file.objects[METADATA] = metadata(XMP_1)
    file.objects[PROFILE] = stream(srgb_profile(), b"/N 3")
    file.replace(PAGE, b"/Group << /S /Transparency /CS /DeviceRGB >> ", b"")
    file.replace(IMAGE, b"/SMask 17 0 R", b"").replace(STATE, b"/ca 0.5", b"")
    file.replace(SIG_FIELD, b"/P 3 0 R", b"/P 3 0 R /AP << /N 20 0 R >>")
    glyphs = program_of(TEXT)["maxp"].numGlyphs
    every = ((1 << glyphs) - 1) << (-glyphs % 8)
    file.objects[CID_SET] = stream(every.to_bytes((glyphs + 7) // 8, "big"))
    file.replace(CID_DESCRIPTOR, b"/FontFile2", b"/CIDSet 25 0 R /FontFile2")
    title, author, subject = (
        b"<%s>" % encode_text(text).hex().encode() for text in ("Quyết định", "Văn thư", "Thử")
    )
    file.objects[INFO] = (
        b"<< /Title %s /Author %s /Subject %s /Keywords (a, b) /Creator (Writer) /Producer (Generator) "
        b"/CreationDate (D:20260102030405+07'00') /ModDate (D:20260102030406+07'00') >>"
        % (title, author, subject)
    )
    file.trailer += b" /Info 24 0 R"
    return file


def good_file_3() -> RawFile:
    """The good file as PDF/A-3b, with an embedded file that belongs to the document."""
    file = good_file()
    file.objects[METADATA] = metadata(XMP_3)
    file.objects[ATTACHED] = stream(
        b"<a/>",
        b"/Type /EmbeddedFile /Subtype /text#2Fxml /Params << /ModDate (D:20260102030405Z) /Size 4 >>",
    )
    file.objects[ATTACHMENT] = (
        b"<< /Type /Filespec /F (a.xml) /UF (a.xml) /AFRelationship /Data /EF << /F 26 0 R /UF 26 0 R >> >>"
    )
    return file.replace(CATALOG, b"/AcroForm", b"/AF [27 0 R] /AcroForm")


GOOD = {"1": good_file_1, "2": good_file, "3": good_file_3}


def with_a_large_image(path: Path, size: int) -> Path:
    """The good file with an image of `size` bytes (a hole in the file system) on its page."""
    file = good_file()
    marker = b"@@@@"
    file.objects[30] = (
        b"<< /Type /XObject /Subtype /Image /Width 20000 /Height %d /BitsPerComponent 8 "
        b"/ColorSpace /DeviceGray /Length %d >>\nstream\n%s\nendstream" % (size // 20_000, size, marker)
    )
    file.replace(3, b"/Im1 16 0 R", b"/Im1 30 0 R")
    data = file.build()
    head, _, tail = data.partition(marker)
    grown = size - len(marker)
    start = data.rindex(b"xref\n0 ")
    tail = tail.replace(b"startxref\n%d\n" % start, b"startxref\n%d\n" % (start + grown))
    with path.open("wb") as out:
        out.write(head)
        out.seek(size, os.SEEK_CUR)
        out.write(tail)
    return path
