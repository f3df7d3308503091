"""Digests of what signatures cover, in as few passes over the file as there are digest algorithms.

The ByteRanges of one file share their beginning: the state of a digest is kept where each hole starts, and the
next signature goes on from there. What one round of a validation computed is handed to the next one.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes

from signer.document.reader import PdfFile
from signer.document.revisions import SignatureField
from signer.trust.signatures import hash_algorithm
from signer.validation.cryptographic import DigestOf
from signer.validation.values import SignedDigest

_BLOCK = 1 << 18


class SignedBytes:
    """The signed bytes of one open file. `known` is what an earlier round of the same validation computed."""

    def __init__(self, pdf: PdfFile, known: tuple[SignedDigest, ...] = ()) -> None:
        self._pdf = pdf
        self._known = {(each.byte_range, each.algorithm): each.value for each in known}
        self._states: dict[str, list[tuple[int, hashes.Hash]]] = {}

    @property
    def computed(self) -> tuple[SignedDigest, ...]:
        """Every digest so far, for the next round."""
        return tuple(SignedDigest(*key, value) for key, value in self._known.items())

    def digest_of(self, field: SignatureField) -> DigestOf | None:
        """Digests of what the ByteRange covers; None when it is no pair of ranges in the file."""
        ranges = field.byte_range
        if len(ranges) != 4 or min(ranges) < 0 or ranges[0] + ranges[1] > ranges[2]:
            return None
        if ranges[2] + ranges[3] > self._pdf.size:
            return None
        return lambda name: self._digest(ranges, name)

    def _digest(self, ranges: tuple[int, ...], name: str) -> bytes:
        found = self._known.get((ranges, name))
        if found is None:
            first, length, second, rest = ranges
            context = self._prefix(length, name) if first == 0 else self._added(None, first, length, name)
            found = self._added(context, second, rest, name).finalize()
            self._known[ranges, name] = found
        return found

    def _prefix(self, end: int, name: str) -> hashes.Hash:
        """The state after the first `end` bytes, from the nearest one that is known."""
        states = self._states.setdefault(name, [])
        start, state = max(
            ((at, kept) for at, kept in states if at <= end), default=(0, None), key=lambda pair: pair[0]
        )
        context = self._added(None if state is None else state.copy(), start, end - start, name)
        states.append((end, context.copy()))
        return context

    def _added(self, context: hashes.Hash | None, start: int, length: int, name: str) -> hashes.Hash:
        context = hashes.Hash(hash_algorithm(name)) if context is None else context
        position, end = start, start + length
        view = memoryview(bytearray(min(_BLOCK, length)))  # one that the processor's cache holds
        while position < end:
            count = self._pdf.read_into(view[: end - position], position)
            if not count:
                raise OSError("the file ended early")
            context.update(view[:count])
            position += count
        return context
