"""Boxes are found where the sample's maker put them, and refused when there is any doubt."""

from __future__ import annotations

import subprocess
import sys
import unicodedata

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.demo.agency import DEMO_AGENCY
from api.demo.documents import Anchors, DecisionSpec, Kind, Leak, expected_boxes, write_decision
from policies.layout import Box, LeaderAnchor, PlacementRequest, Rect, SealAnchor, SealSpec
from policies.vocabulary import FieldRole
from signer.errors import DocumentRefused, PlacementRefused
from signer.sandbox import Sandbox
from signer.stamping import signature_blocks, text_lines
from signer.stamping.placement import find_boxes, find_layout
from signer.stamping.text_lines import Letter, Line, Turn, squeeze

SPECS = {
    "plain": {},
    "letter": {"kind": Kind.LETTER},
    "rotated-90": {"rotation": 90},
    "rotated-180": {"rotation": 180, "crop": (10, 20, 30, 40), "origin": (100, 50)},
    "rotated-270": {"rotation": 270, "crop": (10, 20, 30, 40), "origin": (-100, 50)},
    "leaks": {"leak": Leak.UNCLOSED},
    "appendix": {"pages": 3, "appendix_pages": 4},
    "two-leaders": {"leaders": DEMO_AGENCY.leaders[:2]},
    "sixty-pages": {"pages": 20, "appendix_pages": 40},
}


def sample(tmp_path, **spec):
    path = tmp_path / "sample.pdf"
    write_decision(path, DecisionSpec(**spec))
    return path


def refusal(path, **request):
    with pytest.raises(PlacementRefused) as caught:
        find_boxes(path, PlacementRequest(**request))
    return caught.value.id


@pytest.mark.parametrize("name", SPECS)
def test_a_large_file_is_read_page_by_page_with_the_same_boxes(tmp_path, monkeypatch, name):
    spec = DecisionSpec(**SPECS[name])
    path = sample(tmp_path, **SPECS[name])
    request = PlacementRequest(leaders=(LeaderAnchor(),) * len(spec.leaders))
    whole = find_layout(path, request)
    monkeypatch.setattr(text_lines, "WHOLE_FILE", 0)
    assert find_layout(path, request) == whole


def test_memory_does_not_grow_with_the_pictures_of_a_large_file(tmp_path):
    """PDFium keeps each page's pictures: searching a file of a gigabyte once took a gigabyte."""
    path = sample(tmp_path, padding=160 << 20)
    code = (
        "import sys; from pathlib import Path; from policies.layout import PlacementRequest;"
        "from signer.stamping.placement import find_boxes;"
        "find_boxes(Path(sys.argv[1]), PlacementRequest());"
        "print([row.split()[1] for row in open('/proc/self/status') if row.startswith('VmHWM')][0])"
    )
    told = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert int(told.stdout) < 128 << 10, "KiB resident"


@pytest.mark.parametrize("name", SPECS)
def test_boxes_are_where_the_document_has_them(tmp_path, name):
    spec = DecisionSpec(**SPECS[name])
    path = sample(tmp_path, **SPECS[name])
    anchors = (LeaderAnchor(),) * len(spec.leaders)
    initials = 1 if spec.kind is Kind.DECISION else 0
    found = find_layout(path, PlacementRequest(leaders=anchors, initials=initials))
    assert found.symbol == ("QĐ-UBND" if initials else "UBND-KSTT")
    assert (found.year, found.place) == (2026, "Sông Hồng")
    assert found.leader_names == tuple(leader.name for leader in spec.leaders)
    truth = {}
    for box in expected_boxes(spec):
        truth.setdefault(box.role, []).append(box)
    leaders = iter(truth["leader"])
    for box in found.boxes:
        role = {"AnTinDay": "day", "AnTinMonth": "month"}.get(box.name, box.role.value)
        expected = next(leaders) if role == "leader" else truth[role][0]
        wanted = Rect(*expected.rect)
        assert box.page == expected.page and box.rotation == SPECS[name].get("rotation", 0)
        assert (
            abs(box.rect.centre[0] - wanted.centre[0]) < 3 and abs(box.rect.centre[1] - wanted.centre[1]) < 3
        )
        if role == "leader":
            assert box.rect.within(wanted)
        if role in ("number", "day", "month"):
            assert box.rect.within(wanted, slack=2) and wanted.within(box.rect, slack=2)


def test_the_size_of_the_line_is_taken(tmp_path):
    boxes = {box.name: box for box in find_boxes(sample(tmp_path), PlacementRequest())}
    assert boxes["AnTinNumber"].font_size == 13 and boxes["AnTinDay"].font_size == 13.5


