from __future__ import annotations

import pikepdf
import pytest

from api.demo.agency import DEMO_AGENCY
from policies.layout import Box, LeaderAnchor, Rect, SealAnchor, SealSpec
from policies.vocabulary import FieldRole
from signer.creation.append import append
from signer.creation.plan import PreparationPlan, acts
from signer.creation.prepare import prepare
from signer.errors import DocumentRefused
from tests.signer.creation.issuing import LEADER, SHAPES, STAMP

NUMBER = Box(FieldRole.NUMBER, 0, Rect(100, 700, 140, 716), "AnTinNumber")


def leader(name, rect=None, page=0):
    return Box(FieldRole.LEADER, page, rect or Rect(300, 100, 400, 150), name)


def refusal(path, *boxes):
    with pytest.raises(DocumentRefused) as caught:
        prepare(path, PreparationPlan(boxes))
    return caught.value.id


def test_every_field_is_as_the_design_says(issued):
    with pikepdf.Pdf.open(issued[1]) as document:
        form = document.Root.AcroForm
        fields = {str(field.T): field for field in form.Fields}
        assert form.SigFlags == 3 and "/NeedAppearances" not in form and "/XFA" not in form
        assert list(fields) == [LEADER, "AnTinNumber", "AnTinDay", "AnTinMonth", STAMP]
        for name, field in fields.items():
            assert "/AP" not in field and "/A" not in field and "/AA" not in field and "/V" not in field
            assert "." not in name and field.P.objgen == document.pages[0].obj.objgen
            assert (132 if field.FT == "/Sig" else 4) == field.F
            if field.FT == "/Tx":
                font = str(field.DA).split()[0]
                assert "/FontFile2" in form.DR.Font[font].DescendantFonts[0].FontDescriptor
        lock = fields[LEADER].Lock
        assert (lock.Action, lock.P) == ("/Exclude", 2)
        assert [str(name) for name in lock.Fields] == ["AnTinNumber", "AnTinDay", "AnTinMonth", STAMP]
        assert fields[STAMP].Lock.Action == "/All" and fields[STAMP].Lock.P == 2
        assert all("/SV" not in field for field in fields.values())
        assert "/Perms" not in document.Root


def test_several_leaders_initials_and_seals_leave_every_later_act_open(desk):
    base = desk.base(leaders=DEMO_AGENCY.leaders[:2])
    anchors = tuple(LeaderAnchor(name=leader.name) for leader in DEMO_AGENCY.leaders[:2])
    seals = (SealAnchor(SealSpec(36), 0), SealAnchor(SealSpec(30), 1))
    prepared = desk.prepared(base, leaders=anchors, initials=2, seals=seals)
    with pikepdf.Pdf.open(prepared) as document:
        fields = list(document.Root.AcroForm.Fields)
        names = [str(field.T) for field in fields]
        for index, field in enumerate(fields):
            if field.FT != "/Sig":
                continue
            later = names[index + 1 :]
            assert [str(name) for name in field.Lock.get("/Fields", [])] == later
            assert field.Lock.Action == ("/Exclude" if later else "/All")
    expected = ["Initial1", "Initial2", "Leader1", "Leader2", "Number", "Day", "Month", "Seal1", "Seal2"]
    assert names == [f"AnTin{name}" for name in expected]


def test_acts_come_in_legal_order_whatever_the_order_given():
    boxes = (
        Box(FieldRole.SEAL, 0, Rect(0, 0, 9, 9), "S"),
        NUMBER,
        leader("L2"),
        leader("L1"),
        Box(FieldRole.INITIAL, 0, Rect(0, 0, 9, 9), "I"),
    )
    found = acts(PreparationPlan(boxes))
    assert [act.box.name for act in found] == ["I", "L2", "L1", "AnTinNumber", "S"]
    assert [act.open_fields for act in found][1:] == [
        ("L1", "AnTinNumber", "S"),
        ("AnTinNumber", "S"),
        (),
        (),
    ]


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_before_the_revision_is_touched_and_bytes_repeat(desk, shape):
    base = SHAPES[shape](desk.base())
    before = base.read_bytes()
    prepared = desk.prepared(base)
    assert base.read_bytes() == before and prepared.read_bytes().startswith(before)
    again = prepare(base, PreparationPlan(desk.layout.boxes))
    assert prepared.read_bytes() == before + again.tail
    kind = b"/Type /XRef" in again.tail
    assert kind == ("streams" in shape)


def test_refused_when_signed_already(issued):
    assert refusal(issued[2], leader("Other")) == "document.already-signed"


