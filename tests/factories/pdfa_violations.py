"""Files that break one rule of PDF/A-2b each; each is the good file with one change. For other parts: `pdfa_parts`."""

from __future__ import annotations

import datetime
import functools
import io
import re
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from fontTools.ttLib import TTFont

from tests.factories.pdfa_file import (
    CATALOG,
    CID_DESCRIPTOR,
    CIDFONT,
    FORM_XOBJECT,
    IMAGE,
    INTENT,
    LINK,
    METADATA,
    NUMBER_AP,
    NUMBER_FIELD,
    PAGE,
    PROFILE,
    SIG_FIELD,
    SIMPLE,
    SIMPLE_DESCRIPTOR,
    SIMPLE_FILE,
    STATE,
    TYPE0,
    RawFile,
    font_program,
    good_file,
    metadata,
    srgb,
    stream,
)  # fmt: skip

Breaker = Callable[[RawFile], RawFile | bytes]
VIOLATIONS: dict[str, list[Breaker]] = {}
TEXT_FONT = b"BT /F1 13 Tf 50 500 Td "


def breaks(rule: str) -> Callable[[Breaker], Breaker]:
    def register(breaker: Breaker) -> Breaker:
        VIOLATIONS.setdefault(rule, []).append(breaker)
        return breaker

    return register


def swap(rule: str, number: int, old: bytes, new: bytes) -> None:
    """Register: in object `number`, `old` becomes `new`."""
    breaks(rule)(lambda file: file.replace(number, old, new))


def add(rule: str, number: int, entries: bytes) -> None:
    """Register: the dictionary of object `number` gets more entries."""
    breaks(rule)(lambda file: with_entries(file, number, entries))


def with_entries(file: RawFile, number: int, entries: bytes) -> RawFile:
    body = file.objects[number]
    file.objects[number] = b"<< " + entries + body[2:]
    return file


def content(rule: str, data: bytes) -> None:
    """Register: the page's content is `data`."""
    breaks(rule)(lambda file: file.set_content(data))


# --- 6.1: file structure


@breaks("6.1.2-1")
def _junk_before_the_header(file: RawFile) -> RawFile:
    file.header = b"%PDF-1.8\n%\xe2\xe3\xcf\xd3\n"
    return file


@breaks("6.1.2-1")
def _space_after_the_version(file: RawFile) -> RawFile:
    file.header = b"%PDF-1.7 \n%\xe2\xe3\xcf\xd3\n"
    return file


@breaks("6.1.2-2")
def _no_binary_comment(file: RawFile) -> RawFile:
    file.header = b"%PDF-1.7\n%abcd\n"
    return file


@breaks("6.1.3-1")
def _no_identifier(file: RawFile) -> RawFile:
    file.trailer = b"/Root 1 0 R"
    return file


@breaks("6.1.3-2")
def _encrypted(file: RawFile) -> RawFile:
    file.trailer += b" /Encrypt << /Filter /Standard >>"
    return file


@breaks("6.1.3-3")
def _bytes_after_the_end(file: RawFile) -> bytes:
    return file.build() + b"\n\n"


@breaks("6.1.4-2")
def _two_lines_after_xref(file: RawFile) -> RawFile:
    file.xref_keyword = b"xref \n"
    return file


swap("6.1.6-1", CATALOG, b"/DA (/F1 13 Tf 0 g)", b"/DA <2F>  /Odd <2F4>")
swap("6.1.6-2", LINK, b"(https://ubnd.example.vn/)", b"<2X>")
breaks("6.1.7.1-1")(lambda file: file.replace(FORM_XOBJECT, b"/Length 26", b"/Length 20"))


@breaks("6.1.7.1-2")
def _carriage_return_after_stream(file: RawFile) -> RawFile:
    return file.replace(FORM_XOBJECT, b">>\nstream\n", b">>\nstream\r")


@breaks("6.1.7.1-2")
def _no_line_before_endstream(file: RawFile) -> RawFile:
    return file.replace(FORM_XOBJECT, b"\nendstream", b"endstream")


