"""RFC 6962, section 2.1, written down as its definitions: the oracle for everything cleverer."""

from __future__ import annotations

from hashlib import sha256


def naive_root(entries):
    count = len(entries)
    if count == 0:
        return sha256(b"").digest()
    if count == 1:
        return sha256(b"\x00" + entries[0]).digest()
    split = _split(count)
    return sha256(b"\x01" + naive_root(entries[:split]) + naive_root(entries[split:])).digest()


def naive_path(index, entries):
    count = len(entries)
    if count == 1:
        return []
    split = _split(count)
    if index < split:
        return [*naive_path(index, entries[:split]), naive_root(entries[split:])]
    return [*naive_path(index - split, entries[split:]), naive_root(entries[:split])]


def naive_consistency(old, entries):
    return _subproof(old, entries, True)


def _subproof(old, entries, whole):
    count = len(entries)
    if old == count:
        return [] if whole else [naive_root(entries)]
    split = _split(count)
    if old <= split:
        return [*_subproof(old, entries[:split], whole), naive_root(entries[split:])]
    return [*_subproof(old - split, entries[split:], False), naive_root(entries[:split])]


def _split(count):
    split = 1
    while split * 2 < count:
        split *= 2
    return split
