"""The ASGI application: routes, guards, and the one place where exceptions become problems."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api import problems
from api.identity import AccessRefused
from api.limits import BodyLimit, SecurityHeaders
from api.pages import rendering
from api.routes import (
    audits,
    context,
    demo_pki,
    desks,
    documents,
    health,
    journal,
    metrics,
    operations,
    public,
    sessions,
    verifications,
)
from api.services import Services
from policies.reasons import access as reasons

API_PREFIX = "/api/v1"
DESCRIPTION = """Signs, seals, issues, archives and proves official documents.

Every write needs an `Idempotency-Key`. Acts that wait answer 202 with an operation to be polled. Errors are
RFC 9457 problems with `id` (stable), `basis` (the rule) and `text` in Vietnamese and English."""


def create_app(services: Services, *, own_jobs: bool = True) -> FastAPI:
    """The application over ready services; it starts and stops their background work with itself."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if own_jobs:
            await run_in_threadpool(services.start)
        yield
        if own_jobs:
            await run_in_threadpool(services.stop)

    app = FastAPI(
        title="An Tín",
        version="1",
        description=DESCRIPTION,
        openapi_url=f"{API_PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.services = services
    for module in (documents, operations, journal, verifications, health, metrics):
        app.include_router(module.router, prefix=API_PREFIX, responses=PROBLEM_RESPONSES)
    app.include_router(sessions.api, prefix=API_PREFIX, responses=PROBLEM_RESPONSES)
    for pages in (sessions.pages, public.router, audits.router, desks.router):
        app.include_router(pages, include_in_schema=False)
    if services.demo is not None:
        app.include_router(demo_pki.router, include_in_schema=False)
    rendering.mount_static(app)
    _handle_errors(app)
    app.add_middleware(BodyLimit, limit=services.settings.upload_limit)
    app.add_middleware(SecurityHeaders)
    return app


def _handle_errors(app: FastAPI) -> None:
    async def refused(request: Request, exc: Exception) -> Response:
        return await _answer(request, problems.problem(exc, context.language(request)))

    async def invalid(request: Request, exc: Exception) -> Response:
        if isinstance(exc, RequestValidationError) and _lacks_key(exc):
            return await refused(request, AccessRefused(reasons.IDEMPOTENCY_KEY_MISSING))
        what = (
            "; ".join(_where(error) for error in exc.errors())
            if isinstance(exc, RequestValidationError)
            else ""
        )
        return await refused(request, AccessRefused(reasons.INVALID_REQUEST, what=what[:300]))

    async def http(request: Request, exc: Exception) -> Response:
        status = exc.status_code if isinstance(exc, HTTPException) else 500
        if status == 404:
            return await refused(request, AccessRefused(reasons.NOT_FOUND, what=request.url.path[:100]))
        return await _answer(request, {"type": "about:blank", "title": f"HTTP {status}", "status": status})

    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, refused)
    for kind in problems.HANDLED:
        app.add_exception_handler(kind, refused)


def _where(error: Any) -> str:
    return f"{'.'.join(str(part) for part in error['loc'][1:])}: {error['msg']}"


def _lacks_key(exc: RequestValidationError) -> bool:
    return any(error["loc"] == ("header", context.KEY_HEADER) for error in exc.errors())


async def _answer(request: Request, problem: dict[str, Any]) -> Response:
    wants_page = "text/html" in request.headers.get("accept", "")
    if wants_page and not request.url.path.startswith(API_PREFIX):
        if problem.get("id") == reasons.NOT_SIGNED_IN.id and request.method == "GET":
            return context.to_sign_in(request)
        refusal = problem["status"] < 500  # a fault of ours may be the database that knows who is signed in
        viewer = await run_in_threadpool(context.known_viewer, request) if refusal else None
        return rendering.problem_page(request, problem, context.language(request), viewer=viewer)
    response = context.json_answer({**problem, "instance": request.url.path}, problem["status"])
    response.headers["content-type"] = problems.MEDIA_TYPE
    return response


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "A refusal with its reason (RFC 9457)",
        "content": {problems.MEDIA_TYPE: {"schema": problems.SCHEMA}},
    },
    "5XX": {
        "description": "Nothing was done: something that we depend on does not answer, or a fault of ours",
        "content": {problems.MEDIA_TYPE: {"schema": problems.SCHEMA}},
    },
}
