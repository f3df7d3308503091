"""Changes after a signature that hide behind what a later revision may do."""

from __future__ import annotations

import pytest

from policies.vocabulary import Changes, Coverage
from signer.document.reader import PdfFile
from signer.document.revisions import History, signatures
from signer.document.syntax import Name, Ref, serialize, serialize_indirect
from tests.signer.document import build
from tests.signer.document.build import (
    CATALOG,
    CONTENT,
    FONT,
    FONT_REF,
    FORM,
    INFO,
    LEADER,
    PAGE,
    PAGES,
    SEAL,
    append,
    field,
    form,
    page,
    stream,
    text_appearance,
)
from tests.signer.document.test_modifications import kinds, reports, whats

REFUSED = (Changes.SUSPICIOUS, Changes.FORBIDDEN)


def with_generation(base: bytes, num: int, gen: int, value) -> bytes:
    """The object written again under another generation."""
    body = serialize_indirect(Ref(num, gen), value)
    pdf = PdfFile.of(base)
    trailer = {
        "Size": pdf.next_object_number,
        "Root": Ref(CATALOG),
        "Info": Ref(INFO),
        "Prev": pdf.startxref,
    }
    at = len(base) + len(body)
    row = b"xref\n%d 1\n%010d %05d n\r\ntrailer\n" % (num, len(base), gen)
    return base + body + row + serialize(trailer) + b"\nstartxref\n%d\n%%%%EOF\n" % at


def test_page_content_unlinked_by_a_new_generation():
    """Not a byte of the object differs, but `4 0 R` now leads nowhere: some readers show an empty page."""
    content = stream(b"BT /F1 12 Tf 50 700 Td (Quyet dinh) Tj ET")
    assert kinds(with_generation(build.sealed(), CONTENT, 0, content))["Seal"] is Changes.NONE
    report = reports(with_generation(build.sealed(), CONTENT, 1, content))["Seal"]
    assert report.kind in REFUSED
    assert whats(report) == {"generation-changed"}


def layered(**catalog) -> bytes:
    """A signed file whose layers' dictionary is object 8, which the catalog also calls something else."""
    base = build.new(
        {
            CATALOG: {
                "Type": Name("Catalog"),
                "Pages": Ref(PAGES),
                "AcroForm": Ref(FORM),
                "OCProperties": Ref(8),
                **catalog,
            },
            PAGES: {"Type": Name("Pages"), "Kids": [Ref(PAGE)], "Count": 1},
            PAGE: page([LEADER]),
            CONTENT: stream(b"/OC /L BDC BT /F1 12 Tf 50 700 Td (x) Tj ET EMC"),
            FORM: form([LEADER]),
            FONT_REF: FONT,
            INFO: {},
            8: {"OCGs": [Ref(9)], "D": {"ON": [Ref(9)]}},
            9: {"Type": Name("OCG"), "Name": b"L"},
            LEADER: field("Leader", "Sig", (300, 100, 400, 150)),
        }
    )
    return build.signed(base, LEADER, 20, mdp=build.SEAL_LOCK)


@pytest.mark.parametrize(
    "alias",
    [
        {"Metadata": Ref(8)},
        {"Extensions": Ref(8)},
        {"DSS": Ref(8)},
        {"DSS": {"Certs": [Ref(8)]}},
        {"DSS": {"VRI": {"X": Ref(8)}}},
    ],
    ids=["metadata", "extensions", "security store", "certificate", "VRI"],
)
def test_layers_switched_under_another_name(alias):
    switched = {8: {"OCGs": [Ref(9)], "D": {"OFF": [Ref(9)]}}}
    assert kinds(append(layered(**alias), switched))["Leader"] in REFUSED


# --- fields that are filled, where nothing is locked


def form_with(number: int, entry: dict, more: dict, mdp=None) -> bytes:
    base = build.new(
        {
            CATALOG: build.catalog(),
            PAGES: {"Type": Name("Pages"), "Kids": [Ref(PAGE)], "Count": 1},
            PAGE: page([LEADER, number]),
            CONTENT: stream(b"BT /F1 12 Tf 50 700 Td (x) Tj ET"),
            FORM: form([LEADER, number]),
            FONT_REF: FONT,
            INFO: {},
            LEADER: field("Leader", "Sig", (300, 100, 400, 150)),
            number: entry,
            **more,
        }
    )
    return build.signed(base, LEADER, 20, mdp=mdp)


