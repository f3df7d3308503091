"""Every spelling of a stream whose data are elsewhere is found, and what only looks like one is none."""

from __future__ import annotations

import pytest

from signer.document import external_data
from signer.document.external_data import external_streams
from signer.document.reader import PdfFile

OUTSIDE = {
    "string": rb"/F(page.txt)",
    "string with brackets": rb"/F (pa(g)e.txt)",
    "string with a broken line": b"/F (pa\\\nge.txt)",
    "string that ends oddly": rb"/F (page\).txt)",
    "hexadecimal": rb"/F<70616765>",
    "hexadecimal behind a line": b"/F\r\n<70 61>",
    "empty hexadecimal": rb"/F<>",
    "dictionary": rb"/F<</Type/Filespec/F(a)>>",
    "reference": rb"/F 5 0 R",
    "reference over lines": b"/F\n5\r0\tR",
    "reference with comments": b"/F%x\n5%y\n0 %z\rR",
    "string behind a comment": b"/F% (no) /F 4\n(page.txt)",
    "name in hexadecimal": rb"/#46(page.txt)",
    "a filter alone": rb"/FFilter/FlateDecode",
    "parameters alone": rb"/FDecodeParms<</Columns 1>>",
    "behind much else": b"/Key [" + b" /Filled" * 400 + rb"] /F(page.txt)",
}
INSIDE = {
    "nothing": b"",
    "flags": rb"/F 4",
    "another key": rb"/F1 (page.txt)",
    "in a string": rb"/Note (/F\(page.txt\))",
    "null": rb"/F null",
    "in data": b"",
}
DATA = b"BT /F (page.txt) /F <00> Tj ET"


def made(path, entries, data=b"BT ET", filler=0):
    """A file with one page whose content has these entries; `filler` bytes are another stream."""
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        b"<</Length %d %s>>\nstream\n%s\nendstream" % (len(data), entries, data),
        b"(page.txt)",
        b"<</Length %d>>\nstream\n%s\nendstream" % (filler, b"x" * filler),
    ]
    out, offsets = b"%PDF-1.7\n", []
    for num, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (num, body)
    table = b"".join(b"%010d 00000 n \n" % at for at in offsets)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(bodies) + 1, table)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, start)
    path.write_bytes(out)
    return path


@pytest.fixture(params=[0, 100_000], ids=["all bytes", "object by object"])
def filler(request):
    return request.param


@pytest.mark.parametrize("entries", OUTSIDE.values(), ids=OUTSIDE)
def test_every_spelling_is_found(tmp_path, entries, filler):
    with PdfFile.open(made(tmp_path / "a.pdf", entries, filler=filler)) as pdf:
        assert external_streams(pdf) == (4,)


@pytest.mark.parametrize("entries", INSIDE.values(), ids=INSIDE)
def test_what_only_looks_like_one_is_none(tmp_path, entries, filler):
    with PdfFile.open(made(tmp_path / "a.pdf", entries, DATA, filler)) as pdf:
        assert external_streams(pdf) == ()


BROKEN = {
    "a key twice": rb"/F null",
    "a word that is none": rb"foo",
    "a bracket too many": rb"/A )",
    "names in hexadecimal": rb"/A#42 foo",
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_an_object_that_the_parser_refuses_is_judged_by_its_bytes(tmp_path, broken):
    """The file has an attachment's description, so objects are looked at."""
    for entries, found in ((rb"/F (page.txt) " + broken, (4,)), (rb"/E (page.txt) " + broken, ())):
        extra = b"/A#42" in broken  # what may spell the key is one, in an object that cannot be read
        entries += b" /Q <</Type/Filespec/G 1>>"
        path = made(tmp_path / "a.pdf", entries, b"/F (page.txt) /Other")
        with PdfFile.open(path) as pdf:
            assert external_streams(pdf) == ((4,) if extra else found)


def test_both_ways_are_taken(tmp_path):
    for size, short in ((0, True), (100_000, False)):
        with PdfFile.open(made(tmp_path / "a.pdf", b"", filler=size)) as pdf:
            assert external_data._may_name_files(pdf) is not short
