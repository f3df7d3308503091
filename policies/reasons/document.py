"""Reasons to refuse the bytes of a document (intake, structure, PDF/A, placement)."""

from policies.refusals import Reason

EMPTY = Reason(
    "document.empty",
    "ISO 32000-1, 7.5.1",
    "Tệp rỗng. Hãy chọn lại tệp PDF.",
    "The file is empty. Choose the PDF file again.",
)
TOO_SLOW = Reason(
    "document.too-slow",
    "An Tín: giới hạn xử lý",
    "Không đọc xong tệp trong {seconds} giây. Tệp có thể bị hỏng hoặc được tạo để gây quá tải; hãy xuất lại PDF.",
    "The file could not be read within {seconds} seconds. It may be broken or made to overload; export it again.",
)
PARSER_KILLED = Reason(
    "document.parser-killed",
    "An Tín: giới hạn xử lý",
    "Không đọc được tệp trong giới hạn bộ nhớ an toàn. Hãy xuất lại PDF từ phần mềm soạn thảo.",
    "The file could not be read within safe memory limits. Export the PDF again from your editor.",
)
PARSER_FAILED = Reason(
    "document.parser-failed",
    "ISO 32000-1",
    "Cấu trúc tệp PDF bị lỗi ({kind}). Hãy xuất lại PDF từ phần mềm soạn thảo.",
    "The PDF's structure is broken ({kind}). Export the PDF again from your editor.",
)

