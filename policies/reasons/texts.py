"""Reasons of what people write into the records: subjects, recipients, reasons, notes."""

from policies.refusals import Reason

EMPTY = Reason(
    "written.empty",
    "NĐ 30/2020/NĐ-CP, Điều 15 và PL IV",
    "«{field}» còn trống. Hãy nhập trước khi lưu.",
    "“{field}” is empty. Fill it in first.",
)
TOO_LONG = Reason(
    "written.too-long",
    "NĐ 30/2020/NĐ-CP, Điều 15 và PL IV",
    "«{field}» dài {length} ký tự, tối đa {most}. Hãy viết ngắn lại.",
    "“{field}” has {length} characters, at most {most} are allowed. Shorten it.",
)
BAD_CHARACTER = Reason(
    "written.bad-character",
    "NĐ 30/2020/NĐ-CP, Điều 15 và PL IV; Unicode TR 36, 3.2",
    "«{field}» có ký tự ẩn {code} làm sai cách hiển thị hoặc không ghi được vào sổ. Hãy xóa ký tự đó, "
    "hoặc gõ lại thay vì dán từ nơi khác.",
    "“{field}” has the hidden character {code}, which changes how the text looks or cannot stand in a register. "
    "Remove it, or type the text instead of pasting it.",
)
