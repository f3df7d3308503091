"""A file that is refused still tells who seems to have signed it; none of that is a verdict."""

from __future__ import annotations

import os

import pytest

from signer.errors import DocumentRefused
from signer.trust.anchors import TrustAnchors
from signer.validation.process import validate
from signer.validation.remains import MAX_FOUND, remains
from tests.profiles import AGENCY
from tests.signer.trust.forge import NOW

LEADER, SEAL = "DEMO Nguyễn Văn An", "DEMO UBND tỉnh Sông Hồng"


def refused(path):
    with pytest.raises(DocumentRefused):
        validate(path, trust=TrustAnchors(()), at=NOW, profile=AGENCY)
    return remains(path)


def signers(path):
    return [each.signer for each in refused(path)]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "broken.pdf"


def test_a_file_without_its_end(shelf, out):
    data = shelf.issued.read_bytes()
    out.write_bytes(data[: data.rindex(b"startxref")].replace(b"startxref", b"xxxxxxxxx"))
    leader, seal = refused(out)
    assert leader.signer == LEADER and "DEMO" in seal.signer and seal.signer != LEADER
    assert {leader.subfilter, seal.subfilter} == {"ETSI.CAdES.detached"}
    assert leader.claimed_time == NOW
    assert leader.byte_range[0] == 0 and len(leader.byte_range) == 4


def test_a_file_that_does_not_begin_as_one(shelf, out):
    out.write_bytes(b"x" + shelf.led.read_bytes())
    assert signers(out) == [LEADER], "the hole is not where the range says: the next one is read"


def test_the_hole_is_gone(shelf, out):
    data = shelf.led.read_bytes()
    start = data.index(b"/Contents <")
    out.write_bytes(b"x" + data[:start] + data[data.index(b">", start) :])
    (only,) = refused(out)
    assert (only.signer, only.subfilter) == ("", "ETSI.CAdES.detached")


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"/ByteRange", b"/ByteRange [", b"/ByteRange [0 1 2", os.urandom(4096)],
    ids=["empty", "short", "word", "open", "unclosed", "noise"],
)
def test_nothing_to_be_read(out, data):
    out.write_bytes(data)
    assert remains(out) == ()


@pytest.mark.parametrize(
    "numbers", [b"", b"0 0 0 0", b"9 8 7 6", b"0 9999999999999999999 0 1", b"0 10 99999999 1", b"1 2 3 4 5 6"]
)
def test_ranges_that_lead_nowhere(out, numbers):
    out.write_bytes(
        b"<< /Type /Sig /ByteRange [" + numbers + b"] /Contents <zz> /SubFilter /a.b /M (D:xx) >>"
    )
    (only,) = remains(out)
    assert (only.signer, only.subfilter, only.claimed_time) == ("", "a.b", None)


def test_a_thousand_are_not_all_listed(out):
    out.write_bytes(b"<< /ByteRange [0 1 2 3] /Contents <00> >>\n" * 1000)
    assert len(remains(out)) == MAX_FOUND


def test_millions_of_openings_are_looked_at_once(out):
    """No pattern goes back: a file of nothing but beginnings takes as long as it is long."""
    out.write_bytes(b"/ByteRange [1 1 1 1 " * 400_000 + b"/Contents <" * 400_000)
    assert remains(out) == ()
