"""The bucket's own settings, and what time alone may do to a locked version."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from archive.storage.canary.attempts.attempt import NO_LOCK, NO_SCRATCH, POLICY, SERVER, Attempt
from archive.storage.canary.bench import ELDER, PREFIX, Bench, held_or_broken, not_tried
from archive.storage.canary.values import Elder, Lock, LockRule, Outcome, Verdict, Weight
from policies.refusals import Both
from policies.vocabulary import LockMode

ENABLED, SUSPENDED = "Enabled", "Suspended"
ELDERS = f"{PREFIX}{ELDER}/"
ELDER_LOCK = timedelta(days=2)
ELDER_EVERY = timedelta(hours=20)
OWN_RULES = Both(
    "Kho có quy tắc vòng đời riêng, hoặc không đọc được chúng, nên không ghi đè để thử. Hãy tự kiểm tra.",
    "The bucket has lifecycle rules of its own, or they cannot be read: none is replaced for a trial. Look yourself.",
)
NO_ELDER = Both(
    "Chưa có đối tượng nào từ lần chạy trước còn trong thời hạn khóa.",
    "No object of an earlier run is still under its lock.",
)
NO_POLICY = Both("Kho không có chính sách nào đọc được.", "The bucket has no policy that could be read.")


def suspend_versioning(bench: Bench) -> Verdict:
    """Crash after the act: versioning stays suspended, and the next check says so."""
    answer = bench.probe.set_versioning(SUSPENDED)
    status = bench.probe.versioning()
    if status != ENABLED:
        bench.probe.set_versioning(ENABLED)
    return held_or_broken(status == ENABLED, f"{answer}")


def disable_lock(bench: Bench) -> Verdict:
    """Crash after the act: the bucket is without its rule, and the next check says so."""
    before = bench.probe.lock_rule()
    if before is None:
        return not_tried(NO_LOCK)
    answer = bench.probe.disable_lock()
    after = bench.probe.lock_rule()
    if after != before:
        bench.probe.set_lock_rule(before)
    return held_or_broken(after == before, f"{answer}")


def change_lock_rule(bench: Bench) -> Verdict:
    """The rule that it has is put again: whoever may do that may also put another one."""
    rule = bench.probe.lock_rule()
    if rule is None:
        return not_tried(NO_LOCK)
    answer = bench.probe.set_lock_rule(LockRule(rule.mode, rule.days))
    return held_or_broken(not answer.accepted, f"{answer}")


def change_policy(bench: Bench) -> Verdict:
    """The policy that it has is put again: whoever may do that may also lift what it forbids."""
    answer = bench.probe.repeat_policy()
    return not_tried(NO_POLICY) if answer is None else held_or_broken(not answer.accepted, f"{answer}")


def expire(bench: Bench) -> Verdict:
    """While the rule stands, a locked version is put under it, for a later run to look after.

    Some servers turn such a rule into a lifetime of what is written meanwhile, which no lock then stops.
    """
    if bench.probe.has_lifecycle() is not False:
        _leave_elder(bench)
        return not_tried(OWN_RULES)
    answer = bench.probe.expire(ELDERS, 1)
    try:
        _leave_elder(bench)
    finally:
        if answer.accepted:
            bench.probe.forget_expiry()
    return held_or_broken(not answer.accepted, f"{answer}")


def _leave_elder(bench: Bench) -> None:
    """One in twenty hours, however often the service starts."""
    youngest = max((elder.lock.until for elder in bench.around.elders), default=bench.server_time)
    if youngest - bench.server_time > ELDER_LOCK - ELDER_EVERY:
        return
    key, data = ELDERS + bench.run, bench.data("elder")
    lock = Lock(LockMode.COMPLIANCE, bench.server_time + ELDER_LOCK)
    answer = bench.probe.put(key, data, lock)
    if answer.accepted and answer.version:
        bench.new_elders.append(Elder(key, answer.version, hashlib.sha256(data).hexdigest(), lock))


def elder(bench: Bench) -> Verdict:
    still = [one for one in bench.around.elders if one.lock.until > bench.server_time]
    if not still:
        return not_tried(NO_ELDER)
    for one in still:
        seen = bench.probe.read(one.key, one.version)
        if seen is None:
            return Verdict(Outcome.BROKEN, "a locked version of an earlier run is gone")
        if hashlib.sha256(seen.data).hexdigest() != one.sha256:
            return Verdict(Outcome.BROKEN, "a locked version of an earlier run has other bytes")
        if seen.lock is None or not seen.lock.as_strong_as(one.lock):
            return Verdict(Outcome.BROKEN, "a lock of an earlier run is gone or weaker")
    return Verdict(Outcome.HELD, "there")


def delete_bucket(bench: Bench) -> Verdict:
    """On the scratch bucket, with a locked version in it: the archive is not risked to learn this."""
    scratch = bench.scratch()
    if scratch is None:
        return not_tried(NO_SCRATCH)
    if not scratch.probe.exists():
        return Verdict(Outcome.BROKEN, "the scratch bucket is gone")
    target = scratch.target("delete-bucket")
    answer = scratch.probe.delete_bucket()
    if not scratch.probe.exists():
        return Verdict(Outcome.BROKEN, f"{answer}: the scratch bucket is gone")
    return scratch.still_there(target, answer)


STAYS_ENABLED = Both("Từ chối; quản lý phiên bản vẫn bật.", "Refuses; versioning stays enabled.")
STAYS_LOCKED = Both(
    "Từ chối; Object Lock và khóa mặc định còn nguyên.", "Refuses; Object Lock and its rule stay."
)
NO_RIGHT = Both(
    "Từ chối: tài khoản của dịch vụ không có quyền này.", "Refuses: the service has no such right."
)

ATTEMPTS = (
    Attempt(
        "overnight",
        Weight.FATAL,
        Both(
            "Tìm lại đối tượng đã khóa từ lần chạy trước.",
            "Look for the locked object that an earlier run left.",
        ),
        Both("Còn nguyên nội dung và khóa.", "It is there with bytes and lock."),
        Both(
            "Một đối tượng đang khóa đã biến mất hoặc yếu đi giữa hai lần chạy (vòng đời, dọn dẹp, xóa ngoài S3).",
            "A locked object vanished or weakened between two runs (a lifecycle, a clean-up, a deletion beside S3).",
        ),
        SERVER,
        elder,
    ),
    Attempt(
        "suspend-versioning",
        Weight.FATAL,
        Both("Tạm ngừng quản lý phiên bản của kho.", "Suspend the bucket's versioning."),
        STAYS_ENABLED,
        Both(
            "Tắt được quản lý phiên bản của kho có Object Lock (đã bật lại ngay).",
            "Versioning of a bucket with Object Lock can be suspended (it was enabled again at once).",
        ),
        SERVER,
        suspend_versioning,
    ),
    Attempt(
        "disable-lock",
        Weight.FATAL,
        Both("Tắt Object Lock của kho.", "Disable the bucket's Object Lock."),
        STAYS_LOCKED,
        Both(
            "Tắt được Object Lock hoặc khóa mặc định của kho (đã đặt lại ngay).",
            "Object Lock or the default retention of the bucket can be taken away (it was put back at once).",
        ),
        POLICY,
        disable_lock,
    ),
    Attempt(
        "change-lock-rule",
        Weight.WARNING,
        Both("Đặt lại khóa mặc định của kho như nó đang có.", "Put the bucket's default retention as it is."),
        NO_RIGHT,
        Both(
            "Tài khoản của dịch vụ quá quyền: đổi được khóa mặc định của kho.",
            "The service's credentials are too wide: they can change the bucket's default retention.",
        ),
        POLICY,
        change_lock_rule,
    ),
    Attempt(
        "change-policy",
        Weight.WARNING,
        Both("Đặt lại chính sách của kho như nó đang có.", "Put the bucket's policy as it is."),
        NO_RIGHT,
        Both(
            "Tài khoản của dịch vụ quá quyền: đổi được chính sách đang ràng buộc chính nó.",
            "The service's credentials are too wide: they can change the policy that binds them.",
        ),
        POLICY,
        change_policy,
    ),
    Attempt(
        "expire",
        Weight.WARNING,
        Both(
            "Đặt quy tắc vòng đời cho thư mục của phép thử.",
            "Put a lifecycle rule on the canary's own prefix.",
        ),
        NO_RIGHT,
        Both(
            "Tài khoản của dịch vụ quá quyền: đặt được quy tắc vòng đời (đã gỡ ngay).",
            "The service's credentials are too wide: they can put a lifecycle rule (it was removed at once).",
        ),
        POLICY,
        expire,
    ),
    Attempt(
        "delete-bucket",
        Weight.FATAL,
        Both(
            "Xóa kho nháp đang có đối tượng khóa.", "Delete the scratch bucket, which holds a locked object."
        ),
        Both("Từ chối; kho và đối tượng còn nguyên.", "Refuses; bucket and object stay."),
        Both(
            "Kho nháp đang có đối tượng khóa đã bị xóa, hoặc chưa từng được tạo.",
            "The scratch bucket, which holds locked objects, was deleted, or was never made.",
        ),
        Both(
            "Nếu máy chủ xóa nó, hãy đổi máy chủ kho; nếu chưa có, hãy tạo bằng `antin storage prepare`.",
            "If the server deleted it, change the server; if it was never there, make it with `antin storage prepare`.",
        ),
        delete_bucket,
    ),
)
