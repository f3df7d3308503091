"""A time-stamp whose parts are not all of today's algorithms proves nothing."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from asn1crypto import cms as asn1_cms
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from policies.vocabulary import Indication
from signer.creation import cms as cms_builder
from signer.validation.format_checking import ALGORITHM_PROTECTION
from tests.attacks.pdf.cases import Made
from tests.attacks.pdf.overlays import POINT, authority_of, time_stamped
from tests.attacks.pdf.suite import told
from tests.signer.document import build
from tests.signer.trust import forge
from tests.signer.trust.forge import NOW


def _with_digest(desk, token: bytes, name: str) -> bytes:
    """The token signed anew by its authority: the digest of its content is this, the rest as it was."""
    info = asn1_cms.ContentInfo.load(token)
    signer = info["content"]["signer_infos"][0]
    content = bytes(info["content"]["encap_content_info"]["content"])
    signer["digest_algorithm"] = {"algorithm": name}
    for each in signer["signed_attrs"]:
        if each["type"].native == "message_digest":
            each["values"] = [hashlib.new(name, content).digest()]
    attributes = asn1_cms.CMSAttributes(
        [each.copy() for each in signer["signed_attrs"] if each["type"].dotted != ALGORITHM_PROTECTION]
    )
    signer["signed_attrs"] = attributes
    key = desk.identity("tsa").key
    signer["signature_algorithm"] = {"algorithm": "sha256_rsa"}
    signer["signature"] = key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
    return info.dump(force=True)


@pytest.mark.parametrize(("name", "proves"), [("sha1", False), ("sha256", True)])
def test_the_digest_of_its_content_counts(desk, name, proves):
    """The signature over its attributes is sound; what they say of its content is as weak as the digest."""
    key = desk.pki.signing_key("leader")

    def make(signed):
        cms = cms_builder.build(hashlib.sha256(signed).digest(), key)
        imprint = hashlib.sha256(cms_builder.signature_value(cms)).digest()
        return cms_builder.with_token(cms, _with_digest(desk, desk.token(imprint), name))

    answer, _ = desk.judge(Made(desk.sign(build.prepared(), cms=make)))
    signature = answer.signatures[0]
    assert (signature.signing_time is not None) is proves
    assert ("verification.timestamp-unproven" in told(answer)) is not proves


@pytest.mark.parametrize(("known", "counts"), [(True, False), (False, True)])
def test_one_whose_certificate_ended_takes_nothing_away(desk, known, counts):
    """The signature passes without it; a time-stamp of nobody counts all the same."""
    root, later = desk.authority("Another root"), NOW + timedelta(days=200)
    week = timedelta(days=7)
    desk.says(root, crl=lambda at: forge.crl(root, this=at, until=at + week))
    token = authority_of(root if known else None, until=NOW + timedelta(days=100))
    data = time_stamped(desk, desk.sign(build.prepared(), stamped=True), POINT, cms=token)
    answer, _ = desk.judge(Made(data, at=later, trust=desk.trust(root)))
    leader, stamp = answer.signatures
    assert leader.verdict.indication is Indication.TOTAL_PASSED
    assert stamp.verdict.indication is Indication.INDETERMINATE
    assert (answer.verdict.indication is not Indication.TOTAL_PASSED) is counts
