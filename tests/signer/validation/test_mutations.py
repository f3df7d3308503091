"""Hostile bytes: whatever is altered, the answer is a verdict or a typed refusal, and never a wrong yes."""

from __future__ import annotations

import random
import re

import pytest

from policies.refusals import Refused
from policies.validation import PASSED
from signer.validation.process import validate
from tests.profiles import AGENCY
from tests.signer.validation.office import explain, ids, understood

WORDS = [
    b"/V",
    b"<<",
    b">>",
    b"obj",
    b"0 R",
    b"stream",
    b"xref",
    b"trailer",
    b"%%EOF",
    b"/Prev",
    b"[",
    b"(",
    b"-1",
]


def mutated(data: bytes, places, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5])):
        at = chance.choice(places) + chance.randrange(-5, 30)
        word = chance.choice(WORDS)
        match chance.randrange(4):
            case 0:
                out[at] ^= 1 << chance.randrange(8)
            case 1:
                out[at : at + len(word)] = word
            case 2:
                del out[at : at + chance.randrange(1, 40)]
            case _:
                out[at:at] = word
    return bytes(out)


def answer(office, path):
    """None for a typed refusal."""
    try:
        return validate(path, trust=office.trust, at=office.now, profile=AGENCY)
    except Refused:
        return None


def run(shelf, tmp_path, name, rounds, seed):
    source = getattr(shelf, name)
    data = source.read_bytes()
    hole = data.index(b"/Contents <")
    places = [m.start() for m in re.finditer(rb"/[A-Z][A-Za-z]+", data) if 10 < m.start() < hole - 40]
    chance = random.Random(seed)
    path = tmp_path / "m.pdf"
    for _ in range(rounds):
        changed = mutated(data, places, chance)
        if changed == data:
            continue  # a word was written over itself
        path.write_bytes(changed)
        report = answer(shelf.office, path)
        if report is not None:
            assert report.verdict != PASSED, explain(report)
            assert understood(report), explain(report)


def run_in_cms(shelf, tmp_path, rounds, seed):
    data = shelf.led.read_bytes()
    start = data.index(b"/Contents <") + 11
    size = len(data[start : data.index(b">", start)].rstrip(b"0"))
    chance = random.Random(seed)
    path = tmp_path / "m.pdf"
    for _ in range(rounds):
        out = bytearray(data)
        for _ in range(chance.choice([1, 2, 4])):
            at = start + chance.randrange(size)
            out[at] = chance.choice(b"0123456789abcdef")
        path.write_bytes(bytes(out))
        report = answer(shelf.office, path)
        assert report is not None
        assert report.verdict != PASSED, explain(report)
        assert understood(report), explain(report)


def test_what_is_signed(shelf, tmp_path):
    run(shelf, tmp_path, "long_term", 150, 20261120)


def test_the_signature_itself(shelf, tmp_path):
    run_in_cms(shelf, tmp_path, 150, 20261120)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_for_longer(shelf, tmp_path, seed):
    run(shelf, tmp_path, "archived", 2000, seed)
    run_in_cms(shelf, tmp_path, 2000, seed)


def test_filling_that_is_not_zeros_is_told(shelf, tmp_path):
    data = shelf.led.read_bytes()
    end = data.index(b">", data.index(b"/Contents <") + 11)
    path = tmp_path / "filled.pdf"
    path.write_bytes(data[: end - 20] + b"deadbeef" + data[end - 12 :])
    report = shelf.office.online(path, at=shelf.now)
    assert report.verdict == PASSED, "nothing signed was altered and nothing of it is shown"
    assert "verification.cms-padding" in ids(report.signatures[0])
