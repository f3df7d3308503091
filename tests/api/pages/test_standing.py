"""What page and report say of a document of ours: in force only when it is, and the same in both."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from api.pages.rendering import render
from api.pages.texts import TEXTS
from api.pages.verified import Standing
from api.presenters.report_pages import printed
from policies.vocabulary import State
from signer.reporting.blocks import Kind
from tests.api.pages.samples import CLERK, CODE, DOCUMENT, DONE, GOOD, KEPT, NOW

IN_FORCE = TEXTS["kept.standing.in-force"]
WARNED = {
    "archived": (replace(KEPT, state=State.ARCHIVED, issued_at=None), "Chưa phát hành", "Not issued"),
    "voided": (replace(KEPT, state=State.VOIDED, issued_at=None), "Đã hủy", "Voided"),
    "voided when it was out": (replace(KEPT, state=State.VOIDED), "Đã hủy", "Voided"),
    "stopped": (replace(KEPT, state=State.STOPPED), "Tạm dừng", "Stopped"),
    "stopped before its issue": (replace(KEPT, state=State.STOPPED, issued_at=None), "Tạm dừng", "Stopped"),
    "recalled": (replace(KEPT, recalled_at=NOW), "Văn bản đã bị thu hồi lúc", "Recalled at"),
    "recalled, stopped": (
        replace(KEPT, state=State.STOPPED, recalled_at=NOW),
        "Văn bản đã bị thu hồi lúc",
        "Recalled at",
    ),
    "replaced": (replace(KEPT, replaced_by=CODE), "đã được thay thế", "was replaced"),
}
LANGUAGES = ("vi", "en")


def section(kept, language):
    """The page's part about the archive."""
    html = render("verification.html", language, path="/verify", viewer=None, report=replace(GOOD, kept=kept))
    return re.search(r'<section class="card kept.*?</section>', html, re.S)[0]


def told(kept, language):
    """The report's part about the archive."""
    blocks = printed(replace(GOOD, kept=kept), language).blocks
    start = next(at for at, block in enumerate(blocks) if block.text == TEXTS["kept.title"][language == "en"])
    end = next(at for at in range(start + 1, len(blocks)) if blocks[at].kind is Kind.SECTION)
    return blocks[start:end]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", WARNED)
def test_what_is_not_in_force_is_said_as_a_warning(case, language):
    kept, *words = WARNED[case]
    word, good = words[language == "en"], IN_FORCE[language == "en"]
    page = section(kept, language)
    assert word in re.search(r'<p class="notice (?:warn|bad)">.*?</p>', page, re.S)[0]
    assert good not in page and "tone-good" not in page
    assert [block for block in told(kept, language) if block.kind is Kind.STRONG and word in block.text]
    assert good not in "".join(block.text for block in told(kept, language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", [State.ISSUED, State.FILED])
def test_what_is_in_force_is_said_in_the_good_tone(state, language):
    kept = replace(KEPT, state=state)
    page = section(kept, language)
    assert "tone-good" in page and "notice" not in page
    assert IN_FORCE[language == "en"] in page
    assert IN_FORCE[language == "en"] in [block.text for block in told(kept, language)]


@pytest.mark.parametrize("case", WARNED)
def test_the_public_page_is_linked_where_there_is_one(case):
    kept, *_ = WARNED[case]
    assert (f"/v/{CODE}" in section(replace(kept, replaced_by=None), "vi")) is (kept.issued_at is not None)


@pytest.mark.parametrize("state", State)
def test_in_force_is_what_is_out_alone(state):
    """Whatever a row says: the words for it are there, and no other state is called in force."""
    kept = replace(KEPT, state=state)
    assert (kept.standing is Standing.IN_FORCE) is (state in (State.ISSUED, State.FILED))
    assert f"kept.standing.{kept.standing}" in TEXTS
    assert replace(kept, recalled_at=NOW).standing is Standing.RECALLED
    assert replace(kept, replaced_by=CODE).standing is Standing.REPLACED


def at_the_desk(work):
    page = {"work": work, "filed": None, "done": ""}
    return render("work.html", "vi", path="/desk/documents/x", viewer=CLERK, **page)


def test_the_desk_links_the_public_page_where_there_is_one():
    assert f'href="/v/{CODE}"' in at_the_desk(replace(DONE, issued_at=NOW))
    waiting = at_the_desk(replace(DONE, issued_at=None))
    assert f"/v/{CODE}" not in waiting and CODE[:4] in waiting


@pytest.mark.parametrize("recalled_at", [None, NOW])
def test_the_desk_says_of_a_recalled_document_that_it_is_stopped(recalled_at):
    html = at_the_desk(replace(DONE, state=State.STOPPED, recalled_at=recalled_at))
    assert html.count("state-stopped") == 1
    assert ("state-recalled" in html) is (recalled_at is not None)


@pytest.mark.parametrize(("state", "word"), [(State.STOPPED, "Tạm dừng:"), (State.VOIDED, "Đã hủy:")])
def test_the_public_page_of_what_was_issued_warns_too(state, word):
    def shown(document):
        return render("document.html", "vi", path="/", viewer=None, document=document, host="antin.example")

    assert word in shown(replace(DOCUMENT, state=state))
    assert word not in shown(DOCUMENT)
    assert word not in shown(replace(DOCUMENT, state=state, recalled_at=NOW))
