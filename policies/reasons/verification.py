"""What a validation finds, as sentences. Clauses are of ETSI EN 319 102-1 unless said otherwise."""

from policies.refusals import Reason

EN = "ETSI EN 319 102-1"

TRUST_EMPTY = Reason(
    "verification.trust-empty",
    f"{EN}, 5.1.4",
    "Không đọc được chứng thư gốc tin cậy nào. Hãy chọn đúng tệp PEM/DER hoặc thư mục chứng thư.",
    "No trusted certificate could be read. Choose a PEM or DER file, or a folder of certificates.",
)
PROFILE_UNKNOWN = Reason(
    "verification.profile-unknown",
    f"{EN}, 5.1.4",
    "Không có chính sách kiểm tra «{name}». Các chính sách hiện có: {known}.",
    "There is no validation profile “{name}”. Known profiles: {known}.",
)

# -- keeping validation data (B-LT, B-LTA)
NOT_WORTH_KEEPING = Reason(
    "verification.not-worth-keeping",
    "ETSI EN 319 142-1, 6.1",
    "Chữ ký «{field}» chưa hợp lệ nên không bổ sung dữ liệu kiểm tra dài hạn. Hãy kiểm tra lại văn bản.",
    "The signature “{field}” is not valid, so no long-term validation data is added. Verify the document first.",
)
NOTHING_TO_ADD = Reason(
    "verification.nothing-to-add",
    "ETSI EN 319 142-1, 5.4.2",
    "Tệp đã có đủ dữ liệu kiểm tra này.",
    "The file has this validation data already.",
)
RESERVE_WRONG = Reason(
    "verification.reserve-wrong",
    "ISO 19005-2, 6.1.13",
    "Chỗ dành cho dấu thời gian là {size} byte; phải từ 1 đến {limit} byte.",
    "The room for the time-stamp is {size} bytes; it must be between 1 and {limit}.",
)

