"""The work area is cleared of what nobody needs, and of nothing else; what is archived is found all the same."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from api.demo.documents import DecisionSpec
from api.store import operations
from api.upkeep import Upkeep
from archive.errors import StorageRefused
from policies.reasons import archiving
from tests.service import CLERK, LEADER, PATIENCE, Site, start, until

pytestmark = [pytest.mark.long, pytest.mark.own_service, pytest.mark.xdist_group("site")]
LATER = timedelta(days=40)
AT_ONCE = (
    """update workflow_status set status = 'ENQUEUED', delay_until_epoch_ms = null where status = 'DELAYED'"""
)


@pytest.fixture(scope="module")
def own_site(tmp_path_factory):
    """Of this module alone: what is cleared here, others would miss."""
    with start(tmp_path_factory.mktemp("site")) as (services, passwords):
        yield Site(services.settings, services, passwords)


def clear(services, later):
    """As a worker does it when so much time has passed."""
    real = services.clock
    services.clock = lambda: real() + later
    try:
        Upkeep(services).clear_work()
    finally:
        services.clock = real


def is_there(services, sha256):
    try:
        return services.work_area.inner.work_path(sha256).exists()
    except StorageRefused:
        return False


def nothing_is_left_to_do(services, document):
    """No job of the document fetches its bytes back from the archive any more."""

    def done():
        with services.transactions.read() as conn:
            return document not in {job.document for job in operations.unfinished(conn)}

    until(done, "the jobs of the document")


def of_its_own(name):
    """A document whose bytes no other one shares."""
    return DecisionSpec(subject=f"Phê duyệt Kế hoạch {name} của tỉnh Sông Hồng")


def shas(site, document):
    return {version["role"]: version["sha256"] for version in site.document(document)["versions"]}


def test_what_nobody_needs_is_cleared_and_what_is_archived_is_found_in_the_archive(own_site):
    site, services = own_site, own_site.services
    kept, open_still = site.issued(spec=of_its_own("một")), site.signed(spec=of_its_own("hai"))
    site.long_term(kept)
    voided = site.signed(spec=of_its_own("ba"))
    assert site.post(CLERK, f"/documents/{voided}/void", json={"reason": "thử"}).status_code == 200
    orphan = services.work_area.put_work(b"nobody ever spoke of these")
    clear(services, timedelta(days=1))
    assert is_there(services, orphan), "an act may be about to commit it"
    clear(services, timedelta(days=5))
    assert not is_there(services, orphan)
    assert all(is_there(services, sha256) for sha256 in shas(site, kept).values()), "archived only lately"
    clear(services, LATER)
    assert not any(is_there(services, sha256) for sha256 in shas(site, kept).values())
    for document in (open_still, voided):
        assert all(is_there(services, sha256) for sha256 in shas(site, document).values()), document
    assert_all_is_found(site, kept)
    site.post(CLERK, f"/documents/{open_still}/number", json={})
    site.done(CLERK, site.post(CLERK, f"/documents/{open_still}/seal"))


def assert_all_is_found(site, document):
    for role in ("seal-timestamped", "long-term"):
        assert site.file(document, role).startswith(b"%PDF")
    page = site.client(LEADER).get(f"/documents/{document}/pages/0")
    assert page.status_code == 200, page.text
    answer = site.post(None, "/verifications", files={"file": ("a.pdf", site.file(document))})
    assert answer.json()["indication"] == "TOTAL-PASSED", answer.text
    code = site.document(document)["code"]
    for public in (f"/v/{code}", f"/v/{code}/file", f"/v/{code}/pages/0"):
        shown = httpx.get(site.url + public, timeout=PATIENCE, trust_env=False)
        assert shown.status_code == 200, shown.text
    for role in ("uploaded", "prepared", "leader-signed", "sealed"):
        gone = site.client(CLERK).get(f"/documents/{document}/file?version={role}")
        assert gone.json()["id"] == archiving.STEP_NOT_KEPT.id, gone.text
        assert gone.status_code < 500


def test_validation_data_are_added_after_the_bytes_were_cleared(own_site):
    """The grace period may be longer than the bytes are kept."""
    site, services = own_site, own_site.services
    services.settings = services.settings.model_copy(update={"grace_seconds": 3600.0})
    document = site.archived()
    clear(services, LATER)
    services.settings = services.settings.model_copy(update={"grace_seconds": 0.0})
    assert not is_there(services, site.document(document)["sha256"])
    site.post(CLERK, f"/documents/{document}/issue")
    with services.transactions.write() as conn:
        conn.execute(text(AT_ONCE))
    site.long_term(document)


def test_other_bytes_in_the_archive_are_damage_and_not_served(own_site):
    site, services = own_site, own_site.services
    document = site.issued()
    site.long_term(document)
    nothing_is_left_to_do(services, document)
    clear(services, LATER)
    sha256 = shas(site, document)["seal-timestamped"]
    path = services.store._path(f"documents/{document}/{sha256}.pdf")
    path.chmod(0o600)
    real = path.read_bytes()
    path.write_bytes(real[:-1] + b"?")
    answer = site.client(CLERK).get(f"/documents/{document}/file?version=seal-timestamped")
    assert answer.status_code == 500 or answer.json()["id"].startswith("archive"), answer.text
    path.write_bytes(real)
    assert site.file(document, "seal-timestamped") == real
