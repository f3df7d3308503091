"""What was changed after a signature, one sentence part for each kind (ISO 32000-2, 7.5.6 and 12.8.2).

The id is `change.` and the kind's own id. `field` is the form field concerned, `detail` a key of the PDF.
"""

from policies.refusals import Reason

UPDATE = "ISO 32000-2, 7.5.6"
FORM = "ISO 32000-2, 12.7"
PERMISSIONS = "ISO 32000-2, 12.8.2"
LONG_TERM = "ETSI EN 319 142-1, 5.4"

FIELD_FILLED = Reason("change.field-filled", FORM, "điền ô «{field}»", "the field “{field}” was filled")
SIGNATURE_ADDED = Reason(
    "change.signature-added", FORM, "ký vào ô «{field}»", "the field “{field}” was signed"
)
FIELD_ADDED = Reason("change.field-added", FORM, "thêm ô «{field}»", "the field “{field}” was added")
FIELD_CHANGED = Reason(
    "change.field-changed", FORM, "sửa ô «{field}» ({detail})", "the field “{field}” was changed ({detail})"
)
FIELD_LOCKED_CHANGED = Reason(
    "change.field-value-changed",
    FORM,
    "sửa giá trị đã có của ô «{field}»",
    "the value of the field “{field}” was changed",
)
FIELD_REMOVED = Reason("change.field-removed", FORM, "gỡ ô «{field}»", "the field “{field}” was removed")
FIELD_DUPLICATED = Reason(
    "change.field-duplicated", FORM, "ô «{field}» bị lặp", "the field “{field}” was duplicated"
)
SIGNATURE_REPLACED = Reason(
    "change.signature-replaced",
    FORM,
    "thay chữ ký trong ô «{field}»",
    "the signature in “{field}” was replaced",
)
SIGNATURE_REMOVED = Reason(
    "change.signature-removed", FORM, "gỡ chữ ký khỏi ô «{field}»", "the signature in “{field}” was removed"
)
APPEARANCE_REPLACED = Reason(
    "change.appearance-replaced",
    FORM,
    "thay hình hiển thị của ô «{field}»",
    "what the field “{field}” shows was replaced",
)
SIGNATURE_BORROWED = Reason(
    "change.signature-borrowed",
    FORM,
    "ô «{field}» mượn chữ ký đã có của ô khác",
    "the field “{field}” borrows a signature made elsewhere",
)
GENERATION_CHANGED = Reason(
    "change.generation-changed",
    UPDATE,
    "đổi số thế hệ của đối tượng {object}",
    "the generation of object {object} was changed",
)
VALUE_DIFFERS = Reason(
    "change.value-differs-from-drawing",
    FORM,
    "giá trị của ô «{field}» khác với chữ hiển thị",
    "the value of the field “{field}” differs from the text that is shown",
)
WIDGETS_CHANGED = Reason(
    "change.widgets-changed",
    FORM,
    "sửa chỗ hiển thị của ô «{field}»",
    "where the field “{field}” is shown was changed",
)
FORM_CHANGED = Reason(
    "change.form-changed", FORM, "sửa biểu mẫu ({detail})", "the form was changed ({detail})"
)
FORM_DROPPED = Reason("change.form-dropped", FORM, "gỡ toàn bộ biểu mẫu và chữ ký", "the form was dropped")
ANNOTATION_ADDED = Reason(
    "change.annotation-added", PERMISSIONS, "thêm chú thích {detail}", "an annotation was added {detail}"
)
ANNOTATION_CHANGED = Reason(
    "change.annotation-changed", PERMISSIONS, "sửa chú thích", "an annotation was changed"
)
ANNOTATION_REMOVED = Reason(
    "change.annotation-removed", PERMISSIONS, "gỡ chú thích", "an annotation was removed"
)
ANNOTATIONS_REORDERED = Reason(
    "change.annotations-reordered",
    PERMISSIONS,
    "đổi thứ tự các phần chồng lên trang",
    "what lies over the page was reordered",
)
PAGE_CHANGED = Reason("change.page-changed", UPDATE, "sửa trang ({detail})", "a page was changed ({detail})")
PAGE_CONTENT = Reason(
    "change.page-content-changed", UPDATE, "sửa nội dung trang", "the content of a page was changed"
)
PAGE_ADDED = Reason("change.page-added", UPDATE, "thêm trang", "a page was added")
PAGE_REMOVED = Reason("change.page-removed", UPDATE, "gỡ trang", "a page was removed")
PAGE_TREE = Reason("change.page-tree-changed", UPDATE, "sửa danh sách trang", "the list of pages was changed")
CATALOG = Reason(
    "change.catalog-changed",
    UPDATE,
    "sửa danh mục tài liệu ({detail})",
    "the document catalog was changed ({detail})",
)
TRAILER = Reason(
    "change.trailer-changed", UPDATE, "sửa phần cuối tệp ({detail})", "the trailer was changed ({detail})"
)
METADATA = Reason("change.metadata-changed", UPDATE, "sửa siêu dữ liệu", "metadata was changed")
FREED = Reason("change.object-freed", UPDATE, "xóa đối tượng {object}", "object {object} was deleted")
REDEFINED = Reason(
    "change.object-redefined", UPDATE, "thay đối tượng {object}", "object {object} was replaced"
)
STREAM_REDEFINED = Reason(
    "change.object-stream-redefined",
    UPDATE,
    "thay nhóm đối tượng {object}",
    "object stream {object} was replaced",
)
DANGLING = Reason(
    "change.dangling-reference-defined",
    UPDATE,
    "định nghĩa đối tượng {object} mà phần đã ký để trống",
    "object {object}, left undefined in the signed part, was defined",
)
DATA_ADDED = Reason(
    "change.validation-data-added", LONG_TERM, "thêm dữ liệu kiểm tra dài hạn", "validation data was added"
)
DATA_REMOVED = Reason(
    "change.validation-data-removed", LONG_TERM, "gỡ dữ liệu kiểm tra dài hạn", "validation data was removed"
)
TIMESTAMP_ADDED = Reason(
    "change.document-timestamp-added",
    LONG_TERM,
    "thêm dấu thời gian tài liệu",
    "a document time-stamp was added",
)
TRAILING_BYTES = Reason(
    "change.trailing-bytes", UPDATE, "thêm byte thừa ở cuối tệp", "bytes were added at the end of the file"
)
HIDDEN_BYTES = Reason(
    "change.hidden-bytes",
    UPDATE,
    "có nội dung ẩn sau cuối tệp",
    "there is hidden content after the end of the file",
)
NO_END = Reason("change.no-end-mark", UPDATE, "thiếu dấu kết thúc tệp", "the end-of-file marker is missing")
UNREADABLE = Reason(
    "change.revision-unreadable", UPDATE, "một lần cập nhật không đọc được", "a revision cannot be read"
)
UNREACHABLE = Reason(
    "change.unreachable-revision",
    UPDATE,
    "một lần cập nhật bị gỡ khỏi chuỗi",
    "a revision was cut out of the chain",
)
PREV_FORWARD = Reason(
    "change.prev-forward", UPDATE, "chuỗi tham chiếu đi ngược", "the chain of cross-references leads forward"
)
REBUILT = Reason(
    "change.rebuilt-otherwise",
    UPDATE,
    "có nội dung ẩn mà phần mềm tự sửa tệp sẽ hiển thị",
    "there is hidden content that programs show which rebuild the file",
)
UNCOMPARED = Reason(
    "change.uncompared",
    UPDATE,
    "không so sánh được các lần cập nhật ({detail})",
    "the revisions could not be compared ({detail})",
)
OTHER = Reason("change.other", UPDATE, "thay đổi {detail}", "a change: {detail}")
