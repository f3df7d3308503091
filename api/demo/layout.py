"""Lays a sample document out on upright A4 pages: NĐ 30/2020/NĐ-CP, PL I, phần I and II (ô số 1 to 10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import cycle

from api.demo import wording
from api.demo.agency import Signatory
from api.demo.canvas import (
    LINE,
    MARGIN_BOTTOM,
    MARGIN_LEFT,
    MARGIN_RIGHT,
    MARGIN_TOP,
    MM,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    RED,
    TEXT_WIDTH,
    Frame,
    Page,
    Picture,
    Run,
    Text,
    break_lines,
    place_segments,
)
from api.demo.pdf_fonts import Style, text_width
from api.demo.specification import Anchors, DecisionSpec, ExpectedBox, Kind

BODY, INDENT, GAP = 14.0, 12.7 * MM, 6.0
LEFT_CENTRE = MARGIN_LEFT + 76.0
RIGHT_CENTRE = PAGE_WIDTH - MARGIN_RIGHT - 142.0
BLANK_NUMBER, BLANK_DAY = " " * 9, " " * 6
SIGNATURE_ROOM = 84.0
SIGNATURE_WIDTH = 190.0


@dataclass
class Composition:
    """Pages in order, where the fields belong, and how many padding images follow."""

    pages: list[Page] = field(default_factory=list)
    boxes: list[ExpectedBox] = field(default_factory=list)


@dataclass
class Flow:
    """Writes downwards and starts the next page when one is full."""

    out: Composition
    y: float = 0.0
    first_page: int = 0

    def __post_init__(self) -> None:
        self.new_page()

    @property
    def page(self) -> Page:
        return self.out.pages[-1]

    @property
    def index(self) -> int:
        return len(self.out.pages) - 1

    def new_page(self) -> None:
        """Starts a page; from the second on it carries its number in the top margin."""
        self.out.pages.append(Page())
        self.y = PAGE_HEIGHT - MARGIN_TOP
        shown = self.index - self.first_page + 1
        if shown > 1:
            self.page.centred(str(shown), PAGE_WIDTH / 2, PAGE_HEIGHT - 13 * MM, Style.REGULAR, 13)

    def start_part(self) -> None:
        """Starts an appendix: a page whose numbering begins again."""
        self.first_page = len(self.out.pages)
        self.new_page()

    def line(self, size: float, gap: float = 0.0) -> float:
        """Moves down one line and returns its baseline."""
        self.y -= gap
        if self.y - size * LINE < MARGIN_BOTTOM:
            self.new_page()
        self.y -= size * LINE
        return self.y + size * 0.25

    def paragraph(self, runs: tuple[Run, ...], size: float = BODY, indent: float = INDENT) -> Text:
        """Writes a justified paragraph and returns its last run."""
        for position, line in enumerate(break_lines(runs, size, TEXT_WIDTH, indent)):
            baseline = self.line(size, GAP if position == 0 else 0.0)
            place_segments(self.page, line, MARGIN_LEFT, baseline, size)
        last = self.page.items[-1]
        assert isinstance(last, Text)  # noqa: S101 - break_lines never gives an empty paragraph
        return last

    def heading(self, text: str, size: float = 14, gap: float = GAP, width: float = 400) -> float:
        """Writes bold centred lines and returns the width of the last."""
        extent = 0.0
        for line in break_lines(((text, Style.BOLD),), size, width, 0.0, justify=False):
            content = "".join(part.text for part in line)
            centre = MARGIN_LEFT + TEXT_WIDTH / 2
            extent = self.page.centred(content, centre, self.line(size, gap), Style.BOLD, size).width
            gap = 0.0
        return extent


def compose(spec: DecisionSpec) -> Composition:
    """Lays out the whole document, without anything that later acts add."""
    out = Composition()
    flow = Flow(out)
    if spec.anchors is not Anchors.NONE:
        _header(flow, spec)
    last = _letter(flow, spec) if spec.kind is Kind.LETTER else _decision(flow, spec)
    out.boxes.append(_initial_box(flow.index, last))
    if spec.anchors is not Anchors.NONE:
        _signature_blocks(flow, spec)
    _appendix(flow, spec)
    return out


def _header(flow: Flow, spec: DecisionSpec) -> None:
    page, top = flow.page, PAGE_HEIGHT - MARGIN_TOP - 13
    baseline, extent = top, 0.0
    for name in spec.agency.name_lines:
        extent = page.centred(name, LEFT_CENTRE, baseline, Style.BOLD, 13).width
        baseline -= 13 * LINE + 0.8
    page.rule(LEFT_CENTRE, baseline + 10, extent * 0.42)
    page.centred(wording.MOTTO[0], RIGHT_CENTRE, top, Style.BOLD, 13)
    motto = page.centred(wording.MOTTO[1], RIGHT_CENTRE, top - 16.4, Style.BOLD, 14)
    page.rule(RIGHT_CENTRE, motto.y - 4.2, motto.width)
    flow.y = min(baseline - 14, motto.y - 30)
    _number_and_date(flow, spec)
    _marks(flow, spec)


def _number_and_date(flow: Flow, spec: DecisionSpec) -> None:
    suffix = f"/{spec.agency.symbol}-KSTT" if spec.kind is Kind.LETTER else f"/QĐ-{spec.agency.symbol}"
    number = flow.page.centred(f"Số:{BLANK_NUMBER}{suffix}", LEFT_CENTRE, flow.y, Style.REGULAR, 13)
    parts = (f"{spec.agency.place}, ngày", BLANK_DAY, "tháng", BLANK_DAY, f"năm {spec.year}")
    date = flow.page.centred("".join(parts), RIGHT_CENTRE, flow.y, Style.ITALIC, 13.5)
    page = flow.index
    blank = text_width("Số:", Style.REGULAR, 13)
    boxes = [("number", _blank(number, blank, BLANK_NUMBER)), ("date", _blank(date, 0.0, date.text))]
    day = text_width(parts[0], Style.ITALIC, date.size)
    month = text_width("".join(parts[:3]), Style.ITALIC, date.size)
    boxes += [("day", _blank(date, day, BLANK_DAY)), ("month", _blank(date, month, BLANK_DAY))]
    flow.out.boxes += [ExpectedBox(role, page, rect) for role, rect in boxes]
    if spec.anchors is Anchors.TWO_NUMBERS:
        flow.y -= 18
        flow.page.centred(number.text, LEFT_CENTRE, flow.y, Style.REGULAR, 13)


def _blank(line: Text, offset: float, blank: str) -> tuple[float, float, float, float]:
    x = line.x + offset
    return x, line.y - 3.5, x + text_width(blank, line.style, line.size), line.y + line.size - 2


def _marks(flow: Flow, spec: DecisionSpec) -> None:
    """Ô số 10a and 10b: framed, red, below the number (PL I, phần II mục 4; secrets by their own law)."""
    if spec.kind is Kind.LETTER:
        summary = ((f"V/v {spec.subject[0].lower()}{spec.subject[1:]}", Style.REGULAR),)
        flow.y -= 4
        for line in break_lines(summary, 12, 168, 0.0, justify=False):
            flow.y -= 12 * LINE
            text = "".join(part.text for part in line)
            flow.page.centred(text, LEFT_CENTRE, flow.y, Style.REGULAR, 12)
    for mark in filter(None, (spec.secrecy, spec.urgency)):
        height, width = 8 * MM, max(20 * MM, text_width(mark, Style.BOLD, 14) + 12)
        flow.y -= height + 8
        item = flow.page.centred(mark, LEFT_CENTRE, flow.y + 6.5, Style.BOLD, 14)
        flow.page.items[-1] = Text(item.x, item.y, mark, Style.BOLD, 14, colour=RED)
        left = LEFT_CENTRE - width / 2
        flow.page.items.append(Frame(left, flow.y, left + width, flow.y + height))
    flow.y -= 12


def _decision(flow: Flow, spec: DecisionSpec) -> Text:
    flow.heading("QUYẾT ĐỊNH", gap=GAP)
    extent = flow.heading(spec.subject, gap=1)
    flow.page.rule(MARGIN_LEFT + TEXT_WIDTH / 2, flow.y - 2, min(extent, 300) * 0.4)
    flow.heading(spec.agency.head, gap=13)
    for ground in wording.GROUNDS:
        flow.paragraph(((ground, Style.ITALIC),))
    flow.heading("QUYẾT ĐỊNH:")
    *body, final = wording.articles(spec.agency)
    for position, text in enumerate(body, 1):
        flow.paragraph(((f"Điều {position}.", Style.BOLD), (text, Style.REGULAR)))
    _fill(flow, spec)
    return flow.paragraph(((f"Điều {len(body) + 1}.", Style.BOLD), (final, Style.REGULAR)))


def _letter(flow: Flow, spec: DecisionSpec) -> Text:
    flow.y -= 12
    left = MARGIN_LEFT + 110
    salutation = "Kính gửi: "
    indent = text_width(salutation, Style.REGULAR, 14)
    for position, addressee in enumerate(wording.LETTER_ADDRESSEES):
        text = salutation + addressee if position == 0 else addressee
        x = left if position == 0 else left + indent
        flow.page.items.append(Text(x, flow.line(14, 2), text, Style.REGULAR, 14))
    flow.y -= GAP
    *body, final = wording.LETTER_BODY
    for text in body:
        flow.paragraph(((text, Style.REGULAR),))
    _fill(flow, spec)
    return flow.paragraph(((final, Style.REGULAR),))


def _fill(flow: Flow, spec: DecisionSpec) -> None:
    """Adds clauses until the last page of the document proper is reached."""
    for clause in cycle(wording.CLAUSES):
        if len(flow.out.pages) >= spec.pages:
            return
        flow.paragraph(((clause, Style.REGULAR),))


def _initial_box(page: int, last: Text) -> ExpectedBox:
    x = last.x + last.width + 4
    return ExpectedBox("initial", page, (x, last.y - 5, x + 34, last.y + 11))


def _signature_blocks(flow: Flow, spec: DecisionSpec) -> None:
    """Ô số 7a to 7c on the right (two to a row when several sign), 9b on the left."""
    leaders = spec.leaders * 2 if spec.anchors is Anchors.TWO_SIGNATURE_BLOCKS else spec.leaders
    recipients = wording.LETTER_RECIPIENTS if spec.kind is Kind.LETTER else wording.RECIPIENTS
    lines = max(len(leader.capacity) for leader in leaders)
    height = (lines + 1) * 14 * LINE + SIGNATURE_ROOM + 12
    rows = [leaders[start : start + 2] for start in range(0, len(leaders), 2)]
    for position, row in enumerate(rows):
        if flow.y - height < MARGIN_BOTTOM:
            flow.new_page()
        top = flow.y - 14
        alone = len(row) == 1
        if alone:
            _block(flow, row[0], 0.74, top, spec)
        else:
            for leader, share in zip(row, (0.24, 0.74), strict=True):
                missing = lines - len(leader.capacity)
                _block(flow, leader, share, top - missing * 14 * LINE, spec)
        if position == len(rows) - 1:
            _recipients(flow, recipients, top if alone else flow.y - height)
        flow.y -= height


def _block(flow: Flow, leader: Signatory, share: float, top: float, spec: DecisionSpec) -> None:
    centre = MARGIN_LEFT + TEXT_WIDTH * share
    baseline = top - 10
    for line in leader.capacity:
        flow.page.centred(line, centre, baseline, Style.BOLD, 13.5)
        baseline -= 14 * LINE
    upper = baseline + 14 * LINE - 4
    flow.page.centred(leader.name, centre, upper - SIGNATURE_ROOM, Style.BOLD, 14)
    half = SIGNATURE_WIDTH / 2
    rect = (centre - half, upper - SIGNATURE_ROOM + 13, centre + half, upper)
    flow.out.boxes.append(ExpectedBox("leader", flow.index, rect))
    if spec.pictured:
        _pictures(flow.page, centre, (rect[1] + rect[3]) / 2)


def _pictures(page: Page, centre: float, middle: float) -> None:
    width, seal = 44 * MM, 36 * MM
    height = width * 0.42
    page.items.append(Picture("signature", centre - width / 2, middle - height / 2, width, height))
    page.items.append(Picture("seal", centre - width / 6 - seal, middle - seal / 2, seal, seal))


def _recipients(flow: Flow, recipients: tuple[str, ...], top: float) -> None:
    items, baseline = flow.page.items, top - 9
    items.append(Text(MARGIN_LEFT, baseline, "Nơi nhận:", Style.BOLD_ITALIC, 12))
    for line in recipients:
        baseline -= 11 * LINE
        items.append(Text(MARGIN_LEFT, baseline, line, Style.REGULAR, 11))


def _appendix(flow: Flow, spec: DecisionSpec) -> None:
    if not spec.appendix_pages:
        return
    flow.start_part()
    until = len(flow.out.pages) + spec.appendix_pages - 1
    flow.heading("PHỤ LỤC")
    flow.heading("Phân công nhiệm vụ thực hiện Kế hoạch", gap=0)
    kind = "Công văn" if spec.kind is Kind.LETTER else "Quyết định"
    note = f"(Kèm theo {kind} số            ngày      tháng      năm {spec.year} của {spec.agency.name})"
    centre = MARGIN_LEFT + TEXT_WIDTH / 2
    flow.page.centred(note, centre, flow.line(13, 2), Style.ITALIC, 12)
    flow.y -= GAP
    for position, clause in enumerate(cycle(wording.CLAUSES), 1):
        room = flow.y - MARGIN_BOTTOM
        if len(flow.out.pages) >= until and (position > len(wording.CLAUSES) or room < 80):
            return
        flow.paragraph(((f"{position}. {clause}", Style.REGULAR),))
