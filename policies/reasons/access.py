"""Reasons of access: accounts, roles, tokens, requests."""

from policies.refusals import Reason

WRONG_ROLE = Reason(
    "access.wrong-role",
    "NĐ 30/2020/NĐ-CP, Điều 32",
    "Tài khoản của bạn không có vai trò «{role}» cần cho việc này.",
    "Your account does not have the role “{role}” that this act needs.",
)
NOT_SIGNED_IN = Reason(
    "access.not-signed-in",
    "RFC 9110, 15.5.2",
    "Bạn cần đăng nhập để làm việc này.",
    "Sign in to do this.",
)
WRONG_PASSWORD = Reason(
    "access.wrong-password",
    "RFC 9110, 15.5.2",
    "Tên đăng nhập hoặc mật khẩu không đúng.",
    "The account name or password is wrong.",
)
TOO_MANY_ATTEMPTS = Reason(
    "access.too-many-attempts",
    "RFC 6585, 4",
    "Đã nhập sai quá nhiều lần. Hãy đợi {minutes} phút rồi thử lại.",
    "Too many wrong passwords. Wait {minutes} minutes and try again.",
)
SIGN_IN_BUSY = Reason(
    "access.sign-in-busy",
    "RFC 9110, 15.6.4",
    "Đang có quá nhiều người đăng nhập cùng lúc. Hãy đợi vài giây rồi đăng nhập lại.",
    "Too many people are signing in at once. Wait a few seconds and sign in again.",
)
NOT_FOUND = Reason(
    "access.not-found",
    "RFC 9110, 15.5.5",
    "Không tìm thấy {what}. Hãy kiểm tra lại địa chỉ hoặc mã.",
    "There is no such {what}. Check the address or code.",
)
CROSS_SITE = Reason(
    "access.cross-site",
    "RFC 6454",
    "Yêu cầu đến từ một trang khác nên bị từ chối. Hãy mở lại trang này và làm lại.",
    "The request came from another site and is refused. Open this page again and repeat.",
)
IDEMPOTENCY_KEY_MISSING = Reason(
    "access.idempotency-key-missing",
    "An Tín: API, mục ghi",
    "Yêu cầu ghi cần tiêu đề Idempotency-Key để thử lại được an toàn.",
    "A write needs an Idempotency-Key header so that it can be retried safely.",
)
IDEMPOTENCY_KEY_REUSED = Reason(
    "access.idempotency-key-reused",
    "An Tín: API, mục ghi",
    "Idempotency-Key này đã dùng cho một yêu cầu khác. Hãy dùng khóa mới.",
    "This Idempotency-Key was used for another request. Use a new key.",
)
IDEMPOTENCY_IN_PROGRESS = Reason(
    "access.idempotency-in-progress",
    "An Tín: API, mục ghi",
    "Yêu cầu đầu tiên với Idempotency-Key này còn đang chạy. Hãy đợi rồi thử lại.",
    "The first request with this Idempotency-Key is still running. Wait and try again.",
)
CHANGED_MEANWHILE = Reason(
    "access.changed-meanwhile",
    "RFC 9110, 13.1.1",
    "Văn bản đã được người khác cập nhật. Hãy tải lại trang rồi làm lại.",
    "Somebody changed the document meanwhile. Reload and repeat.",
)
INVALID_REQUEST = Reason(
    "access.invalid-request",
    "RFC 9110, 15.5.21",
    "Yêu cầu chưa đúng: {what}.",
    "The request is not right: {what}.",
)
TOO_LARGE = Reason(
    "access.too-large",
    "RFC 9110, 15.5.14",
    "Tệp lớn hơn giới hạn {limit} MB của hệ thống.",
    "The file is larger than the limit of {limit} MB.",
)
UNREADABLE_BODY = Reason(
    "access.unreadable-body",
    "RFC 9110, 15.5.1; RFC 7578",
    "Biểu mẫu gửi lên không đọc được, hoặc có quá nhiều phần ({what}). Hãy tải lại trang rồi gửi lại.",
    "The form cannot be read, or has too many parts ({what}). Reload the page and send it again.",
)
