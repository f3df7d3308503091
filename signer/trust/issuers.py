"""The certificate of an issuer that a signature leaves out, from where its certificate says (RFC 5280, 4.2.2.1).

The address stands in a certificate that nobody vouches for yet, so only hosts are asked that the operator named. What
comes is bytes, judged where all else is: a certificate that is fetched helps to build a path and is trusted by nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from signer.errors import RevocationUnavailable
from signer.trust.locations import fetchable
from signer.web import NoAnswer, TooLarge, Web

MAX_ANSWER = 256 << 10  # bytes
SECONDS = 10.0
KEPT = timedelta(hours=12)
REST = timedelta(seconds=60)
_MOST = 200


class HttpCertificateSource:
    """A `CertificateSource` over the network, for these hosts alone. Safe for threads; `close` ends the session.

    One answer may take `seconds`. A host that gave none in that time is left alone for a minute, whatever is asked of
    it: a file may name any number of its addresses, and whoever waits for the verdict waits for one.
    """

    def __init__(self, hosts: Iterable[str], *, web: Web | None = None, seconds: float = SECONDS) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._web = web or Web(2)
        self._seconds = seconds
        self._kept: dict[str, tuple[bytes, datetime]] = {}  # by address; empty bytes: nothing usable
        self._silent: dict[str, datetime] = {}  # by host, until when
        self._lock = threading.Lock()

    def issuer(self, addresses: tuple[str, ...], at: datetime) -> bytes | None:
        """What the first permitted address gives (contract: `signer.ports.CertificateSource`)."""
        permitted = [url for url in fetchable(addresses) if _host(url) in self._hosts]
        found = next((body for url in permitted if (body := self._get(url, at))), None)
        if found is None and permitted:
            raise RevocationUnavailable(f"no issuer's certificate from {permitted[0]}")
        return found

    def _get(self, url: str, at: datetime) -> bytes:
        with self._lock:
            body, until = self._kept.get(url, (b"", at))
            silent = at < self._silent.get(_host(url), at)
        if at < until:
            return body
        if silent:
            return b""
        body = self._fetched(url, at)
        with self._lock:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            self._kept[url] = body, at + (KEPT if body else REST)
        return body

    def _fetched(self, url: str, at: datetime) -> bytes:
        try:
            answer = self._web.get(url, {}, seconds=self._seconds, limit=MAX_ANSWER)
        except TooLarge:
            return b""
        except NoAnswer:
            with self._lock:
                self._silent[_host(url)] = at + REST
            return b""
        return answer.body if answer.status == 200 else b""

    def close(self) -> None:
        """End the HTTP session."""
        self._web.close()


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()
