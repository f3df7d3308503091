"""Reasons of keeping: dossiers, retention, legal holds."""

from policies.refusals import Reason

REASON_NEEDED = Reason(
    "keeping.reason-needed",
    "NĐ 30/2020/NĐ-CP, Điều 29",
    "Việc này cần ghi rõ lý do. Hãy nhập lý do rồi làm lại.",
    "This act needs a reason. Enter it and repeat.",
)

# Dossiers.
NO_DOSSIER = Reason(
    "keeping.no-dossier",
    "NĐ 30/2020/NĐ-CP, Điều 29",
    "Không tìm thấy hồ sơ. Hãy kiểm tra lại mã hồ sơ hoặc chọn hồ sơ trong danh sách.",
    "There is no such dossier. Check its code or choose one from the list.",
)
CHOOSE_DOSSIER = Reason(
    "keeping.choose-dossier",
    "NĐ 30/2020/NĐ-CP, Điều 29",
    "Lưu hồ sơ là đưa văn bản vào một hồ sơ. Hãy chọn ít nhất một hồ sơ đang mở.",
    "To file a document is to put it into a dossier. Choose at least one open dossier.",
)
CHOOSE_DOCUMENT = Reason(
    "keeping.choose-document",
    "NĐ 30/2020/NĐ-CP, Điều 29",
    "Chưa chọn văn bản nào. Hãy chọn ít nhất một văn bản đã phát hành.",
    "No document was chosen. Choose at least one issued document.",
)
DOSSIER_EXISTS = Reason(
    "keeping.dossier-exists",
    "NĐ 30/2020/NĐ-CP, PL V và PL VI",
    "Đã có hồ sơ mang mã {code}. Hãy dùng hồ sơ đó, hoặc chọn số, ký hiệu khác.",
    "There is a dossier with the code {code} already. Use it, or choose another notation.",
)
WRONG_DOSSIER_STATE = Reason(
    "keeping.wrong-dossier-state",
    "NĐ 30/2020/NĐ-CP, Điều 29",
    "Hồ sơ ở trạng thái «{state_vi}» nên không thể {act_vi}.",
    "The dossier is {state_en}, so one cannot {act_en} now.",
)
DOSSIER_CHANGED = Reason(
    "keeping.dossier-changed",
    "RFC 9110, 13.1.1",
    "Hồ sơ đã được người khác cập nhật. Hãy tải lại trang rồi làm lại.",
    "Somebody changed the dossier meanwhile. Reload and repeat.",
)
BAD_NOTATION = Reason(
    "keeping.bad-notation",
    "NĐ 30/2020/NĐ-CP, PL V và PL VI",
    "Số, ký hiệu hồ sơ «{notation}» chưa đúng. Dùng 1–20 chữ, số, dấu chấm hoặc gạch nối, ví dụ 01.TCCB.",
    "The dossier's notation “{notation}” is not well formed: 1–20 letters, digits, points or hyphens, as 01.TCCB.",
)
FIELD_EMPTY = Reason(
    "keeping.field-empty",
    "NĐ 30/2020/NĐ-CP, PL VI",
    "«{field}» còn trống. Hãy nhập trước khi lưu.",
    "“{field}” is empty. Fill it in first.",
)
FIELD_TOO_LONG = Reason(
    "keeping.field-too-long",
    "NĐ 30/2020/NĐ-CP, PL VI",
    "«{field}» dài {length} ký tự, tối đa {most}. Hãy viết ngắn lại.",
    "“{field}” has {length} characters, at most {most} are allowed. Shorten it.",
)
BAD_DOSSIER_YEAR = Reason(
    "keeping.bad-dossier-year",
    "NĐ 30/2020/NĐ-CP, Điều 28 và PL VI",
    "Năm {year} của danh mục hồ sơ không hợp lệ. Hãy chọn năm hình thành hồ sơ.",
    "{year} cannot be the year of a list of dossiers. Choose the year in which the dossier begins.",
)
START_IN_FUTURE = Reason(
    "keeping.start-in-future",
    "NĐ 30/2020/NĐ-CP, PL VI",
    "Ngày bắt đầu {date} muộn hơn hôm nay {today}.",
    "The dossier's first day {date} lies after today, {today}.",
)
UNKNOWN_CHOICE = Reason(
    "keeping.unknown-choice",
    "NĐ 30/2020/NĐ-CP, PL VI; TT 05/2025/TT-BNV",
    "«{value}» không có trong danh mục. Hãy chọn: {known}.",
    "“{value}” is not in the list. Choose: {known}.",
)
DOSSIER_FULL = Reason(
    "keeping.dossier-full",
    "NĐ 30/2020/NĐ-CP, PL VI (DocTotal)",
    "Một hồ sơ có tối đa {most} văn bản, tài liệu. Hãy mở hồ sơ (tập) tiếp theo.",
    "A dossier holds at most {most} documents. Open the next one.",
)
NOT_FILEABLE = Reason(
    "keeping.not-fileable",
    "NĐ 30/2020/NĐ-CP, Điều 19 và Điều 29",
    "Văn bản «{what}» đang ở trạng thái «{state}» nên chưa đưa vào hồ sơ được. Chỉ lưu văn bản đã phát hành.",
    "The document “{what}” is in state “{state}” and cannot be filed yet. Only issued documents are.",
)
FILED_ALREADY = Reason(
    "keeping.filed-already",
    "NĐ 30/2020/NĐ-CP, PL VI",
    "«{what}» đã có trong hồ sơ {code}. Mỗi văn bản chỉ lưu một lần trong một hồ sơ.",
    "“{what}” is in the dossier {code} already. A document lies in a dossier once.",
)
NO_ENTRY = Reason(
    "keeping.no-entry",
    "NĐ 30/2020/NĐ-CP, PL V",
    "Hồ sơ không có mục số {entry}, hoặc mục đó đã được rút ra.",
    "The dossier has no entry {entry}, or it was taken out.",
)
ENTRY_LISTED = Reason(
    "keeping.entry-listed",
    "Luật Lưu trữ 33/2024/QH15, Điều 15 và Điều 16",
    "Mục số {entry} đã nằm trong mục lục khi hồ sơ kết thúc nên không rút ra được nữa. Chỉ hội đồng xác định giá "
    "trị mới quyết định loại tài liệu khỏi hồ sơ.",
    "Entry {entry} stood in the list when the dossier was closed and cannot be taken out any more. Only an "
    "appraisal may take records out of a dossier.",
)
EMPTY_DOSSIER = Reason(
    "keeping.empty-dossier",
    "NĐ 30/2020/NĐ-CP, Điều 29",
    "Hồ sơ chưa có văn bản, tài liệu nào nên chưa kết thúc được.",
    "There is nothing in the dossier yet, so it cannot be closed.",
)
ENDED_IN_FUTURE = Reason(
    "keeping.ended-in-future",
    "Luật Lưu trữ 33/2024/QH15, Điều 15",
    "Ngày kết thúc công việc {date} muộn hơn hôm nay {today}.",
    "The work cannot have ended on {date}: today is {today}.",
)
ENDED_TOO_EARLY = Reason(
    "keeping.ended-too-early",
    "Luật Lưu trữ 33/2024/QH15, Điều 15",
    "Ngày kết thúc công việc {date} sớm hơn ngày {latest} của hồ sơ hoặc của văn bản trong hồ sơ. Thời hạn lưu trữ "
    "tính từ năm công việc thực sự kết thúc.",
    "The work cannot have ended on {date}: the dossier begins, or has a document dated, {latest}. The period is "
    "counted from the year in which the work really ended.",
)

