"""Counters for machines that collect them."""

from __future__ import annotations

from fastapi import Response

from api.metrics import CONTENT_TYPE
from api.routes.context import Given, Who, api_router
from policies.vocabulary import Role

router = api_router("health")


@router.get("/metrics", summary="Counters of this process, in the text form of Prometheus")
def read(given: Given, who: Who) -> Response:
    who.needs(Role.AUDITOR)
    headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
    return Response(given.metrics.text(), headers=headers)
