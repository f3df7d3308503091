"""What a printed report says, in order, before it is set: words alone, no places."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a block is set. A `FACT` has its label at the left; a `CODE` may be broken anywhere."""

    TITLE = "title"
    SECTION = "section"
    CARD = "card"
    STRONG = "strong"
    TEXT = "text"
    NOTE = "note"
    ITEM = "item"
    FACT = "fact"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """One block of text, in one paragraph."""

    kind: Kind
    text: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Printed:
    """A whole report. `footer` stands on every page; `page_words` has `{page}` and `{pages}`; `language` by BCP 47."""

    title: str
    language: str
    blocks: tuple[Block, ...]
    footer: str
    page_words: str