# Files in dossiers.
NO_FILE = Reason(
    "keeping.no-file",
    "NĐ 30/2020/NĐ-CP, Điều 29",
    "Không tìm thấy tệp trong hồ sơ. Hãy kiểm tra lại.",
    "There is no such file in the dossier. Check again.",
)
BAD_FILE_NAME = Reason(
    "keeping.bad-file-name",
    "NĐ 30/2020/NĐ-CP, PL VI",
    "Tên tệp không hợp lệ. Dùng tên 1–120 ký tự, không có dấu / hoặc \\, không bắt đầu bằng dấu chấm.",
    "The file's name is not allowed: 1–120 characters, no slash or backslash, no point at its beginning.",
)
FILE_DATE_IN_FUTURE = Reason(
    "keeping.file-date-in-future",
    "NĐ 30/2020/NĐ-CP, Điều 29 và PL VI",
    "Ngày của tài liệu {date} muộn hơn hôm nay {today}. Hãy nhập đúng ngày ghi trên tài liệu, hoặc để trống.",
    "The file's date {date} lies after today, {today}. Enter the date that stands on it, or leave it out.",
)
EMPTY_FILE = Reason(
    "keeping.empty-file",
    "NĐ 30/2020/NĐ-CP, Điều 29",
    "Tệp «{name}» rỗng. Hãy chọn lại tệp.",
    "The file “{name}” is empty. Choose it again.",
)
UNKNOWN_FILE_KIND = Reason(
    "keeping.unknown-file-kind",
    "TT 05/2025/TT-BNV, Điều 8",
    "Định dạng tệp chưa được nhận vào hồ sơ. Các định dạng được nhận: {known}.",
    "Files of this format are not taken into dossiers. Those that are: {known}.",
)
FILE_KIND_DIFFERS = Reason(
    "keeping.file-kind-differs",
    "TT 05/2025/TT-BNV, Điều 8",
    "Nội dung tệp «{name}» không phải định dạng {kind} như tên tệp. Hãy kiểm tra lại tệp.",
    "The content of “{name}” is not of the format {kind} that its name tells. Check the file.",
)

