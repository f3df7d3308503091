"""Every spelling of a stream whose data are elsewhere is found, and what only looks like one is none."""

from __future__ import annotations

import re
from random import Random
from time import process_time

import pytest

from signer.document import external_data
from signer.document.external_data import external_streams
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused

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


def made(path, entries, data=b"BT ET", filler=0, body=None):
    """A file with one page whose content has these entries; `filler` bytes are another stream."""
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        body or b"<</Length %d %s>>\nstream\n%s\nendstream" % (len(data), entries, data),
        b"<</Type/Filespec/F(page.txt)>>",
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


# Bodies of the page's content that our parser refuses, and others show; `@` is the key, or another one.
_DATA = b"\nstream\nBT ET\nendstream"
BROKEN = {
    "a key twice": b"<</Length 5 @ /F null>>" + _DATA,
    "a word that is none": b"<</Length 5 @ foo>>" + _DATA,
    "a bracket too many": b"<</Length 5 @ /A )>>" + _DATA,
    "a byte behind it that is no letter": b"<</Length 5 @\x80>>" + _DATA,
    "control characters behind it": b"<</Length 5 @\x0b\x01>>" + _DATA,
    "behind a key without a value and a word": b"<</Length 5/A>> stream @>>" + _DATA,
    "behind a key without a value and an end": b"<</Length 5/A>>endobj @>>" + _DATA,
    "before an end in an array": b"<</Length 5/A[>>] endobj @>>" + _DATA,
    "behind words of another object": b"<</Length 5 endobj 6 0 obj null endobj @>>" + _DATA,
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize(
    "key", [b"/F (page.txt)", b"/#46 (page.txt)", b"/F<z7061>", b"/F 5 0R", b"/F 5.0 0 R"]
)
def test_an_object_that_the_parser_refuses_is_judged_by_its_bytes(tmp_path, broken, key, filler):
    with PdfFile.open(made(tmp_path / "a.pdf", b"", filler=filler, body=broken.replace(b"@", key))) as pdf:
        assert external_streams(pdf) == (4,)


SURE = [
    name for name in BROKEN if name != "before an end in an array"
]  # where readers disagree, it has no end


@pytest.mark.parametrize("broken", [BROKEN[name] for name in SURE], ids=SURE)
def test_a_broken_object_beside_an_attachment_is_none(tmp_path, broken, filler):
    """The attachment's description lies in an object that the parser takes."""
    body = broken.replace(b"@", b"/E (page.txt)")
    with PdfFile.open(
        made(tmp_path / "a.pdf", b"", filler=filler, body=body.replace(b"/F null", b"/E 1"))
    ) as pdf:
        assert external_streams(pdf) == ()


@pytest.mark.parametrize("key", [b"/F 5 +0 R", b"/F +5 0 R", b"/F%\n5 0 R", b"/F" + b" " * 3000 + b"(a)"])
def test_odd_spellings_that_the_parser_takes(tmp_path, key, filler):
    with PdfFile.open(made(tmp_path / "a.pdf", key, filler=filler)) as pdf:
        assert external_streams(pdf) == (4,)


@pytest.mark.parametrize("to", ["stream", "endobj of before", "own endobj"])
def test_an_entry_that_leads_beside_the_object(tmp_path, to, filler):
    """Readers that repair a file find it all the same."""
    path = made(tmp_path / "a.pdf", b"/F(page.txt)", filler=filler)
    data = path.read_bytes()
    at = data.index(b"4 0 obj")
    wrong = {
        "stream": data.index(b"stream", at),
        "endobj of before": data.rindex(b"endobj", 0, at),
        "own endobj": data.index(b"endobj", at),
    }[to]
    path.write_bytes(data.replace(b"%010d 00000 n" % at, b"%010d 00000 n" % wrong))
    with PdfFile.open(path) as pdf:
        assert external_streams(pdf) == (4,)


def test_an_entry_that_leads_to_nothing_is_none(tmp_path, filler):
    """As careless writers leave one for a number that nobody uses."""
    path = made(tmp_path / "a.pdf", b"", filler=filler)
    data = path.read_bytes()
    at = data.index(b"5 0 obj")
    path.write_bytes(data.replace(b"%010d 00000 n" % at, b"%010d 00000 n" % 0))
    with PdfFile.open(path) as pdf:
        assert external_streams(pdf) == ()


@pytest.mark.parametrize("data", [b"/F%" * 20_000, b"/F()%" * 20_000, b"/F0%" * 20_000, b"/F " * 20_000])
def test_many_places_take_no_time(tmp_path, data, filler):
    with PdfFile.open(made(tmp_path / "a.pdf", b"", data, filler)) as pdf:
        assert external_streams(pdf) == ()


def test_a_refused_object_in_the_data_of_another(tmp_path, filler):
    """Readers go where the table leads."""
    inner = b"4 0 obj <</Length 5/F(page.txt)/F null>> stream\nBT ET\nendstream endobj"
    body = b"<</Length %d>>\nstream\n%s\nendstream" % (len(inner), inner)
    path = made(tmp_path / "a.pdf", b"", filler=filler, body=body)
    data = path.read_bytes()
    outer, within = (at.start() for at in re.finditer(rb"4 0 obj", data))
    path.write_bytes(data.replace(b"%010d 00000 n" % outer, b"%010d 00000 n" % within))
    with PdfFile.open(path) as pdf:
        assert external_streams(pdf) == (4,)


AMONG = (
    b"4 0 obj <<%s/V (\n5 0 obj <</Length %%d>> stream\n%%s) %%s/Length 5>> stream\n%%s\nendstream endobj\n"
)
OVER = {
    "a string": b"4 0 obj <</Note (\n5 0 obj <</Length %d>> stream\n%s) %s/Length 5>> stream\n%s\nendstream endobj\n",
    "a string with a bracket": b"4 0 obj <</Note (()\\(\n5 0 obj <</Length %d>> stream\n%s) %s/Length 5>> stream\n%s\n"
    b"endstream endobj\n",
    "a comment": b"4 0 obj %% 5 0 obj <</Length %d>> stream\n%s\n<<%s/Length 5>> stream\n%s\nendstream endobj\n",
    "a string of digits": b"4 0 obj <</Note <\n5 0 obj <</Length %d>> stream\n%s> %s/Length 5>> stream\n%s\n"
    b"endstream endobj\n",
    "an array": b"4 0 obj <</Note [ \n5 0 obj <</Length %d>> stream\n%s endobj ] %s/Length 5>> stream\n%s\n"
    b"endstream endobj\n",
    "a bracket of another kind": AMONG % b"/A ] /E endobj",
    "brackets of another kind": AMONG % b"/A [ >> >> 1 endobj ]",
    "many of another kind": AMONG % b"/A ]]] /E stream",
    "what is no digit": AMONG % b"/A <z << > /B 1 >> /E endobj",
    "an image within": AMONG % b"/X BI ID >> /E endobj q EI",
}


TAKEN = ("a string", "a string with a bracket", "a comment")  # of the others the parser takes none


@pytest.mark.parametrize(
    ("over", "key"),
    [*((over, b"/F(page.txt)/F null") for over in OVER), *((over, b"/F(page.txt)") for over in TAKEN)],
)
def test_an_object_that_reaches_into_the_data_of_another(tmp_path, over, key, filler):
    """Both entries are right: readers that go where the table leads show the other file."""
    rest = b"BT ET\nendstream\nendobj\n" + b"x" * filler
    inner = OVER[over] % (0, b"", key, rest)
    length = len(inner) - inner.index(b"stream\n") - 7 - len(b"\nendstream endobj\n")
    text = OVER[over].replace(b"%d", b"%06d") % (length, b"", key, rest)
    path = made(tmp_path / "a.pdf", b"", body=b"@@@@")
    data = path.read_bytes().replace(b"Filespec/F(", b"Filespec/G(")
    at = data.index(b"4 0 obj\n@@@@")
    old = b"4 0 obj\n@@@@\nendobj\n"
    path.write_bytes(_moved(data, at, old, text))
    with PdfFile.open(path) as pdf:
        assert external_streams(pdf) == (4,)


def _moved(data, at, old, new):
    """The file with `new` instead of `old`, whose entries follow: object 5 is the one within object 4."""
    by = len(new) - len(old)
    table = data.rindex(b"xref\n0 ", 0, data.rindex(b"startxref"))
    head, rows = data[:table].replace(old, new), data[table:]
    within = at + new.index(b"5 0 obj")

    def entry(found):
        where = int(found[1])
        return b"%010d 00000 n" % (where if where <= at else where + by)

    rows = re.sub(rb"(\d{10}) 00000 n", entry, rows)
    rows = rows.replace(
        b"%010d 00000 n" % head.index(b"5 0 obj\n<</Type/Filespec"), b"%010d 00000 n" % within
    )
    return head + re.sub(rb"startxref\n\d+", b"startxref\n%d" % len(head), rows)


@pytest.mark.parametrize(
    "key", [b"/F#46ilter/X", b"/FF#69lter/X", b"/F#44ecodeParms<<>>", b"/FDecode#50arms[]"]
)
def test_letters_by_their_numbers(tmp_path, key, filler):
    path = made(tmp_path / "a.pdf", key, filler=filler)
    path.write_bytes(path.read_bytes().replace(b"Filespec/F(", b"Filespec/G("))
    with PdfFile.open(path) as pdf:
        assert external_streams(pdf) == (4,)


def test_an_older_copy_of_a_refused_object(tmp_path, filler):
    """Readers that repair the file take it."""
    path = made(tmp_path / "a.pdf", b"/F(page.txt)", filler=filler)
    data = path.read_bytes()
    at, before = len(data), int(data.split(b"startxref\n")[1].split()[0])
    later = b"garbage here\n"
    table = b"xref\n4 1\n%010d 00000 n \ntrailer\n<</Size 7/Root 1 0 R/Prev %d>>\n" % (at, before)
    path.write_bytes(data + later + table + b"startxref\n%d\n%%%%EOF\n" % (at + len(later)))
    with PdfFile.open(path) as pdf:
        assert external_streams(pdf) == (4,)


@pytest.mark.parametrize("length", [100, 99_993, 2_000_000])
def test_an_image_whose_length_lies_is_none(tmp_path, length):
    """Its data may hold the bytes of such a key by chance."""
    image = (b"\xff\xd8" + b"/F(\x01/F%\x02" * 20).ljust(100_000, b"\x7f")
    body = b"<</Length %d/Subtype/Image>>\nstream\n%s\nendstream" % (length, image)
    for filler in (0, 100_000):
        with PdfFile.open(made(tmp_path / "a.pdf", b"", filler=filler, body=body)) as pdf:
            assert external_streams(pdf) == ()


def test_a_file_of_another_generation(tmp_path, filler):
    with PdfFile.open(made(tmp_path / "a.pdf", b"/F 5 1 R", filler=filler)) as pdf:
        assert external_streams(pdf) == (4,)


def test_a_file_without_such_a_place_is_not_parsed(tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(external_data._Objects, "read_all", lambda self: read.append(self))
    for size, parsed in ((0, False), (100_000, True)):
        read.clear()
        path = made(tmp_path / "a.pdf", b"", filler=size)
        path.write_bytes(path.read_bytes().replace(b"/F(", b"/G("))
        with PdfFile.open(path) as pdf:
            external_streams(pdf)
            assert bool(read) is parsed


@pytest.mark.parametrize("to", ["head", 0, 9_999_999, "endobj"])
def test_an_entry_that_leads_elsewhere_and_the_object_in_the_data_of_another(tmp_path, to, filler):
    """Readers that mend the table look for its head everywhere."""
    inner = b"\n4 0 obj\n<</F(page.txt)/Length 5>>\nstream\nBT ET\nendstream\nendobj\n" + b"x" * filler
    body = b"<</Length %d>>\nstream\n%s\nendstream" % (len(inner), inner)
    path = made(tmp_path / "a.pdf", b"", body=body)
    data = (
        path.read_bytes()
        .replace(b"Filespec/F(", b"Filespec/G(")
        .replace(b"4 0 obj\n<</Len", b"6 0 obj\n<</Len")
    )
    at = data.index(b"6 0 obj\n")
    four, six = (b"%010d 00000 n" % place for place in (at, data.rindex(b"6 0 obj\n")))
    where = {"head": at, "endobj": data.index(b"endobj")}.get(to, to)
    data = data.replace(six, b"%010d 00000 m" % at).replace(four, b"%010d 00000 n" % where)
    path.write_bytes(data.replace(b"00000 m", b"00000 n"))
    with PdfFile.open(path) as pdf:
        assert external_streams(pdf) == (4,)


@pytest.mark.parametrize("letter", [b"#00x", b"#0Zx", b"\x0b", b"\x80", b"\xff", b"#0B"])
def test_letters_that_end_a_name_for_some(tmp_path, letter, filler):
    path = made(tmp_path / "a.pdf", b"/F%s(page.txt)" % letter, filler=filler)
    path.write_bytes(path.read_bytes().replace(b"Filespec/F(", b"Filespec/G("))
    with PdfFile.open(path) as pdf:
        assert external_streams(pdf) == (4,)


def numbered(objects, start=b"%PDF-1.7\n"):
    """The bytes of these objects, and where each begins."""
    out, offsets = start, {}
    for num, body in objects:
        offsets[num] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (num, body)
    return out, offsets


PAGES = (
    (1, b"<</Type/Catalog/Pages 2 0 R>>"),
    (2, b"<</Type/Pages/Kids[3 0 R]/Count 1>>"),
    (3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>"),
)


def test_an_object_in_the_line_of_the_header(tmp_path):
    """Some readers skip the header as a comment."""
    first = b"%PDF-1.7\n4 0 obj\n<</F(page.txt)/Length 5>>\nstream\nBT ET\nendstream\nendobj\n"
    out, offsets = numbered(PAGES, first)
    rows = b"".join(b"%010d 00000 n \n" % offsets.get(num, 0) for num in range(1, 5))
    table = b"xref\n0 5\n0000000000 65535 f \n" + rows + b"trailer\n<</Size 5/Root 1 0 R>>\n"
    path = tmp_path / "a.pdf"
    path.write_bytes(out + table + b"startxref\n%d\n%%%%EOF\n" % len(out))
    with PdfFile.open(path) as pdf:
        assert external_streams(pdf) == (4,)


def test_a_stream_in_an_object_stream_is_refused(tmp_path):
    """7.5.7: there is none; some readers take it for one."""
    inner = b"4 0 <</F(page.txt)/Length 5>> stream\nBT ET\nendstream "
    packed = b"<</Type/ObjStm/N 1/First 4/Length %d>>\nstream\n%s\nendstream" % (len(inner), inner)
    out, offsets = numbered([*PAGES, (5, packed)])
    offsets[6] = len(out)
    rows = [b"\0" * 5, *(b"\1" + offsets[num].to_bytes(3, "big") + b"\0" for num in (1, 2, 3))]
    rows += [b"\2\0\0\5\0", *(b"\1" + offsets[num].to_bytes(3, "big") + b"\0" for num in (5, 6))]
    table = b"6 0 obj\n<</Type/XRef/Size 7/W[1 3 1]/Root 1 0 R/Length 35>>\nstream\n%s\nendstream\nendobj\n"
    path = tmp_path / "a.pdf"
    path.write_bytes(out + table % b"".join(rows) + b"startxref\n%d\n%%%%EOF\n" % offsets[6])
    with PdfFile.open(path) as pdf, pytest.raises(DocumentRefused):
        pdf.get(4)


HEADS = [
    b"4 %c\n0 obj",
    b"4\x0b0 obj",
    b"+4 0 obj",
    b"% " + b"c" * 4100 + b"\n4" + b" " * 70 + b"0 obj",
    b"4 0 %x\r obj",
]


@pytest.mark.parametrize("head", HEADS, ids=range(len(HEADS)))
def test_heads_as_some_readers_take_them(tmp_path, head, filler):
    """With a comment, other white space, a sign or much space between their parts; over the data of another."""
    rest = b"BT ET\nendstream\nendobj\n" + b"x" * filler
    template = AMONG.replace(b"4 0 obj", head.replace(b"%", b"%%%%"), 1) % b"/A 1"
    inner = template % (0, b"", b"/F(page.txt)", rest)
    length = len(inner) - inner.index(b"stream\n") - 7 - len(b"\nendstream endobj\n")
    text = template.replace(b"%d", b"%06d") % (length, b"", b"/F(page.txt)", rest)
    path = made(tmp_path / "a.pdf", b"", body=b"@@@@")
    data = path.read_bytes().replace(b"Filespec/F(", b"Filespec/G(")
    path.write_bytes(_moved(data, data.index(b"4 0 obj\n@@@@"), b"4 0 obj\n@@@@\nendobj\n", text))
    with PdfFile.open(path) as pdf:
        assert external_streams(pdf) == (4,)


@pytest.mark.parametrize("head", HEADS[:1] + HEADS[3:4], ids=["comment", "space"])
def test_such_heads_in_the_data_of_another(tmp_path, head, filler):
    inner = b"\n" + head + b"\n<</F(page.txt)/Length 5>>\nstream\nBT ET\nendstream\nendobj\n" + b"x" * filler
    body = b"<</Length %d>>\nstream\n%s\nendstream" % (len(inner), inner)
    path = made(tmp_path / "a.pdf", b"", body=body)
    data = path.read_bytes().replace(b"Filespec/F(", b"Filespec/G(")
    entry = b"%010d 00000 n" % data.index(b"4 0 obj\n<</Len")
    path.write_bytes(data.replace(entry, b"%010d 00000 n" % 9_999_999))
    with PdfFile.open(path) as pdf:
        assert external_streams(pdf) == (4,)


MANY = {
    "in a string": b"(" + b"4 0 obj " * 100_000 + b")",
    "short ones": b"(4 0 obj())" * 100_000,
    "with comments": b"4 %\n0 obj " * 50_000,
}


@pytest.mark.parametrize("many", MANY.values(), ids=MANY)
def test_many_heads_take_no_time(tmp_path, many):
    path = made(tmp_path / "a.pdf", b"/F(page.txt)", many)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"%010d 00000 n" % data.index(b"4 0 obj"), b"%010d 00000 n" % 0))
    began = process_time()
    with PdfFile.open(path) as pdf:
        external_streams(pdf)
    assert process_time() - began < 10  # seconds; quadratic, it took minutes


def test_data_of_a_scan_hardly_ever_look_like_a_place():
    """Each that does makes all objects of a file be parsed."""
    data = Random(7).randbytes(16 << 20)
    found = [place[0] for place in external_data._PLACE.finditer(data)]
    assert len([place for place in found if place[2:3] not in b"(<%"]) <= 1, found
