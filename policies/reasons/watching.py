"""Alarms of what watches over the archive, for the operator: what is wrong, and what helps."""

from policies.refusals import Reason

GUIDE = "An Tín: docs/operator.md"

NO_GOOD_NIGHT = Reason(
    "watch.no-good-night",
    GUIDE,
    "Đã hơn hai ngày công việc ban đêm ({task}) chưa lần nào chạy trọn. Hãy xem nhật ký dịch vụ và trạng thái kho; "
    "việc còn nợ tự chạy lại mỗi giờ.",
    "The night's work ({task}) has not come to a good end for more than two days. See the service's log and the store; "
    "what is owed is tried again every hour.",
)
AUDIT_FOUND = Reason(
    "watch.audit-found",
    GUIDE,
    "Lần đối soát ban đêm gần nhất thấy {count} chỗ sai lệch giữa kho, cơ sở dữ liệu, nhật ký và sổ. Đừng xóa gì; hãy "
    "chạy «antin fsck» và xem từng chỗ trong hướng dẫn.",
    "The last nightly audit found {count} places where stores, catalogue, log and registers disagree. Delete nothing; "
    "run “antin fsck” and look each of them up in the guide.",
)
LOCK_END_NEAR = Reason(
    "watch.lock-end-near",
    "Luật Lưu trữ 33/2024/QH15, Điều 15; " + GUIDE,
    "Khóa lưu giữ sớm nhất trong kho «{store}» hết hạn ngày {end}, sớm hơn mức 300 ngày. Việc gia hạn đã không chạy "
    "trong nhiều tuần: hãy xem quyền PutObjectRetention của tài khoản và nhật ký, rồi chạy «antin locks run».",
    "The first lock in the {store} store ends on {end}, nearer than 300 days. It was not extended for weeks: look at "
    "the account's right PutObjectRetention and at the log, then run “antin locks run”.",
)
LOCK_SHORTENED = Reason(
    "watch.lock-shortened",
    "Luật Lưu trữ 33/2024/QH15, Điều 15; " + GUIDE,
    "Có người đã rút ngắn, làm yếu hoặc gỡ khóa lưu giữ trong kho «{store}» ngoài hệ thống này (lần gần nhất: {at}). "
    "Khóa đã được đặt lại. Hãy kiểm tra ai có quyền quản trị kho và xem «antin locks status».",
    "Somebody shortened, softened or took off a lock in the {store} store, around this service (last: {at}). The lock "
    "was set again. Find out who administers the store; “antin locks status” names the objects.",
)
LOCK_OVERDUE = Reason(
    "watch.lock-overdue",
    GUIDE,
    "Có đối tượng trong kho «{store}» từ {at} đến nay chưa gia hạn khóa được. Hãy xem nhật ký: đối tượng mất, hoặc "
    "tài khoản thiếu quyền.",
    "The lock of an object in the {store} store could not be looked after since {at}. See the log: the object is "
    "gone, or the account lacks a right.",
)
DAMAGED = Reason(
    "watch.damaged",
    GUIDE,
    "Có {count} bản lưu bị hỏng hoặc mất mà chưa sửa được. Đừng xóa gì; hãy xem «antin fixity status» và mục «Khi có "
    "bản lưu bị hỏng».",
    "{count} stored copies are damaged or gone and could not be repaired. Delete nothing; see “antin fixity status” "
    "and “A stored copy is damaged” in the guide.",
)
FIXITY_LATE = Reason(
    "watch.fixity-late",
    GUIDE,
    "Việc đọc kiểm không theo kịp: một lượt đọc toàn bộ kho «{store}» cần khoảng {days} đêm, quá 90. Hãy tăng "
    "fixity_bytes, fixity_objects, hoặc thêm tiến trình worker.",
    "Fixity does not keep up: reading the whole {store} store takes about {days} nights, more than 90. Raise "
    "fixity_bytes and fixity_objects, or add workers.",
)
SECOND_BEHIND = Reason(
    "watch.second-behind",
    GUIDE,
    "Kho thứ hai còn thiếu {count} đối tượng, lâu nhất từ {at}. Hãy xem trạng thái kho thứ hai bằng «antin storage "
    "check --second».",
    "The second store lacks {count} objects, the oldest since {at}. Look at it with “antin storage check --second”.",
)
SECOND_LOCKS = Reason(
    "watch.second-locks",
    GUIDE,
    "Kho thứ hai: {what}. Những gì đã sao sang đó chưa chắc được giữ. Hãy chạy «antin storage check --second».",
    "The second store: {what}. Nothing is sure to stay that was copied there. Run “antin storage check --second”.",
)
TRUST_REVIEW_NEAR = Reason(
    "watch.trust-review-near",
    "An Tín: docs/trust.md",
    "Kho chứng thư tin cậy «{label}» phải được rà soát trước {until}; sau ngày đó không chữ ký nào được kết luận là hợp lệ và không ai "
    "ký được. Hãy rà soát rồi chạy «antin trust renew», hoặc nhập danh sách tin cậy mới bằng «antin trust import-list».",
    "The trust store “{label}” is to be reviewed before {until}; after that day no signature is found valid and nobody can "
    "sign. Review it and run “antin trust renew”, or take the new trusted list in by “antin trust import-list”.",
)
TRUST_REVIEW_OVER = Reason(
    "watch.trust-review-over",
    "An Tín: docs/trust.md",
    "Kho chứng thư tin cậy «{label}» đã quá hạn rà soát từ {until}: chữ ký thuộc phần quá hạn không được kết luận là hợp lệ. Hãy rà soát "
    "rồi chạy «antin trust renew», hoặc nhập danh sách tin cậy mới bằng «antin trust import-list», và khởi động lại dịch vụ.",
    "The trust store “{label}” was to be reviewed before {until}: what is past its review finds nothing valid. Review it and "
    "run “antin trust renew”, or take the new trusted list in by “antin trust import-list”, and start the service again.",
)
NOT_ARCHIVED = Reason(
    "watch.not-archived",
    GUIDE,
    "Có {count} việc đã làm mà kho chưa nhận, lâu nhất từ {at}; chưa việc nào trong số đó được coi là đã lưu trữ. Hãy chạy "
    "«antin storage check» và xem nhật ký dịch vụ; hệ thống tự thử lại hai lần mỗi phút.",
    "{count} acts wait to be archived, the oldest since {at}; none of them is called archived. Run “antin storage check” "
    "and see the service's log; each is tried again twice a minute.",
)
EVIDENCE_ENDS = Reason(
    "watch.evidence-ends",
    "ETSI EN 319 142-1, 5.4.3; " + GUIDE,
    "Có {count} văn bản mà bằng chứng sắp hết hoặc đã hết hạn kiểm tra (ví dụ «{document}») và chưa gia hạn được. Hãy xem "
    "«antin renew --status» và máy chủ dấu thời gian, rồi chạy «antin renew --due».",
    "The evidence of {count} documents ends soon, or has ended, and could not be renewed (“{document}” is one of them). "
    "See “antin renew --status” and the time-stamp authority, then run “antin renew --due”.",
)
RENEWAL_NO_GAIN = Reason(
    "watch.renewal-no-gain",
    "ETSI EN 319 142-1, 5.4.3; " + GUIDE,
    "Chứng thư của máy chủ dấu thời gian vẫn là chứng thư sắp hết hạn: dấu mới không kéo dài được bằng chứng. Hệ thống hỏi "
    "lại sau 30 ngày.",
    "The time-stamp authority's certificate is still the one that ends soon: a new time-stamp proves no longer. The "
    "authority is asked again in 30 days.",
)
