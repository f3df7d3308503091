"""With the network: the worker says what it lacks, the parent asks, the worker judges again."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from policies.validation import PASSED
from policies.vocabulary import SubIndication
from signer.creation import cms as cms_builder
from signer.errors import DocumentRefused, RevocationUnavailable
from signer.sandbox import Sandbox
from signer.trust.anchors import TrustAnchors
from signer.trust.revocation import FailingRevocationSource, Failure
from signer.validation.online import Foreseen, validate_online
from signer.validation.values import Evidence
from tests.attacks.pdf.handmade import Way, signed_data, token
from tests.profiles import AGENCY
from tests.signer.trust.forge import NOW, answer, crl, family, issue
from tests.signer.validation.by_hand import sign_by_hand
from tests.signer.validation.office import Direct, PkiSource, explain, ids

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1) as found:
        yield found


def run(sandbox, shelf, path, revocation):
    return validate_online(sandbox, path, shelf.office.trust, shelf.now, AGENCY, revocation)


def test_a_real_worker_and_a_source(sandbox, shelf, pki):
    source = PkiSource(pki)
    report = run(sandbox, shelf, shelf.issued, source)
    assert report.verdict == PASSED, explain(report)
    assert len(source.asked) == len(set(source.asked)), "each certificate is asked about once"


def test_offline_is_no_pass(sandbox, shelf):
    report = run(sandbox, shelf, shelf.issued, None)
    assert report.verdict.sub_indication is SubIndication.TRY_LATER


def test_validation_data_needs_no_source(sandbox, shelf, pki):
    twin = FailingRevocationSource(PkiSource(pki))
    twin.always = Failure.DOWN
    report = run(sandbox, shelf, shelf.long_term, twin)
    assert report.verdict == PASSED, explain(report)
    assert twin.asked == 0


@pytest.mark.parametrize("failure", list(Failure))
def test_a_source_that_fails_is_never_a_pass(sandbox, shelf, pki, failure):
    _, ca, leaf = family()
    twin = FailingRevocationSource(
        PkiSource(pki), old=answer(leaf, ca), foreign=answer(leaf, issue("CA", ca=True))
    )
    twin.always = failure
    report = run(sandbox, shelf, shelf.issued, twin)
    assert report.verdict.sub_indication is SubIndication.TRY_LATER, explain(report)


def test_the_list_is_asked_where_ocsp_is_silent(sandbox, shelf, pki):
    class Silent(PkiSource):
        def ocsp(self, *_):
            raise RevocationUnavailable("down")

    report = run(sandbox, shelf, shelf.issued, Silent(pki))
    assert report.verdict == PASSED, explain(report)


def test_the_list_is_asked_where_ocsp_settles_nothing(sandbox, shelf, pki):
    class Overloaded(PkiSource):
        def ocsp(self, *_):
            return bytes.fromhex("30030a0103")  # tryLater

    report = run(sandbox, shelf, shelf.issued, Overloaded(pki))
    assert report.verdict == PASSED, explain(report)


class Later:
    """A source that answers ten days later about these, and has lists of nobody else revoked."""

    def __init__(self, ca, root, at, revoked=(), reason=x509.ReasonFlags.key_compromise):
        self.ca, self.root, self.at, self.revoked, self.reason = ca, root, at, revoked, reason
        self.asked = []

    def ocsp(self, certificate, *_):
        self.asked.append(certificate)
        party = next((each for each in self.revoked if each.der == certificate), None)
        if party is None:
            raise RevocationUnavailable("down")
        return answer(
            party, self.ca, this=self.at, until=self.at + DAY, revoked=NOW + DAY, reason=self.reason
        )

    def crl(self, *_):
        raise RevocationUnavailable("down")


@pytest.fixture
def stamped(office):
    """A signature with a token, and good answers of that day: (path, root, ca, tsa, evidence)."""
    root, ca, leaf = family()
    tsa = issue("TSA", ca, extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)])
    way = Way(algorithm="sha256_ecdsa", certificates=(ca.der,))

    def make(data):
        cms = signed_data(leaf, way)(data)
        imprint = hashlib.sha256(cms_builder.signature_value(cms)).digest()
        return cms_builder.with_token(cms, token(tsa, way, imprint, NOW))

    path = office.folder / "stamped.pdf"
    sign_by_hand(office.prepared(), path, "leader-1", "ETSI.CAdES.detached", make)
    good = [answer(each, ca, this=NOW + DAY / 2) for each in (leaf, tsa)]
    return path, root, ca, tsa, Evidence(ocsp=tuple(good), crls=(crl(root, until=NOW + 90 * DAY),))


def test_the_authority_of_a_token_that_nothing_proves_is_asked_about_again(stamped):
    """Whoever stole its key antedates tokens to the days of its good answers."""
    path, root, ca, tsa, evidence = stamped
    trust, late = TrustAnchors((root.der,)), NOW + 10 * DAY
    silent, speaking = Later(ca, root, late), Later(ca, root, late, [tsa])
    before = validate_online(Direct(), path, trust, late, AGENCY, silent, evidence=evidence)
    assert before.verdict == PASSED, explain(before)
    assert silent.asked == [tsa.der]
    retired = Later(ca, root, late, [tsa], reason=x509.ReasonFlags.superseded)
    report = validate_online(Direct(), path, trust, late, AGENCY, retired, evidence=evidence)
    assert report.verdict == PASSED, explain(report)  # RFC 3161, 4: its tokens of before stay valid
    report = validate_online(Direct(), path, trust, late, AGENCY, speaking, evidence=evidence)
    assert report.verdict.sub_indication is SubIndication.TRY_LATER, explain(report)
    assert "verification.timestamp-unproven" in ids(report.signatures[0])


def test_a_file_that_is_no_pdf_is_a_typed_refusal(sandbox, shelf, tmp_path):
    path = tmp_path / "x.pdf"
    path.write_bytes(b"hello")
    with pytest.raises(DocumentRefused) as caught:
        run(sandbox, shelf, path, None)
    assert caught.value.id.startswith("document.")


class Rounds:
    """A sandbox that counts the calls."""

    def __init__(self, inner):
        self.inner, self.calls = inner, 0

    def call(self, *arguments):
        self.calls += 1
        return self.inner.call(*arguments)


def test_an_offices_own_documents_are_judged_in_one_round_once_their_certificates_are_known(
    sandbox, shelf, pki
):
    foreseen, path, source = Foreseen(), shelf.issued, PkiSource(pki)
    rounds, reports = [], []
    for _ in range(2):
        counted = Rounds(sandbox)
        reports.append(
            validate_online(counted, path, shelf.office.trust, shelf.now, AGENCY, source, foreseen=foreseen)
        )
        rounds.append(counted.calls)
    assert rounds[0] > rounds[1] == 1
    assert reports[0] == reports[1]
    assert reports[1].verdict == PASSED


def test_a_foreseen_certificate_whose_service_fails_is_never_a_pass(sandbox, shelf, pki):
    foreseen, path = Foreseen(), shelf.issued
    trust = shelf.office.trust
    validate_online(sandbox, path, trust, shelf.now, AGENCY, PkiSource(pki), foreseen=foreseen)
    dead = FailingRevocationSource(PkiSource(pki))
    dead.always = Failure.DOWN
    report = validate_online(sandbox, path, trust, shelf.now, AGENCY, dead, foreseen=foreseen)
    assert report.verdict.sub_indication is SubIndication.TRY_LATER
