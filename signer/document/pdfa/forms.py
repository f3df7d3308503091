"""6.4.1–6.4.2: the interactive form does nothing by itself and draws nothing that is not in the file."""

from __future__ import annotations

from typing import Any

from signer.document.fields import form_fields
from signer.document.pdfa.context import Context


def check_form(context: Context) -> None:
    """Rules on the form and its fields."""
    form = context.dictionary(context.pdf.catalog.get("AcroForm"))
    needed = context.get(form.get("NeedAppearances"))
    context.require(needed is None or needed is False, "6.4.1-3", "the form asks readers for appearances")
    context.require("XFA" not in form, "6.4.2-1", "the form has XFA")
    with context.reading():
        seen: set[int] = set()
        for field in form_fields(context.pdf, pages=False):
            for ref in field.nodes:
                if ref.num not in seen:
                    seen.add(ref.num)
                    _field(context, context.dictionary(ref), ref.num)


def _field(context: Context, node: dict[str, Any], number: int) -> None:
    context.require("A" not in node, "6.4.1-2", "the field has an action", number)
    context.require("AA" not in node, "6.4.1-2/AA", "the field has additional actions", number)
