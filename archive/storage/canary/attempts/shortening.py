"""Making a lock end earlier, softer, or not exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from archive.storage.canary.attempts.attempt import NO_LOCK, NO_WEAKER, POLICY, REFUSES, SERVER, Attempt
from archive.storage.canary.bench import Bench, not_tried
from archive.storage.canary.values import Lock, Verdict, Weight, Who
from policies.refusals import Both
from policies.vocabulary import LockMode

EARLIER = timedelta(seconds=30)
Change = Callable[[Lock], Lock | None]


def _sooner(lock: Lock) -> Lock:
    return replace(lock, until=lock.until - EARLIER)


def _softer(lock: Lock) -> Lock:
    return replace(lock, mode=LockMode.GOVERNANCE)


def _none(_lock: Lock) -> None:
    return None


def _to(
    name: str, change: Change, *, soft: bool = False, bypass: bool = False, who: Who = Who.SERVICE
) -> Callable[[Bench], Verdict]:
    def attempt(bench: Bench) -> Verdict:
        if not bench.can(who):
            return not_tried(NO_WEAKER)
        lock = bench.soft if soft else bench.lock
        target = bench.target(name, lock)
        if target.before.lock is None:
            return not_tried(NO_LOCK)
        answer = bench.probe.set_lock(target.key, target.version, change(lock), bypass=bypass, who=who)
        return bench.unharmed(target, answer)

    return attempt


def release_weaker(bench: Bench) -> Verdict:
    if not bench.can(Who.WEAKER):
        return not_tried(NO_WEAKER)
    target = bench.held("release-weaker")
    if not target.before.hold:
        return not_tried(NO_LOCK)
    return bench.unharmed(target, bench.probe.set_hold(target.key, target.version, False, who=Who.WEAKER))


def _row(
    name: str,
    act: Callable[[Bench], Verdict],
    tried: tuple[str, str],
    fault: tuple[str, str],
    weight: Weight = Weight.FATAL,
    todo: Both = SERVER,
) -> Attempt:
    return Attempt(name, weight, Both(*tried), REFUSES, Both(*fault), todo, act)


ATTEMPTS = (
    _row(
        "shorten",
        _to("shorten", _sooner),
        ("Rút ngắn khóa COMPLIANCE.", "Shorten a COMPLIANCE lock."),
        ("Khóa COMPLIANCE rút ngắn được.", "A COMPLIANCE lock can be shortened."),
    ),
    _row(
        "shorten-bypass",
        _to("shorten-bypass", _sooner, bypass=True),
        (
            "Rút ngắn khóa COMPLIANCE, kèm yêu cầu bỏ qua khóa.",
            "Shorten a COMPLIANCE lock, asking to bypass it.",
        ),
        (
            "Khóa COMPLIANCE rút ngắn được khi yêu cầu bỏ qua khóa.",
            "A COMPLIANCE lock can be shortened by asking to bypass it.",
        ),
    ),
    _row(
        "soften",
        _to("soften", _softer, bypass=True),
        ("Đổi khóa COMPLIANCE thành GOVERNANCE.", "Change a COMPLIANCE lock to GOVERNANCE."),
        ("Khóa COMPLIANCE đổi được thành GOVERNANCE.", "A COMPLIANCE lock can be changed to GOVERNANCE."),
    ),
    _row(
        "remove-lock",
        _to("remove-lock", _none, bypass=True),
        ("Bỏ khóa COMPLIANCE.", "Take a COMPLIANCE lock away."),
        ("Khóa COMPLIANCE bỏ được.", "A COMPLIANCE lock can be taken away."),
    ),
    _row(
        "shorten-governance",
        _to("shorten-governance", _sooner, soft=True),
        ("Rút ngắn khóa GOVERNANCE.", "Shorten a GOVERNANCE lock."),
        (
            "Khóa GOVERNANCE rút ngắn được mà không cần quyền bỏ qua khóa.",
            "A GOVERNANCE lock can be shortened without asking to bypass it.",
        ),
    ),
    _row(
        "bypass-shorten-governance",
        _to("bypass-shorten-governance", _sooner, soft=True, bypass=True),
        (
            "Tài khoản của dịch vụ rút ngắn khóa GOVERNANCE, kèm yêu cầu bỏ qua khóa.",
            "The service's own credentials shorten a GOVERNANCE lock, asking to bypass it.",
        ),
        (
            "Tài khoản của dịch vụ quá quyền: rút ngắn được khóa GOVERNANCE.",
            "The service's credentials are too wide: they shorten a GOVERNANCE lock.",
        ),
        Weight.WARNING,
        POLICY,
    ),
    _row(
        "shorten-weaker",
        _to("shorten-weaker", _sooner, bypass=True, who=Who.WEAKER),
        ("Tài khoản quyền thấp rút ngắn khóa COMPLIANCE.", "Weaker credentials shorten a COMPLIANCE lock."),
        (
            "Tài khoản quyền thấp rút ngắn được khóa COMPLIANCE.",
            "Weaker credentials shorten a COMPLIANCE lock.",
        ),
    ),
    _row(
        "shorten-governance-weaker",
        _to("shorten-governance-weaker", _sooner, soft=True, bypass=True, who=Who.WEAKER),
        ("Tài khoản quyền thấp rút ngắn khóa GOVERNANCE.", "Weaker credentials shorten a GOVERNANCE lock."),
        (
            "Tài khoản quyền thấp rút ngắn được khóa GOVERNANCE.",
            "Weaker credentials shorten a GOVERNANCE lock.",
        ),
        todo=POLICY,
    ),
    _row(
        "release-weaker",
        release_weaker,
        ("Tài khoản quyền thấp gỡ lệnh giữ pháp lý.", "Weaker credentials take a legal hold off."),
        (
            "Tài khoản quyền thấp gỡ được lệnh giữ pháp lý.",
            "Weaker credentials take a legal hold off.",
        ),
        todo=POLICY,
    ),
)
