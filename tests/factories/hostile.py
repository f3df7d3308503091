"""Files that attack a reader, by name. Each takes a path to write to; none is larger than a few megabytes."""

from __future__ import annotations

import functools
import io
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name

from tests.factories.pdfa_file import CATALOG, CONTENT, PAGE, good_file, stream

Maker = Callable[[Path], None]
MAKERS: dict[str, Maker] = {}


def attack(maker: Maker) -> Maker:
    MAKERS[maker.__name__] = maker
    return maker


def _edited(path: Path, edit: Callable[[pikepdf.Pdf], None], **save: object) -> None:
    with pikepdf.open(io.BytesIO(good_file().build())) as pdf:
        edit(pdf)
        pdf.save(path, **save)


def _as_it_is(_: pikepdf.Pdf) -> None:
    return None


def _action(pdf: pikepdf.Pdf, kind: str, **entries: object) -> Dictionary:
    return pdf.make_indirect(Dictionary(Type=Name.Action, S=Name("/" + kind), **entries))


@attack
def empty(path: Path) -> None:
    path.write_bytes(b"")


@attack
def not_a_pdf(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04" + b"word/document.xml" * 100)


@attack
def cut_in_half(path: Path) -> None:
    data = good_file().build()
    path.write_bytes(data[: len(data) // 2])


@attack
def linearised_and_cut(path: Path) -> None:
    _edited(path, _as_it_is, linearize=True)
    path.write_bytes(path.read_bytes()[:-2_000])


@attack
def updated_and_cut(path: Path) -> None:
    path.write_bytes(good_file().build() + b"50 0 obj\n<< /A (" + b"x" * 6_000)


@attack
def damaged_xref(path: Path) -> None:
    path.write_bytes(good_file().build().replace(b"xref\n0 24", b"xref\n0 2x"))


@attack
def bytes_after_the_end(path: Path) -> None:
    path.write_bytes(good_file().build() + b"<html>116 bytes that a web site appended</html>")


@attack
def encrypted(path: Path) -> None:
    _edited(path, _as_it_is, encryption=pikepdf.Encryption(user="u", owner="o"))


@attack
def encrypted_without_user_password(path: Path) -> None:
    _edited(path, _as_it_is, encryption=pikepdf.Encryption(user="", owner="o"))


@attack
def xfa(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.Root.AcroForm.XFA = pdf.make_stream(b"<xdp/>")

    _edited(path, edit)


@attack
def javascript_on_open(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.Root.OpenAction = _action(pdf, "JavaScript", JS="app.alert(1)")

    _edited(path, edit)


@attack
def javascript_by_name(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        script = _action(pdf, "JavaScript", JS="app.alert(1)")
        pdf.Root.Names = Dictionary(JavaScript=Dictionary(Kids=[Dictionary(Names=["a", script])]))

    _edited(path, edit)


@attack
def javascript_behind_a_harmless_action(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        script = _action(pdf, "JavaScript", JS=pdf.make_stream(b"app.alert(1)"))
        pdf.pages[0].Annots[2].A.Next = Array([_action(pdf, "GoTo", Next=script)])

    _edited(path, edit)


@attack
def javascript_in_an_orphan_parent_field(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        script = _action(pdf, "JavaScript", JS="AFNumber_Keystroke()")
        parent = pdf.make_indirect(Dictionary(T="p", AA=Dictionary(K=script)))
        pdf.pages[0].Annots[0].Parent = parent

    _edited(path, edit)


@attack
def javascript_in_an_outline(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        item = pdf.make_indirect(Dictionary(Title="x", A=_action(pdf, "JavaScript", JS="1")))
        pdf.Root.Outlines = pdf.make_indirect(Dictionary(First=item, Last=item, Count=1))

    _edited(path, edit)


@attack
def javascript_with_an_escaped_name(path: Path) -> None:
    file = good_file()
    file.replace(CATALOG, b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /Java#53cript /J#53 (1) >>")
    path.write_bytes(file.build())


@attack
def javascript_on_page_open(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].AA = Dictionary(O=_action(pdf, "JavaScript", JS="1"))

    _edited(path, edit, object_stream_mode=pikepdf.ObjectStreamMode.generate)


@attack
def launch(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].Annots[2].A = _action(pdf, "Launch", F="calc.exe")

    _edited(path, edit)


@attack
def submit_form(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].Annots[0].AA = Dictionary(U=_action(pdf, "SubmitForm", F="http://x"))

    _edited(path, edit)


@attack
def rich_media(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].Annots.append(
            pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=[0, 0, 9, 9]))
        )

    _edited(path, edit)


@attack
def embedded_file(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.attachments["phu-luc.xlsx"] = b"PK"

    _edited(path, edit)


@attack
def attached_by_annotation(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].Annots.append(
            pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=[0, 0, 9, 9]))
        )

    _edited(path, edit)


@attack
def associated_file(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.Root.AF = Array([Dictionary(Type=Name.Filespec, F="a", EF=Dictionary(F=pdf.make_stream(b"PK")))])

    _edited(path, edit)


def _page_tree(path: Path, count: int, declared: int) -> None:
    file = good_file()
    kids = b" ".join(b"%d 0 R" % (100 + index) for index in range(count))
    file.objects[2] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (declared, kids)
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"
    file.objects.update({100 + index: page for index in range(count)})
    path.write_bytes(file.build())


@attack
def hundred_thousand_pages(path: Path) -> None:
    _page_tree(path, 100_000, 100_000)


@attack
def hundred_thousand_pages_that_say_one(path: Path) -> None:
    _page_tree(path, 100_000, 1)


@attack
def one_page_a_thousand_times(path: Path) -> None:
    file = good_file()
    file.objects[2] = b"<< /Type /Pages /Count 1 /Kids [%s] >>" % (b"3 0 R " * 100_000)
    path.write_bytes(file.build())


@attack
def deep_page_tree(path: Path) -> None:
    file = good_file()
    depth = 5_000
    for level in range(depth):
        file.objects[100 + level] = b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % (101 + level)
    file.objects[100 + depth] = file.objects[PAGE]
    file.objects[2] = b"<< /Type /Pages /Count 1 /Kids [100 0 R] >>"
    path.write_bytes(file.build())


@attack
def looping_page_tree(path: Path) -> None:
    file = good_file()
    file.objects[2] = b"<< /Type /Pages /Count 1 /Kids [2 0 R 3 0 R] >>"
    path.write_bytes(file.build())


@attack
def no_pages(path: Path) -> None:
    file = good_file()
    file.objects[2] = b"<< /Type /Pages /Count 0 /Kids [] >>"
    path.write_bytes(file.build())


@functools.cache
def zeros(size: int) -> bytes:
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    return b"".join([*(packer.compress(block) for _ in range(size >> 20)), packer.flush()])


@attack
def object_stream_bomb(path: Path) -> None:
    """The catalog lies in an object stream that unpacks to 256 MiB."""
    bomb = zeros(1 << 28)
    out = b"%PDF-1.7\n" + b"%\xe2\xe3\xcf\xd3\n"
    at_stream = len(out)
    entries = b"/Type /ObjStm /N 1 /First 10 /Filter /FlateDecode"
    out += b"2 0 obj\n<< /Length %d %s >>\nstream\n" % (len(bomb), entries)
    out += bomb + b"\nendstream\nendobj\n"
    at_xref = len(out)
    rows = b"\x00" + bytes(5) + b"\x02" + (2).to_bytes(4, "big") + b"\x00"
    rows += b"\x01" + at_stream.to_bytes(4, "big") + b"\x00" + b"\x01" + at_xref.to_bytes(4, "big") + b"\x00"
    dictionary = b"/Type /XRef /Size 4 /W [1 4 1] /Root 1 0 R /Length %d" % len(rows)
    out += b"3 0 obj\n<< " + dictionary + b" >>\nstream\n" + rows + b"\nendstream\nendobj\n"
    path.write_bytes(out + b"startxref\n%d\n%%%%EOF\n" % at_xref)


@attack
def xref_stream_bomb(path: Path) -> None:
    bomb = zeros(1 << 28)
    out = b"%PDF-1.7\n" + b"%\xe2\xe3\xcf\xd3\n"
    at_xref = len(out)
    dictionary = b"/Type /XRef /Size 4 /W [1 4 1] /Root 1 0 R /Filter /FlateDecode /Length %d" % len(bomb)
    out += b"3 0 obj\n<< " + dictionary + b" >>\nstream\n" + bomb + b"\nendstream\nendobj\n"
    path.write_bytes(out + b"startxref\n%d\n%%%%EOF\n" % at_xref)


@attack
def first_page_bomb(path: Path) -> None:
    file = good_file()
    bomb = zeros(1 << 28)
    file.objects[CONTENT] = stream(bomb, b"/Filter /FlateDecode")
    path.write_bytes(file.build())


@attack
def xref_loop(path: Path) -> None:
    data = good_file().build()
    start = data.rindex(b"xref\n0 ")
    path.write_bytes(data.replace(b"/Size 24", b"/Size 24 /Prev %d" % start))


@attack
def xref_loop_of_two(path: Path) -> None:
    data = good_file().build()
    first = data.rindex(b"xref\n0 ")
    second = len(data.replace(b"/Size 24", b"/Size 24 /Prev 999999"))
    data = data.replace(b"/Size 24", b"/Size 24 /Prev %06d" % second)
    update = b"xref\n0 0\ntrailer\n<< /Size 24 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    path.write_bytes(data + update % (first, second))


@attack
def two_million_objects(path: Path) -> None:
    data = good_file().build()
    start = data.rindex(b"xref\n0 ")
    out = data[:start] + b"xref\n0 2000000\n" + b"0000000000 00000 f \n" * 2_000_000
    path.write_bytes(out + b"trailer\n<< /Size 2000000 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start)


def _signature(pdf: pikepdf.Pdf, **entries: object) -> Dictionary:
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), SubFilter=Name("/ETSI.CAdES.detached"),
            Contents=pikepdf.String(b"\x30\x00"), ByteRange=[0, 1, 2, 3], **entries,
        )
    )  # fmt: skip


@attack
def already_signed(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].Annots[1].V = _signature(pdf)

    _edited(path, edit)


@attack
def certified(path: Path) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        reference = Dictionary(TransformMethod=Name.DocMDP, TransformParams=Dictionary(P=1))
        value = _signature(pdf, Reference=Array([reference]))
        pdf.pages[0].Annots[1].V = value
        pdf.Root.Perms = Dictionary(DocMDP=value)

    _edited(path, edit)


@attack
def marked_secret(path: Path) -> None:
    path.write_bytes(good_file(((60, 700, "MẬT"), (50, 500, "Số: 15/QĐ-UBND"))).build())


@attack
def marked_secret_in_a_stamp(path: Path) -> None:
    file = good_file(((50, 500, "TỐI MẬT"),))
    content = zlib.decompress(file.objects[CONTENT].split(b"stream\n", 1)[1].rsplit(b"\nendstream", 1)[0])
    shown = content[content.rindex(b"BT") :].replace(b"50.00 500.00 Td", b"5 5 Td")
    file.set_content(b"")
    file.objects[50] = stream(
        shown, b"/Type /XObject /Subtype /Form /BBox [0 0 90 30] /Resources << /Font << /F1 8 0 R >> >>"
    )
    file.objects[51] = b"<< /Type /Annot /Subtype /Stamp /F 4 /Rect [60 680 150 710] /AP << /N 50 0 R >> >>"
    file.replace(PAGE, b"22 0 R]", b"22 0 R 51 0 R]")
    path.write_bytes(file.build())
