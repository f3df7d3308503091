"""The demo PKI: what its certificates say, that it is loaded again, and that OpenSSL agrees."""

from __future__ import annotations

import datetime as dt
import subprocess

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp as x509_ocsp

from api.demo import ocsp, roles, tsa
from api.demo.pki import make_demo_pki
from signer import der
from signer.keys.checks import is_demo
from signer.timestamping.token import new_request
from tests.conftest import need_tool
from tests.demo_pki import AT, demo_pki

URL = "https://antin.example"


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return make_demo_pki(tmp_path_factory.mktemp("pki"), AT, public_url=URL + "/")


def test_it_is_loaded_again_and_its_secrets_are_the_owners(pki):
    again = make_demo_pki(pki.directory, AT + dt.timedelta(days=9), public_url="https://other.example")
    assert again.root == pki.root
    assert again.leader.certificate == pki.leader.certificate
    assert (again.epoch, again.public_url) == (AT, URL)
    assert {path.stat().st_mode & 0o777 for path in pki.directory.iterdir()} == {0o600}


@pytest.mark.parametrize("name", roles.ROLES)
def test_every_identity_is_named_demo_and_fits_its_key(name):
    identity = demo_pki().identity(name)
    assert is_demo(identity.certificate)
    assert identity.certificate.public_key() == identity.private_key.public_key()
    assert identity.signing_key().certificate == identity.der


def test_leader_and_seal_are_named_as_the_sample_agency(pki):
    leader = x509.load_der_x509_certificate(pki.leader.certificate)
    seal = x509.load_der_x509_certificate(pki.seal.certificate)
    assert leader.subject.rfc4514_string() == "CN=DEMO Nguyễn Văn An,2.5.4.12=Phó Chủ tịch," + (
        "O=UBND tỉnh DEMO Sông Hồng,C=VN"
    )
    assert "CN=DEMO Ủy ban nhân dân tỉnh Sông Hồng" in seal.subject.rfc4514_string()


def test_certificates_point_to_the_sites_own_services(pki):
    leader = x509.load_der_x509_certificate(pki.leader.certificate)
    access = leader.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [each.access_location.value for each in access] == [
        f"{URL}/demo/ocsp",
        f"{URL}/demo/ca/issuing.crt",
    ]
    points = leader.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert points[0].full_name[0].value == f"{URL}/demo/crl/issuing.crl"
    issuing = x509.load_der_x509_certificate(pki.issuing)
    points = issuing.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert points[0].full_name[0].value == f"{URL}/demo/crl/root.crl"


def test_no_certificate_outlives_its_issuer(pki):
    issuing = x509.load_der_x509_certificate(pki.issuing)
    for name in ("tsa", "leader", "seal", "ocsp"):
        assert pki.identity(name).certificate.not_valid_after_utc < issuing.not_valid_after_utc


def openssl(*arguments):
    return subprocess.run([need_tool("openssl"), *arguments], capture_output=True, text=True)


