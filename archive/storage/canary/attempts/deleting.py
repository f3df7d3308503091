"""Deleting a locked version: plainly, by its version, with the right to bypass, in bulk, as somebody else."""

from __future__ import annotations

from collections.abc import Callable

from archive.storage.canary.attempts.attempt import (
    NO_LOCK,
    NO_WEAKER,
    POLICY,
    REFUSES,
    SERVER,
    Attempt,
)
from archive.storage.canary.bench import Bench, Target, held_or_broken, not_tried
from archive.storage.canary.values import Answer, Outcome, Verdict, Weight, Who
from policies.refusals import Both

Act = Callable[[Bench, Target], Answer]


def _on(name: str, act: Act, *, soft: bool = False, parts: bool = False) -> Callable[[Bench], Verdict]:
    def attempt(bench: Bench) -> Verdict:
        target = bench.target(name, bench.soft if soft else bench.lock, parts=parts)
        return bench.still_there(target, act(bench, target))

    return attempt


def _plain(bench: Bench, target: Target) -> Answer:
    return bench.probe.delete(target.key)


def _version(bench: Bench, target: Target) -> Answer:
    return bench.probe.delete(target.key, target.version)


def _bypass(bench: Bench, target: Target) -> Answer:
    return bench.probe.delete(target.key, target.version, bypass=True)


def _bulk(bench: Bench, target: Target) -> Answer:
    return bench.probe.delete_many(target.key, target.version)


def _bulk_bypass(bench: Bench, target: Target) -> Answer:
    return bench.probe.delete_many(target.key, target.version, bypass=True)


def _nobody(bench: Bench, target: Target) -> Answer:
    return bench.probe.delete(target.key, target.version, bypass=True, who=Who.NOBODY)


def _forger(bench: Bench, target: Target) -> Answer:
    return bench.probe.delete(target.key, target.version, bypass=True, who=Who.FORGER)


def _altered_url(bench: Bench, target: Target) -> Answer:
    return bench.probe.delete_by_altered_url(target.key, target.version)


def _weaker(bench: Bench, target: Target) -> Answer:
    return bench.probe.delete(target.key, target.version, bypass=True, who=Who.WEAKER)


def _by_weaker(name: str, *, soft: bool) -> Callable[[Bench], Verdict]:
    attempt = _on(name, _weaker, soft=soft)
    return lambda bench: attempt(bench) if bench.can(Who.WEAKER) else not_tried(NO_WEAKER)


def delete_held(bench: Bench) -> Verdict:
    target = bench.held("delete-held")
    if not target.before.hold:
        return not_tried(NO_LOCK)
    return bench.still_there(target, _bypass(bench, target))


def own_bypass_weaker(bench: Bench) -> Verdict:
    """A version that the weaker user put itself: some servers count who owns it for more than what he may do."""
    if not bench.can(Who.WEAKER):
        return not_tried(NO_WEAKER)
    key = bench.key("own-bypass-weaker")
    answer = bench.probe.put(key, bench.data("own"), bench.soft, who=Who.WEAKER)
    if not answer.accepted:
        return Verdict(Outcome.HELD, f"{answer}: it may not even write")
    gone = bench.probe.delete(key, answer.version, bypass=True, who=Who.WEAKER)
    listed = any(row.version == answer.version for row in bench.probe.versions(key))  # whoever may read it
    return held_or_broken(listed, f"{gone}" if listed else f"{gone}: the version is gone")


def read_nobody(bench: Bench) -> Verdict:
    target = bench.target("read-nobody")
    answer = bench.probe.readable(target.key, target.version, Who.NOBODY)
    return Verdict(Outcome.BROKEN if answer.accepted else Outcome.HELD, f"{answer}")


MARKER = Both(
    "Chỉ đặt dấu xóa; phiên bản còn nguyên.", "Puts a delete marker on top at most; the version stays."
)
NEEDS_RIGHT = Both(
    "Từ chối tài khoản không có quyền bỏ qua khóa.", "Refuses credentials without the right to bypass."
)
UNSIGNED = Both("Từ chối yêu cầu không có chữ ký đúng.", "Refuses what carries no right signature.")


