"""What people write into the records: one look at it, wherever it comes in.

line(text, field, most)          one line: white space collapsed, Unicode composed (NFC); "" when nothing would be seen
paragraphs(text, field, most)    the same with its line breaks
needed(text, field)              the text, when there is one

A register is read for decades and by others: what stands in it must be seen, and mean what is seen (NĐ 30/2020/NĐ-CP,
Điều 15, PL IV; Unicode TR 36, 3.2). Refused are control characters, those that turn the direction of the text round,
tags, and code points that are no characters. Joiners and marks that other scripts need are left as they are.
"""

from __future__ import annotations

import unicodedata

from policies.reasons import texts as reasons
from policies.refusals import Both, Refused

SUBJECT = Both("Trích yếu nội dung", "Subject")
RECIPIENT = Both("Nơi nhận", "Recipients")
REASON = Both("Lý do", "Reason")
BASIS = Both("Căn cứ", "Basis")
NOTE = Both("Ghi chú", "Note")
AUTHOR = Both("Tác giả", "Author")
NUMBER = Both("Số, ký hiệu", "Number")
LONGEST_SUBJECT, LONGEST_RECIPIENT, LONGEST_REASON, LONGEST_BASIS, LONGEST_NOTE = 500, 500, 2000, 500, 200
_SPACES = frozenset("\t\n\r")
# Embeddings and overrides; isolates. The plain marks U+200E and U+200F turn nothing round.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANK = frozenset(
    "\u115f\u1160\u2800\u3164\uffa0"
)  # letters and a symbol by category, and nothing to the eye


def line(text: str, field: Both, most: int) -> str:
    """One line. Raises Refused: BAD_CHARACTER, TOO_LONG."""
    return _within(" ".join(_sound(text, field).split()), field, most)


def paragraphs(text: str, field: Both, most: int) -> str:
    """Lines, with at most one empty one between two. Raises as `line`."""
    lines = [" ".join(each.split()) for each in _sound(text, field).splitlines()]
    kept = [each for number, each in enumerate(lines) if each or (number and lines[number - 1])]
    return _within("\n".join(kept).strip("\n"), field, most)


def needed(text: str, field: Both) -> str:
    """Raises Refused EMPTY."""
    if not text:
        raise Refused(reasons.EMPTY, field=field)
    return text


def subject(text: str) -> str:
    """Trích yếu, of a document or of a file. Raises as `line`; EMPTY."""
    return needed(line(text, SUBJECT, LONGEST_SUBJECT), SUBJECT)


def reason(text: str) -> str:
    """Why something is done; the act says whether it needs one. Raises as `line`."""
    return paragraphs(text, REASON, LONGEST_REASON)


def is_refused(character: str) -> bool:
    """Whether a character may stand in no text of a record."""
    code = ord(character)
    no_character = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    if no_character or 0xE0000 <= code <= 0xE007F or character in _TURNING:
        return True
    return unicodedata.category(character) in ("Cc", "Cs") and character not in _SPACES


def _sound(text: str, field: Both) -> str:
    for character in text:
        if is_refused(character):
            raise Refused(reasons.BAD_CHARACTER, field=field, code=f"U+{ord(character):04X}")
    return unicodedata.normalize("NFC", text)


def _within(text: str, field: Both, most: int) -> str:
    if len(text) > most:
        raise Refused(reasons.TOO_LONG, field=field, most=most, length=len(text))
    return text if any(map(_seen, text)) else ""


def _seen(character: str) -> bool:
    """A letter, digit or sign: by itself a mark or an invisible character says nothing."""
    return unicodedata.category(character)[0] in "LNPS" and character not in _BLANK
