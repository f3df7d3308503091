"""Validation data and document time-stamps: what is added, when it is refused, and that nothing breaks."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest

from policies.validation import PASSED
from policies.vocabulary import Changes, Level
from signer.augmentation import archive_timestamp, revocation_data
from signer.creation import append
from signer.document.pdfa import check
from signer.document.reader import PdfFile
from signer.document.revisions import signatures
from signer.errors import DocumentRefused, RevocationUnavailable, SigningRefused, TrustOverdue
from signer.trust.revocation import FailingRevocationSource, Failure
from tests.conftest import need_tool
from tests.signer.trust.forge import NOW
from tests.signer.validation.office import PkiSource, explain


class TestCollect:
    def test_material_is_newer_than_the_tokens(self, office):
        path = office.issued()
        office.later(minutes=5)
        data = office.collect(path)
        assert len(data.entries) == 2
        for _, evidence in data.entries:
            assert evidence.certificates
            assert evidence.ocsp
            assert evidence.crls, "the issuing CA's status comes from the root's list"

    def test_answers_older_than_the_token_are_not_taken(self, office):
        path = office.issued()
        old = PkiSource(office.pki, at=NOW - timedelta(hours=1))
        with pytest.raises(RevocationUnavailable):
            office.collect(path, old)

    @pytest.mark.parametrize("failure", [Failure.DOWN, Failure.GARBAGE, Failure.NOTHING])
    def test_without_answers_it_waits(self, office, failure):
        path = office.led()
        twin = FailingRevocationSource(PkiSource(office.pki))
        twin.always = failure
        with pytest.raises(RevocationUnavailable):
            office.collect(path, twin)

    def test_a_cache_is_passed_by(self, office):
        class Cached(PkiSource):
            def fresh(self):
                return PkiSource(self.pki)

            def ocsp(self, *_):
                raise AssertionError("the cached view was asked")

        path = office.issued()
        office.later(minutes=1)
        assert office.collect(path, Cached(office.pki)).entries

    def test_a_trust_store_past_its_review_is_waited_for(self, office):
        path = office.issued()
        office.later(minutes=5)
        office.trust, good = replace(office.trust, good_until=office.now - timedelta(seconds=1)), office.trust
        with pytest.raises(TrustOverdue):
            office.collect(path)
        office.trust = good
        assert office.collect(path).entries

    def test_a_bad_signature_is_not_worth_keeping(self, office):
        path = office.stamp(office.sign(office.prepared(), role="other-leader"))
        with pytest.raises(SigningRefused) as caught:
            office.collect(path)
        assert caught.value.id == "verification.not-worth-keeping"

    def test_a_revoked_signer_is_not_worth_keeping(self, office):
        path = office.stamp(office.sign(office.prepared(), role="revoked"))
        with pytest.raises(SigningRefused):
            office.collect(path)


class TestStore:
    def test_the_store_is_as_the_standard_has_it(self, shelf):
        with PdfFile.open(shelf.long_term) as pdf:
            store = pdf.dictionary(pdf.catalog["DSS"])
            vri = pdf.dictionary(store["VRI"])
            keys = {hashlib.sha1(each.contents).hexdigest().upper() for each in signatures(pdf)}  # noqa: S324
            assert set(vri) == keys
            for ref in vri.values():
                assert set(pdf.dictionary(ref)) <= {"Type", "Cert", "OCSP", "CRL"}
            assert len(store["Certs"]) == len(set(store["Certs"])) >= 5

    def test_vri_keys_are_those_that_others_look_for_also_of_document_time_stamps(self, shelf):
        """ETSI EN 319 142-1, 5.4.2.3: upper-case SHA-1 of /Contents with the zeros that fill it."""
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign.validation.dss import DocumentSecurityStore

        with shelf.renewed.open("rb") as file:
            reader = PdfFileReader(file)
            store = DocumentSecurityStore.read_dss(reader)
            every = [each.pkcs7_content for each in reader.embedded_signatures]
            wanted = [str(store.sig_content_identifier(each)) for each in every]
            assert set(wanted[:-1]) == set(store.vri_entries), "all but the newest, which nothing settles yet"
            for name in wanted[:-1]:
                assert {"/Cert", "/CRL"} <= set(store.vri_entries[name].get_object())

    def test_each_item_is_stored_once(self, shelf):
        stored = revocation_data.stored(shelf.long_term)
        assert len(set(stored.certificates)) == len(stored.certificates)
        assert len(set(stored.ocsp)) == len(stored.ocsp) == 3

    def test_nothing_new_is_refused(self, office):
        path = office.issued()
        office.later(minutes=1)
        data = office.collect(path)
        out = office.path()
        append.append(path, revocation_data.append_dss(path, data), out)
        with pytest.raises(SigningRefused) as caught:
            revocation_data.append_dss(out, data)
        assert caught.value.id == "verification.nothing-to-add"

    def test_a_second_store_keeps_the_first(self, office):
        path = office.with_dss(office.issued())
        before = revocation_data.stored(path)
        office.later(days=400)
        path = office.with_document_timestamp(path)
        office.later(days=1)
        path = office.with_dss(path)
        after = revocation_data.stored(path)
        assert set(before.ocsp) < set(after.ocsp)
        report = office.validate(path)
        assert report.verdict == PASSED, explain(report)
        assert all(each.verdict == PASSED for each in report.signatures), explain(report)

    def test_the_earlier_bytes_are_untouched(self, shelf):
        archived = shelf.archived.read_bytes()
        with PdfFile.open(shelf.archived) as pdf:
            ends = [each.signed_end for each in signatures(pdf)]
        assert ends == sorted(ends)
        assert ends[-1] == len(archived)


class TestDocumentTimestamp:
    def test_levels_and_changes(self, shelf):
        report = shelf.office.validate(shelf.archived, at=shelf.now)
        assert [each.level for each in report.signatures] == [Level.B_LTA, Level.B_LTA, Level.DTS, Level.DTS]
        assert report.signatures[1].changes is Changes.LONG_TERM_DATA

    def test_names_are_free_ones(self, shelf):
        prepared = archive_timestamp.prepare_document_timestamp(shelf.archived)
        assert prepared.field == "DocTimeStamp3"

    @pytest.mark.parametrize("size", [0, -1, 32_768])
    def test_a_room_that_no_string_may_have(self, shelf, size):
        with pytest.raises(SigningRefused):
            archive_timestamp.prepare_document_timestamp(shelf.issued, reserve=size)

    def test_a_token_that_does_not_fit(self, office):
        path = office.led()
        prepared = archive_timestamp.prepare_document_timestamp(path, reserve=100)
        with pytest.raises(SigningRefused):
            archive_timestamp.write(path, prepared, bytes(200), office.path())

    def test_a_file_with_a_tail_is_refused(self, office):
        path = office.led()
        path.write_bytes(path.read_bytes() + b"\n<!-- tail -->")
        with pytest.raises(DocumentRefused):
            archive_timestamp.prepare_document_timestamp(path)

    def test_a_token_over_another_file_is_found(self, office):
        path = office.led()
        prepared = archive_timestamp.prepare_document_timestamp(path)
        wrong = office.authority().token(hashlib.sha256(b"other").digest(), "sha256")
        out = office.path()
        archive_timestamp.write(path, prepared, wrong, out)
        report = office.online(out)
        assert report.signatures[-1].verdict.sub_indication == "HASH_FAILURE"
        assert report.verdict.indication == "TOTAL-FAILED"
        assert report.signatures[0].signing_time == NOW, "the signature's own token still proves"

    def test_one_over_a_plain_b_b_makes_it_b_t(self, office):
        """The time-stamp authority was down for the signature: a document time-stamp covers it later."""
        path = office.with_document_timestamp(office.sign(office.prepared()))
        report = office.online(path)
        assert report.verdict == PASSED, explain(report)
        assert report.signatures[0].level is Level.B_T
        assert report.signatures[0].signing_time == NOW

    @pytest.mark.parametrize("name", ["long_term", "archived", "renewed"])
    def test_the_file_stays_pdfa(self, shelf, name):
        report = check(getattr(shelf, name))
        assert report.conforms, report.findings[:5]


@pytest.mark.parametrize("name", ["issued", "long_term", "archived", "renewed"])
def test_pyhanko_agrees(shelf, name):
    """With the pitfalls known: bottom_line without revocation, every signature, diff analysis on."""
    from pyhanko.keys import load_cert_from_pemder
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
    from pyhanko_certvalidator import ValidationContext

    root = shelf.office.folder / "root.pem"
    root.write_bytes(shelf.office.pki.trust_pem)
    with getattr(shelf, name).open("rb") as file:
        reader = PdfFileReader(file)
        for embedded in reader.embedded_signatures:
            context = ValidationContext(trust_roots=[load_cert_from_pemder(str(root))], moment=shelf.now)
            if embedded.sig_object.get("/Type") == "/DocTimeStamp":
                found = validate_pdf_timestamp(embedded, context)
                assert found.intact
                assert found.valid
                continue
            found = validate_pdf_signature(embedded, context)
            assert found.intact, found.pretty_print_details()
            assert found.valid
            assert found.trusted
            assert found.docmdp_ok, found.pretty_print_details()


def test_openssl_verifies_the_tokens(shelf, tmp_path):
    """A foreign time-stamp verifier over the last document time-stamp."""
    openssl = need_tool("openssl")
    with PdfFile.open(shelf.archived) as pdf:
        last = signatures(pdf)[-1]
        first, second = last.byte_range[:2], last.byte_range[2:]
        data = pdf.read(*first) + pdf.read(*second)
        contents = last.contents.rstrip(b"\0")
    (tmp_path / "data").write_bytes(data)
    (tmp_path / "token").write_bytes(contents)
    (tmp_path / "root.pem").write_bytes(shelf.office.pki.trust_pem)
    command = [openssl, "ts", "-verify", "-token_in", "-in", "token", "-data", "data", "-CAfile", "root.pem"]
    moment = str(int(NOW.timestamp()))
    done = subprocess.run(
        [*command, "-attime", moment], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "Verification: OK" in done.stdout + done.stderr, done.stderr
