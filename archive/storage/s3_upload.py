"""Sending one object: a single locked PUT, or parts. A lock is never left to the hope that headers did it.

Ceph RGW 16.2 drops the lock headers of a multipart upload without a word, so the lock is put on the completed
version explicitly and read back. Between the two the version has no lock; a crash there leaves it to the next `put`
of the same bytes, which puts the lock on.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from archive.errors import StoreUnavailable
from archive.storage.s3_answers import LOCK_MODE, LOCK_UNTIL, SHA256_META, VERSION, parse, text, uploads_of
from archive.storage.s3_bodies import Digests, Part, b64, body
from archive.storage.s3_errors import EXISTS, ServerSaid, Where
from archive.storage.s3_wire import Answer, Deadline, Wire
from policies.reasons import storage as reasons
from policies.vocabulary import LockMode

STALE = timedelta(days=1)  # a multipart upload that began earlier is nobody's any more
_DATE = "%Y-%m-%dT%H:%M:%SZ"


class Lock(NamedTuple):
    """What a version is to be locked by; `until` in whole seconds."""

    until: datetime
    mode: LockMode

    @property
    def date(self) -> str:
        return self.until.astimezone(UTC).strftime(_DATE)

    @property
    def headers(self) -> dict[str, str]:
        return {LOCK_MODE: self.mode, LOCK_UNTIL: self.date}


def whole_second(until: datetime) -> datetime:
    """S3 locks end at whole seconds: never before what was asked for."""
    return until if not until.microsecond else until.replace(microsecond=0) + timedelta(seconds=1)


class Uploader:
    """Sends objects over `wire`; one attempt each, for whoever sent looks first whether it arrived."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def send(
        self,
        key: str,
        source: Path | bytes,
        made: Digests,
        lock: Lock | None,
        *,
        condition: Mapping[str, str],
        deadline: Deadline,
    ) -> str:
        """Returns the version that was made. Raises `ServerSaid` of EXISTS when `condition` forbids it, and
        `StoreUnavailable`, after which it may have happened."""
        about = {SHA256_META: made.sha256, "Content-Type": "application/octet-stream"}
        if lock is not None:
            about |= lock.headers
        if len(made.parts) > 1:
            return self._in_parts(key, source, made, about, condition, deadline)
        headers = {**about, **condition, **made.parts[0].headers}
        return self._sent(key, source, made.parts[0], headers, {}, deadline).headers.get(VERSION, "")

    def sweep(self, before: datetime, deadline: Deadline) -> int:
        """Gives up multipart uploads that began before this; how many they were."""
        stale = [
            upload
            for upload in uploads_of(self._wire.ask("GET", query={"uploads": ""}, deadline=deadline).data)
            if upload.started < before
        ]
        for upload in stale:
            self._abort(upload.key, upload.upload)
        return len(stale)

    def _in_parts(
        self,
        key: str,
        source: Path | bytes,
        made: Digests,
        about: Mapping[str, str],
        condition: Mapping[str, str],
        deadline: Deadline,
    ) -> str:
        begin = {**about, "x-amz-checksum-algorithm": "SHA256"}
        started = self._wire.ask("POST", key, query={"uploads": ""}, headers=begin, deadline=deadline)
        upload = text(parse(started.data), "UploadId")
        try:
            done = []
            for number, part in enumerate(made.parts, 1):
                query = {"partNumber": str(number), "uploadId": upload}
                tag = self._part(key, source, part, query, deadline).headers.get("ETag", "")
                done.append((number, tag, part))
            return self._complete(key, upload, done, condition, deadline)
        except BaseException:
            self._abort(key, upload)
            raise

    def _part(
        self, key: str, source: Path | bytes, part: Part, query: Mapping[str, str], deadline: Deadline
    ) -> Answer:
        """A part may be sent again: the last one of a number counts, and they are the same."""
        where = Where(self._wire.connection.place, f"PUT {key} part {query['partNumber']}")
        return self._wire.repeated(
            lambda: self._sent(key, source, part, part.headers, query, deadline), where, frozenset(), deadline
        )

    def _complete(
        self,
        key: str,
        upload: str,
        done: list[tuple[int, str, Part]],
        condition: Mapping[str, str],
        deadline: Deadline,
    ) -> str:
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{tag.replace('&', '&amp;').replace('<', '&lt;')}</ETag>"
            f"<ChecksumSHA256>{b64(part.sha256)}</ChecksumSHA256></Part>"
            for number, tag, part in done
        )
        document = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        answer = self._wire.ask(
            "POST",
            key,
            query={"uploadId": upload},
            headers={**condition},
            body=document,
            expected=EXISTS,
            deadline=deadline,
        )
        if text(parse(answer.data), "Code"):  # a failure that began with status 200
            raise StoreUnavailable(
                reasons.BUSY, f"{key}: {text(parse(answer.data), 'Code')[:40]}", passing=True
            )
        return answer.headers.get(VERSION, "")

    def _sent(
        self,
        key: str,
        source: Path | bytes,
        part: Part,
        headers: Mapping[str, str],
        query: Mapping[str, str],
        deadline: Deadline,
    ) -> Answer:
        with body(source, part) as data:
            response = self._wire.send("PUT", key, query=query, headers=headers, body=data, deadline=deadline)
        return Answer(response.headers, response.data)

    def _abort(self, key: str, upload: str) -> None:
        """What cannot be given up now is swept a day later."""
        with suppress(StoreUnavailable, ServerSaid):
            self._wire.ask(
                "DELETE",
                key,
                query={"uploadId": upload},
                expected=frozenset({"NoSuchUpload"}),
                deadline=self._wire.deadline(),
            )
