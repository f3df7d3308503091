"""Which documents we take in. Pure: facts in, nothing or a cited refusal out.

    IntakeRefused(Refused)      what `decide`, `check_size` and `check_name` raise

The facts are collected by `signer.document.intake` in a worker; this module alone says what they mean. Two
profiles: `ISSUING` for documents that we shall sign (strict: a PDF that needs no repair, nothing active,
nothing embedded, not signed, not secret) and `VERIFYING` for documents of others that are only looked at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from policies.reasons import document as reasons
from policies.refusals import Reason, Refused


class IntakeRefused(Refused):
    """The document is not taken in; nothing was stored."""


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """What examining and keeping one document may cost. Sizes in bytes.

    `nodes` bounds the walk over the object graph, `decoded_bytes` one decoded stream (object and
    cross-reference streams, the first page).
    """

    file_bytes: int = 1 << 30
    pages: int = 2_000
    page_tree_depth: int = 64
    objects: int = 1_000_000
    decoded_bytes: int = 64 << 20
    xref_sections: int = 1_024
    nodes: int = 2_000_000


@dataclass(frozen=True, slots=True)
class PageShape:
    """Size in points as displayed (crop box and rotation applied) and rotation in degrees of one page."""

    width: float
    height: float
    rotation: int


@dataclass(frozen=True, slots=True)
class SignatureFact:
    """One signature field: its full name, whether it is signed, and its /SubFilter."""

    name: str
    signed: bool
    subfilter: str = ""


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What the bytes of one file are, without judgement. Fields keep their default when not looked at.

    `refusal` is why the strict reader stopped, when it did; what was found before stands. `truncated`: no end
    of file where one must be. `trailing_bytes`: what follows the last end of file, white space not counted.
    `objects`: one more than the highest object number. `pages` is counted by walking, at most one more than
    the limit; `declared_pages` is what the page tree claims. `walk_complete` is False when the graph was
    larger than `IntakeLimits.nodes`, so that absence of active content was not shown. `damage` are complaints
    about single objects and disagreements of readers. `actions` are action types, `active` other active parts
    (annotation kinds). `certification` is the DocMDP level. `pdfa` is what the metadata claim, such as "2B".
    """

    size: int
    refusal: Reason | None = None
    refusal_values: tuple[tuple[str, str], ...] = ()
    version: str = ""
    truncated: bool = False
    trailing_bytes: int = 0
    objects: int = 0
    declared_pages: int = 0
    pages: int = 0
    shapes: tuple[PageShape, ...] = ()
    walk_complete: bool = False
    damage: tuple[str, ...] = ()
    xfa: bool = False
    actions: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    embedded_files: int = 0
    signatures: tuple[SignatureFact, ...] = ()
    certification: int | None = None
    pdfa: str = ""
    fonts_not_embedded: tuple[str, ...] = ()
    secrecy_mark: str = ""


@dataclass(frozen=True, slots=True)
class IntakeProfile:
    """What is accepted beyond a plain, sound, unsigned PDF. Everything is refused unless allowed."""

    name: str
    limits: IntakeLimits = field(default_factory=IntakeLimits)
    allow_damage: bool = False
    allow_encryption: bool = False
    allow_active_content: bool = False
    allow_embedded_files: bool = False
    allow_signatures: bool = False
    allow_secrecy_mark: bool = False


ISSUING = IntakeProfile("issuing")
VERIFYING = IntakeProfile(
    "verifying",
    IntakeLimits(pages=10_000),
    allow_damage=True,
    allow_encryption=True,
    allow_active_content=True,
    allow_embedded_files=True,
    allow_signatures=True,
    allow_secrecy_mark=True,
)

HARMLESS_ACTIONS = frozenset({"GoTo", "URI", "Named", "Thread"})
SECRECY_MARKS = ("TUYỆT MẬT", "TỐI MẬT", "MẬT")
_COMMON_TO_MARKS = re.compile(r"M[\W_]*A[\W_]*T")  # with whatever is no letter and no digit between
MAX_NAME_BYTES = 255


def decide(facts: DocumentFacts, profile: IntakeProfile) -> None:
    """Take the document in, or raise `IntakeRefused` with the first reason against it.

    The order is from what makes later facts meaningless to what only this profile minds.
    """
    check_size(facts.size, profile.limits)
    for step in _STEPS:
        step(facts, profile)


def check_size(size: int, limits: IntakeLimits) -> None:
    """Empty or too large. For the door: callable on a length alone, before any byte is read."""
    if size == 0:
        _refuse(reasons.EMPTY)
    if size > limits.file_bytes:
        _refuse(reasons.TOO_LARGE, size=size, limit=limits.file_bytes)


