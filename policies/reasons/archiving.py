"""Reasons of the archive: storage, registers, log, receipts."""

from policies.refusals import Reason

RETENTION_SHORTENED = Reason(
    "archive.retention-shortened",
    "Luật Lưu trữ 33/2024/QH15, Điều 15",
    "Thời hạn lưu giữ chỉ được kéo dài, không được rút ngắn.",
    "Retention may only be extended, never shortened.",
)

# Object storage.
KEY_NOT_ALLOWED = Reason(
    "archive.key-not-allowed",
    "An Tín: kho đối tượng",
    "Khóa lưu trữ «{key}» không hợp lệ.",
    "The storage key “{key}” is not allowed.",
)
OBJECT_EXISTS = Reason(
    "archive.object-exists",
    "Luật Lưu trữ 33/2024/QH15, Điều 33",
    "Đối tượng «{key}» đã được lưu với nội dung khác; tài liệu đã lưu không bao giờ bị ghi đè.",
    "The object “{key}” is already stored with other bytes; what is stored is never overwritten.",
)
OBJECT_MISSING = Reason(
    "archive.object-missing",
    "An Tín: kho đối tượng",
    "Không tìm thấy đối tượng «{key}» trong kho.",
    "The object “{key}” is not in the store.",
)
STEP_NOT_KEPT = Reason(
    "archive.step-not-kept",
    "An Tín: vùng làm việc",
    "Bản trung gian «{key}» không còn nữa: văn bản đã được lưu trữ, các bước trước đó không được giữ lâu dài. "
    "Hãy tải bản đã lưu trữ.",
    "The intermediate version “{key}” is gone: the document is archived, and the steps before are not kept for long. "
    "Download the archived version.",
)
OTHER_DEPLOYMENT = Reason(
    "archive.other-deployment",
    "An Tín: kho đối tượng",
    "Kho đối tượng này thuộc về hệ thống «{found}», còn cơ sở dữ liệu thuộc về hệ thống «{expected}». "
    "Hãy kiểm tra object_store và database_url; mỗi hệ thống cần một kho riêng. Nếu cơ sở dữ liệu đã mất, "
    "hãy phục hồi nó (antin restore hoặc antin rebuild) trước khi chạy.",
    "This object store belongs to deployment “{found}”, the database to deployment “{expected}”. Check object_store "
    "and database_url: every deployment needs a bucket of its own. If the database was lost, bring it back "
    "(antin restore or antin rebuild) before you start.",
)
STORE_IS_EMPTY = Reason(
    "archive.store-is-empty",
    "An Tín: kho đối tượng",
    "Cơ sở dữ liệu có {size} mục nhật ký nhưng kho đối tượng không có nhật ký nào: kho sai hoặc đã bị xóa. "
    "Hãy kiểm tra object_store; nếu kho đã mất, hãy phục hồi từ kho thứ hai hoặc bản sao lưu.",
    "The database has {size} log entries and the object store has no log: the wrong bucket, or an emptied one. Check "
    "object_store; if the store was lost, restore it from the second store or from the backup.",
)
OTHER_LOG_KEY = Reason(
    "archive.other-log-key",
    "C2SP signed-note",
    "Khóa nhật ký «{found}» không phải khóa mà nhật ký này đã bắt đầu («{expected}»). Hãy đặt log_key là đúng tệp "
    "khóa đã dùng; mọi tiến trình của hệ thống dùng chung một khóa.",
    "The log key “{found}” is not the one that this log was begun with (“{expected}”). Set log_key to the file that "
    "was used then; all processes of a deployment share one key.",
)
DIGEST_DIFFERS = Reason(
    "archive.digest-differs",
    "An Tín: kho đối tượng",
    "Dữ liệu gửi vào kho cho «{key}» không khớp mã băm SHA-256 đã khai. Hãy gửi lại.",
    "The bytes given for “{key}” do not have the stated SHA-256. Send them again.",
)
UNDER_RETENTION = Reason(
    "archive.under-retention",
    "Luật Lưu trữ 33/2024/QH15, Điều 15",
    "Đối tượng «{key}» còn trong thời hạn lưu giữ, chưa được xóa.",
    "The object “{key}” is still under retention and must not be deleted.",
)
UNDER_HOLD = Reason(
    "archive.under-hold",
    "Luật Lưu trữ 33/2024/QH15, Điều 15",
    "Đối tượng «{key}» đang bị tạm giữ theo yêu cầu pháp lý, chưa được xóa. Phải có quyết định gỡ tạm giữ trước.",
    "The object “{key}” is under a legal hold and must not be deleted. The hold has to be released first.",
)
DIRECTORY_IN_PRODUCTION = Reason(
    "archive.directory-in-production",
    "An Tín: chế độ vận hành",
    "Chế độ vận hành chính thức không dùng thư mục làm kho lưu trữ. Hãy cấu hình kho S3 có Object Lock.",
    "Production mode does not accept a directory as the archive. Configure an S3 store with Object Lock.",
)

