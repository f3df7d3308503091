"""The number's /V and the text in its appearance agree, and yet a person reads another number."""

from __future__ import annotations

import pytest

from policies.vocabulary import Changes
from signer.document.drawn_text import draws_value
from signer.document.fields import form_fields
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref
from tests.signer.document import build
from tests.signer.document.build import FONT_REF, NUMBER, append, field, stream
from tests.signer.document.test_modifications import reports, whats

PLAIN = b"BT /F1 12 Tf 2 5 Td (15) Tj ET"
GROUND = b"1 g 0 0 100 20 re f 0 G 0.5 0.5 99 19 re s "


def drawn(
    content: bytes,
    value: bytes = b"15",
    box=(0, 0, 100, 20),
    states: dict | None = None,
    ground: bytes = b"",
    **more,
):
    """The leader's file with the number filled and drawn like this. `ground`: what the empty field had drawn."""
    shown = stream(
        content,
        Type=Name("XObject"),
        Subtype=Name("Form"),
        BBox=list(box),
        Resources={
            "Font": {"F1": Ref(FONT_REF)},
            "XObject": {"Inner": Ref(26)},
            "ColorSpace": {"S": [Name("Separation"), Name("None"), Name("DeviceGray"), {}]},
        },
        **more,
    )
    inner = stream(
        b"BT /F1 12 Tf (15) Tj ET",
        Type=Name("XObject"),
        Subtype=Name("Form"),
        BBox=[0, 0, 1, 1],
        Resources={"Font": {"F1": Ref(FONT_REF)}},
    )
    other = stream(
        b"BT /F1 12 Tf 2 5 Td (51) Tj ET",
        Type=Name("XObject"),
        Subtype=Name("Form"),
        BBox=[0, 0, 100, 20],
        Resources={"Font": {"F1": Ref(FONT_REF)}},
    )
    appearance = {"N": Ref(25), **{name: Ref(27) for name in states or ()}}
    number = field("Number", "Tx", DA=b"/F1 12 Tf", V=value, AP=appearance)
    base = build.leader_signed() if not ground else _with_ground(ground)
    return append(base, {NUMBER: number, 25: shown, 26: inner, 27: other})


def _with_ground(ground: bytes) -> bytes:
    empty = stream(ground, Type=Name("XObject"), Subtype=Name("Form"), BBox=[0, 0, 100, 20])
    number = field("Number", "Tx", DA=b"/F1 12 Tf", AP={"N": Ref(28)})
    base = append(build.prepared(), {NUMBER: number, 28: empty})
    return build.signed(base, build.LEADER, 20, mdp=build.LEADER_LOCK)


def believed(data: bytes) -> bool:
    report = reports(data)["Leader"]
    pdf = PdfFile.of(data)
    number = next(each for each in form_fields(pdf) if each.name == "Number")
    assert (report.kind is Changes.FORM_FILL) == draws_value(pdf, number)
    assert ("value-differs-from-drawing" in whats(report)) == (report.kind is not Changes.FORM_FILL)
    return report.kind is Changes.FORM_FILL


SEVEN = b"0 g 2 12 8 2 re f 8 3 2 9 re f "


