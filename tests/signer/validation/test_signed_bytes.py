"""The bytes of a signed file are read once, whatever the number of signatures and rounds."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from policies.validation import PASSED
from signer.document.reader import PdfFile
from signer.document.revisions import signatures
from signer.trust.signatures import AlgorithmUnknown
from signer.validation.online import validate_online
from signer.validation.process import run
from signer.validation.signed_bytes import SignedBytes
from tests.profiles import AGENCY
from tests.signer.validation.office import Direct, PkiSource


class Counting:
    """A file that counts the bytes that it gives."""

    def __init__(self, pdf):
        self.pdf, self.size, self.given = pdf, pdf.size, 0

    def read_into(self, view, offset):
        count = self.pdf.read_into(view, offset)
        self.given += count
        return count


@pytest.fixture
def opened(shelf):
    with PdfFile.open(shelf.long_term) as pdf:
        yield pdf, signatures(pdf)


def by_hand(data, ranges, name="sha256"):
    a, b, c, d = ranges
    return hashlib.new(name, data[a : a + b] + data[c : c + d]).digest()


def test_every_signature_in_one_pass(shelf, opened):
    pdf, found = opened
    counting = Counting(pdf)
    signed = SignedBytes(counting)
    data = shelf.long_term.read_bytes()
    assert len(found) >= 2
    for field in found:
        assert signed.digest_of(field)("sha256") == by_hand(data, field.byte_range)
    # Besides the one pass: what lies between a hole and the end of its revision is read once more.
    assert counting.given < pdf.size + sum(field.byte_range[3] for field in found)


def test_in_any_order_and_by_any_digest(shelf, opened):
    pdf, found = opened
    signed = SignedBytes(pdf)
    data = shelf.long_term.read_bytes()
    for name in ("sha512", "sha256"):
        for field in reversed(found):
            assert signed.digest_of(field)(name) == by_hand(data, field.byte_range, name)


def test_the_next_round_reads_nothing(opened):
    pdf, found = opened
    first = SignedBytes(pdf)
    values = [first.digest_of(field)("sha256") for field in found]
    counting = Counting(pdf)
    second = SignedBytes(counting, first.computed)
    assert [second.digest_of(field)("sha256") for field in found] == values
    assert counting.given == 0
    second.digest_of(found[0])("sha384")
    assert counting.given > 0


def test_ranges_that_are_none(opened):
    pdf, (field, *_) = opened
    signed = SignedBytes(pdf)
    for ranges in ((0, 1, 2), (0, 5, 4, 1), (0, 1, 2, pdf.size), (-1, 1, 2, 3)):
        assert signed.digest_of(Field(ranges)) is None
    with pytest.raises(AlgorithmUnknown):
        signed.digest_of(field)("whirlpool")


class Field:
    def __init__(self, byte_range):
        self.byte_range = byte_range


class Recording(Direct):
    """What each round was given."""

    def __init__(self):
        self.digests = []

    def call(self, task, *arguments):
        self.digests.append(arguments[-1])
        return super().call(task, *arguments)


def test_rounds_hand_their_digests_on(shelf, pki):
    recording = Recording()
    report = validate_online(recording, shelf.issued, shelf.office.trust, shelf.now, AGENCY, PkiSource(pki))
    assert report.verdict == PASSED
    assert len(recording.digests) > 1
    assert recording.digests[0] == ()
    assert all(given == report.digests and given for given in recording.digests[1:])


def test_a_digest_that_is_not_the_files_fails(shelf):
    """Nothing but the digest decides: a wrong one handed on is a broken signature, never a pass."""
    first = run(shelf.long_term, shelf.office.trust, shelf.now, AGENCY)
    assert first.verdict == PASSED
    wrong = tuple(dataclasses.replace(each, value=bytes(len(each.value))) for each in first.digests)
    second = run(shelf.long_term, shelf.office.trust, shelf.now, AGENCY, digests=wrong)
    assert second.verdict.indication == "TOTAL-FAILED"
