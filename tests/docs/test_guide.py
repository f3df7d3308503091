"""The auditor's guide explains to everybody who may read it every verdict that the code can give; and the policy page
says what the code does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from api.pages.texts import TEXTS
from policies import algorithms, renewal
from policies.vocabulary import Indication, SubIndication
from signer.timestamping.token import TokenRules
from tests.profiles import PROFILES

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/huong-dan-kiem-tra.md").read_text("utf-8")
POLICY = " ".join((ROOT / "docs/policy.md").read_text("utf-8").split())
SAID = ("Nghĩa là", "Vì sao", "Người dân, nơi nhận", "Văn thư", "Người kiểm tra")
GROUPS = {Indication.TOTAL_FAILED: "Không hợp lệ", Indication.INDETERMINATE: "Chưa kết luận được"}
NEVER_GIVEN = {SubIndication.OUT_OF_BOUNDS_NOT_REVOKED, SubIndication.NO_POE}


def explained(page):
    """What the guide says under the heading of each code: label and sentence."""
    parts = re.split(r"^#{3,4} `([A-Z_-]+)`.*$", page, flags=re.M)
    bodies = zip(parts[1::2], parts[2::2], strict=True)
    return {
        code: dict(re.findall(r"^- \*\*(.+?):\*\* (.+)$", body.partition("\n#")[0], re.M))
        for code, body in bodies
    }


def unexplained(page, codes):
    """Codes that somebody would look up in vain: no heading, or one of the five sentences missing or empty."""
    found = explained(page)
    return [
        str(code)
        for code in codes
        if tuple(found.get(code, ())) != SAID or any(len(text) < 12 for text in found[code].values())
    ]


def test_every_indication_and_sub_indication_is_explained_to_all_three():
    assert unexplained(GUIDE, [*Indication, *SubIndication]) == []


def test_a_code_that_is_new_or_half_explained_would_be_found():
    assert unexplained(GUIDE, ["EVIDENCE_RECORD_BROKEN"]) == ["EVIDENCE_RECORD_BROKEN"]
    without_clerk = re.sub(r"^- \*\*Văn thư:\*\* .*\n", "", GUIDE, count=1, flags=re.M)
    assert unexplained(without_clerk, [*Indication, *SubIndication]) == ["TOTAL-PASSED"]
    assert unexplained(GUIDE.replace("#### `TRY_LATER`", "#### TRY_LATER"), [SubIndication.TRY_LATER])


def test_no_code_is_explained_that_does_not_exist():
    assert set(explained(GUIDE)) == {*map(str, Indication), *map(str, SubIndication)}


def given():
    """Which indications the code gives with which sub-indication: the calls of `failed` and `indeterminate`."""
    found = {indication: set() for indication in GROUPS}
    kinds = {"failed": Indication.TOTAL_FAILED, "indeterminate": Indication.INDETERMINATE}
    for path in [*(ROOT / "signer").rglob("*.py"), *(ROOT / "policies").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
                named = re.findall(r"\bSubIndication\.([A-Z_]+)", ast.unparse(node))
                found[kinds[node.func.id]].update(SubIndication[name] for name in named)
    return found


def grouped():
    """The sub-indications under each heading of the guide."""
    found = {}
    for indication, words in GROUPS.items():
        body = re.split(rf"^### Đi với «{words}»$", GUIDE, flags=re.M)[1].partition("\n### ")[0]
        found[indication] = {SubIndication(code) for code in re.findall(r"^#### `([A-Z_]+)`", body, re.M)}
    return found


def test_each_stands_under_the_indication_that_the_code_gives_it_with():
    told, real = grouped(), given()
    assert told[Indication.TOTAL_FAILED] == real[Indication.TOTAL_FAILED]
    assert told[Indication.INDETERMINATE] - NEVER_GIVEN == real[Indication.INDETERMINATE]
    assert not NEVER_GIVEN & (real[Indication.TOTAL_FAILED] | real[Indication.INDETERMINATE])
    for code in NEVER_GIVEN:
        assert "chưa bao giờ trả lời" in explained(GUIDE)[code]["Vì sao"]


@pytest.mark.parametrize("name", PROFILES)
def test_guide_policy_page_and_site_call_the_profiles_alike(name):
    word, purpose = TEXTS[f"profile.{name}"][0], TEXTS[f"profile.{name}.for"]
    assert all(purpose)
    rows = re.findall(r"^\| (.+?) \| `(\w+)` \|", GUIDE, re.M)
    assert (word.casefold(), name) in [(told.casefold(), code) for told, code in rows]
    told = re.search(rf"\| `{name}` \| \*(.+?)\* \|", POLICY)[1]
    assert told.casefold() == word.casefold()


def test_the_signing_policy_names_the_algorithms_and_margins_of_the_code():
    assert f"RSA from {algorithms.RSA_BITS[0]:,} to {algorithms.RSA_BITS[-1]:,} bits" in POLICY
    assert algorithms.CURVES == {
        "secp256r1": algorithms.Digest.SHA256,
        "secp384r1": algorithms.Digest.SHA384,
    }
    assert "ECDSA on P-256 with SHA-256 and on P-384 with SHA-384" in POLICY
    assert [each.value for each in algorithms.Digest] == ["sha256", "sha384", "sha512"]
    assert "RSA by PKCS#1 v1.5 with SHA-256, which" in POLICY
    assert "another digest than SHA-256, SHA-384 or SHA-512" in POLICY
    assert str(algorithms.DEFAULT) == "rsa-pkcs1v15-sha256"
    assert (renewal.MARGIN.days, renewal.ALARM.days) == (365, 180)
    assert "a year before what proves it ends (alarm: half a year)" in POLICY
    minutes = TokenRules.__dataclass_fields__["tolerance"].default.total_seconds() / 60
    assert f"within {minutes:.0f} minutes of our clock" in POLICY
