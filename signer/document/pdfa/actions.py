"""6.5 and 6.3.1: no active content. 6.9–6.11, 6.1.12: what the catalog may not have."""

from __future__ import annotations

from typing import Any

from signer.document.pdfa.context import Context
from signer.document.pdfa.vocabulary import ACTIONS_17

FORBIDDEN = frozenset(
    {
        "Launch", "Sound", "Movie", "ResetForm", "ImportData", "Hide", "SetOCGState", "Rendition", "Trans",
        "GoTo3DView", "JavaScript", "RichMediaExecute", "SetState", "NoOp", "set-state", "no-op",
    }
)  # fmt: skip
NAMED = frozenset({"NextPage", "PrevPage", "FirstPage", "LastPage"})


def action_rule(context: Context, role: str, node: dict[str, Any], number: int) -> None:
    """6.5.1: kinds of actions. What stands where an action must be is one; elsewhere /S may mean something else."""
    if role in ("intent", "state"):
        return
    kind = context.name(node.get("S"))
    if not kind or (role != "action" and context.name(node.get("Type")) not in ("", "Action")):
        return
    allowed = kind in context.part.actions or (
        role != "action" and kind not in FORBIDDEN and kind not in ACTIONS_17
    )
    context.require(allowed, "6.5.1-1", f"the action {kind} is not allowed", number)
    if kind == "Named":
        name = context.name(node.get("N"))
        context.require(name in NAMED, "6.5.1-2", f"the named action {name or '?'} is not allowed", number)


def check_catalog(context: Context) -> None:
    """Rules on the catalog's own entries."""
    catalog = context.pdf.catalog
    context.require("AA" not in catalog, "6.5.2-1", "the catalog has additional actions")
    context.require("NeedsRendering" not in catalog, "6.4.2-2", "the catalog has /NeedsRendering")
    context.require("Requirements" not in catalog, "6.11-1", "the catalog has /Requirements")
    context.require("OCProperties" not in catalog, "1:6.1.13-1", "the catalog has /OCProperties")
    names = context.dictionary(catalog.get("Names"))
    context.require("AlternatePresentations" not in names, "6.10-1", "the names have /AlternatePresentations")
    scripts = context.dictionary(names.get("JavaScript"))
    named = context.array(scripts.get("Names")) or context.array(scripts.get("Kids"))
    context.require(not named, "6.5.1-1", "the names have /JavaScript")
    context.require("EmbeddedFiles" not in names, "1:6.1.11-2", "the names have /EmbeddedFiles")
    _permissions(context, context.dictionary(catalog.get("Perms")))
    _layers(context, context.dictionary(catalog.get("OCProperties")))


def _permissions(context: Context, permissions: dict[str, Any]) -> None:
    foreign = permissions.keys() - {"DocMDP", "UR3"}
    context.require(not foreign, "6.1.12-1", f"/Perms has {sorted(foreign)}")
    if "DocMDP" not in permissions:
        return
    for reference in context.array(context.dictionary(permissions["DocMDP"]).get("Reference")):
        digests = context.dictionary(reference).keys() & {"DigestLocation", "DigestMethod", "DigestValue"}
        context.require(not digests, "6.1.12-2", f"the signature reference has {sorted(digests)}")


def _layers(context: Context, properties: dict[str, Any]) -> None:
    """6.9: optional content configurations are named, complete, and switch nothing by themselves."""
    if not properties:
        return
    groups = {repr(group) for group in context.array(properties.get("OCGs"))}
    names: list[bytes] = []
    for item in [properties.get("D"), *context.array(properties.get("Configs"))]:
        configuration = context.dictionary(item)
        name = context.get(configuration.get("Name"))
        context.require(isinstance(name, bytes) and bool(name), "6.9-1", "a configuration without a name")
        if isinstance(name, bytes):
            context.require(name not in names, "6.9-2", "two configurations of one name")
            names.append(name)
        context.require("AS" not in configuration, "6.9-4", "a configuration has /AS")
        if "Order" in configuration:
            ordered = _flat(context, configuration["Order"])
            context.require(groups <= ordered, "6.9-3", "/Order does not name every group")


def _flat(context: Context, order: Any) -> set[str]:
    found: set[str] = set()
    todo = list(context.array(order))[:100_000]
    while todo and len(found) < 100_000:
        item = todo.pop()
        if isinstance(context.get(item), list):
            todo += context.array(item)
        else:
            found.add(repr(item))
    return found


def page_rule(context: Context, page: dict[str, Any], number: int) -> None:
    """6.5.2-2 and 6.10-2."""
    context.require("AA" not in page, "6.5.2-2", "the page has additional actions", number)
    context.require("PresSteps" not in page, "6.10-2", "the page has /PresSteps", number)
