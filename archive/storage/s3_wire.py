"""Signed requests to one bucket through the minio SDK: bounded in time, memory and connections.

The SDK signs and reads errors. It has no argument for checksums, streams no body and waits for five minutes, five
times; so its client is subclassed where it builds headers and where it opens connections. What is relied on of its
inside is pinned by tests/archive/storage/test_s3_network.py and test_s3_headers.py.

Every act on the store is idempotent by key, so what may pass within seconds is repeated, a limited number of times,
each after a longer and random wait, inside the time of the act. Only sending an object is not repeated here:
`s3` looks first whether it arrived.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from itertools import count
from secrets import SystemRandom
from time import monotonic, sleep
from typing import Any, BinaryIO, NamedTuple, TypeVar, cast
from xml.etree.ElementTree import ParseError

from minio import Minio
from minio.credentials.credentials import Credentials
from minio.error import MinioException
from minio.helpers import DictType
from urllib3 import PoolManager, Timeout
from urllib3 import exceptions as net
from urllib3.response import BaseHTTPResponse, HTTPResponse

from archive.errors import StoreUnavailable
from archive.storage.s3_connection import MIB, S3Connection
from archive.storage.s3_errors import EXISTS, GONE, ServerSaid, Where, broken, said, trouble
from archive.storage.s3_headers import pool_manager
from policies.reasons import storage as reasons

T = TypeVar("T")

PAYLOAD = "x-amz-content-sha256"
MAX_ANSWER = 16 * MIB  # of what is not an object: a page of a listing has under 1 MiB
SLOWEST = MIB  # bytes a second: an act that moves bytes may take that much longer
_BLOCK = 256 * 1024  # bytes given to a socket at a time
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 3.0  # seconds between attempts
_ERROR_STATUS = 300
_FAULTS = (net.HTTPError, OSError, ParseError, ValueError)


class Answer(NamedTuple):
    """A good answer. `headers` do not tell upper from lower case."""

    headers: Mapping[str, str]
    data: bytes


class Deadline:
    """When an act has to be over."""

    def __init__(self, seconds: float, ticks: Callable[[], float] = monotonic) -> None:
        self._ticks = ticks
        self._end = ticks() + seconds

    @property
    def left(self) -> float:
        return self._end - self._ticks()


class _Pool:
    """In the place of the SDK's pool: no redirects, no retries, answers of bounded size that arrive in time."""

    def __init__(self, connection: S3Connection) -> None:
        self._patience = connection
        self._of_thread = threading.local()
        context = ssl.create_default_context(cafile=connection.ca) if connection.tls else None
        self._pool = pool_manager(
            num_pools=1, maxsize=connection.connections, block=True, blocksize=_BLOCK, ssl_context=context
        )

    def until(self, deadline: Deadline) -> None:
        """The next request of this thread belongs to an act with this end."""
        self._of_thread.deadline = deadline

    def urlopen(
        self, method: str, url: str, *, preload_content: bool = True, **request: Any
    ) -> BaseHTTPResponse:
        """As urllib3's, for the SDK."""
        deadline: Deadline = self._of_thread.deadline
        left = max(deadline.left, 0.01)
        patience = self._patience
        response = self._pool.urlopen(
            method,
            url,
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=Timeout(
                connect=min(patience.connect_seconds, left), read=min(patience.read_seconds, left)
            ),
            pool_timeout=min(patience.read_seconds, left),
            **request,
        )
        self._of_thread.asked_to_wait = _seconds(response.headers.get("Retry-After", ""))
        if not preload_content and response.status < _ERROR_STATUS:
            return response
        return _whole(response, method, deadline)

    @property
    def asked_to_wait(self) -> float:
        """How long the last answer in this thread asked to be left alone (RFC 9110, 10.2.3), in seconds."""
        return float(getattr(self._of_thread, "asked_to_wait", 0.0))

    def clear(self) -> None:
        self._pool.clear()


def _whole(response: BaseHTTPResponse, method: str, deadline: Deadline) -> HTTPResponse:
    """The answer with its body read."""
    body = bytearray()
    try:
        while block := response.read1(64 * 1024, decode_content=False):
            body += block
            if len(body) > MAX_ANSWER:
                raise net.ProtocolError("an answer that does not end")
            if deadline.left <= 0:
                raise net.ReadTimeoutError(None, None, "the answer took too long")  # type: ignore[arg-type]
    except BaseException:
        response.close()
        raise
    finally:
        response.release_conn()
    return HTTPResponse(
        body=BytesIO(bytes(body)),
        headers=response.headers,
        status=response.status,
        reason=response.reason,
        request_method=method,
        enforce_content_length=False,
    )


