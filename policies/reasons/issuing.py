"""Reasons of the issuing path: the order of acts, numbers, dates, authority."""

from policies.refusals import Reason

WRONG_ORDER = Reason(
    "issuing.wrong-order",
    "NĐ 30/2020/NĐ-CP, Điều 14",
    "Văn bản đang ở trạng thái «{state}», chưa thể {act}. Thứ tự: ký số của lãnh đạo, cấp số và ngày, "
    "vào sổ, ký số cơ quan, phát hành, lưu.",
    "The document is in state “{state}”, so this act ({act}) is not possible yet. The order is: leader signs, "
    "number and date, register, agency seals, issue, keep.",
)
