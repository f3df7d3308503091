"""Where things stand on a Vietnamese official document: the boxes (ô số) of NĐ 30/2020/NĐ-CP, Phụ lục I.

Values and arithmetic only. All rectangles are in default user space of their page, in points (1/72 inch when
the page has no UserUnit), unrotated, as PDF wants them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from policies.vocabulary import FieldRole

POINTS_PER_MM = 72 / 25.4

# Field names hold no period (a period separates parent from child, ISO 32000-2, 12.7.4.2).
NUMBER_FIELD = "AnTinNumber"
DAY_FIELD = "AnTinDay"
MONTH_FIELD = "AnTinMonth"
YEAR_FIELD = "AnTinYear"
TEXT_FIELDS = (NUMBER_FIELD, DAY_FIELD, MONTH_FIELD, YEAR_FIELD)
LEADER_FIELD = "AnTinLeader"
INITIAL_FIELD = "AnTinInitial"
SEAL_FIELD = "AnTinSeal"

NUMBER_SIZE = 13.0  # PL I, mục II.3: "Số" cỡ chữ 13, kiểu chữ đứng
DATE_SIZE = 14.0  # PL I, mục II.4: cỡ chữ từ 13 đến 14, kiểu chữ nghiêng
SIGNED_FILE_TEXT_SIZE = 10.0  # PL I, mục II.8: tệp kèm theo và bản sao, cỡ chữ 10, màu đen
SEAL_COVERS = 1 / 3  # PL I, mục II.8: "trùm lên khoảng 1/3 hình ảnh chữ ký … về bên trái"
SIGNATURE_WIDTH_MM = 45.0  # a handwritten signature, when its picture is not known yet
SIGNATURE_HEIGHT_MM = 20.0
INITIAL_WIDTH_MM = 14.0
INITIAL_HEIGHT_MM = 8.0
MAX_SIZE_MM = 120.0

# PL I, mục II.7: prefixes of authority that stand before the title.
AUTHORITY_PREFIXES = ("TM.", "KT.", "TL.", "TUQ.", "Q.")

# Titles that close a document, in capitals; "PHÓ", "QUYỀN" and a body's name may stand around them.
TITLES = (
    "BÍ THƯ",
    "BỘ TRƯỞNG",
    "CHÁNH ÁN",
    "CHÁNH THANH TRA",
    "CHÁNH VĂN PHÒNG",
    "CHỈ HUY TRƯỞNG",
    "CHỦ NHIỆM",
    "CHỦ TỊCH",
    "CỤC TRƯỞNG",
    "ĐỘI TRƯỞNG",
    "GIÁM ĐỐC",
    "HIỆU TRƯỞNG",
    "KẾ TOÁN TRƯỞNG",
    "PHÓ CHÁNH",
    "PHÓ CHỦ NHIỆM",
    "PHÓ TRƯỞNG",
    "THỐNG ĐỐC",
    "THỦ TRƯỞNG",
    "THỦ TƯỚNG",
    "THỨ TRƯỞNG",
    "TỔNG GIÁM ĐỐC",
    "TỔNG KIỂM TOÁN",
    "TRƯỞNG BAN",
    "TRƯỞNG CÔNG AN",
    "TRƯỞNG ĐOÀN",
    "TRƯỞNG KHOA",
    "TRƯỞNG PHÒNG",
    "TRƯỞNG THÔN",
    "VIỆN TRƯỞNG",
    "VỤ TRƯỞNG",
)


@dataclass(frozen=True, slots=True)
class Rect:
    """Lower left and upper right corner, points. A rectangle of no area is an invisible field."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def visible(self) -> bool:
        return self.x1 > self.x0 and self.y1 > self.y0

    def within(self, other: Rect, slack: float = 0.5) -> bool:
        """Whether this rectangle lies in `other`, give or take `slack` points."""
        return (
            self.x0 >= other.x0 - slack
            and self.y0 >= other.y0 - slack
            and self.x1 <= other.x1 + slack
            and self.y1 <= other.y1 + slack
        )

    def overlaps(self, other: Rect) -> bool:
        return self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1