def test_the_seal_covers_the_left_third_in_true_size(tmp_path):
    request = PlacementRequest(leaders=(LeaderAnchor(aspect=2.4),), seals=(SealAnchor(SealSpec(36)),))
    boxes = {box.role: box for box in find_boxes(sample(tmp_path), request)}
    leader, seal = boxes[FieldRole.LEADER].rect, boxes[FieldRole.SEAL].rect
    assert seal.width == pytest.approx(36 * 72 / 25.4) == pytest.approx(seal.height)
    assert seal.x1 == pytest.approx(leader.x0 + leader.width / 3)
    assert seal.centre[1] == pytest.approx(leader.centre[1])
    assert leader.width / leader.height == pytest.approx(2.4)


def test_refused_when_ambiguous(tmp_path):
    path = sample(tmp_path, anchors=Anchors.TWO_NUMBERS)
    assert refusal(path) == "document.anchor-ambiguous"
    path = sample(tmp_path, anchors=Anchors.TWO_SIGNATURE_BLOCKS)
    assert refusal(path) == "document.anchor-ambiguous"
    path = sample(tmp_path, leaders=DEMO_AGENCY.leaders[:2])
    assert refusal(path) == "document.anchor-ambiguous"


def test_a_named_leader_decides(tmp_path):
    path = sample(tmp_path, leaders=DEMO_AGENCY.leaders[:2])
    second = DEMO_AGENCY.leaders[1].name
    anchors = (LeaderAnchor(name=second), LeaderAnchor(title="KT. CHỦ TỊCH"))
    found = find_layout(path, PlacementRequest(leaders=anchors))
    assert found.leader_names == (second, DEMO_AGENCY.leaders[0].name)
    decomposed = LeaderAnchor(name=unicodedata.normalize("NFD", second))
    assert find_layout(path, PlacementRequest(leaders=(decomposed,))).leader_names == (second,)
    assert refusal(path, leaders=(LeaderAnchor(name="Lê Văn Không"),)) == "document.anchor-not-found"


@pytest.mark.parametrize("spec", [{"anchors": Anchors.NONE}, {"scanned": True}])
def test_refused_when_there_is_nothing_to_find(tmp_path, spec):
    path = sample(tmp_path, **spec)
    assert refusal(path) == "document.anchor-not-found"
    assert refusal(path, number=False) == "document.anchor-not-found"
    assert refusal(path, number=False, date=False) == "document.anchor-not-found"


def test_explicit_boxes_need_no_anchors(tmp_path):
    path = sample(tmp_path, scanned=True, rotation=90)
    given_boxes = (
        Box(FieldRole.NUMBER, 0, Rect(100, 100, 120, 140), "AnTinNumber"),
        Box(FieldRole.DATE, 0, Rect(100, 300, 120, 340), "AnTinDay"),
        Box(FieldRole.LEADER, 0, Rect(500, 300, 560, 420), "AnTinLeader1"),
    )
    request = PlacementRequest(explicit=given_boxes, seals=(SealAnchor(SealSpec(36)),))
    found = find_boxes(path, request)
    assert [box.role for box in found] == [FieldRole.LEADER, FieldRole.NUMBER, FieldRole.DATE, FieldRole.SEAL]
    assert all(box.rotation == 90 for box in found)
    assert found[3].rect.y1 == pytest.approx(340)  # the left third, as displayed
    nowhere = Box(FieldRole.LEADER, 9, Rect(0, 0, 9, 9), "L")
    with pytest.raises(DocumentRefused):
        find_boxes(path, PlacementRequest(number=False, date=False, explicit=(nowhere,)))


def test_works_in_the_sandbox_and_refuses_there_too(tmp_path):
    path = sample(tmp_path)
    with Sandbox(size=1) as sandbox:
        found = sandbox.call("signer.stamping.placement:find_boxes", path, PlacementRequest())
        assert found == find_boxes(path, PlacementRequest())
        broken = tmp_path / "broken.pdf"
        broken.write_bytes(b"%PDF-1.7\n")
        with pytest.raises(DocumentRefused):
            sandbox.call("signer.stamping.placement:find_boxes", broken, PlacementRequest())


# --- lines of text, made by hand -----------------------------------------------------------------------


def line(text, x=100.0, y=500.0, size=13.0, blank=4):
    """A line in letters of half an em; a tilde is a wide gap."""
    letters = []
    for character in unicodedata.normalize("NFC", text):
        if character == "~":
            x += blank * size
        elif character == " ":
            x += 0.25 * size
        else:
            letters.append(Letter(character, x, x + 0.5 * size, y, size))
            x += 0.5 * size
    return Line(tuple(letters))


