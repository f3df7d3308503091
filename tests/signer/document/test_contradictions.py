"""Fields that show something else than their value; and all the forms that honestly look so."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.demo.documents import decision
from policies.layout import NUMBER_FIELD
from signer.document.contradictions import _poorly_drawn, contradictions
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref
from signer.document.text_strings import encode_text
from tests.signer.document import build
from tests.signer.document.build import FONT, FONT_REF, NUMBER, append, field, stream, text_appearance

MULTILINE, PASSWORD, COMB = 1 << 12, 1 << 13, 1 << 24


def pdf_with(name: str, value: object, drawn, objects: dict | None = None, **entries) -> PdfFile:
    """A form with one text field; `drawn` is its appearance, None for none."""
    made = field(name, "Tx", V=value, **({} if drawn is None else {"AP": {"N": Ref(21)}}), **entries)
    extra = {} if drawn is None else {21: drawn}
    return PdfFile.of(append(build.prepared(), {NUMBER: made, **extra, **(objects or {})}))


def found(pdf: PdfFile) -> list[tuple[str, str, str | None]]:
    return [(each.field, each.value, each.drawn) for each in contradictions(pdf)]


def content(data: bytes, fonts=None, **resources):
    return stream(
        data,
        Type=Name("XObject"),
        Subtype=Name("Form"),
        BBox=[0, 0, 100, 20],
        Resources={"Font": fonts or {"F1": Ref(FONT_REF)}, **resources},
    )


class TestForeign:
    @pytest.mark.parametrize("name", ["Amount", "number", "date", "AnTin"])
    def test_another_number_is_a_contradiction(self, name):
        assert found(pdf_with(name, b"15", text_appearance(b"51"))) == [(name, "15", "51")]

    @pytest.mark.parametrize(
        ("value", "drawn"), [(b"15", b"150"), (b"150", b"15"), (b"1.5", b"15"), (b"-3", b"3")]
    )
    def test_a_digit_or_a_point_more_or_less(self, value, drawn):
        assert found(pdf_with("Amount", value, text_appearance(drawn)))

    def test_either_of_two_widgets(self):
        widgets = {
            NUMBER: {"FT": Name("Tx"), "T": b"Amount", "V": b"15", "Kids": [Ref(40), Ref(41)]},
            40: {**field("x", "Tx", AP={"N": Ref(21)}), "Parent": Ref(NUMBER)},
            41: {**field("x", "Tx", AP={"N": Ref(22)}), "Parent": Ref(NUMBER)},
            21: text_appearance(b"15"),
            22: text_appearance(b"51"),
        }
        for num in (40, 41):
            del widgets[num]["T"]
        assert found(PdfFile.of(append(build.prepared(), widgets))) == [("Amount", "15", "51")]

    @pytest.mark.parametrize(
        ("value", "drawn"),
        [
            (b"15", b"15"),
            (b"Ha Noi\rViet Nam", b"Ha Noi Viet Nam"),
            (b"  15 ", b"15"),
            (encode_text("ﬁle №5"), b"file No5"),
            (encode_text("a\u00a0b\u200b"), b"a b"),
            (encode_text("Nguyễn Văn Đức"), b"Nguyen Van Duc"),
            (encode_text("Nguyễn Văn Đức"), b"Nguy?n V?n ??c"),
            (encode_text("Nguyễn Văn Đức"), b"Nguyn Vn c"),
            (b"abc", b"ABC"),
        ],
    )
    def test_the_same_to_a_reader(self, value, drawn):
        assert found(pdf_with("Name", value, text_appearance(drawn))) == []

    @pytest.mark.parametrize(
        ("value", "drawn"),
        [
            (encode_text("số 15"), b"s? 51"),
            (encode_text("số 15"), b"s? 1"),
            (encode_text("một"), b"hai"),
            (encode_text("ấ5"), b"15"),
        ],
    )
    def test_a_poor_font_does_not_excuse_other_digits(self, value, drawn):
        assert found(pdf_with("Name", value, text_appearance(drawn)))

    def test_comb_fields(self):
        cells = b"".join(b"1 0 0 1 %d 5 Tm (%c) Tj " % (5 + 20 * n, c) for n, c in enumerate(b"0123"))
        pdf = pdf_with("Tax", b"0123", content(b"BT /F1 12 Tf " + cells + b"ET"), Ff=COMB, MaxLen=4)
        assert found(pdf) == []

    def test_a_box_too_small_for_all_lines(self):
        value, drawn = b"mot hai ba bon", text_appearance(b"mot hai")
        assert found(pdf_with("Notes", value, drawn, Ff=MULTILINE)) == []
        assert found(pdf_with("Notes", value, drawn))

    def test_drawn_in_another_order(self):
        drawn = content(b"BT /F1 12 Tf 50 5 Td (5) Tj -45 0 Td (1) Tj ET")
        assert found(pdf_with("Amount", b"15", drawn)) == []
        assert found(pdf_with("Amount", b"16", drawn))

    @pytest.mark.parametrize(
        "entries",
        [
            {"F": 2},
            {"F": 32},
            {"Ff": PASSWORD},
            {"AA": {"F": {"S": Name("JavaScript"), "JS": b"AFDate_FormatEx('dd/mm/yyyy')"}}},
            {"Rect": [10, 10, 10, 30]},
        ],
        ids=["hidden", "no-view", "password", "formatted", "no-area"],
    )
    def test_what_is_not_shown_as_it_is(self, entries):
        made = {**field("Date", "Tx", V=b"2026-11-20", AP={"N": Ref(21)}), **entries}
        pdf = PdfFile.of(append(build.prepared(), {NUMBER: made, 21: text_appearance(b"20/11/2026")}))
        assert found(pdf) == []

    @pytest.mark.parametrize(
        "drawn",
        [
            None,
            content(b"/Tx BMC EMC"),
            content(b"0 0 100 20 re f"),
            content(b"BT /F1 12 Tf 2 5 Td (51) Tj ET", {"F1": {**FONT, "Subtype": Name("Type3")}}),
            content(
                b"BT /F1 12 Tf 2 5 Td (51) Tj ET",
                {"F1": {**FONT, "Encoding": {"Differences": [49, Name("g12"), 53, Name("g7")]}}},
            ),
            content(b"BT /F1 12 Tf 2 5 Td (51) Tj"[:-3]),
        ],
        ids=["none", "blank", "painted", "type-3", "glyph names", "broken"],
    )
    def test_nothing_that_can_be_read(self, drawn):
        assert found(pdf_with("Amount", b"15", drawn)) == []

    @pytest.mark.parametrize("value", [None, b"", b"  "])
    def test_a_hint_in_an_empty_field(self, value):
        assert found(pdf_with("Name", value, text_appearance(b"Ho va ten"))) == []

    def test_right_to_left_text_is_not_judged(self):
        assert found(pdf_with("Name", encode_text("שלום"), text_appearance(b"Molahs"))) == []

    @pytest.mark.parametrize("kind", ["Btn", "Ch", "Sig"])
    def test_other_kinds_of_fields(self, kind):
        made = field("Yes", kind, V=Name("On") if kind == "Btn" else b"vn", AP={"N": Ref(21)})
        if kind == "Sig":
            del made["V"]
        pdf = PdfFile.of(append(build.prepared(), {NUMBER: made, 21: text_appearance(b"Viet Nam")}))
        assert found(pdf) == []


class TestOurOwn:
    def test_drawn_as_it_is(self):
        assert found(pdf_with(NUMBER_FIELD, b"15", text_appearance(b"15"))) == []
        assert found(pdf_with(NUMBER_FIELD, None, None)) == []

    @pytest.mark.parametrize(
        ("value", "drawn"),
        [
            (b"15", text_appearance(b"51")),
            (b"15", text_appearance(b"150")),
            (b"15", None),
            (b"15", content(b"/Tx BMC EMC")),
            (None, text_appearance(b"15")),
            (b"15", text_appearance(b"15", extra=b"0 0 5 5 re f")),
            (b"15", content(b"BT /F1 12 Tf 3 Tr 2 5 Td (15) Tj ET")),
            (b"15", content(b"BT /F1 12 Tf 50 5 Td (5) Tj -45 0 Td (1) Tj ET")),
        ],
    )
    def test_strictly(self, value, drawn):
        assert [name for name, _, _ in found(pdf_with(NUMBER_FIELD, value, drawn))] == [NUMBER_FIELD]

    def test_a_format_script_excuses_nothing(self):
        pdf = pdf_with(
            NUMBER_FIELD, b"15", text_appearance(b"51"), AA={"F": {"S": Name("JavaScript"), "JS": b""}}
        )
        assert [name for name, _, _ in found(pdf)] == [NUMBER_FIELD]

    @pytest.mark.parametrize("broken", [7, [1], Name("x")])
    def test_a_broken_field_hides_no_other(self, broken):
        data = append(
            build.prepared(),
            {
                NUMBER: field(NUMBER_FIELD, "Tx", V=b"15", AP={"N": Ref(21)}),
                build.DATE: field("Other", "Tx", V=b"1", AP=broken, AA=broken),
                21: text_appearance(b"51"),
            },
        )
        assert [name for name, _, _ in found(PdfFile.of(data))] == [NUMBER_FIELD]
        own = PdfFile.of(append(build.prepared(), {NUMBER: field(NUMBER_FIELD, "Tx", V=b"15", AP=broken)}))
        assert [name for name, _, _ in found(own)] == [NUMBER_FIELD]


def test_a_real_decision_has_none():
    assert contradictions(PdfFile.of(decision())) == ()


def test_the_letters_that_a_font_lacks_cost_little():
    began = time.process_time()
    assert not _poorly_drawn("ấ" * 20_000 + "x", "?" * 20_000 + "y")
    assert time.process_time() - began < 5


@given(st.text(alphabet="abc15 ấđ€", min_size=1, max_size=12), st.data())
def test_leaving_out_what_is_not_ascii_is_a_poor_font(text, data):
    wanted = "".join(text.split())
    drawn = "".join(c if c.isascii() else data.draw(st.sampled_from(["", "?", c])) for c in wanted)
    assert _poorly_drawn(wanted, drawn)


@given(st.text(alphabet="0123456789ấ", min_size=1, max_size=12), st.text(alphabet="0123456789?", max_size=12))
def test_a_poor_font_keeps_every_digit(wanted, drawn):
    digits = [c for c in wanted if c.isascii()]
    if _poorly_drawn(wanted, drawn):
        assert [c for c in drawn if c != "?"] == digits
