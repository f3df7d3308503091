"""Stamps land where a reader sees them: pages are rendered and looked at, pixel by pixel."""

from __future__ import annotations

import pikepdf
import pypdfium2
import pytest
from PIL import ImageChops

from api.demo.agency import DEMO_AGENCY
from api.demo.documents import Kind, Leak
from policies.layout import LeaderAnchor, Rect, SealAnchor, SealSpec
from signer.creation.plan import QrPlan
from signer.stamping.images import picture
from tests.signer.creation.issuing import SHAPES, SIGNATURE, object_streams

DPI = 144
SCALE = DPI / 72
MM = DPI / 25.4


def render(path, page=0):
    document = pypdfium2.PdfDocument(path)
    try:
        document.init_forms()
        return document[page].render(scale=SCALE, may_draw_forms=True).to_pil().convert("RGB")
    finally:
        document.close()


def displayed(path, rect, page=0):
    """A user-space rectangle in pixels of the rendered page: left, top, right, bottom."""
    with pikepdf.Pdf.open(path) as document:
        shown = document.pages[page]
        x0, y0, x1, y1 = map(float, shown.cropbox)
        rotation = int(shown.obj.get("/Rotate", 0)) % 360
    corners = [(rect.x0, rect.y0), (rect.x1, rect.y1)]
    turned = {
        0: lambda x, y: (x - x0, y1 - y),
        90: lambda x, y: (y - y0, x - x0),
        180: lambda x, y: (x1 - x, y - y0),
        270: lambda x, y: (y1 - y, x1 - x),
    }[rotation]
    (ax, ay), (bx, by) = [turned(x, y) for x, y in corners]
    return min(ax, bx) * SCALE, min(ay, by) * SCALE, max(ax, bx) * SCALE, max(ay, by) * SCALE


def bounds(image, ink, near):
    """Where this ink is drawn, looking up to 20 pixels around `near` (letters have coloured edges)."""
    red, _, blue = image.split()
    over, under = (blue, red) if ink == "blue" else (red, blue)
    stronger = ImageChops.subtract(over, under).point([0] * 60 + [255] * 196)
    left, top = round(near[0]) - 20, round(near[1]) - 20
    found = stronger.crop((left, top, round(near[2]) + 20, round(near[3]) + 20)).getbbox()
    return found and (found[0] + left, found[1] + top, found[2] + left, found[3] + top)


def close(found, expected, slack=2.5):
    assert found is not None, "nothing is drawn"
    assert all(abs(a - b) <= slack for a, b in zip(found, expected, strict=True)), (found, expected)


def box(desk, name):
    return next(item.rect for item in desk.layout.boxes if item.name == name)


PAGES = {
    "plain": {},
    "rotated-90": {"rotation": 90},
    "rotated-180": {"rotation": 180},
    "rotated-270": {"rotation": 270},
    "cropped": {"crop": (20, 30, 40, 50), "origin": (-100, 60)},
    "cropped-rotated-90": {"crop": (20, 30, 40, 50), "origin": (200, -60), "rotation": 90},
    "cropped-rotated-270": {"crop": (20, 30, 40, 50), "rotation": 270},
    "leaks-state": {"leak": Leak.STATE},
    "leaks-unclosed": {"leak": Leak.UNCLOSED, "rotation": 90},
    "letter": {"kind": Kind.LETTER},
}


@pytest.mark.parametrize("name", PAGES)
def test_signature_seal_number_and_date_stand_where_they_must(desk, name):
    _, prepared, leader, sealed = desk.issued(**PAGES[name])
    blank, signed, stamped = render(prepared), render(leader), render(sealed)
    assert ImageChops.difference(render(desk.folder / "base.pdf"), blank).getbbox() is None
    signature = displayed(leader, box(desk, "AnTinLeader1"))
    close(bounds(signed, "blue", signature), signature)
    expected = displayed(sealed, box(desk, "AnTinSeal1"))
    seal = bounds(stamped, "red", expected)
    close(seal, expected)
    assert abs((seal[2] - seal[0]) / MM - 36) < 0.4 and abs((seal[3] - seal[1]) / MM - 36) < 0.4
    covered = (seal[2] - signature[0]) / (signature[2] - signature[0])
    assert 0.3 < covered < 0.37 and seal[0] < signature[0]
    changed = ImageChops.difference(signed, stamped)
    for item in desk.layout.boxes:
        if item.name == "AnTinLeader1":
            continue
        area = [round(value) for value in displayed(sealed, item.rect)]
        grown = (area[0] - 3, area[1] - 3, area[2] + 3, area[3] + 3)
        inside = changed.crop(grown)
        assert inside.getbbox() is not None, item.name
        changed.paste((0, 0, 0), (grown[0], grown[1], grown[2], grown[3]))
    assert changed.getbbox() is None, "something is drawn outside of the boxes"


