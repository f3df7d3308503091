"""What the running service believes: a store past its review, and nobody to ask."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api import trust_desk
from api.demo.pki import make_demo_pki
from api.demo.run import demo_settings
from api.trust_desk import Desk, begin
from api.trust_files import load_key
from api.wiring.clock import clock
from policies.anchors import AnchorRole
from policies.vocabulary import TrustDomain
from signer.trust.certificates import parse
from tests.engines.ports import free_port
from tests.engines.servers import Process, listens, wait_until
from tests.service import CLERK, PATIENCE, Site

pytestmark = pytest.mark.xdist_group("site")
ANTIN = Path(sys.executable).with_name("antin")
DAYS = 180
PAST_ITS_REVIEW = [
    pytest.param(DAYS - 1, "TOTAL-PASSED", marks=pytest.mark.long),
    (DAYS + 1, "INDETERMINATE"),
]


@pytest.fixture(scope="module")
def issued(site: Site):
    document = site.issued(subject="Cho kho tin cậy")
    site.long_term(document)
    return site.file(document, "seal-timestamped"), site.file(document, "long-term")


def root_of(site):
    settings = site.settings
    return make_demo_pki(settings.data_dir / "demo-pki", clock(), public_url=settings.public_url).root


def store_of(site, folder, days_ago, patch):
    """A store with the demo's root that was reviewed so long ago; its pin."""
    with patch.context() as then:
        then.setattr(trust_desk, "clock", lambda: clock() - timedelta(days=days_ago))
        begin(folder / "trust.json", folder / "trust.key", "test/trust", DAYS)
        root = root_of(site)
        (folder / "root.der").write_bytes(root)
        desk = Desk(folder / "trust.json", folder / "trust.key", DAYS)
        fingerprint = parse(root).fingerprint.hex()
        desk.add(folder / "root.der", fingerprint, TrustDomain.DEMO, AnchorRole.ANCHOR, "thử")
    return str(load_key(folder / "trust.key").pin)


@contextmanager
def another(site, folder, **values):
    """A second service in a process of its own, with the site's demo PKI and these settings; its client."""
    settings = demo_settings(folder / "data", free_port())
    shutil.copytree(site.settings.data_dir / "demo-pki", settings.data_dir / "demo-pki")
    with (settings.data_dir / "antin.toml").open("a") as kept:
        kept.writelines(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
    command = [ANTIN, "serve", "--config", settings.data_dir / "antin.toml"]
    process = Process(command, folder / "service.log", cwd=folder, env={})
    try:
        wait_until(lambda: listens(settings.port), [process], "the service")
        with httpx.Client(base_url=settings.public_url, timeout=PATIENCE, trust_env=False) as client:
            yield client
    finally:
        process.kill()


def told(client, data):
    answer = client.post("/api/v1/verifications", files={"file": ("a.pdf", data, "application/pdf")})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("days_ago", "verdict"),
    PAST_ITS_REVIEW,
)
def test_a_store_past_its_review_finds_nothing_valid(site, issued, tmp_path, monkeypatch, days_ago, verdict):
    pin = store_of(site, tmp_path, days_ago, monkeypatch)
    with another(site, tmp_path, trust=str(tmp_path / "trust.json"), trust_key=pin) as client:
        report = told(client, issued[0])
        page = client.post("/verify", files={"file": ("a.pdf", issued[0], "application/pdf")}).text
        health = client.get("/api/v1/health").json()
    stale = verdict == "INDETERMINATE"
    assert {report["indication"], *(each["indication"] for each in report["signatures"])} == {verdict}
    found = {each["id"] for one in report["signatures"] for each in one["findings"]}
    assert ("trust-store.stale" in found) is stale
    assert ("phải được rà soát lại trước" in page) is stale
    (alarm,) = health["parts"]["trust"]["alarms"]
    assert alarm["reason"] == ("watch.trust-review-over" if stale else "watch.trust-review-near")


def test_offline_only_what_the_file_carries_counts(site, issued, tmp_path):
    """The newest version carries its answers on revocation, the issued one carries none."""
    bare, complete = issued
    with another(site, tmp_path, offline=True) as client:
        report = told(client, bare)
        assert told(client, complete)["indication"] == "TOTAL-PASSED"
    assert (report["indication"], report["sub_indication"]) == ("INDETERMINATE", "TRY_LATER")
    assert not [each for each in report["evidence"] if each["kind"] in ("ocsp", "crl")]


def test_long_before_its_review_the_store_alarms_nobody(site):
    part = site.client(CLERK).get("/health").json()["parts"]["trust"]
    assert (part["state"], part.get("alarms")) == ("ok", None)
