"""One byte of a signed file altered: never TOTAL-PASSED, unless it is shown that nothing was altered.

Both paths' files, at random places of each of their parts. What is harmless is proved for each flip: it lies in the
hole, and the hole still holds the same CMS, followed by filling.
"""

from __future__ import annotations

import dataclasses
import random

import pytest
from asn1crypto import cms as asn1_cms

from policies.refusals import Refused
from policies.validation import PASSED
from signer import der
from signer.document.reader import PdfFile
from signer.document.revisions import signatures
from signer.validation.process import validate
from tests.conformance.test_two_paths import PATHS, both
from tests.demo_pki import demo_pki
from tests.factories.graphs import Blueprint, Form, Locks
from tests.profiles import AGENCY
from tests.signer.validation.office import NOW, Office, explain

BLUEPRINTS = {
    "table": Blueprint(Form.TABLE, visible=False),
    "streams": Blueprint(Form.PACKED, pages=3, nested=True, updates=1, outlines=3),
    "signed before": Blueprint(Form.HYBRID, locks=Locks.EXCLUDE, earlier=1, texts=1),
    "linearised": Blueprint(Form.LINEAR_PACKED, pages=2, rotation=90, attachments=1),
}


def parts(path, base_size: int) -> dict[str, range]:
    """Where the parts of the newest revision are."""
    with PdfFile.open(path) as pdf:
        newest = signatures(pdf)[-1]
        start, end = newest.hole
        section = pdf.sections[0]
        return {
            "document": range(9, base_size),
            "revision": range(base_size, section.offset),
            "around the hole": range(start - 300, start + 1),
            "hole": range(start + 1, end - 1),
            "start of the hole": range(start + 1, start + 200),
            "after the hole": range(end - 1, end + 40),
            "cross-references": range(section.offset, section.end),
            "end": range(section.end, pdf.size),
        }


def is_harmless(data: bytes, altered: bytes, hole: range) -> bool:
    """Whether the files are equal but for the hole, and the holes hold the same signature."""
    if data[: hole.start] != altered[: hole.start] or data[hole.stop :] != altered[hole.stop :]:
        return False
    try:
        return essence(data[hole.start : hole.stop]) == essence(altered[hole.start : hole.stop])
    except (ValueError, TypeError, der.DerError):
        return False


def essence(digits: bytes) -> tuple[bytes, ...]:
    """What of a SignedData says who signed what. Not in it: the case of digits and white space between them
    (7.3.4.3), filling, certificates, which are believed only where the signed attributes name their digest or they
    lead to an anchor, and what no signature covers and nobody needs (RFC 5652, 5.1 and 5.3): the numbers of
    versions, the list of digest algorithms, and the parameters of rsaEncryption, which are NULL."""
    plain = digits.translate(None, b"\0\t\n\f\r ").decode("ascii")
    filled = bytes.fromhex(plain + "0" * (len(plain) % 2))
    cms = filled[: der.read(filled).end]
    found = asn1_cms.ContentInfo.load(cms, strict=True)["content"]
    (signer,) = found["signer_infos"]
    names = ("sid", "digest_algorithm", "signed_attrs", "signature", "unsigned_attrs")
    return (*(signer[name].dump() for name in names), signer["signature_algorithm"]["algorithm"].dump())


def flip_and_ask(name: str, folder, rounds: int, chance: random.Random) -> None:
    office = Office(demo_pki(), folder, NOW)
    source, out = both(BLUEPRINTS[name], folder)
    size = source.stat().st_size
    for path in PATHS:
        data = out[path].read_bytes()
        report = office.online(out[path], at=NOW)
        assert report.verdict == PASSED, explain(report)
        answers = dataclasses.replace(report.evidence, certificates=())
        assert verdict_on(data, office, answers, folder) == PASSED
        where = parts(out[path], size)
        for part, places in where.items():
            for _ in range(rounds):
                altered = bytearray(data)
                at = chance.choice(places)
                altered[at] ^= 1 << chance.randrange(8)
                verdict = verdict_on(bytes(altered), office, answers, folder)
                if verdict == PASSED:
                    assert is_harmless(data, bytes(altered), where["hole"]), (path, part, at)


def verdict_on(data: bytes, office: Office, evidence, folder):
    """With the answers that made the unaltered file pass, but no certificates beside those in the file; None for
    a file that is refused."""
    path = folder / "altered.pdf"
    path.write_bytes(data)
    try:
        return validate(path, trust=office.trust, at=NOW, profile=AGENCY, evidence=evidence).verdict
    except Refused:
        return None


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_one_byte(tmp_path, name):
    flip_and_ask(name, tmp_path, 8, random.Random(name))


@pytest.mark.long
@pytest.mark.parametrize("name", BLUEPRINTS)
def test_thousands_of_bytes(tmp_path, name):
    flip_and_ask(name, tmp_path, 250, random.Random(name + " again"))


def test_the_proof_of_harmlessness_proves_something(tmp_path):
    """The same digit in capitals is harmless, another digit is not, nor is anything outside of the hole."""
    source, out = both(BLUEPRINTS["table"], tmp_path)
    data = out["general"].read_bytes()
    hole = parts(out["general"], source.stat().st_size)["hole"]
    letter = next(at for at in reversed(hole) if chr(data[at]) in "abcdef")
    for at, value, harmless in (
        (letter, data[letter] ^ 0x20, True),
        (letter, ord("0"), False),
        (hole.stop - 1, ord("1"), True),
        (hole.start - 4, 0x20, False),
        (letter, ord("x"), False),
    ):
        altered = bytearray(data)
        altered[at] = value
        assert is_harmless(data, bytes(altered), hole) is harmless