def cover(data: bytes = b"1 g 0 0 595 842 re f"):
    return stream(data, Type=Name("XObject"), Subtype=Name("Form"), BBox=[0, 0, 595, 842])


@pytest.mark.parametrize("mdp", [None, build.certification(2)], ids=["unlocked", "P 2"])
def test_a_button_as_large_as_the_page_gets_a_new_face(mdp):
    """The shadow attack: transparent when it was signed, opaque afterwards."""
    button = field("B", "Btn", (0, 0, 595, 842), Ff=65536, AP={"N": Ref(30)})
    base = form_with(11, button, {30: cover(b"")}, mdp)
    assert kinds(append(base, {30: cover()}))["Leader"] in REFUSED
    assert kinds(append(base, {11: {**button, "AP": {"N": Ref(31)}}, 31: cover()}))["Leader"] in REFUSED


def test_a_tick_in_a_box_is_form_filling():
    states = {"N": {"Yes": Ref(30), "Off": Ref(31)}}
    box = field("B", "Btn", (10, 10, 20, 20), AP=states, AS=Name("Off"))
    base = form_with(11, box, {30: cover(b"2 2 m 8 8 l S"), 31: cover(b"")})
    ticked = append(base, {11: {**box, "AS": Name("Yes"), "V": Name("Yes")}})
    assert kinds(ticked)["Leader"] is Changes.FORM_FILL


def test_a_choice_that_shows_another_choice():
    choice = field(
        "C", "Ch", Ff=1 << 17, V=b"a", Opt=[[b"a", b"Agreed"], [b"r", b"Refused"]], AP={"N": Ref(31)}
    )
    base = form_with(11, choice, {31: text_appearance(b"Agreed")})
    chosen = {**choice, "V": b"r", "AP": {"N": Ref(32)}}
    honest = append(base, {11: chosen, 32: text_appearance(b"Refused")})
    assert kinds(honest)["Leader"] is Changes.FORM_FILL
    lying = append(base, {11: chosen, 32: text_appearance(b"Agreed")})
    assert kinds(lying)["Leader"] in REFUSED


# --- one signature, two fields


def found(data: bytes) -> dict:
    pdf = PdfFile.of(data)
    return {signature.name: signature for signature in signatures(pdf, History(pdf))}


def test_a_field_borrows_the_signature_of_another():
    """The chief's signature appears in a field that the chief never signed."""
    base = build.signed(build.prepared(), LEADER, 20)
    borrowed = append(base, {SEAL: {**PdfFile.of(base).get(SEAL), "V": Ref(20)}})
    assert kinds(borrowed)["Leader"] in REFUSED
    assert found(borrowed)["Seal"].coverage is Coverage.PARTIAL
    assert found(borrowed)["Leader"].coverage is Coverage.REVISION


def test_two_fields_wait_for_one_signature():
    """Both name the same value before it is made, so that whoever signs one signs the other unseen."""
    base = build.prepared()
    waiting = append(base, {SEAL: {**PdfFile.of(base).get(SEAL), "V": Ref(20)}})
    shared = found(build.signed(waiting, LEADER, 20))
    assert {each.coverage for each in shared.values()} == {Coverage.PARTIAL}


def test_contents_from_an_object_stream_pretend_to_lie_in_the_hole():
    """A copy of the dictionary whose /Contents is an indirect string: offsets in an object stream are no
    offsets of the file (12.8.1: the values shall be direct)."""
    base = build.signed(build.prepared(), LEADER, 20)
    leader = found(base)["Leader"]
    start = leader.hole[0]
    members = b"90 0 ".ljust(start) + b"<" + leader.contents.hex().encode() + b">"
    container = stream(members, Type=Name("ObjStm"), N=1, First=start)
    value = {**leader.dict, "Contents": Ref(90)}
    data = append(base, {91: container, 92: value, SEAL: {**PdfFile.of(base).get(SEAL), "V": Ref(92)}})
    trailer = {"Root": Ref(CATALOG), "Prev": PdfFile.of(data).startxref, "Size": 200}
    at = len(data)
    data += build.xref_stream({90: (91, 0)}, trailer, 199, at) + b"startxref\n%d\n%%%%EOF\n" % at
    copy = found(data)["Seal"]
    assert copy.contents == leader.contents
    assert copy.coverage is Coverage.PARTIAL
