"""Reasons of access: accounts, roles, tokens, requests."""

from policies.refusals import Reason

WRONG_ROLE = Reason(
    "access.wrong-role",
    "NĐ 30/2020/NĐ-CP, Điều 32",
    "Tài khoản của bạn không có vai trò «{role}» cần cho việc này.",
    "Your account does not have the role “{role}” that this act needs.",
)
