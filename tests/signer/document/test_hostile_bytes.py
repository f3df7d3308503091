"""Files with bytes changed at random: read and judged, or refused with a reason; nothing else ever comes out."""

from __future__ import annotations

import random
import re

import pytest

from signer.document.contradictions import contradictions
from signer.document.modifications import Modifications
from signer.document.reader import PdfFile
from signer.document.revisions import History, signatures
from signer.errors import DocumentRefused
from tests.signer.document import build

SEEDS = [
    build.with_document_timestamp(build.with_validation_data(build.sealed())),
    build.sealed(stream_form=True),
]
WORDS = b"0 1 -1 99999 / << >> [ ] ( ) null true endobj stream % < 1.5 /Kids /V /AP /Parent"
TOKENS = (*WORDS.split(), b"1 0 R", b"3 0 R", b"\0")


def judge(data: bytes) -> None:
    pdf = PdfFile.of(data)
    pdf.pages()
    history = History(pdf)
    found = signatures(pdf, history)
    changes = Modifications(history, found)
    for signature in found:
        changes.after(signature)
    contradictions(pdf)
    assert isinstance(history.unreachable, tuple)


def overwrite(data: bytearray, place: int, new: bytes) -> None:
    data[place : place + len(new)] = new


def mutate(data: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(data))
    match chance.randrange(5):
        case 0:
            data[place] = chance.randrange(256)
        case 1:
            overwrite(data, place, chance.choice(TOKENS))
        case 2:
            number = chance.choice(list(re.finditer(rb"\d+", data)))
            width = number.end() - number.start()
            overwrite(data, number.start(), b"%0*d" % (width, chance.randrange(10 ** min(width, 9))))
        case 3:
            names = list(re.finditer(rb"/[A-Za-z]+", data))
            old, new = chance.choice(names), chance.choice(names)[0]
            width = old.end() - old.start()
            overwrite(data, old.start(), new[:width].ljust(width))
        case _:
            start = chance.randrange(len(data))
            overwrite(data, place, data[start : start + chance.randint(1, 40)])


@pytest.mark.parametrize("seed", range(20))
def test_changed_bytes_are_judged_or_refused(seed):
    chance = random.Random(seed)
    outcomes = []
    for _ in range(60):
        data = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 3)):
            mutate(data, chance)
        try:
            judge(bytes(data))
        except DocumentRefused as refused:
            outcomes.append(refused)
    assert all(refused.text("vi") and refused.text("en") for refused in outcomes)
    assert outcomes