def test_refused_when_a_later_revision_hides_a_signature(issued, tmp_path):
    """Attack: an appended catalog without /AcroForm makes a signed file look unsigned."""
    hidden = tmp_path / "hidden.pdf"
    data = issued[2].read_bytes()
    with pikepdf.Pdf.open(issued[2]) as document:
        number, size = document.Root.objgen[0], int(document.trailer.Size)
        pages = document.Root.Pages.objgen[0]
    at = len(data)
    prev = int(data.rsplit(b"startxref", 1)[1].split()[0])
    body = b"%d 0 obj\n<</Type /Catalog /Pages %d 0 R>>\nendobj\n" % (number, pages)
    table = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d /Root %d 0 R /Prev %d>>\n"
    tail = body + table % (number, at, size, number, prev)
    hidden.write_bytes(data + tail + b"startxref\n%d\n%%%%EOF\n" % (at + len(body)))
    assert refusal(hidden, leader("Other")) == "document.already-signed"


def test_refused_when_prepared_already(issued):
    assert refusal(issued[1], leader(LEADER)) == "document.already-prepared"


@pytest.mark.parametrize(
    "rect",
    [Rect(590, 100, 700, 150), Rect(-50, 0, 50, 50), Rect(10, 10, 10, 40), Rect(40, 10, 10, 40)],
)
def test_refused_when_a_box_is_not_on_its_page(desk, rect):
    assert refusal(desk.base(), leader("L", rect)) == "document.box-outside-page"


def test_refused_on_a_page_that_is_not_there(desk):
    assert refusal(desk.base(), leader("L", page=7)) == "document.no-such-page"


@pytest.mark.parametrize("name", ["A.B", "", "Chữ", "a b", "x" * 65, "\u202egnp"])
def test_refused_names(desk, name):
    assert refusal(desk.base(), leader(name)) == "document.box-names"
    assert refusal(desk.base(), leader("Same"), leader("Same")) == "document.box-names"


def test_refused_bytes_behind_the_end(desk):
    """Attack: bytes after the last %%EOF are shown by some readers and not by others."""
    base = desk.base()
    base.write_bytes(base.read_bytes() + b"%hidden\n")
    assert refusal(base, leader("L")) == "document.malformed"


def test_refused_xfa(desk):
    base = desk.base()
    with pikepdf.Pdf.open(base, allow_overwriting_input=True) as document:
        document.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=pikepdf.String("x"))
        document.save(base)
    assert refusal(base, leader("L")) == "document.xfa"


def test_an_existing_form_is_extended_not_replaced(desk):
    base = desk.base()
    with pikepdf.Pdf.open(base, allow_overwriting_input=True) as document:
        field = document.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Widget,
                FT=pikepdf.Name.Tx,
                T=pikepdf.String("Old"),
                Rect=[10, 10, 60, 30],
            )
        )
        font = document.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Font))
        document.Root.AcroForm = pikepdf.Dictionary(
            Fields=[field], NeedAppearances=True, DR=pikepdf.Dictionary(Font=pikepdf.Dictionary(Helv=font))
        )
        document.pages[0].Annots = document.make_indirect(pikepdf.Array([field]))
        document.save(base)
    with pikepdf.Pdf.open(desk.prepared(base)) as document:
        form = document.Root.AcroForm
        assert str(form.Fields[0].T) == "Old" and len(form.Fields) == 6
        assert {"/Helv", "/AnTinRoman", "/AnTinItalic"} == set(form.DR.Font.keys())
        assert "/NeedAppearances" not in form
        assert len(document.pages[0].Annots) == 6


def test_refused_when_a_font_name_is_taken(desk):
    base = desk.base()
    with pikepdf.Pdf.open(base, allow_overwriting_input=True) as document:
        fonts = pikepdf.Dictionary(AnTinRoman=document.make_indirect(pikepdf.Dictionary()))
        document.Root.AcroForm = pikepdf.Dictionary(Fields=[], DR=pikepdf.Dictionary(Font=fonts))
        document.save(base)
    assert refusal(base, NUMBER) == "document.already-prepared"


def test_a_page_without_output_intent_gets_a_blending_space(desk):
    base = desk.base()
    with pikepdf.Pdf.open(base, allow_overwriting_input=True) as document:
        del document.Root.OutputIntents
        document.save(base)
    sealed = desk.sealed(desk.signed(desk.prepared(base)))
    with pikepdf.Pdf.open(sealed) as document:
        page = document.pages[0]
        assert page.Group.S == "/Transparency" and page.Group.CS[0] == "/CalRGB"
        shown = {str(field.T): field.AP.N for field in document.Root.AcroForm.Fields}
        image = shown[LEADER].Resources.XObject.Im
        assert image.ColorSpace[0] == "/CalRGB" and image.SMask.ColorSpace == "/DeviceGray"
        assert shown["AnTinNumber"].Resources.ColorSpace.DefaultGray[0] == "/CalGray"


def test_invisible_fields_may_be_prepared(desk):
    base = desk.base()
    plan = PreparationPlan((leader("L", Rect(0, 0, 0, 0)),))
    append(base, prepare(base, plan), desk.folder / "p.pdf")
    signed = desk.signed(desk.folder / "p.pdf", "L", appearance=None)
    with pikepdf.Pdf.open(signed) as document:
        assert "/AP" not in document.Root.AcroForm.Fields[0]
