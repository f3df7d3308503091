"""Trust anchors from PEM and DER, files and folders."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from signer import wire
from signer.errors import SigningRefused
from signer.trust.anchors import TrustAnchors, from_bytes, load
from tests.signer.trust.forge import family, issue


def pem(*parties):
    return b"".join(p.certificate.public_bytes(Encoding.PEM) for p in parties)


def test_a_bundle_gives_roots_as_anchors_and_others_as_helpers(tmp_path):
    root, ca, _ = family()
    file = tmp_path / "trust.pem"
    file.write_bytes(b"# kho tin cay\n" + pem(ca, root))
    store = load(file)
    assert store.anchors() == (root.parsed,)
    assert store.helpers() == (ca.parsed,)
    assert store.label == "trust.pem"


def test_a_folder_of_der_and_pem(tmp_path):
    root, ca, _ = family()
    other = issue("Other", ca=True)
    (tmp_path / "a.crt").write_bytes(root.der)
    (tmp_path / "b.pem").write_bytes(pem(ca, other))
    (tmp_path / "readme.txt").write_text("không phải chứng thư")
    (tmp_path / "sub").mkdir()
    assert set(load(tmp_path).anchors()) == {root.parsed, other.parsed}


def test_a_pinned_intermediate_alone_is_an_anchor():
    _, ca, _ = family()
    assert from_bytes(ca.der).anchors() == (ca.parsed,)


@pytest.mark.parametrize(
    "data", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----"]
)
def test_nothing_to_trust_is_refused(tmp_path, data):
    file = tmp_path / "trust.pem"
    file.write_bytes(data)
    with pytest.raises(SigningRefused) as caught:
        load(file)
    assert caught.value.id == "verification.trust-empty"


def test_anchors_travel_through_the_sandbox():
    root, ca, _ = family()
    store = TrustAnchors((root.der,), (ca.der,), "x", "demo")
    assert wire.loads(wire.dumps(store)) == store