@pytest.mark.parametrize(
    ("content", "more"),
    [
        pytest.param(b"q 0 0 9 20 re W n BT /F1 12 Tf 2 5 Td (151) Tj ET Q", {"value": b"151"}, id="clipped"),
        pytest.param(b"q 0 0 1 1 re W n " + PLAIN + b" Q", {}, id="clipped away"),
        pytest.param(b"q 0 0 m 20 0 l 0 20 l W n " + PLAIN + b" Q", {}, id="clipped by a triangle"),
        pytest.param(SEVEN + b"1 g " + PLAIN, {}, id="white, beside drawn strokes"),
        pytest.param(b"1 1 1 rg " + PLAIN, {}, id="white"),
        pytest.param(b"0 0 0 0 k " + PLAIN, {}, id="no ink"),
        pytest.param(b"/S cs 1 scn " + PLAIN, {}, id="a colour of no plate"),
        pytest.param(b"0 g 0 0 100 20 re f " + PLAIN, {}, id="black on black"),
        pytest.param(SEVEN + PLAIN, {}, id="strokes of digits before it"),
        pytest.param(b"0 G 30 3 6 12 re S " + PLAIN, {}, id="a zero as a frame"),
        pytest.param(b"BT /F1 12 Tf 0.01 0 0 0.01 2 5 Tm (15) Tj ET", {}, id="tiny by its matrix"),
        pytest.param(b"q 0.01 0 0 0.01 2 5 cm BT /F1 12 Tf (15) Tj ET Q", {}, id="tiny by the page's matrix"),
        pytest.param(PLAIN, {"box": (0, 0, 9000, 2000)}, id="tiny by its box"),
        pytest.param(
            b"BT /F1 12 Tf 2 5 Td (151) Tj ET",
            {"value": b"151", "box": (0, 0, 16, 20)},
            id="cut by the box",
        ),
        pytest.param(b"BT /F1 300 Tf 2 5 Td (15) Tj ET", {}, id="too large for the box"),
        pytest.param(b"BT /F1 12 Tf 90 Tc 2 5 Td (151) Tj ET", {"value": b"151"}, id="spaced out of the box"),
        pytest.param(
            b"BT /F1 12 Tf 2 5 Td [(15) -9000 (1)] TJ ET", {"value": b"151"}, id="kerned out of the box"
        ),
        pytest.param(
            b"BT /F1 12 Tf 2 5 Td (15) Tj 40 Ts (1) Tj ET", {"value": b"151"}, id="raised out of the box"
        ),
        pytest.param(b'BT /F1 12 Tf 2 5 Td 90 90 (15) " ET', {}, id="spaced by an operator"),
        pytest.param(b"BT /F1 12 Tf 1 Tr 1 G 2 5 Td (15) Tj ET", {}, id="white outlines"),
        pytest.param(b"/OC /L BDC " + PLAIN + b" EMC", {}, id="in a layer"),
        pytest.param(PLAIN, {"OC": Ref(28)}, id="its stream in a layer"),
        pytest.param(b"q 1 0 0 1 2 5 cm /Inner Do Q", {}, id="clipped by an inner box"),
        pytest.param(
            b"BT /F1 12 Tf 2 5 Td (16) Tj ET",
            {"value": b"16", "Matrix": [-1, 0, 0, -1, 0, 0]},
            id="upside down by the form's matrix",
        ),
        pytest.param(
            b"BT /F1 12 Tf -1 0 0 -1 50 15 Tm (16) Tj ET", {"value": b"16"}, id="upside down by its matrix"
        ),
        pytest.param(PLAIN, {"Matrix": [-1, 0, 0, 1, 0, 0]}, id="mirrored by the form's matrix"),
        pytest.param(PLAIN, {"states": {"R"}}, id="another number under the pointer"),
        pytest.param(PLAIN, {"states": {"D"}}, id="another number when pressed"),
    ],
)
def test_another_number_is_seen(content, more):
    assert not believed(drawn(content, **more))


@pytest.mark.parametrize(
    ("content", "more"),
    [
        (PLAIN, {}),
        (b"/Tx BMC q 1 1 98 18 re W n " + PLAIN + b" Q EMC", {}),
        (GROUND + b"0 g " + PLAIN, {"ground": GROUND}),
        (b"BT /F1 1 Tf 12 0 0 12 2 5 Tm (15) Tj ET", {}),
        (b"0 0 0.5 rg " + PLAIN, {}),
        (b"BT 0 0 0 1 k /F1 12 Tf 2 5 Td (15) Tj ET", {}),
        (b"q 1 g 0 0 100 20 re f Q " + PLAIN, {"ground": b"q 1 g 0 0 100 20 re f Q"}),
        (b"BT /F1 12 Tf 2 5 Td (151) Tj ET", {"value": b"151"}),
    ],
)
def test_genuine_twins(content, more):
    assert believed(drawn(content, **more))


@pytest.mark.parametrize("ground", [b"", b"1 g 0 0 50 20 re f ", b"0.9 g 0 0 100 20 re f "])
def test_a_ground_that_was_not_there_may_hide_the_page(ground):
    """The field lies over what the page says, and gets its white when it is filled."""
    report = reports(drawn(b"1 g 0 0 100 20 re f 0 g " + PLAIN, ground=ground))["Leader"]
    assert report.kind is Changes.FORBIDDEN
    assert "appearance-replaced" in whats(report)