# -- the document as a whole
NO_SIGNATURE = Reason(
    "verification.no-signature",
    "ISO 32000-2, 12.8",
    "Tệp không có chữ ký số.",
    "The file has no digital signature.",
)
ONLY_PICTURE = Reason(
    "verification.only-picture",
    "Luật Giao dịch điện tử 20/2023/QH15, Điều 22",
    "Tệp có hình ảnh nhưng không có chữ ký số. Nếu trong đó có hình chữ ký hoặc con dấu thì đó chỉ là hình ảnh, "
    "không phải chữ ký số và không chứng minh được người ký hay tính toàn vẹn.",
    "The file has pictures but no digital signature. If one of them shows a signature or a seal, it is a picture "
    "only: it proves neither who signed nor that nothing was changed.",
)
BEYOND_PDFA = Reason(
    "verification.beyond-pdfa",
    "ISO 19005-2, 6.1.13",
    "Tệp tự nhận là PDF/A-{claim} nhưng có {size} byte, vượt giới hạn {limit} byte của PDF/A: tệp không phải là PDF/A.",
    "The file claims PDF/A-{claim} but has {size} bytes; PDF/A allows {limit} at most: it is not PDF/A.",
)
EMPTY_SIGNATURE_FIELDS = Reason(
    "verification.empty-fields",
    "ISO 32000-2, 12.7.5.5",
    "Tệp có {count} ô chữ ký chưa được ký.",
    "The file has {count} signature fields that are not signed.",
)
TRAILING_BYTES = Reason(
    "verification.trailing-bytes",
    "ISO 32000-2, 7.5.5",
    "Sau phần được ký có thêm {count} byte không thuộc cấu trúc PDF (thường do trang mạng chèn vào khi tải về); "
    "không làm thay đổi nội dung hiển thị.",
    "{count} bytes that are no part of the PDF follow its end (web sites append such on download); they do not "
    "change what is shown.",
)
HIDDEN_BYTES = Reason(
    "verification.hidden-bytes",
    "ISO 32000-2, 7.5.5",
    "Có {count} byte sau dấu kết thúc tệp mà một số phần mềm đọc như nội dung PDF, hoặc là phần đầu của một lần "
    "cập nhật bị cắt cụt. Nội dung hiển thị có thể khác với nội dung đã ký, hoặc thiếu chữ ký sau cùng.",
    "{count} bytes after the end-of-file marker are read as PDF content by some programs, or begin an update "
    "whose end was cut off. What is shown may differ from what was signed, or the last signature may be missing.",
)
VALUE_NOT_DRAWN = Reason(
    "verification.value-not-drawn",
    "ISO 32000-2, 12.7.4.3; NĐ 30/2020/NĐ-CP, Điều 15",
    "Ô «{field}» có giá trị «{value}» nhưng trên trang hiển thị «{drawn}». Không rõ người ký đã thấy nội dung nào.",
    "The field “{field}” has the value “{value}”, but the page shows “{drawn}”. Which of them was signed is unclear.",
)
EXTERNAL_DATA = Reason(
    "verification.external-data",
    "ISO 32000-2, 7.3.8.2; 12.8.1",
    "Đối tượng {numbers} lấy dữ liệu từ một tệp khác. Chữ ký không bảo vệ tệp đó, nên nội dung hiển thị có thể bị thay "
    "sau khi ký. Hãy yêu cầu bên gửi ký lại bản có đủ nội dung trong tệp.",
    "The data of object {numbers} are in another file. The signature does not cover that file, so what is shown may be "
    "replaced after signing. Ask the sender to sign a version that holds all of its content.",
)
STRUCTURE_SUSPICIOUS = Reason(
    "verification.structure-suspicious",
    "ISO 32000-2, 7.5",
    "Cấu trúc tệp không nhất quán ({what}). Các phần mềm khác nhau có thể hiển thị nội dung khác nhau.",
    "The file's structure is inconsistent ({what}). Different programs may show different content.",
)
STRUCTURE_NOTE = Reason(
    "verification.structure-note",
    "ISO 32000-2, 7.5",
    "Ghi nhận về cấu trúc tệp: {what}.",
    "Note on the file's structure: {what}.",
)
HIDDEN_SIGNATURE = Reason(
    "verification.hidden-signature",
    "ISO 32000-2, 12.7",
    "Chữ ký «{field}» có trong một phiên bản trước của tệp nhưng đã bị gỡ khỏi phiên bản hiện tại.",
    "The signature “{field}” is in an earlier revision of the file but was removed from the current one.",
)
STRAY_SIGNATURE = Reason(
    "verification.stray-signature",
    "ISO 32000-2, 12.7.3",
    "Chữ ký «{field}» chỉ nằm trên trang, không có trong danh sách của biểu mẫu; nhiều phần mềm không nhận ra.",
    "The signature “{field}” stands on a page but not in the form's list of fields; many programs do not see it.",
)
TAIL_NOT_COVERED = Reason(
    "verification.tail-not-covered",
    f"{EN}, 5.2.8",
    "Phần cuối tệp được thêm sau chữ ký cuối cùng và không được chữ ký nào bảo vệ.",
    "The end of the file was added after the last signature; no signature protects it.",
)

# -- format checking, 5.2.2
FORMAT_UNKNOWN = Reason(
    "verification.format-unknown",
    f"{EN}, 5.2.2",
    "Định dạng chữ ký «{subfilter}» chưa được hỗ trợ nên chưa kết luận được.",
    "The signature format “{subfilter}” is not supported, so there is no conclusion.",
)
FORMAT_NOT_PERMITTED = Reason(
    "verification.format-not-permitted",
    f"{EN}, 5.2.2",
    "Định dạng chữ ký «{subfilter}» không được chính sách kiểm tra «{profile}» chấp nhận.",
    "The signature format “{subfilter}” is not accepted by the validation profile “{profile}”.",
)
CMS_UNREADABLE = Reason(
    "verification.cms-unreadable",
    f"{EN}, 5.2.2; RFC 5652",
    "Không đọc được dữ liệu chữ ký ({what}).",
    "The signature's data cannot be read ({what}).",
)
CMS_PADDING = Reason(
    "verification.cms-padding",
    "ISO 32000-2, 12.8.1",
    "Phần đệm sau dữ liệu chữ ký không phải toàn số 0: có người ghi thêm vào vùng không được ký.",
    "The filling after the signature's data is not all zeros: something was written where nothing is signed.",
)
CMS_SIGNERS = Reason(
    "verification.cms-signers",
    "ETSI EN 319 142-1, 6.3; ISO 32000-2, 12.8.3.3",
    "Dữ liệu chữ ký phải có đúng một người ký, ở đây có {count}.",
    "The signature's data must have exactly one signer; here there are {count}.",
)
CMS_CONTENT_INSIDE = Reason(
    "verification.cms-content-inside",
    "ISO 32000-2, 12.8.3.3",
    "Chữ ký mang nội dung riêng bên trong, không ký trực tiếp lên tệp này.",
    "The signature carries content of its own and does not sign this file directly.",
)
BYTE_RANGE = Reason(
    "verification.byte-range",
    "ISO 32000-2, 12.8.1",
    "Vùng byte được ký không đúng quy định ({what}).",
    "The signed byte range is not as the standard wants it ({what}).",
)
NOT_UNDERSTOOD = Reason(
    "verification.not-understood",
    f"{EN}, 5.1.3",
    "Không đánh giá được chữ ký này ({kind}); các chữ ký khác vẫn được kiểm tra.",
    "This signature could not be judged ({kind}); the others were.",
)

