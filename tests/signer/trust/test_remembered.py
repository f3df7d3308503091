"""What a process keeps about bytes: sound ones are not called damaged because somebody once asked from deep down."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from signer.trust import crl, ocsp
from signer.trust.certificates import parse
from signer.trust.paths import issued, violation
from signer.trust.remembered import remembered
from signer.trust.status import AnswerUnusable
from signer.trust.unreadable import Unreadable
from tests.signer.trust import forge


def from_deep_down(ask, left):
    """Asks with fewer and fewer frames left; what it gets there is its own affair."""

    def descend(frames):
        return descend(frames - 1) if frames else ask()

    for room in left:
        depth = len(_frames())
        try:
            descend(sys.getrecursionlimit() - depth - room)
        except (RecursionError, AnswerUnusable, Unreadable):
            continue


def _frames():
    frame, found = sys._getframe(), []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


LEFT = range(2, 90, 2)


@pytest.fixture
def party():
    _root, ca, leaf = forge.family()
    return ca, leaf


def test_a_path_link(party):
    ca, leaf = party
    from_deep_down(lambda: issued(ca.parsed, leaf.parsed), LEFT)
    assert issued(ca.parsed, leaf.parsed)


def test_the_rules_of_a_path():
    root, ca, leaf = forge.family()
    path = (leaf.parsed, ca.parsed, root.parsed)
    from_deep_down(lambda: violation(path), LEFT)
    assert violation(path) is None


def test_an_ocsp_response(party):
    ca, leaf = party
    der = forge.answer(leaf, ca)
    from_deep_down(lambda: ocsp.serials(der), LEFT)
    assert ocsp.serials(der) == {leaf.certificate.serial_number}
    from_deep_down(lambda: ocsp.answer(der, leaf.parsed, ca.parsed), LEFT)
    assert ocsp.answer(der, leaf.parsed, ca.parsed).revoked_at is None


def test_a_responder(party):
    ca, leaf = party
    responder = forge.issue(
        "Responder", ca, extensions=((forge.OCSP_SIGNING, False), (forge.NO_CHECK, False))
    )
    der = forge.answer(leaf, ca, responder)
    from_deep_down(lambda: ocsp.responders(der), LEFT)
    assert ocsp.responders(der) == (responder.der,)


def test_a_crl(party):
    ca, leaf = party
    der = forge.crl(ca)
    from_deep_down(lambda: crl.answer(der, leaf.parsed, ca.parsed), LEFT)
    assert crl.answer(der, leaf.parsed, ca.parsed).revoked_at is None


def test_nothing_of_asn1crypto_is_set_up_at_its_first_use():
    """Two threads that do so at once see half of its maps: one sound link in some thousand was "not signed" then."""
    script = (
        "import signer.trust.unreadable\n"
        "from asn1crypto import core\n"
        "from signer.trust.asn1_ready import classes\n"
        "every = [each for each in classes(core.Asn1Value) if each.__module__.startswith('asn1crypto')]\n"
        "print(len(every), [each.__name__ for each in every if each not in core._SETUP_CLASSES])\n"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    count, missing = told.split(maxsplit=1)
    assert int(count) > 300
    assert missing.strip() == "['Choice']"


def test_threads_do_not_share_what_is_read_lazily(party):
    ca, _leaf = party
    with ThreadPoolExecutor(1) as pool:
        there = pool.submit(parse, ca.der).result()
    here = parse(ca.der)
    assert here == there
    assert here.parsed is not there.parsed
    assert parse(ca.der) is here


def test_what_was_asked_with_room_is_kept():
    asked = []

    @remembered(4)
    def of(data: bytes) -> int:
        asked.append(data)
        return len(data)

    assert [of(b"a"), of(b"a"), of(b"bb")] == [1, 1, 2]
    assert asked == [b"a", b"bb"]
