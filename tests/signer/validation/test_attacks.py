"""Attacks by name. None may be accepted; each genuine twin is in `test_genuine`."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest

from policies.validation import NO_SIGNATURE, PASSED
from policies.vocabulary import Changes, Coverage, Indication, Integrity, Level, SubIndication
from signer.creation import cms as cms_builder
from signer.creation import token, two_step
from signer.creation.two_step import SignatureRequest
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, Stream
from signer.keys.development import DevelopmentKey
from signer.stamping.appearance import Appearance
from signer.trust.anchors import TrustAnchors
from tests.signer.document import build
from tests.signer.trust.forge import NOW, YEAR, issue
from tests.signer.validation.office import explain, found, ids, understood, update


def judged(office, path, **keywords):
    """The report, online; never a pass."""
    keywords.setdefault("at", NOW + timedelta(hours=2))
    report = office.online(path, **keywords)
    assert report.verdict != PASSED, explain(report)
    assert understood(report), explain(report)
    return report


@pytest.fixture
def out(tmp_path):
    return tmp_path / "attacked.pdf"


@pytest.fixture
def issued(shelf):
    return shelf.issued


class TestAlteredContent:
    @pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.6, 0.9])
    def test_one_flipped_byte_in_signed_content(self, shelf, out, share):
        data = bytearray(shelf.led.read_bytes())
        with PdfFile.open(shelf.led) as pdf:
            signed = _ranges(pdf)
        position = int(signed[0][1] * share)
        data[position] ^= 0x01
        out.write_bytes(bytes(data))
        report = judged(shelf.office, out)
        (signature,) = report.signatures
        assert signature.verdict.sub_indication is SubIndication.HASH_FAILURE
        assert signature.verdict.indication is Indication.TOTAL_FAILED
        assert signature.integrity is Integrity.BROKEN

    def test_one_bad_signature_hides_no_other(self, shelf, out):
        """The leader's CMS is damaged: the seal covers it, so both fail, and both are named."""
        data = bytearray(shelf.issued.read_bytes())
        start = data.index(b"/Contents <") + 11
        data[start : start + 8] = b"00000000"
        out.write_bytes(bytes(data))
        report = judged(shelf.office, out)
        assert {each.field for each in report.signatures} == {"leader-1", "seal-1"}
        assert found(report, "leader-1").verdict.sub_indication is SubIndication.FORMAT_FAILURE
        assert found(report, "seal-1").verdict.sub_indication is SubIndication.HASH_FAILURE

    def test_the_signature_value_is_altered(self, shelf, out):
        value = cms_builder.signature_value(token.newest_hole(shelf.led, "leader-1").contents)
        data = shelf.led.read_bytes()
        at = data.index(value.hex().encode())
        out.write_bytes(data[:at] + (b"0" if data[at : at + 1] != b"0" else b"1") + data[at + 1 :])
        (signature,) = judged(shelf.office, out).signatures
        assert signature.verdict.sub_indication is SubIndication.SIG_CRYPTO_FAILURE
        assert signature.integrity is Integrity.BROKEN


def _ranges(pdf):
    text = pdf.read(0, pdf.size)
    return [
        tuple(map(int, m.groups())) for m in re.finditer(rb"/ByteRange \[(\d+) +(\d+) +(\d+) +(\d+)\]", text)
    ]


