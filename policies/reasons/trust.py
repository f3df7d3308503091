"""Reasons about the trust store: why it is refused, and what it makes of a validation."""

from policies.refusals import Reason

EN = "ETSI EN 319 102-1"
TS = "ETSI TS 119 612 V2.2.1"
POLICY = f"{EN}, 5.1.4"

# -- the store
STORE_MALFORMED = Reason(
    "trust-store.malformed",
    POLICY,
    "Kho chứng thư tin cậy bị hỏng hoặc không đúng định dạng ({what}). Không tin phần nào của nó; hãy lấy lại bản đã ký.",
    "The trust store is broken or not in its format ({what}). Nothing of it is believed; bring back the signed copy.",
)
STORE_SIGNATURE = Reason(
    "trust-store.signature",
    POLICY,
    "Kho chứng thư tin cậy không do khóa đã ghim «{name}» ký, hoặc đã bị sửa. Hãy lấy lại bản đúng, hoặc kiểm tra "
    "trust_key.",
    "The trust store is not signed by the pinned key “{name}”, or was altered. Bring back the right copy, or check "
    "trust_key.",
)
STORE_ROLLED_BACK = Reason(
    "trust-store.rolled-back",
    POLICY,
    "Kho chứng thư tin cậy là bản {version}, nhưng đã từng thấy bản {seen}{what}. Không dùng bản cũ; hãy lấy bản mới "
    "nhất.",
    "The trust store is version {version}, but version {seen}{what} was seen before. An old one is not used; bring "
    "the newest.",
)
STORE_KEY_MALFORMED = Reason(
    "trust-store.key-malformed",
    POLICY,
    "Khóa của kho chứng thư tin cậy không đọc được ({what}).",
    "The key of the trust store cannot be read ({what}).",
)
STORE_KEY_EXPOSED = Reason(
    "trust-store.key-exposed",
    POLICY,
    "Tệp khóa {path} người khác đọc được. Hãy đặt quyền 0600, và thay khóa nếu có thể đã lộ.",
    "Others can read the key file {path}. Give it mode 0600, and change the key if it may have been seen.",
)
STORE_UNSIGNED = Reason(
    "trust-store.unsigned",
    POLICY,
    "Chế độ production cần kho chứng thư tin cậy có chữ ký và khóa đã ghim (trust_key), không dùng tệp PEM.",
    "Production mode needs a signed trust store and its pinned key (trust_key), not a PEM file.",
)
DEMO_IN_PRODUCTION = Reason(
    "trust-store.demo-in-production",
    "Luật Giao dịch điện tử 20/2023/QH15, Điều 22",
    "Kho chứng thư tin cậy có chứng thư thử nghiệm «{subject}»: chế độ production không dùng. Hãy gỡ nó khỏi kho.",
    "The trust store has the demo certificate “{subject}”: production mode does not use it. Remove it from the store.",
)

# -- changes of the store
FINGERPRINT_DIFFERS = Reason(
    "trust-store.fingerprint-differs",
    POLICY,
    "Chứng thư trong tệp có dấu vân tay SHA-256 {found}, không phải {expected}. Không thêm. Hãy hỏi lại nơi cấp bằng "
    "đường khác.",
    "The certificate in the file has the SHA-256 fingerprint {found}, not {expected}. It was not added. Ask its issuer "
    "again by another way.",
)
FINGERPRINT_UNKNOWN = Reason(
    "trust-store.fingerprint-unknown",
    POLICY,
    "Chứng thư «{subject}» (SHA-256 {found}) không có trong danh sách đã biết. Không thêm chứng thư nào. Nếu đúng là của "
    "nơi cấp, thêm riêng bằng antin trust add với dấu vân tay lấy từ họ.",
    "The certificate “{subject}” (SHA-256 {found}) is not among the known ones. Nothing was added. If it is the "
    "issuer's, add it by antin trust add with a fingerprint that you have from them.",
)
NO_CERTIFICATE = Reason(
    "trust-store.no-certificate",
    "RFC 5280, 4.1",
    "Không có đúng một chứng thư đọc được trong {path}.",
    "There is not exactly one readable certificate in {path}.",
)
ALREADY_THERE = Reason(
    "trust-store.already-there",
    POLICY,
    "Chứng thư {found} đã có trong kho (miền {domain}).",
    "The certificate {found} is in the store already (domain {domain}).",
)
NOT_THERE = Reason(
    "trust-store.not-there",
    POLICY,
    "Trong kho không có chứng thư {found} đang được tin.",
    "The store has no certificate {found} that is trusted now.",
)
NOT_AN_AUTHORITY = Reason(
    "trust-store.not-an-authority",
    "RFC 5280, 4.2.1.9",
    "«{subject}» không phải là chứng thư của tổ chức cấp chứng thư nên không thể làm gốc tin cậy.",
    "“{subject}” is not a certificate of an authority, so it cannot be a trust anchor.",
)
NOTHING_NEW = Reason(
    "trust-store.nothing-new",
    POLICY,
    "Không có gì mới để thêm vào kho chứng thư tin cậy.",
    "There is nothing new to put into the trust store.",
)
TOO_MANY = Reason(
    "trust-store.too-many",
    POLICY,
    "Kho chứng thư tin cậy chỉ giữ {limit} chứng thư đang được tin.",
    "The trust store holds at most {limit} trusted certificates.",
)

