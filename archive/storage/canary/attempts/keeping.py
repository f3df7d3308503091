"""Whether locks that are asked for are there when they are read, and can be made longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from archive.storage.canary.attempts.attempt import MADE_UP_FOR, NO_LOCK, SERVER, SHOWS_LOCK, Attempt
from archive.storage.canary.bench import Bench, Target, held_or_broken, not_tried, shown
from archive.storage.canary.values import Outcome, Verdict, Weight
from policies.refusals import Both
from policies.vocabulary import LockMode

LONGER = timedelta(seconds=30)


def lock_kept(bench: Bench) -> Verdict:
    target = bench.target("lock-kept")
    if target.before.data != bench.data("lock-kept"):
        return Verdict(Outcome.BROKEN, "other bytes are shown")
    return shown(bench.lock, target.before.lock)


def soft_lock_kept(bench: Bench) -> Verdict:
    return shown(bench.soft, bench.target("soft-lock-kept", bench.soft).before.lock)


def lock_to_the_second(bench: Bench) -> Verdict:
    found = bench.target("lock-second").before.lock
    return held_or_broken(found == bench.lock, "shown" if found == bench.lock else "another end is shown")


def hold_kept(bench: Bench) -> Verdict:
    held = bench.held("hold-kept").before.hold
    return held_or_broken(held, "shown" if held else "no hold is shown")


def lock_kept_parts(bench: Bench) -> Verdict:
    target = bench.target("lock-kept-parts", parts=True)
    return shown(bench.lock, target.before.lock)


def hold_kept_parts(bench: Bench) -> Verdict:
    held = bench.held("hold-kept-parts", parts=True).before.hold
    return held_or_broken(held, "shown" if held else "no hold is shown")


def lock_after_parts(bench: Bench) -> Verdict:
    """What the service does for every multipart object: set the lock again, read it, rely on it."""
    target = bench.target("lock-after-parts", parts=True)
    verdict = _extended(bench, target)
    if verdict.outcome is not Outcome.HELD:
        return verdict
    return bench.still_there(target, bench.probe.delete(target.key, target.version, bypass=True))


def lock_extends(bench: Bench) -> Verdict:
    return _extended(bench, bench.target("lock-extends"))


def lock_hardens(bench: Bench) -> Verdict:
    """From GOVERNANCE to COMPLIANCE, without asking to bypass; if that fails, whether asking helps."""
    target = bench.target("lock-hardens", bench.soft)
    soft = target.before.lock
    if soft is None or soft.mode is not LockMode.GOVERNANCE:
        return not_tried(NO_LOCK)
    hard = replace(soft, mode=LockMode.COMPLIANCE)
    answer = bench.probe.set_lock(target.key, target.version, hard)
    seen = bench.probe.read(target.key, target.version)
    if shown(hard, seen.lock if seen else None).outcome is Outcome.HELD:
        return Verdict(Outcome.HELD, f"{answer}: shown")
    asked = bench.probe.set_lock(target.key, target.version, hard, bypass=True)
    may = "may" if asked.accepted else "may not"
    return Verdict(Outcome.BROKEN, f"{answer}: only by bypassing, which these credentials {may}")


def _extended(bench: Bench, target: Target) -> Verdict:
    """The lock set later than it is, be it the bucket's default, and read again."""
    ends = [lock.until for lock in (bench.lock, target.before.lock) if lock]
    longer = replace(bench.lock, until=max(ends) + LONGER)
    answer = bench.probe.set_lock(target.key, target.version, longer)
    seen = bench.probe.read(target.key, target.version)
    verdict = shown(longer, seen.lock if seen else None)
    return replace(verdict, detail=f"{answer}: {verdict.detail}")


