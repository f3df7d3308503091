from __future__ import annotations

import pytest

from archive import receipt, receipts
from archive.catalogue import log_rows
from archive.errors import ArchiveRefused, ProofRefused
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.proofs import ProofMaker
from archive.log.reader import TileReader, published_checkpoint
from archive.log.sequencer import Sequencer
from policies.reasons import archiving as reasons
from policies.retention import lock_until
from tests.archive.catalogue_fixtures import AT
from tests.archive.ingest_fixtures import open_house, sha256

KEY = Ed25519LogKey.generate("log.example.vn/antin")
CONTENT, LONGER = b"%PDF-1.7 sealed", b"%PDF-1.7 sealed with DSS"


@pytest.fixture
def house(tmp_path, database):
    opened = open_house(tmp_path, database)
    yield opened
    opened.transactions.close()


def sequence(house):
    sequencer = Sequencer(
        store=house.objects,
        catalogue=log_rows,
        transaction=house.transactions.write,
        reading=house.transactions.read,
        signer=KEY,
        retain_until=lambda: lock_until(AT),
        parallel=False,
    )
    sequencer.run_once()
    sequencer.close()


def published(house):
    return published_checkpoint(house.objects, VerifierKey.parse(KEY.vkey))


def look_up(house, document, digest=None):
    head = published(house)
    with house.transactions.read() as conn:
        return receipts.receipt_leaf(conn, document, head.size if head else 0, digest)


def make(house, document, digest=None):
    proofs = ProofMaker(TileReader(house.objects, house.leaves), published(house))
    return receipts.make_receipt(document, look_up(house, document, digest), proofs)


def test_there_is_no_receipt_before_the_checkpoint_is_shown(house):
    document = house.archived(CONTENT)
    assert look_up(house, document) is None
    sequence(house)
    assert look_up(house, document) is not None


def test_a_receipt_holds_with_pdf_and_key_alone(house):
    document = house.issued(CONTENT)
    sequence(house)
    made = make(house, document)
    facts = receipt.verify(sha256(CONTENT), made.public().serialize(), KEY.vkey)
    assert facts.record_sha256 is None
    assert facts.informational["number"] == "01/QĐ-UBND"
    assert facts.informational["document_date"] == "2026-03-05"
    assert receipt.verify(sha256(CONTENT), made.serialize(), KEY.vkey).record_sha256 is not None
    with pytest.raises(ProofRefused):
        receipt.verify(sha256(LONGER), made.serialize(), KEY.vkey)


def test_each_archived_version_has_its_receipt_and_the_issued_one_is_meant(house):
    document = house.issued(CONTENT)
    house.carry_out(house.plan_long_term(document.id, LONGER))
    sequence(house)
    assert make(house, document).pdf.sha256 == sha256(CONTENT)
    later = make(house, document, sha256(LONGER))
    receipt.verify(sha256(LONGER), later.serialize(), KEY.vkey)
    assert look_up(house, document, sha256(b"%PDF other")) is None


def test_a_disposed_document_gives_no_receipt(house):
    document = house.archived(CONTENT)
    sequence(house)
    with house.transactions.write() as conn:
        conn.exec_driver_sql("UPDATE leaves SET content_salt = NULL, record_salt = NULL")
    with pytest.raises(ArchiveRefused) as refused:
        make(house, document)
    assert refused.value.reason is reasons.DISPOSED