# -- identification of the signing certificate, 5.2.3
SIGNING_CERTIFICATE_MISSING = Reason(
    "verification.signing-certificate-missing",
    f"{EN}, 5.2.3",
    "Không tìm thấy chứng thư số của người ký trong chữ ký.",
    "The signer's certificate was not found in the signature.",
)
SIGNING_CERTIFICATE_MISMATCH = Reason(
    "verification.signing-certificate-mismatch",
    f"{EN}, 5.2.3; RFC 5035",
    "Chứng thư số đi kèm không phải là chứng thư mà người ký đã ghi trong chữ ký.",
    "The certificate that comes with the signature is not the one that the signer named in it.",
)
SIGNING_CERTIFICATE_UNREFERENCED = Reason(
    "verification.signing-certificate-unreferenced",
    "ETSI EN 319 142-1, 6.3; RFC 5035",
    "Chữ ký không ghi rõ chứng thư của người ký (thiếu thuộc tính signing-certificate-v2), thấp hơn mức PAdES.",
    "The signature does not name its certificate (no signing-certificate-v2 attribute): below the PAdES baseline.",
)

# -- X.509 validation, 5.2.6
NO_PATH = Reason(
    "verification.no-path",
    f"{EN}, 5.2.6",
    "Chưa xác định được nơi cấp chứng thư «{subject}»: không có đường dẫn tới chứng thư gốc tin cậy.",
    "The issuer of the certificate “{subject}” is not trusted: no path to a trusted root was found.",
)
PATH_RULE = Reason(
    "verification.path-rule",
    "RFC 5280, 6.1",
    "Đường dẫn chứng thư của «{subject}» vi phạm quy tắc: {what}",
    "The certification path of “{subject}” breaks a rule: {what}",
)
KEY_USAGE = Reason(
    "verification.key-usage",
    "TT 15/2025/TT-BKHCN, PL II, 1.5; RFC 5280, 4.2.1.3",
    "Chứng thư «{subject}» không được cấp để dùng vào việc này.",
    "The certificate “{subject}” was not issued for this use.",
)
EXPIRED_NO_POE = Reason(
    "verification.expired-no-proof",
    f"{EN}, 5.2.6; TT 15/2025/TT-BKHCN, PL II, 1.1",
    "Chứng thư «{subject}» đã hết hạn ngày {until}, và không có dấu thời gian chứng minh chữ ký có trước đó.",
    "The certificate “{subject}” expired on {until}, and no time-stamp proves that the signature is older.",
)
EXPIRED = Reason(
    "verification.expired",
    f"{EN}, 5.3.4; TT 15/2025/TT-BKHCN, PL II, 1.1",
    "Chứng thư «{subject}» đã hết hạn ngày {until}, trước khi ký.",
    "The certificate “{subject}” had expired on {until}, before the signature was made.",
)
NOT_YET_VALID = Reason(
    "verification.not-yet-valid",
    f"{EN}, 5.5.4; TT 15/2025/TT-BKHCN, PL II, 1.1",
    "Chứng thư «{subject}» chỉ có hiệu lực từ {since}, sau thời điểm ký.",
    "The certificate “{subject}” is valid only from {since}, after the signature was made.",
)
REVOKED = Reason(
    "verification.revoked",
    f"{EN}, 5.3.4; TT 15/2025/TT-BKHCN, PL II, 1.1",
    "Chứng thư «{subject}» đã bị thu hồi lúc {revoked} (lý do: {cause_vi}), trước khi ký.",
    "The certificate “{subject}” was revoked on {revoked} (reason: {cause_en}), before the signature was made.",
)
REVOKED_NO_POE = Reason(
    "verification.revoked-no-proof",
    f"{EN}, 5.2.6",
    "Chứng thư «{subject}» đã bị thu hồi lúc {revoked} (lý do: {cause_vi}); không có dấu thời gian chứng minh "
    "chữ ký có trước đó.",
    "The certificate “{subject}” was revoked on {revoked} (reason: {cause_en}); no time-stamp proves that the "
    "signature is older.",
)
REVOKED_LATER = Reason(
    "verification.revoked-later",
    f"{EN}, 5.5.4",
    "Chứng thư «{subject}» bị thu hồi lúc {revoked}, sau thời điểm ký đã được chứng minh: chữ ký không bị ảnh hưởng.",
    "The certificate “{subject}” was revoked on {revoked}, after the proven time of signing: no effect.",
)
RETIRED_LATER = Reason(
    "verification.retired-later",
    "RFC 3161, 4",
    "Chứng thư cấp dấu thời gian «{subject}» ngừng dùng từ {revoked} (lý do: {cause_vi}), khóa không bị lộ: dấu đã cấp trước "
    "đó vẫn có giá trị.",
    "The certificate of the time-stamp authority “{subject}” is retired since {revoked} (reason: {cause_en}) and its key was "
    "not compromised: its time-stamps from before stay valid.",
)
REVOKED_CA = Reason(
    "verification.revoked-ca",
    f"{EN}, 5.2.6",
    "Chứng thư của tổ chức cấp «{subject}» đã bị thu hồi lúc {revoked} (lý do: {cause_vi}).",
    "The certificate of the issuer “{subject}” was revoked on {revoked} (reason: {cause_en}).",
)
COMPROMISED_CA_LATER = Reason(
    "verification.compromised-ca-later",
    f"{EN}, 5.6.2.2 và 5.6.2.4",
    "Chứng thư của tổ chức cấp «{subject}» bị thu hồi lúc {revoked} (lý do: {cause_vi}); chữ ký, chứng thư và trạng thái "
    "chứng thư đều được dấu thời gian chứng minh có từ trước đó.",
    "The certificate of the issuer “{subject}” was revoked on {revoked} (reason: {cause_en}); time-stamps prove the "
    "signature, its certificates and their status to be older.",
)
COMPROMISED_CA_NO_ANSWER = Reason(
    "verification.compromised-ca-no-answer",
    f"{EN}, 5.6.2.2",
    "Tổ chức cấp của «{subject}» bị thu hồi lúc {since}; không có trả lời nào về chứng thư này được chứng minh có từ trước đó.",
    "The issuer of “{subject}” was revoked on {since}; no answer about this certificate is proven to be older.",
)
NO_REVOCATION = Reason(
    "verification.no-revocation-answer",
    "TT 15/2025/TT-BKHCN, PL II, 1.2; RFC 6960; RFC 5280, 6.3",
    "Chưa kiểm tra được trạng thái thu hồi của chứng thư «{subject}». Không được coi là hợp lệ.",
    "The revocation status of the certificate “{subject}” could not be checked. This is not a pass.",
)
REVOCATION_UNUSABLE = Reason(
    "verification.revocation-unusable",
    f"{EN}, 5.2.5; RFC 6960, 3.2; RFC 5280, 6.3.3",
    "Một trả lời về trạng thái thu hồi của «{subject}» không dùng được: {why_vi}.",
    "An answer on the revocation status of “{subject}” cannot be used: {why_en}.",
)
REVOCATION_BEFORE_TIMESTAMP = Reason(
    "verification.revocation-older",
    f"{EN}, 5.2.5",
    "Trạng thái thu hồi của «{subject}» được công bố trước thời điểm ký; nên kiểm tra lại sau khi có bản mới.",
    "The revocation status of “{subject}” was published before the time of signing; check again after the next one.",
)
WEAK_ALGORITHM = Reason(
    "verification.weak-algorithm",
    "TT 15/2025/TT-BKHCN, PL I, 1.1–1.3; ETSI TS 119 312",
    "Thuật toán {algorithm} ({where}) không đạt mức an toàn hiện nay.",
    "The algorithm {algorithm} ({where}) is below today's standard.",
)
ALGORITHM_UNKNOWN = Reason(
    "verification.algorithm-unknown",
    f"{EN}, 5.2.7",
    "Không biết thuật toán của chữ ký ({what}) nên chưa kết luận được.",
    "The signature's algorithm is not known here ({what}), so there is no conclusion.",
)