ATTEMPTS = (
    Attempt(
        "lock-kept",
        Weight.FATAL,
        Both("Ghi một đối tượng với khóa COMPLIANCE.", "Put an object with a COMPLIANCE lock."),
        SHOWS_LOCK,
        Both(
            "Máy chủ nhận đối tượng nhưng không giữ nội dung hoặc khóa COMPLIANCE đã yêu cầu.",
            "The server takes an object and does not keep its bytes or the COMPLIANCE lock asked for.",
        ),
        SERVER,
        lock_kept,
    ),
    Attempt(
        "soft-lock-kept",
        Weight.FATAL,
        Both("Ghi một đối tượng với khóa GOVERNANCE.", "Put an object with a GOVERNANCE lock."),
        SHOWS_LOCK,
        Both(
            "Máy chủ không giữ khóa GOVERNANCE đã yêu cầu.",
            "The server does not keep the GOVERNANCE lock asked for.",
        ),
        SERVER,
        soft_lock_kept,
    ),
    Attempt(
        "lock-to-the-second",
        Weight.WARNING,
        Both(
            "So thời điểm hết khóa đọc lại với thời điểm đã đặt.",
            "Compare the lock's end with the one asked for.",
        ),
        Both("Trùng nhau đến từng giây.", "They are equal to the second."),
        Both(
            "Máy chủ làm tròn hoặc đổi thời điểm hết khóa.",
            "The server rounds or changes the lock's end.",
        ),
        MADE_UP_FOR,
        lock_to_the_second,
    ),
    Attempt(
        "lock-extends",
        Weight.FATAL,
        Both("Kéo dài khóa COMPLIANCE.", "Extend a COMPLIANCE lock."),
        Both("Chấp nhận; đọc lại thấy khóa dài hơn.", "Accepts; the longer lock is shown."),
        Both(
            "Khóa không kéo dài được: tài liệu sẽ mất khóa khi hết hạn đầu tiên.",
            "A lock cannot be extended: documents would lose theirs when the first period ends.",
        ),
        SERVER,
        lock_extends,
    ),
    Attempt(
        "lock-hardens",
        Weight.WARNING,
        Both(
            "Chuyển khóa GOVERNANCE thành COMPLIANCE, không yêu cầu bỏ qua khóa.",
            "Turn a GOVERNANCE lock into COMPLIANCE, without asking to bypass it.",
        ),
        Both("Chấp nhận; đọc lại thấy COMPLIANCE.", "Accepts; COMPLIANCE is shown."),
        Both(
            "Máy chủ không cho khóa GOVERNANCE cứng lên thành COMPLIANCE nếu không có quyền bỏ qua khóa.",
            "The server lets a GOVERNANCE lock become COMPLIANCE only by the right to bypass it.",
        ),
        Both(
            "Máy chủ nào cũng vậy. Hãy cấp quyền đó cho riêng dịch vụ (`antin storage prepare --may-harden`), để khóa "
            "cứng lên khi hết thời gian cách ly.",
            "Every server is so. Grant the service alone that right (`antin storage prepare --may-harden`), "
            "so that locks harden when quarantine ends.",
        ),
        lock_hardens,
    ),
    Attempt(
        "hold-kept",
        Weight.FATAL,
        Both("Ghi một đối tượng với lệnh giữ pháp lý.", "Put an object with a legal hold."),
        Both("Đọc lại thấy lệnh giữ.", "Shows the hold."),
        Both(
            "Máy chủ nhận đối tượng nhưng bỏ lệnh giữ pháp lý.",
            "The server takes the object and drops its legal hold.",
        ),
        SERVER,
        hold_kept,
    ),
    Attempt(
        "lock-kept-parts",
        Weight.WARNING,
        Both(
            "Ghi nhiều phần (multipart) với khóa COMPLIANCE.",
            "Upload in parts (multipart) with a COMPLIANCE lock.",
        ),
        SHOWS_LOCK,
        Both(
            "Máy chủ lặng lẽ bỏ khóa của đối tượng ghi nhiều phần (trên 64 MiB).",
            "The server silently drops the lock of an object uploaded in parts (above 64 MiB).",
        ),
        Both(
            "An Tín đặt lại khóa sau khi ghi và đọc lại; giữ khóa mặc định của kho để không có lúc nào hở.",
            "An Tín sets the lock again and reads it back; keep the bucket's default retention, which covers "
            "the moment between.",
        ),
        lock_kept_parts,
    ),
    Attempt(
        "hold-kept-parts",
        Weight.WARNING,
        Both("Ghi nhiều phần với lệnh giữ pháp lý.", "Upload in parts with a legal hold."),
        Both("Đọc lại thấy lệnh giữ.", "Shows the hold."),
        Both(
            "Máy chủ lặng lẽ bỏ lệnh giữ pháp lý của đối tượng ghi nhiều phần.",
            "The server silently drops the legal hold of an object uploaded in parts.",
        ),
        Both(
            "An Tín luôn đặt lệnh giữ bằng lệnh riêng và đọc lại.",
            "An Tín always sets a hold by its own request and reads it back.",
        ),
        hold_kept_parts,
    ),
    Attempt(
        "lock-after-parts",
        Weight.FATAL,
        Both(
            "Đặt khóa cho đối tượng vừa ghi nhiều phần, rồi xóa nó.",
            "Lock an object after its upload in parts, then delete it.",
        ),
        Both("Khóa có hiệu lực; từ chối xóa.", "The lock holds; the deletion is refused."),
        Both(
            "Không khóa được đối tượng ghi nhiều phần.",
            "An object uploaded in parts cannot be locked.",
        ),
        SERVER,
        lock_after_parts,
    ),
)
