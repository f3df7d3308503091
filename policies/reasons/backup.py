"""Reasons of backup and restore."""

from policies.refusals import Reason

_BASIS = "An Tín: sao lưu và khôi phục"

DAMAGED = Reason(
    "backup.damaged",
    _BASIS,
    "Bản sao lưu bị hỏng hoặc chưa ghi xong ({what}). Chưa có gì được khôi phục; hãy dùng bản sao lưu khác.",
    "The backup is damaged, or was not finished ({what}). Nothing was restored; use another backup.",
)
WRONG_PASSPHRASE = Reason(
    "backup.wrong-passphrase",
    _BASIS,
    "Mật khẩu không mở được phần khóa của bản sao lưu, hoặc bản sao lưu đã bị sửa. Chưa có gì được khôi phục.",
    "The passphrase does not open the keys of the backup, or the backup was changed. Nothing was restored.",
)
WEAK_PASSPHRASE = Reason(
    "backup.weak-passphrase",
    _BASIS,
    "Mật khẩu bảo vệ khóa phải có ít nhất {least} ký tự.",
    "The passphrase that protects the keys needs at least {least} characters.",
)
NO_KEYS = Reason(
    "backup.no-keys",
    _BASIS,
    "Bản sao lưu này không chứa khóa. Hãy bỏ tùy chọn mật khẩu, và đặt lại khóa từ nơi cất riêng.",
    "This backup holds no keys. Leave the passphrase out, and put the keys back from where they are kept.",
)
NOT_EMPTY = Reason(
    "backup.not-empty",
    _BASIS,
    "Nơi khôi phục đã có dữ liệu ({what}). Chỉ khôi phục vào thư mục và cơ sở dữ liệu trống.",
    "There are data already ({what}). Restore into an empty folder and an empty database only.",
)
NEWER_SCHEMA = Reason(
    "backup.newer-schema",
    _BASIS,
    "Bản sao lưu có cấu trúc dữ liệu {revision} mà phiên bản An Tín này chưa biết. Hãy cài phiên bản mới hơn rồi khôi phục.",
    "The backup has the data structure {revision}, which this release does not know. Install a newer release first.",
)
OTHER_ENGINE = Reason(
    "backup.other-engine",
    _BASIS,
    "Bản sao lưu của PostgreSQL chỉ khôi phục được vào PostgreSQL. Hãy đặt database_url.",
    "A backup of PostgreSQL goes into PostgreSQL only. Set database_url.",
)
OTHER_LOG = Reason(
    "backup.other-log",
    _BASIS,
    "Khóa nhật ký ở nơi khôi phục ({found}) không phải khóa của bản sao lưu ({expected}).",
    "The log key that is here ({found}) is not the one of the backup ({expected}).",
)
INTERRUPTED = Reason(
    "backup.interrupted",
    _BASIS,
    "Lần khôi phục trước bị ngắt giữa chừng. Hãy chạy lại antin restore với đúng bản sao lưu đó.",
    "A restore was interrupted here. Run antin restore again with the same backup.",
)