def centred(text, y, centre=400.0, size=13.0):
    made = line(text, 0.0, y, size)
    return line(text, centre - made.x1 / 2, y, size)


def found(*lines):
    return signature_blocks.blocks(list(lines), (LeaderAnchor(),))


TITLES = [
    ("CHỦ TỊCH",),
    ("KT. BỘ TRƯỞNG", "THỨ TRƯỞNG"),
    ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"),
    ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
    ("TL. CHỦ TỊCH", "CHÁNH VĂN PHÒNG"),
    ("TUQ. GIÁM ĐỐC", "TRƯỞNG PHÒNG HÀNH CHÍNH"),
    ("Q. CỤC TRƯỞNG",),
    ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"),
]


@pytest.mark.parametrize("titles", TITLES)
@pytest.mark.parametrize("name", ["Nguyễn Văn An", "Đại tá Trần Thị Bình", "PGS.TS. Lê Ánh", "H Yim Kđoh"])
def test_blocks_of_every_authority(titles, name):
    lines = [centred(title, 500 - 16 * index) for index, title in enumerate(titles)]
    (block,) = found(*lines, centred(name, 380))
    assert block.words == " ".join(titles) and block.name.words == name
    assert block.room.height > 60


@pytest.mark.parametrize(
    "lines",
    [
        [centred("CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH", 500), centred("Căn cứ Luật số 72/2025/QH15;", 480)],
        [centred("CHỦ TỊCH", 500)],
        [centred("CHỦ TỊCH", 500), centred("(Đã ký)", 450), centred("Nguyễn Văn An", 400)],
        [centred("CHỦ TỊCH", 500), centred("Nguyễn Văn An", 150)],
        [centred("CHỦ TỊCH", 500), centred("Nguyễn Văn An", 400, centre=300)],
        [centred("Chủ tịch", 500), centred("Nguyễn Văn An", 400)],
        [centred("QUYẾT ĐỊNH", 500), centred("Nguyễn Văn An", 400)],
    ],
)
def test_what_is_no_signature_block(lines):
    assert found(*lines) == []


def test_refused_when_there_is_no_room_to_sign():
    (block,) = found(centred("CHỦ TỊCH", 500), centred("Nguyễn Văn An", 470))
    with pytest.raises(PlacementRefused) as caught:
        signature_blocks.signature_rect(block, 2.4)
    assert caught.value.id == "document.signature-space-too-small"


def test_recipients_beside_the_block_do_not_disturb():
    rows = [
        line("Nơi nhận:~~~~~~~~KT. CHỦ TỊCH", 60, 500, 12),
        line("- Như Điều 4;~~~~~~PHÓ CHỦ TỊCH", 70, 485, 12),
        line("- Lưu: VT.", 60, 470, 11),
        line("Nguyễn Văn An", 255, 400, 12),
    ]
    assert len(found(*rows)) in (0, 1)  # columns decide; never a block made of recipients
    for block in found(*rows):
        assert block.name.words == "Nguyễn Văn An"


@given(st.sampled_from([0, 90, 180, 270]), st.tuples(*[st.integers(-500, 1500)] * 4))
def test_turning_there_and_back(rotation, values):
    x0, x1 = sorted(values[:2])
    y0, y1 = sorted(values[2:])
    rect, turn = Rect(x0, y0, x1, y1), Turn(rotation)
    assert turn.user_rect(turn.upright_rect(rect)) == rect
    upright = turn.upright_rect(rect)
    expected = (rect.height, rect.width) if rotation in (90, 270) else (rect.width, rect.height)
    assert (upright.width, upright.height) == expected


def test_decomposed_letters_and_foreign_dj_read_the_same():
    text = "SỐ ĐIỆN THOẠI ỦY BAN"
    assert squeeze(unicodedata.normalize("NFD", text)) == squeeze(text.replace("Đ", "Ð")) == squeeze(text)


# --- pages made by hand --------------------------------------------------------------------------------