class TestUniversalSignatureForgery:
    """ByteRange and Contents manipulated so that a viewer skips the check."""

    @pytest.mark.parametrize(
        "byte_range",
        [
            b"[0 0 0 0]",
            b"[]",
            b"null",
            b"[0 10]",
            b"[-1 10 20 30]",
            b"[0 10 5 20]",
            b"[0 10 20 999999999]",
            b"[0 1 2 /x]",
            b"(0 0 0 0)",
            b"[0 4294967296 8589934592 1]",
        ],
    )
    def test_byte_range(self, shelf, out, byte_range):
        data = shelf.led.read_bytes()
        match = re.search(rb"/ByteRange \[[^\]]*\]", data)
        new = b"/ByteRange " + byte_range
        out.write_bytes(data[: match.start()] + new.ljust(len(match[0])) + data[match.end() :])
        (signature,) = judged(shelf.office, out).signatures
        assert signature.coverage is Coverage.PARTIAL
        assert signature.verdict.indication is Indication.TOTAL_FAILED

    @pytest.mark.parametrize("contents", [b"<>", b"null", b"<00>", b"(x)", b"<3080>", b"<30820fff>", b"[]"])
    def test_contents(self, shelf, out, contents):
        data = shelf.led.read_bytes()
        start = data.index(b"/Contents <") + 10
        end = data.index(b">", start) + 1
        out.write_bytes(data[:start] + contents.ljust(end - start) + data[end:])
        (signature,) = judged(shelf.office, out).signatures
        assert signature.verdict.indication is not Indication.TOTAL_PASSED

    def test_the_hole_is_wider_than_contents(self, shelf, out):
        """Bytes beside the hole could say anything."""
        data = shelf.led.read_bytes()
        match = re.search(rb"/ByteRange \[0 +(\d+) +(\d+) +(\d+)\]", data)
        first, second, rest = (int(group) for group in match.groups())
        wider = b"/ByteRange [0 %d %d %d]" % (first - 2, second, rest)
        out.write_bytes(data[: match.start()] + wider.ljust(len(match[0])) + data[match.end() :])
        (signature,) = judged(shelf.office, out).signatures
        assert signature.coverage is Coverage.PARTIAL


class TestIncrementalSaving:
    """Something is appended after the last signature."""

    def test_the_page_is_redrawn(self, issued, shelf, out):
        def change(revision, pdf):
            page = pdf.page(0)
            content = revision.add(Stream({}, data=b"BT ET"))
            revision.put(page.ref, {**revision.value(page.ref), "Contents": content})

        report = judged(shelf.office, update(issued, out, change))
        assert report.verdict.indication is Indication.TOTAL_FAILED
        assert report.verdict.sub_indication is SubIndication.FORMAT_FAILURE
        assert {each.changes for each in report.signatures} == {Changes.FORBIDDEN}
        assert {each.integrity for each in report.signatures} == {Integrity.INTACT}

    def test_a_text_annotation_covers_the_text(self, issued, shelf, out):
        def change(revision, pdf):
            page = pdf.page(0)
            note = {
                "Type": Name("Annot"),
                "Subtype": Name("FreeText"),
                "Rect": [0, 0, 500, 500],
                "Contents": b"x",
            }
            kept = pdf.array(revision.value(page.ref).get("Annots"))
            revision.put(page.ref, {**revision.value(page.ref), "Annots": [*kept, revision.add(note)]})

        report = judged(shelf.office, update(issued, out, change))
        assert report.verdict.indication is Indication.TOTAL_FAILED
        seal = found(report, "seal-1")
        assert seal.changes is Changes.FORBIDDEN
        assert any("seal-1" in item.broke for item in seal.change_items)
        assert "seal-1" in next(f for f in seal.findings if "changes" in f.reason.id).text("vi")

    def test_the_number_is_changed_after_the_seal(self, issued, shelf, out):
        def change(revision, pdf):
            field = next(f for f in _fields(pdf) if f.name == "AnTinNumber")
            revision.put(field.ref, {**revision.value(field.ref), "V": b"51"})

        report = judged(shelf.office, update(issued, out, change))
        assert report.verdict.indication is Indication.TOTAL_FAILED
        assert found(report, "seal-1").changes is Changes.FORBIDDEN

    def test_the_form_is_dropped_to_make_the_file_look_unsigned(self, issued, shelf, out):
        def change(revision, pdf):
            catalog = {key: value for key, value in pdf.catalog.items() if key != "AcroForm"}
            revision.put(pdf.trailer["Root"], catalog)

        report = judged(shelf.office, update(issued, out, change))
        assert report.verdict != NO_SIGNATURE
        assert {each.field for each in report.signatures} >= {"leader-1", "seal-1"}

    def test_a_page_is_added(self, issued, shelf, out):
        def change(revision, pdf):
            pages = pdf.catalog["Pages"]
            tree = revision.value(pages)
            extra = revision.add({**pdf.page(0).dict, "Type": Name("Page"), "Parent": pages})
            revision.put(pages, {**tree, "Kids": [*tree["Kids"], extra], "Count": tree["Count"] + 1})

        report = judged(shelf.office, update(issued, out, change))
        assert report.verdict.indication is Indication.TOTAL_FAILED

    def test_an_action_opens_with_the_document(self, issued, shelf, out):
        def change(revision, pdf):
            action = revision.add({"S": Name("JavaScript"), "JS": b"app.alert(1)"})
            revision.put(pdf.trailer["Root"], {**pdf.catalog, "OpenAction": action})

        judged(shelf.office, update(issued, out, change))

    def test_the_signature_is_replaced_by_another_signers(self, issued, shelf, out):
        def change(revision, pdf):
            field = next(f for f in _fields(pdf) if f.name == "leader-1")
            seal = next(f for f in _fields(pdf) if f.name == "seal-1")
            revision.put(field.ref, {**revision.value(field.ref), "V": seal.value_ref})

        report = judged(shelf.office, update(issued, out, change))
        assert report.verdict.indication is Indication.TOTAL_FAILED

    def test_a_dummy_revision_alone_is_no_pass_of_hidden_things(self, issued, shelf, out):
        def change(revision, _pdf):
            revision.add({"Type": Name("Nothing")})

        report = shelf.office.online(update(issued, out, change), at=shelf.now)
        assert found(report, "seal-1").coverage is Coverage.REVISION


