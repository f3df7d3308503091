"""Verdicts agree with pyHanko's AdES report and with `pdfsig` wherever those are right; the rest has rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.attacks.pdf import judges
from tests.attacks.pdf.cases import Made
from tests.attacks.pdf.disagreements import PDFSIG, PYHANKO, ROWS, page_rows
from tests.attacks.pdf.suite import ATTACKS, GENUINE, accepted

pytestmark = pytest.mark.filterwarnings("ignore")  # pyHanko warns of nearly every case
PAGE = Path(__file__).parents[3] / "docs/disagreements.md"


def every(desk) -> Iterator[tuple[str, Made]]:
    """All cases and twins; what several of them share, once."""
    seen = set()
    for name, made in _all(desk):
        if made.data not in seen:
            seen.add(made.data)
            yield name, made


def _all(desk) -> Iterator[tuple[str, Made]]:
    for attack in ATTACKS:
        yield attack.id, attack.make(desk)
        yield f"{attack.id}, the twin", attack.twin(desk)
    for genuine in GENUINE:
        yield genuine.id, genuine.make(desk)


@pytest.fixture(scope="module")
def answers(desk):
    """By tool and case: its answer and whether ours is a yes."""
    found: dict[str, dict[str, tuple[str, bool]]] = {PYHANKO: {}, PDFSIG: {}}
    for name, made in every(desk):
        answer, evidence = desk.judge(made)
        ours = accepted(answer)
        found[PYHANKO][name] = (judges.pyhanko(desk, made, evidence), ours)
        found[PDFSIG][name] = (judges.pdfsig(desk, made), ours)
    return found


def disagreeing(answers: dict[str, tuple[str, bool]]) -> dict[str, str]:
    return {name: says for name, (says, ours) in answers.items() if (says == judges.ACCEPTS) is not ours}


@pytest.mark.long
@pytest.mark.parametrize("tool", [PYHANKO, PDFSIG])
def test_every_disagreement_is_written_down_and_no_other(answers, tool):
    found = disagreeing(answers[tool])
    rows = [row for row in ROWS if row.tool == tool]
    explained = {
        name
        for name, says in found.items()
        for row in rows
        if says == row.says and any(fnmatchcase(name, case) for case in row.cases)
    }
    assert set(found) - explained == set(), "nobody has said why"
    for row in rows:
        for case in row.cases:
            meant = [name for name in answers[tool] if fnmatchcase(name, case)]
            meant = [name for name in meant if name.endswith(", the twin") == case.endswith(", the twin")]
            assert meant, case
            agreeing = [name for name in meant if found.get(name) != row.says]
            answered = {name: answers[tool][name] for name in agreeing}
            assert all(says not in (judges.ACCEPTS, judges.REJECTS) for says, _ in answered.values()), (
                answered
            )


def test_the_page_shows_the_rows():
    shown = re.findall(r"^\| `.*\|$", PAGE.read_text("utf-8"), re.M)
    assert shown == page_rows()


def test_a_few_of_both_kinds_in_every_run(desk):
    """Where nobody disagrees, both foreign tools say what we say."""
    good, evil = Made(desk.sealed()), Made(desk.signed()[:1000] + b"X" + desk.signed()[1001:])
    for made, word in ((good, judges.ACCEPTS), (evil, judges.REJECTS)):
        _, evidence = desk.judge(made)
        assert judges.pyhanko(desk, made, evidence) == word
        assert judges.pdfsig(desk, made) == word