# Retention.
UNKNOWN_RETENTION = Reason(
    "keeping.unknown-retention",
    "Luật Lưu trữ 33/2024/QH15, Điều 15",
    "Mã thời hạn lưu trữ «{code}» không có hiệu lực ở ngày lập hồ sơ {day}. Hãy chọn mã khác trong bảng.",
    "The retention code “{code}” was not in force on {day}, when the dossier was opened. Choose another one.",
)
RETENTION_SHORTER = Reason(
    "keeping.retention-shorter",
    "Luật Lưu trữ 33/2024/QH15, Điều 15 và Điều 16",
    "Hồ sơ đã kết thúc với thời hạn lưu trữ dài hơn. Thời hạn chỉ được kéo dài; rút ngắn phải qua hội đồng xác "
    "định giá trị tài liệu.",
    "The dossier was closed with a longer period before. A period is only extended; to shorten it takes an appraisal.",
)

# Legal holds.
NO_HOLD = Reason(
    "keeping.no-hold",
    "Luật Lưu trữ 33/2024/QH15, Điều 16",
    "Không tìm thấy lệnh tạm giữ. Hãy tải lại danh sách.",
    "There is no such hold. Reload the list.",
)
UNDER_HOLD = Reason(
    "keeping.under-hold",
    "Luật Lưu trữ 33/2024/QH15, Điều 16",
    "Tài liệu đang bị tạm giữ theo yêu cầu pháp lý ({why}) nên không thể rút khỏi hồ sơ. Phải gỡ tạm giữ trước.",
    "The record is under a legal hold ({why}) and cannot be taken out. The hold has to be released first.",
)
HOLD_BASIS_NEEDED = Reason(
    "keeping.hold-basis-needed",
    "Luật Lưu trữ 33/2024/QH15, Điều 16",
    "Hãy ghi căn cứ của việc tạm giữ: số, ngày và cơ quan của văn bản yêu cầu.",
    "Enter what the hold rests on: number, date and authority of the request.",
)
HOLD_NOTHING = Reason(
    "keeping.hold-nothing",
    "Luật Lưu trữ 33/2024/QH15, Điều 16",
    "Chưa chọn văn bản hoặc hồ sơ nào để tạm giữ.",
    "Nothing was chosen to be held.",
)
HOLD_TOO_MANY = Reason(
    "keeping.hold-too-many",
    "An Tín: tạm giữ",
    "Một lệnh tạm giữ nêu tối đa {most} văn bản. Hãy tạm giữ cả hồ sơ, hoặc chia thành nhiều lệnh.",
    "One hold names at most {most} documents. Hold the whole dossier, or place several holds.",
)
HOLD_NOT_ARCHIVED = Reason(
    "keeping.hold-not-archived",
    "Luật Lưu trữ 33/2024/QH15, Điều 16",
    "Văn bản «{what}» chưa được lưu trữ nên chưa tạm giữ được.",
    "The document “{what}” is not archived yet and cannot be held.",
)
HOLD_WRONG_STATE = Reason(
    "keeping.hold-wrong-state",
    "Luật Lưu trữ 33/2024/QH15, Điều 16",
    "Lệnh tạm giữ không còn ở trạng thái cần cho việc này. Hãy tải lại trang để xem trạng thái hiện tại.",
    "The hold is not in the state that this act needs. Reload to see its state.",
)
SECOND_PERSON = Reason(
    "keeping.second-person",
    "Luật Lưu trữ 33/2024/QH15, Điều 16; An Tín: hai người",
    "Người đề nghị gỡ tạm giữ không được tự xác nhận. Cần một người khác có thẩm quyền xác nhận.",
    "Who asked for the release must not confirm it. Another person with that right has to.",
)