def _fields(pdf):
    from signer.document.fields import form_fields

    return form_fields(pdf)


class TestTails:
    """Bytes after the last %%EOF, where readers disagree about what the file is."""

    @pytest.mark.parametrize(
        "tail",
        [
            b"\n4 0 obj\n<</Type/Page>>\nendobj\n",
            b"\ntrailer\n<</Root 1 0 R>>\n",
            b"\nxref\n0 1\n0000000000 65535 f\r\n",
            b"\n%PDF-1.7\n",
        ],
    )
    def test_hidden_objects_without_an_end_mark(self, issued, shelf, out, tail):
        out.write_bytes(issued.read_bytes() + tail)
        report = judged(shelf.office, out)
        assert "verification.hidden-bytes" in ids(report)
        assert report.verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE

    @pytest.mark.parametrize("size", [1, 100, 1015, 5000])
    def test_hidden_objects_of_any_size(self, issued, shelf, out, size):
        tail = b"\n9 0 obj\n(" + b"x" * size + b")\nendobj\n"
        out.write_bytes(issued.read_bytes() + tail)
        assert "verification.hidden-bytes" in ids(judged(shelf.office, out))


class TestReplay:
    def test_a_signature_of_another_document(self, office, shelf, out):
        """Same field, same signer, other bytes: the CMS of one decision is put into another."""
        data = shelf.led.read_bytes()
        other = (
            office.sign(office.prepared(), fills={"AnTinNumber": "07"})
            if False
            else office.sign(office.prepared(), claimed=NOW + timedelta(days=1))
        )
        stolen = token.newest_hole(other, "leader-1").contents
        start = data.index(b"/Contents <") + 11
        out.write_bytes(data[:start] + stolen.hex().encode().ljust(0) + data[start + 2 * len(stolen) :])
        (signature,) = judged(shelf.office, out).signatures
        assert signature.verdict.sub_indication is SubIndication.HASH_FAILURE


