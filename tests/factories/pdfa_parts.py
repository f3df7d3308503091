"""Files that break one rule of PDF/A-1b or -3b each, beside those of 2b, from which most of them are made.

for rule, breakers in VIOLATIONS_OF["1"].items():
    data = make(breakers[0], GOOD["1"]())
"""

from __future__ import annotations

from tests.factories import pdfa_contents
from tests.factories.pdfa_file import (
    CATALOG,
    CID_SET,
    FORM_XOBJECT,
    IMAGE,
    INFO,
    LINK,
    METADATA,
    PAGE,
    PROFILE,
    SIG_FIELD,
    SIMPLE,
    SIMPLE_DESCRIPTOR,
    SIMPLE_FILE,
    STATE,
    TYPE0,
    RawFile,
    srgb,
    stream,
)  # fmt: skip
from tests.factories.pdfa_violations import (
    VIOLATIONS,
    Breaker,
    _attached,
    _layered,
    _without_colour,
    changed_packet,
    packet_of,
    with_entries,
)  # fmt: skip

# Rules of part 1, and the files of part 2 that break them in a file of part 1: all under a rule, or "rule#index".
FROM_PART_2 = {
    "6.1.2-2": "6.1.2-2", "6.1.3-1": "6.1.3-1", "6.1.3-2": "6.1.3-2", "6.1.3-3": "6.1.3-3", "6.1.4-2": "6.1.4-2",
    "6.1.6-1": "6.1.6-1", "6.1.6-2": "6.1.6-2", "6.1.7-1": "6.1.7.1-1", "6.1.7-2": "6.1.7.1-2",
    "6.1.7-3": "6.1.7.1-3", "6.1.8-1": "6.1.9-1", "6.1.10-1": "6.1.7.2-1", "6.1.10-2": "6.1.10-1",
    "6.1.12-1": "6.1.13-1", "6.1.12-2": "6.1.13-2", "6.1.12-4": "6.1.13-4",
    "6.1.12-8": "6.1.13-8", "6.1.12-9": "6.1.13-9",
    "6.2.2-1": "6.2.3-1", "6.2.2-2": "6.2.3-2", "6.2.3.2-1": "6.2.4.2-1", "6.2.3.3-1": "6.2.4.3-2",
    "6.2.3.3-2": "6.2.4.3-3", "6.2.3.3-3": "6.2.4.3-4", "6.2.4-1": "6.2.8-1", "6.2.4-2": "6.2.8-2 6.2.9-1#0",
    "6.2.4-3": "6.2.8-3", "6.2.4-4": "6.2.8-4", "6.2.4-5": "6.2.8-5", "6.2.5-1": "6.2.9-1#1",
    "6.2.6-1": "6.2.9-2", "6.2.7-1": "6.2.9-3", "6.2.8-1": "6.2.5-1", "6.2.8-2": "6.2.5-2", "6.2.9-1": "6.2.6-1",
    "6.2.10-1": "6.2.2-1",
    "6.3.2-1": "6.2.11.2-1", "6.3.2-2": "6.2.11.2-2", "6.3.2-3": "6.2.11.2-3", "6.3.2-4": "6.2.11.2-4",
    "6.3.2-5": "6.2.11.2-5", "6.3.2-6": "6.2.11.2-6", "6.3.2-7": "6.2.11.2-7", "6.3.3.1-1": "6.2.11.3.1-1",
    "6.3.3.2-1": "6.2.11.3.2-1", "6.3.3.3-1": "6.2.11.3.3-1", "6.3.3.3-2": "6.2.11.3.3-2",
    "6.3.4-1": "6.2.11.4.1-1", "6.3.5-1": "6.2.11.4.1-2 6.2.11.8-1#2", "6.3.6-1": "6.2.11.5-1",
    "6.3.7-1": "6.2.11.6-2", "6.3.7-2": "6.2.11.6-3", "6.3.7-3": "6.2.11.6-4", "6.4-4": "6.2.10-1",
    "6.5.2-1": "6.3.1-1", "6.5.3-2": "6.3.2-1 6.3.2-2#0 6.3.2-2#1 6.3.2-2#2 6.3.2-2#3", "6.5.3-4": "6.3.3-2",
    "6.5.3-5": "6.3.3-3", "6.5.3-6": "6.3.3-4",
    "6.6.1-1": "6.5.1-1", "6.6.1-2": "6.5.1-2", "6.6.1-3": "6.4.1-1#1", "6.6.2-1": "6.4.1-1#0",
    "6.6.2-2": "6.4.1-2", "6.6.2-3": "6.5.2-1",
    "6.7.2-1": "6.6.2.1-1#0", "6.7.5-1": "6.6.2.1-2", "6.7.5-2": "6.6.2.1-3", "6.7.9-1": "6.6.2.1-4#0",
    "6.7.9-2": "6.6.2.3.1-1", "6.7.11-1": "6.6.4-1#1", "6.7.11-2": "6.6.4-2#1", "6.7.11-3": "6.6.4-3",
    "6.7.11-4": "6.6.4-4", "6.7.11-5": "6.6.4-5", "6.7.11-6": "6.6.4-6", "6.9-1": "6.4.1-3",
}  # fmt: skip