add("6.1.7.1-3", FORM_XOBJECT, b"/FFilter /FlateDecode")
add("6.1.7.2-1", FORM_XOBJECT, b"/Filter /JBIG3Decode")
add("6.1.7.2-1", FORM_XOBJECT, b"/Filter /Crypt /DecodeParms << /Name /StdCF >>")
swap("6.1.8-1", SIMPLE, b"/BaseFont /GHIJKL+LiberationSerif", b"/BaseFont /GHIJKL+#FF#FE")


@breaks("6.1.9-1")
def _two_spaces_in_the_object_head(file: RawFile) -> RawFile:
    file.wrap[STATE] = b"%d  0 obj\n" % STATE, b"\nendobj\n"
    return file


@breaks("6.1.9-1")
def _no_line_after_obj(file: RawFile) -> RawFile:
    file.wrap[STATE] = b"%d 0 obj " % STATE, b"\nendobj\n"
    return file


@breaks("6.1.9-1")
def _no_line_before_endobj(file: RawFile) -> RawFile:
    file.wrap[STATE] = b"%d 0 obj\n" % STATE, b" endobj\n"
    return file


@breaks("6.1.9-1")
def _no_line_after_endobj(file: RawFile) -> RawFile:
    file.wrap[FORM_XOBJECT] = b"%d 0 obj\n" % FORM_XOBJECT, b"\nendobj %\n"
    return file


content("6.1.10-1", b"q BI /W 1 /H 1 /BPC 8 /CS /G /F /LZW ID \x80\x0b\x60\x50\x10\x10 EI Q")
add("6.1.12-1", CATALOG, b"/Perms << /Other 17 0 R >>")


@breaks("6.1.12-2")
def _digest_in_a_reference(file: RawFile) -> RawFile:
    reference = b"<< /TransformMethod /DocMDP /TransformParams << /P 2 >> /DigestMethod /SHA1 >>"
    return with_entries(file, CATALOG, b"/Perms << /DocMDP << /Type /Sig /Reference [%s] >> >>" % reference)


add("6.1.13-1", STATE, b"/Big 2147483648")
content("6.1.13-1", b"2147483648 w")
add("6.1.13-2", STATE, b"/Big 9" + b"0" * 38 + b".")
add("6.1.13-3", STATE, b"/Long (" + b"x" * 32_768 + b")")
add("6.1.13-4", STATE, b"/Long /" + b"x" * 128)
add("6.1.13-4", STATE, b"/" + b"x" * 128 + b" 1")
add("6.1.13-5", STATE, b"/Small 0." + b"0" * 37 + b"1")
content("6.1.13-8", b"q " * 29 + b"Q " * 29)


@breaks("6.1.13-7")
def _object_number_beyond_the_limit(file: RawFile) -> bytes:
    data = file.build()
    start = data.rindex(b"xref\n0 ")
    head = b"0000000017 00000 n \n"
    trailer = b"trailer\n<< /Size 8388609 /Root 1 0 R /Prev %d %s >>\n" % (start, file.trailer[12:])
    return data + b"xref\n8388608 1\n" + head + trailer + b"startxref\n%d\n%%%%EOF\n" % len(data)


@breaks("6.1.13-9")
def _thirty_three_colourants(file: RawFile) -> RawFile:
    names = b" ".join(b"/C%d" % index for index in range(33))
    function = b"<< /FunctionType 4 >>"
    space = b"/ColorSpace << /N [/DeviceN [%s] /DeviceRGB %s] >> /Font" % (names, function)
    return file.replace(PAGE, b"/Resources << /Font", b"/Resources << " + space).set_content(
        b"/N cs 0 0 9 9 re f"
    )


swap("6.1.13-11", PAGE, b"[0 0 595 842]", b"[0 0 14401 842]")
swap("6.1.13-11", PAGE, b"/Rotate 0", b"/CropBox [0 0 2 842]")

# --- 6.2: graphics

content("6.2.2-1", b"BX foo EX")
content("6.2.2-2", b"q /Unknown gs Q")
swap("6.2.2-2", NUMBER_AP, b"/Resources << /Font << /F1 8 0 R >> >>", b"")


@breaks("6.2.2-2")
def _inherited_resources(file: RawFile) -> RawFile:
    body = file.objects[PAGE]
    start = body.index(b"/Resources")
    end = body.index(b"/Group")
    file.objects[PAGE] = body[:start] + body[end:]
    return file.replace(2, b"/Count 1", b"/Count 1 " + body[start:end])