# -- cryptographic verification, 5.2.7
HASH_WRONG = Reason(
    "verification.hash-wrong",
    f"{EN}, 5.2.7; TT 15/2025/TT-BKHCN, PL II, 2.4",
    "Nội dung được ký đã bị sửa: giá trị băm không khớp.",
    "The signed content was altered: its digest does not match.",
)
SIGNATURE_WRONG = Reason(
    "verification.signature-wrong",
    f"{EN}, 5.2.7; TT 15/2025/TT-BKHCN, PL II, 2.2",
    "Giá trị chữ ký không khớp với khóa công khai trong chứng thư của người ký.",
    "The signature value does not match the public key of the signer's certificate.",
)
DATA_NOT_FOUND = Reason(
    "verification.data-not-found",
    f"{EN}, 5.2.7",
    "Không lấy được phần dữ liệu được ký trong tệp.",
    "The signed data could not be obtained from the file.",
)

# -- signature acceptance, 5.2.8
CHANGES_LONG_TERM = Reason(
    "verification.changes-long-term",
    "ETSI EN 319 142-1, 5.4",
    "Sau chữ ký này chỉ thêm dữ liệu kiểm tra dài hạn hoặc dấu thời gian.",
    "After this signature only validation data or time-stamps were added.",
)
CHANGES_FORM_FILL = Reason(
    "verification.changes-form-fill",
    "ISO 32000-2, 12.8.2.4; NĐ 30/2020/NĐ-CP, Điều 14 và Điều 15",
    "Sau chữ ký này chỉ điền các ô được phép (số, ngày) hoặc ký vào ô đã chuẩn bị: {what_vi}.",
    "After this signature only permitted fields (number, date) were filled or prepared fields signed: {what_en}.",
)
CHANGES_ANNOTATIONS_PERMITTED = Reason(
    "verification.changes-annotations-permitted",
    "ISO 32000-2, 12.8.2.2 (P=3)",
    "Sau chữ ký này có thêm chú thích, người ký cho phép điều đó: {what_vi}.",
    "Annotations were added after this signature, and the signer permits that: {what_en}.",
)
CHANGES_ANNOTATIONS = Reason(
    "verification.changes-annotations",
    f"{EN}, 5.2.8; ISO 32000-2, 12.8.2",
    "Sau chữ ký này có thêm chú thích mà người ký không cho phép: {what_vi}.",
    "Annotations that the signer did not permit were added after this signature: {what_en}.",
)
CHANGES_SUSPICIOUS = Reason(
    "verification.changes-suspicious",
    f"{EN}, 5.2.8; ISO 32000-2, 12.8.2",
    "Sau chữ ký này có thay đổi không thể coi là vô hại: {what_vi}.",
    "There are changes after this signature that cannot be called harmless: {what_en}.",
)
CHANGES_FORBIDDEN = Reason(
    "verification.changes-forbidden",
    "ISO 32000-2, 12.8.2.2 và 12.8.2.4",
    "Không hợp lệ: sau khi ký, tệp bị thay đổi trái với phạm vi người ký cho phép: {what_vi}.",
    "Not valid: after signing, the file was changed against what the signer permits: {what_en}.",
)
CONTENT_TYPE = Reason(
    "verification.content-type",
    "RFC 5652, 11.1",
    "Thuộc tính content-type của chữ ký không khớp với nội dung được ký.",
    "The signature's content-type attribute does not match what is signed.",
)
ALGORITHM_PROTECTION = Reason(
    "verification.algorithm-protection",
    "RFC 6211",
    "Thuật toán ghi trong chữ ký khác với thuật toán mà người ký đã bảo vệ.",
    "The algorithms stated in the signature differ from those that the signer protected.",
)
ATTRIBUTE_DUPLICATE = Reason(
    "verification.attribute-duplicate",
    "RFC 5652, 5.3 và 11",
    "Chữ ký có thuộc tính {name} bị lặp hoặc có nhiều giá trị.",
    "The signature has the attribute {name} twice, or with several values.",
)
CLAIMED_LOCAL_TIME = Reason(
    "verification.claimed-local-time",
    "RFC 5652, 11.3; ISO 32000-2, 7.9.4",
    "Giờ ký tự khai lệch đúng {hours} giờ so với dấu thời gian: phần mềm ký đã ghi giờ Việt Nam như giờ UTC. "
    "Thời điểm ký được lấy theo dấu thời gian.",
    "The claimed signing time is exactly {hours} hours off the time-stamp: local time was written as UTC. The time "
    "of signing is taken from the time-stamp.",
)
CLAIMED_AFTER_TIMESTAMP = Reason(
    "verification.claimed-after-timestamp",
    f"{EN}, 5.5.4",
    "Giờ ký tự khai ({claimed}) muộn hơn dấu thời gian ({stamped}); thời điểm ký được lấy theo dấu thời gian.",
    "The claimed signing time ({claimed}) is later than the time-stamp ({stamped}), which is the one that counts.",
)
CLAIMED_IN_FUTURE = Reason(
    "verification.claimed-in-future",
    f"{EN}, 5.3",
    "Giờ ký tự khai ({claimed}) muộn hơn thời điểm kiểm tra ({at}): giờ khai không đúng, không được dùng làm thời điểm ký.",
    "The claimed signing time ({claimed}) is later than the time of validation ({at}): it is wrong, and does not count.",
)
CLAIMED_ONLY = Reason(
    "verification.claimed-only",
    f"{EN}, 5.3",
    "Thời điểm ký chỉ do người ký tự khai, chưa có dấu thời gian chứng minh.",
    "The time of signing is claimed by the signer only; no time-stamp proves it.",
)
TIMESTAMP_REQUIRED = Reason(
    "verification.timestamp-required",
    "ETSI EN 319 142-1, 6.3",
    "Chính sách kiểm tra «{profile}» đòi hỏi có dấu thời gian hợp lệ.",
    "The validation profile “{profile}” requires a valid time-stamp.",
)

