"""Possessive quantifiers as atomic groups: the same pattern, on every Python."""

from __future__ import annotations

import importlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.creation.native.grammar import entries
from signer.creation.native.unfit import Unfit
from signer.document import syntax
from signer.errors import DocumentRefused
from signer.patterns import atomic, compile_pattern

MODULES = [
    f"signer.{name}"
    for name in (
        "creation.fill",
        "creation.native.filling",
        "creation.native.grammar",
        "creation.native.locks",
        "creation.native.reading",
        "creation.native.sections",
        "creation.native.tables",
        "document.contents",
        "document.history",
        "document.pdfa.content_tokens",
        "document.syntax",
    )
]
PATTERNS = [
    pytest.param(value, id=f"{module.removeprefix('signer.')}.{name}")
    for module in MODULES
    for name, value in vars(importlib.import_module(module)).items()
    if isinstance(value, re.Pattern) and isinstance(value.pattern, bytes)
]
PIECES = [
    b"<<", b">>", b"<", b">", b"(", b")", b"[", b"]", b"/", b"/A", b"/Prev ", b"0", b"12", b" 0 R", b" ", b"\n", b"\r",
    b"%", b"\\", b"x", b"ab", b".5", b"-", b"obj", b"endobj", b"xref\n", b"trailer", b"startxref\n", b"%%EOF", b"Tf",
    b"0000000010 00000 n \n", b"/Size 5", b"/Root 1 0 R", b"/ID [<AB><CD>]", b"true", b"{", b"}", b"re", b" m\n",
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (r"(?:ab|c)*+d", r"(?>(?:ab|c)*)d"),
        (r"(a(?:b)?+)++", r"(?>(a(?>(?:b)?))+)"),
        (r"(?:x){2,3}+(?:y){1,}+", r"(?>(?:x){2,3})(?>(?:y){1,})"),
        (r"[)*+]*+\)*+(?:a)*?(?:b)+", r"[)*+]*+\)*+(?:a)*?(?:b)+"),
        (r"[]()]++[^]()]++(?:[\])])?+", r"[]()]++[^]()]++(?>(?:[\])])?)"),
        (r"(?>(?:a)*)", r"(?>(?:a)*)"),
    ],
)
def test_groups_alone_are_written_anew(source, wanted):
    assert atomic(source) == wanted
    assert atomic(source.encode()) == wanted.encode()
    assert atomic(wanted) == wanted
    re.compile(wanted)


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=60)
@given(st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join))
def test_our_patterns_find_the_same(pattern, text):
    same = re.compile(atomic(pattern.pattern), pattern.flags)
    for found, other in zip(pattern.finditer(text), same.finditer(text), strict=True):
        assert (found.span(), found.groups()) == (other.span(), other.groups())
    assert bool(pattern.match(text)) is bool(same.match(text))


@pytest.mark.parametrize("raw", [b"<</0[ []>> ", b"<</0[: []>> ", b"<</0 [[]>> ", b"<</A[<</B[>>]>> "])
def test_what_does_not_end_is_never_read(raw):
    with pytest.raises(Unfit):
        entries(raw)
    with pytest.raises(DocumentRefused):
        syntax.parse(raw)


def test_a_repetition_that_fails_gives_everything_back():
    assert compile_pattern(rb"(?:\[(?:[^\[\]]++|\[\])*+\])*+").match(b"[ []>>").group() == b""
    assert compile_pattern("(?:ab?c)*+").match("abcab").group() == "abc"
