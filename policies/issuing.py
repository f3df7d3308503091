"""The order of acts on an outgoing document, as one table (NĐ 30/2020/NĐ-CP, Điều 14 to 18, 32).

The leader signs, and the time-stamp goes into that newest signature before anything is appended; so with
several leaders the document goes back to `prepared` after each stamp until the last of them has signed.
Number and date come next, then the agency's seal, both in the state `leader-timestamped`. Acts that no role
is named for are the service's own: they follow an earlier act without a new decision.

    next_state(state, act, facts)   what the document becomes, or Refused WRONG_ORDER with the act's article
    allow(act, roles)               who may do it, or Refused WRONG_ROLE
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from policies.layout import Layout
from policies.numbering import kind_of, number_text
from policies.reasons import access
from policies.reasons import issuing as reasons
from policies.refusals import Refused
from policies.vocabulary import Role, State
from policies.words import ROLES, STATES


class Act(StrEnum):
    PREPARE = "prepare"
    WITHDRAW = "withdraw"
    INITIAL = "initial"
    SIGN = "sign"
    STAMP_LEADER = "stamp-leader"
    RETURN = "return"
    RESUBMIT = "resubmit"
    NUMBER = "number"
    SEAL = "seal"
    STAMP_SEAL = "stamp-seal"
    VALIDATE = "validate"
    ARCHIVE = "archive"
    ISSUE = "issue"
    FILE = "file"
    UNFILE = "unfile"
    AUGMENT = "augment"
    RECALL = "recall"
    VOID = "void"
    STOP = "stop"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the order depends on besides the state."""

    leaders_to_sign: int = 0  # leaders whose signature is still missing, after this act
    signatures: int = 0  # signatures that the document bears
    number: str | None = None
    has_receipt: bool = False
    stopped_from: State | None = None
    recalled: bool = False
    reason: str = ""
    dossiers: int = 0  # in which the document still lies, after this act


@dataclass(frozen=True, slots=True)
class Rule:
    """One act: from which states, to which (None: the state stays), by whom, by which article."""

    act: Act
    before: frozenset[State]
    after: State | None
    roles: frozenset[Role]
    article: str
    vi: str
    en: str
    needs_reason: bool = False


_LEADER = frozenset({Role.LEADER})
_CLERK = frozenset({Role.CLERK})
_EITHER = _LEADER | _CLERK
_SERVICE: frozenset[Role] = frozenset()

_UNSIGNED = frozenset({State.DRAFT, State.PREPARED, State.RETURNED})
_UNDERWAY = frozenset(
    {
        State.SIGNED,
        State.LEADER_TIMESTAMPED,
        State.SEALED,
        State.SEAL_TIMESTAMPED,
        State.VALIDATED,
        State.ARCHIVED,
    }
)
_KEPT = frozenset({State.ARCHIVED, State.ISSUED, State.FILED})
_OUT = frozenset({State.ISSUED, State.FILED})


def _rule(
    act: Act,
    before: State | frozenset[State],
    after: State | None,
    roles: frozenset[Role],
    article: str,
    words: tuple[str, str],
    *,
    needs_reason: bool = False,
) -> Rule:
    states = before if isinstance(before, frozenset) else frozenset({before})
    return Rule(act, states, after, roles, f"NĐ 30/2020/NĐ-CP, {article}", *words, needs_reason=needs_reason)


S = State
RULES: dict[Act, Rule] = {
    rule.act: rule
    for rule in (
        _rule(Act.PREPARE, S.DRAFT, S.PREPARED, _CLERK, "Điều 12", ("trình ký", "submit it")),
        _rule(Act.WITHDRAW, S.PREPARED, S.DRAFT, _CLERK, "Điều 12", ("rút lại", "take it back")),
        _rule(Act.INITIAL, S.PREPARED, None, _EITHER, "Điều 12", ("ký nháy", "initial it")),
        _rule(Act.SIGN, S.PREPARED, S.SIGNED, _LEADER, "Điều 13", ("ký số", "sign it")),
        _rule(
            Act.STAMP_LEADER,
            S.SIGNED,
            S.LEADER_TIMESTAMPED,
            _SERVICE,
            "Điều 14",
            ("gắn dấu thời gian vào chữ ký của lãnh đạo", "time-stamp the leader's signature"),
        ),
        _rule(
            Act.RETURN,
            frozenset({S.PREPARED, S.LEADER_TIMESTAMPED}),
            S.RETURNED,
            _EITHER,
            "Điều 12",
            ("trả lại", "return it"),
            needs_reason=True,
        ),
        _rule(Act.RESUBMIT, S.RETURNED, S.DRAFT, _CLERK, "Điều 12", ("soạn lại", "revise it")),
        _rule(Act.NUMBER, S.LEADER_TIMESTAMPED, None, _CLERK, "Điều 15", ("cấp số", "number it")),
        _rule(Act.SEAL, S.LEADER_TIMESTAMPED, S.SEALED, _CLERK, "Điều 32", ("ký số cơ quan", "seal it")),
        _rule(
            Act.STAMP_SEAL,
            S.SEALED,
            S.SEAL_TIMESTAMPED,
            _SERVICE,
            "Điều 17",
            ("gắn dấu thời gian vào chữ ký số cơ quan", "time-stamp the seal"),
        ),
        _rule(
            Act.VALIDATE, S.SEAL_TIMESTAMPED, S.VALIDATED, _SERVICE, "Điều 17", ("kiểm tra", "validate it")
        ),
        _rule(Act.ARCHIVE, S.VALIDATED, S.ARCHIVED, _SERVICE, "Điều 19", ("lưu", "archive it")),
        _rule(Act.ISSUE, S.ARCHIVED, S.ISSUED, _CLERK, "Điều 18", ("phát hành", "issue it")),
        _rule(Act.FILE, _OUT, S.FILED, _CLERK, "Điều 29", ("lưu hồ sơ", "file it")),
        _rule(
            Act.UNFILE,
            S.FILED,
            None,
            _CLERK,
            "Điều 29",
            ("rút khỏi hồ sơ", "take it out of a dossier"),
            needs_reason=True,
        ),
        _rule(
            Act.AUGMENT, _KEPT, None, _SERVICE, "Điều 19", ("thêm dữ liệu kiểm tra", "add validation data")
        ),
        _rule(
            Act.RECALL,
            _OUT | {S.STOPPED},
            None,
            _CLERK,
            "Điều 18",
            ("thu hồi", "recall it"),
            needs_reason=True,
        ),
        _rule(
            Act.VOID,
            _UNSIGNED | _UNDERWAY | {S.STOPPED},
            S.VOIDED,
            _CLERK,
            "Điều 15",
            ("hủy", "void it"),
            needs_reason=True,
        ),
        _rule(
            Act.STOP,
            _UNDERWAY | _OUT,
            S.STOPPED,
            _SERVICE,
            "Điều 17",
            ("tạm dừng", "stop it"),
            needs_reason=True,
        ),
        _rule(Act.RESUME, S.STOPPED, None, _CLERK, "Điều 17", ("tiếp tục", "go on"), needs_reason=True),
    )
}


