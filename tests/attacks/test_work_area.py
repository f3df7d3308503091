"""Whoever writes the work area's disk gets nothing signed, shown or handed out that the catalogue does not name."""

from __future__ import annotations

import pytest

from api.demo.documents import DecisionSpec
from api.store import audit
from signer.creation import choose
from tests.service import CLERK, LEADER, Site

pytestmark = pytest.mark.xdist_group("site")


def spoil(site: Site, sha256: str) -> None:
    path = site.services.work_area.work_path(sha256)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def test_changed_bytes_are_not_signed(site: Site):
    document = site.prepared()
    spoil(site, site.document(document)["sha256"])
    answer = site.post(LEADER, f"/documents/{document}/leader-signature")
    assert answer.status_code == 500
    assert site.document(document)["state"] == "prepared"
    acts = [row["act"] for row in site.document(document)["acts"]]
    assert "sign" not in acts, "no key was to be used"


def test_bytes_that_change_while_they_are_read_are_not_signed(site: Site, monkeypatch):
    """After the digest's state was taken, before the file is opened: the revision would be another file's."""
    document = site.prepared()
    sha256 = site.document(document)["sha256"]
    prepare = choose.prepare_signature

    def meanwhile(*arguments, **more):
        spoil(site, sha256)
        return prepare(*arguments, **more)

    monkeypatch.setattr(choose, "prepare_signature", meanwhile)
    answer = site.post(LEADER, f"/documents/{document}/leader-signature")
    assert answer.status_code == 500
    with site.services.transactions.read() as conn:
        phases = [row.phase for row in audit.of_subject(conn, document)]
    assert "intent" not in phases, "no key was to be used"


def test_changed_bytes_are_not_handed_out_or_shown(site: Site):
    document = site.prepared(DecisionSpec(subject="Chưa ai xem văn bản này"))  # no picture of it is kept
    spoil(site, site.document(document)["sha256"])
    for path in ("file", "pages/0?dpi=50"):
        assert site.client(CLERK).get(f"/documents/{document}/{path}").status_code == 500
