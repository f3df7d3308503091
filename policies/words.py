"""States, acts and roles in the words of officials: (Vietnamese, English)."""

from __future__ import annotations

from policies.vocabulary import Role, State

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
