"""A witness behind an address (C2SP tlog-witness): one bounded exchange a call, no redirects, no second try."""

from __future__ import annotations

from archive.errors import ArchiveUnavailable, ProofRefused, StaleSize
from archive.log.cosignature import MAX_ANSWER
from archive.log.note import MAX_NOTE
from archive.log.submission import ADD_CHECKPOINT, SIZE_TYPE, origin_path, parse_size_answer
from policies.reasons import archiving as reasons
from signer.web import Answer, NoAnswer, TooLarge, Web

_TEXT = {"Content-Type": "text/plain; charset=utf-8", "Accept": "*/*"}
_UNPROCESSABLE = 422


class HttpWitness:
    """`archive.ports.CheckpointWitness` over HTTP. `seconds` bounds each exchange. Safe for threads."""

    def __init__(self, url: str, name: str, seconds: float) -> None:
        self._url = url.rstrip("/")
        self._name = name
        self._seconds = seconds
        self._web = Web(connections=2)

    def add_checkpoint(self, data: bytes) -> bytes:
        answer = self._exchange(f"{self._url}/{ADD_CHECKPOINT}", data)
        if answer.status == 200:
            return answer.body
        if answer.status == 409 and answer.kind.partition(";")[0].strip() == SIZE_TYPE:
            raise StaleSize(parse_size_answer(answer.body))
        if answer.status == 409:
            raise ProofRefused(reasons.FORKED, origin=self._name, size="?")
        if answer.status == _UNPROCESSABLE:
            raise ProofRefused(reasons.NOT_CONSISTENT, old="?", new="?")
        if answer.status in (400, 403, 404, 405, 413):
            raise ProofRefused(reasons.WITNESS_REFUSES, name=self._name, status=answer.status)
        raise ArchiveUnavailable(f"witness {self._name}: HTTP {answer.status}")

    def head(self, origin: str) -> bytes | None:
        answer = self._exchange(f"{self._url}/{origin_path(origin)}", None)
        if answer.status == 200:
            return answer.body
        if answer.status in (404, 405, 410, 501):
            return None
        raise ArchiveUnavailable(f"witness {self._name}: HTTP {answer.status}")

    def close(self) -> None:
        """Questions under way end at once with ArchiveUnavailable."""
        self._web.close()

    def _exchange(self, url: str, body: bytes | None) -> Answer:
        limit = max(MAX_ANSWER, MAX_NOTE)
        try:
            if body is None:
                return self._web.get(url, _TEXT, seconds=self._seconds, limit=limit)
            return self._web.post(url, body, _TEXT, seconds=self._seconds, limit=limit)
        except (NoAnswer, TooLarge) as exc:
            raise ArchiveUnavailable(f"witness {self._name}: {type(exc).__name__}") from exc