@pytest.mark.parametrize("shape", SHAPES)
def test_every_file_shape_shows_the_same_page(desk, shape):
    plain = render(desk.issued()[3])
    base = SHAPES[shape](desk.base())
    sealed = desk.sealed(desk.signed(desk.prepared(base)))
    assert ImageChops.difference(plain, render(sealed)).getbbox() is None


def test_the_number_stands_before_the_slash_on_the_line(desk):
    _, prepared, _, sealed = desk.issued()
    changed = ImageChops.difference(render(prepared), render(sealed))
    area = displayed(sealed, box(desk, "AnTinNumber"))
    ink = changed.crop([round(value) for value in area]).getbbox()
    right = round(area[2]) - round(area[0])
    assert right - ink[2] <= 0.1 * 13 * SCALE  # against the slash
    baseline = (ink[3] + round(area[1]) - area[3]) / SCALE + 0.25 * 13
    assert abs(baseline - 0.15) < 0.8  # digits stand on the baseline of "Số:"


def test_two_leaders_and_initials(desk):
    base = desk.base(leaders=DEMO_AGENCY.leaders[:2])
    aspect = picture(SIGNATURE).aspect
    anchors = tuple(LeaderAnchor(name=leader.name, aspect=aspect) for leader in DEMO_AGENCY.leaders[:2])
    path = desk.prepared(base, leaders=anchors, initials=1, seals=(SealAnchor(SealSpec(36), 1),))
    for name in ("AnTinInitial1", "AnTinLeader1", "AnTinLeader2"):
        before = render(path)
        path = desk.signed(path, name)
        drawn = ImageChops.difference(before, render(path)).getbbox()
        area = displayed(path, box(desk, name))
        assert area[0] - 2 <= drawn[0] and drawn[2] <= area[2] + 2
        assert area[1] - 2 <= drawn[1] and drawn[3] <= area[3] + 2
    sealed = desk.sealed(path)
    last = 0
    expected = displayed(sealed, box(desk, "AnTinSeal1"), last)
    close(bounds(render(sealed, last), "red", expected), expected)


@pytest.mark.parametrize("name", ["plain", "rotated-90", "cropped-rotated-270", "leaks-unclosed"])
def test_the_qr_stands_upright_whatever_the_content_leaves_behind(desk, name):
    base = desk.base(**PAGES[name])
    with pikepdf.Pdf.open(base) as document:
        crop = [float(value) for value in document.pages[0].cropbox]
    rect = Rect(crop[0] + 20, crop[1] + 20, crop[0] + 80, crop[1] + 80)
    prepared = desk.prepared(base, QrPlan("https://vb.example.vn/v/ABC", "", rect))
    before, after = render(base), render(prepared)
    area = [round(value) for value in displayed(prepared, rect)]
    drawn = ImageChops.difference(before, after).getbbox()
    assert all(area[i] - 2 <= drawn[i] for i in (0, 1)) and all(drawn[i] <= area[i] + 2 for i in (2, 3))
    code = after.crop(area).convert("L")
    side = code.width

    def dark(x, y):
        return code.getpixel((round(x * side), round(y * side))) < 128

    module = 1 / (29 + 8)  # version 3
    eye = 7.5 * module  # the centre of a finder pattern
    assert dark(eye, eye) and dark(1 - eye, eye) and dark(eye, 1 - eye)
    assert not dark(2 * module, 0.5) and not dark(0.5, 2 * module)


def test_a_page_with_a_user_unit_gets_its_seal_in_true_size(desk):
    base = desk.base()
    with pikepdf.Pdf.open(base, allow_overwriting_input=True) as document:
        document.pages[0].obj.UserUnit = 2
        document.save(base)
    desk.prepared(base)
    assert box(desk, "AnTinSeal1").width == pytest.approx(36 / 25.4 * 72 / 2)


def test_two_thousand_pages(desk):
    """The signature block stands on page 3; 1,997 pages of appendix follow."""
    base = desk.base(pages=3)
    with pikepdf.Pdf.open(base, allow_overwriting_input=True) as document:
        while len(document.pages) < 2000:
            document.add_blank_page(page_size=(595, 842))
        document.save(base)
    base = object_streams(base)
    sealed = desk.sealed(desk.signed(desk.prepared(base)))
    last = desk.layout.boxes[0].page
    assert last == 2
    expected = displayed(sealed, box(desk, "AnTinSeal1"), last)
    close(bounds(render(sealed, last), "red", expected), expected)
