"""Choosing the profile over HTTP and on the page; what answers and reports say of it; the published page."""

from __future__ import annotations

import html
import re
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import httpx
import pypdfium2
import pytest

from api.pages.texts import TEXTS
from api.verification import DEFAULT_PROFILE
from policies.validation import fingerprint
from policies.vocabulary import TrustDomain
from tests.service import PATIENCE
from tests.signer.reporting.reading import read, text

pytestmark = pytest.mark.xdist_group("site")
HTML = {"accept": "text/html"}
NAMES = ("agency", "public", "strict", "historical")


@pytest.fixture(scope="module")
def pdf(site):
    return site.file(site.issued(subject="Kiểm tra theo chính sách"), "seal-timestamped")


@pytest.fixture
def stranger(site):
    with httpx.Client(base_url=site.url, timeout=PATIENCE, trust_env=False) as client:
        yield client


def upload(client, data, path="/api/v1/verifications", headers=None, **form):
    files = {"file": ("van-ban.pdf", data, "application/pdf")}
    return client.post(path, files=files, data=form, headers=headers or {})


@contextmanager
def changed(site, name, **values):
    """The service with another version of a profile."""
    usual = site.services.profiles[name]
    site.services.profiles[name] = replace(usual, **values)
    try:
        yield site.services.profiles[name]
    finally:
        site.services.profiles[name] = usual


@pytest.mark.parametrize("name", ["", *NAMES])
def test_the_answer_names_the_profile_and_all_that_it_says(site, stranger, pdf, name):
    form = {"profile": name} if name else {}
    found = upload(stranger, pdf, **form).json()
    assert found["indication"] == "TOTAL-PASSED"
    wanted = site.services.profiles[name or DEFAULT_PROFILE]
    assert found["profile"] == wanted.name
    assert found["policy"] == {
        "id": f"urn:antin:validation-policy:{wanted.name}:{wanted.version}",
        "version": wanted.version,
        "basis": wanted.basis,
        "sha256": fingerprint(wanted).hex(),
    }


def test_the_chosen_profile_decides(site, stranger, pdf):
    """Both believe the demo's domain; one of them no longer."""
    with changed(site, "public", domains=frozenset({TrustDomain.PUBLIC})):
        found = upload(stranger, pdf, profile="public").json()
        assert (found["indication"], found["sub_indication"]) == (
            "INDETERMINATE",
            "CHAIN_CONSTRAINTS_FAILURE",
        )
        assert upload(stranger, pdf).json()["indication"] == "TOTAL-PASSED"


@pytest.mark.parametrize("name", ["nonsense", "Agency", " agency", "agency ", "../agency", "<b>", "a\u202eb"])
def test_an_unknown_profile_is_refused_with_those_that_exist(stranger, pdf, name):
    answer = upload(stranger, pdf, profile=name)
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["id"], problem["type"]) == (
        "verification.profile-unknown",
        "urn:antin:refusal:verification.profile-unknown",
    )
    assert problem["basis"].startswith("ETSI EN 319 102-1")
    for language in ("vi", "en"):
        assert ", ".join(NAMES) in problem["text"][language]
        assert "\u202e" not in problem["text"][language]


def test_a_name_without_end_is_refused(stranger, pdf):
    answer = upload(stranger, pdf, profile="a" * 65)
    assert (answer.status_code, answer.json()["id"]) == (422, "access.invalid-request")


def test_an_unknown_profile_is_refused_before_the_file_is_looked_at(stranger):
    assert upload(stranger, b"no PDF", profile="nonsense").json()["id"] == "verification.profile-unknown"


def test_on_the_page_an_unknown_profile_is_told_in_words(stranger, pdf):
    answer = upload(stranger, pdf, "/verify", HTML, profile="<b>nonsense")
    assert answer.status_code == 422
    assert "agency, public, strict, historical" in answer.text
    assert "<b>nonsense" not in answer.text


