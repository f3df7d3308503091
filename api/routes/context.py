"""What every route needs: the services, who asks, in which language, and answering a write once."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.params import Depends as Dependency
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from api import once, problems
from api.identity import COOKIE, AccessRefused, csrf_token, require
from api.limits import takes_file
from api.locations import API_PREFIX
from api.pages.addresses import address
from api.pages.views import Viewer
from api.services import Services
from api.store import idempotency
from api.store.accounts import Account
from api.store.idempotency import Asked
from policies.reasons import access as reasons
from policies.vocabulary import Role

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# The answer of an act that is done, by the id of what it made or changed: as that is now.
Told = Callable[[str], Response]
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(slots=True)
class Caller:
    """Who asks, by bearer token or by the cookie of a browser; neither is the public.

    The session is looked up when the route first wants to know, in the thread that it has anyway, since that
    waits for the database: never in the event loop.
    """

    given: Services
    bearer: str = ""
    cookie: str = ""
    _account: Account | None = None
    _known: bool = False

    @property
    def account(self) -> Account | None:
        """None for the public. Raises AccessRefused for a token that is none, or none any more."""
        if not self._known:  # `functools.cached_property` would let all threads wait for one another here
            self._account, self._known = self._looked_up(), True
        return self._account

    def _looked_up(self) -> Account | None:
        token = self.bearer or self.cookie
        session = self.given.identity.session(token, self.given.clock()) if token else None
        if session is None and self.bearer:
            raise AccessRefused(reasons.NOT_SIGNED_IN)
        return session.account if session else None

    @property
    def csrf(self) -> str:
        """Guards the forms of a browser's session; empty for everybody else."""
        return "" if self.bearer or self.account is None else csrf_token(self.cookie)

    def needs(self, *roles: Role) -> Account:
        return require(self.account, *roles)


async def services(request: Request) -> Services:
    """A coroutine, as whatever here waits for nothing: FastAPI gives plain functions a thread each."""
    found: Services = request.app.state.services
    return found


def language(request: Request) -> str:
    """`?lang`, then the cookie, then Accept-Language; Vietnamese unless English is asked for."""
    asked = request.query_params.get("lang") or request.cookies.get("antin_lang")
    if asked in ("vi", "en"):
        return asked
    return "en" if request.headers.get("accept-language", "vi").lower().startswith("en") else "vi"


async def caller(request: Request) -> Caller:
    """Bearer token first, then the session cookie. A cookie never writes from another site."""
    given: Services = request.app.state.services
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return Caller(given, bearer=token.strip())
    cookie = request.cookies.get(COOKIE, "")
    if cookie and request.method not in SAFE_METHODS:
        refuse_cross_site(request)
    return Caller(given, cookie=cookie)


def refuse_cross_site(request: Request) -> None:
    """A browser says where a form came from; anything but our own origin is refused."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise AccessRefused(reasons.CROSS_SITE)
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise AccessRefused(reasons.CROSS_SITE)


Given = Annotated[Services, Depends(services)]
Who = Annotated[Caller, Depends(caller)]


async def _language(request: Request) -> str:
    return language(request)


Language = Annotated[str, Depends(_language)]


KEY_HEADER = "Idempotency-Key"


async def idempotency_key(
    _key: Annotated[
        str,
        Header(
            alias=KEY_HEADER,
            min_length=1,
            max_length=128,
            description="Chosen by the caller, fresh for each write. A retry with the same key and body gets the "
            "kept answer (header `Idempotent-Replay: true`) and does nothing twice, also when the first answer was "
            "lost; the same key with another body is refused.",
        ),
    ],
) -> None:
    """Every write asks for the key; `answer_once` uses it. Its absence is access.idempotency-key-missing."""


ONCE = Depends(idempotency_key)


class StaffRoute(APIRoute):
    """Who brings a file is known before any of it is read: it may be a gigabyte."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def known_first(request: Request) -> Response:
            who = await caller(request)
            await run_in_threadpool(who.needs)
            return await handler(request)

        return known_first if takes_file(self) else handler


