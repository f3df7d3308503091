"""Ways past S3 into known servers: SeaweedFS's filer and inner ports, Ceph RGW's admin interface.

Nobody is sent an act before he has said that he is the server meant: another service may listen there.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from urllib3 import Timeout

from archive.storage.canary.attempts.doors import FILER, INNER, MASTER, RGW_ADMIN
from archive.storage.canary.values import Answer, ProbeUnanswered
from archive.storage.s3_raw import Keys, RawS3, Reply

KNOCK = Timeout(connect=1.0, read=5.0)
FILER_PORT, INNER_PORTS = 8888, (9333, 8080)
FILER_RPC_PORT = 18888
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
SETTINGS = 4  # the type of the frame with which an HTTP/2 server begins


class Doors:
    """The doors of one server. `named` are addresses that the operator gave: http://host:port, grpc://host:port."""

    def __init__(self, raw: RawS3, bucket: str, service: Keys, named: tuple[str, ...]) -> None:
        self._raw, self._bucket, self._service = raw, bucket, service
        guessed = [f"http://{raw.host}:{port}" for port in (FILER_PORT, *INNER_PORTS)]
        self._addresses = (*named, *guessed, f"grpc://{raw.host}:{FILER_RPC_PORT}")

    def knock(self, door: str, key: str, version: str) -> Answer | None:
        """See the port."""
        if door == FILER:
            return self._delete_at_filer(key, version)
        if door == RGW_ADMIN:
            return self._delete_as_rgw_admin(key)
        if door == MASTER:
            return self._delete_at_master()
        return self._inner() if door == INNER else None

    def _delete_at_filer(self, key: str, version: str) -> Answer | None:
        """The plain object and the place where SeaweedFS keeps a version of it."""
        answer = None
        for address in self._http():
            if _name(self._ask(address + "/")) != FILER:
                continue
            for path in (f"{key}.versions/v_{version}", key):
                reply = self._ask(f"{address}/buckets/{self._bucket}/{path}", "DELETE")
                if reply is not None and (answer is None or not answer.accepted):
                    answer = Answer(reply.status)
        return answer

    def _delete_at_master(self) -> Answer | None:
        """SeaweedFS keeps a bucket's bytes in a collection of the bucket's name."""
        for address in self._http():
            if _is_master(self._ask(address + "/cluster/status")):
                reply = self._ask(f"{address}/col/delete?collection={self._bucket}")
                return None if reply is None or reply.status == 404 else Answer(reply.status)
        return None

    def _delete_as_rgw_admin(self, key: str) -> Answer | None:
        """Admin Ops: an account with `caps=buckets` is told about the bucket, and then removes objects from it."""
        path = {"bucket": self._bucket}
        told = self._raw.send("GET", "admin", "bucket", query=path, keys=self._service)
        if told.status != 200 or not told.body.lstrip().startswith((b"{", b"[")):
            return None if told.status == 404 else Answer(told.status, told.code)
        gone = self._raw.send("DELETE", "admin", "bucket", query={**path, "object": key}, keys=self._service)
        return Answer(gone.status, gone.code)

    def _inner(self) -> Answer | None:
        """Accepted, if a master, a volume server or a filer's gRPC port speaks to a stranger."""
        for address in self._http():
            if _is_master(self._ask(address + "/cluster/status")):
                return Answer(200)
            if _name(self._ask(address + "/status")) == INNER:
                return Answer(200)
        grpc = [address for address in self._addresses if address.startswith("grpc://")]
        return Answer(200) if any(_speaks_grpc(address) for address in grpc) else None

    def _http(self) -> Iterator[str]:
        own = self._raw.url
        return (a.rstrip("/") for a in self._addresses if a.startswith("http") and a.rstrip("/") != own)

    def _ask(self, url: str, method: str = "GET") -> Reply | None:
        try:
            return self._raw.fetch(method, url, timeout=KNOCK)
        except ProbeUnanswered:
            return None


def _name(reply: Reply | None) -> str:
    """Which door this is, by what stands there; empty for somebody else's."""
    if reply is None:
        return ""
    server = reply.headers.get("server", "")
    if server.startswith("SeaweedFS Volume"):
        return INNER
    if server.startswith("SeaweedFS"):
        return FILER
    return ""


def _is_master(reply: Reply | None) -> bool:
    return reply is not None and reply.status == 200 and b'"IsLeader"' in reply.body


def _speaks_grpc(address: str) -> bool:
    """Whether an HTTP/2 server without TLS answers there."""
    place = urlsplit(address)
    try:
        with socket.create_connection((place.hostname or "", place.port or FILER_RPC_PORT), 1.0) as line:
            line.settimeout(2.0)
            line.sendall(PREFACE)
            frame = line.recv(9)
    except OSError:
        return False
    return len(frame) == 9 and frame[3] == SETTINGS