def pem(folder, name):
    path = folder / f"{name}.pem"
    path.write_bytes(demo_pki().identity(name).certificate.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(
    ("name", "purpose"),
    [("leader", "any"), ("seal", "any"), ("tsa", "timestampsign"), ("ocsp", "ocsphelper")],
)
def test_openssl_accepts_the_path_with_crls(name, purpose, tmp_path):
    demo_pki().identity("revoked")
    crls = b"".join(
        x509.load_der_x509_crl(ocsp.crl(demo_pki(), ca, AT)).public_bytes(serialization.Encoding.PEM)
        for ca in ("root", "issuing")
    )
    (tmp_path / "crls.pem").write_bytes(crls)
    chain = ["-CAfile", pem(tmp_path, "root"), "-untrusted", pem(tmp_path, "issuing")]
    strict = ["-x509_strict", "-crl_check_all", "-CRLfile", tmp_path / "crls.pem", "-purpose", purpose]
    when = ["-attime", str(int(AT.timestamp()))]
    done = openssl("verify", *chain, *strict, *when, pem(tmp_path, name))
    assert done.returncode == 0, done.stdout + done.stderr
    if name == "leader":
        revoked = openssl("verify", *chain, *strict, *when, pem(tmp_path, "revoked"))
        assert "certificate revoked" in revoked.stderr


@pytest.mark.parametrize(
    ("name", "status"), [("leader", ": good"), ("revoked", ": revoked"), ("other-leader", "unauthorized")]
)
def test_openssl_accepts_the_ocsp_answer(name, status, tmp_path):
    issuer = "other-root" if name == "other-leader" else "issuing"
    asked = ["-issuer", pem(tmp_path, issuer), "-cert", pem(tmp_path, name)]
    assert openssl("ocsp", *asked, "-reqout", tmp_path / "request").returncode == 0
    request = (tmp_path / "request").read_bytes()
    (tmp_path / "answer").write_bytes(ocsp.respond(demo_pki(), request, AT))
    trust = ["-CAfile", pem(tmp_path, "root"), "-partial_chain"]
    trust += ["-attime", str(int(AT.timestamp())), "-validity_period", "3000000000"]  # whatever day it is
    read = ["-reqin", tmp_path / "request", "-respin", tmp_path / "answer"]
    done = openssl("ocsp", *asked[:2], *read, *trust, "-resp_text")
    assert status.strip(": ") in (done.stdout + done.stderr).lower()
    assert (name == "other-leader") or "Response verify OK" in done.stderr


def ask(serial_of, nonce=None):
    builder = x509_ocsp.OCSPRequestBuilder().add_certificate(
        serial_of, demo_pki().identity("issuing").certificate, hashes.SHA256()
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(serialization.Encoding.DER)


def test_revocation_is_answered_from_its_time_on(tmp_path):
    pki = make_demo_pki(tmp_path, AT)
    certificate = pki.identity("second-leader").certificate
    request = (
        x509_ocsp.OCSPRequestBuilder()
        .add_certificate(certificate, pki.identity("issuing").certificate, hashes.SHA1())  # noqa: S303
        .build()
        .public_bytes(serialization.Encoding.DER)
    )

    def status(at):
        return x509_ocsp.load_der_ocsp_response(ocsp.respond(pki, request, at)).certificate_status

    later = AT + dt.timedelta(hours=1)
    pki.revoke("second-leader", later)
    assert status(AT) is x509_ocsp.OCSPCertStatus.GOOD
    assert status(later) is x509_ocsp.OCSPCertStatus.REVOKED
    for at, expected in ((AT, None), (later, later)):
        entry = x509.load_der_x509_crl(ocsp.crl(pki, "issuing", at)).get_revoked_certificate_by_serial_number(
            certificate.serial_number
        )
        assert (entry.revocation_date_utc if entry else None) == expected
    assert make_demo_pki(tmp_path, AT).revocations() == pki.revocations()


def test_an_unknown_serial_is_unknown():
    key = demo_pki().identity("issuing").private_key
    stray = (
        x509.CertificateBuilder()
        .subject_name(demo_pki().identity("leader").certificate.subject)
        .issuer_name(demo_pki().identity("issuing").certificate.subject)
        .public_key(key.public_key())
        .serial_number(424242)
        .not_valid_before(AT)
        .not_valid_after(AT + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    answer = x509_ocsp.load_der_ocsp_response(ocsp.respond(demo_pki(), ask(stray), AT))
    assert answer.certificate_status is x509_ocsp.OCSPCertStatus.UNKNOWN


def test_the_nonce_comes_back():
    leader = demo_pki().identity("leader").certificate
    response = ocsp.respond(demo_pki(), ask(leader, b"0123456789abcdef"), AT)
    extension = x509_ocsp.load_der_ocsp_response(response).extensions
    assert extension.get_extension_for_class(x509.OCSPNonce).value.nonce == b"0123456789abcdef"


def test_an_answer_says_when_it_was_made_by_the_given_clock_and_repeats():
    """Not by the machine's: years from now the responder's certificate of these tests will have expired."""
    request = ask(demo_pki().identity("leader").certificate)
    for at in (AT, AT + dt.timedelta(days=400)):
        made = ocsp.respond(demo_pki(), request, at)
        answer = x509_ocsp.load_der_ocsp_response(made)
        assert (answer.produced_at_utc, answer.this_update_utc) == (at, at)
        assert made == ocsp.respond(demo_pki(), request, at)


def rejection(response):
    """Status and failures; asn1crypto's TimeStampResp wants a token even where there is none."""
    first = next(der.children(response, der.read(response)))
    status = tsp.PKIStatusInfo.load(response[first.start : first.end], strict=True)
    return status["status"].native, status["fail_info"].native


@pytest.mark.parametrize("request_", [b"", b"junk", b"\x30\x80", bytes(1 << 20)])
def test_malformed_requests_are_answered_not_raised(request_):
    answer = x509_ocsp.load_der_ocsp_response(ocsp.respond(demo_pki(), request_, AT))
    assert answer.response_status is x509_ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert rejection(tsa.respond(demo_pki(), request_, AT)) == ("rejection", {"bad_data_format"})


def test_a_weak_imprint_and_a_foreign_policy_are_rejected():
    weak = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": bytes(20)},
        }
    ).dump()
    foreign = new_request(bytes(32), "sha256", "1.2.3.4").der
    for request, failure in ((weak, "bad_alg"), (foreign, "unaccepted_policy")):
        assert rejection(tsa.respond(demo_pki(), request, AT)) == ("rejection", {failure})


def test_there_is_no_crl_of_others():
    assert ocsp.crl(demo_pki(), "leader", AT) is None
    assert ocsp.crl(demo_pki(), "../root", AT) is None
    assert demo_pki().authority("tsa") is None
