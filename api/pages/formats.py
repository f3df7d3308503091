"""How values read on a page: Vietnamese time and numbers, English beside it. Pure functions."""

from __future__ import annotations

from datetime import date, datetime

from markupsafe import Markup

from policies.times import in_vietnam

_UNITS = ("B", "KB", "MB", "GB")


def local(at: datetime) -> datetime:
    """The moment on a Vietnamese clock. Raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("a time without its zone cannot be shown")
    return in_vietnam(at)


def moment(at: datetime) -> Markup:
    """``05/03/2026 14:05:09`` with the exact time for machines."""
    shown = local(at)
    text = shown.strftime("%d/%m/%Y %H:%M:%S")
    return Markup('<time datetime="{}">{}</time>').format(shown.isoformat(timespec="seconds"), text)


def short_moment(at: datetime) -> Markup:
    """``05/03 14:05``, for lists."""
    shown = local(at)
    text = shown.strftime("%d/%m %H:%M")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        shown.isoformat(timespec="seconds"), shown.strftime("%d/%m/%Y %H:%M:%S"), text
    )


def day(value: date) -> Markup:
    """``05/03/2026``."""
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), value.strftime("%d/%m/%Y"))


def count(value: int, language: str = "vi") -> str:
    """Thousands by a point in Vietnamese, by a comma in English."""
    text = f"{value:,}"
    return text if language == "en" else text.replace(",", ".")


def size(value: int, language: str = "vi") -> str:
    """Bytes in the largest unit that leaves at least one whole."""
    amount, unit = float(value), 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    text = f"{amount:.0f}" if unit == 0 or amount >= 100 else f"{amount:.1f}"
    text = text.removesuffix(".0")
    return f"{text if language == 'en' else text.replace('.', ',')} {_UNITS[unit]}"


def grouped(digest: str, length: int = 8) -> Markup:
    """A digest or code that may break at group borders, copied without spaces."""
    groups = [digest[start : start + length] for start in range(0, len(digest), length)]
    return Markup("<wbr>").join(groups)
