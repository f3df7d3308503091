"""Cross-references beyond 4 GiB and up to ten digits, read and appended to; sparse files cost no disk.

Only the structure is looked at here: nothing hashes the gigabytes between.
"""

from __future__ import annotations

import subprocess

import pytest

from signer.creation.append import Revision
from signer.creation.pyhanko_revision import PyhankoRevision
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, serialize, serialize_indirect
from signer.errors import DocumentRefused
from tests.conftest import need_tool
from tests.signer.document import build

GIB = 1 << 30
LARGEST = 9_999_999_999


def sparse(path, size: int, *, stream_form: bool) -> None:
    """A document of about `size` bytes: the page's content is a hole, everything else stands behind it."""
    head = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    opening = b"4 0 obj\n<</Length %012d>>\nstream\n"
    length = size - 4_000
    objects = {
        build.CATALOG: build.catalog(),
        build.PAGES: {"Type": Name("Pages"), "Kids": [Ref(build.PAGE)], "Count": 1},
        build.PAGE: build.page([build.LEADER]),
        build.FONT_REF: build.FONT,
        build.INFO: {"Producer": b"test"},
        build.FORM: build.form([build.LEADER]),
        build.LEADER: build.field("Leader", "Sig", (300, 100, 400, 150)),
    }
    with path.open("wb") as file:
        file.write(head + opening % length)
        file.seek(length, 1)
        file.write(b"\nendstream\nendobj\n")
        offsets: dict[int, int | None] = {0: None, build.CONTENT: len(head)}
        for num, value in objects.items():
            offsets[num] = file.tell()
            file.write(serialize_indirect(Ref(num), value))
        at = file.tell()
        file.write(b"%" + b"." * (size - at - 2_000) + b"\n")  # so that the end is where it is wanted
        at = file.tell()
        trailer = {"Size": 11, "Root": Ref(build.CATALOG), "Info": Ref(build.INFO)}
        if stream_form:
            file.write(_wide_section(offsets, {**trailer, "Size": 12}, at))
        else:
            file.write(build.table(offsets) + b"trailer\n" + serialize(trailer) + b"\n")
        file.write(b"startxref\n%d\n%%%%EOF\n" % at)


def _wide_section(offsets: dict[int, int | None], trailer: dict[str, object], at: int) -> bytes:
    rows = b""
    for num in range(12):
        where = at if num == 11 else offsets.get(num)
        rows += b"\0" + bytes(9) if where is None else b"\1" + where.to_bytes(8, "big") + b"\0"
    entries = {**trailer, "Type": Name("XRef"), "W": [1, 8, 1]}
    return serialize_indirect(Ref(11), build.stream(rows, **entries))


def appended(writer: str, path, pdf: PdfFile) -> bytes:
    if writer == "general":
        revision = Revision(pdf)
        change(revision, pdf)
        return revision.appended().tail
    with PyhankoRevision(path, pdf, None) as revision:
        change(revision, pdf)
        return revision.appended().tail


def change(revision: Revision, pdf: PdfFile) -> None:
    revision.put(Ref(build.LEADER), {**pdf.get(build.LEADER), "V": revision.add({"Type": Name("Sig")})})


@pytest.mark.parametrize("writer", ["general", "pyhanko"])
@pytest.mark.parametrize("stream_form", [False, True], ids=["table", "stream"])
@pytest.mark.parametrize("size", [5 * GIB, LARGEST - 2_000], ids=["5 GiB", "ten digits"])
def test_a_revision_is_read_and_appended(tmp_path, size, stream_form, writer):
    path = tmp_path / "large.pdf"
    sparse(path, size, stream_form=stream_form)
    with PdfFile.open(path) as pdf:
        assert pdf.startxref > size - 4_000 and pdf.entry(build.LEADER).where > 4 * GIB
        tail = appended(writer, path, pdf)
    assert len(tail) < 2_000
    with path.open("ab") as file:
        file.write(tail)
    with PdfFile.open(path) as pdf:
        assert pdf.get(pdf.get(build.LEADER)["V"].num) == {"Type": "Sig"}
        assert pdf.entry(build.LEADER).where >= size - 2_000
        assert pdf.page(0).ref.num == build.PAGE
        assert len(pdf.sections) == 2 and pdf.eof == pdf.size
    command = [need_tool("qpdf"), f"--show-object={build.LEADER}", path]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0 and "/V " in told.stdout, told.stderr
    path.unlink()


@pytest.mark.parametrize("writer", ["general", "pyhanko"])
def test_a_table_has_no_room_for_eleven_digits(tmp_path, writer):
    """The general path refuses; what pyHanko would write is read back and refused."""
    path = tmp_path / "large.pdf"
    sparse(path, LARGEST + 1_900, stream_form=False)
    with PdfFile.open(path) as pdf:
        assert pdf.startxref < LARGEST < pdf.size
        with pytest.raises(DocumentRefused):
            read(path, appended(writer, path, pdf))
    path.unlink()


def read(path, tail: bytes) -> object:
    with PdfFile.open(path, tail=tail) as pdf:
        return pdf.get(build.LEADER)