def _profile(change: Callable[[bytearray], None]) -> bytes:
    data = bytearray(srgb())
    change(data)
    return stream(bytes(data), b"/N 3")


@breaks("6.2.3-1")
def _scanner_profile(file: RawFile) -> RawFile:
    file.objects[PROFILE] = _profile(lambda data: data.__setitem__(slice(12, 16), b"scnr"))
    return file


@breaks("6.2.3-1")
def _no_profile(file: RawFile) -> RawFile:
    file.objects[PROFILE] = stream(b"not a profile", b"/N 3")
    # Without a known colour space the device colours are findings of their own.
    return file.set_content(b"")


@breaks("6.2.3-2")
def _two_profiles(file: RawFile) -> RawFile:
    file.objects[30] = file.objects[PROFILE]
    file.objects[31] = file.objects[INTENT].replace(b"7 0 R", b"30 0 R").replace(b"GTS_PDFA1", b"GTS_PDFX")
    return file.replace(CATALOG, b"[6 0 R]", b"[6 0 R 31 0 R]")


add("6.2.3-3", INTENT, b"/DestOutputProfileRef << /URLs [] >>")


@breaks("6.2.4.2-1")
def _abstract_profile(file: RawFile) -> RawFile:
    file.objects[30] = _profile(lambda data: data.__setitem__(slice(12, 16), b"abst"))
    return file.replace(IMAGE, b"/ColorSpace /DeviceRGB", b"/ColorSpace [/ICCBased 30 0 R]")


@breaks("6.2.4.2-1")
def _profile_of_version_5(file: RawFile) -> RawFile:
    file.objects[30] = _profile(lambda data: data.__setitem__(8, 5))
    space = b"/Resources << /ColorSpace << /S [/ICCBased 30 0 R] >> /Font"
    return file.replace(PAGE, b"/Resources << /Font", space).set_content(b"/S cs 1 0 0 sc 0 0 9 9 re f")


def _without_intent(file: RawFile) -> RawFile:
    return file.replace(CATALOG, b"/OutputIntents [6 0 R]", b"")


