"""What changed after a signature: the honest path, and the attacks by name."""

from __future__ import annotations

import pytest

from policies.vocabulary import Changes, Coverage
from signer.document.modifications import Modifications, classify
from signer.document.reader import PdfFile
from signer.document.revisions import History, signatures
from signer.document.syntax import HexString, Name, Ref
from signer.errors import DocumentRefused
from tests.signer.document import build
from tests.signer.document.build import (
    CATALOG,
    CONTENT,
    DATE,
    FONT,
    FONT_REF,
    FORM,
    INFO,
    LEADER,
    NUMBER,
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

BOTH_FORMS = pytest.mark.parametrize("stream_form", [False, True], ids=["table", "stream"])


def reports(data: bytes) -> dict:
    """Report by the name of the signature's field."""
    pdf = PdfFile.of(data)
    history = History(pdf)
    found = signatures(pdf, history)
    changes = Modifications(history, found)
    return {signature.name: changes.after(signature) for signature in found}


def kinds(data: bytes) -> dict[str, Changes]:
    return {name: report.kind for name, report in reports(data).items()}


def whats(report) -> set[str]:
    return {item.what for item in report.items}


# --- the honest path


def test_a_string_written_in_another_form_is_no_change_of_the_field():
    """Other writers fill a field and put its name in hexadecimal, or out of it; the name is what it was."""
    filled = {
        num: {**value, "T": HexString(value["T"]), "DA": HexString(value["DA"])}
        if num in (NUMBER, DATE)
        else value
        for num, value in build.numbered().items()
    }
    data = build.signed(build.leader_signed(), SEAL, 23, mdp=build.SEAL_LOCK, also=filled)
    assert kinds(data) == {"Leader": Changes.FORM_FILL, "Seal": Changes.NONE}
    renamed = {**filled, NUMBER: {**filled[NUMBER], "T": HexString(b"Number2")}}
    data = build.signed(build.leader_signed(), SEAL, 23, mdp=build.SEAL_LOCK, also=renamed)
    assert kinds(data)["Leader"] is Changes.FORBIDDEN


@BOTH_FORMS
def test_number_and_seal_are_form_filling_to_the_leader_and_nothing_to_the_seal(stream_form):
    assert kinds(build.sealed(stream_form=stream_form)) == {
        "Leader": Changes.FORM_FILL,
        "Seal": Changes.NONE,
    }


@BOTH_FORMS
@pytest.mark.parametrize("kind", ["DocTimeStamp", "Sig"])
def test_validation_data_and_two_time_stamps_are_long_term_data_to_the_seal(stream_form, kind):
    data = build.with_validation_data(build.sealed(stream_form=stream_form))
    data = build.with_document_timestamp(data, 40, kind)
    data = build.with_validation_data(data, 60)
    data = build.with_document_timestamp(data, 50, kind)
    found = reports(data)
    assert found["Leader"].kind is Changes.FORM_FILL
    assert found["Seal"].kind is Changes.LONG_TERM_DATA
    assert all(item.broke == () for report in found.values() for item in report.items)


def test_a_revision_that_writes_the_same_objects_again_changes_nothing():
    base = build.sealed()
    old = PdfFile.of(base)
    same = {num: old.get(num) for num in (CATALOG, FORM, PAGE, PAGES, LEADER, NUMBER, FONT_REF)}
    assert kinds(append(base, same))["Seal"] is Changes.NONE


def test_metadata_and_info_written_anew_are_harmless():
    base = build.sealed()
    data = append(base, {INFO: {"Producer": b"another", "ModDate": b"D:20261101"}})
    report = reports(data)["Seal"]
    assert (report.kind, whats(report)) == (Changes.NONE, {"metadata-changed"})


def test_xmp_metadata_written_anew_is_harmless():
    base = append(
        build.prepared(),
        {CATALOG: build.catalog(Metadata=Ref(70)), 70: stream(b"<x:xmpmeta/>", Type=Name("Metadata"))},
    )
    signed = build.signed(base, LEADER, 71, mdp=build.LEADER_LOCK)
    data = append(signed, {70: stream(b"<x:xmpmeta>new</x:xmpmeta>", Type=Name("Metadata"))})
    assert kinds(data)["Leader"] is Changes.NONE


def test_default_resources_may_grow():
    base = build.leader_signed()
    grown = form([LEADER, NUMBER, DATE, SEAL], DR={"Font": {"F1": Ref(FONT_REF), "F2": Ref(70)}})
    assert kinds(append(base, {FORM: grown, 70: FONT}))["Leader"] is Changes.NONE


def test_a_recipients_signature_in_a_new_field_is_forbidden_by_the_seal():
    data = _new_signature(build.sealed())
    found = reports(data)
    assert found["Seal"].kind is Changes.FORBIDDEN
    assert ("signature-added", "Received", ("Leader", "Seal")) in {
        (item.what, item.field, item.broke) for item in found["Seal"].items
    }


def test_a_second_signer_in_a_new_field_is_permitted_where_nothing_is_locked():
    base = build.signed(build.prepared(), LEADER, 20)
    assert kinds(_new_signature(base))["Leader"] is Changes.FORM_FILL


def _new_signature(base: bytes) -> bytes:
    return build.signed(
        base,
        60,
        61,
        field_value=field("Received", "Sig", (10, 600, 80, 640)),
        also={
            FORM: form([LEADER, NUMBER, DATE, SEAL, 60]),
            PAGE: page([LEADER, NUMBER, DATE, SEAL, 60]),
        },
    )


# --- attacks


def redraw(base: bytes) -> bytes:
    return append(base, {CONTENT: stream(b"BT /F1 12 Tf 50 700 Td (Quyet dinh gia) Tj ET")})


def test_incremental_saving_attack_is_forbidden():
    report = reports(redraw(build.sealed()))["Seal"]
    assert (report.kind, whats(report)) == (Changes.FORBIDDEN, {"page-content-changed"})
    assert report.items[0].broke == ("Leader", "Seal")


def test_incremental_saving_attack_without_locks_is_forbidden_too():
    assert kinds(redraw(build.signed(build.prepared(), LEADER, 20)))["Leader"] is Changes.FORBIDDEN


def test_number_changed_after_the_seal_is_named_and_breaks_only_the_seal():
    changed = build.numbered(b"51")
    data = append(build.sealed(), {NUMBER: changed[NUMBER] | {"AP": {"N": Ref(80)}}, 80: changed[21]})
    found = reports(data)
    assert found["Leader"].kind is Changes.FORM_FILL
    assert found["Seal"].kind is Changes.FORBIDDEN
    (item,) = found["Seal"].items
    assert (item.what, item.field, item.number, item.broke) == ("field-filled", "Number", NUMBER, ("Seal",))


def test_value_15_drawn_as_51_is_suspicious():
    report = reports(build.sealed(drawn=b"51"))["Leader"]
    assert report.kind is Changes.SUSPICIOUS
    assert ("value-differs-from-drawing", "Number") in {(i.what, i.field) for i in report.items}


def test_replaced_appearance_is_suspicious_even_where_filling_is_permitted():
    base = append(build.leader_signed(), build.numbered())
    data = append(base, {21: text_appearance(b"51")})
    report = reports(data)["Leader"]
    assert report.kind is Changes.SUSPICIOUS


def test_replaced_appearance_of_the_seal_is_forbidden():
    base = build.prepared()
    shown = {**PdfFile.of(base).get(SEAL), "AP": {"N": Ref(80)}}
    base = build.signed(
        base, SEAL, 23, mdp=build.SEAL_LOCK, field_value=shown, also={80: text_appearance(b"A")}
    )
    report = reports(append(base, {80: text_appearance(b"B")}))["Seal"]
    assert (report.kind, whats(report)) == (Changes.FORBIDDEN, {"appearance-replaced"})


@pytest.mark.parametrize("base", [build.sealed, lambda: build.signed(build.prepared(), LEADER, 20)])
def test_changed_font_used_by_an_appearance_or_page(base):
    data = append(
        base(), {FONT_REF: {**FONT, "Encoding": {"Differences": [0x31, Name("five"), 0x35, Name("one")]}}}
    )
    report = max(reports(data).values(), key=lambda r: list(Changes).index(r.kind))
    assert report.kind in (Changes.SUSPICIOUS, Changes.FORBIDDEN)


def note(num: int) -> dict:
    return {
        "Type": Name("Annot"),
        "Subtype": Name("Text"),
        "Rect": [0, 0, 20, 20],
        "Contents": b"!",
        "P": Ref(PAGE),
    }


def annotated(base: bytes) -> bytes:
    return append(base, {70: note(70), PAGE: page([LEADER, NUMBER, DATE, SEAL, 70])})


def test_text_annotation_added_is_forbidden_and_named():
    report = reports(annotated(build.sealed()))["Seal"]
    assert report.kind is Changes.FORBIDDEN
    (item,) = report.items
    assert (item.what, item.number, item.detail, item.broke) == (
        "annotation-added",
        70,
        "Text",
        ("Leader", "Seal"),
    )


@pytest.mark.parametrize(
    ("level", "kind"),
    [(None, Changes.ANNOTATIONS), (1, Changes.FORBIDDEN), (2, Changes.FORBIDDEN), (3, Changes.ANNOTATIONS)],
)
def test_annotations_are_permitted_by_docmdp_level_3_only(level, kind):
    mdp = None if level is None else build.certification(level)
    report = reports(annotated(build.signed(build.prepared(), LEADER, 20, mdp=mdp)))["Leader"]
    assert report.kind is kind
    assert report.annotations_permitted == (level == 3)
    assert report.items[0].broke == (() if level == 3 else ("Leader",))


def test_level_1_forbids_filling_and_still_permits_time_stamps():
    base = build.signed(build.prepared(), LEADER, 20, mdp=build.certification(1))
    assert kinds(append(base, build.numbered()))["Leader"] is Changes.FORBIDDEN
    assert kinds(build.with_document_timestamp(base))["Leader"] is Changes.LONG_TERM_DATA


def test_the_certification_binds_later_signatures_too():
    base = append(build.prepared(), {CATALOG: build.catalog(Perms={"DocMDP": Ref(20)})})
    base = build.signed(base, LEADER, 20, mdp=build.certification(2))
    base = build.signed(base, SEAL, 23)
    report = reports(annotated(base))["Seal"]
    assert report.kind is Changes.FORBIDDEN


def test_page_added_is_forbidden():
    data = append(
        build.sealed(),
        {PAGES: {"Type": Name("Pages"), "Kids": [Ref(PAGE), Ref(70)], "Count": 2}, 70: page()},
    )
    report = reports(data)["Seal"]
    assert (report.kind, whats(report)) == (Changes.FORBIDDEN, {"page-added"})


def test_page_tree_replaced_in_the_catalog_is_forbidden():
    data = append(
        build.sealed(),
        {
            CATALOG: {**build.catalog(), "Pages": Ref(70)},
            70: {"Type": Name("Pages"), "Kids": [Ref(71)], "Count": 1},
            71: {**page(), "Parent": Ref(70)},
        },
    )
    assert "page-tree-changed" in whats(reports(data)["Seal"])
    assert kinds(data)["Seal"] is Changes.FORBIDDEN


@pytest.mark.parametrize("key", ["MediaBox", "Rotate", "Resources", "AA", "Contents"])
def test_changed_page_entry_is_forbidden(key):
    value = {"MediaBox": [0, 0, 100, 100], "Rotate": 180, "Resources": {}, "AA": {}, "Contents": Ref(70)}[key]
    data = append(build.sealed(), {PAGE: page([LEADER, NUMBER, DATE, SEAL], **{key: value}), 70: stream(b"")})
    report = reports(data)["Seal"]
    assert (report.kind, report.items[0].detail) == (Changes.FORBIDDEN, key)


@pytest.mark.parametrize(
    "key", ["OpenAction", "AA", "Names", "OCProperties", "Perms", "StructTreeRoot", "Outlines"]
)
def test_changed_catalog_entry_is_forbidden_under_a_lock_and_suspicious_without(key):
    changed = {CATALOG: build.catalog(**{key: {"S": Name("JavaScript")}})}
    assert kinds(append(build.sealed(), changed))["Seal"] is Changes.FORBIDDEN
    unlocked = build.signed(build.prepared(), LEADER, 20)
    assert kinds(append(unlocked, changed))["Leader"] is Changes.SUSPICIOUS


def test_dropped_form_does_not_make_the_file_unsigned():
    data = append(build.sealed(), {CATALOG: {"Type": Name("Catalog"), "Pages": Ref(PAGES)}})
    pdf = PdfFile.of(data)
    found = signatures(pdf)
    assert [(s.name, s.hidden) for s in found] == [("Leader", True), ("Seal", True)]
    assert kinds(data) == {"Leader": Changes.FORBIDDEN, "Seal": Changes.FORBIDDEN}
    assert "form-dropped" in whats(reports(data)["Seal"])


def test_field_taken_out_of_the_form_is_forbidden_and_the_signature_still_found():
    data = append(build.sealed(), {FORM: form([LEADER, NUMBER, DATE])})
    assert {s.name: s.hidden for s in signatures(PdfFile.of(data))} == {"Leader": False, "Seal": True}
    assert kinds(data)["Seal"] is Changes.FORBIDDEN


def test_signature_value_removed_or_overwritten_is_forbidden():
    base = build.leader_signed()
    leader = PdfFile.of(base).get(LEADER)
    removed = append(base, {LEADER: {k: v for k, v in leader.items() if k != "V"}})
    assert "signature-removed" in whats(reports(removed)["Leader"])
    over = build.signed(base, LEADER, 20)  # another value under the same number
    found = signatures(PdfFile.of(over))
    assert [(s.name, s.hidden) for s in found] == [("Leader", True), ("Leader", False)]
    history = History(PdfFile.of(over))
    report = Modifications(history, found).after(found[0])
    assert (report.kind, "signature-replaced" in whats(report)) == (Changes.FORBIDDEN, True)


def test_freed_object_of_the_page_is_forbidden():
    assert kinds(append(build.sealed(), {}, freed=(CONTENT,)))["Seal"] is Changes.FORBIDDEN


def test_freed_object_that_nothing_uses_is_harmless():
    base = append(build.prepared(), {70: {"Unused": True}})
    base = build.signed(base, LEADER, 20, mdp=build.LEADER_LOCK)
    assert kinds(append(base, {}, freed=(70,)))["Leader"] is Changes.NONE


def test_object_waiting_for_its_definition_is_suspicious():
    """A shadow attack: the signed page names an object that a later revision defines for the first time."""
    base = append(
        build.prepared(), {PAGE: page([LEADER, NUMBER, DATE, SEAL], Contents=[Ref(CONTENT), Ref(90)])}
    )
    base = build.signed(base, LEADER, 20, mdp=build.LEADER_LOCK)
    report = reports(append(base, {90: stream(b"0 0 600 900 re f")}))["Leader"]
    assert (report.kind, whats(report)) == (Changes.SUSPICIOUS, {"dangling-reference-defined"})


def test_page_content_hidden_behind_the_security_store_is_still_forbidden():
    """The store may be written anew, so an attacker lists the page's content in it first."""
    base = build.sealed()
    base = append(base, {CATALOG: build.catalog(DSS=Ref(70)), 70: {"Certs": [Ref(CONTENT), Ref(PAGE)]}})
    assert kinds(redraw(base))["Seal"] is Changes.FORBIDDEN


def test_page_content_named_as_a_new_appearance_is_still_forbidden():
    base = build.leader_signed()
    changed = {NUMBER: field("Number", "Tx", DA=b"/F1 12 Tf", V=b"15", AP={"N": Ref(CONTENT)})}
    data = append(base, {**changed, CONTENT: text_appearance(b"15")})
    assert kinds(data)["Leader"] is Changes.FORBIDDEN


def test_page_content_redefined_as_the_new_catalog_is_still_forbidden():
    data = append(build.sealed(), {CONTENT: build.catalog()}, root=CONTENT)
    assert kinds(data)["Seal"] is Changes.FORBIDDEN


def test_object_stream_redefined_is_suspicious():
    packed = stream(b"70 0 << /A 1 >>", Type=Name("ObjStm"), N=1, First=5)
    base = append(build.prepared(), {71: packed})
    base = build.signed(base, LEADER, 20, mdp=build.LEADER_LOCK)
    report = reports(append(base, {71: stream(b"70 0 << /A 2 >>", Type=Name("ObjStm"), N=1, First=5)}))[
        "Leader"
    ]
    assert (report.kind, whats(report)) == (Changes.SUSPICIOUS, {"object-stream-redefined"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Rect", [0, 0, 300, 300]),
        ("F", 2),
        ("A", {"S": Name("JavaScript")}),
        ("MaxLen", 1),
        ("DA", b"/F1 99 Tf"),
        ("T", b"Other"),
    ],
)
def test_field_may_be_filled_but_not_changed(key, value):
    changed = build.numbered()
    data = append(build.leader_signed(), {**changed, NUMBER: {**changed[NUMBER], key: value}})
    assert kinds(data)["Leader"] in (Changes.SUSPICIOUS, Changes.FORBIDDEN)


@pytest.mark.parametrize("key", ["NeedAppearances", "XFA", "CO", "DA", "Q"])
def test_form_may_not_change(key):
    data = append(build.sealed(), {FORM: form([LEADER, NUMBER, DATE, SEAL], **{key: True})})
    assert kinds(data)["Seal"] is Changes.FORBIDDEN


def test_a_name_of_the_default_resources_keeps_what_it_names():
    other = form([LEADER, NUMBER, DATE, SEAL], DR={"Font": {"F1": Ref(70)}})
    data = append(build.leader_signed(), {FORM: other, 70: {**FONT, "BaseFont": Name("Courier")}})
    assert kinds(data)["Leader"] is Changes.FORBIDDEN


def test_annotations_in_another_order_are_suspicious():
    data = append(build.sealed(), {PAGE: page([SEAL, LEADER, NUMBER, DATE])})
    assert "annotations-reordered" in whats(reports(data)["Seal"])


def test_second_field_of_the_same_name_is_caught():
    data = build.signed(
        build.leader_signed(),
        60,
        61,
        field_value=field("Seal", "Sig", (0, 0, 400, 400)),
        also={FORM: form([LEADER, NUMBER, DATE, SEAL, 60]), PAGE: page([LEADER, NUMBER, DATE, SEAL, 60])},
    )
    assert "field-duplicated" in whats(reports(data)["Leader"])


@pytest.mark.parametrize("more", [{"FontDescriptor": {"Flags": 4}}, {"FirstChar": 49, "Widths": [-900] * 9}])
def test_new_font_in_a_filled_field_is_not_believed(more):
    """A font that comes with the filling may draw 51 and call it 15, or set its glyphs backwards."""
    font = {"Type": Name("Font"), "Subtype": Name("TrueType"), "Encoding": Name("WinAnsiEncoding"), **more}
    changed = build.numbered()
    data = append(build.leader_signed(), {**changed, 21: text_appearance(b"15", font=70), 70: font})
    assert "value-differs-from-drawing" in whats(reports(data)["Leader"])


# --- bytes outside of every revision


def test_hidden_bytes_after_the_end_are_suspicious():
    """Up to about 1 kB after `%%EOF` without an end of its own: other readers show it, some checkers do not."""
    data = (
        build.sealed() + b"4 0 obj\n<</Length 3>>\nstream\nabc\nendstream\nendobj\ntrailer\n<</Root 1 0 R>>\n"
    )
    report = reports(data)["Seal"]
    assert (report.kind, whats(report)) == (Changes.SUSPICIOUS, {"hidden-bytes"})
    assert report.items[0].broke == ("Leader", "Seal")
    assert signatures(PdfFile.of(data))[1].coverage is Coverage.REVISION


def test_revision_without_its_end_mark_is_seen_and_judged():
    data = append(build.sealed(), {CONTENT: stream(b"other")}, end_mark=b"")
    assert kinds(data)["Seal"] is Changes.FORBIDDEN
    assert "no-end-mark" in whats(reports(data)["Seal"])


def test_white_space_and_a_web_sites_comment_after_the_end_do_not_matter():
    base = build.sealed()
    assert kinds(base + b"\r\n \0\n")["Seal"] is Changes.NONE
    report = reports(base + b"<!-- served by a web site -->" * 4)["Seal"]
    assert (report.kind, whats(report)) == (Changes.NONE, {"trailing-bytes"})


def test_skipped_revision_is_found():
    base = build.prepared()
    first = PdfFile.of(base).startxref
    data = append(build.signed(base, LEADER, 20), {70: {}}, prev=first)
    data = build.signed(data, SEAL, 23)
    history = History(PdfFile.of(data))
    assert [finding.id for finding in history.unreachable] == ["unreachable-revision"]


def test_signature_wrapping_leaves_partial_coverage():
    """The second range moved away, so that other bytes stand where the signed ones were."""
    data = build.leader_signed()
    moved = bytearray(data + data[-100:])
    signature = signatures(PdfFile.of(data))[0]
    old = b"[0 %d %d %d]" % signature.byte_range[1:]
    place = moved.index(old)
    new = b"[0 %d %d %d]" % (
        signature.byte_range[1],
        signature.byte_range[2] + 50,
        signature.byte_range[3] - 50,
    )
    moved[place : place + len(old)] = new.ljust(len(old))[: len(old)]
    broken = signatures(PdfFile.of(bytes(moved[: len(data)])))[0]
    assert (broken.coverage, broken.why) == (Coverage.PARTIAL, "hole")


def test_classify_asks_for_a_revision():
    pdf = PdfFile.of(build.sealed())
    assert classify(pdf, 2).kind is Changes.FORM_FILL
    assert classify(pdf, 3).kind is Changes.NONE
    assert "signature-added" in whats(classify(pdf, 1))


# --- properties


SEALED_AND_STAMPED = build.with_document_timestamp(build.with_validation_data(build.sealed()))
HARMLESS = {INFO: "metadata-changed", 30: "validation-data-added", 31: "validation-data-added"}
JUNK = [None, {}, {"A": 1}, b"x", [Ref(1)], stream(b"x"), "freed"]


@pytest.mark.parametrize("num", PdfFile.of(SEALED_AND_STAMPED).numbers())
@pytest.mark.parametrize("junk", range(len(JUNK)))
def test_no_object_can_be_redefined_or_freed_unseen(num, junk):
    """Only the file's descriptions of itself and its validation data may be written anew."""
    freed = JUNK[junk] == "freed"
    data = append(SEALED_AND_STAMPED, {} if freed else {num: JUNK[junk]}, freed=(num,) if freed else ())
    try:
        report = reports(data)["Seal"]
    except DocumentRefused:
        return
    if num in HARMLESS:
        assert whats(report) >= {HARMLESS[num]}
    else:
        assert report.kind in (Changes.SUSPICIOUS, Changes.FORBIDDEN)