def test_a_profile_that_is_not_in_effect_decides_nothing_and_says_so(site, stranger, pdf):
    tomorrow = site.services.clock() + timedelta(days=1)
    with changed(site, "strict", effective_from=tomorrow, version=2):
        found = upload(stranger, pdf, profile="strict").json()
        assert (found["indication"], found["sub_indication"]) == (
            "INDETERMINATE",
            "POLICY_PROCESSING_ERROR",
        )
        assert "verification.profile-not-in-effect" in [each["id"] for each in found["findings"]]
        assert found["policy"]["id"].endswith(":strict:2")
        home = stranger.get("/", headers=HTML).text
        assert 'value="strict"' not in home and 'value="public"' in home
        assert TEXTS["policy.not_in_effect"][0] in stranger.get("/policy", headers=HTML).text


def test_the_page_offers_the_profiles_and_says_what_each_is_for(stranger):
    page = stranger.get("/", headers=HTML).text
    options = re.findall(r'<option value="(\w+)"( selected)?>([^<]+)</option>', page)
    assert [(name, bool(chosen)) for name, chosen, _ in options] == [
        ("agency", True),
        ("public", False),
        ("strict", False),
        ("historical", False),
    ]
    shown = html.unescape(page)
    for name in NAMES:
        assert TEXTS[f"profile.{name}.for"][0] in shown
    form = page[page.index('action="/verify"') : page.index("</form>")]
    details = form[form.index("<details") : form.rindex("</details>")]
    assert "<select" in details, "out of the way of those who need none"


def test_the_result_says_by_which_policy_and_warns_of_a_chosen_one(stranger, pdf):
    usual = upload(stranger, pdf, "/verify", HTML, profile="agency").text
    chosen = upload(stranger, pdf, "/verify", HTML, profile="historical").text
    warning = TEXTS["verification.other_policy"][0]
    assert warning not in html.unescape(usual) and warning in html.unescape(chosen)
    assert "urn:antin:validation-policy:agency:1" in usual
    assert "urn:antin:validation-policy:historical:1" in chosen
    assert "Lịch sử" in chosen and "phiên bản 1" in chosen
    assert "ETSI TS 119 312, thuật toán theo thời điểm ký" in chosen


def test_sealed_reports_name_the_published_identifier(site, stranger, pdf, tmp_path):
    root = read(upload(stranger, pdf, headers={"accept": "application/xml"}, profile="strict").content)
    policy = "//vr:SignatureValidationReport[1]//vr:SignatureValidationPolicy"
    wanted = site.services.profiles["strict"]
    assert text(root, f"{policy}//xades:SigPolicyId/xades:Identifier") == wanted.identifier
    assert text(root, f"{policy}//xades:SigPolicyId/xades:Description") == wanted.basis
    assert text(root, f"{policy}/vr:PolicyName") == "strict"
    assert b64decode(text(root, f"{policy}//xades:SigPolicyHash/ds:DigestValue")) == fingerprint(wanted)
    (tmp_path / "report.pdf").write_bytes(
        upload(stranger, pdf, headers={"accept": "application/pdf"}, profile="strict").content
    )
    with pypdfium2.PdfDocument(tmp_path / "report.pdf") as document:
        shown = " ".join(" ".join(page.get_textpage().get_text_bounded() for page in document).split())
    assert wanted.identifier in shown
    assert wanted.basis in shown
    assert TEXTS["verification.other_policy"][0] in shown


def test_the_report_of_a_result_page_is_of_the_profile_that_was_chosen(stranger, pdf):
    page = upload(stranger, pdf, "/verify", HTML, profile="public").text
    ticket = re.search(r'name="ticket" value="([^"]+)"', page)[1]
    answer = stranger.post("/verify/report", data={"ticket": ticket, "form": "xml"})
    assert (
        text(read(answer.content), "//vr:SignatureValidationReport[1]//xades:SigPolicyId/xades:Identifier")
        == "urn:antin:validation-policy:public:1"
    )


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_policy_is_published_on_the_site(site, stranger, language):
    answer = stranger.get(f"/policy?lang={language}", headers=HTML)
    assert answer.status_code == 200
    shown = html.unescape(answer.text)
    for name, profile in site.services.profiles.items():
        assert profile.identifier in shown
        assert profile.basis in shown
        assert fingerprint(profile).hex() in shown.replace("<wbr>", "")
        assert TEXTS[f"profile.{name}.for"][language == "en"] in shown
    assert site.services.trust.label in shown
    assert "RSA 2048–4096" in shown
    assert 'href="/policy"' in stranger.get("/", headers=HTML).text