def _row(
    name: str,
    weight: Weight,
    act: Callable[[Bench], Verdict],
    tried: tuple[str, str],
    fault: tuple[str, str],
    sound: Both = REFUSES,
    todo: Both = SERVER,
) -> Attempt:
    return Attempt(name, weight, Both(*tried), sound, Both(*fault), todo, act)


ATTEMPTS = (
    _row(
        "delete-plain",
        Weight.FATAL,
        _on("delete-plain", _plain),
        ("Xóa không nêu phiên bản.", "Delete without naming a version."),
        (
            "Xóa thường làm mất hẳn phiên bản đang khóa.",
            "A plain deletion removes the locked version for good.",
        ),
        MARKER,
    ),
    _row(
        "delete-version",
        Weight.FATAL,
        _on("delete-version", _version),
        ("Xóa đúng phiên bản đang khóa COMPLIANCE.", "Delete a version under COMPLIANCE by its id."),
        ("Máy chủ cho xóa phiên bản đang khóa COMPLIANCE.", "The server deletes a version under COMPLIANCE."),
    ),
    _row(
        "delete-bypass",
        Weight.FATAL,
        _on("delete-bypass", _bypass),
        ("Như trên, kèm yêu cầu bỏ qua khóa.", "The same, asking to bypass the lock."),
        (
            "Máy chủ cho bỏ qua khóa COMPLIANCE để xóa.",
            "The server lets COMPLIANCE be bypassed by a deletion.",
        ),
    ),
    _row(
        "delete-bulk",
        Weight.FATAL,
        _on("delete-bulk", _bulk),
        ("Xóa hàng loạt, nêu phiên bản đang khóa.", "Delete in bulk, naming the locked version."),
        ("Lệnh xóa hàng loạt không xét khóa.", "The bulk deletion does not look at locks."),
    ),
    _row(
        "delete-bulk-bypass",
        Weight.FATAL,
        _on("delete-bulk-bypass", _bulk_bypass),
        ("Xóa hàng loạt, kèm yêu cầu bỏ qua khóa.", "Delete in bulk, asking to bypass the lock."),
        (
            "Lệnh xóa hàng loạt cho bỏ qua khóa COMPLIANCE.",
            "The bulk deletion lets COMPLIANCE be bypassed.",
        ),
    ),
    _row(
        "delete-parts",
        Weight.FATAL,
        _on("delete-parts", _version, parts=True),
        (
            "Xóa đối tượng được ghi nhiều phần với khóa COMPLIANCE.",
            "Delete an object uploaded in parts with a COMPLIANCE lock.",
        ),
        (
            "Máy chủ bỏ khóa của đối tượng ghi nhiều phần (trên 64 MiB) và cho xóa nó.",
            "The server drops the lock of an object uploaded in parts (above 64 MiB) and deletes it.",
        ),
        todo=Both(
            "Hãy đặt khóa mặc định cho kho (`antin storage prepare`); nếu vẫn bị, đổi máy chủ kho.",
            "Give the bucket a default retention (`antin storage prepare`); if that does not help, change the server.",
        ),
    ),
    _row(
        "delete-held",
        Weight.FATAL,
        delete_held,
        ("Xóa phiên bản đang có lệnh giữ pháp lý.", "Delete a version under a legal hold."),
        (
            "Máy chủ cho xóa tài liệu đang có lệnh giữ pháp lý.",
            "The server deletes what is under a legal hold.",
        ),
    ),
    _row(
        "delete-governance",
        Weight.FATAL,
        _on("delete-governance", _version, soft=True),
        ("Xóa phiên bản đang khóa GOVERNANCE.", "Delete a version under GOVERNANCE."),
        ("Máy chủ cho xóa phiên bản đang khóa GOVERNANCE.", "The server deletes a version under GOVERNANCE."),
    ),
    _row(
        "bypass-governance",
        Weight.WARNING,
        _on("bypass-governance", _bypass, soft=True),
        (
            "Tài khoản của dịch vụ xóa phiên bản GOVERNANCE, kèm yêu cầu bỏ qua khóa.",
            "The service's own credentials delete a version under GOVERNANCE, asking to bypass.",
        ),
        (
            "Tài khoản của dịch vụ quá quyền: bỏ qua được khóa GOVERNANCE của tài liệu mới lưu.",
            "The service's credentials are too wide: they bypass the GOVERNANCE lock of what was just archived.",
        ),
        NEEDS_RIGHT,
        POLICY,
    ),
    _row(
        "delete-weaker",
        Weight.FATAL,
        _by_weaker("delete-weaker", soft=False),
        (
            "Tài khoản quyền thấp xóa phiên bản COMPLIANCE.",
            "Weaker credentials delete a version under COMPLIANCE.",
        ),
        (
            "Tài khoản quyền thấp xóa được phiên bản đang khóa COMPLIANCE.",
            "Weaker credentials delete a version under COMPLIANCE.",
        ),
    ),
    _row(
        "bypass-weaker",
        Weight.FATAL,
        _by_weaker("bypass-weaker", soft=True),
        (
            "Tài khoản quyền thấp bỏ qua khóa GOVERNANCE của dịch vụ.",
            "Weaker credentials bypass the service's GOVERNANCE lock.",
        ),
        (
            "Tài khoản quyền thấp bỏ qua được khóa GOVERNANCE của tài liệu mới lưu.",
            "Weaker credentials bypass the GOVERNANCE lock of what was just archived.",
        ),
        NEEDS_RIGHT,
        POLICY,
    ),
    _row(
        "own-bypass-weaker",
        Weight.FATAL,
        own_bypass_weaker,
        (
            "Tài khoản quyền thấp ghi rồi bỏ qua khóa GOVERNANCE của chính mình.",
            "Weaker credentials put a version under GOVERNANCE themselves, then bypass it.",
        ),
        (
            "Ai ghi đối tượng cũng bỏ qua được khóa GOVERNANCE của nó dù không có quyền.",
            "Whoever uploaded an object bypasses its GOVERNANCE lock without having the right.",
        ),
        NEEDS_RIGHT,
        POLICY,
    ),
    _row(
        "delete-nobody",
        Weight.FATAL,
        _on("delete-nobody", _nobody, soft=True),
        ("Xóa mà không đăng nhập.", "Delete without any credentials."),
        ("Ai cũng xóa được mà không cần đăng nhập.", "Anybody can delete, without credentials."),
        UNSIGNED,
        POLICY,
    ),
    _row(
        "delete-forger",
        Weight.FATAL,
        _on("delete-forger", _forger, soft=True),
        ("Xóa với mật khẩu sai.", "Delete with a wrong secret."),
        (
            "Máy chủ không kiểm tra mật khẩu của tài khoản.",
            "The server does not check the secret of an account.",
        ),
        UNSIGNED,
    ),
    _row(
        "delete-altered-url",
        Weight.FATAL,
        _on("delete-altered-url", _altered_url, soft=True),
        ("Sửa một đường dẫn ký sẵn thành lệnh xóa.", "Alter a presigned URL into a deletion."),
        (
            "Máy chủ không kiểm tra chữ ký của đường dẫn ký sẵn.",
            "The server does not check the signature of a presigned URL.",
        ),
        UNSIGNED,
    ),
    _row(
        "read-nobody",
        Weight.WARNING,
        read_nobody,
        ("Đọc mà không đăng nhập.", "Read without any credentials."),
        (
            "Ai cũng đọc được kho mà không cần đăng nhập.",
            "Anybody can read the archive, without credentials.",
        ),
        UNSIGNED,
        POLICY,
    ),
)
