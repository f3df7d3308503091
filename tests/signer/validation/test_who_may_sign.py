"""What a certificate is for, and what a message must say of it: signers, time-stamp authorities, trusted lists."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID

from policies.validation import failed, indeterminate
from policies.vocabulary import SubIndication
from signer.trust.anchors import Standing, TrustAnchors
from signer.validation.context import Context
from signer.validation.format_checking import FormatProblem, read
from signer.validation.proof import Proof
from signer.validation.signing_certificate import identify
from signer.validation.timestamps import validate_token
from signer.validation.values import Evidence
from signer.validation.x509_validation import Use, validate
from tests.attacks.pdf.handmade import Way, signed_data, token
from tests.profiles import AGENCY, PUBLIC, STRICT
from tests.signer.trust.forge import NOW, Party, answer, crl, family, issue
from tests.signer.validation.by_hand import sign_by_hand
from tests.signer.validation.office import explain, found

SERVER, CLIENT, CODE, MAIL, ANY, STAMPS = (
    getattr(ExtendedKeyUsageOID, name)
    for name in (
        "SERVER_AUTH", "CLIENT_AUTH", "CODE_SIGNING", "EMAIL_PROTECTION", "ANY_EXTENDED_KEY_USAGE", "TIME_STAMPING",
    )
)  # fmt: skip
DOCUMENTS = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
UNKNOWN = ObjectIdentifier("1.3.6.1.4.1.99999.7")
ECDSA = Way(algorithm="sha256_ecdsa")


def context_of(root, *given, profile=AGENCY, certificates=(), trust=None):
    evidence = Evidence(tuple(each.der for each in certificates), tuple(given), (crl(root),))
    return Context.start(trust or TrustAnchors((root.der,)), profile, NOW + timedelta(hours=1), evidence)


def judged(*purposes, use=Use.SIGNING, trust=None, profile=AGENCY, critical=False):
    """The path of a certificate that was issued for this."""
    extensions = [(x509.ExtendedKeyUsage(purposes), critical)] if purposes else []
    root, ca, _ = family()
    leaf = issue("Leaf", ca, extensions=extensions)
    given = {"certificates": [ca], "profile": profile, "trust": trust and trust(root)}
    return validate(context_of(root, answer(leaf, ca), **given), leaf.parsed, use, Proof())


@pytest.mark.parametrize(
    "purposes", [(), (CLIENT,), (UNKNOWN,), (SERVER, MAIL), (CODE, DOCUMENTS), (CLIENT, CODE, ANY)]
)
def test_what_signs_documents(purposes):
    assert judged(*purposes).passed


@pytest.mark.parametrize("critical", [False, True])
@pytest.mark.parametrize("purposes", [(SERVER,), (SERVER, CLIENT), (CODE, UNKNOWN), (STAMPS, UNKNOWN)])
def test_what_was_issued_for_something_else(purposes, critical):
    """RFC 5280, 4.2.1.12. Every certificate of a web site has the second."""
    verdict = judged(*purposes, critical=critical).outcome.verdict
    assert verdict == indeterminate(SubIndication.CHAIN_CONSTRAINTS_FAILURE)


@pytest.mark.parametrize("stamps_only", [False, True])
def test_an_anchor_for_time_stamps_vouches_for_no_signer(stamps_only):
    """TS 119 612, 5.5.1."""

    def trust(root):
        return TrustAnchors((root.der,), standings=(Standing(root.der, "public", stamps_only=stamps_only),))

    assert judged(trust=trust, profile=PUBLIC).passed != stamps_only
    stamper = judged(STAMPS, critical=True, use=Use.TIME_STAMPING, trust=trust, profile=PUBLIC)
    assert stamper.passed


# Time-stamp tokens


def stamped(way=ECDSA, profile=AGENCY, **more):
    root, ca, _ = family()
    tsa = issue("TSA", ca, extensions=[(x509.ExtendedKeyUsage([STAMPS]), True)])
    der = token(tsa, way, hashlib.sha256(b"signed").digest(), NOW, **more)
    context = context_of(root, answer(tsa, ca), certificates=[ca], profile=profile)
    return validate_token(context, der, lambda _: hashlib.sha256(b"signed").digest(), Proof())


def extensions_of_a_token(critical):
    return tsp.Extensions(
        [{"extn_id": "1.3.6.1.4.1.99999.1", "critical": critical, "extn_value": b"\x05\x00"}]
    )


def test_a_token_passes():
    assert stamped().passed
    assert stamped(extensions=extensions_of_a_token(critical=False)).passed


@pytest.mark.parametrize("profile", [AGENCY, STRICT], ids=lambda each: each.name)
@pytest.mark.parametrize(
    "wrong",
    [
        {"way": Way(algorithm="sha256_ecdsa", referenced=False)},
        {"extensions": extensions_of_a_token(critical=True)},
    ],
    ids=["its certificate is not named", "unknown critical extension"],
)
def test_a_token_that_rfc_3161_does_not_permit(wrong, profile):
    assert not stamped(profile=profile, **wrong).passed


# The message


def reference(leaf, issuer_name, serial):
    """ESSCertIDv2 with IssuerSerial (RFC 5035, 5)."""
    names = [asn1_x509.GeneralName("directory_name", issuer_name)]
    row = {
        "cert_hash": hashlib.sha256(leaf.der).digest(),
        "issuer_serial": {"issuer": names, "serial_number": serial},
    }
    return (("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [row]})),)


@pytest.mark.parametrize("wrong", ["", "issuer", "serial"])
def test_a_reference_names_issuer_and_number_rightly_where_it_does(wrong):
    _root, ca, leaf = family()
    parsed = asn1_x509.Certificate.load(leaf.der)
    name = asn1_x509.Name.build({"common_name": "Other"}) if wrong == "issuer" else parsed.issuer
    more = reference(leaf, name, parsed.serial_number + (wrong == "serial"))
    message = read(signed_data(leaf, Way(algorithm="sha256_ecdsa", referenced=False, more=more))(b"x"))
    assert (identify(message, [ca.parsed], AGENCY).certificate is None) == bool(wrong)


def test_signed_attributes_are_there_or_not_but_never_empty():
    """RFC 5652, 5.3: SIZE (1..MAX). Else attributes could be taken out of a signature over nothing else."""
    _root, _ca, leaf = family()
    info = cms.ContentInfo.load(signed_data(leaf, Way(algorithm="sha256_ecdsa", attributes=False))(b"x"))
    info["content"]["signer_infos"][0]["signed_attrs"] = cms.CMSAttributes([])
    data = info.dump(force=True)
    assert b"\xa0\x00" in data
    with pytest.raises(FormatProblem):
        read(data)


def by_hand(office, make):
    path = sign_by_hand(
        office.prepared(), office.folder / "by-hand.pdf", "leader-1", "ETSI.CAdES.detached", make
    )
    return office.online(path, at=NOW)


@pytest.fixture
def leaf(office):
    """The leader, with his key."""
    identity = office.pki.identity("leader")
    return Party(identity.certificate, identity.private_key)


def chain(office):
    return tuple(office.pki.leader.chain)


def test_a_message_of_another_kind_signs_no_document(office, leaf):
    """A time-stamp, or what else its owner signs for another end."""
    way = Way(certificates=chain(office))
    good = by_hand(office, signed_data(leaf, way))
    assert found(good, "leader-1").verdict != failed(SubIndication.FORMAT_FAILURE), explain(good)
    other = by_hand(office, signed_data(leaf, way, "tst_info", detached=True))
    assert found(other, "leader-1").verdict == failed(SubIndication.FORMAT_FAILURE), explain(other)


def test_cades_without_attributes_is_none(office, leaf):
    way = Way(algorithm="sha256_rsa", attributes=False, certificates=chain(office))
    report = by_hand(office, signed_data(leaf, way))
    assert found(report, "leader-1").verdict == indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE), explain(
        report
    )
