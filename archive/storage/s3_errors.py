"""What the answers and failures of an S3 server mean: one table from its codes to our reasons.

ServerSaid              an error answer with its S3 code, for whoever knows what to make of it
StoreUnavailable        (archive.errors) everything else, with the reason for the operator
"""

from __future__ import annotations

import ssl
from typing import NamedTuple
from xml.etree.ElementTree import ParseError

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3 import exceptions as net

from archive.errors import StoreUnavailable
from policies.reasons import storage as reasons
from policies.refusals import Reason

# The codes of HEAD answers, which carry no body, are the SDK's own and say no more than the status does.
GONE = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed"})  # the last: HEAD of a delete marker
EXISTS = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
SPOILED = frozenset({"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"})
DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "UnauthorizedAccess"})
# What servers call an object or bucket that has no lock; the first two mean either.
UNLOCKED = frozenset(
    {
        "ObjectLockConfigurationNotFoundError",
        "NoSuchObjectLockConfiguration",
        "NoSuchObjectLegalHold",
        "NoSuchObjectRetention",
    }
)
REASONS: dict[str, Reason] = {
    "InvalidAccessKeyId": reasons.CREDENTIALS,
    "SignatureDoesNotMatch": reasons.CREDENTIALS,
    "ExpiredToken": reasons.CREDENTIALS,
    "InvalidToken": reasons.CREDENTIALS,
    "InvalidClientTokenId": reasons.CREDENTIALS,
    "UserSuspended": reasons.CREDENTIALS,
    "NotSignedUp": reasons.CREDENTIALS,
    "AccountProblem": reasons.CREDENTIALS,
    "RequestTimeTooSkewed": reasons.CLOCK_SKEW,
    "RequestExpired": reasons.CLOCK_SKEW,
    "NoSuchBucket": reasons.NO_BUCKET,
    "PermanentRedirect": reasons.REGION,
    "TemporaryRedirect": reasons.REGION,
    "Redirect": reasons.REGION,
    "AuthorizationHeaderMalformed": reasons.REGION,
    "IllegalLocationConstraintException": reasons.REGION,
    "ObjectLockConfigurationNotFoundError": reasons.NO_OBJECT_LOCK,
    "NoSuchObjectLockConfiguration": reasons.NO_OBJECT_LOCK,
    "InvalidBucketState": reasons.NO_OBJECT_LOCK,
    "InvalidRetentionPeriod": reasons.LOCK_REFUSED,
    "QuotaExceeded": reasons.FULL,
    "InsufficientStorage": reasons.FULL,
    "XMinioStorageFull": reasons.FULL,
    "XMinioAdminBucketQuotaExceeded": reasons.FULL,
    "NotImplemented": reasons.LACKS,
    **dict.fromkeys(DENIED, reasons.ACCESS_DENIED),
}
PASSING: dict[str, Reason] = {
    "SlowDown": reasons.BUSY,
    "ServiceUnavailable": reasons.BUSY,
    "InternalError": reasons.BUSY,
    "OperationAborted": reasons.BUSY,
    "TooManyRequests": reasons.BUSY,
    "RequestTimeout": reasons.SILENT,
    **dict.fromkeys(SPOILED, reasons.SPOILED_UNDERWAY),
    "IncompleteBody": reasons.SPOILED_UNDERWAY,
}
_FULL_STATUS = 507
_BUSY_STATUSES = (429, 500, 502, 503, 504)


class ServerSaid(Exception):
    """An error answer of the server. Never leaves `archive.storage`."""

    def __init__(self, status: int, code: str, message: str = "", wait: float = 0.0) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.status = status
        self.code = code
        self.wait = wait


class Where(NamedTuple):
    """For messages: the bucket and what was asked of it."""

    place: str
    act: str

    def __str__(self) -> str:
        return f"{self.act} at {self.place}"


def said(exc: MinioException, wait: float) -> ServerSaid:
    """What the SDK made of an error answer that asks to be left alone for `wait` seconds."""
    if isinstance(exc, S3Error):
        status = exc.response.status if exc.response is not None else 0
        return ServerSaid(status, exc.code or "", (exc.message or "")[:200], wait)
    if isinstance(exc, ServerError):
        return ServerSaid(exc.status_code, "", wait=wait)
    status = exc._code if isinstance(exc, InvalidResponseError) else 0
    return ServerSaid(int(status), "", wait=wait)


def trouble(answer: ServerSaid, where: Where) -> StoreUnavailable:
    """An error answer that no act expects."""
    detail = f"{where}: {answer or f'HTTP {answer.status}'}"
    if answer.status == _FULL_STATUS:
        return StoreUnavailable(reasons.FULL, detail)
    if answer.code in PASSING:
        return StoreUnavailable(PASSING[answer.code], detail, passing=True, wait=answer.wait)
    if answer.code in REASONS:
        return StoreUnavailable(REASONS[answer.code], detail)
    if answer.status in _BUSY_STATUSES:
        return StoreUnavailable(reasons.BUSY, detail, passing=True, wait=answer.wait)
    if not answer.code:
        return StoreUnavailable(reasons.NOT_S3, f"{where}: HTTP {answer.status} without an S3 error")
    return StoreUnavailable(reasons.UNEXPECTED, detail)


def broken(exc: Exception, where: Where) -> StoreUnavailable:
    """No answer, or half of one."""
    certificate = _of_tls(exc)
    if certificate is not None:
        return StoreUnavailable(reasons.CERTIFICATE, f"{where}: {certificate}")
    detail = f"{where}: {type(exc).__name__}"
    if isinstance(exc, net.PoolError) and not isinstance(exc, net.RequestError):
        return StoreUnavailable(reasons.CONNECTIONS, detail)
    if isinstance(exc, net.ConnectTimeoutError | net.LocationValueError):
        return StoreUnavailable(reasons.UNREACHABLE, detail, passing=True)
    if isinstance(exc, ParseError | ValueError):
        return StoreUnavailable(reasons.NOT_S3, detail)
    return StoreUnavailable(reasons.SILENT, detail, passing=True)


def _of_tls(exc: BaseException | None) -> str | None:
    """What was wrong with the server's certificate, or with its TLS, if that was it."""
    while exc is not None:
        if isinstance(exc, ssl.SSLCertVerificationError):
            return exc.verify_message
        if isinstance(exc, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return None  # a connection that was cut
        if isinstance(exc, ssl.SSLError):
            return exc.reason or "TLS failed"
        exc = exc.__cause__ or exc.__context__
    return None
