"""What every route needs: the services, who asks, in which language, and answering a write once."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Header, Request, Response
from fastapi.responses import RedirectResponse

from api.identity import COOKIE, AccessRefused, csrf_token, require
from api.pages.addresses import address
from api.pages.views import Viewer
from api.services import Services
from api.store import idempotency
from api.store.accounts import Account
from policies.reasons import access as reasons
from policies.vocabulary import Role

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a request, None for the public; `csrf` guards forms of browser sessions."""

    account: Account | None
    kind: str
    csrf: str

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


def caller(request: Request, given: Annotated[Services, Depends(services)]) -> Caller:
    """Bearer token first, then the session cookie. A cookie never writes from another site."""
    authorization = request.headers.get("authorization", "")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == "bearer" and token:
        session = given.identity.session(token.strip(), given.clock())
        if session is None:
            raise AccessRefused(reasons.NOT_SIGNED_IN)
        return Caller(session.account, "api", "")
    cookie = request.cookies.get(COOKIE)
    session = given.identity.session(cookie, given.clock()) if cookie else None
    if cookie is None or session is None:
        return Caller(None, "public", "")
    if request.method not in SAFE_METHODS:
        refuse_cross_site(request)
    return Caller(session.account, "browser", csrf_token(cookie))


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
            "kept answer (header `Idempotent-Replay: true`) and does nothing twice; the same key with another "
            "body is refused.",
        ),
    ],
) -> None:
    """Every write asks for the key; `answer_once` uses it. Its absence is access.idempotency-key-missing."""


ONCE = Depends(idempotency_key)


def digest(*parts: object) -> str:
    """Hash of what a write asks for, for its idempotency row."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def answer_once(
    request: Request,
    given: Services,
    account: Account,
    body_hash: str,
    act: Callable[[], Response],
    made: Callable[[str], Response] | None = None,
) -> Response:
    """Run a write under its Idempotency-Key: a retry gets the kept answer, another body is refused.

    A crash between the act and the keeping of its answer lets the retry run the act again, which the order of
    acts then refuses or answers with what stands: nothing is done twice. An act that makes something new notes
    it in its own transaction (`idempotency.made`); `made` answers a retry with what stands there. The rows are
    notes: a power cut that takes one away is such a crash.
    """
    key = request.headers.get("idempotency-key", "")
    if not key or len(key) > 128:
        raise AccessRefused(reasons.IDEMPOTENCY_KEY_MISSING)
    route = f"{request.method} {request.url.path}"
    with given.transactions.note() as conn:
        kept = idempotency.find(conn, account.id, key)
        if kept is not None and kept.abandoned(given.clock()):
            idempotency.forget(conn, account.id, key)
            kept = None
        if kept is None:
            idempotency.begin(conn, account.id, key, route, body_hash, given.clock())
    if kept is not None:
        return _replay(kept, route, body_hash, made)
    try:
        response = act()
    except BaseException:
        with given.transactions.note() as conn:
            idempotency.forget(conn, account.id, key)
        raise
    headers = {k: v for k, v in response.headers.items() if k in ("etag", "location", "content-type")}
    with given.transactions.note() as conn:
        idempotency.finish(conn, account.id, key, response.status_code, headers, bytes(response.body))
    return response


def _replay(
    kept: idempotency.Kept, route: str, body_hash: str, made: Callable[[str], Response] | None
) -> Response:
    if (kept.route, kept.body_hash) != (route, body_hash):
        raise AccessRefused(reasons.IDEMPOTENCY_KEY_REUSED)
    if kept.made is not None and made is not None:
        return made(kept.made)
    if kept.status is None:
        raise AccessRefused(reasons.IDEMPOTENCY_IN_PROGRESS)
    headers = {**(kept.headers or {}), "idempotent-replay": "true"}
    return Response(kept.body, kept.status, headers=headers)


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
    given: Services = request.app.state.services
    cookie = request.cookies.get(COOKIE)
    session = given.identity.session(cookie, given.clock()) if cookie else None
    if cookie is None or session is None:
        return None
    return viewer(Caller(session.account, "browser", csrf_token(cookie)))


def to_sign_in(request: Request) -> Response:
    """A page that needs an account leads to the sign-in and from there back to itself."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(address("sign_in", next=f"{request.url.path}{query}"), 303)


def check_form(who: Caller, csrf: str) -> None:
    """A form of a signed-in browser carries the token of its own session. Raises AccessRefused CROSS_SITE."""
    if not who.csrf or not hmac.compare_digest(who.csrf, csrf):
        raise AccessRefused(reasons.CROSS_SITE)