# -- trusted lists
LIST_MALFORMED = Reason(
    "trust-list.malformed",
    TS,
    "Danh sách tin cậy không đọc được hoặc không đúng định dạng ({what}).",
    "The trusted list cannot be read or is not in its format ({what}).",
)
LIST_SIGNATURE = Reason(
    "trust-list.signature",
    f"{TS}, 5.7.1; XML Signature, 3.2",
    "Chữ ký của danh sách tin cậy sai hoặc không bao phủ toàn bộ danh sách ({what}). Không dùng phần nào của nó.",
    "The signature of the trusted list is wrong or does not cover the whole list ({what}). Nothing of it is used.",
)
LIST_SIGNER = Reason(
    "trust-list.signer",
    f"{TS}, 5.7.1",
    "Danh sách tin cậy không do chứng thư có dấu vân tay {expected} ký.",
    "The trusted list is not signed with the certificate of the fingerprint {expected}.",
)
LIST_ROLLED_BACK = Reason(
    "trust-list.rolled-back",
    f"{TS}, 5.3.2",
    "Danh sách tin cậy «{name}» có số thứ tự {found}, trong khi kho đã có số {known}. Hãy lấy danh sách mới nhất.",
    "The trusted list “{name}” has the sequence number {found}, while the store has {known} already. Bring the newest.",
)
LIST_OUT_OF_DATE = Reason(
    "trust-list.out-of-date",
    f"{TS}, 5.3.15",
    "Danh sách tin cậy «{name}» chỉ có giá trị đến {until}. Hãy lấy danh sách mới nhất.",
    "The trusted list “{name}” was good until {until} only. Bring the newest.",
)
LIST_EMPTY = Reason(
    "trust-list.empty",
    f"{TS}, 5.5.4",
    "Danh sách tin cậy «{name}» không có dịch vụ nào thuộc loại đã chọn và đang được công nhận.",
    "The trusted list “{name}” has no service of the chosen types that is granted now.",
)

# -- what it makes of a validation
STORE_STALE = Reason(
    "trust-store.stale",
    POLICY,
    "Kho chứng thư tin cậy «{label}» phải được rà soát lại trước {until}; quá hạn thì không kết luận được là hợp lệ. "
    "Quản trị rà soát rồi ký lại bằng antin trust renew.",
    "The trust store “{label}” was to be reviewed before {until}; after that nothing is found valid. Its keeper reviews "
    "it and signs it anew by antin trust renew.",
)
LIST_STALE = Reason(
    "trust-list.stale",
    f"{TS}, 5.3.15",
    "Gốc tin cậy «{anchor}» lấy từ danh sách tin cậy đã hết giá trị từ {until}. Quản trị nhập danh sách mới bằng antin "
    "trust import-list.",
    "The trust anchor “{anchor}” comes from a trusted list that was good until {until}. The store's keeper imports the "
    "new list by antin trust import-list.",
)
OTHER_DOMAIN = Reason(
    "verification.other-domain",
    f"{EN}, 5.2.6.4; NĐ 68/2024/NĐ-CP, Điều 4",
    "Chứng thư của «{subject}» thuộc miền {domain_vi}; chính sách kiểm tra «{profile}» chỉ nhận miền {accepted_vi}. Nếu "
    "văn bản được phép ký bằng chứng thư này, hãy kiểm tra theo chính sách khác.",
    "The certificate of “{subject}” stands in the domain {domain_en}; the profile “{profile}” takes the domain "
    "{accepted_en} only. If this document may be signed with it, validate under another profile.",
)
STAMPS_ONLY = Reason(
    "verification.anchor-stamps-only",
    f"{TS}, 5.5.1",
    "Danh sách tin cậy công nhận «{anchor}» để cấp dấu thời gian, không phải để cấp chứng thư ký văn bản.",
    "The trusted list grants the authority “{anchor}” for time-stamps, not for certificates that sign documents.",
)
NOT_GRANTED_THEN = Reason(
    "verification.not-granted-then",
    f"{TS}, 5.5.5",
    "Nơi cấp «{anchor}» được công nhận từ {since}, sau thời điểm {moment} mà chữ ký được xét.",
    "The authority “{anchor}” is granted since {since}, after the time {moment} at which the signature is judged.",
)
PROFILE_NOT_IN_EFFECT = Reason(
    "verification.profile-not-in-effect",
    f"{EN}, 5.1.4.1 và 5.2.4.4",
    "Chính sách kiểm tra «{profile}» có hiệu lực {period_vi}, không áp dụng cho thời điểm {moment}. Hãy chọn chính sách "
    "khác.",
    "The validation profile “{profile}” is in effect {period_en}, not at {moment}. Choose another one.",
)
