"""Rules for the trailer, the catalog, and what is kept there for long-term validation."""

from __future__ import annotations

from typing import Any

from policies.vocabulary import Changes
from signer.document.changes.step import Step
from signer.document.objects import Ref

_TRAILER_FORM = frozenset(
    ("Size", "Prev", "XRefStm", "Type", "W", "Index", "Filter", "DecodeParms", "Length", "Root", "Info", "ID")
)
_OWN_RULES = frozenset(("AcroForm", "DSS", "Extensions", "Metadata", "Version", "Pages"))
_MOST_NODES = 200_000
_STORE_KEYS = frozenset(("Certs", "OCSPs", "CRLs", "VRI", "Cert", "OCSP", "CRL", "TS"))


def compare_trailer(step: Step) -> None:
    """The trailer names the catalog and /Info; what else it says is bookkeeping, or not understood."""
    old, new = step.before.trailer, step.after.trailer
    for key in sorted({*old, *new} - _TRAILER_FORM):
        if key in new and not step.same(old.get(key), new[key]):
            step.found(Changes.SUSPICIOUS, "trailer-changed", detail=key)
    _compare_size(step, old.get("Size"), new.get("Size"))
    if isinstance(old.get("Root"), Ref) and not isinstance(new.get("Root"), Ref):
        step.found(Changes.SUSPICIOUS, "trailer-changed", detail="Root")
    step.explain_unshared(old.get("Root"))
    step.explain_unshared(old.get("Info"))
    if not step.same(old.get("Info"), new.get("Info")) or step.rewritten(old.get("Info")):
        step.found(Changes.NONE, "metadata-changed", detail="Info")  # not drawn on any page


def _compare_size(step: Step, old: Any, new: Any) -> None:
    """What lies beyond /Size is not there (7.5.5, table 15), to readers that believe it."""
    low, high = sorted(size if type(size) is int and size > 0 else 1 << 31 for size in (old, new))
    if low > max(section.highest for section in step.before.sections):
        return
    if any(low <= num < high for num in step.before.numbers()):
        step.found(Changes.SUSPICIOUS, "trailer-changed", detail="Size")


def compare_catalog(step: Step) -> None:
    """The catalog may gain validation data and new descriptions of the file; nothing else."""
    old, new = step.before.catalog, step.after.catalog
    for key in step.differing(old, new):
        if key not in _OWN_RULES:
            step.found(Changes.SUSPICIOUS, "catalog-changed", _number(step, "Root"), detail=key)
    if not step.same(old.get("Pages"), new.get("Pages")):
        step.found(Changes.FORBIDDEN, "page-tree-changed", _number(step, "Root"))
    _compare_version(step, old, new)
    _compare_metadata(step, old, new)
    step.explain_unshared(old.get("Extensions"), within=_catalog(step))  # names of features, draws nothing


def _catalog(step: Step) -> tuple[object, ...]:
    return (step.before.trailer.get("Root"),)


def _number(step: Step, key: str) -> int:
    ref = step.after.trailer.get(key)
    return ref.num if isinstance(ref, Ref) else -1


def _compare_version(step: Step, old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = step.before.resolve(old.get("Version")), step.after.resolve(new.get("Version"))
    if before == after:
        return
    if not isinstance(after, str) or str(before or step.before.header) > str(after):
        step.found(Changes.SUSPICIOUS, "catalog-changed", _number(step, "Root"), detail="Version")


def _compare_metadata(step: Step, old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = old.get("Metadata"), new.get("Metadata")
    step.explain_unshared(before, within=_catalog(step))
    if before != after or step.rewritten(before):
        step.found(Changes.NONE, "metadata-changed", detail="Metadata")


def compare_validation_data(step: Step) -> None:
    """The document security store (12.8.4.3) may grow or be written anew, but not vanish."""
    old, new = step.before.catalog.get("DSS"), step.after.catalog.get("DSS")
    if old is not None and not isinstance(step.after.resolve(new), dict):
        step.found(Changes.SUSPICIOUS, "validation-data-removed")
        return
    nodes = _store_nodes(step, old)
    if old != new or any(step.rewritten(Ref(num)) for num in nodes):
        number = new.num if isinstance(new, Ref) else -1
        step.found(Changes.LONG_TERM_DATA, "validation-data-added", number)
    step.explain_unshared(*(Ref(num) for num in nodes), within=_catalog(step))


def _store_nodes(step: Step, store: Any) -> set[int]:
    """The objects of a security store that nothing else uses: the store, its arrays and streams, /VRI."""
    found: set[int] = set()
    stack: list[tuple[Any, frozenset[str] | None]] = [(store, _STORE_KEYS)]
    while stack and len(found) < _MOST_NODES:
        value, keys = stack.pop()
        if isinstance(value, Ref):
            if value.num in found or step.references.shared(value.num):
                continue
            found.add(value.num)
        node = step.before.resolve(value)
        if isinstance(node, list):
            stack.extend((item, frozenset()) for item in node)
        elif isinstance(node, dict):
            for key, item in node.items():
                if keys is None or key in keys:
                    stack.append((item, None if key == "VRI" else _STORE_KEYS))
    return found
