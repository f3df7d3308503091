"""How the store is set up: what must be right before any lock can be relied on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from archive.storage.canary.attempts.attempt import PREPARE, Attempt
from archive.storage.canary.attempts.bucket import ENABLED
from archive.storage.canary.bench import Bench, held_or_broken, not_tried
from archive.storage.canary.values import Kind, Verdict, Weight
from policies.refusals import Both

SKEW_SEEN, SKEW_TOO_FAR = timedelta(minutes=5), timedelta(hours=1) - timedelta(minutes=1)
LITTLE_BYTES, TOO_LITTLE_BYTES = 2 << 30, 256 << 20
NOT_ASKED = Both("Lần kiểm tra này không xét.", "Not asked in this check.")


def versioning(bench: Bench) -> Verdict:
    status = bench.probe.versioning()
    return held_or_broken(status == ENABLED, status or "never enabled")


def object_lock(bench: Bench) -> Verdict:
    rule = bench.probe.lock_rule()
    return held_or_broken(rule is not None, "enabled" if rule else "not enabled")


def default_retention(bench: Bench) -> Verdict:
    rule = bench.probe.lock_rule()
    given = rule is not None and rule.mode is not None and rule.days > 0
    return held_or_broken(given, f"{rule.mode} {rule.days} d" if rule and given else "none")


def clock_minutes(bench: Bench) -> Verdict:
    return held_or_broken(_skew(bench) <= SKEW_SEEN, _told(bench))


def clock_hour(bench: Bench) -> Verdict:
    return held_or_broken(_skew(bench) < SKEW_TOO_FAR, _told(bench))


def _skew(bench: Bench) -> timedelta:
    return abs(bench.server_time - bench.around.at)


def _told(bench: Bench) -> str:
    minutes = round((bench.server_time - bench.around.at).total_seconds() / 60)
    return f"{minutes:+d} min" if minutes else "together"


def deployment(bench: Bench) -> Verdict:
    mine, found = bench.around.deployment, bench.around.found_deployment
    if not mine:
        return not_tried(NOT_ASKED)
    return held_or_broken(found in ("", mine), "ours" if found == mine else found or "nobody's yet")


def work_area(bench: Bench) -> Verdict:
    return _free(bench, TOO_LITTLE_BYTES)


def work_area_soon(bench: Bench) -> Verdict:
    return _free(bench, LITTLE_BYTES)


def _free(bench: Bench, least: int) -> Verdict:
    free = bench.around.free_bytes
    if free is None:
        return not_tried(NOT_ASKED)
    return held_or_broken(free >= least, f"{free >> 20} MiB free" if free < least else "enough")


def _check(
    name: str,
    weight: Weight,
    act: Callable[[Bench], Verdict],
    tried: tuple[str, str],
    sound: tuple[str, str],
    fault: tuple[str, str],
    todo: Both,
) -> Attempt:
    return Attempt(name, weight, Both(*tried), Both(*sound), Both(*fault), todo, act, Kind.CHECK)


CHECKS = (
    _check(
        "clock-hour",
        Weight.FATAL,
        clock_hour,
        ("So đồng hồ máy chủ kho với đồng hồ ở đây.", "Compare the server's clock with ours."),
        ("Lệch dưới một giờ.", "Less than an hour apart."),
        ("Đồng hồ máy chủ kho và ở đây lệch nhau một giờ hoặc hơn.", "The clocks are an hour or more apart."),
        Both(
            "Khóa tính theo đồng hồ máy chủ: hãy đồng bộ cả hai máy qua NTP (`timedatectl`), rồi kiểm tra lại.",
            "Locks follow the server's clock: synchronise both machines by NTP (`timedatectl`), then check again.",
        ),
    ),
    _check(
        "clock-minutes",
        Weight.WARNING,
        clock_minutes,
        ("Như trên, sai số nhỏ.", "The same, closely."),
        ("Lệch không quá 5 phút.", "No more than 5 minutes apart."),
        ("Đồng hồ máy chủ kho và ở đây lệch hơn 5 phút.", "The clocks are more than 5 minutes apart."),
        Both(
            "Hãy đồng bộ qua NTP; lệch 15 phút thì máy chủ từ chối mọi yêu cầu.",
            "Synchronise by NTP; at 15 minutes servers refuse every request.",
        ),
    ),
    _check(
        "versioning",
        Weight.FATAL,
        versioning,
        ("Đọc trạng thái quản lý phiên bản của kho.", "Read the bucket's versioning."),
        ("Đang bật.", "Enabled."),
        ("Kho chưa bật quản lý phiên bản.", "The bucket's versioning is not enabled."),
        PREPARE,
    ),
    _check(
        "object-lock",
        Weight.FATAL,
        object_lock,
        ("Đọc cấu hình Object Lock của kho.", "Read the bucket's Object Lock configuration."),
        ("Đang bật.", "Enabled."),
        (
            "Kho không có Object Lock; trên nhiều máy chủ chỉ bật được khi tạo kho.",
            "The bucket has no Object Lock; many servers give it only when a bucket is made.",
        ),
        PREPARE,
    ),
    _check(
        "default-retention",
        Weight.WARNING,
        default_retention,
        ("Đọc khóa mặc định của kho.", "Read the bucket's default retention."),
        ("Có, cho mọi đối tượng không kèm khóa.", "There is one, for whatever comes without a lock."),
        ("Kho không có khóa mặc định làm lưới đỡ.", "The bucket has no default retention as a net."),
        PREPARE,
    ),
    _check(
        "deployment",
        Weight.FATAL,
        deployment,
        ("Đọc tên hệ thống mà kho thuộc về.", "Read which installation the bucket belongs to."),
        ("Là hệ thống này.", "This one."),
        ("Kho này thuộc về một hệ thống An Tín khác.", "This bucket belongs to another An Tín installation."),
        Both(
            "Hai hệ thống không được dùng chung một kho: hãy sửa `object_store.bucket`, hoặc dùng đúng cơ sở dữ liệu.",
            "Two installations must not share a bucket: correct `object_store.bucket`, or restore the right database.",
        ),
    ),
    _check(
        "work-area",
        Weight.FATAL,
        work_area,
        ("Xem chỗ trống của vùng làm việc.", "Look how much the work area has left."),
        ("Còn ít nhất 256 MiB.", "At least 256 MiB."),
        ("Đĩa của vùng làm việc đã đầy.", "The disk of the work area is full."),
        Both(
            "Hãy giải phóng hoặc thêm đĩa cho `data_dir`; việc lưu trữ tự tiếp tục sau đó.",
            "Free or add disk space for `data_dir`; archiving then goes on by itself.",
        ),
    ),
    _check(
        "work-area-soon",
        Weight.WARNING,
        work_area_soon,
        ("Như trên, để báo sớm.", "The same, to warn in time."),
        ("Còn ít nhất 2 GiB.", "At least 2 GiB."),
        ("Đĩa của vùng làm việc sắp đầy.", "The disk of the work area is nearly full."),
        Both("Hãy thêm đĩa cho `data_dir`.", "Add disk space for `data_dir`."),
    ),
)