def _named(names: str) -> list[Breaker]:
    found: list[Breaker] = []
    for name in names.split():
        rule, _, index = name.partition("#")
        found += [VIOLATIONS[rule][int(index)]] if index else VIOLATIONS[rule]
    return found


ONE: dict[str, list[Breaker]] = {rule: _named(names) for rule, names in FROM_PART_2.items()}
# Part 3 has the same code; one file for each rule. Of embedded files it says something else.
THREE: dict[str, list[Breaker]] = {
    rule: breakers[:1] for rule, breakers in VIOLATIONS.items() if not rule.startswith("6.8-")
}
VIOLATIONS_OF = {"1": ONE, "2": VIOLATIONS, "3": THREE}


def one(rule: str, breaker: Breaker) -> None:
    """Register a file for part 1."""
    ONE.setdefault(rule, []).append(breaker)


def swap(rule: str, number: int, old: bytes, new: bytes) -> None:
    """Register for part 1: in object `number`, `old` becomes `new`."""
    one(rule, lambda file: file.replace(number, old, new))


def add(rule: str, number: int, entries: bytes) -> None:
    """Register for part 1: the dictionary of object `number` gets more entries."""
    one(rule, lambda file: with_entries(file, number, entries))


def content(rule: str, data: bytes) -> None:
    """Register for part 1: the page's content is `data`."""
    one(rule, lambda file: file.set_content(data))


# --- part 1, 6.1: file structure


def _later_version(file: RawFile) -> RawFile:
    file.header = b"%PDF-2.0\n%\xe2\xe3\xcf\xd3\n"
    return file


def _linearized_with_two_identifiers(file: RawFile) -> bytes:
    size = b"0000000000"
    data = with_entries(file, CATALOG, b"/Linearized 1 /L %s " % size).build()
    start = data.rindex(b"xref\n0 ")
    trailer = b"<< /Size %d /Root 1 0 R /Info 24 0 R /Prev %d /ID [<00> <01>] >>" % (
        max(file.objects) + 1,
        start,
    )
    update = b"xref\n0 1\n0000000000 65535 f \ntrailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (trailer, len(data))
    whole = data + update
    return whole.replace(b"/L " + size, b"/L %010d" % len(whole))


def _two_spaces_in_a_subsection(file: RawFile) -> RawFile:
    file.xref_space = b"  "
    return file


def _cross_reference_stream(file: RawFile) -> bytes:
    data = file.build()
    start = data.rindex(b"xref\n0 ")
    entries = b"/Type /XRef /Size 61 /W [1 4 1] /Index [60 1] /Root 1 0 R /Info 24 0 R %s /Prev %d" % (
        file.trailer[file.trailer.index(b"/ID") : file.trailer.index(b"]") + 1],
        start,
    )
    rows = b"\1" + len(data).to_bytes(4, "big") + b"\0"
    return data + b"60 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (stream(rows, entries), len(data))


one("6.1.2-1", _later_version)
one("6.1.3-4", _linearized_with_two_identifiers)
one("6.1.4-1", _two_spaces_in_a_subsection)
one("6.1.4-3", _cross_reference_stream)
add("6.1.10-1", FORM_XOBJECT, b"/Filter /LZWDecode")
add("6.1.10-1", FORM_XOBJECT, b"/Filter /Crypt /DecodeParms << /Name /Identity >>")
one("6.1.11-1", lambda file: _attached(file, b"/F (a.xlsx)"))
add("6.1.11-2", CATALOG, b"/Names << /EmbeddedFiles << /Names [] >> >>")
add("6.1.12-2", STATE, b"/Big 32767.5")
content("6.1.12-2", b"0 0 m 40000.5 0 l S")
content("6.1.12-2", b"BT /F2 12 Tf [(S) -32768.5] TJ ET")
add("6.1.12-3", STATE, b"/Long (" + b"x" * 65_536 + b")")
content("6.1.12-3", b"BT /F2 12 Tf 3 Tr (" + b"S" * 65_536 + b") Tj ET")
add("6.1.12-5", STATE, b"/Long [" + b"0 " * 8_192 + b"]")
add("6.1.12-6", STATE, b"/Large << " + b"".join(b"/K%d 0 " % key for key in range(4_096)) + b">>")


