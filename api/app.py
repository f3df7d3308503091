"""The ASGI application: routes, guards, and the one place where exceptions become problems."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route

from api import problems
from api.http_head import HeadAsGet
from api.identity import AccessRefused
from api.limits import BodyLimit, SecurityHeaders, upload_paths
from api.locations import API_PREFIX
from api.pages import rendering
from api.routes import (
    audits,
    clerk_desk,
    context,
    demo_pki,
    desks,
    document_acts,
    document_signing,
    documents,
    dossier_desk,
    dossiers,
    health,
    hold_desk,
    holds,
    journal,
    leader_desk,
    metrics,
    operations,
    public,
    sessions,
    verifications,
)
from api.services import Services
from api.traffic import Counted
from policies.reasons import access as reasons

API = (
    operations.router,
    document_acts.writes,
    document_signing.writes,
    documents.router,
    dossiers.writes,
    dossiers.router,
    holds.writes,
    holds.router,
    journal.router,
    verifications.router,
    health.router,
    metrics.router,
    sessions.api,
)
PAGES = (
    sessions.pages,
    public.router,
    audits.router,
    dossier_desk.router,
    hold_desk.router,
    desks.router,
    leader_desk.router,
    clerk_desk.router,
)
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
        telemetry={"tracing": False, "metrics": False, "logs": False},  # our counters are at /metrics
    )
    app.state.services = services
    for router in (*API, *PAGES, *([demo_pki.router] if services.demo is not None else [])):
        app.router.routes.extend(router.routes)  # an included router would look for the route three times
    rendering.mount_static(app)
    _handle_errors(app)
    app.add_middleware(HeadAsGet)
    app.add_middleware(
        BodyLimit, limit=services.settings.upload_limit, uploads=upload_paths(app.routes), answer=_refused
    )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Counted, traffic=services.traffic)
    return app


async def _refused(request: Request, exc: Exception) -> Response:
    return await _answer(request, problems.problem(exc, context.language(request)))


def _handle_errors(app: FastAPI) -> None:
    async def invalid(request: Request, exc: Exception) -> Response:
        if isinstance(exc, RequestValidationError) and _lacks_key(exc):
            return await _refused(request, AccessRefused(reasons.IDEMPOTENCY_KEY_MISSING))
        what = (
            "; ".join(_where(error) for error in exc.errors())
            if isinstance(exc, RequestValidationError)
            else ""
        )
        return await _refused(request, AccessRefused(reasons.INVALID_REQUEST, what=what[:300]))

    async def http(request: Request, exc: Exception) -> Response:
        status = exc.status_code if isinstance(exc, HTTPException) else 500
        if status == 404:
            return await _refused(request, AccessRefused(reasons.NOT_FOUND, what=request.url.path[:100]))
        if status == 400 and isinstance(
            exc, HTTPException
        ):  # all of them are of bodies that could not be read
            return await _refused(request, AccessRefused(reasons.UNREADABLE_BODY, what=exc.detail[:200]))
        headers = {"allow": _allowed(request)} if status == 405 else getattr(exc, "headers", None) or {}
        problem = {"type": "about:blank", "title": f"HTTP {status}", "status": status}
        answer = await _answer(request, problem)
        answer.headers.update(headers)
        return answer

    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, _refused)
    for kind in problems.HANDLED:
        app.add_exception_handler(kind, _refused)


def _allowed(request: Request) -> str:
    """What may be done at this address by any of its routes: the framework names those of the first alone."""
    matching = [
        route
        for route in request.app.routes
        if isinstance(route, Route) and route.path_regex.match(request.scope["path"])
    ]
    methods = {method for route in matching for method in route.methods or ()} or {"GET"}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _where(error: Any) -> str:
    return f"{'.'.join(str(part) for part in error['loc'][1:])}: {error['msg']}"


def _lacks_key(exc: RequestValidationError) -> bool:
    return any(error["loc"] == ("header", context.KEY_HEADER) for error in exc.errors())


async def _answer(request: Request, problem: dict[str, Any]) -> Response:
    headers = problems.headers_of(problem.get("id", ""))
    wants_page = "text/html" in request.headers.get("accept", "")
    if wants_page and not request.url.path.startswith(API_PREFIX):
        if problem.get("id") == reasons.NOT_SIGNED_IN.id and request.method == "GET":
            return context.to_sign_in(request)
        refusal = problem["status"] < 500  # a fault of ours may be the database that knows who is signed in
        viewer = await run_in_threadpool(context.known_viewer, request) if refusal else None
        page = rendering.problem_page(request, problem, context.language(request), viewer=viewer)
        page.headers.update(headers)
        return page
    response = context.json_answer({**problem, "instance": request.url.path}, problem["status"])
    response.headers["content-type"] = problems.MEDIA_TYPE
    response.headers.update(headers)
    return response
