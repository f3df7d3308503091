"""The canary's report on the page is what a fresh run against both servers finds."""

from __future__ import annotations

import pytest

from archive.storage.canary.attempts.catalogue import ATTEMPTS, CHECKS
from tests.docs import storage_report
from tests.engines import seaweedfs as weed


@pytest.mark.long
def test_the_report_on_the_page_is_a_fresh_one(tmp_path, seaweedfs, rgw):
    with weed.seaweedfs(tmp_path / "open", back_door=True) as open_weed:
        found = storage_report.columns(open_weed, seaweedfs, rgw)
    assert storage_report.shown() == storage_report.written(found), "python -m tests.docs.storage_report"


def test_every_attempt_is_on_the_page():
    page = storage_report.PAGE.read_text("utf-8")
    for attempt in (*CHECKS, *ATTEMPTS):
        assert f"`{attempt.id}`" in page, attempt.id
    assert storage_report.shown().count("\n| `") == len(ATTEMPTS)
