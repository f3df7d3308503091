"""Sentences of the published policies, and of choosing by which one a file is judged."""
# ruff: noqa: E501

TEXTS: dict[str, tuple[str, str]] = {
    "home.policy": ("Chọn chính sách kiểm tra khác", "Choose another validation profile"),
    "profile.agency": ("Công vụ", "Official duty"),
    "profile.agency.for": (
        "Văn bản của cơ quan nhà nước, ký bằng chứng thư số chuyên dùng công vụ.",
        "Documents of state agencies, signed with official-duty certificates.",
    ),
    "profile.public": ("Công cộng", "Public"),
    "profile.public.for": (
        "Giấy tờ của người dân, doanh nghiệp, ký bằng chứng thư số công cộng; chữ ký công vụ cũng được nhận.",
        "Papers of citizens and companies, signed with certificates of public authorities; official-duty ones pass too.",
    ),
    "profile.strict": ("PAdES chặt", "Strict PAdES"),
    "profile.strict.for": (
        "Kiểm tra theo đúng mức cơ bản của PAdES, bắt buộc có dấu thời gian; nhận cả nơi cấp nước ngoài trong kho tin cậy.",
        "The PAdES baseline to the letter, with a time-stamp; foreign authorities of the trust store are taken too.",
    ),
    "profile.historical": ("Lịch sử", "Historical"),
    "profile.historical.for": (
        "Văn bản cũ, ký bằng thuật toán nay không còn dùng (như SHA-1): chỉ đạt khi có dấu thời gian chứng minh ký lúc thuật toán còn an toàn.",
        "Old documents, signed with algorithms of their time (such as SHA-1): good only where a time-stamp proves it.",
    ),
    "policy.usual": ("(mặc định)", "(default)"),
    "policy.version": ("phiên bản {n}", "version {n}"),
    "policy.open": ("Xem toàn bộ chính sách", "See the whole policy"),
    "report.policy_id": ("Mã chính sách", "Policy identifier"),
    "verification.other_policy": (
        "Kết quả này theo một chính sách được chọn riêng, không phải chính sách mặc định. Văn bản của cơ quan nhà nước phải đạt theo chính sách «Công vụ».",
        "This result follows a profile that was chosen, not the default one. Documents of state agencies must pass under “Official duty”.",
    ),
    "policy.title": ("Chính sách ký số và kiểm tra", "Signing and validation policy"),
    "policy.lead": (
        "Hệ thống này ký thế nào, tin nơi cấp nào và dựa vào đâu để kết luận một chữ ký số hợp lệ hay không. Mọi báo cáo đều ghi mã và phiên bản của chính sách đã dùng.",
        "How this service signs, whom it believes, and by what it calls a signature valid. Every report names the policy and its version.",
    ),
    "policy.signing": ("Chính sách ký", "Signing policy"),
    "policy.signing.order": (
        "Lãnh đạo ký trước; văn thư cấp số, ghi ngày rồi ký số cơ quan. Mỗi chữ ký có dấu thời gian của bên thứ ba.",
        "The leader signs first; the clerk numbers, dates and seals. Each signature is time-stamped by a third party.",
    ),
    "policy.signing.format": (
        "Định dạng PAdES (ETSI.CAdES.detached), mức B-T khi phát hành; sau đó bổ sung dữ liệu kiểm tra lâu dài (B-LT) và dấu thời gian lưu trữ (B-LTA).",
        "PAdES (ETSI.CAdES.detached), B-T when issued; then long-term data (B-LT) and archive time-stamps (B-LTA).",
    ),
    "policy.signing.permits": (
        "Chữ ký của lãnh đạo chỉ cho phép điền số, ngày và ký số cơ quan; sau chữ ký số cơ quan chỉ thêm dữ liệu kiểm tra và dấu thời gian.",
        "The leader's signature permits number, date and the seal alone; after the seal only validation data and time-stamps are added.",
    ),
    "policy.algorithms": ("Thuật toán ký", "Signature algorithms"),
    "policy.validation": ("Chính sách kiểm tra", "Validation profiles"),
    "policy.steps": (
        "Mỗi chữ ký được kiểm tra theo thứ tự của ETSI EN 319 102-1: cấu trúc, chứng thư của người ký, giá trị chữ ký, dấu thời gian, đường dẫn chứng thư và thu hồi, thay đổi sau khi ký. Tệp lấy theo chữ ký có kết quả thấp nhất.",
        "Each signature is judged in the order of ETSI EN 319 102-1: format, signing certificate, signature value, time-stamps, path and revocation, changes. The file takes its worst signature.",
    ),
    "policy.not_in_effect": (
        "Hiện không có hiệu lực: kiểm tra theo chính sách này thì chưa kết luận được.",
        "Not in effect now: judged by it, nothing is decided.",
    ),
    "policy.basis": ("Căn cứ", "Legal basis"),
    "policy.since": ("Có hiệu lực từ", "In effect from"),
    "policy.until": ("Đến trước ngày", "Until"),
    "policy.domains": ("Tin nơi cấp", "Trust domains"),
    "policy.formats": ("Định dạng", "Formats"),
    "policy.digests": ("Hàm băm", "Digests"),
    "policy.keys": ("Khóa từ (bit)", "Keys from (bits)"),
    "policy.weak": ("Từng đủ an toàn đến", "Reliable until"),
    "policy.weak.taken": (
        "được nhận khi dấu thời gian chứng minh ký trước ngày ấy",
        "taken where a time-stamp proves the signature to be older",
    ),
    "policy.weak.refused": ("không được nhận", "not taken"),
    "policy.needs": ("Bắt buộc có", "Required"),
    "policy.needs.timestamp": ("dấu thời gian hợp lệ", "a valid time-stamp"),
    "policy.needs.reference": (
        "chứng thư người ký ghi trong chữ ký",
        "a reference to the signing certificate",
    ),
    "policy.technical": ("Thuật toán và mã kiểm tra", "Algorithms and digest"),
    "policy.trust_until": ("Phải rà soát trước ngày", "To be reviewed before"),
    "policy.never": ("Không bao giờ coi là hợp lệ", "Never called valid"),
    "policy.never.silence": (
        "Chứng thư chưa có trả lời về thu hồi: không có trả lời không bao giờ là «hợp lệ».",
        "A certificate without an answer on its revocation: silence is never a yes.",
    ),
    "policy.never.name": (
        "Chứng thư chỉ trùng tên nơi cấp: đường dẫn phải đúng bằng chữ ký số.",
        "A certificate with the right name from the wrong issuer: paths are built by signatures.",
    ),
    "policy.never.change": (
        "Thay đổi sau khi ký mà người ký không cho phép, hoặc không hiểu được.",
        "A change after signing that the signer does not permit, or that is not understood.",
    ),
    "policy.never.claim": (
        "Giờ ký tự khai dùng làm bằng chứng: chỉ dấu thời gian chứng minh được thời điểm.",
        "A claimed signing time as proof: only a time-stamp proves when.",
    ),
    "policy.never.picture": (
        "Hình chữ ký, hình con dấu, mã QR: chỉ là hình ảnh.",
        "Pictures of signatures and seals, QR codes: they are pictures.",
    ),
    "policy.self": ("Tự kiểm tra, không cần trang này", "Check by yourself, without this site"),
    "policy.self.text": (
        "Với chứng thư gốc lấy từ chính nơi cấp, bạn có thể kiểm tra trên máy của mình, hoặc bằng phần mềm khác theo cùng tiêu chuẩn:",
        "With the root certificate from its issuer you can check on your own computer, or with other software of the same standard:",
    ),
}