def allow(act: Act, roles: Collection[Role]) -> None:
    """Whether somebody with these roles may do the act. The service's own acts are refused to everybody.

    Raises Refused (access.wrong-role) with the act's article.
    """
    rule = RULES[act]
    if not rule.roles & set(roles):
        names = [ROLES[role] for role in sorted(rule.roles)]
        reason = replace(access.WRONG_ROLE, basis=rule.article)
        raise Refused(reason, role=" / ".join(vi for vi, _ in names) or "An Tín")


def next_state(state: State, act: Act, facts: Facts = Facts()) -> State:
    """The state after the act.

    Raises Refused: WRONG_ORDER (its basis is the act's article), ISSUED_ALREADY, RECALLED_ALREADY, REASON_NEEDED,
    SIGNED_ALREADY, NO_NUMBER, NUMBERED_ALREADY, NO_RECEIPT.
    """
    rule, out = RULES[act], is_out(state, facts.stopped_from)
    if act is Act.VOID and out:
        raise Refused(reasons.ISSUED_ALREADY)
    if state not in rule.before or (act is Act.RECALL and not out):
        raise _wrong_order(rule, state)
    if act is Act.RECALL and facts.recalled:
        raise Refused(reasons.RECALLED_ALREADY)
    if rule.needs_reason and not facts.reason.strip():
        raise Refused(reasons.REASON_NEEDED)
    if act is Act.WITHDRAW and facts.signatures:
        raise Refused(reasons.SIGNED_ALREADY)
    if act is Act.SEAL and facts.number is None:
        raise Refused(reasons.NO_NUMBER)
    if act is Act.RETURN and facts.number is not None:
        raise Refused(reasons.NUMBERED_ALREADY, number=facts.number)
    if act is Act.ISSUE and not facts.has_receipt:
        raise Refused(reasons.NO_RECEIPT)
    if act is Act.STAMP_LEADER and facts.leaders_to_sign > 0:
        return State.PREPARED
    if act is Act.UNFILE and facts.dossiers == 0:
        return State.ISSUED
    if act is Act.RESUME:
        return _resumed(rule, state, facts.stopped_from)
    return rule.after or state


def is_out(state: State, stopped_from: State | None = None) -> bool:
    """Whether the document was issued: a stop takes nothing back from those who have it."""
    return (stopped_from if state is State.STOPPED else state) in _OUT


def acts_possible(
    state: State, roles: Collection[Role], stopped_from: State | None = None
) -> tuple[Act, ...]:
    """The acts that a desk may offer, in their legal order; each may still be refused by its facts."""
    held = set(roles)
    never = Act.VOID if is_out(state, stopped_from) else Act.RECALL
    return tuple(
        act for act, rule in RULES.items() if state in rule.before and rule.roles & held and act is not never
    )


def _resumed(rule: Rule, state: State, stopped_from: State | None) -> State:
    if stopped_from is None:
        raise _wrong_order(rule, state)
    return stopped_from


def _wrong_order(rule: Rule, state: State) -> Refused:
    (state_vi, state_en) = STATES[state]
    reason = replace(reasons.WRONG_ORDER, basis=rule.article)
    return Refused(reason, state_vi=state_vi, state_en=state_en, act_vi=rule.vi, act_en=rule.en)


def check_agency(agency: str, own: str) -> None:
    """Symbol, numbers, seal and public pages are those of the service's own agency, and of nobody else.

    Raises Refused OTHER_AGENCY.
    """
    if agency != own:
        raise Refused(reasons.OTHER_AGENCY, agency=agency, own=own)


def check_printed(printed: Layout, kind: str, agency_symbol: str, unit: str) -> None:
    """What the page prints after the blank of its number must be what the register will enter.

    Raises Refused SYMBOL_DIFFERS. A page whose symbol was not read (boxes given by hand) is left to the clerk.
    """
    if printed.symbol is None:
        return
    expected = number_text(1, kind_of(kind), agency_symbol, unit).partition("/")[2]
    if printed.symbol.casefold() != expected.casefold():
        raise Refused(reasons.SYMBOL_DIFFERS, printed=printed.symbol, expected=expected)


def check_year(printed: int | None, day: date) -> None:
    """A year that is printed already must be the year of the date. Raises Refused YEAR_DIFFERS."""
    if printed is not None and printed != day.year:
        raise Refused(reasons.YEAR_DIFFERS, printed=printed, year=day.year)