# Intake (policies.intake) and page pictures (signer.document.preview).
NOT_READABLE = Reason(
    "document.not-readable",
    "ISO 32000-1, 7.7",
    "Không hiển thị được trang của tệp PDF này. Hãy xuất lại PDF từ phần mềm soạn thảo.",
    "A page of this PDF cannot be displayed. Export the PDF again from your editor.",
)
NO_SUCH_PAGE = Reason(
    "document.no-such-page",
    "ISO 32000-1, 7.7.3",
    "Không có trang {page}; tệp có {pages} trang.",
    "There is no page {page}; the file has {pages} pages.",
)
TOO_LARGE = Reason(
    "document.too-large",
    "An Tín: giới hạn dung lượng (cấu hình)",
    "Tệp có dung lượng {size} byte, vượt giới hạn {limit} byte. Hãy giảm độ phân giải bản quét hoặc tách phụ lục.",
    "The file has {size} bytes; the limit is {limit} bytes. Scan at a lower resolution or split off the appendices.",
)
NOT_PDF = Reason(
    "document.not-pdf",
    "ISO 32000-1, 7.5.2",
    "Tệp này không phải là PDF. Hãy xuất văn bản sang PDF rồi tải lại.",
    "This file is not a PDF. Export the document to PDF and upload it again.",
)
CUT_IN_HALF = Reason(
    "document.cut-in-half",
    "ISO 32000-1, 7.5.5",
    "Tệp PDF bị cắt cụt: thiếu phần cuối. Hãy tải lên lại tệp đầy đủ.",
    "The PDF is cut off: its end is missing. Upload the complete file again.",
)
DAMAGED = Reason(
    "document.damaged",
    "ISO 32000-1, 7.5",
    "Tệp PDF bị hỏng, phần mềm phải tự sửa mới đọc được ({detail}). Không ký trên tệp hỏng; hãy xuất lại PDF.",
    "The PDF is damaged and readable only after repair ({detail}). A damaged file is not signed; export it again.",
)
ENCRYPTED = Reason(
    "document.encrypted",
    "ISO 19005-2, 6.1.3; ISO 32000-2, 7.6",
    "Tệp PDF có mật khẩu hoặc bị mã hóa. Để phát hành, hãy gỡ bảo vệ rồi tải lại; để kiểm tra chữ ký, hãy nhập mật khẩu.",
    "The PDF is encrypted or has a password. To issue it, upload it without protection; to verify it, give its password.",
)
WRONG_PASSWORD = Reason(
    "document.wrong-password",
    "ISO 32000-2, 7.6.4",
    "Mật khẩu không mở được tệp PDF này. Hãy nhập lại mật khẩu mở tệp.",
    "The password does not open this PDF. Enter the document's password again.",
)
ENCRYPTION_UNSUPPORTED = Reason(
    "document.encryption-unsupported",
    "ISO 32000-2, 7.6",
    "Cách mã hóa của tệp PDF chưa được hỗ trợ hoặc không nhất quán ({what}). Hãy xin tệp không mã hóa.",
    "The PDF's encryption is not supported or not consistent ({what}). Ask for the file without encryption.",
)
XFA = Reason(
    "document.xfa",
    "ISO 19005-2, 6.4.2",
    "Tệp PDF chứa biểu mẫu XFA: nội dung hiển thị khác nhau tùy phần mềm. Hãy in ra PDF thường.",
    "The PDF contains an XFA form, which looks different in different readers. Print it to a plain PDF.",
)
JAVASCRIPT = Reason(
    "document.javascript",
    "ISO 19005-2, 6.5.1",
    "Tệp PDF chứa mã JavaScript. Hãy xuất lại PDF không có mã lệnh.",
    "The PDF contains JavaScript. Export it again without scripts.",
)
LAUNCH_ACTION = Reason(
    "document.launch-action",
    "ISO 19005-2, 6.5.1",
    "Tệp PDF chứa lệnh mở chương trình khác (Launch). Hãy xuất lại PDF không có lệnh này.",
    "The PDF contains an action that starts a program (Launch). Export it again without it.",
)
ACTIVE_CONTENT = Reason(
    "document.active-content",
    "ISO 19005-2, 6.5.1",
    "Tệp PDF chứa thành phần hoạt động không được phép ({kinds}). Hãy xuất lại PDF chỉ có nội dung tĩnh.",
    "The PDF contains active content that is not allowed ({kinds}). Export it again with static content only.",
)
EMBEDDED_FILES = Reason(
    "document.embedded-files",
    "NĐ 30/2020/NĐ-CP, PL I, II.8; ISO 19005-2, 6.8",
    "Tệp PDF có {count} tệp đính kèm bên trong. Hãy tách phụ lục thành tệp riêng để cơ quan ký số từng tệp.",
    "The PDF carries {count} embedded file(s). Send appendices as separate files; the agency signs each of them.",
)
NO_PAGES = Reason(
    "document.no-pages",
    "ISO 32000-1, 7.7.3",
    "Tệp PDF không có trang nào.",
    "The PDF has no pages.",
)
TOO_MANY_PAGES = Reason(
    "document.too-many-pages",
    "An Tín: giới hạn số trang (cấu hình)",
    "Tệp có {pages} trang, vượt giới hạn {limit} trang. Hãy tách văn bản.",
    "The file has {pages} pages; the limit is {limit}. Split the document.",
)
PAGE_TREE_TOO_DEEP = Reason(
    "document.page-tree-too-deep",
    "An Tín: giới hạn cấu trúc; ISO 32000-1, 7.7.3.2",
    "Cây trang của tệp PDF quá sâu hoặc lặp vòng (giới hạn {limit} tầng). Hãy xuất lại PDF.",
    "The PDF's page tree is too deep or loops (limit {limit} levels). Export the PDF again.",
)
BOMB = Reason(
    "document.decompression-bomb",
    "An Tín: giới hạn giải nén",
    "Tệp PDF nén bất thường: khi giải nén vượt quá {limit} byte. Hãy xuất lại PDF từ phần mềm soạn thảo.",
    "The PDF is compressed abnormally: it unpacks to more than {limit} bytes. Export it again from your editor.",
)
TOO_MANY_OBJECTS = Reason(
    "document.too-many-objects",
    "ISO 19005-2, 6.1.13",
    "Tệp PDF có {objects} đối tượng, vượt giới hạn {limit}. Hãy xuất lại PDF.",
    "The PDF has {objects} objects; the limit is {limit}. Export it again.",
)
XREF_LOOP = Reason(
    "document.xref-loop",
    "ISO 32000-1, 7.5.5",
    "Bảng tham chiếu của tệp PDF lặp vòng: tệp hỏng hoặc được tạo để gây quá tải. Hãy xuất lại PDF.",
    "The PDF's cross-reference chain loops: it is broken or made to overload. Export the PDF again.",
)
ALREADY_SIGNED = Reason(
    "document.already-signed",
    "NĐ 30/2020/NĐ-CP, Điều 14; ISO 32000-1, 12.8",
    "Tệp đã có {count} chữ ký số ({fields}); thêm ô ký, số và ngày sẽ làm hỏng chữ ký đó. Hãy tải tệp chưa ký.",
    "The file already has {count} signature(s) ({fields}), which our changes would break. Upload the unsigned file.",
)
CERTIFIED = Reason(
    "document.certified",
    "ISO 32000-1, 12.8.2.2",
    "Tệp đã được chứng nhận (DocMDP mức {level}), không cho phép thay đổi cần thiết. Hãy tải tệp chưa chứng nhận.",
    "The file is certified (DocMDP level {level}) and forbids the changes needed. Upload the uncertified file.",
)
SECRET_MARK = Reason(
    "document.secret-mark",
    "Luật Bảo vệ bí mật nhà nước 117/2025/QH15; NĐ 63/2026/NĐ-CP",
    "Trang đầu có dấu độ mật «{mark}». Hệ thống này không được tiếp nhận văn bản mật; hãy xử lý theo quy trình "
    "văn bản bí mật nhà nước.",
    "The first page is marked “{mark}”. This system must not hold secret documents; follow the procedure for "
    "state secrets.",
)
BAD_NAME = Reason(
    "document.bad-name",
    "An Tín: tên tệp; Unicode TR 36",
    "Tên tệp chứa ký tự điều khiển hoặc ký tự đổi chiều chữ ({code}), có thể che giấu tên thật. Hãy đổi tên tệp.",
    "The file name contains a control or text-direction character ({code}) that can hide its real name. Rename it.",
)

