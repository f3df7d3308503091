"""Reasons of the issuing path: the order of acts, numbers, dates, authority."""

from policies.refusals import Reason

WRONG_ORDER = Reason(
    "issuing.wrong-order",
    "NĐ 30/2020/NĐ-CP, Điều 14",
    "Văn bản đang ở trạng thái «{state_vi}» nên không thể {act_vi}. Thứ tự: ký số của lãnh đạo, cấp số và ngày, "
    "vào sổ, ký số cơ quan, phát hành, lưu.",
    "The document is in state “{state_en}”, so one cannot {act_en} now. The order is: leader signs, "
    "number and date, register, agency seals, issue, keep.",
)
OTHER_AGENCY = Reason(
    "issuing.other-agency",
    "NĐ 30/2020/NĐ-CP, Điều 15 và Điều 32",
    "Hệ thống này cấp số, ký hiệu và ký số cơ quan cho «{own}», không cho cơ quan «{agency}». Hãy làm việc này trên hệ thống "
    "của cơ quan ấy; nếu là cùng một cơ quan, hãy nhờ quản trị kiểm tra agency_code và tài khoản.",
    "This service numbers and seals for “{own}”, not for the agency “{agency}”. Do this with the service of that agency; "
    "if both are one agency, have the operator look at agency_code and the account.",
)
UNKNOWN_KIND = Reason(
    "issuing.unknown-kind",
    "NĐ 30/2020/NĐ-CP, Điều 7 và PL III",
    "Không có loại văn bản «{kind}». Hãy chọn một trong 29 loại văn bản hành chính.",
    "There is no kind of document “{kind}”. Choose one of the 29 administrative kinds.",
)
BAD_SYMBOL = Reason(
    "issuing.bad-symbol",
    "NĐ 30/2020/NĐ-CP, PL I, II.3",
    "Số, ký hiệu «{symbol}» không đúng thể thức. Công văn cần ký hiệu đơn vị soạn thảo, ví dụ 05/BNV-VP.",
    "The number or symbol “{symbol}” is not well formed. A letter needs its drafting unit, such as 05/BNV-VP.",
)
DATE_IN_FUTURE = Reason(
    "issuing.date-in-future",
    "NĐ 30/2020/NĐ-CP, Điều 15",
    "Ngày văn bản {date} muộn hơn hôm nay {today}. Ngày văn bản là ngày cấp số.",
    "The document date {date} lies after today, {today}. A document bears the day of its number.",
)
DATE_BEFORE_SIGNATURE = Reason(
    "issuing.date-before-signature",
    "NĐ 30/2020/NĐ-CP, Điều 14 và Điều 15",
    "Ngày văn bản {date} sớm hơn ngày lãnh đạo ký {signed} theo dấu thời gian. Hãy chọn từ ngày ký trở đi.",
    "The document date {date} lies before the leader signed, {signed} by the time-stamp. Choose that day or a later one.",
)
DATE_BEFORE_LAST_NUMBER = Reason(
    "issuing.date-before-last-number",
    "NĐ 30/2020/NĐ-CP, Điều 15",
    "Số {number} trước đó đã có ngày {last}, nên số tiếp theo không thể mang ngày {date}.",
    "The number before, {number}, is dated {last}, so that the next one cannot be dated {date}.",
)
NUMBER_TAKEN = Reason(
    "issuing.number-taken",
    "NĐ 30/2020/NĐ-CP, Điều 15",
    "Số {number} đã cấp và không được dùng lại. Số tiếp theo của sổ là {next}.",
    "Number {number} was given already and is never used again. The next number of the series is {next}.",
)
NUMBER_LEAVES_GAP = Reason(
    "issuing.number-leaves-gap",
    "NĐ 30/2020/NĐ-CP, Điều 15",
    "Số {number} làm sổ bị cách số. Số tiếp theo của sổ là {next}.",
    "Number {number} would leave a gap in the series. The next number is {next}.",
)
NO_NUMBER = Reason(
    "issuing.no-number",
    "NĐ 30/2020/NĐ-CP, Điều 14 và Điều 15",
    "Văn bản chưa được cấp số và ngày. Hãy cấp số trước.",
    "The document has no number and date yet. Give it its number first.",
)
NUMBERED_ALREADY = Reason(
    "issuing.numbered-already",
    "NĐ 30/2020/NĐ-CP, Điều 15",
    "Văn bản đã có số {number}, không thể trả lại. Hãy hủy số kèm lý do rồi làm văn bản mới.",
    "The document has number {number} and cannot be returned. Void the number with a reason and make a new document.",
)
ISSUED_ALREADY = Reason(
    "issuing.issued-already",
    "NĐ 30/2020/NĐ-CP, Điều 15 và Điều 18",
    "Văn bản đã phát hành nên không hủy được. Hãy thu hồi văn bản kèm lý do.",
    "The document was issued and cannot be voided. Recall it with a reason.",
)
RECALLED_ALREADY = Reason(
    "issuing.recalled-already",
    "NĐ 30/2020/NĐ-CP, Điều 18",
    "Văn bản đã được thu hồi trước đó; thời điểm và lý do thu hồi được giữ nguyên, không cần thu hồi lại.",
    "The document was recalled before; the time and the reason of that stand, there is nothing more to recall.",
)
REASON_NEEDED = Reason(
    "issuing.reason-needed",
    "NĐ 30/2020/NĐ-CP, Điều 16",
    "Hãy ghi lý do: việc này được lưu vào sổ cùng lý do.",
    "Give a reason: this act is kept in the register with its reason.",
)
NO_RECEIPT = Reason(
    "issuing.no-receipt",
    "Luật Lưu trữ 33/2024/QH15",
    "Văn bản chưa có biên nhận lưu trữ nên chưa phát hành được. Hãy đợi vài giây rồi thử lại.",
    "The document has no archive receipt yet and cannot be issued. Wait some seconds and try again.",
)
NUMBER_VOIDED = Reason(
    "issuing.number-voided",
    "NĐ 30/2020/NĐ-CP, Điều 15",
    "Số {number} của văn bản này đã bị hủy ({why}) và không được dùng lại.",
    "Number {number} of this document was voided ({why}) and is never used again.",
)
SERIES_OPENED = Reason(
    "issuing.series-opened",
    "NĐ 30/2020/NĐ-CP, Điều 15",
    "Sổ {kind} năm {year} đã mở và có số, không thể đặt lại số bắt đầu.",
    "The series {kind} of {year} is open and has numbers; its first number cannot be set again.",
)
SERIES_CLOSED = Reason(
    "issuing.series-closed",
    "NĐ 30/2020/NĐ-CP, Điều 15",
    "Sổ {kind} năm {year} chưa cấp số được: danh mục vừa dựng lại từ kho lưu trữ hoặc khôi phục từ bản sao lưu, ở đó số "
    "cuối là {last}, nhưng có thể đã cấp thêm số sau đó. Hãy đối chiếu với sổ giấy và văn bản đã gửi, rồi nhờ quản trị xác nhận số cuối: "
    "antin registers confirm --kind {kind} --year {year} --last SỐ.",
    "The series {kind} of {year} gives no numbers yet: the catalogue was made again from the archive or came from a backup, "
    "which ends with {last}, but later numbers may have been given. Compare with paper registers and documents that went out, then have the "
    "operator confirm the last number: antin registers confirm --kind {kind} --year {year} --last NUMBER.",
)
SERIES_NOT_CLOSED = Reason(
    "issuing.series-not-closed",
    "NĐ 30/2020/NĐ-CP, Điều 15",
    "Sổ {kind} năm {year} đang mở (số cuối {last}); không có gì để xác nhận.",
    "The series {kind} of {year} is open (its last number is {last}); there is nothing to confirm.",
)
LAST_TOO_LOW = Reason(
    "issuing.last-too-low",
    "NĐ 30/2020/NĐ-CP, Điều 15",
    "Danh mục chứng minh sổ {kind} năm {year} đã cấp đến số {archived}; số cuối không thể là {last}.",
    "The catalogue proves that the series {kind} of {year} has come to {archived}; its last number cannot be {last}.",
)
LAST_TOO_HIGH = Reason(
    "issuing.last-too-high",
    "NĐ 30/2020/NĐ-CP, Điều 15",
    "Số cuối {last} cách số cuối trong danh mục ({archived}) quá {most} số. Hãy kiểm tra lại số đã nhập.",
    "The last number {last} lies more than {most} beyond the catalogue's ({archived}). Check what you typed.",
)
SIGNED_ALREADY = Reason(
    "issuing.signed-already",
    "NĐ 30/2020/NĐ-CP, Điều 12 và Điều 13",
    "Văn bản đã có chữ ký nên không rút lại được. Người ký có thể trả lại kèm lý do.",
    "The document bears a signature and cannot be taken back. Its signer can return it with a reason.",
)
NO_LEADER = Reason(
    "issuing.no-leader",
    "NĐ 30/2020/NĐ-CP, Điều 13",
    "Chưa chọn người ký. Hãy chọn ít nhất một lãnh đạo.",
    "No signer was chosen. Choose at least one leader.",
)
NO_LEADER_TOKEN = Reason(
    "issuing.no-leader-token",
    "NĐ 30/2020/NĐ-CP, Điều 14; TT 15/2025/TT-BKHCN, PL I",
    "Chữ ký của lãnh đạo chưa có dấu thời gian. Hãy đợi dấu thời gian rồi cấp số.",
    "The leader's signature has no time-stamp yet. Wait for it, then number the document.",
)
NOT_YOUR_TURN = Reason(
    "issuing.not-your-turn",
    "NĐ 30/2020/NĐ-CP, Điều 13",
    "Văn bản này chưa đến lượt bạn ký, hoặc không trình bạn ký. Người ký tiếp theo: {next}.",
    "It is not your turn to sign this document, or it was not submitted to you. Next signer: {next}.",
)
OUTPUT_FAILED = Reason(
    "issuing.output-failed",
    "NĐ 30/2020/NĐ-CP, Điều 17; TT 15/2025/TT-BKHCN, PL II",
    "Văn bản vừa ký không qua được bước kiểm tra lại ({verdict}). Chưa có gì được phát hành; hãy báo quản trị.",
    "The document just made did not pass its own check ({verdict}). Nothing was issued; tell the administrator.",
)
SYMBOL_DIFFERS = Reason(
    "issuing.symbol-differs",
    "NĐ 30/2020/NĐ-CP, PL I, II.3",
    "Văn bản in ký hiệu «{printed}» nhưng sổ sẽ cấp «{expected}». Hãy chọn lại loại văn bản hoặc sửa dự thảo.",
    "The page prints the symbol “{printed}”, but the register would give “{expected}”. Choose the kind again or correct the draft.",
)
YEAR_DIFFERS = Reason(
    "issuing.year-differs",
    "NĐ 30/2020/NĐ-CP, PL I, II.4",
    "Văn bản in sẵn năm {printed} nhưng ngày cấp số thuộc năm {year}. Hãy hủy văn bản này và soạn lại.",
    "The page prints the year {printed}, but the date of the number lies in {year}. Void this document and draft it anew.",
)
NO_SUCH_SIGNER = Reason(
    "issuing.no-such-signer",
    "NĐ 30/2020/NĐ-CP, Điều 13",
    "Không có lãnh đạo «{name}» trong cơ quan. Hãy chọn lại người ký.",
    "There is no leader “{name}” in this agency. Choose the signer again.",
)
