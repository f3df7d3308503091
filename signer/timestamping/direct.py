"""A time-stamp authority in the same process: the embedded demo and the benchmark."""

from __future__ import annotations

from collections.abc import Callable

from signer.timestamping.reserve import DEFAULT_RESERVE, Reserve
from signer.timestamping.token import TokenRules, accept, new_request


class DirectTimestampAuthority:
    """A `TimestampAuthority` over `respond`, which takes a DER request and returns a DER response.

    The answer is checked in the same way as one that came over the network.
    """

    def __init__(
        self, respond: Callable[[bytes], bytes], rules: TokenRules, *, reserve: int = DEFAULT_RESERVE
    ) -> None:
        self.name = "direct"
        self._respond = respond
        self._rules = rules
        self._reserve = Reserve(reserve)

    @property
    def reserve(self) -> int:
        """Bytes to keep free for one token: the largest seen, with slack."""
        return self._reserve.size

    def token(self, imprint: bytes, digest: str) -> bytes:
        """One token for one imprint (contract: `signer.ports.TimestampAuthority`)."""
        request = new_request(imprint, digest, self._rules.policy)
        return self._reserve.learn(accept(self._respond(request.der), request, self._rules))

    def close(self) -> None:
        """Nothing is kept."""
