"""Reasons of the database, for the operator: why it takes nothing now, and what helps."""

from policies.refusals import Reason

GUIDE = "An Tín: operator.md, “PostgreSQL”"

POOL_EXHAUSTED = Reason(
    "database.pool-exhausted",
    GUIDE,
    "Mọi kết nối cơ sở dữ liệu của tiến trình này đều đang bận quá lâu. Hãy xem lệnh nào giữ kết nối "
    "(pg_stat_activity); nếu máy chủ còn sức, hãy tăng database_connections.",
    "All database connections of this process have been in use for too long. See what holds them "
    "(pg_stat_activity); if the server has room, raise database_connections.",
)
UNREACHABLE = Reason(
    "database.unreachable",
    GUIDE,
    "Không kết nối được với cơ sở dữ liệu. Hãy kiểm tra máy chủ, mạng, database_url (tên, mật khẩu) và "
    "max_connections; hệ thống tự hoạt động lại khi cơ sở dữ liệu nhận kết nối.",
    "No connection to the database. Check the server, the network, database_url (name, password) and "
    "max_connections; the service goes on by itself when the database takes connections.",
)
NO_RIGHT = Reason(
    "database.no-right",
    GUIDE,
    "Tài khoản trong database_url thiếu quyền trên cơ sở dữ liệu. Hãy cấp quyền rồi thử lại.",
    "The account in database_url lacks a right in the database. Grant it and try again.",
)
TOO_SLOW = Reason(
    "database.too-slow",
    GUIDE,
    "Cơ sở dữ liệu không làm xong một lệnh trong thời hạn. Hãy xem tải của máy chủ, ổ đĩa và khóa đang bị giữ "
    "(pg_locks).",
    "The database did not finish a statement in time. Look at the server's load, its disk, and locks that are "
    "held (pg_locks).",
)
FULL = Reason(
    "database.full",
    GUIDE,
    "Ổ đĩa hoặc bộ nhớ của cơ sở dữ liệu đã đầy. Hãy giải phóng chỗ; chưa có gì bị mất.",
    "The disk or memory of the database is full. Make room; nothing was lost.",
)
CONFLICT = Reason(
    "database.conflict",
    GUIDE,
    "Hai việc cùng lúc chờ nhau trong cơ sở dữ liệu, một việc đã được hủy. Hãy làm lại việc đó.",
    "Two acts waited for each other in the database, and one was taken back. Do it again.",
)
FAILING = Reason(
    "database.failing",
    GUIDE,
    "Cơ sở dữ liệu báo lỗi đọc hoặc ghi. Hãy xem nhật ký của máy chủ cơ sở dữ liệu và ổ đĩa.",
    "The database reports errors of reading or writing. See the log of the database server, and its disk.",
)
NOT_STORABLE = Reason(
    "database.not-storable",
    "RFC 9110, 15.5.21",
    "Yêu cầu chứa ký tự, số hoặc độ dài mà hệ thống không lưu được (ví dụ ký tự rỗng). Hãy sửa rồi gửi lại.",
    "The request holds a character, figure or length that cannot be stored (a null character, say). Correct it and "
    "send it again.",
)
SCHEMA_BEHIND = Reason(
    "database.schema-behind",
    GUIDE,
    "Cơ sở dữ liệu ở phiên bản {found}, phần mềm này cần {needed}. Hãy chạy «antin migrate».",
    "The database is at version {found}, this release needs {needed}. Run “antin migrate”.",
)
SCHEMA_UNKNOWN = Reason(
    "database.schema-unknown",
    GUIDE,
    "Cơ sở dữ liệu ở phiên bản {found} mà phần mềm này không biết và không được phép ghi. Hãy dùng bản phần mềm "
    "mới hơn.",
    "The database is at version {found}, which this release does not know and must not write to. Use a newer "
    "release.",
)
MIGRATION_BROKEN = Reason(
    "database.migration-broken",
    GUIDE,
    "Chuyển phiên bản cơ sở dữ liệu từ {found} không thành; cơ sở dữ liệu vẫn như cũ. Hãy xem nhật ký, xử lý "
    "nguyên nhân rồi chạy lại «antin migrate».",
    "The database could not be brought on from version {found}; it is as it was. See the log, mend the cause, and "
    "run “antin migrate” again.",
)
