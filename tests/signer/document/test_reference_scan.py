"""Who refers to whom, found without reading: never less than the parser finds, the same in what is usual."""

from __future__ import annotations

from collections import Counter
from io import BytesIO

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.demo.documents import decision
from signer.document.reader import PdfFile
from signer.document.reference_scan import direct_references, references
from signer.errors import DocumentRefused


def parsed(pdf):
    found = {}
    for num in pdf.numbers():
        try:
            found[num] = Counter(ref.num for ref in direct_references(pdf.load(num)))
        except DocumentRefused:
            continue
    return found


def scanned(pdf):
    return {num: Counter(refs) for num, refs in references(pdf) if refs is not None}


def one(body):
    """A file whose object 1 is this."""
    return _file([body])


def _file(bodies):
    data, rows = b"%PDF-1.7\n", []
    for number, body in enumerate((*bodies, b"<</Type/Catalog/Pages 1 0 R>>"), 1):
        rows.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(rows) + 1)
    table += b"".join(b"%010d 00000 n \n" % row for row in rows)
    trailer = b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(rows) + 1,
        len(rows),
        len(data),
    )
    return data + table + trailer


def repacked(mode, linear=False):
    with pikepdf.open(BytesIO(decision())) as pdf:
        pdf.Root.Odd = pikepdf.String("5 0 R (endobj) \\ %")
        out = BytesIO()
        pdf.save(out, object_stream_mode=mode, linearize=linear)
        return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        decision(),
        repacked(pikepdf.ObjectStreamMode.disable),
        repacked(pikepdf.ObjectStreamMode.disable, linear=True),
        repacked(pikepdf.ObjectStreamMode.generate),
    ],
    ids=["ours", "table", "linear", "streams"],
)
def test_it_finds_what_the_parser_finds(data):
    with PdfFile.of(data) as pdf:
        assert scanned(pdf) == parsed(pdf)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"[7 0 R 8 0 R]", {7: 1, 8: 1}),
        (b"[7 0 R 7 0 R]", {7: 2}),
        (b"[1 7 0 R]", {7: 1}),
        (b"[7\x000\nR]", {7: 1}),
        (b"[7 000000 R +7 0 R 7 +0 R 7 -0 R 00000000000007 0 R]", {7: 5}),
        (b"[7 % a comment\n 0 R]", {7: 1}),
        (b"<</A(9 0 R)/B 8 0 R>>", {8: 1}),
        (b"<</A(9 (0 R)\\) endobj )/B 8 0 R>>", {8: 1}),
        (b"<</A( endobj )/B 8 0 R>>", {8: 1}),
        (b"<</A( stream\n )/B 8 0 R>>", {8: 1}),
        (b"<</endobj 7 0 R/B 8 0 R>>", {7: 1, 8: 1}),
        (b"<</stream\n 7 0 R/B 8 0 R>>", {7: 1, 8: 1}),
        (b"<</A%endobj \n 7 0 R/B 8 0 R>>", {7: 1, 8: 1}),
        (b"<</A<AB 1 0>/B 8 0 R>>", {8: 1}),
        (b"<</Length 8/P 8 0 R>>\nstream\n9 0 R(%\nendstream", {8: 1}),
        (b"<</Length 8 0 R>>\nstream\r\n[9 0 R]\nendstream", {8: 1}),
        (b"[[7 0 R]/R 1 2/R 8 0 R/A 3 0 /R]", {7: 1, 8: 1}),
        (b"(" + b"x" * 70_000 + b")", {}),
        (b"[" + b"1 " * 40_000 + b"7 0 R]", {7: 1}),
    ],
)
def test_words_that_stand_where_they_mean_nothing(body, wanted):
    with PdfFile.of(_file([body, *[b"null"] * 6, b"8"])) as pdf:
        assert scanned(pdf)[1] == Counter(wanted)


_WORDS = b"7 0 R|8 0 R|7 000000 R|+|-|1 | |\n|(|)|\\|<|>|<<|>>|[|]|/A|/|%|endobj |stream\n|endstream|R|0|obj|\x00|\r"
_PIECES = st.sampled_from(_WORDS.split(b"|"))


@given(st.lists(_PIECES, max_size=24).map(b"".join))
def test_never_less_than_the_parser(body):
    for text in (b"[" + body + b"]", b"<</K " + body + b">>"):
        with PdfFile.of(_file([text, *[b"null"] * 6, b"8"])) as pdf:
            found, known = scanned(pdf), parsed(pdf)
            assert all(not known[num] - found.get(num, Counter()) for num in known)


def test_objects_within_one_another_are_looked_at_a_bounded_number_of_times():
    """Each begins in the one before, and none ends: what is looked at stays within a few times the file."""
    count = 20_000
    data, rows = b"%PDF-1.7\n", []
    for number in range(1, count):
        rows.append(len(data))
        data += b"%d 0 obj [" % number
    rows.append(len(data))
    data += b"\n%d 0 obj\n<</Type/Catalog/Pages 1 0 R>>\nendobj\n" % count
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (count + 1) + b"".join(
        b"%010d 00000 n \n" % row for row in rows
    )
    data += b"%s" % table + b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        count + 1,
        count,
        len(data),
    )
    with PdfFile.of(data) as pdf:
        found = dict(references(pdf))
    assert found.pop(count) == [1]
    assert len(found) == count - 1
    assert not any(found.values())
