"""Renders the pages: templates, texts in two languages, times on a Vietnamese clock. No script or style inline.

`render` gives HTML text from plain values (`api.pages.views`); `page` and `problem_page` wrap it into an answer.
A name that a template wants and the route did not give is an error, never a blank.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined

from api.pages import formats, verdicts
from api.pages.addresses import address
from api.pages.texts import TEXTS
from api.pages.views import Viewer
from policies.vocabulary import Role

LANGUAGES = ("vi", "en")
LANGUAGE_COOKIE = "antin_lang"
STATIC = Path(__file__).parent / "static"
_IMMUTABLE = "public, max-age=31536000, immutable"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The Jinja environment: autoescaping, strict about missing names."""
    made = Environment(
        loader=PackageLoader("api.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "moment": formats.moment,
        "short_moment": formats.short_moment,
        "day": formats.day,
        "grouped": formats.grouped,
    }
    made.globals |= {"at": address, "static": static_url, "verdict": verdicts.verdict, "Role": Role}
    return made


@lru_cache
def static_url(name: str) -> str:
    """The address of a file of ours with a digest of its bytes, so that it may be cached for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


@dataclass(frozen=True, slots=True)
class Translator:
    """`t(key, **values)` in a language. Raises KeyError for a text that nobody wrote."""

    column: int

    def __call__(self, key: str, /, **values: Any) -> str:
        text = TEXTS[key][self.column]
        return text.format(**values) if values else text

    def known(self, key: str, otherwise: str = "") -> str:
        """The text of a key that comes from elsewhere, or `otherwise` when nobody wrote it."""
        return self(key) if key in TEXTS else otherwise


def translator(language: str) -> Translator:
    """The texts of the pages in `vi` or `en`."""
    return Translator(LANGUAGES.index(language))


def render(
    template: str, language: str = "vi", *, path: str = "/", viewer: Viewer | None = None, **context: Any
) -> str:
    """The HTML of a page. `path`: where it lives, for the language links; `viewer`: who is signed in."""
    values: Mapping[str, Any] = {
        "t": translator(language),
        "language": language,
        "path": path,
        "viewer": viewer,
        "count": partial(formats.count, language=language),
        "size": partial(formats.size, language=language),
        **context,
    }
    return environment().get_template(template).render(values)


def page(
    request: Request,
    template: str,
    language: str = "vi",
    *,
    viewer: Viewer | None = None,
    status: int = 200,
    here: str = "/",
    **context: Any,
) -> HTMLResponse:
    """A page as an answer; a language chosen by `?lang` is remembered.

    `here`: the page's address when it answers a form, for the language links and the row of places.
    """
    html = render(template, language, path=_own_path(request, here), viewer=viewer, **context)
    answer = HTMLResponse(html, status)
    if request.query_params.get("lang") in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=31_536_000, samesite="lax", httponly=True)
    return answer


def problem_page(
    request: Request, problem: Mapping[str, Any], language: str = "vi", *, viewer: Viewer | None = None
) -> HTMLResponse:
    """An RFC 9457 problem for people: what is wrong, on which rule it rests, what to do."""
    status = int(problem["status"])
    shown = {"title": HTTPStatus(status).phrase, "id": "", "basis": "", "incident": "", **problem}
    here = "/desk" if viewer else "/"
    return page(request, "problem.html", language, viewer=viewer, status=status, here=here, problem=shown)


def mount_static(app: FastAPI) -> None:
    """Serves our own style sheet, scripts and drawings under /static."""
    app.mount("/static", _Cached(directory=STATIC), name="static")


class _Cached(StaticFiles):
    """Files whose address holds their digest never change."""

    async def get_response(self, path: str, scope: Any) -> Any:
        answer = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b""):
            answer.headers["cache-control"] = _IMMUTABLE
        return answer


def _own_path(request: Request, here: str) -> str:
    """The page's own address without `lang`; a page that answers a form has none but `here`, nor has one that was
    asked for under an address that means another host as a link, `//evil.example/x`."""
    path = quote(request.url.path)  # a browser reads past a tab or a line break that is none of a link's
    if request.method != "GET" or "//" in path:
        return here
    query = [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]
    return path + (f"?{urlencode(query)}" if query else "")
