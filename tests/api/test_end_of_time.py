"""The end of the calendar: 99991231235959Z says «no end» (RFC 5280, 4.1.2.5), and is shown as any other time."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from api import moments
from api.demo.pki import make_demo_pki
from api.pages import formats
from signer.keys.development import DevelopmentKey
from signer.validation import names
from tests.service import PATIENCE, Site
from tests.signer.trust.forge import NOW, issue
from tests.signer.validation.office import Office
from tests.signer.validation.test_attacks import _algorithm, _rsa

LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
FIRST = datetime(1, 1, 1, tzinfo=UTC)
FORMS = ["application/json", "application/xml", "application/pdf"]


@pytest.mark.parametrize("show", [names.moment, names.day, formats.moment, formats.local, moments.moment])
def test_the_last_moment_is_shown_on_its_day(show):
    assert str(show(LAST)).replace("31/12/9999", "9999-12-31").startswith(("9999-12-31", "<time"))
    assert "9999" in str(show(LAST)) and "1" in str(show(FIRST))


@pytest.fixture(scope="module")
def endless(tmp_path_factory):
    """Signed with a certificate that does not end."""
    folder = tmp_path_factory.mktemp("endless")
    root = issue("DEMO Root", ca=True, key=_rsa(), until=LAST)
    leaf = issue("DEMO Endless", root, key=_rsa(), until=LAST)
    office = Office(make_demo_pki(folder / "pki", NOW), folder, NOW)
    key = DevelopmentKey(leaf.key, leaf.der, (root.der,), _algorithm())
    return office.sign(office.prepared(), key=key).read_bytes()


@pytest.mark.xdist_group("site")
@pytest.mark.parametrize("form", FORMS)
def test_a_certificate_without_end_has_every_report(site: Site, endless, form):
    with httpx.Client(base_url=site.url, timeout=PATIENCE, trust_env=False) as client:
        file = {"file": ("a.pdf", endless, "application/pdf")}
        answer = client.post("/api/v1/verifications", files=file, headers={"accept": form})
    assert answer.status_code == 200, answer.text
    if form == FORMS[0]:
        (signature,) = answer.json()["signatures"]
        assert signature["certificate"]["not_after"].startswith("9999-12-31")


@pytest.mark.xdist_group("site")
def test_a_certificate_without_end_has_its_page(site: Site, endless):
    with httpx.Client(base_url=site.url, timeout=PATIENCE, trust_env=False) as client:
        answer = client.post("/verify", files={"file": ("a.pdf", endless, "application/pdf")})
    assert answer.status_code == 200
    assert "31/12/9999" in answer.text
