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
