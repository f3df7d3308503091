"""The grammar: what is written reads back the same, and what is not the grammar is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.document.objects import ReaderLimits
from signer.document.syntax import (
    HexString,
    Name,
    NeedMore,
    Ref,
    Stream,
    name_of,
    parse,
    parse_indirect,
    serialize,
)
from signer.errors import DocumentRefused

latin = st.text(st.characters(max_codepoint=255, exclude_characters="\0"), max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**31), 2**31 - 1)
    | st.floats(-1e30, 1e30, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-12)
    | st.binary(max_size=40)
    | st.binary(max_size=20).map(HexString)
    | latin.map(Name)
    | st.builds(Ref, st.integers(0, 9_999_999), st.integers(0, 65_535))
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(latin, inner.filter(lambda v: v is not None), max_size=5)
    ),
    max_leaves=25,
)


@given(values)
def test_what_is_written_reads_back_the_same(value):
    written = serialize(value)
    assert parse(written) == (value, len(written))
    assert serialize(parse(written)[0]) == written


@given(values, st.data())
def test_a_window_that_ends_too_early_asks_for_more_and_never_guesses(value, data):
    written = serialize(value) + b" endobj"
    cut = data.draw(st.integers(0, len(written) - 8))
    try:
        part, _ = parse(written[:cut], final=False)
    except NeedMore:
        return
    assert part == value


@given(st.binary(max_size=200))
def test_any_bytes_read_or_are_refused(raw):
    with contextlib.suppress(DocumentRefused):
        parse(raw)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"(a\\(b\\)c\\\\)", b"a(b)c\\"),
        (b"(a(b)c)", b"a(b)c"),
        (b"(\\101\\7\\0501)", b"A\x07(1"),
        (b"(one\\\r\ntwo\r\nthree\rfour)", b"onetwo\nthree\nfour"),
        (b"<48 65 6C6c 6>", b"Hell`"),
        (b"/A#20B#2fC", Name("A B/C")),
        (b"/", Name("")),
        (b"% comment\n[1 % two\n 2]", [1, 2]),
        (b"[1 2 R 3]", [Ref(1, 2), 3]),
        (b"[1 % comment\n 2 R]", [Ref(1, 2)]),
        (b"[.5 -.5 5. +7]", [0.5, -0.5, 5.0, 7]),
        (b"<</A null/B[true false]>>", {"B": [True, False]}),
        (b"<</A 1/A 1>>", {"A": 1}),
        (b"<</C\xc3\x80 /\xc3\x80>>", {"C\xc3\x80": Name("\xc3\x80")}),
        (b"<</Contents#80 /Contents#ff>>", {"Contents\x80": Name("Contents\xff")}),
        (b"/A#00B", Name("A\0B")),
    ],
)
def test_the_forms_of_the_standard(text, value):
    assert parse(text)[0] == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"(open",
        b"<48",
        b"<4x>",
        b"[1 2",
        b"[1 2>>",
        b"<</A>>",
        b"<<1 2>>",
        b"<</A 1/A 2>>",
        b"]",
        b"}",
        b")",
        b"foo",
        b"[R]",
        b"[/A R]",
        b"--1",
        b"1.2.3",
        b"9" * 100,
        b"<</Contents\x801 0 R>>",
        b"<</Contents\xff 1 0 R>>",
        b"<</Contents\x0b1 0 R>>",
        b"<</FontFile2\x80 1 0 R>>",
        b"[/Widget\x80]",
        b"<</Contents#00 1 0 R>>",
        b"<</Contents#00x 1 0 R>>",
    ],
)
def test_what_is_not_the_grammar_is_refused(text):
    with pytest.raises(DocumentRefused) as refused:
        parse(text)
    assert refused.value.id == "document.malformed"


@pytest.mark.parametrize("opening", [b"[", b"<</A"])
def test_deep_nesting_is_refused_without_recursion(opening):
    with pytest.raises(DocumentRefused) as refused:
        parse(opening * 100_000)
    assert refused.value.id == "document.nested-too-deep"


def test_a_name_that_was_read_elsewhere_before_is_no_sounder():
    """Streams of pages are read by another loop, which keeps its names for all."""
    assert name_of(b"Contents\x80") == "Contents\x80"
    with pytest.raises(DocumentRefused):
        parse(b"<</Contents\x80 1>>")


def test_too_many_items_are_refused():
    with pytest.raises(DocumentRefused) as refused:
        parse(b"[" + b"0 " * 1_001 + b"]", limits=ReaderLimits(object_items=1_000))
    assert refused.value.id == "document.object-too-large"


@pytest.mark.parametrize(("limit", "accepted"), [(8, False), (9, True)])
def test_the_items_of_rows_count_as_all_others(limit, accepted):
    limits = ReaderLimits(object_items=limit)
    with contextlib.nullcontext() if accepted else pytest.raises(DocumentRefused):
        parse(b"<</W [1 [250 251] 2 [500]]>>", limits=limits)


@pytest.mark.parametrize(("limit", "accepted"), [(2, False), (3, True)])
def test_rows_are_nested_as_deep_as_all_others(limit, accepted):
    with contextlib.nullcontext() if accepted else pytest.raises(DocumentRefused):
        parse(b"<</W [1 [250]]>>", limits=ReaderLimits(depth=limit))


spelled = st.sampled_from(
    [
        b"0",
        b"7",
        b"+5",
        b"-3",
        b"-0",
        b"007",
        b"5.",
        b"0.25",
        b"-.5",
        b"+1.50",
        b"1234567890",
        b"/N",
        b"(s)",
        b"1 0 R",
    ]
)
gaps = st.sampled_from([b" ", b"\n", b"  ", b"\t\r", b"\0", b"%c\n"])
rows = st.lists(spelled | st.lists(spelled, max_size=4), max_size=8)


@given(rows, st.data())
def test_numbers_in_rows_read_as_numbers_alone(row, data):
    """The array as a whole, however it is spelled, against each of its values by itself."""

    def written(items):
        words = [written(item) if isinstance(item, list) else item for item in items]
        return (
            b"["
            + b"".join(word + data.draw(gaps) for word in words)
            + data.draw(st.sampled_from([b"", b" "]))
            + b"]"
        )

    def alone(items):
        return [alone(item) if isinstance(item, list) else parse(item)[0] for item in items]

    found = parse(b"<</W " + written(row) + b">>")[0]["W"]
    assert repr(found) == repr(alone(row))


def test_an_indirect_object_and_its_stream():
    found = parse_indirect(b"  7 0 obj\n<</Length 3>>\nstream\r\nabc\nendstream endobj")
    assert (found.num, found.gen, found.value, found.stream_start) == (7, 0, {"Length": 3}, 32)


@pytest.mark.parametrize(
    "text", [b"7 0 obj 1", b"7 0 obj 1 2 endobj", b"7 obj 1 endobj", b"7 0 obj 1 stream\n"]
)
def test_a_broken_indirect_object_is_refused(text):
    with pytest.raises(DocumentRefused):
        parse_indirect(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e39, 10**20])
def test_a_number_without_a_pdf_form_is_not_written(value):
    with pytest.raises(ValueError):
        serialize(value)


@pytest.mark.parametrize("value", [object(), {1, 2}, Stream({})])
def test_a_foreign_type_is_not_written(value):
    with pytest.raises(TypeError):
        serialize(value)
