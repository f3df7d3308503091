"""Whether the server gives verdicts at all, and what to do when it does not."""

from __future__ import annotations

from archive.storage.canary.attempts.attempt import POLICY, PREPARE, SERVER, UNKNOWN, Attempt, joined
from archive.storage.canary.bench import Bench
from archive.storage.canary.values import Kind, Outcome, Trouble, Verdict, Weight
from policies.refusals import Both

TROUBLES = {
    Trouble.UNREACHABLE: Both(
        "Không kết nối được máy chủ kho, hoặc nó không trả lời kịp. Hãy kiểm tra `storage.endpoint`, mạng và "
        "tường lửa; việc lưu trữ tự tiếp tục khi máy chủ trả lời.",
        "The storage server cannot be reached or does not answer in time. Look at `storage.endpoint`, the network "
        "and the firewall; archiving goes on by itself when it answers.",
    ),
    Trouble.CERTIFICATE: Both(
        "Chứng thư TLS của máy chủ kho không được chấp nhận. Hãy kiểm tra tên máy, hạn dùng, và đặt tệp CA của nó vào "
        "`storage.ca_file`; không được tắt việc kiểm tra.",
        "The storage server's TLS certificate is not accepted. Check its name and its dates, and name the file of "
        "its CA in `storage.ca_file`; do not switch the check off.",
    ),
    Trouble.CREDENTIALS: Both(
        "Máy chủ kho không chấp nhận tài khoản (sai, hết hạn hoặc đã bị khóa). Hãy cấp lại và sửa "
        "`storage.access_key` và tệp mật khẩu.",
        "The storage server does not accept the credentials (wrong, expired or withdrawn). Issue new ones and correct "
        "`storage.access_key` and its secret file.",
    ),
    Trouble.CLOCK: Both(
        "Máy chủ kho từ chối vì đồng hồ hai bên lệch quá xa. Hãy đồng bộ cả hai máy qua NTP (`timedatectl`).",
        "The storage server refuses because the two clocks are too far apart. Synchronise both machines by NTP "
        "(`timedatectl`).",
    ),
    Trouble.FORBIDDEN: joined(
        Both(
            "Tài khoản của dịch vụ không được đọc điều phải kiểm tra.",
            "The service's credentials may not read what must be checked.",
        ),
        POLICY,
    ),
    Trouble.NO_BUCKET: joined(
        Both("Kho (bucket) đã cấu hình không tồn tại.", "The configured bucket does not exist."), PREPARE
    ),
    Trouble.BUSY: Both(
        "Máy chủ kho trả lời lỗi tạm thời (5xx). Việc lưu trữ tự tiếp tục khi nó hoạt động lại.",
        "The storage server answers with errors of its own (5xx). Archiving goes on by itself when it works again.",
    ),
    Trouble.STRANGE: Both(
        "Câu trả lời không phải của một máy chủ S3. Hãy kiểm tra `storage.endpoint` và các máy trung gian.",
        "The answer is not one of an S3 server. Look at `storage.endpoint` and at what stands between.",
    ),
}


def unanswered(trouble: Trouble, detail: str = "") -> Verdict:
    """No answer is not a yes."""
    return Verdict(Outcome.NO_ANSWER, f"{trouble}: {detail}" if detail else str(trouble), TROUBLES[trouble])


def _reach(bench: Bench) -> Verdict:
    return Verdict(Outcome.HELD, bench.probe.versioning())


REACH = Attempt(
    "reach",
    Weight.FATAL,
    Both("Kết nối máy chủ kho, đăng nhập, đọc kho.", "Connect, sign in, read the bucket."),
    Both("Trả lời.", "Answers."),
    UNKNOWN,
    SERVER,
    _reach,
    Kind.CHECK,
)