# The reader (signer.document.syntax, .reader): structure and limits.
MALFORMED = Reason(
    "document.malformed",
    "ISO 32000-1, 7.2-7.3",
    "Cú pháp PDF sai tại byte {offset} ({what}). Hãy xuất lại PDF từ phần mềm soạn thảo.",
    "The PDF's syntax is wrong at byte {offset} ({what}). Export the PDF again from your editor.",
)
NESTED_TOO_DEEP = Reason(
    "document.nested-too-deep",
    "An Tín: giới hạn cấu trúc",
    "Dữ liệu trong tệp PDF lồng nhau quá {limit} tầng. Hãy xuất lại PDF.",
    "The PDF nests its data deeper than {limit} levels. Export the PDF again.",
)
OBJECT_TOO_LARGE = Reason(
    "document.object-too-large",
    "An Tín: giới hạn cấu trúc",
    "Một đối tượng trong tệp PDF vượt giới hạn {limit}. Hãy xuất lại PDF.",
    "An object of the PDF exceeds the limit of {limit}. Export the PDF again.",
)
STREAM_DAMAGED = Reason(
    "document.stream-damaged",
    "ISO 32000-1, 7.4",
    "Không giải nén được một luồng dữ liệu của tệp PDF ({what}). Hãy xuất lại PDF.",
    "A data stream of the PDF cannot be unpacked ({what}). Export the PDF again.",
)
XREF_DAMAGED = Reason(
    "document.xref-damaged",
    "ISO 32000-1, 7.5.4-7.5.8",
    "Bảng tham chiếu của tệp PDF bị hỏng tại byte {offset} ({what}). Hãy xuất lại PDF.",
    "The PDF's cross-reference data is damaged at byte {offset} ({what}). Export the PDF again.",
)
TOO_MANY_REVISIONS = Reason(
    "document.too-many-revisions",
    "An Tín: giới hạn cấu trúc",
    "Tệp PDF có hơn {limit} lần cập nhật. Hãy xuất lại PDF thành một tệp mới.",
    "The PDF has more than {limit} updates. Export it again as a new file.",
)
OBJECT_MISMATCH = Reason(
    "document.object-mismatch",
    "ISO 32000-1, 7.5.4",
    "Bảng tham chiếu của tệp PDF trỏ sai: không tìm thấy đối tượng {number} ở chỗ đã ghi. Hãy xuất lại PDF.",
    "The PDF's cross-reference data is wrong: object {number} is not where it says. Export the PDF again.",
)
WRONG_TYPE = Reason(
    "document.wrong-type",
    "ISO 32000-1, 7.7",
    "Tệp PDF có dữ liệu sai kiểu ({what}). Hãy xuất lại PDF từ phần mềm soạn thảo.",
    "The PDF holds data of a wrong type ({what}). Export the PDF again from your editor.",
)
NAME_LENGTH = Reason(
    "document.name-length",
    "An Tín: tên tệp",
    "Tên tệp phải có từ 1 đến {limit} byte. Hãy đổi tên tệp.",
    "The file name must have 1 to {limit} bytes. Rename the file.",
)
ANCHOR_NOT_FOUND = Reason(
    "document.anchor-not-found",
    "NĐ 30/2020/NĐ-CP, Phụ lục I, phần I",
    "Không tìm thấy {what} trên trang {pages}. Hãy kiểm tra thể thức văn bản hoặc tự đặt ô ký trên hình trang.",
    "{what} was not found on page {pages}. Check the document's layout, or place the box on the page yourself.",
)
ANCHOR_AMBIGUOUS = Reason(
    "document.anchor-ambiguous",
    "NĐ 30/2020/NĐ-CP, Phụ lục I, phần I",
    "Tìm thấy {count} chỗ có thể là {what} ({found}) trên trang {pages}. Hãy chọn một chỗ trên hình trang.",
    "{count} places could be {what} ({found}) on page {pages}. Choose one on the page picture.",
)
BLANK_FILLED = Reason(
    "document.blank-filled",
    "NĐ 30/2020/NĐ-CP, Điều 14, 15; TT 15/2025/TT-BKHCN",
    "Chỗ ghi {what} đã có chữ «{found}». Số và ngày do hệ thống cấp sau khi lãnh đạo ký; hãy để trống.",
    "The place of {what} already holds “{found}”. Number and date are given by the system after the leader "
    "signs; leave them blank.",
)
BLANK_TOO_NARROW = Reason(
    "document.blank-too-narrow",
    "NĐ 30/2020/NĐ-CP, Phụ lục I, phần I, mục II",
    "Khoảng trống ghi {what} rộng {width_mm} mm, cần ít nhất {needed_mm} mm. Hãy thêm dấu cách rồi xuất lại PDF.",
    "The blank for {what} is {width_mm} mm wide, at least {needed_mm} mm are needed. Add spaces, export again.",
)
BLOCK_TOO_LOW = Reason(
    "document.signature-space-too-small",
    "NĐ 30/2020/NĐ-CP, Phụ lục I, phần I, mục II.7",
    "Khoảng trống giữa chức vụ «{title}» và họ tên «{name}» cao {height_mm} mm, không đủ cho chữ ký.",
    "The space between the title “{title}” and the name “{name}” is {height_mm} mm high: too small to sign in.",
)
BOX_OUTSIDE_PAGE = Reason(
    "document.box-outside-page",
    "ISO 32000-1, 14.11.2",
    "Ô «{name}» nằm ngoài trang {page}. Hãy đặt lại ô trong khổ giấy.",
    "The box “{name}” lies outside page {page}. Place it within the page.",
)
BOX_NAMES = Reason(
    "document.box-names",
    "ISO 32000-1, 12.7.3.2",
    "Tên ô «{name}» bị trùng hoặc không hợp lệ (chỉ dùng chữ cái không dấu và chữ số).",
    "The box name “{name}” is used twice or not allowed (unaccented letters and digits only).",
)
ALREADY_PREPARED = Reason(
    "document.already-prepared",
    "An Tín: mỗi văn bản chỉ chuẩn bị một lần",
    "Tệp đã có ô «{name}». Văn bản đã được chuẩn bị; hãy dùng bản gốc chưa chuẩn bị nếu muốn làm lại.",
    "The file already has the field “{name}”. It was prepared before; start again from the unprepared original.",
)
FORM_UNSUPPORTED = Reason(
    "document.form-unsupported",
    "ISO 32000-1, 12.7",
    "Biểu mẫu trong tệp có cấu trúc không hỗ trợ ({what}). Hãy xuất lại PDF từ phần mềm soạn thảo.",
    "The file's form has a structure that is not supported ({what}). Export the PDF again from your editor.",
)
FORM_TREE_BROKEN = Reason(
    "document.form-tree-broken",
    "ISO 32000-1, 12.7.3",
    "Biểu mẫu của tệp PDF lặp vòng, quá sâu hoặc quá lớn. Hãy xuất lại PDF.",
    "The PDF's form loops, or is too deep or too large. Export the PDF again.",
)
