"""What an audit of the archive finds, by its id: the words for an official; the place and the detail stand beside."""

TEXTS: dict[str, tuple[str, str]] = {
    "fsck.object.missing": ("Thiếu tệp trong kho lưu trữ", "A stored object is missing"),
    "fsck.object.bytes-changed": (
        "Nội dung tệp trong kho đã bị thay đổi",
        "The bytes of a stored object changed",
    ),
    "fsck.object.head-differs": (
        "Thông tin của tệp trong kho khác với danh mục",
        "A stored object's size or digest differs from the catalogue",
    ),
    "fsck.object.without-row": (
        "Có tệp trong kho mà danh mục không ghi",
        "A stored object is not in the catalogue",
    ),
    "fsck.object.unreadable": ("Không đọc được tệp trong kho", "A stored object cannot be read"),
    "fsck.object.shadowed": (
        "Có bản khác hoặc dấu xóa chồng lên tệp trong kho",
        "A version or a delete marker lies over a stored object",
    ),
    "fsck.lock.softer": (
        "Khóa lưu giữ của tệp yếu hơn danh mục ghi",
        "The lock of a stored object is softer than the catalogue says",
    ),
    "fsck.hold.missing": (
        "Tệp không còn lệnh tạm giữ mà danh mục ghi",
        "A stored object lacks the legal hold that the catalogue has on it",
    ),
    "fsck.hold.unknown": (
        "Tệp có lệnh tạm giữ mà danh mục không ghi",
        "A stored object has a legal hold that the catalogue does not know",
    ),
    "fsck.retention.shortened": ("Thời hạn bảo quản đã bị rút ngắn", "The retention period was shortened"),
    "fsck.record.malformed": ("Bản ghi lưu trữ sai cấu trúc", "An archive record is malformed"),
    "fsck.record.differs": (
        "Bản ghi lưu trữ khác với danh mục hoặc nhật ký",
        "An archive record differs from catalogue or log",
    ),
    "fsck.record.unlogged": (
        "Bản ghi không có trong nhật ký: lưu ngay trước khi mất dữ liệu, hoặc do người ngoài đặt vào",
        "A record that the log does not speak for: archived right before the loss, or put there by somebody else",
    ),
    "fsck.row.missing": ("Danh mục thiếu một dòng", "A row of the catalogue is missing"),
    "fsck.row.differs": ("Một dòng của danh mục đã bị thay đổi", "A row of the catalogue was changed"),
    "fsck.row.dangling": (
        "Danh mục có dòng không thuộc văn bản nào",
        "A row of the catalogue belongs to no document",
    ),
    "fsck.deposit.left": ("Có lần lưu trữ chưa hoàn tất", "A deposit was left unfinished"),
    "fsck.leaf.missing": (
        "Nhật ký và danh mục không khớp: thiếu một mục",
        "Log and catalogue disagree: an entry is missing",
    ),
    "fsck.leaf.malformed": ("Mục nhật ký sai cấu trúc", "A log entry is malformed"),
    "fsck.leaf.differs": ("Mục nhật ký khác với danh mục", "A log entry differs from the catalogue"),
    "fsck.leaf.unopened": (
        "Mục nhật ký không còn bản ghi nào giải thích",
        "A log entry that nothing in the archive explains any more",
    ),
    "fsck.leaf.pending": ("Đang chờ ghi vào nhật ký", "Waits to be entered in the log"),
    "fsck.openings.missing": (
        "Kho thiếu dữ liệu để dựng lại sổ cấp số và dấu vết thao tác",
        "The store lacks what registers and audit would be rebuilt from",
    ),
    "fsck.openings.differ": (
        "Dữ liệu dự phòng của sổ cấp số, dấu vết thao tác khác với danh mục",
        "What registers and audit would be rebuilt from differs from the catalogue",
    ),
    "fsck.copy.missing": ("Kho thứ hai thiếu bản sao", "The second store lacks a copy"),
    "fsck.copy.owed": ("Chờ chép sang kho thứ hai", "Waits to be copied into the second store"),
    "fsck.copy.row-differs": (
        "Danh mục của hai kho ghi khác nhau về cùng một đối tượng",
        "The rows of the two stores say other bytes of the same object",
    ),
    "fsck.openings.broken": (
        "Dữ liệu dự phòng của sổ cấp số, dấu vết thao tác bị hỏng hoặc thiếu",
        "What registers and audit are rebuilt from is damaged or missing",
    ),
    "fsck.log.tile-differs": ("Dữ liệu nhật ký đã bị thay đổi", "Data of the log was changed"),
    "fsck.log.tile-missing": ("Thiếu hoặc cụt dữ liệu nhật ký", "Data of the log is missing or cut"),
    "fsck.log.root-differs": ("Giá trị gốc của nhật ký không khớp", "The root of the log differs"),
    "fsck.log.checkpoint-missing": ("Thiếu điểm kiểm tra của nhật ký", "The log's checkpoint is missing"),
    "fsck.log.checkpoint-broken": (
        "Điểm kiểm tra của nhật ký không hợp lệ",
        "The log's checkpoint is not valid",
    ),
    "fsck.log.checkpoint-older": (
        "Nhật ký đã bị lùi về trạng thái cũ",
        "The log was set back to an older state",
    ),
    "fsck.log.checkpoint-rewritten": (
        "Điểm kiểm tra của nhật ký đã bị viết lại",
        "The log's checkpoint was rewritten",
    ),
    "fsck.number.gap": ("Dãy số bị cách quãng", "The series of numbers has a gap"),
    "fsck.number.changed": ("Số đã cấp bị thay đổi", "A number that was given was changed"),
    "fsck.number.missing": (
        "Số đã cấp không còn trong sổ",
        "A number that was given is missing in the register",
    ),
    "fsck.number.claimed": (
        "Văn bản mang số mà sổ không cấp cho nó",
        "A document bears a number that the register did not give it",
    ),
    "fsck.number.series-closed": (
        "Dãy số chờ xác nhận số cuối sau khi dựng lại danh mục",
        "A series waits until its last number is confirmed after a rebuild",
    ),
    "fsck.number.out-of-order": (
        "Ngày của các số không theo thứ tự",
        "The dates of the numbers are out of order",
    ),
    "fsck.number.series-differs": (
        "Bộ đếm của dãy số không khớp với sổ",
        "The counter of a series differs from its register",
    ),
    "fsck.register.differs": ("Sổ đăng ký khác với số đã cấp", "The register differs from the numbers given"),
    "fsck.journal.broken": ("Chuỗi ghi nhận cấp số bị đứt", "The journal of numbers is broken"),
    "fsck.journal.shortened": ("Chuỗi ghi nhận đã bị cắt bớt", "A journal was shortened"),
    "fsck.journal.head-differs": (
        "Chuỗi ghi nhận khác với cam kết trong nhật ký",
        "A journal differs from what the log commits to",
    ),
    "fsck.audit.broken": ("Chuỗi dấu vết thao tác bị đứt", "The audit chain is broken"),
    "fsck.retention.lock-ends": (
        "Khóa lưu trữ sắp hết trong khi tài liệu còn phải giữ",
        "A lock ends soon although the record is to be kept",
    ),
    "fsck.hold.not-on-row": ("Tài liệu bị tạm giữ nhưng chưa được giữ lại", "A held record is not held"),
    "fsck.hold.differs": ("Lệnh tạm giữ khác với bản lưu", "A hold differs from what was archived of it"),
    "fsck.dossier.version-missing": ("Thiếu một lần thay đổi của hồ sơ", "A version of a dossier is missing"),
    "fsck.dossier.differs": ("Thông tin hồ sơ khác với bản lưu", "A dossier differs from its records"),
    "fsck.dossier.entry-differs": (
        "Văn bản trong hồ sơ khác với bản lưu",
        "What lies in a dossier differs from its records",
    ),
    "fsck.dossier.list-differs": (
        "Mục lục hồ sơ khác với văn bản trong hồ sơ",
        "The list of a dossier differs from what lay in it",
    ),
    "fsck.dossier.file-differs": (
        "Thông tin tệp trong hồ sơ khác với bản lưu",
        "A file of a dossier differs from its records",
    ),
}
