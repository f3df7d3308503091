"""Errors of the room.

policies.refusals.Refused
└── SignerRefused
    ├── DocumentRefused        the bytes: hostile, broken, beyond a limit, not what the act needs
    ├── PlacementRefused       a box was not found, or found more than once
    ├── SigningRefused         key, certificate, field or order does not allow this signature
    ├── TimestampRefused       the authority answered, and the answer is wrong: never retried as is
    ├── TrustRefused           the trust store, a trusted list or a certificate for it: nothing of it is believed
    └── CrossCheckFailed       the independent checker disagrees with our own output: stop the document
SignerUnavailable              a port did not answer in time (time-stamp, revocation, sandbox): retry later
    ├── TimestampUnavailable
    ├── RevocationUnavailable
    ├── TrustOverdue
    └── SandboxUnavailable
"""

from __future__ import annotations

from policies.refusals import Refused


class SignerRefused(Refused):
    """Root of this room's refusals."""


class DocumentRefused(SignerRefused):
    """The document's bytes are refused."""


class PlacementRefused(SignerRefused):
    """A box was not found by its anchors, or is ambiguous."""


class SigningRefused(SignerRefused):
    """This key, certificate or field must not make this signature."""


class TimestampRefused(SignerRefused):
    """The time-stamp authority's answer is wrong (nonce, imprint, certificate, size)."""


class TrustRefused(SignerRefused):
    """The trust store, a trusted list, or what somebody wants to put into the store, is refused whole."""


class CrossCheckFailed(SignerRefused):
    """The independent checker found something else than what we meant to make. `point` names what."""


class SignerUnavailable(Exception):
    """Something outside did not answer; no document was changed; try later."""


class TimestampUnavailable(SignerUnavailable):
    """No time-stamp in time. `late`: the question went out whole, and the authority may still be at it."""

    def __init__(self, message: str, *, late: bool = False) -> None:
        super().__init__(message)
        self.late = late


class RevocationUnavailable(SignerUnavailable):
    """No revocation answer in time. No answer is not a yes."""


class TrustOverdue(SignerUnavailable):
    """The trust store, or a list that it took in, is past its review: nothing is found valid until its keeper acts."""


class SandboxUnavailable(SignerUnavailable):
    """No worker process could be had."""
