"""The witness over HTTP (C2SP tlog-witness).

POST /add-checkpoint                        a checkpoint and its consistency proof → our cosignature
GET  /<SHA-256 of the origin>/checkpoint    the last head of that log that we cosigned, with the log's line and ours
GET  /vkey                                  our verifier key
GET  /heads                                 every watched log and its last head, JSON

Nobody signs in: a request counts by the log's signature in it.
"""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from archive.errors import ArchiveDamaged, ArchiveUnavailable, ProofRefused, StaleSize
from archive.log.submission import ADD_CHECKPOINT, MAX_SUBMISSION, SIZE_TYPE, origin_path, size_answer
from archive.witness.witness import Witness
from policies.reasons import archiving as reasons

BODY_SECONDS = 10.0
TEXT = "text/plain; charset=utf-8"
# The statuses that the specification gives; what is not named here is a malformed request.
STATUSES = {
    reasons.UNKNOWN_LOG.id: 404,
    reasons.WRONG_LOG_KEY.id: 403,
    reasons.NOTE_SIGNATURE_BROKEN.id: 403,
    reasons.FORKED.id: 409,
    reasons.NOT_CONSISTENT.id: 422,
}


def create_app(witness: Witness) -> Starlette:
    """The application over an open witness."""

    async def add_checkpoint(request: Request) -> Response:
        try:
            body = await asyncio.wait_for(_body(request), BODY_SECONDS)
        except TimeoutError:
            return _text("the request did not arrive in time\n", 408)
        if body is None:
            return _text(f"a request has at most {MAX_SUBMISSION} bytes\n", 413)
        return await run_in_threadpool(_answer, witness, body)

    async def checkpoint(request: Request) -> Response:
        origins = {origin_path(origin).split("/")[0]: origin for origin in witness.logs}
        origin = origins.get(request.path_params["hash"])
        note = await run_in_threadpool(witness.head, origin) if origin else None
        if note is None:
            return _text("no head of such a log was cosigned here\n", 404)
        return Response(note, media_type=TEXT, headers={"cache-control": "no-store"})

    async def vkey(_request: Request) -> Response:
        return _text(witness.key.vkey + "\n")

    async def heads(_request: Request) -> Response:
        shown = await run_in_threadpool(heads_json, witness)
        return JSONResponse(shown, headers={"cache-control": "no-store"})

    app = Starlette(
        routes=[
            Route(f"/{ADD_CHECKPOINT}", add_checkpoint, methods=["POST"]),
            Route("/{hash:str}/checkpoint", checkpoint, methods=["GET"]),
            Route("/vkey", vkey, methods=["GET"]),
            Route("/heads", heads, methods=["GET"]),
        ]
    )
    app.add_exception_handler(ArchiveUnavailable, _unavailable)
    app.add_exception_handler(ArchiveDamaged, _unavailable)
    return app


def heads_json(witness: Witness) -> dict[str, Any]:
    """`antin.witness/1`: the key, the watched logs, what was cosigned last, and how many forks were seen."""
    known = {head.origin: head for head in witness.state.heads()}
    forks = [head.origin for head in witness.state.forks()]
    rows = []
    for origin in sorted(witness.logs):
        head = known.get(origin)
        rows.append(
            {
                "origin": origin,
                "size": head.size if head else None,
                "root": base64.b64encode(head.root).decode("ascii") if head else None,
                "at": head.at.isoformat(timespec="seconds") if head else None,
                "checkpoint": f"/{origin_path(origin)}",
                "forks": forks.count(origin),
            }
        )
    return {"schema": "antin.witness/1", "vkey": witness.key.vkey, "logs": rows}


async def _body(request: Request) -> bytes | None:
    """The whole body; None when it is larger than any request."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_SUBMISSION:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)


def _answer(witness: Witness, body: bytes) -> Response:
    try:
        return Response(witness.add_checkpoint(body), media_type=TEXT)
    except StaleSize as exc:
        return Response(size_answer(exc.size), 409, {"content-type": SIZE_TYPE})
    except ProofRefused as exc:
        return _text(f"{exc.id}: {exc.text('en')}\n{exc.text('vi')}\n", STATUSES.get(exc.id, 400))


def _text(text: str, status: int = 200) -> Response:
    return PlainTextResponse(text, status)


async def _unavailable(_request: Request, _exc: Exception) -> Response:
    return _text("the witness cannot read or write its state; nothing was cosigned\n", 503)
