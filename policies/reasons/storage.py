"""Reasons of the object store, for the operator: why it takes nothing now, and what helps."""

from policies.refusals import Reason

GUIDE = "An Tín: docs/storage.md"

UNREACHABLE = Reason(
    "store.unreachable",
    GUIDE,
    "Không kết nối được với kho S3. Hãy kiểm tra địa chỉ (endpoint), mạng và máy chủ; hệ thống tự hoạt động lại "
    "khi kho nhận kết nối.",
    "No connection to the S3 store. Check the endpoint, the network and the server; the service goes on by itself "
    "when the store takes connections.",
)
SILENT = Reason(
    "store.silent",
    GUIDE,
    "Kho S3 không trả lời đúng hạn hoặc ngắt kết nối giữa chừng, nên chưa biết dữ liệu đã được giữ hay chưa; hệ "
    "thống sẽ kiểm tra và làm lại. Nếu kéo dài, hãy xem tải và mạng của máy chủ.",
    "The S3 store did not answer in time or broke the connection: whether it kept the bytes is not known, and the "
    "service looks and repeats. If it lasts, look at the server's load and network.",
)
BUSY = Reason(
    "store.busy",
    GUIDE,
    "Kho S3 báo quá tải hoặc lỗi nội bộ. Hệ thống sẽ thử lại; nếu kéo dài, hãy xem nhật ký, tải và ổ đĩa của kho.",
    "The S3 store says that it is overloaded or has an internal error. The service tries again; if it lasts, see "
    "the store's log, load and disks.",
)
NOT_WRITABLE = Reason(
    "store.not-writable",
    GUIDE,
    "Kho S3 vẫn đọc được nhưng không ghi được, thường vì đầy đĩa hoặc hết volume. Hãy xem dung lượng và nhật ký của "
    "kho; chưa có gì bị mất.",
    "The S3 store can be read and not written to, mostly because a disk is full or no volume is free. See its space "
    "and its log; nothing was lost.",
)
CONNECTIONS = Reason(
    "store.connections",
    GUIDE,
    "Mọi kết nối của tiến trình này tới kho S3 đều bận quá lâu. Hãy xem kho có chậm không; nếu kho còn sức, hãy "
    "tăng số kết nối.",
    "All of this process's connections to the S3 store have been in use for too long. See whether the store is "
    "slow; if it has room, raise the number of connections.",
)
CERTIFICATE = Reason(
    "store.certificate",
    GUIDE,
    "Chứng thư TLS của kho S3 không hợp lệ (tự ký, sai tên, hết hạn) hoặc cổng không dùng TLS. Hãy sửa chứng thư "
    "của máy chủ, hoặc khai đúng tệp CA; không bao giờ bỏ qua kiểm tra này.",
    "The S3 store's TLS certificate does not hold (self-signed, another name, expired), or the port speaks no TLS. "
    "Mend the server's certificate or name the right CA file; this check is never skipped.",
)
NOT_S3 = Reason(
    "store.not-s3",
    GUIDE,
    "Địa chỉ kho trả lời không đúng giao thức S3 (có thể là proxy, trang web khác, hoặc sai http/https). Hãy kiểm "
    "tra địa chỉ (endpoint).",
    "What answers at the endpoint does not speak S3 (a proxy, another site, or http for https). Check the endpoint.",
)
CREDENTIALS = Reason(
    "store.credentials",
    GUIDE,
    "Kho S3 không nhận khóa truy cập: sai, đã hết hạn hoặc đã bị khóa. Hãy cấp khóa mới và cập nhật cấu hình.",
    "The S3 store does not accept the access key: wrong, expired or disabled. Issue a new one and configure it.",
)
ACCESS_DENIED = Reason(
    "store.access-denied",
    GUIDE,
    "Tài khoản của hệ thống thiếu quyền trên kho S3. Hãy cấp các quyền ghi trong docs/storage.md cho khóa truy cập "
    "này.",
    "The service's account lacks a right in the S3 store. Grant its access key the rights listed in "
    "docs/storage.md.",
)
CLOCK_SKEW = Reason(
    "store.clock-skew",
    GUIDE,
    "Đồng hồ của máy này và của kho S3 lệch nhau quá nhiều, nên kho không nhận yêu cầu. Hãy bật đồng bộ giờ (NTP) "
    "trên cả hai máy.",
    "The clocks of this machine and of the S3 store differ too much, so that it accepts no request. Synchronise "
    "both (NTP).",
)
NO_BUCKET = Reason(
    "store.no-bucket",
    GUIDE,
    "Không có bucket đã khai trong kho S3. Hãy kiểm tra tên, hoặc tạo bucket mới với Object Lock bật sẵn.",
    "The S3 store has no such bucket. Check its name, or make one with Object Lock enabled.",
)
REGION = Reason(
    "store.region",
    GUIDE,
    "Bucket nằm ở vùng (region) hoặc địa chỉ khác với cấu hình. Hãy sửa region và endpoint.",
    "The bucket is in another region, or at another address, than configured. Mend region and endpoint.",
)
NO_OBJECT_LOCK = Reason(
    "store.no-object-lock",
    GUIDE,
    "Bucket không bật Object Lock, nên không giữ được tài liệu theo luật. Object Lock chỉ bật được chắc chắn khi "
    "tạo bucket: hãy tạo bucket mới có Object Lock và khai tên đó.",
    "The bucket has no Object Lock, so it cannot keep records as the law asks. Make a new bucket with Object Lock "
    "enabled and configure its name.",
)
NO_VERSIONING = Reason(
    "store.no-versioning",
    GUIDE,
    "Bucket không bật (hoặc đã tạm ngừng) lưu phiên bản, nên có thể bị ghi đè. Hãy bật lại Versioning của bucket.",
    "Versioning of the bucket is off or suspended, so that objects can be overwritten. Enable it again.",
)
LOCK_REFUSED = Reason(
    "store.lock-refused",
    GUIDE,
    "Kho S3 không nhận thời hạn khóa đã yêu cầu. Hãy kiểm tra Object Lock của bucket và đồng hồ của hai máy.",
    "The S3 store does not accept the lock asked for. Check the bucket's Object Lock and both machines' clocks.",
)
HARDENING_DENIED = Reason(
    "store.hardening-denied",
    GUIDE,
    "Kho S3 không cho chuyển khóa từ GOVERNANCE sang COMPLIANCE khi tài khoản không có quyền "
    "s3:BypassGovernanceRetention. Hãy cấp quyền đó cho tài khoản của dịch vụ (antin storage prepare --may-harden).",
    "The S3 store lets nobody turn a GOVERNANCE lock into COMPLIANCE without the right "
    "s3:BypassGovernanceRetention. Grant it to the service's account (antin storage prepare --may-harden).",
)
FULL = Reason(
    "store.full",
    GUIDE,
    "Kho S3 đã hết chỗ hoặc hết hạn mức. Hãy thêm ổ đĩa hoặc hạn mức; chưa có gì bị mất.",
    "The S3 store is full or at its quota. Add disks or raise the quota; nothing was lost.",
)
SPOILED_UNDERWAY = Reason(
    "store.spoiled-underway",
    GUIDE,
    "Dữ liệu tới kho S3 không khớp mã kiểm tra, nên kho không nhận. Hệ thống sẽ gửi lại; nếu kéo dài, hãy kiểm tra "
    "mạng và bộ nhớ của các máy.",
    "The bytes that reached the S3 store did not match their checksum and were not taken. The service sends them "
    "again; if it lasts, check network and memory.",
)
NOT_SHOWN = Reason(
    "store.not-shown",
    GUIDE,
    "Kho S3 báo đã nhận dữ liệu nhưng chưa cho thấy. Hệ thống sẽ kiểm tra lại; nếu kéo dài, hãy xem nhật ký của kho.",
    "The S3 store said that it took the bytes and does not show them yet. The service looks again; if it lasts, "
    "see the store's log.",
)
LACKS = Reason(
    "store.lacks",
    GUIDE,
    "Kho S3 không có chức năng mà hệ thống cần. Hãy dùng máy chủ và phiên bản có tên trong docs/storage.md.",
    "The S3 store lacks a function that the service needs. Use a server and version named in docs/storage.md.",
)
UNEXPECTED = Reason(
    "store.unexpected",
    GUIDE,
    "Kho S3 trả lời lỗi ngoài dự kiến. Chưa có gì được coi là đã lưu; hãy xem nhật ký của kho và của hệ thống.",
    "The S3 store answered with an unexpected error. Nothing is called archived; see the logs of the store and of "
    "the service.",
)
ARCHIVING_STOPPED = Reason(
    "archive.stopped",
    "Luật Lưu trữ 33/2024/QH15, Điều 33; An Tín: docs/storage.md",
    "Đã dừng lưu trữ vì kho không bảo đảm giữ nguyên tài liệu: {what} Văn bản đang chờ được giữ nguyên và tự lưu sau khi "
    "lần kiểm tra tiếp theo đạt.",
    "Archiving has stopped because the store does not keep what it is given: {what} Documents that wait are safe and "
    "are archived by themselves after the next check that holds.",
)
LOCKS_UNKNOWN = Reason(
    "store.locks-unknown",
    GUIDE,
    "Chưa biết kho có giữ được khóa hay không, nên chưa lưu trữ gì. Việc kiểm tra tự lặp lại; hãy xem `antin storage "
    "check`.",
    "Whether the store keeps its locks is not known, so nothing is archived yet. The check repeats by itself; see "
    "`antin storage check`.",
)
DIRECTORY_ENFORCES_NOTHING = Reason(
    "store.directory",
    GUIDE,
    "Kho là một thư mục trên máy này: chỉ phần mềm giữ khóa, người quản trị máy vẫn xóa hoặc sửa được. Chỉ dùng để thử "
    "nghiệm.",
    "The store is a directory of this machine: the service alone keeps its locks, and whoever runs the machine can "
    "delete or change what lies there. For trials only.",
)
