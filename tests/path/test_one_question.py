"""However many jobs come to be for one signature, and at whatever moment: the authority is asked once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from api.finishing import Finishing
from api.store import tokens
from tests.service import LEADER, PATIENCE, until

pytestmark = pytest.mark.xdist_group("site")


class Waiting:
    """The site's own authority, which answers when it is told to."""

    def __init__(self, inner):
        self.inner = inner
        self.go = threading.Event()
        self.asked = []

    @property
    def reserve(self):
        return self.inner.reserve

    def token(self, imprint, digest):
        self.asked.append(imprint)
        self.go.wait(PATIENCE)
        return self.inner.token(imprint, digest)

    def close(self):
        self.inner.close()


@pytest.fixture
def waiting(site, monkeypatch):
    site.nobody_asks()
    authority = Waiting(site.services.tsa)
    with monkeypatch.context() as patch:
        patch.setattr(site.services, "tsa", authority)
        yield authority
        authority.go.set()


def test_three_jobs_on_one_signature_are_one_question(site, waiting):
    document = site.prepared()
    pressed = site.post(LEADER, f"/documents/{document}/leader-signature")
    until(lambda: waiting.asked, "the question")
    stamp = Finishing(site.services).handlers()["stamp-leader"]
    with ThreadPoolExecutor(2) as pool:
        more = [pool.submit(stamp, f"another {n}", {"document": document}) for n in range(2)]
        time.sleep(0.5)  # time enough to ask, were they let
        waiting.go.set()
        for one in more:
            one.result(PATIENCE)
    site.done(LEADER, pressed)
    stamp("one more, afterwards", {"document": document})
    assert len(waiting.asked) == 1
    roles = [version["role"] for version in site.document(document)["versions"]]
    assert roles.count("leader-timestamped") == 1


def test_a_kept_token_needs_no_question_and_no_place(site, waiting, monkeypatch):
    """The run before failed after its token was kept; the next one goes on while every place is taken."""

    def fails(_conn, _imprint):
        raise OSError("between the token and its commit")

    waiting.go.set()
    document = site.prepared()
    with monkeypatch.context() as patch:
        patch.setattr(tokens, "forget", fails)
        ended = site.wait(LEADER, site.post(LEADER, f"/documents/{document}/leader-signature"))
    assert ended["problem"]["id"] == "fault"
    assert site.document(document)["state"] == "signed"
    with ExitStack() as places:
        for _ in range(site.settings.tsa_parallel):
            places.enter_context(site.services.asking.place(0))
        site.done(LEADER, site.post(LEADER, f"/documents/{document}/continuation"))
    assert len(waiting.asked) == 1
