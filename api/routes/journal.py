"""The outgoing register, the audit chain and the transparency log."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from api.identity import AccessRefused
from api.moments import moment
from api.routes.context import Given, Who, api_router, json_answer
from api.store import audit
from archive.log.tiles import parse_path
from archive.registers import outgoing
from policies.numbering import civil_date
from policies.reasons import access as reasons
from policies.vocabulary import Role

router = api_router("registers and log")


@router.get("/registers/outgoing", summary="Sổ đăng ký văn bản đi (NĐ 30/2020/NĐ-CP, PL IV)")
def register(
    given: Given,
    who: Who,
    year: int | None = None,
    after: int = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    account = who.needs(Role.CLERK, Role.AUDITOR, Role.LEADER)
    chosen = year or civil_date(given.clock()).year
    with given.transactions.read() as conn:
        rows = outgoing.page(conn, account.agency, chosen, after=after, limit=limit)
    return json_answer(
        {
            "year": chosen,
            "columns": outgoing.COLUMNS,
            "rows": [
                {"document": r.document, "position": r.position, "cells": outgoing.printed(r)} for r in rows
            ],
            "next": rows[-1].position if len(rows) == limit else None,
        }
    )


@router.get("/audit", summary="Nhật ký, newest first")
def trail(
    given: Given, who: Who, before: int | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> Response:
    account = who.needs(Role.AUDITOR)
    with given.transactions.read() as conn:
        rows = audit.page(conn, account.agency, before, limit)
    shown = [
        {
            "sequence": row.sequence,
            "at": moment(row.at),
            "actor": row.actor,
            "act": row.act,
            "phase": row.phase,
            "subject": row.subject,
            "detail": row.detail,
            "hash": row.hash,
        }
        for row in rows
    ]
    return json_answer({"rows": shown, "next": rows[-1].sequence if len(rows) == limit else None})


@router.get("/log/checkpoint", summary="The signed head of the log (C2SP tlog-checkpoint)")
def checkpoint(given: Given) -> Response:
    return _note(given.proofs.head())


@router.get(
    "/log/checkpoint/witnessed", summary="The newest head that witnesses cosigned (C2SP tlog-cosignature)"
)
def witnessed(given: Given) -> Response:
    cosigned = given.proofs.cosigned()
    return _note(cosigned.head.note if cosigned else None)


def _note(note: bytes | None) -> Response:
    if note is None:
        raise AccessRefused(reasons.NOT_FOUND, what="checkpoint")
    return Response(note, media_type="text/plain; charset=utf-8", headers={"cache-control": "no-store"})


@router.get("/log/key", summary="The log's public key (C2SP signed-note vkey)")
def key(given: Given) -> Response:
    return Response(given.proofs.vkey + "\n", media_type="text/plain; charset=utf-8")


@router.get("/log/tile/{path:path}", summary="A tile of the log (C2SP tlog-tiles)")
def tile(given: Given, path: str) -> Response:
    wanted = parse_path(f"tile/{path}")
    data = given.proofs.tile(wanted) if wanted is not None else None
    if data is None:
        raise AccessRefused(reasons.NOT_FOUND, what="tile")
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(data, media_type="application/octet-stream", headers=headers)