def _nine_colourants(file: RawFile) -> RawFile:
    names = b" ".join(b"/C%d" % index for index in range(9))
    space = b"/ColorSpace << /N [/DeviceN [%s] /DeviceRGB << /FunctionType 4 >>] >> /Font" % names
    file.replace(PAGE, b"/Resources << /Font", b"/Resources << " + space)
    return file.set_content(b"/N cs 0 0 9 9 re f")


one("6.1.12-9", _nine_colourants)
one("6.1.13-1", _layered(b"/D << /Name (a) /Order [30 0 R] >>"))

# --- part 1, 6.2 and 6.4: graphics


def _profile_of_version_4(file: RawFile) -> RawFile:
    file.objects[PROFILE] = stream(srgb(), b"/N 3")
    return file


def _input_profile_of_version_4(file: RawFile) -> RawFile:
    file.objects[30] = stream(srgb(), b"/N 3")
    return file.replace(IMAGE, b"/ColorSpace /DeviceRGB", b"/ColorSpace [/ICCBased 30 0 R]")


one("6.2.2-1", _profile_of_version_4)
one("6.2.3.2-1", _input_profile_of_version_4)
swap("6.2.3.2-2", PROFILE, b"/N 3", b"/N 4")
swap("6.2.3.2-2", PROFILE, b"/N 3", b"")
swap("6.2.4-4", IMAGE, b"/BitsPerComponent 8", b"/BitsPerComponent 16")
add("6.4-1", STATE, b"/SMask << /Type /Mask /S /Alpha /G 23 0 R >>")
add("6.4-2", IMAGE, b"/SMask 17 0 R")
add("6.4-2", FORM_XOBJECT, b"/SMask 17 0 R")
add("6.4-3", PAGE, b"/Group << /S /Transparency /CS /DeviceRGB >>")
add("6.4-3", FORM_XOBJECT, b"/Group << /S /Transparency /CS /DeviceRGB >>")
swap("6.4-4", STATE, b"/BM /Normal", b"/BM /Multiply")
add("6.4-5", STATE, b"/CA 0.5")
add("6.4-6", STATE, b"/ca 0.5")
add("6.4-6", STATE, b"/ca /Half")

# --- part 1, 6.3: fonts

swap("6.3.2-7", SIMPLE_FILE, b"/Length1", b"/Subtype /OpenType /Length1")
swap("6.3.3.3-1", TYPE0, b"/Identity-H", b"/UniJIS-UCS2-H")
swap("6.3.7-1", SIMPLE, b"/Encoding /WinAnsiEncoding",
     b"/Encoding << /BaseEncoding /WinAnsiEncoding /Differences [200 /Egrave] >>")  # fmt: skip


def _type_1_subset_without_its_characters(file: RawFile) -> RawFile:
    file.replace(SIMPLE, b"/Subtype /TrueType", b"/Subtype /Type1")
    file.replace(SIMPLE_DESCRIPTOR, b"/FontFile2 15 0 R", b"/FontFile3 15 0 R")
    file.objects[SIMPLE_FILE] = stream(pdfa_contents.cff(), b"/Subtype /Type1C")
    return file


def _incomplete_cid_set(file: RawFile) -> RawFile:
    file.objects[CID_SET] = stream(b"\x80")
    return file


one("6.3.5-2", _type_1_subset_without_its_characters)
swap("6.3.5-3", 10, b"/CIDSet 25 0 R", b"")
one("6.3.5-3", _incomplete_cid_set)

# --- part 1, 6.5 and 6.9: annotations and fields


def _coloured_without_intent(file: RawFile) -> RawFile:
    return with_entries(_without_colour(file, b""), LINK, b"/C [1 0 0]")


swap("6.5.2-1", LINK, b"/Subtype /Link", b"/Subtype /FileAttachment /AP << /N 23 0 R >>")
swap("6.5.2-1", LINK, b"/Subtype /Link", b"/Subtype /Polygon /AP << /N 23 0 R >>")
add("6.5.3-1", LINK, b"/CA 0.5")
swap("6.5.3-2", LINK, b"/Subtype /Link /F 4", b"/Subtype /Popup")
one("6.5.3-3", _coloured_without_intent)
swap("6.6.1-1", LINK, b"/S /URI", b"/S /GoToE")
swap("6.9-2", SIG_FIELD, b"/AP << /N 20 0 R >>", b"")

# --- part 1, 6.7: metadata


def _filtered_metadata(file: RawFile) -> RawFile:
    data = packet_of(file).encode()
    file.objects[METADATA] = stream(data, b"/Type /Metadata /Subtype /XML", compress=True)
    return file