# Log, proofs and receipts.
ENTRY_TOO_LARGE = Reason(
    "proof.entry-too-large",
    "C2SP tlog-tiles",
    "Mục nhật ký dài {size} byte, vượt giới hạn 65.535 byte.",
    "The log entry has {size} bytes; the limit is 65,535.",
)
LEAF_MALFORMED = Reason(
    "proof.leaf-malformed",
    "An Tín: antin.leaf/1",
    "Mục nhật ký không đúng định dạng ({detail}).",
    "The log entry is malformed ({detail}).",
)
NOTE_MALFORMED = Reason(
    "proof.note-malformed",
    "C2SP signed-note",
    "Bản ghi có chữ ký của nhật ký không đúng định dạng ({detail}).",
    "The log's signed note is malformed ({detail}).",
)
CHECKPOINT_MALFORMED = Reason(
    "proof.checkpoint-malformed",
    "C2SP tlog-checkpoint",
    "Điểm kiểm tra của nhật ký không đúng định dạng ({detail}).",
    "The log's checkpoint is malformed ({detail}).",
)
PROOF_MALFORMED = Reason(
    "proof.malformed",
    "C2SP tlog-proof",
    "Bằng chứng của nhật ký không đúng định dạng ({detail}).",
    "The log proof is malformed ({detail}).",
)
VERIFIER_KEY_MALFORMED = Reason(
    "proof.verifier-key-malformed",
    "C2SP signed-note",
    "Khóa kiểm tra nhật ký (log.vkey) không đúng định dạng ({detail}).",
    "The log's verifier key (log.vkey) is malformed ({detail}).",
)
WRONG_LOG_KEY = Reason(
    "proof.wrong-log-key",
    "C2SP signed-note",
    "Điểm kiểm tra không được ký bằng khóa nhật ký «{name}» đã cho. Hãy lấy đúng tệp log.vkey của cơ quan.",
    "The checkpoint is not signed by the given log key “{name}”. Use the log.vkey of the agency that issued it.",
)
NOTE_SIGNATURE_BROKEN = Reason(
    "proof.note-signature-broken",
    "RFC 8032; C2SP signed-note",
    "Chữ ký của nhật ký «{name}» trên điểm kiểm tra không đúng: nội dung đã bị sửa.",
    "The signature of log “{name}” on the checkpoint does not verify: the text was changed.",
)
WRONG_LOG = Reason(
    "proof.wrong-log",
    "C2SP tlog-checkpoint",
    "Điểm kiểm tra thuộc nhật ký «{found}», không phải «{expected}».",
    "The checkpoint belongs to log “{found}”, not “{expected}”.",
)
NOT_INCLUDED = Reason(
    "proof.not-included",
    "RFC 9162, 2.1.3.2",
    "Bằng chứng không chứng minh được mục số {index} nằm trong nhật ký có {size} mục.",
    "The proof does not show entry {index} in the log of {size} entries.",
)
NOT_CONSISTENT = Reason(
    "proof.not-consistent",
    "RFC 9162, 2.1.4.2",
    "Nhật ký {new} mục không phải là phần nối tiếp của nhật ký {old} mục đã thấy: nhật ký đã bị viết lại "
    "hoặc rẽ nhánh.",
    "The log of {new} entries does not continue the log of {old} entries seen before: it was rewritten or forked.",
)
ROLLED_BACK = Reason(
    "proof.rolled-back",
    "C2SP tlog-checkpoint",
    "Điểm kiểm tra chỉ có {size} mục, trong khi đã từng thấy {known} mục: nhật ký đã bị lùi lại.",
    "The checkpoint has {size} entries although {known} were seen before: the log was rolled back.",
)
NOT_WITNESSED = Reason(
    "proof.not-witnessed",
    "C2SP tlog-cosignature",
    "Điểm kiểm tra không có đồng ký của bên chứng kiến «{name}».",
    "The checkpoint carries no cosignature of the witness “{name}”.",
)
TOO_FEW_WITNESSES = Reason(
    "proof.too-few-witnesses",
    "C2SP tlog-cosignature",
    "Chỉ có {found} trên {needed} bên chứng kiến bạn yêu cầu đã đồng ký điểm kiểm tra. "
    "Hãy tải lại biên nhận sau ít phút.",
    "Only {found} of the {needed} witnesses that you ask for cosigned the checkpoint. Fetch the receipt again in a few minutes.",
)
COSIGNATURE_MALFORMED = Reason(
    "proof.cosignature-malformed",
    "C2SP tlog-cosignature",
    "Đồng ký của bên chứng kiến «{name}» không đúng định dạng.",
    "The cosignature of the witness “{name}” is malformed.",
)
SUBMISSION_MALFORMED = Reason(
    "proof.submission-malformed",
    "C2SP tlog-witness",
    "Yêu cầu gửi bên chứng kiến, hoặc trả lời của họ, không đúng định dạng ({detail}).",
    "The request to the witness, or its answer, is malformed ({detail}).",
)
UNKNOWN_LOG = Reason(
    "proof.unknown-log",
    "C2SP tlog-witness",
    "Bên chứng kiến này không theo dõi nhật ký «{origin}».",
    "This witness does not watch the log “{origin}”.",
)
STALE_SIZE = Reason(
    "proof.stale-size",
    "C2SP tlog-witness",
    "Bên chứng kiến đã đồng ký nhật ký ở {size} mục. Hãy gửi bằng chứng nối tiếp từ đó.",
    "The witness cosigned the log at {size} entries. Send the proof from there.",
)
FORKED = Reason(
    "proof.forked",
    "C2SP tlog-witness",
    "Nhật ký «{origin}» đã ký hai điểm kiểm tra khác nhau cùng có {size} mục: nhật ký bị rẽ nhánh.",
    "The log “{origin}” signed two different checkpoints of {size} entries: it forked.",
)
WITNESS_REFUSES = Reason(
    "proof.witness-refuses",
    "C2SP tlog-witness",
    "Bên chứng kiến «{name}» từ chối đồng ký (HTTP {status}). Hãy hỏi đơn vị vận hành: có thể họ chưa thêm nhật ký này.",
    "The witness “{name}” does not cosign (HTTP {status}). Ask its operator: it may not watch this log yet.",
)
LOG_BEHIND = Reason(
    "archive.log-behind",
    "C2SP tlog-checkpoint; RFC 9162, 2.1.4",
    "Nhật ký trên máy này cũ hơn, hoặc khác với nhật ký mà nơi khác đã thấy; hệ thống dừng lưu trữ để không cấp trùng số. "
    "Hãy khôi phục bản sao lưu mới hơn (antin restore), hoặc dựng lại danh mục từ kho (antin rebuild).",
    "This log is older than, or other than, the one that was seen elsewhere; archiving stops, so that no number is given "
    "twice. Restore a newer backup (antin restore), or make the catalogue anew from the store (antin rebuild).",
)
RECEIPT_TOO_LARGE = Reason(
    "proof.receipt-too-large",
    "An Tín: antin.receipt/1",
    "Biên nhận vượt giới hạn {limit} byte.",
    "The receipt exceeds the limit of {limit} bytes.",
)
RECEIPT_MALFORMED = Reason(
    "proof.receipt-malformed",
    "An Tín: antin.receipt/1",
    "Biên nhận không đúng định dạng antin.receipt/1 ({detail}).",
    "The receipt is not a well-formed antin.receipt/1 ({detail}).",
)
OTHER_DOCUMENT = Reason(
    "proof.other-document",
    "An Tín: antin.receipt/1",
    "Biên nhận này không thuộc về tệp đã cho: mã băm của tệp là {found}, của biên nhận là {expected}.",
    "This receipt is not for the given file: the file's digest is {found}, the receipt's is {expected}.",
)
COMMITMENT_DIFFERS = Reason(
    "proof.commitment-differs",
    "An Tín: antin.leaf/1",
    "Mã băm và muối trong biên nhận không mở được cam kết «{role}» của mục nhật ký.",
    "Digest and salt of the receipt do not open the entry's “{role}” commitment.",
)
WRONG_LEAF_KIND = Reason(
    "proof.wrong-leaf-kind",
    "An Tín: antin.receipt/1",
    "Mục nhật ký của biên nhận thuộc loại «{kind}», không phải văn bản.",
    "The receipt's log entry is of kind “{kind}”, not a document.",
)
NO_DOCUMENT = Reason(
    "archive.no-document",
    "An Tín: danh mục",
    "Không tìm thấy văn bản. Hãy kiểm tra lại địa chỉ hoặc mã tra cứu.",
    "There is no such document. Check the address or the look-up code.",
)
NOT_ARCHIVED = Reason(
    "archive.not-archived",
    "Luật Lưu trữ 33/2024/QH15",
    "Văn bản chưa được lưu trữ. Hãy đợi đến khi lưu xong.",
    "The document is not archived yet. Wait until it is.",
)
DISPOSED = Reason(
    "archive.disposed",
    "Luật Lưu trữ 33/2024/QH15",
    "Tài liệu đã được hủy theo quy định, nên không còn biên nhận để cấp.",
    "The record was disposed of by law, so there is no receipt to give any more.",
)
NO_RECEIPT_YET = Reason(
    "archive.no-receipt-yet",
    "RFC 9162; An Tín: điểm cam kết",
    "Văn bản chưa có biên nhận lưu trữ. Biên nhận có sau khi văn bản được lưu và ghi vào nhật ký.",
    "There is no receipt yet: it is given once the document is archived and numbered in the log.",
)

