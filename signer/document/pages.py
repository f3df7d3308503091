"""The page tree (ISO 32000-2, 7.7.3), walked page by page, without recursion, each node once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from policies.reasons import document as reasons
from signer.document.objects import PdfObject, ReaderLimits, Ref
from signer.errors import DocumentRefused

INHERITED = ("Resources", "MediaBox", "CropBox", "Rotate")


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its place (0 is the first), its object, its dictionary with inherited attributes filled in."""

    index: int
    ref: Ref
    dict: dict[str, Any]


class Resolver(Protocol):
    limits: ReaderLimits

    def resolve(self, value: Any) -> PdfObject: ...


class PageTree:
    """The pages below a root node, read as far as somebody asks."""

    def __init__(self, file: Resolver, root: object) -> None:
        self._limits = file.limits
        self._known: list[Page] = []
        self._nodes: set[int] = set()
        self._rest = _walk(file, root, self._nodes)

    def page(self, index: int) -> Page:
        """The page at `index`. Raises `DocumentRefused` when there is none or the tree is broken."""
        found = self.page_or_none(index)
        if found is None:
            raise DocumentRefused(reasons.NO_SUCH_PAGE, page=index + 1, pages=len(self._known))
        return found

    def page_or_none(self, index: int) -> Page | None:
        """The page at `index`, or None when there is none."""
        while len(self._known) <= index:
            following = next(self._rest, None)
            if following is None:
                break
            self._append(following)
        return self._known[index] if 0 <= index < len(self._known) else None

    def all(self) -> list[Page]:
        """Every page, in order."""
        for following in self._rest:
            self._append(following)
        return self._known

    def nodes(self) -> frozenset[int]:
        """The numbers of the objects that hold pages, whatever else they are."""
        self.all()
        return frozenset(self._nodes)

    def _append(self, found: tuple[Ref, dict[str, Any]]) -> None:
        if len(self._known) >= self._limits.pages:
            raise DocumentRefused(
                reasons.TOO_MANY_PAGES, pages=len(self._known) + 1, limit=self._limits.pages
            )
        self._known.append(Page(len(self._known), *found))


def _walk(file: Resolver, root: object, seen: set[int]) -> Iterator[tuple[Ref, dict[str, Any]]]:
    stack: list[tuple[Iterator[Any], dict[str, Any]]] = [(iter([root]), {})]
    while stack:
        kids, inherited = stack[-1]
        kid = next(kids, None)
        if kid is None:
            stack.pop()
            continue
        node = file.resolve(kid)
        if not isinstance(kid, Ref) or not isinstance(node, dict):
            raise DocumentRefused(reasons.WRONG_TYPE, what="/Kids")
        passed = {**inherited, **{key: node[key] for key in INHERITED if key in node}}
        if node.get("Type") == "Page" or "Kids" not in node:
            yield kid, {**node, **passed}
            continue
        if kid.num in seen or len(stack) > file.limits.page_depth:
            raise DocumentRefused(reasons.PAGE_TREE_TOO_DEEP, limit=file.limits.page_depth)
        seen.add(kid.num)
        below = file.resolve(node["Kids"])
        if not isinstance(below, list):
            raise DocumentRefused(reasons.WRONG_TYPE, what="/Kids")
        stack.append((iter(below), passed))
