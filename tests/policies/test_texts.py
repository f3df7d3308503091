"""What people write into the records: what is taken, what it becomes, what is refused."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import texts
from policies.reasons import texts as reasons
from policies.refusals import Refused
from policies.texts import NOTE, SUBJECT, line, needed, paragraphs

VIETNAMESE = "V/v triển khai Nghị quyết số 57-NQ/TW “về đột phá” – Ủy ban nhân dân xã Đăk Ơ’"


def refused(reason, act, *given):
    with pytest.raises(Refused) as caught:
        act(*given)
    assert caught.value.reason == reason
    assert caught.value.text("vi") and caught.value.text("en")
    return caught.value


@pytest.mark.parametrize(
    "text", [VIETNAMESE, "Tác giả Nguyễn Ái Quốc", "👨\u200d👩\u200d👧 gia đình", "ក្រុម\u200bហ៊ុន", "5 m² × 3"]
)
def test_genuine_words_are_left_as_they_are(text):
    assert line(text, SUBJECT, 500) == unicodedata.normalize("NFC", text)
    assert paragraphs(text, NOTE, 500) == unicodedata.normalize("NFC", text)


def test_decomposed_words_are_the_same_words_and_no_longer():
    apart = unicodedata.normalize("NFD", VIETNAMESE)
    assert len(apart) > len(VIETNAMESE)
    assert line(apart, SUBJECT, len(VIETNAMESE)) == VIETNAMESE


def test_white_space_is_collapsed_and_lines_are_kept_where_there_may_be_some():
    text = "  Một\u00a0 hai\r\n\r\n\r\n\tba \r\nbốn\u2028năm  \n"
    assert line(text, SUBJECT, 500) == "Một hai ba bốn năm"
    assert paragraphs(text, NOTE, 500) == "Một hai\n\nba\nbốn\nnăm"


@pytest.mark.parametrize(
    "text",
    ["", " ", "\u00a0\u3000", "\u200b", "\u200d\ufeff\u2060", "\u00ad", "\u0301", "\u3164", "\u2800", "\r\n"],
)
def test_what_nobody_would_see_is_empty(text):
    assert line(text, SUBJECT, 500) == paragraphs(text, NOTE, 500) == ""
    assert texts.reason(text) == ""
    refused(reasons.EMPTY, texts.subject, text)
    refused(reasons.EMPTY, needed, line(text, NOTE, 5), NOTE)


@pytest.mark.parametrize(
    "code",
    [
        0,
        1,
        8,
        0x0B,
        0x1B,
        0x1F,
        0x7F,
        0x85,
        0x9F,
        0xD800,
        0xFDD0,
        0xFFFE,
        0x10FFFF,
        0x202A,
        0x202E,
        0x2066,
        0xE0041,
    ],
)
def test_what_cannot_stand_in_a_register_or_turns_it_round_is_refused(code):
    for act in (line, paragraphs):
        why = refused(reasons.BAD_CHARACTER, act, f"Quyết{chr(code)}định", SUBJECT, 500)
        assert f"U+{code:04X}" in why.text("vi") and "Trích yếu" in why.text("vi")


def test_as_long_as_it_may_be_and_no_longer():
    assert texts.subject("ộ" * 500) == "ộ" * 500
    why = refused(reasons.TOO_LONG, texts.subject, "ộ" * 501)
    assert "501" in why.text("vi") and "500" in why.text("en")
    assert len(texts.reason("ộ" * 2000)) == 2000
    refused(reasons.TOO_LONG, texts.reason, "ộ" * 2001)


@given(st.text())
def test_any_text_is_taken_for_good_or_refused(text):
    for act in (line, paragraphs):
        try:
            taken = act(text, SUBJECT, 500)
        except Refused:
            continue
        assert act(taken, SUBJECT, 500) == taken
        assert not any(map(texts.is_refused, taken))
