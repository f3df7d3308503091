"""Reasons to refuse a validation report."""

from policies.refusals import Reason

NOTHING_SIGNED = Reason(
    "reporting.nothing-signed",
    "ETSI TS 119 102-2 V1.2.1, 4.2",
    "Tệp không có chữ ký số nào nên không lập được báo cáo theo ETSI TS 119 102-2. Hãy dùng báo cáo JSON hoặc PDF.",
    "The file has no digital signature, so that there is no report by ETSI TS 119 102-2. Use the JSON or PDF report.",
)
NO_SEAL = Reason(
    "reporting.no-seal",
    "ETSI TS 119 102-2 V1.2.1, 4.5",
    "Dịch vụ chưa có con dấu số để ký báo cáo, và báo cáo không bao giờ được trả về mà không ký. "
    "Quản trị hãy khai báo report_key.",
    "The service has no seal for its reports, and a report is never given unsigned. The operator sets report_key.",
)
TICKET_UNUSABLE = Reason(
    "reporting.result-expired",
    "ETSI TS 119 102-2 V1.2.1, 4.3.6",
    "Kết quả kiểm tra này đã quá một ngày hoặc không phải của dịch vụ này. Hãy kiểm tra lại tệp.",
    "This result is more than a day old, or not of this service. Check the file again.",
)
