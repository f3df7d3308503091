"""The decision is pure: every fact against a document has its own cited reason, in a fixed order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.intake import (
    ISSUING,
    VERIFYING,
    DocumentFacts,
    IntakeLimits,
    IntakeRefused,
    PageShape,
    PlacedLine,
    SignatureFact,
    check_name,
    check_size,
    decide,
    may_bear_mark,
    secrecy_mark,
)
from policies.reasons import document as reasons

GOOD = DocumentFacts(
    size=50_000, version="1.7", objects=30, declared_pages=1, pages=1, walk_complete=True,
    shapes=(PageShape(595, 842, 0),), actions=("URI", "GoTo"),
    signatures=(SignatureFact("leader", signed=False),),
)  # fmt: skip

AGAINST = [
    ({"size": 0}, reasons.EMPTY, True),
    ({"size": (1 << 30) + 1}, reasons.TOO_LARGE, True),
    ({"refusal": reasons.NOT_PDF}, reasons.NOT_PDF, True),
    ({"refusal": reasons.BOMB, "refusal_values": (("limit", "64"),)}, reasons.BOMB, True),
    ({"refusal": reasons.ENCRYPTED}, reasons.ENCRYPTED, False),
    ({"truncated": True}, reasons.CUT_IN_HALF, True),
    ({"objects": 1_000_001}, reasons.TOO_MANY_OBJECTS, True),
    ({"pages": 10_001}, reasons.TOO_MANY_PAGES, True),
    ({"declared_pages": 10_001}, reasons.TOO_MANY_PAGES, True),
    ({"pages": 0}, reasons.NO_PAGES, True),
    ({"damage": ("x",)}, reasons.DAMAGED, False),
    ({"trailing_bytes": 116}, reasons.DAMAGED, False),
    ({"walk_complete": False}, reasons.TOO_MANY_OBJECTS, False),
    ({"xfa": True}, reasons.XFA, False),
    ({"actions": ("GoTo", "JavaScript")}, reasons.JAVASCRIPT, False),
    ({"actions": ("Launch",)}, reasons.LAUNCH_ACTION, False),
    ({"actions": ("SubmitForm",)}, reasons.ACTIVE_CONTENT, False),
    ({"active": ("Movie",)}, reasons.ACTIVE_CONTENT, False),
    ({"embedded_files": 1}, reasons.EMBEDDED_FILES, False),
    ({"certification": 2}, reasons.CERTIFIED, False),
    ({"signatures": (SignatureFact("s", signed=True),)}, reasons.ALREADY_SIGNED, False),
    ({"secrecy_mark": "MẬT"}, reasons.SECRET_MARK, False),
]


def test_a_good_document_is_taken_in():
    decide(GOOD, ISSUING)
    decide(GOOD, VERIFYING)


@pytest.mark.parametrize(("facts", "reason", "also_when_verifying"), AGAINST)
def test_each_fact_has_its_reason(facts, reason, also_when_verifying):
    with pytest.raises(IntakeRefused) as refusal:
        decide(replace(GOOD, **facts), ISSUING)
    assert refusal.value.reason == reason
    for language in ("vi", "en"):
        assert "{" not in refusal.value.text(language)
    if also_when_verifying:
        with pytest.raises(IntakeRefused):
            decide(replace(GOOD, **facts), VERIFYING)
    else:
        decide(replace(GOOD, **facts), VERIFYING)


@given(st.sets(st.sampled_from(range(len(AGAINST))), min_size=1))
def test_no_second_fault_ever_heals_the_first(chosen):
    facts = GOOD
    for index in sorted(chosen):
        facts = replace(facts, **AGAINST[index][0])
    with pytest.raises(IntakeRefused):
        decide(facts, ISSUING)


def test_an_encrypted_file_that_may_be_verified_is_not_held_to_what_it_hides():
    decide(DocumentFacts(size=100, refusal=reasons.ENCRYPTED), VERIFYING)


def test_size_can_be_asked_at_the_door():
    check_size(1, IntakeLimits())
    check_size(1 << 30, IntakeLimits())
    for size in (0, (1 << 30) + 1):
        with pytest.raises(IntakeRefused):
            check_size(size, IntakeLimits())


@pytest.mark.parametrize("name", ["Quyết định 15-QĐ-UBND.pdf", "a.pdf", "Bản dự thảo (2).PDF"])
def test_ordinary_names_pass(name):
    check_name(name)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Quyet dinh\u202efdp.exe", "U+202E"),
        ("a\u200f.pdf", "U+200F"),
        ("a\u2066b\u2069.pdf", "U+2066"),
        ("a\u061c.pdf", "U+061C"),
        ("a\0.pdf", "U+0000"),
        ("a\nb.pdf", "U+000A"),
        ("a\u2028b.pdf", "U+2028"),
        ("a\u200bb.pdf", "U+200B"),
        ("\ufeffa.pdf", "U+FEFF"),
        ("../etc/passwd", "U+002F"),
        ("..\\a.pdf", "U+005C"),
        ("a\ud800.pdf", "U+D800"),
    ],
)
def test_names_that_lie_are_refused_with_the_character(name, code):
    with pytest.raises(IntakeRefused) as refusal:
        check_name(name)
    assert refusal.value.reason == reasons.BAD_NAME
    assert refusal.value.values["code"] == code


@pytest.mark.parametrize("name", ["", "  ", "ế" * 100 + ".pdf"])
def test_names_that_no_file_system_takes_are_refused(name):
    with pytest.raises(IntakeRefused) as refusal:
        check_name(name)
    assert refusal.value.reason == reasons.NAME_LENGTH


@pytest.mark.parametrize(
    ("lines", "mark"),
    [
        ([("MẬT", 0.2)], "MẬT"),
        ([("MA\u0302\u0323T", 0.2)], "MẬT"),
        ([("[ TỐI  MẬT ]", 0.2)], "TỐI MẬT"),
        ([("MẬT", 0.2), ("TUYỆT MẬT", 0.3)], "TUYỆT MẬT"),
        ([("MẬT", 0.6)], ""),
        ([("Mật", 0.2), ("QUY CHẾ BẢO MẬT", 0.2), ("ĐỘ MẬT", 0.1), ("MẬT THƯ", 0.2)], ""),
        ([], ""),
    ],
)
def test_only_a_line_of_its_own_is_a_mark(lines, mark):
    assert secrecy_mark(PlacedLine(*line) for line in lines) == mark


@given(
    st.lists(st.text(st.sampled_from("MẬTmậtTUYỆỐI ẶÂĂ.-«»0x" + "\u0323\u0302\u0306")), max_size=4), st.data()
)
def test_a_page_that_may_bear_no_mark_bears_none(texts, data):
    marked = data.draw(
        st.sampled_from(["", "MẬT", "«MẬT»", "TUYỆT MẬT", "T\u00d4\u0301I M\u00c2\u0323T", "MA\u0323\u0302T"])
    )
    lines = [*texts, marked]
    page = "".join(lines).replace(" ", "")
    if secrecy_mark(PlacedLine(line, 0.1) for line in lines):
        assert may_bear_mark(page)


@pytest.mark.parametrize("text", ["", "ỦY BAN NHÂN DÂN", "mật khẩu", "M-xA-xT"])
def test_most_pages_are_seen_to_bear_no_mark(text):
    assert not may_bear_mark(text)