INVISIBLE = Rect(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Box:
    """One field to be made: what for, on which page (0-based), where, under which field name.

    `rotation` is how far the content must be turned counterclockwise in user space to stand upright on the
    displayed page (0, 90, 180, 270: the page's /Rotate). `font_size` in points for number and date.
    """

    role: FieldRole
    page: int
    rect: Rect
    name: str
    rotation: int = 0
    font_size: float = NUMBER_SIZE


Boxes = tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class SealSpec:
    """A seal as it is registered: its real diameter in millimetres (PL I, mục II.8: kích thước thực tế)."""

    diameter_mm: float

    def points(self, user_unit: float = 1.0) -> float:
        """Diameter in units of a page with this UserUnit."""
        return self.diameter_mm * POINTS_PER_MM / user_unit


@dataclass(frozen=True, slots=True)
class LeaderAnchor:
    """One leader's block (ô 7a, 7b). What is None is found by the titles and the shape of a name.

    `aspect` is width ÷ height of the signature's picture, when it is known at preparation.
    """

    title: str | None = None
    name: str | None = None
    aspect: float | None = None


@dataclass(frozen=True, slots=True)
class SealAnchor:
    """A seal of true size over the signature of the leader with this index (ô 8)."""

    spec: SealSpec
    leader: int = 0


@dataclass(frozen=True, slots=True)
class PlacementRequest:
    """Which boxes are wanted. `explicit` boxes are taken as they are, and their role is not searched.

    Leaders are in the order in which they sign. `first_page` is the page (0-based) with number and date.
    """

    leaders: tuple[LeaderAnchor, ...] = (LeaderAnchor(),)
    initials: int = 0
    number: bool = True
    date: bool = True
    seals: tuple[SealAnchor, ...] = ()
    explicit: Boxes = ()
    first_page: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """What placement found: the boxes, and what the page prints around number and date (for comparison with
    the register): `symbol` as in `QĐ-UBND`, `place`, `year` (None when the year is blank too)."""

    boxes: Boxes = ()
    symbol: str | None = None
    place: str | None = None
    year: int | None = None
    leader_names: tuple[str, ...] = field(default=())


def seal_rect(signature: Rect, spec: SealSpec, rotation: int = 0, user_unit: float = 1.0) -> Rect:
    """The seal's square: true size, centred on the signature's height, covering its left third as displayed.

    NĐ 30/2020/NĐ-CP, PL I, mục II.8. `rotation` as in `Box`.
    """
    size = spec.points(user_unit)
    x, y = signature.centre
    if rotation == 90:  # displayed left is user-space bottom
        top = signature.y0 + signature.height * SEAL_COVERS
        return Rect(x - size / 2, top - size, x + size / 2, top)
    if rotation == 180:
        left = signature.x1 - signature.width * SEAL_COVERS
        return Rect(left, y - size / 2, left + size, y + size / 2)
    if rotation == 270:
        bottom = signature.y1 - signature.height * SEAL_COVERS
        return Rect(x - size / 2, bottom, x + size / 2, bottom + size)
    right = signature.x0 + signature.width * SEAL_COVERS
    return Rect(right - size, y - size / 2, right, y + size / 2)


def number_text(number: int) -> str:
    """A number as printed: a leading zero below 10 (NĐ 30/2020/NĐ-CP, PL I, mục II.3)."""
    if number < 1:
        raise ValueError("numbers start at 1")
    return f"{number:02d}"


def date_fills(day: date) -> dict[str, str]:
    """Values of the date fields; days below 10 and months 1 and 2 with a leading zero (PL I, mục II.4)."""
    month = f"{day.month:02d}" if day.month <= 2 else str(day.month)
    return {DAY_FIELD: f"{day.day:02d}", MONTH_FIELD: month, YEAR_FIELD: str(day.year)}


def fills(number: int | str, day: date) -> dict[str, str]:
    """Values of all fields that the clerk's act fills, by field name."""
    text = number if isinstance(number, str) else number_text(number)
    return {NUMBER_FIELD: text, **date_fills(day)}
