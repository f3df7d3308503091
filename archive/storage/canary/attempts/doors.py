"""Ways past S3 that known servers have: what goes in there is not asked for a lock."""

from __future__ import annotations

from archive.storage.canary.attempts.attempt import DOOR, NO_SCRATCH, REFUSES, Attempt
from archive.storage.canary.bench import Bench, not_tried
from archive.storage.canary.values import Outcome, ProbeUnanswered, Verdict, Weight
from policies.refusals import Both

FILER, MASTER, RGW_ADMIN, INNER = "filer", "master", "rgw-admin", "inner"
CLOSED = Both("Không ai mở cửa.", "Nobody opens.")
CLOSED_DOOR = Verdict(Outcome.HELD, "closed")


def filer(bench: Bench) -> Verdict:
    """The deletion is tried, and reading tells."""
    target = bench.target("door-filer")
    answer = bench.probe.knock(FILER, target.key, target.version)
    return CLOSED_DOOR if answer is None else bench.still_there(target, answer)


def master(bench: Bench) -> Verdict:
    """What goes in there takes all of a bucket, so it is tried on the scratch bucket."""
    scratch = bench.scratch()
    if scratch is None or not scratch.probe.exists():
        return not_tried(NO_SCRATCH)
    return _takes_all(scratch, MASTER)


def rgw_admin(bench: Bench) -> Verdict:
    """As at the master; without a scratch bucket whoever has the rights is believed to be able to use them."""
    scratch = bench.scratch()
    if scratch is not None and scratch.probe.exists():
        return _takes_all(scratch, RGW_ADMIN)
    answer = bench.probe.knock(RGW_ADMIN, "", "")
    if answer is None or not answer.accepted:
        return CLOSED_DOOR if answer is None else Verdict(Outcome.HELD, f"{answer}")
    return Verdict(Outcome.BROKEN, f"{answer}: these credentials have the rights")


def _takes_all(scratch: Bench, door: str) -> Verdict:
    target = scratch.target(f"door-{door}")
    answer = scratch.probe.knock(door, target.key, target.version)
    if answer is None:
        return CLOSED_DOOR
    if not scratch.probe.exists():
        return Verdict(Outcome.BROKEN, f"{answer}: the bucket is gone")
    try:
        return scratch.still_there(target, answer)
    except ProbeUnanswered:  # its listing outlives its bytes: the server fails where it would read them
        lost = Outcome.BROKEN if answer.accepted else Outcome.NO_ANSWER
        return Verdict(lost, f"{answer}: the bytes are gone")


def inner(bench: Bench) -> Verdict:
    """Only whether it opens: what stands behind deletes more than one object."""
    answer = bench.probe.knock(INNER, "", "")
    if answer is None:
        return CLOSED_DOOR
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
        filer,
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
            "Xóa cả kho nháp qua giao diện quản trị của RGW.",
            "Delete all of the scratch bucket through RGW's admin interface.",
        ),
        REFUSES,
        Both(
            "Tài khoản của dịch vụ có quyền quản trị RGW, xóa được cả kho có đối tượng đang khóa.",
            "The service's credentials have RGW's admin rights, which delete a bucket with locked objects in it.",
        ),
        DOOR,
        rgw_admin,
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
