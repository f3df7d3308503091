"""Notes, checkpoints, tile paths, bundles, leaves: one encoding each, everything else refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import ProofRefused
from archive.log import leaf as leaves
from archive.log.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, sign_checkpoint
from archive.log.leaf import Leaf, LeafKind, Opening, Role, decode, encode
from archive.log.note import (
    Ed25519LogKey,
    NoteSignature,
    SignedNote,
    VerifierKey,
    parse_note,
    sign_note,
    verify_note,
)
from archive.log.proofs import LogProof, parse_proof
from archive.log.tiles import TileId, decode_bundle, encode_bundle, encode_index, tile_of, tile_widths
from tests.archive.log.house import KEY, ORIGIN

# A note and key published with the reference implementation of signed notes.
FOREIGN_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
FOREIGN_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6Ryy"
    "BwJnAM=\n"
)
VERIFIER = VerifierKey.parse(KEY.vkey)
GOOD = sign_checkpoint(Checkpoint(ORIGIN, 7, bytes(range(32))), KEY)


def refused(call, *args):
    with pytest.raises(ProofRefused) as caught:
        call(*args)
    return caught.value.id


# Notes.


def test_a_note_of_another_implementation_verifies():
    verify_note(parse_note(FOREIGN_NOTE.encode()), VerifierKey.parse(FOREIGN_KEY))
    changed = parse_note(FOREIGN_NOTE.replace("answer", "Answer").encode())
    assert refused(verify_note, changed, VerifierKey.parse(FOREIGN_KEY)) == "proof.note-signature-broken"


def test_key_strings_round_trip():
    assert str(VerifierKey.parse(FOREIGN_KEY)) == FOREIGN_KEY
    assert VerifierKey.parse(KEY.vkey + "\n") == VERIFIER
    again = Ed25519LogKey.parse(KEY.secret())
    assert again.vkey == KEY.vkey and again.secret() == KEY.secret()


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "a+b",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+BRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        FOREIGN_KEY + "\n\n",
    ],
)
def test_malformed_verifier_keys(vkey):
    assert refused(VerifierKey.parse, vkey) == "proof.verifier-key-malformed"


def test_a_malformed_secret_is_not_repeated_in_the_error():
    with pytest.raises(ValueError) as caught:
        Ed25519LogKey.parse(KEY.secret()[:-8] + "AAAAAAA=")
    assert KEY.secret()[-40:-8] not in str(caught.value)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"\n\n",
        b"text\n\n- name AAAAAAAA\n",
        "text\n\n— na me AAAAAAAA\n".encode(),
        "text\n\n— na+me AAAAAAAA\n".encode(),
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— name AAAAAAB=\n".encode(),
        "text\n\n— name AAAAAAAA".encode(),
        "text\n\n— name AAAAAAAA\n\n".encode(),
        "te\rxt\n\n— name AAAAAAAA\n".encode(),
        b"\xff\n\n\xe2\x80\x94 name AAAAAAAA\n",
        b"text\n\n" + "— name AAAAAAAA\n".encode() * 33,
        b"x" * 100_001,
    ],
)
def test_malformed_notes(note):
    assert refused(parse_note, note) == "proof.note-malformed"


def test_lines_of_other_signers_are_tolerated_and_kept():
    witness = Ed25519LogKey.generate("witness.example/w1")
    note = parse_note(GOOD)
    cosigned = SignedNote(
        note.text,
        (
            NoteSignature("post-quantum.example", b"abcd", bytes(2500)),
            *note.signatures,
            NoteSignature(witness.name, VerifierKey.parse(witness.vkey).key_id, bytes(72)),
            NoteSignature(ORIGIN, b"othr", bytes(64)),  # the log's name, an unknown key
        ),
    )
    data = cosigned.serialize()
    head = open_checkpoint(data, VERIFIER)
    assert head.note == data and parse_note(data) == cosigned
    assert head.others == ("post-quantum.example", "witness.example/w1", ORIGIN)


def test_a_false_line_under_our_own_key_refuses_the_note():
    note = parse_note(GOOD)
    false = NoteSignature(ORIGIN, VERIFIER.key_id, bytes(64))
    both = SignedNote(note.text, (*note.signatures, false)).serialize()
    assert refused(open_checkpoint, both, VERIFIER) == "proof.note-signature-broken"


def test_wrong_key_and_wrong_log():
    stranger = Ed25519LogKey.generate(ORIGIN)
    assert refused(open_checkpoint, GOOD, VerifierKey.parse(stranger.vkey)) == "proof.wrong-log-key"
    other = sign_note(Checkpoint("other.example/log", 7, bytes(32)).text(), KEY)
    assert refused(open_checkpoint, other, VERIFIER) == "proof.wrong-log"


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 7))
def test_every_flipped_bit_of_a_checkpoint_is_refused(at, bit):
    changed = bytearray(GOOD)
    changed[at] ^= 1 << bit
    refused(open_checkpoint, bytes(changed), VERIFIER)


@pytest.mark.parametrize(
    "text",
    [
        "log\n7\n",
        "log\n07\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "log\n-1\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "log\n9223372036854775808\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "log\n٣\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "log\n7\n" + base64.b64encode(bytes(31)).decode() + "\n",
        "\n7\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "log\n7\n" + base64.b64encode(bytes(32)).decode() + "\nextension\n",
        "log\n7\n" + base64.b64encode(bytes(32)).decode(),
    ],
)
def test_malformed_checkpoints(text):
    assert refused(parse_checkpoint, text) == "proof.checkpoint-malformed"


def test_the_origin_is_the_key_name():
    with pytest.raises(ValueError):
        sign_checkpoint(Checkpoint("other", 0, bytes(32)), KEY)


# Tiles.


def test_tile_paths_of_the_specification():
    assert encode_index(1234067) == "x001/x234/067"
    assert TileId(0, 0).path == "tile/0/000"
    assert TileId(0, 272, 112).path == "tile/0/272.p/112" and TileId(1, 1, 17).path == "tile/1/001.p/17"
    assert TileId(None, 1000).path == "tile/entries/x001/000"
    # Its example: 70,000 leaves are 273 full tiles and one of 112, one full and one of 17, one of 1.
    assert tile_widths(70_000) == [112, 17, 1]
    assert tile_of(0, 69_999, 70_000) == TileId(0, 273, 112) and tile_of(2, 0, 70_000) == TileId(2, 0, 1)
    # A tree of 256 leaves is one full tile and one of width 1 above it.
    assert tile_widths(256) == [0, 1]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundles_round_trip(entries):
    data = encode_bundle(entries)
    assert decode_bundle(data, len(entries)) == entries
    for wrong in (data + b"\x00", data[:-1], data + b"\x00\x00"):
        assert refused(decode_bundle, wrong, len(entries)) == "proof.malformed"


def test_an_entry_has_at_most_65535_bytes():
    assert len(encode_bundle([bytes(65_535)])) == 65_537
    assert refused(encode_bundle, [bytes(65_536)]) == "proof.entry-too-large"


# Leaves.

hashes = st.binary(min_size=32, max_size=32)
made = st.builds(
    Leaf,
    st.sampled_from(LeafKind),
    st.binary(min_size=16, max_size=16),
    hashes,
    hashes,
    st.none() | hashes,
)


@given(made)
def test_leaves_round_trip_in_their_one_encoding(leaf):
    entry = encode(leaf)
    assert decode(entry) == leaf and len(entry) == (83 if leaf.predecessor is None else 115)
    for wrong in (entry + b"\x00", entry[:-1], b"", b"\x02" + entry[1:], entry[:1] + b"\x09" + entry[2:]):
        assert refused(decode, wrong) == "proof.leaf-malformed"


@given(made, st.integers(0, 114), st.integers(0, 7))
def test_no_two_entries_are_the_same_leaf(leaf, at, bit):
    entry = bytearray(encode(leaf))
    entry[at % len(entry)] ^= 1 << bit
    try:
        assert encode(decode(bytes(entry))) == bytes(entry)
    except ProofRefused:
        return


def test_a_commitment_opens_for_its_role_digest_and_salt_alone():
    opening = Opening("ab" * 32, leaves.new_salt())
    committed = leaves.commitment(Role.PDF, opening)
    leaves.check_opening(committed, Role.PDF, opening)
    for role, other in (
        (Role.RECORD, opening),
        (Role.PDF, Opening("ab" * 31 + "ac", opening.salt)),
        (Role.PDF, Opening("ab" * 32, leaves.new_salt())),
    ):
        assert refused(leaves.check_opening, committed, role, other) == "proof.commitment-differs"


@pytest.mark.parametrize("sha256", ["", "ab" * 31, "AB" * 32, "ab " * 22, "zz" * 32])
def test_an_opening_takes_only_a_digest(sha256):
    with pytest.raises(ValueError):
        Opening(sha256, bytes(32))


# Proofs.

PROOF = LogProof(5, (bytes(32), bytes(range(32))), GOOD)


def test_a_proof_has_the_text_of_the_specification():
    lines = PROOF.serialize().decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1" and lines[1] == "index 5" and lines[4] == ""
    assert PROOF.serialize().endswith(b"\n\n" + GOOD)
    assert parse_proof(PROOF.serialize()) == PROOF
    extra = LogProof(0, (), GOOD, b"more")
    assert extra.serialize().startswith(b"c2sp.org/tlog-proof@v1\nextra bW9yZQ==\nindex 0\n\n")
    assert parse_proof(extra.serialize()) == extra


@pytest.mark.parametrize(
    "head",
    [
        b"c2sp.org/tlog-proof@v2\nindex 5",
        b"c2sp.org/tlog-proof@v1",
        b"c2sp.org/tlog-proof@v1\nindex 05",
        b"c2sp.org/tlog-proof@v1\nindex -5",
        b"c2sp.org/tlog-proof@v1\nindex 5\nAAAA",
        b"c2sp.org/tlog-proof@v1\nindex 5\n" + base64.b64encode(bytes(31)),
        b"c2sp.org/tlog-proof@v1\nextra !\nindex 5",
        b"c2sp.org/tlog-proof@v1\nindex 5\nextra AAAA",
        b"c2sp.org/tlog-proof@v1\r\nindex 5",
        b"c2sp.org/tlog-proof@v1\nindex \xff",
        b"c2sp.org/tlog-proof@v1\nindex 5\n" + b"\n".join([base64.b64encode(bytes(32))] * 65),
    ],
)
def test_malformed_proofs(head):
    assert refused(parse_proof, head + b"\n\n" + GOOD) == "proof.malformed"
