"""Signatures that stand on a page and in no list of the form: listed all the same."""

from __future__ import annotations

import pytest

from policies.intake import ISSUING, IntakeRefused, decide
from policies.reasons import document as reasons
from policies.vocabulary import Changes, Coverage
from signer.document.history import History
from signer.document.intake import examine_file
from signer.document.modifications import Modifications
from signer.document.reader import PdfFile
from signer.document.revisions import signatures
from signer.document.syntax import Name, Ref
from tests.signer.document import build
from tests.signer.document.build import FORM, LEADER, NUMBER, PAGE, SEAL, append, field, page

STRAY = 50


def rows(data: bytes) -> list[tuple[str, Coverage, bool, bool]]:
    return [(s.name, s.coverage, s.stray, s.hidden) for s in signatures(PdfFile.of(data))]


def unlisted(form_fields=(NUMBER,), **more) -> bytes:
    """The leader's widget is on the page; the form does not know it."""
    return append(build.prepared(), {FORM: build.form(list(form_fields), **more)})


def test_a_widget_that_the_form_does_not_list():
    data = build.signed(unlisted(), LEADER, 20)
    assert rows(data) == [("Leader", Coverage.WHOLE, True, False)]


def test_without_any_form():
    bare = append(build.prepared(), {build.CATALOG: {"Type": Name("Catalog"), "Pages": Ref(build.PAGES)}})
    assert rows(build.signed(bare, LEADER, 20)) == [("Leader", Coverage.WHOLE, True, False)]


def test_its_value_and_name_may_come_from_a_parent():
    data = unlisted()
    child = {**field("Leader", "Sig"), "Parent": Ref(60)}
    del child["FT"]
    data = append(data, {LEADER: child, 60: {"FT": Name("Sig"), "T": b"Office", "Kids": [Ref(LEADER)]}})
    parent = PdfFile.of(data).get(60)
    assert rows(build.signed(data, 60, 20, field_value=parent)) == [
        ("Office.Leader", Coverage.WHOLE, True, False)
    ]


def test_a_widget_written_into_the_page_itself():
    data = unlisted()
    value = build.signed(data, STRAY, 20, field_value=field("Direct", "Sig"))
    direct = {**field("Direct", "Sig"), "V": Ref(20)}
    entries = page()
    entries["Annots"] = [direct]
    assert [row[0] for row in rows(append(value, {PAGE: entries}))] == ["Direct"]


def test_listed_ones_are_not_listed_twice():
    assert [(name, stray) for name, _, stray, _ in rows(build.sealed())] == [
        ("Leader", False),
        ("Seal", False),
    ]


def test_one_that_a_later_revision_takes_off_the_list_is_hidden():
    data = append(build.leader_signed(), {FORM: build.form([NUMBER])})
    assert rows(data) == [("Leader", Coverage.REVISION, False, True)]


def test_a_stray_that_borrows_a_listed_signature():
    borrowed = {**field("Borrowed", "Sig"), "V": Ref(20)}
    data = append(
        build.leader_signed(), {STRAY: borrowed, PAGE: page([LEADER, NUMBER, build.DATE, SEAL, STRAY])}
    )
    assert rows(data) == [
        ("Leader", Coverage.REVISION, False, False),
        ("Borrowed", Coverage.PARTIAL, True, False),
    ] or rows(data) == [
        ("Borrowed", Coverage.PARTIAL, True, False),
        ("Leader", Coverage.REVISION, False, False),
    ]


def test_a_stray_signature_added_later_is_an_annotation_to_the_others():
    data = build.signed(
        build.leader_signed(),
        STRAY,
        STRAY + 1,
        field_value=field("Later", "Sig", (300, 300, 400, 350)),
        also={PAGE: page([LEADER, NUMBER, build.DATE, SEAL, STRAY])},
    )
    history = History(PdfFile.of(data))
    leader, later = signatures(history.pdf, history)
    assert later.stray and later.coverage is Coverage.WHOLE
    report = Modifications(history, (leader, later)).after(leader)
    assert report.kind in (Changes.FORBIDDEN, Changes.ANNOTATIONS, Changes.SUSPICIOUS)


@pytest.mark.parametrize("entries", [{"V": {}}, {"V": b"x"}, {"Subtype": Name("Text")}, {"V": Ref(999)}])
def test_other_annotations_are_no_signatures(entries):
    assert rows(append(unlisted(), {LEADER: {**field("Leader", "Sig"), **entries}})) == []


def test_a_file_with_one_is_not_taken_in_for_issuing(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(build.signed(unlisted(), LEADER, 20))
    with pytest.raises(IntakeRefused) as refusal:
        decide(examine_file(path, ISSUING.limits), ISSUING)
    assert refusal.value.reason == reasons.ALREADY_SIGNED
