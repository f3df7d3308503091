"""The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1): hashes, paths and their verification. Pure.

A `HashReader` answers with the hash of the complete subtree (level, index): the 2**level leaves from
index × 2**level on. Verification trusts no reader: it raises `ProofRefused`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from hashlib import sha256

from archive.errors import ProofRefused
from policies.reasons import archiving as reasons

HASH_SIZE = 32
MAX_PATH = 64  # longer than any proof for a tree of 2**63 leaves
EMPTY_ROOT = sha256(b"").digest()

HashReader = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """MTH of one entry: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def subtree_levels(hashes: Sequence[bytes]) -> list[list[bytes]]:
    """Hashes of all complete subtrees over neighbouring hashes, level by level from the given ones up."""
    levels = [list(hashes)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return levels


def complete_subtrees(start: int, stop: int) -> list[tuple[int, int]]:
    """(level, index) of the complete subtrees that cover leaves start..stop-1, left to right.

    `start` must be the edge of a subtree that is at least as large as the range, as in every RFC 6962 split.
    """
    found = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def range_hash(start: int, stop: int, read: HashReader) -> bytes:
    """MTH(D[start:stop]) for a range as in `complete_subtrees`; the empty range has the empty root."""
    hashes = [read(level, index) for level, index in complete_subtrees(start, stop)]
    return fold_right(hashes)


def fold_right(hashes: Sequence[bytes]) -> bytes:
    """Root over complete subtrees of falling size, left to right."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def root_hash(size: int, read: HashReader) -> bytes:
    """Root of the tree of the first `size` leaves."""
    return range_hash(0, size, read)


def inclusion_path(index: int, size: int, read: HashReader) -> tuple[bytes, ...]:
    """PATH(index, D[size]) of RFC 6962 section 2.1.1: sibling hashes from the leaf up to below the root."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(range_hash(middle, stop, read))
            stop = middle
        else:
            path.append(range_hash(start, middle, read))
            start = middle
    return tuple(reversed(path))


def consistency_path(old: int, new: int, read: HashReader) -> tuple[bytes, ...]:
    """PROOF(old, D[new]) of RFC 6962 section 2.1.2; empty when old is 0 or equals new."""
    if not 0 <= old <= new:
        raise ValueError(f"no consistency from {old} to {new}")
    if old in (0, new):
        return ()
    path: list[bytes] = []
    start, stop, whole = 0, new, True
    while old != stop:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(range_hash(middle, stop, read))
            stop = middle
        else:
            path.append(range_hash(start, middle, read))
            start, whole = middle, False
    if not whole:
        path.append(range_hash(start, stop, read))
    return tuple(reversed(path))


def _split(count: int) -> int:
    """Largest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 section 2.1.3.2. `leaf` is the leaf hash. Raises `ProofRefused`."""
    refused = ProofRefused(reasons.NOT_INCLUDED, index=index, size=size)
    if not 0 <= index < size:
        raise refused
    node, last, current = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise refused
        if node & 1 or node == last:
            current = node_hash(sibling, current)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or not hmac.compare_digest(current, root):
        raise refused


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """RFC 9162 section 2.1.4.2: the tree of `new` leaves continues that of `old`. Raises `ProofRefused`."""
    refused = ProofRefused(reasons.NOT_CONSISTENT, old=old, new=new)
    if old > new:
        raise ProofRefused(reasons.ROLLED_BACK, size=new, known=old)
    if old == new or old == 0:
        expected = new_root if old == new else EMPTY_ROOT
        if path or old < 0 or not hmac.compare_digest(old_root, expected):
            raise refused
        return
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not hashes:
        raise refused
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise refused
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or not hmac.compare_digest(first, old_root) or not hmac.compare_digest(second, new_root):
        raise refused
