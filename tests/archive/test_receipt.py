"""Receipts: offline, from PDF, receipt and key alone; every proved byte counts."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import receipt as receipts
from archive.errors import ProofRefused
from archive.log import merkle
from archive.log.checkpoint import Checkpoint, sign_checkpoint
from archive.log.cosignature import Ed25519WitnessKey, cosign, with_lines
from archive.log.leaf import LeafKind, Opening
from archive.log.note import Ed25519LogKey, NoteSignature, parse_note
from archive.log.proofs import LogProof
from archive.log.reader import checkpoint_at
from archive.receipt import Receipt
from tests.archive.log.house import KEY, NOW, ORIGIN, House

PDF = b"%PDF-1.7 the decision"
DIGEST = sha256(PDF).hexdigest()


@pytest.fixture(scope="module")
def house():
    house = House()
    house.fill(300)
    house.sequencer().run_once()
    return house


@pytest.fixture(scope="module")
def full(house):
    return house.receipt(DIGEST, number="15/QĐ-UBND", code="ABCDEFGH")


def refused(pdf, receipt, vkey=KEY.vkey):
    with pytest.raises(ProofRefused) as caught:
        receipts.verify(pdf, receipt, vkey)
    return caught.value.id


def test_a_receipt_needs_only_file_receipt_and_key(full, tmp_path):
    path = tmp_path / "decision.pdf"
    path.write_bytes(PDF)
    facts = receipts.verify(path, full.serialize(), KEY.vkey)
    assert facts.pdf_sha256 == DIGEST and facts.record_sha256 == "0" * 64
    assert facts.index == 300 and facts.checkpoint.size == 301 and facts.checkpoint.origin == ORIGIN
    assert facts.leaf.kind is LeafKind.DOCUMENT and facts.other_signers == ()
    assert facts.informational == {"number": "15/QĐ-UBND", "code": "ABCDEFGH"}
    assert receipts.verify(DIGEST, full.serialize(), KEY.vkey) == facts


def test_a_public_receipt_opens_only_the_pdf(full):
    public = full.public().serialize()
    assert b"record" not in public and base64.b64encode(full.record.salt) not in public
    assert receipts.verify(DIGEST, public, KEY.vkey).record_sha256 is None


def test_it_survives_another_layout_of_its_json(full):
    compact = json.dumps(json.loads(full.serialize()), sort_keys=True).encode()
    assert receipts.verify(DIGEST, compact, KEY.vkey).index == 300


def test_the_proof_inside_is_a_tlog_proof(full):
    text = json.loads(full.serialize())["proof"]
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 300\n") and f"\n\n{ORIGIN}\n301\n" in text


# Attacks.


def test_receipt_for_another_pdf(full, tmp_path):
    other = tmp_path / "other.pdf"
    other.write_bytes(PDF + b" ")
    assert refused(other, full.serialize()) == "proof.other-document"


def test_receipt_with_the_other_pdfs_digest_written_in(full):
    other = sha256(b"other").hexdigest()
    forged = Receipt(Opening(other, full.pdf.salt), full.entry, full.proof)
    assert refused(other, forged.serialize()) == "proof.commitment-differs"


def test_leaf_made_up_for_another_pdf(full, house):
    """The forger makes a fitting leaf; the log does not contain it."""
    forged = House().receipt(sha256(b"other").hexdigest())
    forged = Receipt(forged.pdf, forged.entry, full.proof)
    assert refused(forged.pdf.sha256, forged.serialize()) == "proof.not-included"


def test_wrong_key(full):
    stranger = Ed25519LogKey.generate(ORIGIN)
    assert refused(DIGEST, full.serialize(), stranger.vkey) == "proof.wrong-log-key"


def test_checkpoint_rewritten_by_another_key(full):
    note = sign_checkpoint(
        Checkpoint(ORIGIN, 1, merkle.leaf_hash(full.entry)), Ed25519LogKey.generate(ORIGIN)
    )
    forged = Receipt(full.pdf, full.entry, LogProof(0, (), note))
    assert refused(DIGEST, forged.serialize()) == "proof.wrong-log-key"


def test_older_checkpoint_does_not_contain_the_leaf(full, house):
    older = checkpoint_at(house.store, 300, house.verifier)
    forged = Receipt(full.pdf, full.entry, LogProof(300, full.proof.path, older.note))
    assert refused(DIGEST, forged.serialize()) == "proof.not-included"


def test_record_of_another_document(full):
    forged = Receipt(full.pdf, full.entry, full.proof, Opening("1" * 64, full.record.salt))
    assert refused(DIGEST, forged.serialize()) == "proof.commitment-differs"


def test_swapped_openings(full):
    swapped = Receipt(full.record, full.entry, full.proof)
    assert refused(full.record.sha256, swapped.serialize()) == "proof.commitment-differs"


def test_event_leaf_is_no_document_receipt(house):
    event = house.receipt(DIGEST, kind=LeafKind.EVENT)
    assert refused(DIGEST, event.serialize()) == "proof.wrong-leaf-kind"


@pytest.mark.parametrize("garbage", [b"x", b"{}", b"\x00", b"\n\n}"])
def test_trailing_garbage(full, garbage):
    assert refused(DIGEST, full.serialize() + garbage) == "proof.receipt-malformed"


def test_trailing_garbage_inside_the_proof(full):
    proof = LogProof(full.proof.index, full.proof.path, full.proof.checkpoint + b"more\n")
    assert refused(DIGEST, Receipt(full.pdf, full.entry, proof).serialize()) == "proof.note-malformed"


def test_too_large(full):
    assert refused(DIGEST, full.serialize() + b" " * (1 << 20)) == "proof.receipt-too-large"


def _with(full, **changes):
    return json.dumps({**json.loads(full.serialize()), **changes}).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "antin.receipt/2"},
        {"more": 1},
        {"pdf": None},
        {"pdf": {"sha256": DIGEST}},
        {"pdf": {"sha256": DIGEST, "salt": "AAAA"}},
        {"pdf": {"sha256": DIGEST.upper(), "salt": base64.b64encode(bytes(32)).decode()}},
        {"pdf": {"sha256": 5, "salt": base64.b64encode(bytes(32)).decode()}},
        {"entry": 5},
        {"entry": "A"},
        {"proof": None},
        {"informational": []},
        {"informational": {"deep": {}}},
        {"informational": {"number": 0.5}},
        {"record": None},
    ],
)
def test_malformed_fields(full, changes):
    assert refused(DIGEST, _with(full, **changes)) == "proof.receipt-malformed"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"schema": NaN}',
        b'{"schema": ' + b"9" * 10_000 + b"}",
        b'{"schema": "antin.receipt/1", "schema": "antin.receipt/1"}',
        b'{"schema": "\\ud800"}',
    ],
)
def test_malformed_json(data):
    assert refused(DIGEST, data) == "proof.receipt-malformed"


def test_lone_surrogate_in_a_shown_field(full):
    broken = full.serialize().replace("15/QĐ-UBND".encode(), b"\\ud800")
    assert refused(DIGEST, broken) == "proof.receipt-malformed"


@settings(max_examples=400)
@given(st.data())
def test_every_flipped_bit_of_what_is_proved_is_refused(full, data):
    bare = Receipt(full.pdf, full.entry, full.proof, full.record).serialize()
    proved = receipts.verify(DIGEST, bare, KEY.vkey)
    changed = bytearray(bare)
    at = data.draw(st.integers(0, len(bare) - 1))
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        facts = receipts.verify(DIGEST, bytes(changed), KEY.vkey)
    except ProofRefused:
        return
    assert facts == proved and bytes(changed[at : at + 1]).isspace()  # only the layout of the JSON


def test_every_byte_of_salt_entry_and_proof_counts(full):
    fields = json.loads(full.serialize())
    for name, text in (("entry", fields["entry"]), ("proof", fields["proof"])):
        for at in range(0, len(text), 3):
            changed = text[:at] + ("B" if text[at] != "B" else "C") + text[at + 1 :]
            refused(DIGEST, _with(full, **{name: changed}))


# Witnesses.


def cosigned(receipt, *keys):
    """The same receipt with cosignatures in its checkpoint."""
    text = parse_note(receipt.proof.checkpoint).text
    note = with_lines(receipt.proof.checkpoint, [cosign(text, NOW, key) for key in keys])
    return replace(receipt, proof=replace(receipt.proof, checkpoint=note))


@pytest.fixture(scope="module")
def keys():
    return [Ed25519WitnessKey.generate(f"w{n}.example") for n in range(3)]


def test_witnesses_of_the_checkpoint_are_proved_when_their_keys_are_given(full, keys):
    given = cosigned(full, *keys[:2]).serialize()
    bare = receipts.verify(DIGEST, given, KEY.vkey)
    assert bare.witnesses == () and bare.other_signers == ("w0.example", "w1.example")
    proved = receipts.verify(DIGEST, given, KEY.vkey, [key.vkey for key in keys[:2]])
    assert [(one.name, one.at) for one in proved.witnesses] == [("w0.example", NOW), ("w1.example", NOW)]


def test_a_witness_that_is_missing_refuses_the_receipt_unless_fewer_are_enough(full, keys):
    given, wanted = cosigned(full, *keys[:2]).serialize(), [key.vkey for key in keys]
    with pytest.raises(ProofRefused) as caught:
        receipts.verify(DIGEST, given, KEY.vkey, wanted)
    assert caught.value.id == "proof.too-few-witnesses" and "2 of the 3" in caught.value.text("en")
    assert len(receipts.verify(DIGEST, given, KEY.vkey, wanted, need=2).witnesses) == 2
    assert receipts.verify(DIGEST, full.serialize(), KEY.vkey, wanted, need=0).witnesses == ()
    # The same key twice is one witness.
    with pytest.raises(ProofRefused):
        receipts.verify(DIGEST, given, KEY.vkey, [keys[0].vkey, keys[0].vkey], need=2)


def test_a_false_cosignature_of_a_given_key_refuses_the_receipt_whatever_is_needed(full, keys):
    given = cosigned(full, keys[0])
    line = parse_note(given.proof.checkpoint).signatures[-1]
    false = NoteSignature(line.name, line.key_id, line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    note = with_lines(full.proof.checkpoint, [false])
    data = replace(full, proof=replace(full.proof, checkpoint=note)).serialize()
    with pytest.raises(ProofRefused) as caught:
        receipts.verify(DIGEST, data, KEY.vkey, [keys[0].vkey], need=0)
    assert caught.value.id == "proof.note-signature-broken"
    assert (
        receipts.verify(DIGEST, data, KEY.vkey).witnesses == ()
    )  # a stranger's line, as long as nobody asks


def test_a_log_key_is_no_witness(full):
    with pytest.raises(ProofRefused) as caught:
        receipts.verify(DIGEST, full.serialize(), KEY.vkey, [KEY.vkey])
    assert caught.value.id == "proof.verifier-key-malformed"