# The catalogue made again out of the object store.
NOTHING_TO_REBUILD = Reason(
    "rebuild.nothing-there",
    "An Tín: dựng lại danh mục",
    "Kho này không có nhật ký nào của khóa đã cho. Hãy kiểm tra cấu hình kho và tệp log.key.",
    "This store has no log of the given key. Check the settings of the store and the file log.key.",
)
CATALOGUE_NOT_EMPTY = Reason(
    "rebuild.catalogue-not-empty",
    "An Tín: dựng lại danh mục",
    "Cơ sở dữ liệu đã có dữ liệu lưu trữ ({tables}). Chỉ dựng lại vào cơ sở dữ liệu trống: hãy cất cơ sở dữ liệu này đi "
    "rồi chạy lại antin rebuild.",
    "The database has archived facts already ({tables}). A rebuild fills an empty database only: put this one away, then "
    "run antin rebuild again.",
)
REBUILD_DIFFERS = Reason(
    "rebuild.differs",
    "An Tín: dựng lại danh mục",
    "Lần dựng lại đang dở đọc kho «{source}» với nhật ký {size} mục, không phải như lần này. Hãy chạy lại đúng như lần "
    "trước, hoặc bắt đầu lại với cơ sở dữ liệu trống.",
    "The rebuild that is half done reads the store “{source}” with a log of {size} entries, which is not what was asked "
    "for now. Run it as before, or begin again with an empty database.",
)
REBUILD_RUNS = Reason(
    "rebuild.runs-already",
    "An Tín: dựng lại danh mục",
    "Một lệnh antin rebuild khác đang dựng lại cơ sở dữ liệu này. Hãy đợi lệnh đó xong; nếu nó đã dừng thì chạy lại.",
    "Another antin rebuild is at work on this database. Wait until it has ended; if it was stopped, run this again.",
)
HALF_REBUILT = Reason(
    "rebuild.half-done",
    "An Tín: dựng lại danh mục",
    "Danh mục mới dựng lại được một nửa, chưa dùng được. Hãy chạy lại: antin rebuild (chạy tiếp từ chỗ dừng).",
    "The catalogue is only half rebuilt and cannot be used yet. Run antin rebuild again: it goes on where it stopped.",
)
