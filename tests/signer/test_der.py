"""DER in the small against asn1crypto, and against hostile bytes."""

from __future__ import annotations

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from signer import der


@given(st.integers(0, 1 << 200))
def test_integers_as_asn1crypto_has_them(value):
    assert der.integer(value) == core.Integer(value).dump()


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 1 << 40), max_size=8))
def test_object_identifiers_as_asn1crypto_has_them(first, second, rest):
    dotted = ".".join(map(str, (first, second, *rest)))
    assert der.oid(dotted) == core.ObjectIdentifier(dotted).dump()


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_lengths_at_their_borders(size):
    encoded = der.encode(der.OCTET_STRING, bytes(size))
    assert encoded == core.OctetString(bytes(size)).dump()
    element = der.read(encoded)
    assert (element.tag, element.end - element.content, element.end) == (4, size, len(encoded))


def nested(levels):
    inner = b"\x05\x00"
    for _ in range(levels):
        inner = der.encode(der.SEQUENCE, inner)
    return inner


HOSTILE = {
    "too large": der.encode(der.OCTET_STRING, bytes(2000)),
    "too deep": nested(40),
    "too many": der.encode(der.SEQUENCE, *[b"\x05\x00"] * 300),
    "something after": b"\x05\x00\x00",
    "indefinite": b"\x30\x80\x00\x00",
    "overrun": b"\x30\x05\x05\x00",
    "child overruns": b"\x30\x03\x04\x02\x00",
    "high tag": b"\x1f\x81\x01\x00",
    "length of length": b"\x04\x85\x00\x00\x00\x00\x01\x00",
    "long form for a short length": b"\x04\x81\x01\x00",
    "leading zero in the length": b"\x04\x82\x00\x81" + bytes(0x81),
    "nothing": b"",
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_structures_are_refused(hostile):
    with pytest.raises(der.DerError):
        der.check(hostile, size=1000, elements=200)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_walked(data):
    try:
        der.check(data, size=300)
    except der.DerError:
        return
    assert der.read(data).end == len(data)


def test_trim_takes_zeros_only():
    assert der.trim(b"\x05\x00\x00\x00") == b"\x05\x00"
    with pytest.raises(der.DerError):
        der.trim(b"\x05\x00\x00\x01")


def walked(buffer: bytes, parent: der.Element) -> None:
    for child in der.children(buffer, parent):
        if child.tag & der.CONSTRUCTED:
            walked(buffer, child)


def good(act, *arguments, **options) -> bool:
    try:
        act(*arguments, **options)
    except der.DerError:
        return False
    return True


encoded = st.recursive(
    st.builds(der.encode, st.sampled_from([4, 5, 0x1F, 0x80]), st.binary(max_size=200)),
    lambda inner: st.builds(lambda parts: der.encode(der.SEQUENCE, *parts), st.lists(inner, max_size=4)),
    max_leaves=12,
)


@given(encoded, st.integers(0), st.integers(0, 255))
def test_what_is_bounded_is_what_can_be_walked(buffer, position, byte):
    altered = bytearray(buffer)
    altered[position % len(altered)] = byte
    for each in (buffer, bytes(altered)):
        whole = good(der.read, each) and der.read(each).end == len(each)
        # A primitive element at the top has nothing inside that anybody looks at.
        inside = whole and (not each[0] & der.CONSTRUCTED or good(walked, each, der.read(each)))
        assert good(der.check, each, size=10_000) == inside