def _without_colour(file: RawFile, data: bytes) -> RawFile:
    """No output intent, and nothing that needs one but `data`."""
    file.objects[NUMBER_AP] = stream(b"", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << >>")
    body = file.objects[PAGE]
    file.objects[PAGE] = body.replace(b"/CS /DeviceRGB", b"/CS [/CalRGB << /WhitePoint [0.95 1 1.08] >>]")
    return _without_intent(file).set_content(data)


@breaks("6.2.4.3-2")
def _rgb_without_intent(file: RawFile) -> RawFile:
    return _without_colour(file, b"1 0 0 rg 0 0 9 9 re f")


@breaks("6.2.4.3-2")
def _rgb_image_without_intent(file: RawFile) -> RawFile:
    return _without_colour(file, b"/Im1 Do")


content("6.2.4.3-3", b"0 0 0 1 k 0 0 9 9 re f")
content("6.2.4.3-3", b"/DeviceCMYK CS 0 0 m 9 9 l S")
content("6.2.4.3-3", b"BI /W 1 /H 1 /BPC 8 /CS /CMYK ID abcd EI")


@breaks("6.2.4.3-4")
def _gray_without_intent(file: RawFile) -> RawFile:
    return _without_colour(file, b"0 0 9 9 re f")  # black is DeviceGray until something else is set


add("6.2.5-1", STATE, b"/TR /Identity")
add("6.2.5-2", STATE, b"/TR2 /Identity")
add("6.2.5-3", STATE, b"/HTP [0 0]")
add("6.2.5-4", STATE, b"/HT << /Type /Halftone /HalftoneType 6 /Width 1 /Height 1 >>")
add("6.2.5-5", STATE, b"/HT << /Type /Halftone /HalftoneType 1 /HalftoneName (x) >>")
add("6.2.6-1", STATE, b"/RI /Vivid")
add("6.2.6-1", IMAGE, b"/Intent /Vivid")
content("6.2.6-1", b"/Vivid ri")
add("6.2.8-1", IMAGE, b"/Alternates []")
add("6.2.8-2", IMAGE, b"/OPI << >>")
swap("6.2.8-3", IMAGE, b"/Interpolate false", b"/Interpolate true")
content("6.2.8-3", b"BI /W 1 /H 1 /BPC 8 /CS /G /I true ID a EI")
swap("6.2.8-4", IMAGE, b"/BitsPerComponent 8", b"/BitsPerComponent 3")
swap("6.2.8-5", IMAGE, b"/ColorSpace /DeviceRGB", b"/ImageMask true")
add("6.2.9-1", FORM_XOBJECT, b"/OPI << >>")
add("6.2.9-1", FORM_XOBJECT, b"/Subtype2 /PS")
add("6.2.9-2", FORM_XOBJECT, b"/Ref << /F (a.pdf) /Page 0 >>")


@breaks("6.2.9-3")
def _postscript(file: RawFile) -> RawFile:
    file.objects[30] = stream(b"showpage", b"/Type /XObject /Subtype /PS")
    return file.replace(PAGE, b"/Fm1 23 0 R", b"/Fm1 23 0 R /Ps 30 0 R")


swap("6.2.10-1", STATE, b"/BM /Normal", b"/BM /Sparkle")


@breaks("6.2.10-2")
def _transparent_image_without_space(file: RawFile) -> RawFile:
    file = _without_colour(file, b"/Im1 Do")
    space = b"/ColorSpace [/CalRGB << /WhitePoint [0.95 1 1.08] >>]"
    file.replace(IMAGE, b"/ColorSpace /DeviceRGB", space)
    body = file.objects[PAGE]
    file.objects[PAGE] = body[: body.index(b"/Group")] + body[body.index(b"/Annots") :]
    return file


@breaks("6.2.10-2")
def _group_without_space(file: RawFile) -> RawFile:
    return _without_colour(file, b"").replace(PAGE, b"/CS [/CalRGB", b"/Own [/CalRGB")


# --- 6.2.11: fonts

swap("6.2.11.2-1", SIMPLE, b"/Type /Font ", b"/Type /Fount ")
swap("6.2.11.2-2", SIMPLE, b"/Subtype /TrueType", b"/Subtype /Truetype")
swap("6.2.11.2-3", SIMPLE, b"/BaseFont /GHIJKL+LiberationSerif", b"")
swap("6.2.11.2-4", SIMPLE, b"/FirstChar 32", b"")
swap("6.2.11.2-5", SIMPLE, b"/LastChar 126", b"")
swap("6.2.11.2-6", SIMPLE, b"/LastChar 126", b"/LastChar 127")
swap("6.2.11.2-7", SIMPLE_FILE, b"/Length1", b"/Subtype /Type2C /Length1")


def _with_cmap(file: RawFile, program: bytes, entries: bytes) -> RawFile:
    file.objects[30] = stream(program, b"/Type /CMap /CMapName /Own " + entries)
    return file.replace(TYPE0, b"/Encoding /Identity-H", b"/Encoding 30 0 R")


_IDENTITY = b"<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"


@breaks("6.2.11.3.1-1")
def _cmap_of_another_collection(file: RawFile) -> RawFile:
    other = _IDENTITY.replace(b"Identity", b"Japan1")
    return _with_cmap(file, b"begincmap endcmap", b"/CIDSystemInfo " + other)


swap("6.2.11.3.2-1", CIDFONT, b"/CIDToGIDMap /Identity", b"")
swap("6.2.11.3.3-1", TYPE0, b"/Identity-H", b"/Own-H")


@breaks("6.2.11.3.3-2")
def _cmap_with_two_writing_modes(file: RawFile) -> RawFile:
    return _with_cmap(file, b"begincmap /WMode 1 def endcmap", b"/WMode 0 /CIDSystemInfo " + _IDENTITY)


@breaks("6.2.11.3.3-3")
def _cmap_that_uses_another(file: RawFile) -> RawFile:
    return _with_cmap(file, b"/Foreign usecmap begincmap endcmap", b"/CIDSystemInfo " + _IDENTITY)


swap("6.2.11.4.1-1", SIMPLE_DESCRIPTOR, b"/FontFile2 15 0 R", b"")
swap("6.2.11.4.1-1", CID_DESCRIPTOR, b"/FontFile2 11 0 R", b"")
content("6.2.11.4.1-2", TEXT_FONT + b"<7FFF> Tj ET")
breaks("6.2.11.4.1-2")(
    lambda file: file.objects.__setitem__(SIMPLE_FILE, stream(b"\0\1\0\0 cut", b"/Length1 8")) or file
)


@breaks("6.2.11.4.2-2")
def _incomplete_cid_set(file: RawFile) -> RawFile:
    file.objects[30] = stream(b"\x80")
    return with_entries(file, CID_DESCRIPTOR, b"/CIDSet 30 0 R")


@breaks("6.2.11.5-1")
def _wrong_simple_width(file: RawFile) -> RawFile:
    body = file.objects[SIMPLE]
    head, _, tail = body.partition(b"/Widths [")
    widths, _, rest = tail.partition(b"]")
    values = widths.split()
    values[ord("S") - 32] = b"600"
    file.objects[SIMPLE] = head + b"/Widths [" + b" ".join(values) + b"]" + rest
    return file


swap("6.2.11.5-1", CIDFONT, b"/W [", b"/W [] /Other [")


def _cmap_tables(keep: Callable[[int, int], bool], **change: tuple[int, int]) -> bytes:
    font = TTFont(io.BytesIO(font_program("So: 15")))
    tables = [table for table in font["cmap"].tables if keep(table.platformID, table.platEncID)]
    for table in tables:
        table.platformID, table.platEncID = change.get("to", (table.platformID, table.platEncID))
    font["cmap"].tables = tables
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def _simple_program(file: RawFile, program: bytes) -> RawFile:
    file.objects[SIMPLE_FILE] = stream(program, b"/Length1 %d" % len(program))
    return file


@breaks("6.2.11.6-1")
def _only_a_symbol_map(file: RawFile) -> RawFile:
    program = _cmap_tables(lambda platform, encoding: (platform, encoding) == (3, 1), to=(3, 0))
    file = _simple_program(file, program)
    return file.set_content(b"BT /F2 12 Tf () Tj ET BT /F2 12 Tf 3 Tr (S) Tj ET")


swap("6.2.11.6-2", SIMPLE, b"/WinAnsiEncoding", b"/StandardEncoding")
swap("6.2.11.6-2", SIMPLE, b"/Encoding /WinAnsiEncoding", b"/Encoding << /BaseEncoding /WinAnsiEncoding "
     b"/Differences [200 /nonsense] >>")  # fmt: skip


@breaks("6.2.11.6-3")
def _symbolic_with_encoding(file: RawFile) -> RawFile:
    program = _cmap_tables(lambda platform, encoding: (platform, encoding) == (3, 1), to=(3, 0))
    return _simple_program(file, program).replace(SIMPLE_DESCRIPTOR, b"/Flags 32", b"/Flags 4")


@breaks("6.2.11.6-4")
def _symbolic_without_symbol_map(file: RawFile) -> RawFile:
    file.replace(SIMPLE_DESCRIPTOR, b"/Flags 32", b"/Flags 4")
    file.replace(SIMPLE, b"/Encoding /WinAnsiEncoding", b"")
    return file


content("6.2.11.8-1", TEXT_FONT + b"<0000> Tj ET")
content("6.2.11.8-1", TEXT_FONT + b"3 Tr <0000> Tj ET")
content("6.2.11.8-1", b"BT /F2 12 Tf (Z) Tj ET")

# --- 6.3: annotations

swap("6.3.1-1", LINK, b"/Subtype /Link", b"/Subtype /Movie /AP << /N 23 0 R >>")
swap("6.3.2-1", NUMBER_FIELD, b"/F 4", b"")
swap("6.3.2-2", NUMBER_FIELD, b"/F 4", b"/F 0")
for _flag in (1, 2, 32, 256):
    swap("6.3.2-2", LINK, b"/F 4", b"/F %d" % (4 + _flag))
swap("6.3.3-1", SIG_FIELD, b"[0 0 0 0]", b"[0 0 50 50]")
swap("6.3.3-2", NUMBER_FIELD, b"/N 20 0 R", b"/N 20 0 R /D 20 0 R")
swap("6.3.3-3", NUMBER_FIELD, b"/FT /Tx", b"/FT /Btn")
swap("6.3.3-4", NUMBER_FIELD, b"/N 20 0 R", b"/N << /On 20 0 R >>")

# --- 6.4: forms and signatures

add("6.4.1-1", NUMBER_FIELD, b"/AA << >>")
add("6.4.1-1", NUMBER_FIELD, b"/A << /S /URI /URI (x) >>")


@breaks("6.4.1-2")
def _field_with_actions(file: RawFile) -> RawFile:
    file.objects[30] = b"<< /T (parent) /AA << >> /Kids [19 0 R] >>"
    file.replace(NUMBER_FIELD, b"/P 3 0 R", b"/P 3 0 R /Parent 30 0 R")
    return file.replace(CATALOG, b"/Fields [19 0 R", b"/Fields [30 0 R")


swap("6.4.1-3", CATALOG, b"/SigFlags 3", b"/SigFlags 3 /NeedAppearances true")
swap("6.4.2-1", CATALOG, b"/SigFlags 3", b"/SigFlags 3 /XFA (x)")
add("6.4.2-2", CATALOG, b"/NeedsRendering true")


@functools.cache
def identity(name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    )
    builder = builder.serial_number(len(name)).not_valid_before(start)
    builder = builder.not_valid_after(start + datetime.timedelta(days=365))
    return builder.sign(key, hashes.SHA256()), key


@functools.cache
def container(*signers: str, certificates: bool = True) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(b"data")
    for signer in signers:
        certificate, key = identity(signer)
        builder = builder.add_signer(certificate, key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    if not certificates:
        options.append(pkcs7.PKCS7Options.NoCerts)
    return builder.sign(serialization.Encoding.DER, options)


_RANGE = b"[0 1111111111 2222222222 3333333333]"


def signed(file: RawFile, contents: bytes, *, shift: int = 0, tail: bytes = b"") -> bytes:
    """The file with a signature in its signature field; the digest is not the checker's business."""
    hole = contents.hex().encode() + b"00" * 40
    file.objects[30] = (
        b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /Contents <%s> "
        b"/ByteRange %s >>" % (hole, _RANGE)
    )
    file.replace(SIG_FIELD, b"/P 3 0 R", b"/P 3 0 R /V 30 0 R")
    data = file.build() + tail
    start = data.index(b"<" + hole)
    end = start + len(hole) + 2
    said = b"[0 %d %d %d]" % (start, end, len(data) - end + shift)
    return data.replace(_RANGE, said.ljust(len(_RANGE)))


@breaks("6.4.3-1")
def _signature_that_ends_too_early(file: RawFile) -> bytes:
    return signed(file, container("one"), shift=-10)


@breaks("6.4.3-2")
def _signature_without_certificate(file: RawFile) -> bytes:
    return signed(file, container("one", certificates=False))


@breaks("6.4.3-2")
def _signature_that_is_no_container(file: RawFile) -> bytes:
    return signed(file, b"\x30\x03\x02\x01\x05")


@breaks("6.4.3-3")
def _two_signers(file: RawFile) -> bytes:
    return signed(file, container("one", "other"))


# --- 6.5: actions

for _kind in (
    "Launch", "Sound", "Movie", "ResetForm", "ImportData", "Hide", "SetOCGState", "Rendition", "Trans",
    "GoTo3DView", "JavaScript",
):  # fmt: skip
    swap("6.5.1-1", LINK, b"/S /URI", b"/S /%s" % _kind.encode())
add("6.5.1-1", CATALOG, b"/OpenAction << /S /JavaScript /JS (1) >>")
swap("6.5.1-1", LINK, b"/S /URI", b"/S /Nonsense")
swap("6.5.1-1", LINK, b"/Type /Action /S /URI", b"/Type /Other /S /JavaScript")
swap("6.5.1-2", LINK, b"/S /URI", b"/S /Named /N /Print")
add("6.5.2-1", CATALOG, b"/AA << >>")
add("6.5.2-2", PAGE, b"/AA << >>")

# --- 6.6: metadata


def packet_of(file: RawFile) -> str:
    """The packet of a file that was made by `metadata`."""
    return file.objects[METADATA].partition(b"stream\n")[2].removesuffix(b"\nendstream").decode()


def packet(rule: str, old: str, new: str) -> None:
    """Register: the packet with one change; `old` is a pattern."""
    breaks(rule)(changed_packet(old, new))


def changed_packet(old: str, new: str) -> Breaker:
    def breaker(file: RawFile) -> RawFile:
        changed = re.sub(old, new, packet_of(file), count=1)
        assert changed != packet_of(file)
        file.objects[METADATA] = metadata(changed)
        return file

    return breaker


swap("6.6.2.1-1", METADATA, b"/Subtype /XML", b"")
swap("6.6.2.1-1", CATALOG, b"/Metadata 5 0 R", b"")
packet("6.6.2.1-2", r'NTczkc9d"\?>', 'NTczkc9d" bytes="1000"?>')
packet("6.6.2.1-3", r'NTczkc9d"\?>', 'NTczkc9d" encoding="UTF-8"?>')
packet("6.6.2.1-4", "</rdf:RDF>", "")
packet("6.6.2.1-4", "<x:xmpmeta", "<!DOCTYPE a [<!ENTITY b 'c'>]><x:xmpmeta")


@breaks("6.6.2.1-5")
def _packet_in_utf_16(file: RawFile) -> RawFile:
    file.objects[METADATA] = stream(packet_of(file).encode("utf-16"), b"/Type /Metadata /Subtype /XML")
    return file


packet("6.6.2.3.1-1", "<pdfaid:part>", '<own:x xmlns:own="urn:own">1</own:x><pdfaid:part>')
packet("6.6.4-1", r"<pdfaid:part>\d</pdfaid:part>", "")
packet("6.6.4-1", r"(<pdfaid:part>\d</pdfaid:part>)", r"\1\1")
packet("6.6.4-2", r"part>\d<", "part>4<")
packet("6.6.4-2", r"part>(\d)<", r"part>0\1<")
packet("6.6.4-3", ">B<", ">C<")
packet("6.6.4-3", "<pdfaid:conformance>B</pdfaid:conformance>", "")
for _name, _rule in (("part", "6.6.4-4"), ("conformance", "6.6.4-5")):
    _old = rf"<pdfaid:{_name}>(\w)</pdfaid:{_name}>"
    _new = rf'<id:{_name} xmlns:id="http://www.aiim.org/pdfa/ns/id/">\1</id:{_name}>'
    packet(_rule, _old, _new)
for _name, _rule in (("amd", "6.6.4-6"), ("corr", "6.6.4-7")):
    _more = f'<id:{_name} xmlns:id="http://www.aiim.org/pdfa/ns/id/">1</id:{_name}><pdfaid:part>'
    packet(_rule, "<pdfaid:part>", _more)

# --- 6.8 to 6.11


def _attached(file: RawFile, entries: bytes) -> RawFile:
    file.objects[30] = stream(b"PK", b"/Type /EmbeddedFile")
    file.objects[31] = b"<< /Type /Filespec %s /EF << /F 30 0 R >> >>" % entries
    return with_entries(file, CATALOG, b"/Names << /EmbeddedFiles << /Names [(a) 31 0 R] >> >>")


breaks("6.8-2")(lambda file: _attached(file, b"/F (a.xlsx)"))
breaks("6.8-5")(lambda file: _attached(file, b"/F (a.xlsx) /UF (a.xlsx)"))


def _layered(entries: bytes) -> Breaker:
    def breaker(file: RawFile) -> RawFile:
        file.objects[30] = b"<< /Type /OCG /Name (layer) >>"
        return with_entries(file, CATALOG, b"/OCProperties << /OCGs [30 0 R] %s >>" % entries)

    return breaker


breaks("6.9-1")(_layered(b"/D << /Order [30 0 R] >>"))
breaks("6.9-2")(_layered(b"/D << /Name (a) >> /Configs [<< /Name (a) >>]"))
breaks("6.9-3")(_layered(b"/D << /Name (a) /Order [] >>"))
breaks("6.9-4")(_layered(b"/D << /Name (a) /AS [] >>"))
add("6.10-1", CATALOG, b"/Names << /AlternatePresentations << >> >>")
add("6.10-2", PAGE, b"/PresSteps << >>")
add("6.11-1", CATALOG, b"/Requirements []")


def make(breaker: Breaker, file: RawFile | None = None) -> bytes:
    """The bytes of one violating file, made from the good one or from `file`."""
    made = breaker(file or good_file())
    return made if isinstance(made, bytes) else made.build()


__all__ = ["VIOLATIONS", "changed_packet", "container", "make", "signed", "with_entries"]
