"""`LockProbe` on a real S3 server: each act is one raw request, as anybody could send it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from xml.etree.ElementTree import Element

from archive.storage.canary.attempts.doors import MASTER
from archive.storage.canary.values import (
    Answer,
    Flaw,
    Lock,
    LockRule,
    ProbeUnanswered,
    Row,
    Seen,
    Trouble,
    Who,
)
from archive.storage.s3_connection import S3Connection
from archive.storage.s3_doors import Doors
from archive.storage.s3_raw import Keys, RawS3, Reply
from policies.vocabulary import LockMode

XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
BYPASS = "x-amz-bypass-governance-retention"
PAGE = 1000
# How servers say that a version, or a bucket, has none: each has a code of its own.
NO_LOCK = frozenset(
    {"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", "NoSuchObjectLegalHold"}
)
# Codes by which a server says that it does not know who asks, or when.
TROUBLES = {
    "InvalidAccessKeyId": Trouble.CREDENTIALS,
    "SignatureDoesNotMatch": Trouble.CREDENTIALS,
    "ExpiredToken": Trouble.CREDENTIALS,
    "InvalidToken": Trouble.CREDENTIALS,
    "RequestTimeTooSkewed": Trouble.CLOCK,
    "RequestExpired": Trouble.CLOCK,
    "SlowDown": Trouble.BUSY,
    "QuotaExceeded": Trouble.FULL,
    "InsufficientStorage": Trouble.FULL,
    "XMinioStorageFull": Trouble.FULL,
    "XMinioAdminBucketQuotaExceeded": Trouble.FULL,
    "NoSuchBucket": Trouble.NO_BUCKET,
}
_FULL = 507
_NAME = re.compile(r"\A[\w ./()+-]{1,60}\Z")


@dataclass(frozen=True, slots=True)
class ProbeAccess:
    """What the canary knocks with: the service's own `connection`, and credentials of somebody with fewer rights.

    `scratch`: a bucket that holds nothing but the canary's objects, empty for none. `doors`: addresses of the server's
    inner ports (http://host:port, grpc://host:port), besides those guessed at the endpoint's host.
    """

    connection: S3Connection
    weaker: Keys | None = None
    scratch: str = ""
    doors: tuple[str, ...] = ()


class S3Probe:
    """See the port. Safe for threads."""

    def __init__(
        self, access: ProbeAccess, clock: Callable[[], datetime], *, is_scratch: bool = False
    ) -> None:
        connection = access.connection
        if access.scratch == connection.bucket and not is_scratch:
            raise ValueError("the scratch bucket must be another one than the archive's")
        self.store = f"{connection.endpoint}/{connection.bucket}"
        self._bucket = connection.bucket
        self._raw = RawS3(connection, clock)
        self._service = Keys(connection.access_key, connection.secret_key, connection.session_token)
        self._keys: dict[Who, Keys | None] = {
            Who.SERVICE: self._service,
            Who.NOBODY: None,
            Who.FORGER: replace(self._service, secret=hashlib.sha256(b"not the secret").hexdigest()[:40]),
        }
        if access.weaker is not None:
            self._keys[Who.WEAKER] = access.weaker
        self._doors = Doors(self._raw, self._bucket, self._service, access.doors, expendable=is_scratch)
        self._is_scratch = is_scratch
        self._scratch: S3Probe | None = None
        if access.scratch and not is_scratch:
            beside = replace(access, connection=replace(connection, bucket=access.scratch))
            self._scratch = S3Probe(beside, clock, is_scratch=True)

    def identities(self) -> frozenset[Who]:
        return frozenset(self._keys)

    def server(self) -> tuple[str, datetime]:
        reply = self._raw.send("GET", keys=None)
        try:
            now = parsedate_to_datetime(reply.headers.get("date", "")).astimezone(UTC)
        except (ValueError, OverflowError) as exc:
            trouble = _failing(reply) or Trouble.STRANGE  # balancers tell of an overload without a date
            raise ProbeUnanswered(trouble, f"{reply.status}, and the answer has no date") from exc
        name = reply.headers.get("server", "")
        return name if _NAME.match(name) else "", now

    # Versions.

    def put(
        self,
        key: str,
        data: bytes,
        lock: Lock | None = None,
        *,
        hold: bool = False,
        flaw: Flaw | None = None,
        only_new: bool = False,
        who: Who = Who.SERVICE,
    ) -> Answer:
        other = data + b"other"
        headers = {"Content-MD5": _md5(other if flaw is Flaw.MD5 else data), **_locking(lock, hold)}
        if flaw is Flaw.CHECKSUM:
            headers["x-amz-checksum-sha256"] = _sha256(other)
        if only_new:
            headers["If-None-Match"] = "*"
        signed = other if flaw is Flaw.SIGNED_HASH else None
        return _answer(self._send("PUT", key, headers=headers, body=data, signed_body=signed, who=who))

    def put_parts(self, key: str, data: bytes, lock: Lock | None = None, *, hold: bool = False) -> Answer:
        begun = self._send("POST", key, query={"uploads": ""}, headers=_locking(lock, hold))
        if begun.status != 200:
            return _answer(begun)
        upload = {"uploadId": _text(begun.xml(), "UploadId")}
        part = self._send(
            "PUT", key, query={"partNumber": "1", **upload}, headers={"Content-MD5": _md5(data)}, body=data
        )
        if part.status != 200:
            self._send("DELETE", key, query=upload)
            return _answer(part)
        etag = part.headers.get("etag", "").replace('"', "&quot;")
        body = f"<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
        return _answer(self._xml("POST", key, upload, "CompleteMultipartUpload", body))

    def copy(self, source: str, version: str, key: str, lock: Lock | None = None) -> Answer:
        headers = {
            "x-amz-copy-source": f"/{self._bucket}/{source}?versionId={version}",
            **({"x-amz-metadata-directive": "REPLACE"} if source == key else {}),
            **_locking(lock, False),
        }
        return _answer(self._send("PUT", key, headers=headers))

    def delete(self, key: str, version: str = "", *, bypass: bool = False, who: Who = Who.SERVICE) -> Answer:
        query = {"versionId": version} if version else {}
        return _answer(self._send("DELETE", key, query=query, headers=_bypassing(bypass), who=who))

    def delete_many(self, key: str, version: str, *, bypass: bool = False) -> Answer:
        body = f"<Object><Key>{key}</Key><VersionId>{version}</VersionId></Object><Quiet>false</Quiet>"
        reply = self._xml("POST", "", {"delete": ""}, "Delete", body, _bypassing(bypass))
        if reply.status != 200:
            return _answer(reply)
        errors = reply.xml().findall("Error")
        return Answer(409, _text(errors[0], "Code")) if errors else _answer(reply)

    def readable(self, key: str, version: str, who: Who) -> Answer:
        return _answer(self._send("GET", key, query={"versionId": version}, who=who))

    def set_lock(
        self,
        key: str,
        version: str,
        lock: Lock | None,
        *,
        bypass: bool = False,
        who: Who = Who.SERVICE,
    ) -> Answer:
        body = ""
        if lock is not None:
            body = f"<Mode>{lock.mode}</Mode><RetainUntilDate>{_date(lock.until)}</RetainUntilDate>"
        query = {"retention": "", "versionId": version}
        return _answer(self._xml("PUT", key, query, "Retention", body, _bypassing(bypass), who))

    def set_hold(self, key: str, version: str, held: bool, *, who: Who = Who.SERVICE) -> Answer:
        query = {"legal-hold": "", "versionId": version}
        body = f"<Status>{'ON' if held else 'OFF'}</Status>"
        return _answer(self._xml("PUT", key, query, "LegalHold", body, who=who))

    def delete_by_altered_url(self, key: str, version: str) -> Answer:
        allowed = self._raw.presigned("GET", self._bucket, key + "-other", self._service)
        url = urlsplit(allowed)
        altered = url._replace(
            path=url.path.removesuffix("-other"),
            query=urlencode([("versionId", version), *parse_qsl(url.query)]),
        )
        return _answer(self._raw.fetch("DELETE", urlunsplit(altered), headers=_bypassing(True)))

    def versions(self, prefix: str) -> Iterator[Row]:
        marks: dict[str, str] = {}
        while True:
            query = {"versions": "", "prefix": prefix, "max-keys": str(PAGE), **marks}
            page = self._known(self._send("GET", query=query)).xml()
            for entry in page:
                if entry.tag in ("Version", "DeleteMarker"):
                    marker = entry.tag == "DeleteMarker"
                    yield Row(_text(entry, "Key"), _text(entry, "VersionId"), marker)
            last = (_text(page, "NextKeyMarker"), _text(page, "NextVersionIdMarker"))
            if _text(page, "IsTruncated") != "true" or not last[0] or last == tuple(marks.values()):
                return
            marks = {"key-marker": last[0], "version-id-marker": last[1]}

    # The bucket.

    def versioning(self) -> str:
        return _text(self._known(self._send("GET", query={"versioning": ""})).xml(), "Status")

    def set_versioning(self, status: str) -> Answer:
        body = f"<Status>{status}</Status>"
        return _answer(self._xml("PUT", "", {"versioning": ""}, "VersioningConfiguration", body))

    def lock_rule(self) -> LockRule | None:
        reply = self._send("GET", query={"object-lock": ""})
        if reply.code in NO_LOCK:
            return None
        root = self._known(reply).xml()
        if _text(root, "ObjectLockEnabled") != "Enabled":
            return None
        mode, days, years = (
            _text(root, f"Rule/DefaultRetention/{name}") for name in ("Mode", "Days", "Years")
        )
        if mode not in [*LockMode]:
            return LockRule()
        return LockRule(LockMode(mode), int(days or 0) + 365 * int(years or 0))

    def set_lock_rule(self, rule: LockRule) -> Answer:
        default = f"<DefaultRetention><Mode>{rule.mode}</Mode><Days>{rule.days}</Days></DefaultRetention>"
        body = (
            f"<ObjectLockEnabled>Enabled</ObjectLockEnabled>{f'<Rule>{default}</Rule>' if rule.mode else ''}"
        )
        return _answer(self._xml("PUT", "", {"object-lock": ""}, "ObjectLockConfiguration", body))

    def disable_lock(self) -> Answer:
        body = "<ObjectLockEnabled>Disabled</ObjectLockEnabled>"
        return _answer(self._xml("PUT", "", {"object-lock": ""}, "ObjectLockConfiguration", body))

    def repeat_policy(self) -> Answer | None:
        found = self._send("GET", query={"policy": ""})
        if found.status != 200 or not found.body.strip():
            return None
        return _answer(self._send("PUT", query={"policy": ""}, body=found.body))

    def has_lifecycle(self) -> bool | None:
        reply = self._send("GET", query={"lifecycle": ""})
        if reply.code == "NoSuchLifecycleConfiguration":
            return False
        return reply.xml().find("Rule") is not None if reply.status == 200 else None

    def expire(self, prefix: str, days: int) -> Answer:
        body = (
            f"<Rule><ID>antin-canary</ID><Filter><Prefix>{prefix}</Prefix></Filter><Status>Enabled</Status>"
            f"<Expiration><Days>{days}</Days></Expiration></Rule>"
        )
        return _answer(self._xml("PUT", "", {"lifecycle": ""}, "LifecycleConfiguration", body))

    def forget_expiry(self) -> Answer:
        return _answer(self._send("DELETE", query={"lifecycle": ""}))

    def scratch(self) -> S3Probe | None:
        return self._scratch

    def exists(self) -> bool:
        """By its listing, which even the least rights allow."""
        try:
            self._known(self._send("GET", query={"versions": "", "max-keys": "1"}))
        except ProbeUnanswered as exc:
            if exc.trouble is Trouble.NO_BUCKET:
                return False
            raise
        return True

    def delete_bucket(self) -> Answer:
        self._must_be_scratch()
        return _answer(self._send("DELETE"))

    # Doors.

    def knock(self, door: str, key: str, version: str) -> Answer | None:
        if door == MASTER:
            self._must_be_scratch()
        return self._doors.knock(door, key, version)

    # Requests and what they mean.

    def _must_be_scratch(self) -> None:
        if not self._is_scratch:
            raise ValueError("never on the archive's own bucket")

    def _send(
        self,
        method: str,
        key: str = "",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        signed_body: bytes | None = None,
        who: Who = Who.SERVICE,
    ) -> Reply:
        """The reply, if it decides something. A server that does not know whom it should know decides nothing."""
        reply = self._raw.send(
            method,
            self._bucket,
            key,
            query=query,
            headers=headers,
            body=body,
            signed_body=signed_body,
            keys=self._keys[who],
        )
        trouble = TROUBLES.get(reply.code)
        stranger = who in (Who.NOBODY, Who.FORGER) or signed_body is not None
        if trouble is Trouble.CREDENTIALS and stranger:
            trouble = None
        trouble = trouble or _failing(reply)
        if trouble is not None:
            raise ProbeUnanswered(trouble, f"{reply.status} {reply.code}".strip())
        return reply

    def _xml(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        root: str,
        inner: str,
        headers: Mapping[str, str] | None = None,
        who: Who = Who.SERVICE,
    ) -> Reply:
        body = f"<{root} {XMLNS}>{inner}</{root}>".encode()
        sent = {"Content-MD5": _md5(body), "Content-Type": "application/xml", **(headers or {})}
        return self._send(method, key, query=query, headers=sent, body=body, who=who)

    def read(self, key: str, version: str) -> Seen | None:
        """A 404 is an answer of its own; any other refusal leaves it unknown whether the version is there."""
        found = self._send("GET", key, query={"versionId": version})
        if found.status in (404, 405):  # 405: a delete marker
            return None
        self._known(found)
        retention = self._subresource(key, version, "retention")
        hold = self._subresource(key, version, "legal-hold")
        held = hold is not None and _text(hold, "Status") == "ON"
        return Seen(found.body, _lock(retention) if retention is not None else None, held)

    def _subresource(self, key: str, version: str, name: str) -> Element | None:
        reply = self._send("GET", key, query={name: "", "versionId": version})
        return None if reply.code in NO_LOCK else self._known(reply).xml()

    def _known(self, reply: Reply) -> Reply:
        """A reply that tells what was asked for."""
        if reply.status == 200:
            return reply
        trouble = Trouble.FORBIDDEN if reply.status in (401, 403) else Trouble.STRANGE
        raise ProbeUnanswered(trouble, f"{reply.status} {reply.code}".strip())


def _failing(reply: Reply) -> Trouble | None:
    """Of a server that answers and does not work: 501 is a verdict."""
    if reply.status < 500 or reply.status == 501:
        return None
    return Trouble.FULL if reply.status == _FULL else Trouble.BUSY


def _answer(reply: Reply) -> Answer:
    if reply.status == 200 and reply.body.lstrip().startswith((b"<Error>", b"<Error ")):
        return Answer(409, "Error")  # S3 may find out late, after it has said 200
    return Answer(reply.status, reply.code, reply.headers.get("x-amz-version-id", ""))


def _lock(retention: Element) -> Lock | None:
    mode, until = _text(retention, "Mode"), _text(retention, "RetainUntilDate")
    if not mode and not until:
        return None
    try:
        end = datetime.fromisoformat(until)  # RGW gives nanoseconds, which are cut off
        return Lock(LockMode(mode), end.replace(microsecond=0).astimezone(UTC))
    except ValueError as exc:
        raise ProbeUnanswered(Trouble.STRANGE, "a retention that is not S3's") from exc


def _locking(lock: Lock | None, hold: bool) -> dict[str, str]:
    headers = {"x-amz-object-lock-legal-hold": "ON"} if hold else {}
    if lock is not None:
        headers["x-amz-object-lock-mode"] = lock.mode
        headers["x-amz-object-lock-retain-until-date"] = _date(lock.until)
    return headers


def _bypassing(bypass: bool) -> dict[str, str]:
    return {BYPASS: "true"} if bypass else {}


def _date(until: datetime) -> str:
    return until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _sha256(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