class TestCertificates:
    def key(self, party, *chain):
        demo = "DEMO"
        assert demo in str(party.certificate.subject)
        return DevelopmentKey(party.key, party.der, tuple(c.der for c in chain), _algorithm())

    def test_the_right_names_from_the_wrong_issuer(self, office):
        """A whole forged chain with the very names of the trusted one."""
        pki = office.pki
        root = issue("r", ca=True, subject=pki.identity("root").certificate.subject, key=_rsa())
        ca = issue("c", root, ca=True, subject=pki.identity("issuing").certificate.subject, key=_rsa())
        leaf = issue("l", ca, subject=pki.identity("leader").certificate.subject, key=_rsa())
        report = judged(office, office.stamp(office.sign(office.prepared(), key=self.key(leaf, ca, root))))
        (signature,) = report.signatures
        assert signature.verdict.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
        assert signature.integrity is Integrity.INTACT

    def test_a_stranger(self, office):
        report = judged(office, office.stamp(office.sign(office.prepared(), role="other-leader")))
        assert report.verdict.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
        assert "verification.no-path" in ids(report.signatures[0])

    def test_an_ocsp_responders_certificate_signs_a_document(self, office):
        report = judged(office, office.sign(office.prepared(), role="ocsp"))
        assert report.verdict.sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE

    def test_a_time_stamping_authority_signs_a_document(self, office):
        report = judged(office, office.sign(office.prepared(), role="tsa"))
        assert report.verdict.sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE

    def test_another_certificate_over_the_same_key(self, office, out):
        """Certificate substitution: the CMS carries another certificate than the signer named."""
        pki = office.pki
        real = pki.identity("leader")
        issuing = pki.identity("issuing")
        from tests.signer.trust.forge import Party

        above = Party(issuing.certificate, issuing.private_key)
        twin = issue(
            "l",
            above,
            subject=real.certificate.subject,
            key=real.private_key,
            serial=real.certificate.serial_number,
        )
        path = office.sign(office.prepared())
        data = path.read_bytes()
        hexed, other = real.der.hex().encode(), twin.der.hex().encode()
        start, stop = data.index(b"/Contents <") + 11, data.index(b">", data.index(b"/Contents <") + 11)
        hole = bytes.fromhex(data[start:stop].decode())
        swapped = _with_certificate(hole.rstrip(b"\0"), real.der, twin.der)
        assert hexed != other
        out.write_bytes(data[:start] + swapped.hex().encode().ljust(stop - start, b"0") + data[stop:])
        report = judged(office, out)
        assert report.verdict.sub_indication is SubIndication.NO_SIGNING_CERTIFICATE_FOUND
        assert "verification.signing-certificate-mismatch" in ids(report.signatures[0])


def _with_certificate(cms, old, new):
    from asn1crypto import cms as asn1

    info = asn1.ContentInfo.load(cms)
    kept = [c for c in info["content"]["certificates"] if c.chosen.dump() != old]
    info["content"]["certificates"] = [
        asn1.CertificateChoices({"certificate": asn1.Certificate.load(new)}),
        *kept,
    ]
    return info.dump(force=True)


def _rsa():
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(65537, 2048)


def _algorithm():
    from policies.algorithms import SignatureAlgorithm

    return SignatureAlgorithm()


class TestTimeStamps:
    def test_a_valid_token_over_other_bytes(self, office):
        path = office.stamp(office.sign(office.prepared()), imprint=b"another signature")
        (signature,) = judged(office, path).signatures
        assert signature.level is Level.B_B
        assert "verification.timestamp-wrong" in ids(signature)
        assert signature.verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
        assert signature.signing_time is None

    def test_an_altered_token(self, office, out):
        path = office.led()
        data = path.read_bytes()
        at = data.index(b"20261120030000Z".hex().encode())
        out.write_bytes(data[:at] + b"20251120030000Z".hex().encode() + data[at + 30 :])
        (signature,) = judged(office, out).signatures
        assert signature.level is Level.B_B
        assert signature.verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE

    def test_an_unknown_authority_proves_nothing(self, office):
        """The signature stands on its own; the level is not claimed."""
        path = office.stamp(office.sign(office.prepared()), identity="other-tsa")
        report = office.online(path)
        (signature,) = report.signatures
        assert signature.verdict == PASSED, explain(report)
        assert signature.level is Level.B_B
        assert signature.signing_time is None
        assert "verification.timestamp-unproven" in ids(signature)

    def test_the_signers_own_certificate_is_no_authority(self, office):
        value = token.newest_hole(path := office.sign(office.prepared()), "leader-1")
        imprint = hashlib.sha256(cms_builder.signature_value(value.contents)).digest()
        token.fill_token(path, "leader-1", _raw_token(office, imprint, "leader"))
        (signature,) = office.online(path).signatures
        assert signature.level is Level.B_B
        assert signature.signing_time is None

    @pytest.mark.parametrize("identity", ["plain-tsa", "expired-tsa"])
    def test_an_authority_whose_certificate_is_wrong(self, office, identity):
        path = office.sign(office.prepared())
        value = cms_builder.signature_value(token.newest_hole(path, "leader-1").contents)
        raw = _raw_token(office, hashlib.sha256(value).digest(), identity)
        token.fill_token(path, "leader-1", raw)
        (signature,) = office.online(path).signatures
        assert signature.level is Level.B_B
        assert signature.signing_time is None

    def test_a_token_from_the_future_proves_nothing_yet(self, office):
        path = office.led()
        report = office.online(path, at=NOW - timedelta(days=1))
        assert report.signatures[0].signing_time is None

    def test_tokens_in_the_wrong_order(self, office):
        path = office.led()
        path = office.sign(path, "seal-1", "seal", fills=_fills())
        path = office.stamp(path, "seal-1", at=NOW - timedelta(hours=1))
        report = judged(office, path)
        seal = found(report, "seal-1")
        assert seal.verdict.sub_indication is SubIndication.TIMESTAMP_ORDER_FAILURE


