"""Paths are built by signatures; rules of RFC 5280, 6.1 are kept."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from signer.trust.certificates import parse, parse_all
from signer.trust.paths import MAX_SIGNATURE_CHECKS, build, violation
from signer.trust.unreadable import Unreadable
from tests.signer.trust.forge import NOW, YEAR, family, issue, named, with_sha1


def paths(leaf, pool, anchors):
    return build(leaf.parsed, [p.parsed for p in pool], [p.parsed for p in anchors])


def test_a_path_goes_from_the_leaf_to_the_anchor():
    root, ca, leaf = family()
    (path,) = paths(leaf, [ca], [root])
    assert path == (leaf.parsed, ca.parsed, root.parsed)
    assert violation(path) is None


def test_the_right_name_from_the_wrong_issuer_is_no_path():
    root, ca, _ = family()
    impostor = issue("CA", issue("Root", ca=True), ca=True)
    forged = issue("Leaf", impostor)
    assert paths(forged, [ca, impostor], [root]) == ()


def test_a_forged_root_of_the_same_name_and_key_identifier_is_no_anchor():
    root, ca, leaf = family()
    other = issue("Root", ca=True)
    assert paths(leaf, [ca, root], [other]) == ()


def test_among_several_issuers_of_one_name_the_one_that_signed_is_found():
    root, ca, leaf = family()
    twins = [issue("CA", root, ca=True) for _ in range(5)]
    (path,) = paths(leaf, [*twins, ca], [root])
    assert path[1] == ca.parsed


def test_a_cross_certified_ca_gives_both_paths_shortest_first():
    root, ca, leaf = family()
    other = issue("Other root", ca=True)
    crossed = issue("CA", other, ca=True, key=ca.key)
    bridge = issue("Other root", root, ca=True, key=other.key)
    found = paths(leaf, [ca, crossed, bridge], [root])
    assert [len(path) for path in found] == [3, 4]


def test_an_anchor_ends_the_path_whoever_signed_it():
    root, ca, leaf = family()
    (path,) = paths(leaf, [root], [ca])
    assert path == (leaf.parsed, ca.parsed)
    assert paths(ca, [], [ca]) == ((ca.parsed,),)


def test_a_loop_of_issuers_ends():
    a = issue("A", ca=True)
    b = issue("B", a, ca=True)
    looped = issue("A", b, ca=True, key=a.key)
    leaf = issue("Leaf", b)
    assert paths(leaf, [a, b, looped], [issue("Root", ca=True)]) == ()


def test_a_flood_of_issuers_of_one_name_is_bounded(monkeypatch):
    root, ca, leaf = family()
    key = ca.key
    flood = [issue("CA", root, ca=True, key=key if i % 2 else None) for i in range(60)]
    calls = []
    from signer.trust import paths as module

    real = module.issued
    monkeypatch.setattr(module, "issued", lambda *pair: calls.append(1) or real(*pair))
    build(leaf.parsed, [p.parsed for p in flood], [issue("Root", ca=True).parsed])
    assert len(calls) <= MAX_SIGNATURE_CHECKS


def test_a_leaf_that_issues_certificates_breaks_the_rules():
    root, ca, leaf = family(usage=("digital_signature", "key_cert_sign"))
    forged = issue("Forged", leaf)
    (path,) = paths(forged, [ca, leaf], [root])
    assert "CA" in violation(path)


def test_path_length_is_kept():
    root = issue("Root", ca=True)
    ca = issue("CA", root, ca=True, path_length=0)
    sub = issue("Sub", ca, ca=True)
    (path,) = paths(issue("Leaf", sub), [ca, sub], [root])
    assert violation(path) is not None


def test_name_constraints_are_kept():
    root = issue("Root", ca=True)
    excluded = x509.NameConstraints(None, [x509.DirectoryName(named("Leaf"))])
    ca = issue("CA", root, ca=True, extensions=[(excluded, True)])
    (path,) = paths(issue("Leaf", ca), [ca], [root])
    assert violation(path) is not None
    (fine,) = paths(issue("Another", ca), [ca], [root])
    assert violation(fine) is None


def test_an_unknown_critical_extension_breaks_the_path():
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
    root, ca, leaf = family(extensions=[(odd, True)])
    (path,) = paths(leaf, [ca], [root])
    assert "1.2.3.4.5" in violation(path)
    root, ca, leaf = family(extensions=[(odd, False)])
    (path,) = paths(leaf, [ca], [root])
    assert violation(path) is None


@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512(), hashes.SHA3_256()])
def test_the_mathematics_of_every_digest_is_verified(digest):
    """Whether it is strong enough is another question (`policies.validation`)."""
    root = issue("Root", ca=True)
    ca = issue("CA", root, ca=True, digest=digest)
    assert len(paths(issue("Leaf", ca), [ca], [root])) == 1


def test_sha1_is_verified_too():
    root = issue("Root", ca=True, key=rsa.generate_private_key(65537, 2048))
    ca = with_sha1(issue("CA", root, ca=True), root)
    assert len(paths(issue("Leaf", ca), [ca], [root])) == 1
    impostor = with_sha1(
        issue("CA", root, ca=True), issue("Root", ca=True, key=rsa.generate_private_key(65537, 2048))
    )
    assert paths(issue("Leaf", impostor), [impostor], [root]) == ()


def test_rsa_and_elliptic_curves_mix():
    root = issue("Root", ca=True, key=rsa.generate_private_key(65537, 2048))
    ca = issue("CA", root, ca=True, key=ec.generate_private_key(ec.SECP384R1()))
    (path,) = paths(issue("Leaf", ca), [ca], [root])
    assert violation(path) is None


@pytest.mark.parametrize("cut", [0, 1, 10, 200])
def test_what_is_no_certificate_is_said_to_be_none(cut):
    leaf = issue("Leaf")
    with pytest.raises(Unreadable):
        parse(leaf.der[:cut])
    with pytest.raises(Unreadable):
        parse(leaf.der + b"\0")


def test_every_flipped_byte_gives_a_certificate_or_a_typed_refusal():
    der = issue("Leaf").der
    for position in range(len(der)):
        broken = der[:position] + bytes((der[position] ^ 0x5A,)) + der[position + 1 :]
        for certificate in parse_all([broken]):
            violation((certificate,))


def test_expiry_is_not_the_paths_business():
    root = issue("Root", ca=True, until=NOW - YEAR / 2)
    ca = issue("CA", root, ca=True, until=NOW - YEAR / 2)
    (path,) = paths(issue("Leaf", ca, until=NOW - YEAR / 2), [ca], [root])
    assert violation(path) is None


def test_a_flood_does_not_hide_the_right_issuer_where_identifiers_tell():
    """Certificates of the issuer's name, put into a file to exhaust the search."""
    root = issue("Root", ca=True)
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    ca = issue("CA", root, ca=True, key=key, extensions=[(own, False)])
    named = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
    leaf = issue("Leaf", ca, extensions=[(named, False)])
    flood = [issue("CA", root, ca=True) for _ in range(MAX_SIGNATURE_CHECKS + 10)]
    assert len(paths(leaf, [*flood, ca], [root])) == 1