# -- time-stamps, 5.4
TIMESTAMP_WRONG = Reason(
    "verification.timestamp-wrong",
    f"{EN}, 5.4; RFC 3161",
    "Dấu thời gian không đúng ({what}): không thuộc về chữ ký này hoặc đã bị sửa.",
    "The time-stamp is wrong ({what}): it does not belong to this signature or was altered.",
)
TIMESTAMP_UNPROVEN = Reason(
    "verification.timestamp-unproven",
    f"{EN}, 5.4",
    "Chưa kiểm tra được dấu thời gian của «{authority}» nên chưa dùng làm bằng chứng thời điểm ký: {what_vi}",
    "The time-stamp of “{authority}” could not be validated, so it proves no time of signing yet: {what_en}",
)
TIMESTAMP_VALID = Reason(
    "verification.timestamp-valid",
    f"{EN}, 5.4",
    "Dấu thời gian của «{authority}» lúc {time} hợp lệ.",
    "The time-stamp of “{authority}” of {time} is valid.",
)
TIMESTAMP_ORDER = Reason(
    "verification.timestamp-order",
    f"{EN}, 5.5.4",
    "Thứ tự dấu thời gian không đúng: {time} sớm hơn dấu thời gian đã có trước đó ({earlier}).",
    "The order of time-stamps is wrong: {time} is earlier than one that was there before ({earlier}).",
)
TIMESTAMP_AFTER_COVER = Reason(
    "verification.timestamp-after-cover",
    f"{EN}, 5.5.4",
    "Thứ tự dấu thời gian không đúng: dấu ghi {time} lại nằm bên trong dấu ghi {later}, tức phải có trước nó.",
    "The order of time-stamps is wrong: one of {time} is covered by one of {later}, so it must be older.",
)
