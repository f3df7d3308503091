"""Ways past S3 that known servers have: what goes in there is not asked for a lock."""

from __future__ import annotations

from collections.abc import Callable

from archive.storage.canary.attempts.attempt import DOOR, REFUSES, Attempt
from archive.storage.canary.bench import Bench, not_tried
from archive.storage.canary.values import Outcome, Verdict, Weight
from policies.refusals import Both

FILER, RGW_ADMIN, INNER = "filer", "rgw-admin", "inner"
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
