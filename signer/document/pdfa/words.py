"""A PDF/A report as JSON, and the words for people, in Vietnamese and English."""

from __future__ import annotations

from typing import Any

from signer.document.pdfa.report import PdfaReport

AREAS = {
    "structure": ("cấu trúc tệp", "file structure"),
    "graphics": ("đồ họa và màu sắc", "graphics and colour"),
    "fonts": ("phông chữ", "fonts"),
    "transparency": ("độ trong suốt", "transparency"),
    "annotations": ("chú thích", "annotations"),
    "forms": ("biểu mẫu và chữ ký", "forms and signatures"),
    "actions": ("hành động tự động", "actions"),
    "metadata": ("siêu dữ liệu", "metadata"),
    "attachments": ("tệp đính kèm", "embedded files"),
    "layers": ("lớp nội dung", "layers"),
    "other": ("nội dung khác", "other content"),
    "reader": ("đối tượng không đọc được", "an object that cannot be read"),
}
UNEXAMINED = {
    "jpeg-2000": ("dữ liệu của ảnh JPEG 2000", "the data of JPEG 2000 images"),
    "spot-colours": ("các màu pha so với nhau", "spot colours against each other"),
    "glyphs": ("từng nét chữ của phông CFF và Type 1", "the glyphs of CFF and Type 1 fonts"),
    "cmaps": ("mã chữ theo CMap khác Identity", "the codes of CMaps other than Identity"),
    "extension-schemas": (
        "cách ghi lược đồ mở rộng của siêu dữ liệu",
        "the wording of extension schemas",
    ),
    "level-a": (
        "yêu cầu riêng của mức A (cấu trúc thẻ, mã Unicode)",
        "what level A asks beyond B: tags and Unicode",
    ),
    "level-u": ("yêu cầu riêng của mức U (mã Unicode)", "what level U asks beyond B: Unicode"),
}


def to_json(report: PdfaReport, language: str = "vi") -> dict[str, Any]:
    """The report as the field `pdfa` of `antin.verify/1`. Texts of findings are English; `area_text` and what is
    unexamined are in `language` (`vi` or `en`)."""
    return {
        "claims": report.claims,
        "against": report.against,
        "conforms": report.conforms,
        "complete": report.complete,
        "findings": [
            {
                "rule": each.rule,
                "area": each.area,
                "area_text": word(AREAS, each.area, language),
                "object": each.object,
                "text": each.text,
            }
            for each in report.findings
        ],
        "unexamined": [{"id": each, "text": word(UNEXAMINED, each, language)} for each in report.unexamined],
    }


def word(words: dict[str, tuple[str, str]], key: str, language: str) -> str:
    """The word for `key`; the key itself where there is none."""
    return words[key][language == "en"] if key in words else key


def told(report: PdfaReport, language: str = "vi") -> str:
    """One sentence for people: what the file claims to be, and whether the check found it so."""
    texts = _TOLD["en" if language == "en" else "vi"]
    if report.conforms:
        key = "conforms"
    elif not report.complete and not report.findings:
        key = "incomplete"
    else:
        key = "breaks" if report.claims else "unclaimed"
    return texts[key].format(claims=report.claims, against=report.against, n=len(report.findings))


_TOLD = {
    "vi": {
        "conforms": "Tệp tự khai là PDF/A-{claims}; kiểm tra theo PDF/A-{against} không thấy vi phạm.",
        "breaks": "Tệp tự khai là PDF/A-{claims} nhưng có {n} điểm chưa đúng quy tắc của PDF/A-{against}.",
        "unclaimed": "Tệp không tự khai là PDF/A.",
        "incomplete": "Chưa kiểm tra hết được PDF/A trong giới hạn cho phép nên không kết luận.",
    },
    "en": {
        "conforms": "The file says that it is PDF/A-{claims}; the check by PDF/A-{against} found no violation.",
        "breaks": "The file says that it is PDF/A-{claims}, but breaks PDF/A-{against} in {n} points.",
        "unclaimed": "The file does not say that it is PDF/A.",
        "incomplete": "The PDF/A check did not come to its end within its limits: no conclusion.",
    },
}
