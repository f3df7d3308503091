"""States, acts and roles in the words of officials: (Vietnamese, English)."""

from __future__ import annotations

from policies.vocabulary import Role, State, TrustDomain

STATES: dict[State, tuple[str, str]] = {
    State.DRAFT: ("Dự thảo", "draft"),
    State.PREPARED: ("Chờ ký", "to sign"),
    State.SIGNED: ("Chờ dấu thời gian", "awaiting time-stamp"),
    State.LEADER_TIMESTAMPED: ("Chờ cấp số, ký số cơ quan", "to number and seal"),
    State.SEALED: ("Đã ký số cơ quan, chờ dấu thời gian", "sealed, awaiting time-stamp"),
    State.SEAL_TIMESTAMPED: ("Chờ kiểm tra", "to validate"),
    State.VALIDATED: ("Chờ lưu trữ", "to archive"),
    State.ARCHIVED: ("Chờ phát hành", "to issue"),
    State.ISSUED: ("Đã phát hành", "issued"),
    State.FILED: ("Đã lưu hồ sơ", "filed"),
    State.RETURNED: ("Đã trả lại", "returned"),
    State.VOIDED: ("Đã hủy", "voided"),
    State.STOPPED: ("Tạm dừng, chờ kiểm tra", "stopped, an operator must look"),
}

ROLES: dict[Role, tuple[str, str]] = {
    Role.LEADER: ("Lãnh đạo", "leader"),
    Role.CLERK: ("Văn thư", "clerk"),
    Role.AUDITOR: ("Người kiểm tra", "auditor"),
    Role.PUBLIC: ("Người dân", "public"),
}

DOMAINS: dict[TrustDomain, tuple[str, str]] = {
    TrustDomain.OFFICIAL_DUTY: ("chuyên dùng công vụ", "official duty"),
    TrustDomain.PUBLIC: ("công cộng", "public"),
    TrustDomain.FOREIGN: ("nước ngoài", "foreign"),
    TrustDomain.DEMO: ("thử nghiệm (DEMO)", "demo"),
}

# What happened, as the timeline of a document and the audit trail tell it; by the name in the audit row.
ACTS: dict[str, tuple[str, str]] = {
    "receive": ("Tiếp nhận dự thảo", "received"),
    "prepare": ("Trình ký", "submitted"),
    "withdraw": ("Rút lại", "taken back"),
    "resubmit": ("Soạn lại", "revised"),
    "initial": ("Ký nháy", "initialled"),
    "initialled": ("Ký nháy, có dấu thời gian", "initials time-stamped"),
    "sign": ("Ký số", "signed"),
    "sign-batch": ("Ký số nhiều văn bản", "many signed"),
    "stamp-leader": ("Gắn dấu thời gian vào chữ ký của lãnh đạo", "leader's signature time-stamped"),
    "return": ("Trả lại", "returned"),
    "number": ("Cấp số, vào sổ", "numbered and registered"),
    "seal": ("Ký số cơ quan", "sealed"),
    "stamp-seal": ("Gắn dấu thời gian vào chữ ký số cơ quan", "seal time-stamped"),
    "validate": ("Kiểm tra chữ ký hai lần", "validated twice"),
    "finish": ("Gắn dấu thời gian, kiểm tra, lưu trữ", "time-stamp, validate, archive"),
    "archive": ("Lưu trữ", "archived"),
    "renew": ("Gia hạn bằng chứng", "evidence renewed"),
    "augment": ("Bổ sung dữ liệu kiểm tra lâu dài", "validation data added"),
    "crosscheck": ("Đối chiếu bằng công cụ độc lập", "cross-checked"),
    "issue": ("Phát hành", "issued"),
    "report": ("Ký báo cáo kiểm tra chữ ký", "validation report sealed"),
    "file": ("Lưu hồ sơ", "filed"),
    "unfile": ("Rút khỏi hồ sơ", "taken out of a dossier"),
    "open-dossier": ("Mở hồ sơ", "dossier opened"),
    "change-dossier": ("Sửa thông tin hồ sơ", "dossier changed"),
    "file-file": ("Đưa tệp vào hồ sơ", "file put into the dossier"),
    "close-dossier": ("Kết thúc hồ sơ", "dossier closed"),
    "reopen-dossier": ("Mở lại hồ sơ", "dossier reopened"),
    "hold": ("Tạm giữ theo yêu cầu pháp lý", "put under a legal hold"),
    "ask-release": ("Đề nghị gỡ tạm giữ", "release of the hold asked for"),
    "refuse-release": ("Không đồng ý gỡ tạm giữ", "release of the hold refused"),
    "release": ("Xác nhận gỡ tạm giữ", "release of the hold confirmed"),
    "recall": ("Thu hồi", "recalled"),
    "void": ("Hủy", "voided"),
    "stop": ("Tạm dừng để kiểm tra", "stopped"),
    "resume": ("Cho tiếp tục", "resumed"),
}