one("6.7.2-2", _filtered_metadata)
for _rule, _old, _new in (
    ("6.7.3-1", b"D:20260102030405+07", b"D:20260102030405+08"),
    ("6.7.3-1", b"(D:20260102030405+07'00')", b"(yesterday)"),
    ("6.7.3-1", b"(D:20260102030405+07'00')", b"/Yesterday"),
    ("6.7.3-2", b"/Title <", b"/Title (Other) /Other <"),
    ("6.7.3-2", b"/Title <", b"/Title 5 /Other <"),
    ("6.7.3-3", b"/Author <", b"/Author (Other) /Other <"),
    ("6.7.3-4", b"/Subject <", b"/Subject (Other) /Other <"),
    ("6.7.3-5", b"(a, b)", b"(a)"),
    ("6.7.3-6", b"(Writer)", b"(Reader)"),
    ("6.7.3-7", b"(Generator)", b"(Motor)"),
    ("6.7.3-8", b"030406+07", b"030407+07"),
):
    swap(_rule, INFO, _old, _new)
one("6.7.3-2", changed_packet("x-default", "vi"))
one("6.7.3-3", changed_packet("(<rdf:li>Văn thư</rdf:li>)", r"\1<rdf:li>Other</rdf:li>"))
one("6.7.3-5", changed_packet("<pdf:Keywords.*</pdf:Keywords>", ""))
one("6.7.3-8", changed_packet("<xmp:ModifyDate.*</xmp:ModifyDate>", ""))
one("6.7.9-2", changed_packet("<pdfaid:part>",
    '<d:x xmlns:d="http://ns.adobe.com/xmp/1.0/DynamicMedia/">1</d:x><pdfaid:part>'))  # fmt: skip
one("6.7.11-3", changed_packet(">B<", ">U<"))

# --- part 3: embedded files


def three(rule: str, number: int, old: bytes, new: bytes) -> None:
    """Register for part 3: in object `number`, `old` becomes `new`."""
    THREE.setdefault(rule, []).append(lambda file: file.replace(number, old, new))


three("6.8-1", 26, b"/Subtype /text#2Fxml", b"")
three("6.8-1", 26, b"/Subtype /text#2Fxml", b"/Subtype /xml")
three("6.8-2", 27, b"/UF (a.xml)", b"")
three("6.8-2", 27, b"/F (a.xml)", b"")
three("6.8-3", 27, b"/AFRelationship /Data", b"")
three("6.8-3", 27, b"/AFRelationship /Data", b"/AFRelationship (Data)")
three("6.8-4", CATALOG, b"/AF [27 0 R]", b"/Names << /EmbeddedFiles << /Names [(a.xml) 27 0 R] >> >>")
three("6.8-4", CATALOG, b"/AF [27 0 R]", b"/Own 27 0 R /AF [23 0 R]")

# What a broken part makes impossible to see besides, or breaks with it; everything else must be found alone.
_TWO = {
    "6.1.6-2": {"reader"},
    "6.1.7.1-1": {"reader"},
    "6.1.7.1-2": {"reader"},
    "6.1.7.2-1": {"6.2.2-1", "reader"},
    "6.1.13-3": {"reader"},
    "6.1.13-7": {"6.1.9-1", "reader"},
    "6.2.2-2": {"6.2.11.4.1-1"},
    "6.2.3-1": {"6.2.4.3-2", "6.2.4.3-4", "6.2.10-2"},
    "6.2.11.2-3": {"6.2.11.4.1-1"},
    "6.2.11.2-4": {"6.2.11.5-1"},
    "6.2.11.6-1": {"6.2.11.8-1"},
    "6.2.11.6-4": {"6.2.11.8-1"},
    "6.4.1-1": {"6.4.1-2"},
    "6.6.2.1-1": {"6.6.4-1"},
    "6.6.2.1-5": {"6.6.2.1-2", "6.6.2.1-3", "6.6.2.1-4"},
    "6.6.4-1": {"6.6.4-3"},
    "6.8-2": {"6.8-5"},
}
ACCOMPANIED_OF = {
    "1": {
        "6.1.6-2": {"reader"},
        "6.1.7-1": {"reader"},
        "6.1.7-2": {"reader"},
        "6.1.10-1": {"6.2.10-1", "reader"},
        "6.1.11-1": {"6.1.11-2"},
        "6.2.2-1": {"6.2.3.3-1", "6.2.3.3-3"},
        "6.3.2-3": {"6.3.4-1"},
        "6.3.2-4": {"6.3.6-1"},
        "6.3.7-3": {"6.3.5-1"},
        "6.6.2-1": {"6.6.2-2"},
    },
    "2": _TWO,
    "3": {**_TWO, "6.6.4-1": {"6.6.4-3", "6.8-5"}, "6.6.4-2": {"6.8-5"}},
}
__all__ = ["ACCOMPANIED_OF", "FROM_PART_2", "ONE", "THREE", "VIOLATIONS_OF"]
