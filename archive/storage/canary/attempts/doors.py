"""Ways past S3 that known servers have: what goes in there is not asked for a lock."""

from __future__ import annotations

from collections.abc import Callable

from archive.storage.canary.attempts.attempt import DOOR, NO_SCRATCH, REFUSES, Attempt
from archive.storage.canary.bench import Bench, not_tried
from archive.storage.canary.values import Outcome, ProbeUnanswered, Verdict, Weight
from policies.refusals import Both

FILER, MASTER, RGW_ADMIN, INNER = "filer", "master", "rgw-admin", "inner"
NOWHERE = Both(
    "Không có địa chỉ nào của cửa này để thử.", "No address of this door is known that could be tried."
)
CLOSED = Both("Không ai mở cửa.", "Nobody opens.")


def _through(door: str) -> Callable[[Bench], Verdict]:
    """The deletion is tried, and reading tells."""

    def attempt(bench: Bench) -> Verdict:
        if door not in bench.probe.doors():
            return not_tried(NOWHERE)
        target = bench.target(f"door-{door}")
        answer = bench.probe.knock(door, target.key, target.version)
        if answer is None:
            return Verdict(Outcome.HELD, "closed")
        return bench.still_there(target, answer)

    return attempt


def master(bench: Bench) -> Verdict:
    """What goes in there takes all of a bucket, so it is tried on the scratch bucket."""
    scratch = bench.scratch()
    if scratch is None or not scratch.probe.exists():
        return not_tried(NO_SCRATCH)
    target = scratch.target("door-master")
    answer = scratch.probe.knock(MASTER, target.key, target.version)
    if answer is None:
        return Verdict(Outcome.HELD, "closed")
    try:
        return scratch.still_there(target, answer)
    except ProbeUnanswered:  # its listing outlives its bytes: the server fails where it would read them
        lost = scratch.probe.exists() and answer.accepted
        return Verdict(Outcome.BROKEN if lost else Outcome.NO_ANSWER, f"{answer}: the bytes are gone")


def inner(bench: Bench) -> Verdict:
    """Only whether it opens: what stands behind deletes more than one object."""
    if INNER not in bench.probe.doors():
        return not_tried(NOWHERE)
    answer = bench.probe.knock(INNER, "", "")
    if answer is None:
        return Verdict(Outcome.HELD, "closed")
    return Verdict(Outcome.BROKEN if answer.accepted else Outcome.HELD, f"{answer}")


ATTEMPTS = (
    Attempt(
        "door-filer",
        Weight.FATAL,
        Both(
            "Xóa đối tượng đang khóa qua cổng HTTP của filer (SeaweedFS), không đăng nhập.",
            "Delete a locked object through the filer's HTTP port (SeaweedFS), without credentials.",
        ),
        REFUSES,
        Both(
            "Cửa sau mở: cổng HTTP của filer xóa được đối tượng đang khóa mà không cần đăng nhập.",
            "A back door is open: the filer's HTTP port deletes locked objects without credentials.",
        ),
        DOOR,
        _through(FILER),
    ),
    Attempt(
        "door-master",
        Weight.FATAL,
        Both(
            "Xóa cả kho nháp qua cổng HTTP của master (SeaweedFS), không đăng nhập.",
            "Delete all of the scratch bucket through the master's HTTP port (SeaweedFS), without credentials.",
        ),
        REFUSES,
        Both(
            "Cửa sau mở: cổng HTTP của master xóa cả một kho đang khóa mà không cần đăng nhập.",
            "A back door is open: the master's HTTP port deletes a whole locked bucket without credentials.",
        ),
        DOOR,
        master,
    ),
    Attempt(
        "door-rgw-admin",
        Weight.FATAL,
        Both(
            "Xóa đối tượng đang khóa qua giao diện quản trị của RGW.",
            "Delete a locked object through RGW's admin interface.",
        ),
        REFUSES,
        Both(
            "Tài khoản của dịch vụ có quyền quản trị RGW, xóa được đối tượng đang khóa.",
            "The service's credentials have RGW's admin rights and delete locked objects with them.",
        ),
        DOOR,
        _through(RGW_ADMIN),
    ),
    Attempt(
        "door-inner",
        Weight.WARNING,
        Both(
            "Gõ cửa các cổng bên trong của SeaweedFS (master, volume, filer gRPC).",
            "Knock at SeaweedFS's inner ports (master, volume, filer gRPC).",
        ),
        CLOSED,
        Both(
            "Từ máy này vào được các cổng bên trong của SeaweedFS, nơi không hỏi khóa nào.",
            "SeaweedFS's inner ports, which ask for no lock, can be reached from this machine.",
        ),
        DOOR,
        inner,
    ),
)
