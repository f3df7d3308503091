"""Rules for pages: a page's list of annotations may grow by widgets; the page itself never changes."""

from __future__ import annotations

from typing import Any

from policies.vocabulary import Changes
from signer.document.changes.annotations import hides_nothing
from signer.document.changes.step import Step
from signer.document.objects import Ref

_HARMLESS = frozenset(("Annots", "LastModified"))


def compare_pages(step: Step) -> None:
    """Every page and page-tree node that was written again, and every list of annotations."""
    for num in sorted(step.changed - {0}):
        node = step.before.get(num)
        kind = node.get("Type") if isinstance(node, dict) else None
        if kind == "Page":
            _compare_page(step, Ref(num))
        elif kind == "Pages" or _is_tree_node(step, num, node):
            _compare_tree(step, num)
    if any(isinstance(step.before.get(num), list) for num in step.changed - step.explained):
        _compare_annotation_arrays(step)


def _is_tree_node(step: Step, num: int, node: Any) -> bool:
    """Whether the page tree has this node, which does not say so: it may be a field as well, say."""
    return isinstance(node, dict) and "Kids" in node and num in step.before.page_tree_nodes


def _compare_tree(step: Step, num: int) -> None:
    before, after = step.before.get(num), step.after.get(num)
    if not step.same(before, after):
        added = (
            isinstance(after, dict) and isinstance(before, dict) and after.get("Count") != before.get("Count")
        )
        what = "page-added" if added and _more(before, after) else "page-tree-changed"
        step.found(Changes.FORBIDDEN, what, num)
    step.explained.add(num)


def _more(before: Any, after: Any) -> bool:
    old, new = before.get("Count"), after.get("Count")
    return type(old) is int and type(new) is int and new > old


def _compare_page(step: Step, ref: Ref) -> None:
    before, after = step.before.get(ref.num), step.after.get(ref.num)
    if not isinstance(before, dict) or not isinstance(after, dict):
        step.found(Changes.FORBIDDEN, "page-removed", ref.num)
        step.explain(ref)
        return
    for key in step.differing(before, after):
        if key not in _HARMLESS or not _harmless(step, key, after):
            step.found(Changes.FORBIDDEN, "page-changed", ref.num, detail=key)
    _compare_annotations(step, ref.num, before.get("Annots"), after.get("Annots"))
    step.explain(ref)


def _harmless(step: Step, key: str, after: dict[str, Any]) -> bool:
    """Whether the time of a change is one, and nothing that could be drawn."""
    return key == "Annots" or isinstance(step.after.resolve(after.get(key)), bytes | None)


def _compare_annotation_arrays(step: Step) -> None:
    """Lists of annotations that are objects of their own, on pages that were not written again."""
    for page in step.before.pages():
        listed = page.dict.get("Annots")
        if step.touched(listed) and not step.touched(page.ref):
            _compare_annotations(step, page.ref.num, listed, listed)


def _compare_annotations(step: Step, page: int, old: Any, new: Any) -> None:
    before, after = step.before.array(old), step.after.array(new)
    step.explain_unshared(old)
    kept = [item for item in after if item in before]
    removed = [item for item in before if item not in after]
    if removed:
        covered = not all(hides_nothing(step.before, item) for item in removed)
        step.found(Changes.ANNOTATIONS, "annotation-removed", page, covers=covered)
    elif kept != before:
        step.found(Changes.SUSPICIOUS, "annotations-reordered", page)
    if after[: len(kept)] != kept:
        step.found(Changes.SUSPICIOUS, "annotations-reordered", page)
    for item in after:
        if item not in before:
            _added(step, page, item)


def _added(step: Step, page: int, item: Any) -> None:
    num = item.num if isinstance(item, Ref) else page
    owner = next((f for f in step.new_fields for w in f.widgets if w.ref.num == num), None)
    subtype = step.after.resolve(step.after.dictionary(item).get("Subtype"))
    if owner is not None and owner.type == "Sig" and step.is_new(num) and subtype == "Widget":
        return  # judged with its field
    step.found(
        Changes.ANNOTATIONS,
        "annotation-added",
        num,
        owner.name if owner else None,
        str(subtype) if isinstance(subtype, str) else "",
        covers=not hides_nothing(step.after, item),
    )
