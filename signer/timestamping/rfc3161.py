"""RFC 3161 over HTTP (3.4): one kept session, one question per call, a bounded answer.

An HTTP/1.1 connection carries one question at a time. The session opens as many as there are questions at once,
at most `HttpLimits.connections`, and keeps them: questions asked one after the other use one.
"""

from __future__ import annotations

from dataclasses import dataclass

from policies.reasons import signing as reasons
from signer.errors import TimestampRefused, TimestampUnavailable
from signer.timestamping.reserve import DEFAULT_RESERVE, Reserve
from signer.timestamping.token import MAX_ANSWER, TokenRules, accept, new_request
from signer.web import Late, NoAnswer, TooLarge, Web

_HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
_TRY_LATER = frozenset({408, 425, 429}) | frozenset(range(500, 600))


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """`seconds` bounds one whole exchange; the government's TSA was measured at 2 to 131 s."""

    seconds: float = 180.0
    answer_bytes: int = MAX_ANSWER
    connections: int = 4
    reserve: int = DEFAULT_RESERVE


class HttpTimestampAuthority:
    """A `TimestampAuthority` behind a URL. Each call asks once; whether to ask again is the caller's.

    Safe for several threads; `close` ends the session.
    """

    def __init__(self, url: str, rules: TokenRules, limits: HttpLimits | None = None) -> None:
        self.name = url
        self._limits = limits or HttpLimits()
        self._rules = rules
        self._web = Web(self._limits.connections)
        self._reserve = Reserve(self._limits.reserve)

    @property
    def reserve(self) -> int:
        """Bytes to keep free for one token: the largest seen, with slack."""
        return self._reserve.size

    def token(self, imprint: bytes, digest: str) -> bytes:
        """One token for one imprint (contract: `signer.ports.TimestampAuthority`)."""
        request = new_request(imprint, digest, self._rules.policy)
        return self._reserve.learn(accept(self._ask(request.der), request, self._rules))

    def _ask(self, request: bytes) -> bytes:
        limit = self._limits.answer_bytes
        try:
            answer = self._web.post(self.name, request, _HEADERS, seconds=self._limits.seconds, limit=limit)
        except TooLarge as exc:
            raise TimestampRefused(reasons.TIMESTAMP_TOO_LARGE, limit=limit) from exc
        except NoAnswer as exc:
            raise TimestampUnavailable(f"{self.name}: {exc}", late=isinstance(exc, Late)) from exc
        if answer.status in _TRY_LATER:
            raise TimestampUnavailable(f"{self.name}: HTTP {answer.status}")
        if answer.status != 200:
            raise TimestampRefused(reasons.TIMESTAMP_HTTP, status=answer.status)
        return answer.body

    def close(self) -> None:
        """End the HTTP session; questions under way end with TimestampUnavailable at once."""
        self._web.close()