def _seconds(retry_after: str) -> float:
    """Dates are not meant for seconds, and count as no wish."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0


class _Client(Minio):
    """The SDK with our clock, and with digests of the body that are known already."""

    def __init__(self, connection: S3Connection, clock: Callable[[], datetime]) -> None:
        super().__init__(
            connection.endpoint,
            connection.access_key,
            connection.secret_key,
            session_token=connection.session_token or None,
            secure=connection.tls,
            region=connection.region,
        )
        self.pool = _Pool(connection)
        self._http = cast(PoolManager, self.pool)
        self._clock = clock

    def _build_headers(
        self,
        host: str,
        headers: DictType | None = None,
        body: bytes | None = None,
        creds: Credentials | None = None,
    ) -> tuple[DictType, datetime]:
        """The payload's SHA-256 is signed with and without TLS: some servers compare it."""
        at = self._clock()
        built: DictType = {**(headers or {}), "Host": host, "User-Agent": "antin"}
        if PAYLOAD not in built:
            built[PAYLOAD] = sha256(body or b"").hexdigest()
        if isinstance(body, bytes):
            built["Content-Length"] = str(len(body))
        if creds is not None and creds.session_token:
            built["X-Amz-Security-Token"] = creds.session_token
        built["x-amz-date"] = at.strftime("%Y%m%dT%H%M%SZ")
        return built, at


class Wire:
    """Requests to the bucket of `connection`. `clock` (aware UTC) dates signatures. Safe for threads.

    Raises StoreUnavailable CERTIFICATE when the CA file cannot be read.
    """

    def __init__(self, connection: S3Connection, *, clock: Callable[[], datetime]) -> None:
        self.connection = connection
        try:
            self._client = _Client(connection, clock)
        except (OSError, ssl.SSLError) as exc:
            raise StoreUnavailable(reasons.CERTIFICATE, f"CA file {connection.ca}: {exc.strerror}") from exc
        self._random = SystemRandom().random

    def deadline(self, size: int = 0) -> Deadline:
        """The end of an act that moves `size` bytes."""
        return Deadline(self.connection.act_seconds + size / SLOWEST)

    def ask(
        self,
        method: str,
        key: str | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        expected: frozenset[str] = frozenset(),
        deadline: Deadline | None = None,
    ) -> Answer:
        """The whole answer to a request that may be repeated.

        Raises `ServerSaid` for the codes `expected`, `StoreUnavailable` for anything else that is no good answer.
        """
        deadline = deadline or self.deadline()

        def once() -> Answer:
            response = self.send(method, key, query=query, headers=headers, body=body, deadline=deadline)
            return Answer(response.headers, response.data)

        return self.repeated(once, Where(self.connection.place, _act(method, key, query)), expected, deadline)

    def stream(
        self,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        where: Where,
        deadline: Deadline,
    ) -> BaseHTTPResponse:
        """The answer to GET with its body unread. Raises `ServerSaid` of GONE or EXISTS, `StoreUnavailable`."""
        return self.repeated(
            lambda: self.send("GET", key, query=query, headers=headers, stream=True, deadline=deadline),
            where,
            GONE | EXISTS,
            deadline,
        )

    def repeated(
        self, once: Callable[[], T], where: Where, expected: frozenset[str], deadline: Deadline
    ) -> T:
        """What `once` answers, tried again while that may help and there is time."""
        for attempt in count():
            try:
                return once()
            except ServerSaid as exc:
                if exc.code in expected:
                    raise
                failure = trouble(exc, where)
                failure.__cause__ = exc
            except StoreUnavailable as exc:
                failure = exc
            if not self.wait(failure, attempt, deadline):
                raise failure
        raise AssertionError("unreachable")

    def wait(self, failure: StoreUnavailable, attempt: int, deadline: Deadline) -> bool:
        """Sleeps before the next attempt; False when none would help, or none is left, or too little time for one."""
        pause = max(failure.wait, self._random() * min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**attempt))
        patience = self.connection
        needed = min(patience.read_seconds, patience.act_seconds / 4)
        if not failure.passing or attempt + 1 >= patience.attempts or deadline.left - pause < needed:
            return False
        sleep(pause)
        return True

    def send(
        self,
        method: str,
        key: str | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | BinaryIO | None = None,
        stream: bool = False,
        deadline: Deadline,
    ) -> BaseHTTPResponse:
        """One attempt. Raises `ServerSaid` or `StoreUnavailable`; the latter `passing` when it may have happened.

        A body that is no bytes comes with its PAYLOAD and Content-Length. With `stream` the caller reads the body
        and releases the connection.
        """
        where = Where(self.connection.place, _act(method, key, query))
        try:
            self._client.pool.until(deadline)
            return self._client._execute(
                method,
                self.connection.bucket,
                key,
                body=cast(bytes | None, body),  # urllib3 takes streams as well
                headers=dict(headers or {}),
                query_params=dict(query or {}),
                preload_content=not stream,
            )
        except MinioException as exc:
            answer = said(exc, self._client.pool.asked_to_wait)
            if method == "HEAD" and answer.status in (400, 403):
                self._explain(deadline)
            raise answer from exc
        except _FAULTS as exc:
            raise broken(exc, where) from exc

    def _explain(self, deadline: Deadline) -> None:
        """HEAD answers have no body; the same refusal of a GET says what it was."""
        self.send("GET", query={"versioning": ""}, deadline=deadline)


def _act(method: str, key: str | None, query: Mapping[str, str] | None) -> str:
    """For messages."""
    named = "&".join(query or ())
    return f"{method} {key or ''}{'?' + named if named else ''}"
