"""The 29 kinds of administrative documents and their abbreviations (NĐ 30/2020/NĐ-CP, Điều 7 and PL III)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """`code` keys the series; `abbreviation` stands in the symbol, empty for công văn and thư công."""

    code: str
    name: str
    english: str
    abbreviation: str


def _kind(abbreviation: str, name: str, english: str) -> Kind:
    return Kind(abbreviation, name, english, abbreviation)


OFFICIAL_LETTER = Kind("CV", "Công văn", "Official letter", "")
PUBLIC_LETTER = Kind("ThC", "Thư công", "Public letter", "")
DECISION = _kind("QĐ", "Quyết định", "Decision")

KINDS: tuple[Kind, ...] = (
    _kind("NQ", "Nghị quyết", "Resolution"),
    DECISION,
    _kind("CT", "Chỉ thị", "Directive"),
    _kind("QC", "Quy chế", "Statute"),
    _kind("QyĐ", "Quy định", "Regulation"),
    _kind("TC", "Thông cáo", "Communiqué"),
    _kind("TB", "Thông báo", "Notice"),
    _kind("HD", "Hướng dẫn", "Guidance"),
    _kind("CTr", "Chương trình", "Programme"),
    _kind("KH", "Kế hoạch", "Plan"),
    _kind("PA", "Phương án", "Option paper"),
    _kind("ĐA", "Đề án", "Scheme"),
    _kind("DA", "Dự án", "Project"),
    _kind("BC", "Báo cáo", "Report"),
    _kind("BB", "Biên bản", "Minutes"),
    _kind("TTr", "Tờ trình", "Submission"),
    _kind("HĐ", "Hợp đồng", "Contract"),
    OFFICIAL_LETTER,
    _kind("CĐ", "Công điện", "Telegram"),
    _kind("BGN", "Bản ghi nhớ", "Memorandum"),
    _kind("BTT", "Bản thỏa thuận", "Agreement"),
    _kind("GUQ", "Giấy ủy quyền", "Letter of authorisation"),
    _kind("GM", "Giấy mời", "Invitation"),
    _kind("GGT", "Giấy giới thiệu", "Letter of introduction"),
    _kind("GNP", "Giấy nghỉ phép", "Leave permit"),
    _kind("PG", "Phiếu gửi", "Dispatch slip"),
    _kind("PC", "Phiếu chuyển", "Transfer slip"),
    _kind("PB", "Phiếu báo", "Notification slip"),
    PUBLIC_LETTER,
)
BY_CODE: dict[str, Kind] = {kind.code: kind for kind in KINDS}