def check_name(name: str) -> None:
    """Refuse a file name that can lie about itself: control, text-direction or line-breaking characters,
    path separators, or a length that no file system takes (Unicode TR 36, 3.2)."""
    for character in name:
        if _is_misleading(character):
            _refuse(reasons.BAD_NAME, code=f"U+{ord(character):04X}")
    if not name.strip() or len(name.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES:
        _refuse(reasons.NAME_LENGTH, limit=MAX_NAME_BYTES)


def _is_misleading(character: str) -> bool:
    category = unicodedata.category(character)
    return category in {"Cc", "Cs", "Zl", "Zp", "Co"} or category == "Cf" or character in "/\\"


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A run of text on one base line of a page; `top` is 0 at the upper edge, 1 at the lower one."""

    text: str
    top: float


def secrecy_mark(lines: Iterable[PlacedLine]) -> str:
    """The gravest secrecy mark that stands alone, in capitals, on the upper half of the first page, or "".

    Box 10a (NĐ 30/2020/NĐ-CP, PL I, IV) lies there. The word *mật* within a sentence or a title is no mark.
    A mark that is only a picture is not seen.
    """
    found = {_letters(line.text) for line in lines if line.top <= 0.5}
    for mark in SECRECY_MARKS:
        if mark.replace(" ", "") in found:
            return mark
    return ""


def may_bear_mark(text: str) -> bool:
    """Whether a mark could be among these characters of a page, in their order: if not, no line of them is one.

    Looser than `secrecy_mark`, and cheap: accents, places and what stands around are not looked at.
    """
    return _COMMON_TO_MARKS.search(unicodedata.normalize("NFD", text)) is not None


def _letters(text: str) -> str:
    """Text without spaces, frame strokes and punctuation."""
    return "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c)[0] in "LN")


def _refuse(reason: Reason, **values: object) -> None:
    raise IntakeRefused(reason, **values)


def _readable(facts: DocumentFacts, profile: IntakeProfile) -> None:
    refusal = facts.refusal
    if refusal is not None and not (refusal == reasons.ENCRYPTED and profile.allow_encryption):
        _refuse(refusal, **dict(facts.refusal_values))
    if facts.truncated:
        _refuse(reasons.CUT_IN_HALF)


def _cost(facts: DocumentFacts, profile: IntakeProfile) -> None:
    limits = profile.limits
    if facts.objects > limits.objects:
        _refuse(reasons.TOO_MANY_OBJECTS, objects=facts.objects, limit=limits.objects)
    pages = max(facts.pages, facts.declared_pages)
    if pages > limits.pages:
        _refuse(reasons.TOO_MANY_PAGES, pages=pages, limit=limits.pages)


def _soundness(facts: DocumentFacts, profile: IntakeProfile) -> None:
    if facts.refusal is not None:
        return  # encrypted, and allowed: nothing could be looked at without the password
    if facts.pages == 0:
        _refuse(reasons.NO_PAGES)
    if facts.damage and not profile.allow_damage:
        _refuse(reasons.DAMAGED, detail=facts.damage[0])
    if facts.trailing_bytes and not profile.allow_damage:
        _refuse(reasons.DAMAGED, detail=f"{facts.trailing_bytes} byte sau %%EOF")
    if not facts.walk_complete and not profile.allow_active_content:
        _refuse(reasons.TOO_MANY_OBJECTS, objects=f"> {profile.limits.nodes}", limit=profile.limits.nodes)


def _activity(facts: DocumentFacts, profile: IntakeProfile) -> None:
    if profile.allow_active_content:
        return
    if facts.xfa:
        _refuse(reasons.XFA)
    if "JavaScript" in facts.actions:
        _refuse(reasons.JAVASCRIPT)
    if "Launch" in facts.actions:
        _refuse(reasons.LAUNCH_ACTION)
    kinds = [*facts.active, *(action for action in facts.actions if action not in HARMLESS_ACTIONS)]
    if kinds:
        _refuse(reasons.ACTIVE_CONTENT, kinds=", ".join(sorted(set(kinds))[:5]))


def _attachments(facts: DocumentFacts, profile: IntakeProfile) -> None:
    if facts.embedded_files and not profile.allow_embedded_files:
        _refuse(reasons.EMBEDDED_FILES, count=facts.embedded_files)


def _signatures(facts: DocumentFacts, profile: IntakeProfile) -> None:
    """Preparing adds fields, fonts and page content: no signature that is already there survives it."""
    if profile.allow_signatures:
        return
    if facts.certification is not None:
        _refuse(reasons.CERTIFIED, level=facts.certification)
    signed = [signature.name for signature in facts.signatures if signature.signed]
    if signed:
        _refuse(reasons.ALREADY_SIGNED, count=len(signed), fields=", ".join(signed[:3]))


def _secrecy(facts: DocumentFacts, profile: IntakeProfile) -> None:
    if facts.secrecy_mark and not profile.allow_secrecy_mark:
        _refuse(reasons.SECRET_MARK, mark=facts.secrecy_mark)


_STEPS: tuple[Callable[[DocumentFacts, IntakeProfile], None], ...] = (
    _readable,
    _cost,
    _soundness,
    _activity,
    _attachments,
    _signatures,
    _secrecy,
)