def page_with(tmp_path, lines, decomposed=False):
    """A page whose text is set with an embedded font, one string per line."""
    from signer.stamping.typefaces import VIETNAMESE, Face, typeface

    font = typeface(Face.REGULAR, VIETNAMESE + "\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323")
    document = pikepdf.Pdf.new()

    def add(value):
        return document.make_indirect(value)

    program = document.make_stream(__import__("zlib").decompress(font.program))
    program.Length1 = font.program_length
    descriptor = add(
        pikepdf.Dictionary(
            Type=pikepdf.Name.FontDescriptor,
            FontName=pikepdf.Name("/" + font.name),
            Flags=4,
            FontBBox=list(font.bounds),
            ItalicAngle=0,
            Ascent=font.ascent,
            Descent=font.descent,
            CapHeight=font.cap_height,
            StemV=80,
            FontFile2=program,
        )
    )
    widths = []
    for letter, code in font.glyphs.items():
        widths += [code, pikepdf.Array([font.widths[letter]])]
    rows = "".join(f"<{code:04X}> <{ord(letter):04X}>\n" for letter, code in font.glyphs.items())
    mapping = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n"
    mapping += "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
    chunks = rows.splitlines(keepends=True)
    for start in range(0, len(chunks), 100):
        part = chunks[start : start + 100]
        mapping += f"{len(part)} beginbfchar\n{''.join(part)}endbfchar\n"
    mapping += "endcmap end end"
    descendant = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.CIDFontType2,
        BaseFont=pikepdf.Name("/" + font.name),
        CIDSystemInfo=pikepdf.Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
        FontDescriptor=descriptor,
        CIDToGIDMap=pikepdf.Name.Identity,
        W=widths,
    )
    whole = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.Type0,
        BaseFont=pikepdf.Name("/" + font.name),
        Encoding=pikepdf.Name("/Identity-H"),
        DescendantFonts=[add(descendant)],
        ToUnicode=document.make_stream(mapping.encode()),
    )
    content = []
    for x, y, text in lines:
        text = unicodedata.normalize("NFD" if decomposed else "NFC", text)
        codes = "".join(f"{font.glyphs[letter]:04X}" for letter in text)
        content.append(f"BT /F 13 Tf {x} {y} Td <{codes}> Tj ET")
    page = document.add_blank_page(page_size=(595, 842))
    page.Contents = document.make_stream("\n".join(content).encode())
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=add(whole)))
    path = tmp_path / "page.pdf"
    document.save(path, static_id=True)
    return path


GOOD = [
    (90, 740, "Số:          /QĐ-SNV"),
    (300, 740, "Đà Nẵng, ngày       tháng       năm 2026"),
    (380, 300, "KT. GIÁM ĐỐC"),
    (376, 284, "PHÓ GIÁM ĐỐC"),
    (378, 190, "Trần Thị Ưởng"),
]


@pytest.mark.parametrize("decomposed", [False, True])
def test_composed_and_decomposed_text(tmp_path, decomposed):
    path = page_with(tmp_path, GOOD, decomposed)
    found = find_layout(path, PlacementRequest())
    assert (found.symbol, found.place, found.year) == ("QĐ-SNV", "Đà Nẵng", 2026)
    assert found.leader_names == ("Trần Thị Ưởng",)
    assert [box.name for box in found.boxes] == ["AnTinLeader1", "AnTinNumber", "AnTinDay", "AnTinMonth"]


def replaced(index, text):
    return [(x, y, text if place == index else old) for place, (x, y, old) in enumerate(GOOD)]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (replaced(0, "Số: 15/QĐ-SNV"), "document.blank-filled"),
        (replaced(1, "Đà Nẵng, ngày 05 tháng     năm 2026"), "document.blank-filled"),
        (replaced(1, "Đà Nẵng, ngày       tháng 3 năm 2026"), "document.blank-filled"),
        (replaced(0, "Số: /QĐ-SNV"), "document.blank-too-narrow"),
        (replaced(1, "Đà Nẵng, ngày tháng năm 2026"), "document.blank-too-narrow"),
        (replaced(0, "Số điện thoại"), "document.anchor-not-found"),
        (replaced(4, "Điện thoại: 0123"), "document.anchor-not-found"),
        ([*GOOD, (90, 600, "Số:        /SNV-VP")], "document.anchor-ambiguous"),
        ([*GOOD, (90, 600, "Huế, ngày       tháng       năm 2026")], "document.anchor-ambiguous"),
    ],
)
def test_refusals_of_anchors(tmp_path, lines, reason):
    assert refusal(page_with(tmp_path, lines)) == reason


def test_dots_are_a_blank_and_a_blank_year_gets_a_field(tmp_path):
    lines = replaced(0, "Số: ........../QĐ-SNV")
    lines[1] = (280, 740, "Huế, ngày ...... tháng ...... năm ")
    found = find_layout(page_with(tmp_path, lines), PlacementRequest())
    assert found.year is None and found.boxes[-1].name == "AnTinYear"
    assert [box.name for box in found.boxes][1:] == ["AnTinNumber", "AnTinDay", "AnTinMonth", "AnTinYear"]


def test_refusals_speak_both_languages(tmp_path):
    with pytest.raises(PlacementRefused) as caught:
        find_boxes(page_with(tmp_path, GOOD[2:]), PlacementRequest())
    assert "trang 1" in caught.value.text("vi") and "page 1" in caught.value.text("en")
