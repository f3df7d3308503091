"""One attempt as data, and the words that many share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archive.storage.canary.bench import Bench
from archive.storage.canary.values import Finding, Kind, Outcome, Verdict, Weight
from policies.refusals import Both


@dataclass(frozen=True, slots=True)
class Attempt:
    """`tried`: the act. `sound`: what a sound server does. `fault`: what it means that it did not, `todo`: what to
    do then. `act` makes the attempt and reads what came of it."""

    id: str
    weight: Weight
    tried: Both
    sound: Both
    fault: Both
    todo: Both
    act: Callable[[Bench], Verdict]
    kind: Kind = Kind.ATTEMPT

    def finding(self, verdict: Verdict) -> Finding:
        """The line of the report; its sentence is empty for what held."""
        sentence = HELD
        if verdict.outcome is Outcome.BROKEN:
            sentence = joined(self.fault, self.todo)
        elif verdict.outcome is not Outcome.HELD:
            sentence = verdict.why or UNKNOWN
        return Finding(self.id, self.kind, self.weight, verdict.outcome, verdict.detail, self.tried, sentence)


def joined(first: Both, second: Both) -> Both:
    return Both(f"{first.vi} {second.vi}", f"{first.en} {second.en}")


HELD = Both("", "")
UNKNOWN = Both(
    "Không thử được nên không biết kết quả; không có câu trả lời không có nghĩa là an toàn.",
    "It could not be tried, so the outcome is not known; no answer is not a yes.",
)

# What a sound server does.
REFUSES = Both(
    "Từ chối; phiên bản còn nguyên nội dung và khóa.", "Refuses; the version keeps its bytes and its lock."
)
NEW_VERSION = Both(
    "Tạo phiên bản mới hoặc từ chối; phiên bản đã khóa còn nguyên.",
    "Makes another version or refuses; the locked one keeps bytes and lock.",
)
SHOWS_LOCK = Both("Đọc lại đúng khóa đã đặt.", "Shows the lock that was asked for.")
REFUSES_UPLOAD = Both("Từ chối tải lên.", "Refuses the upload.")

# What to do.
SERVER = Both(
    "Hãy đổi hoặc nâng cấp máy chủ kho, rồi chạy lại `antin storage check`.",
    "Change or upgrade the storage server, then run `antin storage check` again.",
)
POLICY = Both(
    "Hãy áp dụng chính sách tối thiểu mà `antin storage prepare` in ra.",
    "Apply the least policy that `antin storage prepare` prints.",
)
PREPARE = Both(
    "Hãy tạo kho bằng `antin storage prepare`.",
    "Make the bucket with `antin storage prepare`.",
)
DOOR = Both(
    "Hãy đóng cửa này trên máy chủ kho (docs/storage.md, phần «Back doors»).",
    "Close this door at the storage server (docs/storage.md, “Back doors”).",
)
MADE_UP_FOR = Both(
    "An Tín tự bù bằng cách đọc lại nội dung và khóa; việc lưu trữ vẫn tiếp tục.",
    "An Tín makes up for it by reading bytes and lock back; archiving goes on.",
)

# Why something was not tried.
NO_WEAKER = Both(
    "Chưa cấu hình tài khoản quyền thấp hơn để thử (object_store.weaker_access_key_file).",
    "No weaker credentials are configured to try it with (object_store.weaker_access_key_file).",
)
NO_LOCK = Both(
    "Phiên bản thử không có khóa nào để tấn công; xem các dòng khác.",
    "The version has no lock that could be attacked; see the other lines.",
)
NO_SCRATCH = Both(
    "Chưa cấu hình kho nháp để thử (`object_store.canary_bucket`); không thử trên kho thật.",
    "No scratch bucket is configured to try it on (`object_store.canary_bucket`); the archive itself is not risked.",
)
