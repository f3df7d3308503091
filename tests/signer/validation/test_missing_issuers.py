"""A signature that carries its signer's certificate alone: the issuer's comes from our store, or from where it says."""

from __future__ import annotations

import pytest
from asn1crypto import cms as asn1

from policies.validation import PASSED
from policies.vocabulary import SubIndication
from signer.errors import RevocationUnavailable
from signer.sandbox import Sandbox
from signer.trust.anchors import TrustAnchors
from signer.validation.online import validate_online
from tests.profiles import AGENCY
from tests.signer.trust.forge import issue
from tests.signer.validation.office import PkiSource, explain


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1) as found:
        yield found


@pytest.fixture
def leaf_only(office):
    """Signed by the leader; the CMS carries no other certificate, and there is no token to bring one."""
    path = office.sign(office.prepared())
    data = path.read_bytes()
    start = data.index(b"/Contents <") + 11
    stop = data.index(b">", start)
    info = asn1.ContentInfo.load(bytes.fromhex(data[start:stop].decode()).rstrip(b"\0") + b"\0" * 8)
    leader = office.pki.leader.certificate
    info["content"]["certificates"] = [
        each for each in info["content"]["certificates"] if each.chosen.dump() == leader
    ]
    written = info.dump(force=True).hex().encode()
    path.write_bytes(data[:start] + written.ljust(stop - start, b"0") + data[stop:])
    return path


def addresses(office):
    """Where the leader's certificate says that its issuer's lies."""
    return (f"{office.pki.public_url}/demo/ca/issuing.crt",)


class Issuers:
    """Gives what it is told to give."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def issuer(self, addresses, _at):
        self.asked.append(addresses)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


def judged(sandbox, office, path, issuers, trust=None):
    return validate_online(
        sandbox, path, trust or office.trust, office.now, AGENCY, PkiSource(office.pki), issuers=issuers
    )


def test_without_the_issuer_there_is_no_path(sandbox, office, leaf_only):
    report = judged(sandbox, office, leaf_only, None)
    assert report.verdict.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND, explain(report)
    (orphan,) = report.orphans
    assert (orphan.certificate, orphan.addresses) == (office.pki.leader.certificate, addresses(office))


def test_our_own_store_of_intermediates_has_it(sandbox, office, leaf_only):
    trust = TrustAnchors((office.pki.root,), (office.pki.issuing,))
    assert judged(sandbox, office, leaf_only, None, trust).verdict == PASSED


def test_the_issuer_is_fetched_and_the_path_leads_to_the_anchor(sandbox, office, leaf_only):
    issuers = Issuers(office.pki.issuing)
    report = judged(sandbox, office, leaf_only, issuers)
    assert report.verdict == PASSED, explain(report)
    assert issuers.asked == [addresses(office)]


@pytest.mark.parametrize("kind", ["none", "silent", "junk", "namesake", "itself"])
def test_what_does_not_lead_to_the_anchor_is_no_pass(sandbox, office, leaf_only, kind):
    subject = office.pki.identity("issuing").certificate.subject
    answer = {
        "none": None,
        "silent": RevocationUnavailable("down"),
        "junk": b"<html>",
        "namesake": issue("x", ca=True, subject=subject).der,
        "itself": office.pki.leader.certificate,
    }[kind]
    report = judged(sandbox, office, leaf_only, Issuers(answer))
    assert report.verdict.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_a_whole_chain_of_a_stranger_is_fetched_and_trusted_by_nobody(sandbox, office):
    path = office.sign(office.prepared(), role="other-leader")
    issuers = Issuers(office.pki.identity("other-root").der)
    report = judged(sandbox, office, path, issuers)
    assert report.verdict.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_a_file_that_lacks_nothing_asks_nobody(sandbox, office):
    issuers = Issuers()
    assert judged(sandbox, office, office.sign(office.prepared()), issuers).verdict == PASSED
    assert issuers.asked == []


class Counted:
    """A sandbox that counts how often it is called."""

    def __init__(self, inner):
        self.inner = inner
        self.calls = 0

    def call(self, *arguments, **named):
        self.calls += 1
        return self.inner.call(*arguments, **named)


def test_a_file_that_lacks_nothing_is_judged_no_more_often_for_it(sandbox, office):
    path = office.sign(office.prepared())
    without, named = Counted(sandbox), Counted(sandbox)
    assert judged(without, office, path, None) == judged(named, office, path, Issuers())
    assert named.calls == without.calls
