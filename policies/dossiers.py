"""Dossiers: the order of acts, and what may stand in their fields (NĐ 30/2020/NĐ-CP, Điều 28 to 31, PL V and VI).

next_state(state, act)      what the dossier becomes, or Refused WRONG_DOSSIER_STATE with the act's article
allow(act, roles)           who may do it, or Refused WRONG_ROLE
check_fields(fields)        the fields of PL VI within their lengths, or Refused
check_file(name, head)      whether a plain file may be kept as evidence in a dossier
check_file_date(…)          whether a file can have been written on that day
check_closing(…)            whether the work can have ended on that day
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from policies import texts
from policies.reasons import access
from policies.reasons import keeping as reasons
from policies.refusals import Both, Refused
from policies.vocabulary import Role
from policies.words import ROLES

LANGUAGES = ("Tiếng Việt", "Tiếng Anh", "Tiếng Pháp", "Tiếng Nga", "Tiếng Trung", "Khác")
RIGHTS = ("Công khai", "Tiếp cận có điều kiện")  # TT 05/2025/TT-BNV, mode 01 and 02; secrets are refused
MOST_ENTRIES = 9_999  # DocTotal has four digits
NOTATION = re.compile(r"[0-9A-Za-zÀ-ỹĐđ.\-]{1,20}")
FILE_NAME = re.compile(r"[^/\\\x00-\x1f\x7f]{1,120}")
FIRST_YEAR = 1945


class DossierState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class DossierAct(StrEnum):
    OPEN = "opened"
    CHANGE = "changed"
    FILE = "filed"
    REMOVE = "removed"
    CLOSE = "closed"
    REOPEN = "reopened"
    HOLD = "held"
    RELEASE = "released"


@dataclass(frozen=True, slots=True)
class Rule:
    """One act: from which states, to which (None: the state stays), by whom, by which article."""

    before: frozenset[DossierState]
    after: DossierState | None
    roles: frozenset[Role]
    article: str
    vi: str
    en: str
    needs_reason: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """What the clerk says of a dossier. `catalog_year` and `notation` with the agency's code are its own code;
    `heading` is its đề mục in the list of dossiers (PL V), `creator` who makes it up."""

    catalog_year: int
    notation: str
    title: str
    creator: str
    start_date: date
    heading: str = ""
    rights: str = RIGHTS[0]
    language: str = LANGUAGES[0]
    description: str = ""
    planned_code: str = ""  # thời hạn bảo quản as the year's list foresees it


LENGTHS: dict[str, int] = {"title": 500, "heading": 200, "creator": 30, "description": 500}  # PL VI
NAMES: dict[str, Both] = {
    "title": Both("Tiêu đề hồ sơ", "Title of the dossier"),
    "heading": Both("Đề mục", "Heading"),
    "creator": Both("Người lập hồ sơ", "Creator"),
    "description": Both("Chú giải", "Description"),
}
_DOOR = 10_000  # characters: how long each may really be is said below, by its own article
_BOTH = frozenset(DossierState)
_OPEN = frozenset({DossierState.OPEN})
_CLOSED = frozenset({DossierState.CLOSED})
_CLERK = frozenset({Role.CLERK})
_ND30 = "NĐ 30/2020/NĐ-CP, "

RULES: dict[DossierAct, Rule] = {
    DossierAct.CHANGE: Rule(_OPEN, None, _CLERK, _ND30 + "Điều 29", "sửa hồ sơ", "change it"),
    DossierAct.FILE: Rule(_OPEN, None, _CLERK, _ND30 + "Điều 29", "đưa tài liệu vào hồ sơ", "file into it"),
    DossierAct.REMOVE: Rule(
        _OPEN, None, _CLERK, _ND30 + "Điều 29", "rút tài liệu khỏi hồ sơ", "take out of it", needs_reason=True
    ),
    DossierAct.CLOSE: Rule(
        _OPEN, DossierState.CLOSED, _CLERK, _ND30 + "Điều 29", "kết thúc hồ sơ", "close it"
    ),
    DossierAct.REOPEN: Rule(
        _CLOSED,
        DossierState.OPEN,
        _CLERK,
        _ND30 + "Điều 29",
        "mở lại hồ sơ",
        "reopen it",
        needs_reason=True,
    ),
}


def allow(act: DossierAct, roles: Collection[Role]) -> None:
    """Whether somebody with these roles may do the act. Raises Refused (access.wrong-role) with its article."""
    needed, article = (
        (_CLERK, _ND30 + "Điều 29") if act is DossierAct.OPEN else (RULES[act].roles, RULES[act].article)
    )
    if not needed & set(roles):
        names = " / ".join(ROLES[role][0] for role in sorted(needed))
        raise Refused(replace(access.WRONG_ROLE, basis=article), role=names)


def next_state(state: DossierState, act: DossierAct, reason: str = "") -> DossierState:
    """The state after the act. Raises Refused: WRONG_DOSSIER_STATE, REASON_NEEDED."""
    rule = RULES[act]
    if state not in rule.before:
        why = replace(reasons.WRONG_DOSSIER_STATE, basis=rule.article)
        vi, en = STATES[state]
        raise Refused(why, state_vi=vi, state_en=en, act_vi=rule.vi, act_en=rule.en)
    if rule.needs_reason and not reason.strip():
        raise Refused(reasons.REASON_NEEDED)
    return rule.after or state


STATES: dict[DossierState, tuple[str, str]] = {
    DossierState.OPEN: ("Đang mở", "open"),
    DossierState.CLOSED: ("Đã kết thúc", "closed"),
}


ACTS: dict[DossierAct, tuple[str, str]] = {
    DossierAct.OPEN: ("Mở hồ sơ", "opened"),
    DossierAct.CHANGE: ("Sửa thông tin hồ sơ", "changed"),
    DossierAct.FILE: ("Đưa văn bản, tài liệu vào hồ sơ", "filed into"),
    DossierAct.REMOVE: ("Rút khỏi hồ sơ", "taken out of"),
    DossierAct.CLOSE: ("Kết thúc hồ sơ", "closed"),
    DossierAct.REOPEN: ("Mở lại hồ sơ", "reopened"),
    DossierAct.HOLD: ("Tạm giữ theo yêu cầu pháp lý", "put under a legal hold"),
    DossierAct.RELEASE: ("Gỡ tạm giữ", "released from the hold"),
}


def dossier_code(agency: str, fields: Fields) -> str:
    """Mã hồ sơ of TT 05/2025/TT-BNV: `H49.64.33.2026.01.TCCB`."""
    return f"{agency}.{fields.catalog_year}.{fields.notation}"


def check_fields(fields: Fields, today: date) -> Fields:
    """The fields, trimmed. Raises Refused: BAD_NOTATION, FIELD_EMPTY, FIELD_TOO_LONG, BAD_DOSSIER_YEAR,
    START_IN_FUTURE, UNKNOWN_CHOICE, and as `policies.texts.line`."""
    said: dict[str, Any] = {name: texts.line(getattr(fields, name), NAMES[name], _DOOR) for name in LENGTHS}
    trimmed = replace(fields, notation=fields.notation.strip(), **said)
    if not NOTATION.fullmatch(trimmed.notation):
        raise Refused(reasons.BAD_NOTATION, notation=trimmed.notation[:40])
    for name in ("title", "creator"):
        if not said[name]:
            raise Refused(reasons.FIELD_EMPTY, field=NAMES[name])
    for name, most in LENGTHS.items():
        if len(said[name]) > most:
            raise Refused(reasons.FIELD_TOO_LONG, field=NAMES[name], most=most, length=len(said[name]))
    if not FIRST_YEAR <= trimmed.catalog_year <= today.year + 1:
        raise Refused(reasons.BAD_DOSSIER_YEAR, year=trimmed.catalog_year)
    if trimmed.start_date > today:
        raise Refused(reasons.START_IN_FUTURE, date=_day(trimmed.start_date), today=_day(today))
    for value, known in ((trimmed.rights, RIGHTS), (trimmed.language, LANGUAGES)):
        if value not in known:
            raise Refused(reasons.UNKNOWN_CHOICE, value=value[:40], known=", ".join(known))
    return trimmed


def check_room(entries: int, new: int) -> None:
    """Raises Refused DOSSIER_FULL."""
    if entries + new > MOST_ENTRIES:
        raise Refused(reasons.DOSSIER_FULL, most=MOST_ENTRIES)


def check_closing(work_ended: date, start: date, today: date, dates: Iterable[date | None]) -> None:
    """A period must not begin before the work that it is of was over.

    `dates`: those of the documents inside. Raises Refused: EMPTY_DOSSIER, ENDED_IN_FUTURE, ENDED_TOO_EARLY.
    """
    inside = list(dates)
    if not inside:
        raise Refused(reasons.EMPTY_DOSSIER)
    if work_ended > today:
        raise Refused(reasons.ENDED_IN_FUTURE, date=_day(work_ended), today=_day(today))
    latest = max([start, *(one for one in inside if one is not None)])
    if work_ended < latest:
        raise Refused(reasons.ENDED_TOO_EARLY, date=_day(work_ended), latest=_day(latest))


@dataclass(frozen=True, slots=True)
class FileKind:
    """A format in which a file may lie in a dossier, and how its bytes begin (at `offset`)."""

    media_type: str
    signatures: tuple[bytes, ...]
    offset: int = 0


_ZIP = (b"PK\x03\x04",)
_OFFICE = "application/vnd.openxmlformats-officedocument."
FILE_KINDS: dict[str, FileKind] = {
    "pdf": FileKind("application/pdf", (b"%PDF-",)),
    "jpg": FileKind("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": FileKind("image/jpeg", (b"\xff\xd8\xff",)),
    "png": FileKind("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "tif": FileKind("image/tiff", (b"II*\x00", b"MM\x00*")),
    "tiff": FileKind("image/tiff", (b"II*\x00", b"MM\x00*")),
    "docx": FileKind(_OFFICE + "wordprocessingml.document", _ZIP),
    "xlsx": FileKind(_OFFICE + "spreadsheetml.sheet", _ZIP),
    "pptx": FileKind(_OFFICE + "presentationml.presentation", _ZIP),
    "odt": FileKind("application/vnd.oasis.opendocument.text", _ZIP),
    "ods": FileKind("application/vnd.oasis.opendocument.spreadsheet", _ZIP),
    "xml": FileKind("application/xml", (b"<", b"\xef\xbb\xbf<")),
    "mp3": FileKind("audio/mpeg", (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    "wav": FileKind("audio/wav", (b"RIFF",)),
    "mp4": FileKind("video/mp4", (b"ftyp",), 4),
}
HEAD_BYTES = 16  # of a file, enough to tell its kind


def check_file(name: str, head: bytes, size: int) -> FileKind:
    """The kind of a file, by its name and by its first `HEAD_BYTES`, which must agree; nothing of it is parsed.

    Raises Refused: BAD_FILE_NAME, EMPTY_FILE, UNKNOWN_FILE_KIND, FILE_KIND_DIFFERS.
    """
    if (
        any(map(texts.is_refused, name))
        or not FILE_NAME.fullmatch(name)
        or name != name.strip()
        or name.startswith(".")
    ):
        raise Refused(reasons.BAD_FILE_NAME)
    if size == 0:
        raise Refused(reasons.EMPTY_FILE, name=name)
    ending = name.rpartition(".")[2].lower()
    kind = FILE_KINDS.get(ending)
    if kind is None or "." not in name:
        raise Refused(reasons.UNKNOWN_FILE_KIND, known=", ".join(FILE_KINDS))
    if not any(head[kind.offset :].startswith(signature) for signature in kind.signatures):
        raise Refused(reasons.FILE_KIND_DIFFERS, name=name, kind=ending)
    return kind


def check_file_date(written: date | None, today: date) -> None:
    """The date that stands on a file: one that lies ahead would keep its dossier from being closed.

    Raises Refused FILE_DATE_IN_FUTURE.
    """
    if written is not None and written > today:
        raise Refused(reasons.FILE_DATE_IN_FUTURE, date=_day(written), today=_day(today))


def _day(value: date) -> str:
    return value.strftime("%d/%m/%Y")
