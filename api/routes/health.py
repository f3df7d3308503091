"""Health for machines that watch the service: open to anyone, tells nothing but the state of each part."""

from __future__ import annotations

from fastapi import Request, Response

from api.health import Health, ready
from api.routes.context import Given, api_router, json_answer

router = api_router("health")


@router.get("/health", summary="State of each part; 503 while acts cannot be done")
def read(request: Request, given: Given) -> Response:
    kept = request.app.state
    if not hasattr(kept, "health"):
        kept.health = Health(given)
    parts = kept.health.parts()
    good = ready(parts)
    return json_answer(
        {"status": "ok" if good else "failing", "parts": parts},
        200 if good else 503,
        cache_control="no-store",
    )
