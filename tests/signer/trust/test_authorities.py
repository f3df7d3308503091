"""Who may issue certificates: versions, basic constraints, key usage, and what an anchor is believed."""

from __future__ import annotations

import pytest
from asn1crypto import x509 as asn1_x509

from signer.trust.paths import build, violation
from tests.signer.trust.forge import Party, issue, of_version, rewritten, said_before, without

_NO_CA = asn1_x509.BasicConstraints({"ca": False})


def middle(change=None, **options) -> str | None:
    """What is wrong with a path whose CA is this one."""
    root = issue("Root", ca=True)
    ca = issue("CA", root, **{"ca": True, **options})
    leaf = issue("Leaf", ca)
    if change is not None:
        ca = rewritten(ca, root, change)
    (path,) = build(leaf.parsed, [ca.parsed], [root.parsed])
    return violation(path)


def below(anchor: Party) -> str | None:
    """What is wrong with a path from a leaf to this anchor."""
    (path,) = build(issue("Leaf", anchor).parsed, [], [anchor.parsed])
    return violation(path)


def anchored(change=None, **options) -> Party:
    root = issue("Root", **{"ca": True, **options})
    return root if change is None else rewritten(root, root, change)


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("bare", [True, False])
def test_a_certificate_of_an_old_version_is_no_ca_whatever_it_says(version, bare):
    """RFC 5280, 6.1.4 (k); extensions belong to version 3 (4.1.2.9)."""
    assert middle(of_version(version, bare=bare)) is not None


def test_a_ca_of_version_3_says_that_it_is_one():
    assert middle() is None
    assert middle(ca=False, usage=("key_cert_sign",)) is not None
    assert middle(without("basic_constraints")) is not None


def test_key_usage_must_allow_it_where_it_speaks():
    """RFC 5280, 6.1.4 (n)."""
    assert middle(usage=("crl_sign",)) is not None
    assert middle(without("key_usage")) is None


def test_an_extension_stands_there_once():
    """RFC 5280, 4.2: of two basic constraints, neither is believed."""
    assert "twice" in middle(said_before("basic_constraints", _NO_CA))


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_anchor_of_an_old_version_is_a_name_and_a_key(version):
    """RFC 5280, 6.1.1 (d): whoever put it into the store says that it is a CA."""
    assert below(anchored(of_version(version))) is None


@pytest.mark.parametrize(
    "anchor",
    [
        anchored(ca=False),
        anchored(without("basic_constraints")),
        anchored(usage=("digital_signature", "crl_sign")),
        anchored(said_before("basic_constraints", _NO_CA)),
    ],
    ids=["a person's", "silent", "may not sign certificates", "says both"],
)
def test_an_anchor_of_version_3_that_is_no_ca_stands_for_itself_alone(anchor):
    """RFC 5280, 4.2.1.9 and 4.2.1.3: its key must not be used to verify signatures on certificates."""
    assert below(anchor) is not None
    assert violation(build(anchor.parsed, [], [anchor.parsed])[0]) is None


def test_an_anchor_that_leaves_its_key_usage_out_may_issue():
    assert below(anchored(without("key_usage"))) is None


@pytest.mark.parametrize(("bare", "right"), [(True, True), (False, False)])
def test_a_leaf_of_version_1_has_no_extensions(bare, right):
    root, ca = issue("Root", ca=True), None
    ca = issue("CA", root, ca=True)
    leaf = rewritten(issue("Leaf", ca), ca, of_version("v1", bare=bare))
    (path,) = build(leaf.parsed, [ca.parsed], [root.parsed])
    assert (violation(path) is None) is right


def test_a_certificate_of_version_1_is_no_authority_to_whoever_asks_it():
    root = issue("Root", ca=True)
    assert root.parsed.authority
    assert not rewritten(root, root, of_version("v1", bare=False)).parsed.authority
