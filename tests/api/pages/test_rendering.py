"""Every page in both languages: complete texts, no blanks, nothing inline, nothing from elsewhere."""

import asyncio
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from starlette.requests import Request

from api.pages import formats, rendering
from api.pages.addresses import ADDRESSES, address
from api.pages.geometry import Sheet
from api.pages.rendering import render
from api.pages.texts import TEXTS, common, desks, fsck, keeping, policy, public
from api.pages.verdicts import verdict
from policies.vocabulary import (
    Changes,
    Coverage,
    Indication,
    Integrity,
    Level,
    Severity,
    State,
    SubIndication,
)
from tests.api.pages import kept_samples, samples
from tests.api.pages.samples import CLERK, NOW, SUBJECT

PAGES = samples.PAGES | kept_samples.PAGES | kept_samples.filed(samples.PAGES)

TEMPLATES = Path(rendering.__file__).parent / "templates"
VOID = {"meta", "link", "input", "img", "br", "wbr", "hr"}


class Page(HTMLParser):
    """Collects what the tests ask about; complains about tags that do not nest."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.ids, self.text = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data):
        self.text.append(data)

    def all(self, *names):
        return [attrs for tag, attrs in self.tags if tag in names]


def shown(case, language="vi"):
    template, path, viewer, context = PAGES[case]
    return render(template, language, path=path, viewer=viewer, **context)


_NO_TIME = "Chưa kết luận được: không rõ thời điểm ký"
_NO_ANSWER = "Chưa kết luận được"
BOTH = [(case, language) for case in PAGES for language in ("vi", "en")]


@pytest.mark.parametrize(("case", "language"), BOTH)
def test_every_page_is_well_formed_and_self_contained(case, language):
    html = shown(case, language)
    page = Page(html)
    for tag, attrs in page.tags:
        assert "style" not in attrs, (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
        for name in ("href", "src", "action"):
            target = attrs.get(name) or ""
            own = ("/", "#", "data:image/") if tag == "img" else ("/", "#")
            assert target.startswith(own) or name not in attrs, (tag, name, target)
            assert not target.startswith("//")
    assert page.all("style") == []
    assert all(attrs.get("src") for attrs in page.all("script"))
    assert len(page.ids) == len(set(page.ids)), sorted(page.ids)
    assert page.all("html")[0]["lang"] == language
    assert len(page.all("h1")) == 1
    assert "None" not in "".join(page.text)
    assert "<time" not in "".join(page.text)  # no markup of ours that was escaped
    assert "True" not in "".join(page.text)


@pytest.mark.parametrize(("case", "language"), BOTH)
def test_every_control_has_a_name_and_every_write_its_token(case, language):
    html = shown(case, language)
    page = Page(html)
    labels = {attrs.get("for") for attrs in page.all("label")}
    for attrs in page.all("input", "select", "textarea"):
        if attrs.get("type") in ("hidden", "checkbox") and "id" not in attrs:
            continue
        assert attrs["id"] in labels, attrs
    for attrs in page.all("img"):
        assert "alt" in attrs
    viewer = PAGES[case][2]
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", html, re.S):
        if viewer is not None:
            assert 'name="csrf" value="csrf-token"' in form
    for attrs in page.all("tr", "section", "p", "textarea", "input"):
        for name in ("aria-labelledby", "aria-describedby"):
            if name in attrs:
                assert attrs[name] in page.ids, attrs


def test_texts_are_complete_in_both_languages():
    assert len(TEXTS) == sum(len(part.TEXTS) for part in (common, public, desks, keeping, fsck, policy))
    for key, (vi, en) in TEXTS.items():
        assert vi.strip(), key
        assert en.strip(), key
        names = [set(re.findall(r"{(\w+)}", text)) for text in (vi, en)]
        assert names[0] == names[1], key


def test_every_text_is_used_and_every_used_text_exists():
    files = [
        *TEMPLATES.glob("*.html"),
        *TEMPLATES.parents[1].glob("*.py"),
        *TEMPLATES.parents[1].glob("routes/*.py"),
        *TEMPLATES.parents[1].glob("presenters/*.py"),
    ]
    sources = "\n".join(path.read_text() for path in files)
    quoted = set(re.findall(r"""["']([a-z_0-9]+(?:\.[a-z_0-9]+)*\.?)["']""", sources))
    prefixes = {name for name in quoted if name.endswith(".")} | {
        "register.column",
        "trail.",
        "prepare.",
        "done.",
    }
    unused = [key for key in TEXTS if key not in quoted and not key.startswith(tuple(prefixes))]
    assert unused == []
    for key in re.findall(r"""\bt\(["']([^"']+[^."'])["'][,)]""", sources):
        assert key in TEXTS, key


@pytest.mark.parametrize(
    ("prefix", "values"),
    [
        ("state", State),
        ("coverage", Coverage),
        ("changes", Changes),
        ("integrity", Integrity),
        ("level", Level),
        ("severity", Severity),
    ],
)
def test_every_word_of_the_vocabulary_has_its_text(prefix, values):
    assert [value for value in values if f"{prefix}.{value}" not in TEXTS] == []


@given(
    st.sampled_from(Indication),
    st.sampled_from([None, *SubIndication]),
    st.sampled_from(Integrity),
    st.sampled_from(Changes),
)
def test_every_verdict_has_words_and_only_a_pass_is_green(indication, sub, integrity, changes):
    found = verdict(indication, sub, integrity, changes)
    assert f"verdict.{found.key}" in TEXTS
    assert f"verdict.{found.key}.why" in TEXTS
    assert (found.tone == "good") == (indication is Indication.TOTAL_PASSED)
    assert (found.tone == "bad") == (indication is Indication.TOTAL_FAILED)


@pytest.mark.parametrize(
    ("indication", "sub", "integrity", "changes", "words"),
    [
        (Indication.TOTAL_PASSED, None, Integrity.INTACT, Changes.FORM_FILL, "Chữ ký số hợp lệ"),
        (
            Indication.TOTAL_FAILED,
            SubIndication.HASH_FAILURE,
            Integrity.BROKEN,
            Changes.NONE,
            "Không hợp lệ: nội dung đã bị sửa",
        ),
        (
            Indication.TOTAL_FAILED,
            SubIndication.FORMAT_FAILURE,
            Integrity.INTACT,
            Changes.FORBIDDEN,
            "Không hợp lệ: nội dung đã bị sửa",
        ),
        (
            Indication.TOTAL_FAILED,
            SubIndication.REVOKED,
            Integrity.INTACT,
            Changes.NONE,
            "Không hợp lệ: chứng thư không còn hiệu lực khi ký",
        ),
        (
            Indication.INDETERMINATE,
            SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
            Integrity.INTACT,
            Changes.NONE,
            "Chưa xác định được nơi cấp chứng thư",
        ),
        (
            Indication.INDETERMINATE,
            SubIndication.POLICY_PROCESSING_ERROR,
            Integrity.INTACT,
            Changes.NONE,
            "Chưa kết luận được",
        ),
        (Indication.NO_SIGNATURE, None, Integrity.UNKNOWN, Changes.NONE, "Không có chữ ký số"),
    ],
)
def test_the_words_of_the_desks(indication, sub, integrity, changes, words):
    assert TEXTS[f"verdict.{verdict(indication, sub, integrity, changes).key}"][0] == words


def test_hostile_values_stay_text():
    html = shown("verification unsigned")
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;.pdf" in html


def test_the_result_says_what_the_circular_demands():
    html = shown("verification good")
    for words in (
        "Nơi cấp chứng thư",
        "Nguyễn Văn An (DEMO)",
        "Cơ quan quản lý chứng thư",
        "Thời điểm ký",
        "20/11/2026 14:05:09",
        "Tính toàn vẹn",
        "Hiệu lực của chứng thư khi ký",
        "Thời hạn chứng thư",
    ):
        assert words in html, words


def test_a_code_alone_never_says_authentic():
    html = shown("document")
    assert "Hãy so sánh với bản bạn đang có" in html
    assert "antin.songhong.demo" in html
    assert "Chưa có bên độc lập chứng kiến" in html
    assert "xác thực" not in html


@pytest.mark.parametrize("name", ["document witnessed", "log witnessed"])
def test_witnesses_are_named_with_their_time(name):
    html = shown(name)
    assert "Được chứng kiến bởi Sở Thông tin tỉnh bên lúc" in html
    assert "chung-kien.example.vn/antin lúc" in html
    assert "Chưa có bên độc lập" not in html


def test_the_register_has_the_ten_columns_of_the_decree():
    page = Page(shown("register"))
    assert len([attrs for attrs in page.all("th") if attrs.get("scope") == "col"]) == 10


def test_a_missing_name_is_an_error_never_a_blank():
    with pytest.raises(UndefinedError):
        render("log.html", "vi")
    with pytest.raises(KeyError):
        rendering.translator("vi")("no.such.text")


def test_addresses_are_filled_and_quoted():
    assert address("document", code="A/B") == "/v/A%2FB"
    assert address("clerk", tab="issue", q=None, after="x y") == "/desk/clerk?tab=issue&after=x+y"
    assert address("review_many", id=["a", "b"]) == "/desk/review?id=a&id=b"
    with pytest.raises(KeyError):
        address("document")
    assert len(set(ADDRESSES.values())) == len(ADDRESSES)


def test_times_are_vietnamese_and_never_without_zone():
    late = datetime(2026, 12, 31, 17, 0, 1, tzinfo=UTC)
    assert ">01/01/2027 00:00:01<" in formats.moment(late)
    assert 'datetime="2027-01-01T00:00:01+07:00"' in formats.moment(late)
    with pytest.raises(ValueError, match="zone"):
        formats.moment(late.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("size", "vi", "en"),
    [(0, "0 B", "0 B"), (999, "999 B", "999 B"), (54_000, "52,7 KB", "52.7 KB"), (1 << 30, "1 GB", "1 GB")],
)
def test_sizes(size, vi, en):
    assert (formats.size(size), formats.size(size, "en")) == (vi, en)


def test_counts():
    assert (formats.count(1342), formats.count(1_342_000, "en")) == ("1.342", "1,342,000")


SIDE = st.floats(-2000, 2000, allow_nan=False)
EXTENT = st.floats(1, 3000, allow_nan=False)


@given(SIDE, SIDE, EXTENT, EXTENT, st.sampled_from([0, 90, 180, 270]), SIDE, SIDE, EXTENT, EXTENT)
def test_a_box_comes_back_where_it_was(x, y, width, height, rotation, left, bottom, across, up):
    sheet = Sheet((x, y, x + width, y + height), rotation)
    rect = (left, bottom, left + across, bottom + up)
    assert sheet.user_space(*sheet.displayed(rect)) == pytest.approx(rect, abs=1e-6)


def test_the_top_left_of_a_turned_page():
    sheet = Sheet((0, 0, 842, 595), 90)
    assert sheet.size == pytest.approx((595 / 72 * 25.4, 842 / 72 * 25.4))
    assert sheet.displayed((0, 0, 72, 72)) == pytest.approx((0, 0, 25.4, 25.4))


def application():
    app = FastAPI()
    rendering.mount_static(app)

    @app.get("/desk/register")
    def register(request: Request):
        template, _, viewer, context = PAGES["register"]
        return rendering.page(
            request, template, request.query_params.get("lang", "vi"), viewer=viewer, **context
        )

    @app.get("/broken")
    def broken(request: Request):
        return rendering.problem_page(request, {"title": "Hết chỗ", "status": 503}, "vi")

    return app


def get(path):
    """The application's answer, without a server."""

    async def asked():
        transport = httpx.ASGITransport(application())
        async with httpx.AsyncClient(transport=transport, base_url="http://pages.test") as client:
            return await client.get(path)

    return asyncio.run(asked())


def test_language_links_keep_the_query_and_the_choice_is_remembered():
    html = get("/desk/register?year=2026&q=a%26b").text
    assert 'href="/desk/register?year=2026&amp;q=a%26b&amp;lang=en"' in html
    english = get("/desk/register?lang=en")
    assert "antin_lang=en" in english.headers["set-cookie"]
    assert "Register of outgoing documents" in english.text


def test_static_files_are_addressed_by_their_bytes_and_cached():
    for name in ("antin.css", "antin.js", "boxes.js", "mark.svg", "icons.svg"):
        answer = get(rendering.static_url(name))
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert "http://" not in answer.text.replace("http://www.w3.org/", "")
        assert "https://" not in answer.text
    assert "immutable" not in get("/static/antin.css").headers.get("cache-control", "")


def test_a_problem_becomes_a_page_with_its_status():
    answer = get("/broken")
    assert answer.status_code == 503
    assert "Hết chỗ" in answer.text


def test_icons_that_templates_name_exist():
    drawn = set(re.findall(r'id="(\w+)"', (rendering.STATIC / "icons.svg").read_text()))
    for case, language in BOTH:
        used = set(re.findall(r"icons\.svg\?v=\w+#(\w+)", shown(case, language)))
        assert used <= drawn


def test_who_is_signed_in_is_said_on_every_desk():
    html = shown("register")
    assert CLERK.name in html
    assert "Đăng xuất" in html
    assert SUBJECT[1:] in html
    assert NOW.tzinfo is UTC


def test_every_finding_of_an_audit_has_its_words():
    from api.checking import AUDIT_BROKEN
    from archive.fsck import findings

    ids = {value for name, value in vars(findings).items() if name.isupper() and isinstance(value, str)}
    assert {f"fsck.{one}" for one in {*ids, AUDIT_BROKEN}} == set(fsck.TEXTS)


def test_pdfa_is_told_in_one_line_and_its_findings_are_folded():
    html = shown("verification bad")
    section = html[html.index('id="h-pdfa"') :].partition("</section>")[0]
    line, _, folded = section.partition("<details")
    assert "Tệp tự khai là PDF/A-2B nhưng có 2 điểm chưa đúng quy tắc của PDF/A-2B." in line
    assert "6.2.11.4.1-1" not in line
    assert "Xem các điểm chưa đúng theo PDF/A-2B (2)" in folded
    assert "<code>6.1.3-3</code> cấu trúc tệp: <span" in folded, "nothing is said of object 0"
    assert "<code>6.2.11.4.1-1</code> phông chữ, đối tượng 13: <span" in folded
    assert "&lt;b&gt;Helvetica" in folded
    assert "Danh sách chưa đầy đủ" in folded
    assert "Phần chưa kiểm tra: các màu pha so với nhau; từng nét chữ của phông CFF và Type 1." in folded
    assert "không ảnh hưởng kết luận về chữ ký" in folded
    assert "<details" not in shown("verification good").partition('id="h-pdfa"')[2].partition("</section>")[0]
    assert "h-pdfa" not in shown("verification unsure")
