"""Reading files by random access: every shape that is allowed, and every trap by name."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import zlib
from pathlib import Path

import pikepdf
import pytest

from signer.document.objects import ReaderLimits
from signer.document.reader import PdfFile
from signer.document.revisions import History
from signer.document.syntax import HexString, Name, Ref, serialize
from signer.errors import DocumentRefused
from tests import memory
from tests.conftest import need_tool
from tests.signer.document import build
from tests.signer.document.build import CATALOG, CONTENT, PAGE, PAGES, append, flate, new, page, stream

SHAPES = {
    "table": {"object_stream_mode": pikepdf.ObjectStreamMode.disable},
    "object streams": {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
    "linearised": {"linearize": True, "object_stream_mode": pikepdf.ObjectStreamMode.disable},
    "linearised object streams": {"linearize": True, "object_stream_mode": pikepdf.ObjectStreamMode.generate},
}


def written(pages: int, **options) -> bytes:
    pdf = pikepdf.new()
    for index in range(pages):
        pdf.add_blank_page()
        pdf.pages[-1].Contents = pdf.make_stream(b"0 0 m %d 100 l S" % index)
    out = io.BytesIO()
    pdf.save(out, **options)
    return out.getvalue()


def refused(data: bytes, act=lambda pdf: pdf.pages(), limits: ReaderLimits | None = None) -> str:
    with pytest.raises(DocumentRefused) as found:
        act(PdfFile.of(data, limits=limits or ReaderLimits()))
    assert found.value.text("vi") and found.value.text("en")
    return found.value.id


# --- every shape


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("pages", [1, 37])
def test_every_shape_reads_the_same(shape, pages):
    pdf = PdfFile.of(written(pages, **SHAPES[shape]))
    assert pdf.page_count == pages
    for index in (0, pages - 1):
        content = pdf.resolve(pdf.page(index).dict["Contents"])
        assert pdf.stream_data(content) == b"0 0 m %d 100 l S" % index
    assert pdf.page(0).dict["MediaBox"] == [0, 0, 612, 792]


@pytest.mark.parametrize(
    "options",
    [["--linearize"], ["--object-streams=generate"], ["--qdf"], ["--linearize", "--object-streams=generate"]],
)
def test_files_written_by_qpdf_read(tmp_path, options):
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    source.write_bytes(build.prepared())
    subprocess.run([need_tool("qpdf"), *options, source, target], check=True)
    with PdfFile.open(target) as pdf:
        assert pdf.page_count == 1
        assert b"Quyet dinh" in pdf.stream_data(pdf.resolve(pdf.page(0).dict["Contents"]))
        assert len(pdf.dictionary(pdf.catalog["AcroForm"])["Fields"]) == 4


def hybrid() -> bytes:
    """Object 70 stands in an object stream; the table says that it is free, /XRefStm where it is."""
    base = build.prepared()
    at_packed = len(base)
    out = (
        base
        + b"71 0 obj\n"
        + serialize(stream(b"70 0 << /A 1 >>", Type=Name("ObjStm"), N=1, First=5))
        + b"\nendobj\n"
    )
    at_stream = len(out)
    out += build.xref_stream({70: (71, 0), 71: at_packed}, {"Size": 73, "Root": Ref(CATALOG)}, 72, at_stream)
    at_table = len(out)
    trailer = {"Size": 73, "Root": Ref(CATALOG), "Prev": PdfFile.of(base).startxref, "XRefStm": at_stream}
    out += b"xref\n70 1\n0000000000 65535 f\r\n" + b"trailer\n" + serialize(trailer)
    return out + b"\nstartxref\n%d\n%%%%EOF\n" % at_table


def test_a_hybrid_file_shows_what_its_table_hides():
    pdf = PdfFile.of(hybrid())
    assert pdf.sections[0].kind == "hybrid"
    assert pdf.get(70) == {"A": 1}
    assert pdf.entry(70).kind == "c"
    assert {70, 71, 72} <= set(pdf.sections[0].entries)
    assert pdf.page_count == 1


def test_entries_of_nineteen_bytes_are_read():
    data = new({CATALOG: {"Type": Name("Catalog"), "Pages": Ref(PAGES)}, PAGES: {"Kids": [], "Count": 0}})
    place = data.index(b"xref\n")
    loose = data[:place] + data[place:].replace(b"\r\n", b"\n")
    assert PdfFile.of(loose).catalog["Type"] == "Catalog"


@pytest.mark.parametrize("size", [18, 19, 21])
def test_a_long_table_of_such_entries_is_read_to_the_end_of_the_file(size):
    """Hundreds of them: at 20 bytes each the table would be longer than the file."""
    data = build.prepared()
    numbers = range(1_000, 2_500)
    objects = b"".join(b"%d 0 obj\n%d\nendobj\n" % (num, num) for num in numbers)
    offsets = [len(data) + match.start() for match in re.finditer(rb"(?m)^\d+ 0 obj", objects)]
    with PdfFile.of(data) as pdf:
        prev, at = pdf.startxref, len(data) + len(objects)
    form = {18: b"%010d 0000 n\n", 19: b"%010d 00000 n\n", 21: b"%010d 00000 n  \r\n"}[size]
    rows = b"".join(form % where for where in offsets)
    trailer = b"trailer\n<</Size 2500/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (prev, at)
    pdf = PdfFile.of(data + objects + b"xref\n1000 1500\n" + rows + trailer)
    assert [pdf.get(num) for num in (1_000, 1_700, 2_499)] == [1_000, 1_700, 2_499]


def test_a_table_that_claims_more_than_the_file_holds_is_refused():
    data = build.prepared()
    place = data.rindex(b"xref\n", 0, data.rindex(b"startxref"))
    claimed = data[:place] + b"xref\n0 8000000\n" + data[place + 5 :]
    assert refused(claimed, lambda pdf: pdf.catalog) == "document.xref-damaged"


def test_the_same_file_under_other_limits_keeps_to_them():
    nested = b"1 0 obj\n" + b"[" * 9 + b"]" * 9 + b"\nendobj\n"
    head = b"%PDF-1.7\n"
    table = b"xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer\n<< /Size 2 >>\nstartxref\n"
    pdf = PdfFile.of(head + nested + table + b"%d\n%%%%EOF\n" % len(head + nested))
    assert pdf.get(1) is pdf.within(ReaderLimits(stream_bytes=1)).get(1)
    with pytest.raises(DocumentRefused):
        pdf.within(ReaderLimits(depth=8)).get(1)


def test_earlier_revisions_read_as_they_were():
    base = build.prepared()
    changed = append(base, {CONTENT: stream(b"new")})
    pdf = PdfFile.of(changed)
    old = pdf.until(len(base))
    assert pdf.stream_data(pdf.get(CONTENT)) == b"new"
    assert b"Quyet dinh" in old.stream_data(old.get(CONTENT))
    assert PdfFile.of(changed, end=len(base)).size == len(base)


def test_bytes_to_be_appended_can_be_looked_at_first(tmp_path):
    base = build.prepared()
    changed = append(base, {CONTENT: stream(b"new")})
    path = tmp_path / "a.pdf"
    path.write_bytes(base)
    with PdfFile.open(path, tail=changed[len(base) :]) as pdf:
        assert pdf.stream_data(pdf.get(CONTENT)) == b"new"
        assert pdf.read(len(base) - 3, 6) == changed[len(base) - 3 : len(base) + 3]


def test_offsets_of_hexadecimal_strings_are_the_files():
    data = build.leader_signed()
    contents = PdfFile.of(data).get(20)["Contents"]
    assert isinstance(contents, HexString)
    assert data[contents.start : contents.start + 1] == b"<"
    assert data[contents.end - 1 : contents.end] == b">"


def test_objects_that_are_free_unknown_or_of_another_generation_are_null():
    pdf = PdfFile.of(append(build.prepared(), {}, freed=(CONTENT,)))
    assert pdf.get(CONTENT) is None
    assert pdf.get(4_000) is None
    assert pdf.resolve(Ref(PAGE, 7)) is None


def test_next_object_number_believes_no_size_that_is_too_small():
    data = append(build.prepared(), {500: {}}, extra={"Size": 3})
    assert PdfFile.of(data).next_object_number == 501


def test_inherited_attributes_come_down_the_tree():
    data = append(
        build.prepared(),
        {
            PAGES: {
                "Type": Name("Pages"),
                "Kids": [Ref(60)],
                "Count": 1,
                "Rotate": 90,
                "CropBox": [0, 0, 9, 9],
            },
            60: {"Type": Name("Pages"), "Kids": [Ref(PAGE)], "Count": 1, "CropBox": [0, 0, 5, 5]},
        },
    )
    found = PdfFile.of(data).page(0).dict
    assert (found["Rotate"], found["CropBox"]) == (90, [0, 0, 5, 5])


# --- streams


PLAIN = b"Quyet dinh 15/QD-UBND " * 40


def test_filters_one_after_the_other():
    data = append(
        build.prepared(),
        {
            70: stream(
                zlib.compress(PLAIN).hex().encode() + b">",
                Filter=[Name("ASCIIHexDecode"), Name("FlateDecode")],
            ),
            71: stream(b"\x04ABCDE\xfeZ\x80", Filter=Name("RunLengthDecode")),
            72: stream(b"87cURD]j7BEbo80~>", Filter=Name("ASCII85Decode")),
            73: stream(b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", Filter=Name("LZWDecode")),
            74: stream(b"raw", Filter=[Name("DCTDecode")]),
        },
    )
    pdf = PdfFile.of(data)
    assert pdf.stream_data(pdf.get(70)) == PLAIN
    assert pdf.stream_data(pdf.get(71)) == b"ABCDEZZZ"
    assert pdf.stream_data(pdf.get(72)) == b"Hello world!"
    assert pdf.stream_data(pdf.get(73)) == b"-----A---B"  # the standard's own example (7.4.4.2)
    assert pdf.stream_data(pdf.get(74)) == b"raw"


@pytest.mark.parametrize("predictor", [2, 10, 11, 12, 13, 14, 15])
def test_predictors_agree_with_qpdf(predictor, tmp_path):
    """Rows of 8 bytes, 3 colours; qpdf undoes the same predictor."""
    rows = bytes((i * 7 + i // 5) & 255 for i in range(24 * 9))
    if predictor == 2:
        packed = rows
    else:
        kind = 4 if predictor == 15 else predictor - 10
        packed = b"".join(bytes((kind,)) + rows[i : i + 24] for i in range(0, len(rows), 24))
    parameters = {"Predictor": predictor, "Columns": 8, "Colors": 3}
    data = append(build.prepared(), {70: flate(packed, DecodeParms=parameters)})
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    with pikepdf.open(path) as other:
        expected = other.get_object(70, 0).read_bytes()
    pdf = PdfFile.of(data)
    assert pdf.stream_data(pdf.get(70)) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (stream(zlib.compress(PLAIN)[:-9], Filter=Name("FlateDecode")), "document.stream-damaged"),
        (stream(b"no zlib", Filter=Name("FlateDecode")), "document.stream-damaged"),
        (stream(b"\xff\xff\xff", Filter=Name("LZWDecode")), "document.stream-damaged"),
        (stream(b"xyz>", Filter=Name("ASCIIHexDecode")), "document.stream-damaged"),
        (stream(b"vvvvv~>", Filter=Name("ASCII85Decode")), "document.stream-damaged"),
        (flate(PLAIN, DecodeParms={"Predictor": 12, "Columns": -1}), "document.stream-damaged"),
        (flate(bytes(8 << 20)), "document.decompression-bomb"),
        (stream(b"\x81\x00" * 60_000, Filter=Name("RunLengthDecode")), "document.decompression-bomb"),
        (stream(b"", Filter=[Name("FlateDecode")] * 9), "document.stream-damaged"),
    ],
)
def test_damaged_streams_and_bombs_are_refused(value, reason):
    data = append(build.prepared(), {70: value})
    assert refused(data, lambda pdf: pdf.stream_data(pdf.get(70), 1 << 20)) == reason


# --- traps


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "document.empty"),
        (b"hello", "document.not-pdf"),
        (b"\n%PDF-1.7\n", "document.not-pdf"),
        (b"%PDF-1.7\n" + bytes(9_000), "document.cut-in-half"),
        (build.prepared()[:600], "document.cut-in-half"),
        (build.prepared() + b"%" * 70_000, "document.cut-in-half"),
    ],
)
def test_what_is_no_whole_pdf_is_refused(data, reason):
    assert refused(data) == reason


@pytest.mark.parametrize("cut", range(700, 1_600, 35))
def test_a_file_cut_anywhere_is_refused_or_an_earlier_revision(cut):
    """An earlier revision may be whole; then the rest are bytes that belong to none."""
    with contextlib.suppress(DocumentRefused):
        pdf = PdfFile.of(build.prepared()[:cut])
        assert pdf.page_count == 1
        assert [f.id for f in History(pdf).findings] == ["hidden-bytes"]


def test_encrypted_files_are_refused():
    out = io.BytesIO()
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.save(out, encryption=pikepdf.Encryption(user="a", owner="b"))
    assert refused(out.getvalue()) == "document.encrypted"


def test_cross_reference_that_names_itself_is_a_loop():
    base = build.prepared()
    assert refused(append(base, {}, prev=len(base))) == "document.xref-loop"


def test_two_cross_references_that_name_each_other_are_a_loop():
    first = new({CATALOG: {"Type": Name("Catalog"), "Pages": Ref(PAGES)}}, extra={"Prev": 1_000_000})
    second_at = len(first)
    first = first.replace(b"/Prev 1000000", b"/Prev %07d" % second_at)
    data = first + b"xref\n0 0\ntrailer\n<</Size 9/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        int(first.rsplit(b"startxref\n", 1)[1].split()[0]),
        second_at,
    )
    assert refused(data) == "document.xref-loop"


def test_more_sections_than_the_limit_are_refused():
    data = build.prepared()
    for _ in range(6):
        data = append(data, {})
    assert refused(data, limits=ReaderLimits(sections=5)) == "document.too-many-revisions"


@pytest.mark.parametrize(
    ("prev", "reason"),
    [
        (-1, "xref-damaged"),
        (0, "xref-damaged"),
        (10**10, "xref-damaged"),
        (7, "malformed"),
        (15, "xref-damaged"),
    ],
)
def test_prev_that_leads_nowhere_is_refused(prev, reason):
    assert refused(append(build.prepared(), {}, prev=prev)) == f"document.{reason}"


def test_object_that_is_not_where_the_table_says_is_refused():
    data = build.prepared()
    bad = data.replace(b"3 0 obj", b"8 0 obj")
    assert refused(bad) == "document.object-mismatch"


def test_two_entries_for_one_object_in_one_section_are_refused():
    base = build.prepared()
    table = b"xref\n70 1\n0000000009 00000 n\r\n70 1\n0000000019 00000 n\r\n"
    data = (
        base
        + table
        + b"trailer\n<</Size 90/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
        % (
            PdfFile.of(base).startxref,
            len(base),
        )
    )
    assert refused(data) == "document.xref-damaged"


def test_an_object_number_beyond_the_limit_is_refused():
    base = build.prepared()
    data = (
        base
        + b"xref\n99999999 1\n0000000009 00000 n\r\ntrailer\n<</Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % len(base)
    )
    assert refused(data) == "document.too-many-objects"


def chain(depth: int) -> bytes:
    objects = {100 + i: {"Type": Name("Pages"), "Kids": [Ref(101 + i)], "Count": 1} for i in range(depth)}
    objects[100 + depth] = page()
    objects[CATALOG] = {"Type": Name("Catalog"), "Pages": Ref(100)}
    return append(build.prepared(), objects)


def test_deep_page_tree_is_refused():
    assert PdfFile.of(chain(50)).page_count == 1
    assert refused(chain(5_000)) == "document.page-tree-too-deep"


def test_page_tree_that_loops_or_branches_into_itself_is_refused():
    loop = append(build.prepared(), {PAGES: {"Type": Name("Pages"), "Kids": [Ref(PAGES)], "Count": 1}})
    assert refused(loop) == "document.page-tree-too-deep"
    lattice = {100 + i: {"Type": Name("Pages"), "Kids": [Ref(101 + i)] * 2, "Count": 2} for i in range(40)}
    data = append(
        build.prepared(), {**lattice, 140: page(), CATALOG: {"Type": Name("Catalog"), "Pages": Ref(100)}}
    )
    assert refused(data) == "document.page-tree-too-deep"


def test_more_pages_than_the_limit_are_refused_and_the_first_is_still_read():
    data = append(
        build.prepared(), {PAGES: {"Type": Name("Pages"), "Kids": [Ref(PAGE)] * 100_000, "Count": 1}}
    )
    limits = ReaderLimits(pages=2_000)
    assert PdfFile.of(data, limits=limits).page(0).ref == Ref(PAGE)
    assert refused(data, limits=limits) == "document.too-many-pages"


@pytest.mark.parametrize("kids", [7, [7], [{"Type": Name("Page")}], {"A": 1}])
def test_kids_that_are_no_references_are_refused(kids):
    data = append(build.prepared(), {PAGES: {"Type": Name("Pages"), "Kids": kids, "Count": 1}})
    assert refused(data) == "document.wrong-type"


def with_object_stream(container: dict, body: bytes, num: int = 70) -> bytes:
    base = build.prepared()
    at = len(base)
    out = base + b"71 0 obj\n" + serialize(flate(body, **container)) + b"\nendobj\n"
    at_stream = len(out)
    trailer = {"Size": 73, "Root": Ref(CATALOG), "Prev": PdfFile.of(base).startxref}
    out += build.xref_stream({num: (71, 0), 71: at}, trailer, 72, at_stream)
    return out + b"startxref\n%d\n%%%%EOF\n" % at_stream


def test_object_stream_bomb_is_refused():
    data = with_object_stream({"Type": Name("ObjStm"), "N": 1, "First": 5}, b"70 0 " + b" " * (64 << 20))
    assert refused(data, lambda pdf: pdf.get(70)) == "document.decompression-bomb"


@pytest.mark.parametrize(
    ("container", "body"),
    [
        ({"Type": Name("ObjStm"), "N": 1, "First": 5}, b"99 0 << >>"),
        ({"Type": Name("ObjStm"), "N": 1_000_000, "First": 5}, b"70 0 << >>"),
        ({"Type": Name("ObjStm"), "N": -1, "First": 5}, b"70 0 << >>"),
        ({"Type": Name("ObjStm"), "N": 1, "First": 5_000}, b"70 0 << >>"),
        ({"Type": Name("Other"), "N": 1, "First": 5}, b"70 0 << >>"),
    ],
)
def test_object_stream_that_is_not_one_is_refused(container, body):
    assert refused(with_object_stream(container, body), lambda pdf: pdf.get(70)) == "document.object-mismatch"


def test_object_stream_inside_an_object_stream_is_refused():
    body = b"71 0 << /Type /ObjStm >>"
    data = with_object_stream({"Type": Name("ObjStm"), "N": 1, "First": 5}, body)
    pdf = PdfFile.of(data)
    pdf.sections[0].parts[0].entry  # noqa: B018
    assert refused(data, lambda p: p.get(70)) == "document.object-mismatch"


def test_length_that_loops_is_refused():
    data = append(build.prepared(), {70: stream(b"abc")}).replace(b"/Length 3", b"/Length 70 0 R")
    fixed = _moved(data)
    assert refused(fixed, lambda pdf: pdf.get(70)) == "document.object-mismatch"


def _moved(data: bytes) -> bytes:
    """The last table's offset, after bytes before it were made longer."""
    place = data.rindex(b"xref\n", 0, data.rindex(b"startxref"))
    return data[: data.rindex(b"startxref")] + b"startxref\n%d\n%%%%EOF\n" % place


