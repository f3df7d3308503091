"""Single signed S3 requests, with every header as the caller wants it: what the SDK's own methods do not send.

The SDK signs (`minio.signer`) and builds addresses (`minio.helpers.BaseURL`); nothing is retried, redirected or
believed.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from time import monotonic
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from xml.etree import ElementTree

from minio.credentials.credentials import Credentials
from minio.helpers import BaseURL
from minio.signer import presign_v4, sign_v4_s3
from minio.time import to_amz_date
from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import HTTPError, SSLError

from archive.errors import StoreUnavailable
from archive.storage.canary.values import ProbeUnanswered, Trouble
from archive.storage.s3_connection import S3Connection
from policies.reasons import storage as reasons

BLOCK = 64 << 10
MOST_BYTES = 1 << 20  # of an answer; the canary's own objects are tiny
LONGEST_READ = 20.0  # seconds; a run has less than two minutes in all
_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,60})</Code>")


def tls_context(connection: S3Connection) -> ssl.SSLContext | None:
    """None without TLS. Raises StoreUnavailable CERTIFICATE for a CA file that cannot be read."""
    try:
        return ssl.create_default_context(cafile=connection.ca) if connection.tls else None
    except OSError as exc:  # ssl.SSLError is one
        raise StoreUnavailable(reasons.CERTIFICATE, f"CA file {connection.ca}") from exc


@dataclass(frozen=True, slots=True)
class Keys:
    """An account of the storage server; the secret is never shown."""

    access: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.access, self.secret, self.token or None)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """S3's error code; empty for a success, and where there is none."""
        found = _CODE.search(self.body) if self.status >= 300 else None
        return found.group(1).decode() if found else ""

    def xml(self) -> ElementTree.Element:
        """The body without namespaces. Raises `ProbeUnanswered` when it is not XML."""
        try:
            root = ElementTree.fromstring(self.body)  # noqa: S314 - expat bounds entities; the body is bounded too
        except ElementTree.ParseError as exc:
            raise ProbeUnanswered(Trouble.STRANGE, "the answer is not XML") from exc
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        return root


class RawS3:
    """Requests to one endpoint. Safe for threads. `clock` dates signatures.

    Raises StoreUnavailable when the CA file cannot be read.
    """

    def __init__(self, connection: S3Connection, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.url = f"{'https' if connection.tls else 'http'}://{connection.endpoint}"
        self._region = connection.region
        self._patience = min(connection.read_seconds, LONGEST_READ)
        self._base = BaseURL(self.url, connection.region)
        self._pool = PoolManager(
            timeout=Timeout(connect=connection.connect_seconds, read=self._patience),
            retries=False,
            ssl_context=tls_context(connection),
        )

    def send(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        signed_body: bytes | None = None,
        keys: Keys | None,
    ) -> Reply:
        """One request, signed with `keys` or not at all. `signed_body`: sign for these bytes and send the others."""
        url = self._base.build(
            method=method,
            region=self._region,
            bucket_name=bucket or None,
            object_name=key or None,
            query_params=dict(query or {}),
        )
        sent: dict[str, Any] = {"Host": url.netloc, **(headers or {})}
        if keys is not None:
            date, hashed = self._clock(), sha256(body if signed_body is None else signed_body).hexdigest()
            sent |= {"x-amz-date": to_amz_date(date), "x-amz-content-sha256": hashed}
            sent |= {"X-Amz-Security-Token": keys.token} if keys.token else {}
            sign_v4_s3(
                method=method,
                url=url,
                region=self._region,
                headers=sent,
                credentials=keys.credentials,
                content_sha256=hashed,
                date=date,
            )
        return self.fetch(method, urlunsplit(url), headers=sent, body=body)

    def presigned(self, method: str, bucket: str, key: str, keys: Keys, seconds: int = 300) -> str:
        """The address of one act, signed for a while."""
        url = self._base.build(
            method=method,
            region=self._region,
            bucket_name=bucket,
            object_name=key,
            query_params={},
        )
        signed = presign_v4(
            method=method,
            url=url,
            region=self._region,
            credentials=keys.credentials,
            date=self._clock(),
            expires=seconds,
        )
        return urlunsplit(signed)

    def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: Timeout | None = None,
    ) -> Reply:
        """One request to any address. Raises `ProbeUnanswered` without an answer, whole and in time."""
        try:
            response = self._pool.urlopen(
                method,
                url,
                body=body or None,
                headers=dict(headers or {}),
                redirect=False,
                preload_content=False,
                **({"timeout": timeout} if timeout else {}),
            )
            return _whole(response, self._patience)
        except SSLError as exc:
            raise ProbeUnanswered(Trouble.CERTIFICATE, _what(exc)) from exc
        except (HTTPError, OSError, ValueError) as exc:
            raise ProbeUnanswered(Trouble.UNREACHABLE, type(exc).__name__) from exc

    @property
    def host(self) -> str:
        """The server's name without its port."""
        return urlsplit(self.url).hostname or ""


def _whole(response: BaseHTTPResponse, seconds: float) -> Reply:
    """Read within a time and a size, however slowly it drips."""
    body, end = bytearray(), monotonic() + seconds
    try:
        while block := response.read1(BLOCK):
            body += block
            if len(body) > MOST_BYTES or monotonic() > end:
                raise ProbeUnanswered(Trouble.STRANGE, "the answer is too long or too slow")
    except BaseException:
        response.close()
        raise
    finally:
        response.release_conn()
    return Reply(response.status, {k.lower(): v for k, v in response.headers.items()}, bytes(body))


def _what(exc: SSLError) -> str:
    """OpenSSL's own words on the certificate, which are public."""
    found = re.search(r"certificate verify failed: ([a-zA-Z0-9 ',.\-]{1,120})", str(exc))
    return found.group(1) if found else "TLS failed"