def _fills():
    from policies.layout import fills

    return fills(15, NOW.date())


def _raw_token(office, imprint, identity):
    """A token as this identity makes it, unchecked."""
    from api.demo import tsa
    from signer.timestamping.token import new_request

    response = tsa.respond(office.pki, new_request(imprint, "sha256").der, office.now, identity=identity)
    from signer import der

    outer = der.read(response)
    _, made = der.children(response, outer)
    return response[made.start : made.end]


class TestTimeAndRevocation:
    def test_revoked_before_signing(self, office):
        """The token contains the leader's: who signs after a revocation time-stamped before is surely late."""
        report = judged(office, office.stamp(office.sign(office.prepared(), role="revoked")))
        (signature,) = report.signatures
        assert signature.verdict.sub_indication is SubIndication.REVOKED
        assert signature.verdict.indication is Indication.TOTAL_FAILED
        assert signature.certificate.status == "revoked"

    def test_revoked_without_time_stamp_proves_neither(self, office):
        report = judged(office, office.sign(office.prepared(), role="revoked"))
        assert report.verdict.indication is Indication.INDETERMINATE
        assert report.verdict.sub_indication is SubIndication.REVOKED_NO_POE

    def test_revoked_after_the_time_stamp_passes(self, tmp_path):
        from api.demo.pki import make_demo_pki
        from tests.signer.validation.office import Office

        office = Office(make_demo_pki(tmp_path / "pki", NOW), tmp_path, NOW)
        path = office.led()
        office.pki.revoke("leader", NOW + timedelta(minutes=30))
        report = office.online(path, at=NOW + timedelta(hours=1))
        assert report.verdict == PASSED, explain(report)
        assert "verification.revoked-later" in ids(report.signatures[0])

    def test_the_authority_was_revoked_later_without_proof(self, tmp_path):
        from api.demo.pki import make_demo_pki
        from tests.signer.validation.office import Office

        office = Office(make_demo_pki(tmp_path / "pki", NOW), tmp_path, NOW)
        path = office.led()
        office.pki.revoke("tsa", NOW + timedelta(minutes=30))
        report = office.online(path, at=NOW + timedelta(hours=1))
        assert report.signatures[0].signing_time is None
        assert report.signatures[0].level is Level.B_B

    def test_expired_with_time_stamp_but_no_data_is_unsettled(self, office):
        report = judged(office, office.led(), at=NOW + 4 * YEAR)
        assert report.verdict.indication is Indication.INDETERMINATE

    def test_expired_without_time_stamp(self, office):
        report = judged(office, office.sign(office.prepared()), at=NOW + 4 * YEAR)
        assert report.verdict.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
        assert report.signatures[0].certificate.status == "expired"

    def test_signed_after_expiry(self, office):
        """Claimed and stamped after the certificate's end."""
        report = judged(office, office.stamp(office.sign(office.prepared(), role="expired")))
        assert report.verdict.indication is Indication.TOTAL_FAILED
        assert report.verdict.sub_indication is SubIndication.EXPIRED

    def test_signed_before_the_certificate_began(self, office):
        path = office.stamp(office.sign(office.prepared(), role="not-yet-valid"))
        report = judged(office, path)
        assert report.verdict.sub_indication is SubIndication.NOT_YET_VALID
        assert report.verdict.indication is Indication.TOTAL_FAILED

    def test_no_answer_is_never_a_pass(self, shelf):
        report = shelf.office.validate(shelf.issued, at=shelf.now)
        assert report.verdict.sub_indication is SubIndication.TRY_LATER
        assert {each.verdict.sub_indication for each in report.signatures} == {SubIndication.TRY_LATER}
        assert report.needs


