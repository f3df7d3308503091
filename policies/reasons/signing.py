"""Reasons to refuse or stop a signature, a seal or a time-stamp."""

from policies.refusals import Reason

KEY_MISMATCH = Reason(
    "signing.key-mismatch",
    "TT 15/2025/TT-BKHCN, PL II, 2.2",
    "Khóa bí mật không khớp với chứng thư số. Hãy nạp đúng cặp khóa và chứng thư.",
    "The private key does not match the certificate. Load the matching pair.",
)
SIGNED_ALREADY = Reason(
    "signing.xml-signed-already",
    "EN 319 132-1 V1.1.1, 6",
    "Tài liệu XML này đã có chữ ký. Hãy ký bản chưa có chữ ký.",
    "This XML document is signed already. Sign the one that is not.",
)
CERTIFICATE_EXPIRED = Reason(
    "signing.certificate-expired",
    "TT 15/2025/TT-BKHCN, PL II, 1.1",
    "Chứng thư số của «{subject}» đã hết hạn ngày {until}. Hãy gia hạn hoặc dùng chứng thư khác.",
    "The certificate of “{subject}” expired on {until}. Renew it or use another one.",
)
CERTIFICATE_NOT_YET_VALID = Reason(
    "signing.certificate-not-yet-valid",
    "TT 15/2025/TT-BKHCN, PL II, 1.1",
    "Chứng thư số của «{subject}» chỉ có hiệu lực từ ngày {since}.",
    "The certificate of “{subject}” is valid only from {since}.",
)
CERTIFICATE_REVOKED = Reason(
    "signing.certificate-revoked",
    "TT 15/2025/TT-BKHCN, PL II, 1.1",
    "Chứng thư số của «{subject}» đã bị thu hồi hoặc tạm dừng từ {since}. Không được ký.",
    "The certificate of “{subject}” has been revoked or suspended since {since}. It must not sign.",
)
STATUS_UNKNOWN = Reason(
    "signing.certificate-status-unknown",
    "TT 15/2025/TT-BKHCN, PL II, 1.2",
    "Không kiểm tra được tình trạng thu hồi của chứng thư số «{subject}»: {cause}. Hãy thử lại sau.",
    "The revocation status of the certificate “{subject}” could not be checked: {cause}. Try again later.",
)
CERTIFICATE_UNREADABLE = Reason(
    "signing.certificate-unreadable",
    "RFC 5280, 4.1",
    "Không đọc được chứng thư số ({cause}).",
    "The certificate cannot be read ({cause}).",
)
CERTIFICATE_USAGE = Reason(
    "signing.certificate-usage",
    "TT 15/2025/TT-BKHCN, PL II, 1.4; RFC 5280, 4.2.1.3",
    "Chứng thư số của «{subject}» không được cấp để ký số.",
    "The certificate of “{subject}” was not issued for signing.",
)
CHAIN_BROKEN = Reason(
    "signing.chain-broken",
    "TT 15/2025/TT-BKHCN, PL II, 1.1; RFC 5280, 6.1",
    "Chứng thư số của «{subject}» không nối được tới tổ chức cấp tin cậy. Hãy nạp đủ chứng thư của các cấp.",
    "The certificate of “{subject}” does not lead to a trusted issuer. Load the certificates of every level.",
)
WEAK_KEY = Reason(
    "signing.weak-key",
    "TT 15/2025/TT-BKHCN, PL I, 1.1",
    "Khóa «{found}» không được phép ký. Dùng RSA 2048–4096 bit hoặc ECDSA P-256, P-384.",
    "A key “{found}” must not sign. Use RSA 2048–4096 bit or ECDSA P-256, P-384.",
)
WEAK_CERTIFICATE = Reason(
    "signing.weak-certificate",
    "TT 15/2025/TT-BKHCN, PL I, 1.2",
    "Chứng thư số của «{subject}» được ký bằng thuật toán băm «{found}» đã lỗi thời.",
    "The certificate of “{subject}” is signed with the outdated hash “{found}”.",
)
ALGORITHM_MISMATCH = Reason(
    "signing.algorithm-mismatch",
    "TT 15/2025/TT-BKHCN, PL I, 1.1",
    "Thuật toán ký «{algorithm}» không hợp với khóa «{found}».",
    "The signature algorithm “{algorithm}” does not fit a key “{found}”.",
)
DEMO_IN_PRODUCTION = Reason(
    "signing.demo-in-production",
    "NĐ 68/2024/NĐ-CP",
    "Chứng thư số DEMO «{subject}» không được dùng ở chế độ vận hành thật.",
    "The DEMO certificate “{subject}” must not be used in production mode.",
)
NOT_A_DEMO_CERTIFICATE = Reason(
    "signing.not-a-demo-certificate",
    "NĐ 68/2024/NĐ-CP",
    "Khóa thử nghiệm chỉ đi với chứng thư số có tên DEMO; «{subject}» thì không.",
    "A development key only goes with a certificate named DEMO; “{subject}” is not.",
)
PKCS12_UNREADABLE = Reason(
    "signing.pkcs12-unreadable",
    "RFC 7292",
    "Không mở được tệp khóa PKCS#12: sai mật khẩu hoặc tệp hỏng.",
    "The PKCS#12 key file cannot be opened: wrong password or damaged file.",
)
KEY_REFUSED = Reason(
    "signing.key-refused",
    "TT 15/2025/TT-BKHCN, PL I",
    "Thiết bị khóa từ chối ký: {cause}.",
    "The key device refused to sign: {cause}.",
)
WRONG_SIGNATURE = Reason(
    "signing.wrong-signature",
    "TT 15/2025/TT-BKHCN, PL II, 2.2",
    "Thiết bị khóa trả về chữ ký không đúng với chứng thư số. Chữ ký bị bỏ, tài liệu không thay đổi.",
    "The key device returned a signature that does not fit the certificate. It was dropped; nothing was changed.",
)
CMS_UNREADABLE = Reason(
    "signing.cms-unreadable",
    "RFC 5652, 5; ITU-T X.690, 10",
    "Dữ liệu chữ ký (CMS) trong tài liệu không đúng cấu trúc.",
    "The signature data (CMS) in the document is not well-formed.",
)
ALREADY_TIMESTAMPED = Reason(
    "signing.already-timestamped",
    "ETSI EN 319 142-1, 5.4.3",
    "Chữ ký này đã có dấu thời gian.",
    "This signature already holds a time-stamp.",
)
TIMESTAMP_REJECTED = Reason(
    "timestamp.rejected",
    "RFC 3161, 2.4.2",
    "Dịch vụ cấp dấu thời gian từ chối yêu cầu ({status}).",
    "The time-stamp authority rejected the request ({status}).",
)
TIMESTAMP_HTTP = Reason(
    "timestamp.http-error",
    "RFC 3161, 3.4",
    "Dịch vụ cấp dấu thời gian trả lời lỗi HTTP {status}.",
    "The time-stamp authority answered with HTTP error {status}.",
)
TIMESTAMP_TOO_LARGE = Reason(
    "timestamp.too-large",
    "An Tín: giới hạn xử lý",
    "Trả lời của dịch vụ cấp dấu thời gian lớn hơn {limit} byte nên bị bỏ.",
    "The time-stamp authority's answer is larger than {limit} bytes and was dropped.",
)
TIMESTAMP_UNREADABLE = Reason(
    "timestamp.unreadable",
    "RFC 3161, 2.4.2",
    "Trả lời của dịch vụ cấp dấu thời gian không đúng cấu trúc.",
    "The time-stamp authority's answer is not well-formed.",
)
TIMESTAMP_WRONG_IMPRINT = Reason(
    "timestamp.wrong-imprint",
    "RFC 3161, 2.2",
    "Dấu thời gian được cấp cho dữ liệu khác.",
    "The time-stamp was made for other data.",
)
TIMESTAMP_WRONG_NONCE = Reason(
    "timestamp.wrong-nonce",
    "RFC 3161, 2.4.2",
    "Dấu thời gian không phải là trả lời cho yêu cầu này (sai nonce).",
    "The time-stamp does not answer this request (wrong nonce).",
)
TIMESTAMP_WRONG_POLICY = Reason(
    "timestamp.wrong-policy",
    "RFC 3161, 2.4.1",
    "Dấu thời gian được cấp theo chính sách «{found}», không phải chính sách đã yêu cầu.",
    "The time-stamp was made under the policy “{found}”, not under the one asked for.",
)
TIMESTAMP_WRONG_TIME = Reason(
    "timestamp.wrong-time",
    "RFC 3161, 2.4.2",
    "Thời điểm trong dấu thời gian ({found}) lệch quá xa so với đồng hồ của hệ thống.",
    "The time in the time-stamp ({found}) is too far from the system's clock.",
)
TIMESTAMP_WRONG_CERTIFICATE = Reason(
    "timestamp.wrong-certificate",
    "RFC 3161, 2.3; RFC 5816",
    "Chứng thư số của dịch vụ cấp dấu thời gian không hợp lệ: {cause}.",
    "The time-stamp authority's certificate is not acceptable: {cause}.",
)
TIMESTAMP_WRONG_SIGNATURE = Reason(
    "timestamp.wrong-signature",
    "RFC 5652, 5.6",
    "Chữ ký trên dấu thời gian không đúng.",
    "The signature on the time-stamp is wrong.",
)
CROSSCHECK_FAILED = Reason(
    "signing.crosscheck-failed",
    "An Tín: kiểm tra độc lập trước khi lưu trữ",
    "Kiểm tra độc lập không đạt ở điểm «{point}»{where}. Tài liệu bị dừng lại, chưa được lưu trữ.",
    "The independent check failed at “{point}”{where}. The document was stopped and not archived.",
)
LETTER_MISSING = Reason(
    "signing.letter-missing",
    "ISO 19005-2, 6.2.11.4",
    "Phông chữ nhúng không có ký tự «{letter}» ({code}). Hãy kiểm tra lại nội dung cần ghi.",
    "The embedded font has no letter “{letter}” ({code}). Check the text to be drawn.",
)
IMAGE_NOT_PNG = Reason(
    "signing.image-not-png",
    "NĐ 30/2020/NĐ-CP, Phụ lục I, phần I, mục II.7, II.8",
    "Hình chữ ký, hình dấu phải là tệp .png đọc được.",
    "The picture of a signature or seal must be a readable .png file.",
)
IMAGE_NOT_TRANSPARENT = Reason(
    "signing.image-not-transparent",
    "NĐ 30/2020/NĐ-CP, Phụ lục I, phần I, mục II.7, II.8",
    "Hình chữ ký, hình dấu phải có nền trong suốt.",
    "The picture of a signature or seal must have a transparent background.",
)
IMAGE_EMPTY = Reason(
    "signing.image-empty",
    "NĐ 30/2020/NĐ-CP, Phụ lục I, phần I, mục II.7, II.8",
    "Hình chữ ký, hình dấu trong suốt hoàn toàn: không có gì để in.",
    "The picture of a signature or seal is fully transparent: there is nothing to draw.",
)
IMAGE_TOO_LARGE = Reason(
    "signing.image-too-large",
    "An Tín: giới hạn xử lý",
    "Hình có {pixels} điểm ảnh, giới hạn là {limit}. Hãy thu nhỏ hình.",
    "The picture has {pixels} pixels, the limit is {limit}. Make it smaller.",
)
FIELD_MISSING = Reason(
    "signing.field-missing",
    "ISO 32000-1, 12.7.4.5",
    "Tệp không có ô «{field}». Hãy chuẩn bị lại văn bản.",
    "The file has no field “{field}”. Prepare the document again.",
)
FIELD_WRONG_KIND = Reason(
    "signing.field-wrong-kind",
    "ISO 32000-1, 12.7.4",
    "Ô «{field}» không phải loại ô cần dùng ({needed}).",
    "The field “{field}” is not of the kind that is needed ({needed}).",
)
FIELD_SIGNED = Reason(
    "signing.field-signed",
    "ISO 32000-1, 12.8.1",
    "Ô «{field}» đã có chữ ký số. Không thể ký hai lần vào một ô.",
    "The field “{field}” is already signed. A field cannot be signed twice.",
)
FIELD_FILLED = Reason(
    "signing.field-filled",
    "NĐ 30/2020/NĐ-CP, Điều 15",
    "Ô «{field}» đã có giá trị; số và ngày chỉ được ghi một lần.",
    "The field “{field}” already has a value; number and date are written only once.",
)
FIELD_LEFT_EMPTY = Reason(
    "signing.field-left-empty",
    "NĐ 30/2020/NĐ-CP, Điều 14, khoản 1",
    "Ô «{field}» chưa được ghi mà chữ ký này sẽ khóa nó. Cấp số và ngày trước khi ký số cơ quan.",
    "The field “{field}” is still empty and this signature would lock it. Give number and date before sealing.",
)
BREAKS_EARLIER_SIGNATURE = Reason(
    "signing.breaks-earlier-signature",
    "ISO 32000-1, 12.8.2.2, 12.8.2.4",
    "Chữ ký «{earlier}» trong tệp không cho phép thay đổi ô «{field}». Ký thêm sẽ làm hỏng chữ ký đó.",
    "The signature “{earlier}” in the file does not allow a change to the field “{field}”: signing would break it.",
)
BAD_SIGNER_NAME = Reason(
    "signing.bad-signer-name",
    "Unicode UAX #9; ISO 32000-1, 7.9.2",
    "Tên người ký có ký tự điều khiển hoặc đảo chiều chữ ({code}), dễ gây nhầm lẫn. Hãy sửa lại tên.",
    "The signer's name holds a control or direction-changing character ({code}) that could mislead. Correct it.",
)
CONTENTS_TOO_LARGE = Reason(
    "signing.contents-too-large",
    "ISO 19005-2, 6.1.13",
    "Chữ ký cùng dấu thời gian cần {size} byte, quá giới hạn {limit} byte của PDF/A.",
    "The signature with its time-stamp needs {size} bytes, more than the {limit} that PDF/A allows.",
)
CONTENTS_DO_NOT_FIT = Reason(
    "signing.contents-do-not-fit",
    "ISO 32000-1, 12.8.1",
    "Chữ ký dài {size} byte không vừa chỗ đã dành ({limit} byte). Văn bản chưa bị thay đổi.",
    "The signature of {size} bytes does not fit the reserved {limit} bytes. The document was not changed.",
)
VALUE_TOO_WIDE = Reason(
    "signing.value-too-wide",
    "NĐ 30/2020/NĐ-CP, Phụ lục I, phần I, mục II.3, II.4",
    "Giá trị «{value}» dài hơn chỗ trống của ô «{field}».",
    "The value “{value}” is wider than the blank of the field “{field}”.",
)
NOTHING_TO_SHOW = Reason(
    "signing.nothing-to-show",
    "ISO 19005-2, 6.3.3",
    "Ô «{field}» có chỗ hiển thị nhưng không có hình chữ ký hoặc nội dung để hiển thị.",
    "The field “{field}” has a visible box, but there is no picture or text to show in it.",
)
BASE_CHANGED = Reason(
    "signing.base-changed",
    "An Tín: tệp ký phải đúng tệp đã chuẩn bị",
    "Tệp gốc có {size} byte, lúc chuẩn bị là {expected} byte. Tệp đã thay đổi; hãy chuẩn bị lại.",
    "The file has {size} bytes, it had {expected} when this was prepared. It was changed; prepare again.",
)
DIGEST_CHANGED = Reason(
    "signing.digest-changed",
    "An Tín: so sánh trước khi dùng khóa",
    "Giá trị băm của tệp không khớp với giá trị đã chuẩn bị để ký. Khóa chưa được dùng.",
    "The file's digest is not the one prepared for signing. The key was not used.",
)
NOT_NEWEST_SIGNATURE = Reason(
    "signing.not-newest-signature",
    "An Tín: dấu thời gian chỉ ghi vào chữ ký mới nhất",
    "Chữ ký «{field}» không phải chữ ký mới nhất, hoặc đã có dữ liệu ghi sau nó. "
    "Ghi dấu thời gian lúc này sẽ làm hỏng chữ ký sau.",
    "The signature “{field}” is not the newest, or something was appended after it. "
    "Writing the time-stamp now would break what follows.",
)
SEED_VALUES = Reason(
    "signing.seed-values",
    "ISO 32000-1, 12.7.4.5",
    "Ô «{field}» đặt điều kiện riêng cho chữ ký (seed value) mà dịch vụ không hỗ trợ.",
    "The field “{field}” sets its own conditions for the signature (seed values), which are not supported.",
)
NO_KEY = Reason(
    "signing.no-key",
    "NĐ 30/2020/NĐ-CP, Điều 32",
    "Tài khoản chưa được gắn khóa ký. Hãy đề nghị quản trị nạp chứng thư số và khóa.",
    "No signing key belongs to this account. Ask the administrator to load certificate and key.",
)
NO_STAMP_IMAGE = Reason(
    "signing.no-stamp-image",
    "NĐ 30/2020/NĐ-CP, Phụ lục I, phần I, mục II.7 và II.8",
    "Chưa có hình chữ ký hoặc dấu «{name}» (PNG nền trong suốt). Hãy đề nghị quản trị nạp hình.",
    "There is no picture for “{name}” (PNG, transparent). Ask the administrator to load it.",
)
STAMP_IMAGE_TOO_LARGE = Reason(
    "signing.stamp-image-too-large",
    "NĐ 30/2020/NĐ-CP, Phụ lục I, phần I, mục II.7 và II.8",
    "Hình «{name}» lớn hơn {limit} MB. Hãy nạp hình nhỏ hơn.",
    "The picture “{name}” is larger than {limit} MB. Load a smaller one.",
)
SHOWN_DIFFERS = Reason(
    "signing.shown-differs",
    "NĐ 30/2020/NĐ-CP, Điều 15 và PL I, mục II.3, II.4",
    "Ô «{field}» không hiển thị đúng giá trị «{expected}» của sổ đăng ký. Chưa ký số cơ quan; hãy báo quản trị.",
    "The field “{field}” does not show the register's value “{expected}”. It was not sealed; tell the administrator.",
)
PERMISSION_WITHHELD = Reason(
    "signing.permission-withheld",
    "ISO 32000-2, 7.6.4.2, table 22",
    "Mật khẩu này chỉ cho mở tệp, không cho ký hoặc điền biểu mẫu. Hãy dùng mật khẩu của chủ sở hữu tệp.",
    "This password opens the file but does not permit to sign it or fill its form. Use the owner's password.",
)
NO_ROOM = Reason(
    "signing.no-room",
    "An Tín: kiểm tra chỗ trống trước khi ký",
    "Không đủ chỗ trống trong «{folder}»: cần {needed} MB, còn {free} MB. Khóa chưa được dùng; hãy giải phóng đĩa.",
    "Not enough room in “{folder}”: {needed} MB needed, {free} MB free. The key was not used; free some space.",
)
OUT_EXISTS = Reason(
    "signing.out-exists",
    "An Tín: không ghi đè tệp",
    "Tệp «{out}» đã có và không bị ghi đè. Hãy chọn tên khác.",
    "The file “{out}” exists already and is not overwritten. Choose another name.",
)
SOURCE_UNREADABLE = Reason(
    "signing.source-unreadable",
    "An Tín: tệp nguồn",
    "Không đọc hoặc không ghi được tệp «{path}» ({cause}).",
    "The file “{path}” cannot be read or written ({cause}).",
)
SOURCE_CHANGED = Reason(
    "signing.source-changed",
    "An Tín: tệp ký phải đúng tệp đã đọc",
    "Tệp «{path}» bị thay đổi trong lúc đang ký. Khóa chưa được dùng; hãy đợi tệp ghi xong rồi chạy lại.",
    "The file “{path}” was changed while it was being signed. The key was not used; run it again when it is written.",
)
NOT_AVAILABLE = Reason(
    "signing.not-available",
    "An Tín: thiết bị hoặc dịch vụ bên ngoài",
    "Khóa, dịch vụ dấu thời gian hoặc tiến trình đọc tệp không trả lời ({cause}). Văn bản chưa được ký; hãy chạy lại.",
    "The key, the time-stamp authority or the reader did not answer ({cause}). Nothing was signed; run it again.",
)
SIGNING_FAULT = Reason(
    "signing.fault",
    "An Tín: lỗi nội bộ",
    "Lỗi nội bộ ({kind}) khi ký văn bản này; các văn bản khác vẫn được ký. Hãy báo quản trị.",
    "Internal fault ({kind}) while signing this document; the others went on. Tell the administrator.",
)
WORKER_DIED = Reason(
    "signing.worker-died",
    "An Tín: ký theo lô",
    "Tiến trình ký dừng đột ngột {times} lần ở văn bản này, nên văn bản bị bỏ qua và chưa được ký.",
    "The signing process died {times} times over this document, which was therefore left out, unsigned.",
)
OUT_MISSING = Reason(
    "signing.out-missing",
    "An Tín: không ký hai lần một văn bản trong một lô",
    "Lô này đã ký «{out}» nhưng tệp không còn ở đó hoặc đã bị cắt bớt. Để ký lại, hãy chuyển tệp nhật ký lô đi nơi khác.",
    "This batch signed “{out}” already; the file is gone or was cut. To sign again, move it and the batch's journal away.",
)
OUT_TWICE = Reason(
    "signing.out-twice",
    "An Tín: mỗi văn bản một tệp kết quả",
    "Lô này đã có một văn bản được ký vào «{out}»; văn bản sau không được ký. Hãy ký vào thư mục khác hoặc đổi tên.",
    "This batch has another document for “{out}”, or the same again; only the first is signed. Choose another name.",
)
BATCH_RUNNING = Reason(
    "signing.batch-running",
    "An Tín: mỗi thư mục một lô",
    "Một lô ký khác đang chạy trong «{folder}». Hãy đợi lô đó xong.",
    "Another batch is signing into “{folder}”. Wait until it is done.",
)
