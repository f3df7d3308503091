"""Before the seal: value, drawn text and register row are equal (NĐ 30/2020/NĐ-CP, Điều 15)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from policies.layout import YEAR_FIELD
from policies.reasons import signing as reasons
from signer.document.drawn_text import draws_value
from signer.document.fields import form_fields
from signer.document.reader import PdfFile
from signer.document.text_strings import text_string
from signer.errors import SigningRefused


def check_shown(path: Path, tail: bytes, register: Mapping[str, str]) -> None:
    """Read the file as it will be with `tail` behind it: each field's /V is the register's value, and so is the
    text that its /AP draws. Raises `SigningRefused` before any key is used.
    """
    with PdfFile.open(path, tail=tail) as pdf:
        known = {field.name: field for field in form_fields(pdf)}
        for name, value in register.items():
            if name == YEAR_FIELD and name not in known:
                continue  # the year is printed on the page; `policies.issuing.check_year` compared it
            field = known.get(name)
            if field is None or not isinstance(field.value, bytes) or text_string(field.value) != value:
                raise SigningRefused(reasons.SHOWN_DIFFERS, field=name, expected=value)
            if not field.widgets or not draws_value(pdf, field):
                raise SigningRefused(reasons.SHOWN_DIFFERS, field=name, expected=value)