def api_router(tag: str, *dependencies: Dependency, route_class: type[APIRoute] = APIRoute) -> APIRouter:
    """For routes of the REST API: under its prefix, each with the problems that it may answer."""
    return APIRouter(
        prefix=API_PREFIX,
        tags=[tag],
        dependencies=dependencies,
        responses=problems.RESPONSES,
        route_class=route_class,
    )


def digest(*parts: object) -> str:
    """Hash of what a write asks for, for its idempotency row."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def asked(request: Request, account: Account, body_hash: str) -> Asked:
    """What the request asks for. Raises AccessRefused when it has no key."""
    key = request.headers.get(KEY_HEADER, "")
    if not key or len(key) > 128:
        raise AccessRefused(reasons.IDEMPOTENCY_KEY_MISSING)
    return Asked(account.id, key, f"{request.method} {request.url.path}", body_hash)


def answer_once(
    request: Request,
    given: Services,
    account: Account,
    body_hash: str,
    act: Callable[[], Response],
    told: Told,
) -> Response:
    """Run a write under its Idempotency-Key: a retry gets the kept answer, another body is refused.

    The act notes in its own transaction that it is done (`api.once`). After a crash between that commit and the
    keeping of the answer, which a note keeps that a power cut may take away, `told` answers the retry with what the
    act made, as it is now; after a crash before that commit the retry does the act. What depends on how things stood
    before the act, `If-Match` too, belongs into `act`: a retry finds them changed by its own first try.
    """
    this = asked(request, account, body_hash)
    with given.keys_in_use.held(this) as first:
        with given.transactions.look() as conn:
            kept = idempotency.find(conn, this)
        if kept is not None:
            return _replay(kept, this, told)
        if first is not this:
            raise AccessRefused(
                reasons.IDEMPOTENCY_IN_PROGRESS if first == this else reasons.IDEMPOTENCY_KEY_REUSED
            )
        with once.under(this):
            response = act()
        headers = {k: v for k, v in response.headers.items() if k in ("etag", "location", "content-type")}
        with given.transactions.note() as conn:
            idempotency.keep(conn, this, response.status_code, headers, bytes(response.body), given.clock())
    return response


def _replay(kept: idempotency.Kept, this: Asked, told: Told) -> Response:
    if (kept.route, kept.body_hash) != (this.route, this.body_hash):
        raise AccessRefused(reasons.IDEMPOTENCY_KEY_REUSED)
    if kept.made is not None:
        response = told(kept.made.rpartition("/")[2])
    elif kept.status is None:  # by an earlier version
        raise AccessRefused(reasons.IDEMPOTENCY_IN_PROGRESS)
    else:
        response = Response(kept.body, kept.status, headers=kept.headers)
    response.headers["idempotent-replay"] = "true"
    return response


def json_answer(value: Any, status: int = 200, **headers: str) -> Response:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    named = {key.replace("_", "-"): text for key, text in headers.items()}
    return Response(body, status, headers=named, media_type="application/json")


def viewer(who: Caller) -> Viewer | None:
    """Who is signed in, for the frame of a page."""
    account = who.account
    return Viewer(account.display, account.title, account.roles, who.csrf) if account else None


def known_viewer(request: Request) -> Viewer | None:
    """Who is signed in, for the frame of a page that tells of a refusal: it refuses nothing itself."""
    return viewer(Caller(request.app.state.services, cookie=request.cookies.get(COOKIE, "")))


def to_sign_in(request: Request) -> Response:
    """A page that needs an account leads to the sign-in and from there back to itself."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(address("sign_in", next=f"{request.url.path}{query}"), 303)


def check_form(who: Caller, csrf: str) -> None:
    """A form of a signed-in browser carries the token of its own session. Raises AccessRefused CROSS_SITE."""
    if not who.csrf or not hmac.compare_digest(who.csrf, csrf):
        raise AccessRefused(reasons.CROSS_SITE)
