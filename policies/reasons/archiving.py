"""Reasons of the archive: storage, registers, log, receipts."""

from policies.refusals import Reason

RETENTION_SHORTENED = Reason(
    "archive.retention-shortened",
    "Luật Lưu trữ 33/2024/QH15, Điều 15",
    "Thời hạn lưu giữ chỉ được kéo dài, không được rút ngắn.",
    "Retention may only be extended, never shortened.",
)
