"""What ASN.1 parsers throw at hostile bytes, in one place."""

from __future__ import annotations

import signer.trust.asn1_ready  # noqa: F401 (before anybody parses)

MALFORMED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    AssertionError,
    RecursionError,
    NotImplementedError,
    ArithmeticError,
)
"""asn1crypto reads lazily, so any access to a field of a hostile structure may raise any of these."""


class Unreadable(ValueError):
    """The bytes are not what they should be; the text names the structure, never quotes it."""