def test_wrong_length_is_refused():
    base = build.prepared()
    data = append(base, {70: stream(b"abcdef")}).replace(b"/Length 6", b"/Length 3")
    assert refused(data, lambda pdf: pdf.get(70)) == "document.wrong-type"


def test_chain_of_references_is_refused():
    data = append(build.prepared(), {num: Ref(num + 1) for num in range(70, 99)})
    assert refused(data, lambda pdf: pdf.resolve(Ref(70))) == "document.wrong-type"
    loop = append(build.prepared(), {70: Ref(71), 71: Ref(70)})
    assert refused(loop, lambda pdf: pdf.resolve(Ref(70))) == "document.wrong-type"


def test_an_object_larger_than_the_limit_is_refused():
    data = append(build.prepared(), {70: [b"x" * 1_000] * 100})
    act = lambda pdf: pdf.get(70)  # noqa: E731
    assert refused(data, act, ReaderLimits(object_bytes=50_000)) == "document.object-too-large"


# --- size


def sparse(tmp_path, size: int):
    """A real file whose page content is a stream of `size` zero bytes, most of it a hole on disk."""
    head = b"%PDF-1.7\n4 0 obj\n<</Length " + b"%012d" % size + b">>\nstream\n"
    path = tmp_path / "large.pdf"
    with path.open("wb") as out:
        out.write(head)
        out.seek(len(head) + size)
        out.write(b"\nendstream\nendobj\n")
        offsets = {0: None, 4: 9}
        for num, value in (
            (CATALOG, {"Type": Name("Catalog"), "Pages": Ref(PAGES)}),
            (PAGES, {"Type": Name("Pages"), "Kids": [Ref(PAGE)], "Count": 1}),
            (PAGE, page(Resources={})),
        ):
            offsets[num] = out.tell()
            out.write(b"%d 0 obj\n%b\nendobj\n" % (num, serialize(value)))
        at = out.tell()
        out.write(build.table(offsets) + b"trailer\n<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % at)
    return path


@pytest.mark.parametrize("size", [1 << 30, 5 << 30])
def test_a_file_of_gigabytes_is_read_in_little_memory(tmp_path, size):
    path = sparse(tmp_path, size)
    memory.forget_peak()
    before = memory.peak_kilobytes()
    with PdfFile.open(path) as pdf:
        assert pdf.size > size
        content = pdf.resolve(pdf.page(0).dict["Contents"])
        assert content.length == size
        assert pdf.entry(PAGE).where > size
        with pytest.raises(DocumentRefused) as found:
            pdf.stream_data(content)
    assert found.value.id == "document.decompression-bomb"
    assert memory.peak_kilobytes() - before < 16 << 10
    path.unlink()


def test_closing_closes():
    for _ in range(3):
        with pytest.raises(DocumentRefused):
            PdfFile.open(__file__)
    assert os.path.realpath(__file__) not in map(os.path.realpath, Path("/proc/self/fd").iterdir())
