"""The twin of a time-stamp authority: real tokens, or any failure that a real one has shown, on command."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from enum import StrEnum

from policies.reasons import signing as reasons
from signer import der
from signer.errors import TimestampRefused, TimestampUnavailable
from signer.timestamping.reserve import DEFAULT_RESERVE, Reserve
from signer.timestamping.token import MAX_ANSWER, Request, TokenRules, accept, new_request


class Failure(StrEnum):
    """What the next call does instead of answering well."""

    DOWN = "down"
    SLOW = "slow"  # answers after the limit: for the caller the same as down, but the TSA was asked
    REJECTS = "rejects"
    GARBAGE = "garbage"
    HUGE = "huge"
    HTTP_ERROR = "http-error"
    WRONG_NONCE = "wrong-nonce"
    WRONG_IMPRINT = "wrong-imprint"
    WRONG_CERTIFICATE = "wrong-certificate"
    WRONG_SIGNATURE = "wrong-signature"


class FailingTimestampAuthority:
    """A `TimestampAuthority` that obeys `fail_next`; otherwise it answers from `respond`, checked in full.

    `respond_wrongly` answers with a certificate that the rules refuse. `asked` counts the questions that left
    the house: every failure but DOWN is one. `hold` (cleared) makes calls wait: a slow TSA without sleeping.
    """

    def __init__(
        self,
        respond: Callable[[bytes], bytes],
        rules: TokenRules,
        respond_wrongly: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.name = "twin"
        self.asked = 0
        self.hold = threading.Event()
        self.hold.set()
        self._respond = respond
        self._respond_wrongly = respond_wrongly or respond
        self._rules = rules
        self._failures: deque[Failure] = deque()
        self._reserve = Reserve(DEFAULT_RESERVE)

    @property
    def reserve(self) -> int:
        return self._reserve.size

    def fail_next(self, *failures: Failure) -> None:
        """The coming calls fail like this, one each; then all is well again."""
        self._failures.extend(failures)

    def token(self, imprint: bytes, digest: str) -> bytes:
        """One token, or the commanded failure."""
        failure = self._failures.popleft() if self._failures else None
        if failure is Failure.DOWN:
            raise TimestampUnavailable("twin: connection refused")
        self.hold.wait()
        self.asked += 1
        request = new_request(imprint, digest, self._rules.policy)
        answer = self._respond(request.der) if failure is None else self._fail(failure, request)
        return self._reserve.learn(accept(answer, request, self._rules))

    def close(self) -> None:
        """Nothing is kept."""

    def _fail(self, failure: Failure, request: Request) -> bytes:
        """The bytes of a wrong answer; failures below the bytes are raised as the HTTP adapter does."""
        match failure:
            case Failure.SLOW:
                raise TimestampUnavailable("twin: ReadTimeout", late=True)
            case Failure.HTTP_ERROR:
                raise TimestampRefused(reasons.TIMESTAMP_HTTP, status=403)
            case Failure.HUGE:
                raise TimestampRefused(reasons.TIMESTAMP_TOO_LARGE, limit=MAX_ANSWER)
            case Failure.REJECTS:
                return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(2)))
            case Failure.GARBAGE:
                return b"<html>502</html>"
            case Failure.WRONG_NONCE:
                return self._respond(new_request(request.imprint, request.digest, request.policy).der)
            case Failure.WRONG_IMPRINT:
                other = bytes(len(request.imprint))
                return self._respond(request.der.replace(request.imprint, other))
            case Failure.WRONG_SIGNATURE:
                answer = self._respond(request.der)
                return answer[:-1] + bytes((answer[-1] ^ 1,))
            case _:
                return self._respond_wrongly(request.der)
