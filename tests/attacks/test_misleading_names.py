"""What a stranger may write himself stands on our page: it must not say something else than it is."""

from __future__ import annotations

import httpx
import pytest

from api.demo.documents import decision
from tests.service import PATIENCE, Site

pytestmark = pytest.mark.xdist_group("site")


def test_the_name_of_an_upload_turns_no_line_round_and_is_no_markup(site: Site):
    name = "quyet-dinh-‮fdp.exe-<script>alert(1)</script>"
    with httpx.Client(base_url=site.url, timeout=PATIENCE, trust_env=False) as stranger:
        answer = stranger.post("/verify", files={"file": (name, decision(), "application/pdf")})
    assert answer.status_code == 200
    assert "‮" not in answer.text
    assert "<script>alert" not in answer.text