class TestFormat:
    def test_an_unknown_subfilter_is_named(self, shelf, out):
        data = shelf.led.read_bytes()
        out.write_bytes(data.replace(b"/ETSI.CAdES.detached", b"/Acme.secret.format1"))
        (signature,) = judged(shelf.office, out).signatures
        finding = next(f for f in signature.findings if f.reason.id == "verification.format-unknown")
        assert "Acme.secret.format1" in finding.text("vi")
        assert signature.verdict.indication is Indication.INDETERMINATE

    @pytest.mark.parametrize("name", [b"adbe.pkcs7.sha1", b"adbe.x509.rsa_sha1"])
    def test_old_formats_are_named_never_skipped(self, shelf, out, name):
        data = shelf.led.read_bytes()
        out.write_bytes(data.replace(b"/ETSI.CAdES.detached", b"/" + name.ljust(19)))
        (signature,) = judged(shelf.office, out).signatures
        assert name.decode() in signature.subfilter

    def test_the_content_is_inside_the_signature(self, office, out):
        base = office.prepared()
        key = office.pki.leader
        request = SignatureRequest("leader-1", 12_000, "DEMO", NOW, Appearance(lines=("x",)))
        prepared = two_step.prepare_signature(base, request)
        inside = cms_builder.build_encapsulated("1.2.840.113549.1.7.1", b"hello", key)
        two_step.write(base, prepared, inside, out)
        (signature,) = judged(office, out).signatures
        assert signature.verdict.sub_indication is SubIndication.FORMAT_FAILURE

    def test_two_signers_in_one_signature(self, office, out):
        base = office.prepared()
        request = SignatureRequest("leader-1", 12_000, "DEMO", NOW, Appearance(lines=("x",)))
        prepared = two_step.prepare_signature(base, request)
        from asn1crypto import cms as asn1

        one = asn1.ContentInfo.load(cms_builder.build(prepared.digest, office.pki.leader))
        two = asn1.ContentInfo.load(cms_builder.build(prepared.digest, office.pki.seal))
        infos = [*one["content"]["signer_infos"], *two["content"]["signer_infos"]]
        one["content"]["signer_infos"] = infos
        two_step.write(base, prepared, one.dump(force=True), out)
        (signature,) = judged(office, out).signatures
        assert "verification.cms-signers" in ids(signature)

    def test_every_truncation_and_many_mutations_of_the_cms_are_typed(self, shelf, out):
        """Hostile CMS never raises anything untyped, and is never accepted."""
        data = shelf.led.read_bytes()
        start = data.index(b"/Contents <") + 11
        value = bytes.fromhex(data[start : data.index(b">", start)].decode())
        size = len(value.rstrip(b"\0"))
        for position in range(0, size, 61):
            broken = bytearray(value)
            broken[position] ^= 0xFF
            out.write_bytes(data[:start] + broken.hex().encode() + data[start + 2 * len(value) :])
            report = shelf.office.validate(out, at=shelf.now)
            assert report.verdict != PASSED
            assert len(report.signatures) == 1

    def test_a_name_with_direction_marks_is_shown_plainly(self, office):
        from cryptography import x509
        from cryptography.x509.oid import NameOID

        evil = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DEMO \u202egnohp\u202c An\u200b")])
        root = issue("Root", ca=True, key=_rsa())
        leaf = issue("l", root, subject=evil, key=_rsa())
        key = DevelopmentKey(leaf.key, leaf.der, (), _algorithm())
        path = office.sign(office.prepared(), key=key)
        report = office.validate(path, trust=TrustAnchors((root.der,)))
        assert report.signatures[0].signer == "DEMO gnohp An"


def test_a_revision_that_frees_the_signature(issued, shelf, out):
    def change(revision, pdf):
        field = next(f for f in _fields(pdf) if f.name == "seal-1")
        kept = {key: value for key, value in revision.value(field.ref).items() if key != "V"}
        revision.put(Ref(field.ref.num, 0), kept)

    report = judged(shelf.office, update(issued, out, change))
    seal = found(report, "seal-1")
    assert "verification.hidden-signature" in ids(seal) or seal.changes is Changes.FORBIDDEN


def test_a_signature_that_only_a_page_shows_is_judged_and_said(office, out):
    """The form lists nothing, so that many readers see no signature at all."""
    base = build.append(build.prepared(), {build.FORM: build.form([build.NUMBER])})
    out.write_bytes(build.signed(base, build.LEADER, 20))
    report = judged(office, out)
    (signature,) = report.signatures
    assert signature.field == "Leader"
    assert "verification.stray-signature" in ids(signature), explain(report)
    assert "verification.no-signature" not in ids(report)
