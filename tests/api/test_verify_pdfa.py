"""PDF/A beside the verdict: in the JSON, on the page, in the report; and whatever happens to it changes no verdict."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import jsonschema
import pypdfium2
import pytest

from api.verifier import Verifier, _conformity
from api.wiring.tools import VERIFY_SECONDS, verification_limits
from signer.document.pdfa import UNDONE
from signer.sandbox import Sandbox
from tests.factories.encrypted import USER, encrypted
from tests.factories.pdfa_file import GOOD
from tests.factories.pdfa_parts import VIOLATIONS_OF
from tests.factories.pdfa_violations import make
from tests.profiles import AGENCY
from tests.service import PATIENCE, Site

ANTIN = str(Path(sys.executable).with_name("antin"))
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "antin.verify-1.schema.json").read_text("utf-8"))
CHECK = "signer.document.pdfa:check"
pytestmark = pytest.mark.xdist_group("site")


class Recording(Sandbox):
    """A sandbox that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(1, verification_limits())
        self.asked: list[str] = []

    def _called(self, task, *rest):
        self.asked.append(task)
        return super()._called(task, *rest)


@pytest.fixture(scope="module")
def sandbox():
    with Recording() as pool:
        yield pool


def checked(site: Site, data: bytes, **form):
    with site.client(None) as http:
        answer = http.post("/verifications", files={"file": ("a.pdf", data)}, data=form)
    assert answer.status_code == 200, answer.text
    jsonschema.validate(answer.json(), SCHEMA)
    return answer.json()


def test_what_the_service_issued_is_the_pdfa_that_it_says_it_is(site: Site):
    found = checked(site, site.file(site.archived()))
    assert found["indication"] == "TOTAL-PASSED"
    assert found["pdfa"] == {
        "claims": "2B",
        "against": "2B",
        "conforms": True,
        "complete": True,
        "findings": [],
        "unexamined": [],
    }


@pytest.mark.parametrize(("part", "rule"), [("1", "6.4-6"), ("2", "6.2.5-1"), ("3", "6.8-3")])
def test_each_part_by_upload(site: Site, part, rule):
    good = checked(site, GOOD[part]().build())
    assert good["indication"] == "NO-SIGNATURE"
    assert (good["pdfa"]["claims"], good["pdfa"]["conforms"]) == (f"{part}B", True)
    bad = checked(site, make(VIOLATIONS_OF[part][rule][0], GOOD[part]()))
    assert bad["indication"] == "NO-SIGNATURE"
    assert [one["rule"] for one in bad["pdfa"]["findings"]] == [rule]
    assert bad["pdfa"]["conforms"] is False


def test_an_encrypted_file_is_read_and_does_not_conform(site: Site):
    found = checked(site, encrypted(GOOD["2"]().build(), "aes-256"), password=USER)["pdfa"]
    assert (found["claims"], found["complete"], found["conforms"]) == ("2B", True, False)
    assert "6.1.3-2" in {one["rule"] for one in found["findings"]}


def test_the_page_says_it_in_one_line_and_folds_the_rest(site: Site):
    data = make(VIOLATIONS_OF["1"]["6.4-6"][0], GOOD["1"]())
    page = posted(site, data)
    assert "Tệp tự khai là PDF/A-1B nhưng có 1 điểm chưa đúng quy tắc của PDF/A-1B." in page
    assert "Xem các điểm chưa đúng theo PDF/A-1B (1)" in page
    assert "<code>6.4-6</code> độ trong suốt, đối tượng 18" in page
    good = posted(site, GOOD["1"]().build())
    assert "kiểm tra theo PDF/A-1B không thấy vi phạm" in good
    assert "Xem các điểm chưa đúng" not in good
    none = posted(site, make(VIOLATIONS_OF["2"]["6.6.4-1"][0]))
    assert "Tệp không tự khai là PDF/A." in none


def posted(site: Site, data: bytes) -> str:
    files = {"file": ("a.pdf", data)}
    headers = {"accept": "text/html"}
    answer = httpx.post(f"{site.url}/verify", files=files, headers=headers, timeout=PATIENCE, trust_env=False)
    assert answer.status_code == 200
    return answer.text


def test_the_printed_report_has_it_too(site: Site, tmp_path):
    data = make(VIOLATIONS_OF["1"]["6.4-6"][0], GOOD["1"]())
    with site.client(None) as http:
        answer = http.post(
            "/verifications", files={"file": ("a.pdf", data)}, headers={"accept": "application/pdf"}
        )
    assert answer.status_code == 200, answer.text
    with pypdfium2.PdfDocument(answer.content) as document:
        text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    told = " ".join(text.split())
    assert "Định dạng lưu trữ PDF/A" in told
    assert "6.4-6 độ trong suốt" in told


def test_the_command_line_says_it(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(make(VIOLATIONS_OF["3"]["6.8-3"][0], GOOD["3"]()))
    command = [ANTIN, "verify", str(path), "--offline", "--lang", "en"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert told.returncode == 2
    assert "PDF/A: The file says that it is PDF/A-3B, but breaks PDF/A-3B in 1 points." in told.stdout
    found = json.loads(
        subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=PATIENCE).stdout
    )
    jsonschema.validate(found, SCHEMA)
    assert [one["rule"] for one in found["pdfa"]["findings"]] == ["6.8-3"]


def test_a_refusal_has_none(site: Site):
    with site.client(None) as http:
        answer = http.post("/verifications", files={"file": ("a.pdf", b"nothing")})
    assert answer.status_code == 422
    assert "pdfa" not in answer.json()


# --- it is one more call, of the same time, and decides nothing


def test_without_time_or_worker_it_is_not_complete_and_no_yes(sandbox, tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(GOOD["2"]().build())
    calls = sandbox.together()
    assert _conformity(calls, path, None).conforms
    calls._spent.seconds += VERIFY_SECONDS
    assert _conformity(calls, path, None) == UNDONE
    closed = Sandbox(1, verification_limits())
    closed.close()
    assert _conformity(closed.together(), path, None) == UNDONE
    assert not UNDONE.conforms


def test_the_verdict_is_the_same_with_it(site: Site, sandbox, tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(site.file(site.archived()))
    trust, at = site.services.trust, site.services.clock()
    verifier = Verifier(sandbox, site.services.revocation, site.services.clock)

    def without_and_with():
        sandbox.asked.clear()
        alone = verifier.validate(path, trust, at, AGENCY)
        assert CHECK not in sandbox.asked, "the gate of our own output asks for it elsewhere"
        return alone, verifier.examine(path, trust, at, AGENCY)

    # Where answers on revocation were asked for anew in between, the two are not about the same.
    tries = (without_and_with() for _ in range(5))
    alone, both = next((one, other) for one, other in tries if one.evidence == other.report.evidence)
    assert both.report == alone
    assert sandbox.asked.count(CHECK) == 1
    assert both.conformity.conforms
