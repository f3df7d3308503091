"""The check that docs/receipt.md gives to others, run as it stands there against receipts of a real log."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature

from archive import receipt as receipts
from archive.log.cosignature import Ed25519WitnessKey, cosign, with_lines
from archive.log.note import Ed25519LogKey, parse_note
from tests.archive.ingest_fixtures import open_house
from tests.archive.test_receipts import KEY, make, sequence

DOC = (Path(__file__).parents[2] / "docs" / "receipt.md").read_text("utf-8")
BLOCK = re.search(r"<!-- receipt-by-hand -->\n```python\n(.*?)```", DOC, re.S)[1]
WITNESS_BLOCK = re.search(r"<!-- witness-by-hand -->\n```python\n(.*?)```", DOC, re.S)[1]


@pytest.fixture(scope="module")
def namespace():
    assert "archive" not in re.findall(r"^(?:from|import) (\w+)", BLOCK + WITNESS_BLOCK, re.M)
    found: dict = {}
    exec(compile(BLOCK + WITNESS_BLOCK, "docs/receipt.md", "exec"), found)  # noqa: S102 (our own documentation)
    return found


@pytest.fixture(scope="module")
def by_hand(namespace):
    return namespace["check"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """PDF bytes and receipt of several documents, in a log that grew by several batches."""
    house = open_house(tmp_path_factory.mktemp("house"))
    contents = [b"%%PDF-1.7 document %d" % number for number in range(7)]
    documents = []
    for content in contents:
        documents.append((content, house.issued(content)))
        sequence(house)
    yield [(content, make(house, document)) for content, document in documents]
    house.transactions.close()


def test_every_receipt_holds_by_hand_and_by_our_code_alike(by_hand, made, tmp_path):
    for content, receipt in made:
        path = tmp_path / "file.pdf"
        path.write_bytes(content)
        for data in (receipt.serialize(), receipt.public().serialize()):
            facts = receipts.verify(path, data, KEY.vkey)
            assert by_hand(content, data, KEY.vkey) == (facts.index, facts.checkpoint.size)


def test_a_witness_holds_by_hand_and_by_our_code_alike(by_hand, namespace, made):
    content, receipt = made[2]
    key, other = Ed25519WitnessKey.generate("w.example/antin"), Ed25519WitnessKey.generate("w.example/antin")
    at = datetime(2026, 3, 5, 1, 0, 30, tzinfo=UTC)
    note = receipt.proof.checkpoint
    lines = [cosign(parse_note(note).text, at, each) for each in (other, key)]
    data = replace(receipt, proof=replace(receipt.proof, checkpoint=with_lines(note, lines))).serialize()
    assert by_hand(content, data, KEY.vkey)
    assert namespace["witnessed"](data, key.vkey) == int(at.timestamp())
    digest = receipt.pdf.sha256
    assert receipts.verify(digest, data, KEY.vkey, [key.vkey]).witnesses[0].at == at
    with pytest.raises(ValueError):
        namespace["witnessed"](data, Ed25519WitnessKey.generate(key.name).vkey)
    with pytest.raises(ValueError):
        namespace["witnessed"](receipt.serialize(), key.vkey)
    text = json.loads(data)
    head, _, note = text["proof"].partition("\n\n")
    size = note.split("\n")[1]
    text["proof"] = head + "\n\n" + note.replace(f"\n{size}\n", f"\n{int(size) + 1}\n", 1)
    with pytest.raises(InvalidSignature):
        namespace["witnessed"](json.dumps(text).encode(), key.vkey)


def test_another_file_another_key_do_not_hold(by_hand, made):
    content, receipt = made[0]
    with pytest.raises(ValueError):
        by_hand(content + b" ", receipt.serialize(), KEY.vkey)
    with pytest.raises(ValueError):
        by_hand(content, receipt.serialize(), Ed25519LogKey.generate("another.example.vn/log").vkey)
    with pytest.raises(ValueError):
        by_hand(content, receipt.serialize(), Ed25519LogKey.generate(KEY.name).vkey)


def test_every_changed_byte_of_leaf_and_checkpoint_is_found(by_hand, made):
    """Where our own code refuses, the check by hand refuses too."""
    content, receipt = made[3]
    given = json.loads(receipt.serialize())
    entry = base64.b64decode(given["entry"])
    for place in range(len(entry)):
        changed = entry[:place] + bytes([entry[place] ^ 1]) + entry[place + 1 :]
        refused(by_hand, content, {**given, "entry": base64.b64encode(changed).decode()})
    proof = given["proof"]
    for place in range(proof.index("index"), len(proof)):
        if proof[place] in "\n ":
            continue
        other = "B" if proof[place] != "B" else "C"
        changed = proof[:place] + other + proof[place + 1 :]
        data = json.dumps({**given, "proof": changed}).encode()
        with pytest.raises(Exception):  # noqa: B017 (a script may fail in any way, as long as it fails)
            by_hand(content, data, KEY.vkey)


def refused(by_hand, content: bytes, given: dict) -> None:
    with pytest.raises(ValueError):
        by_hand(content, json.dumps(given).encode(), KEY.vkey)
