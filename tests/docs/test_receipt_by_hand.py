"""The check that docs/receipt.md gives to others, run as it stands there against receipts of a real log."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest

from archive import receipt as receipts
from archive.log.note import Ed25519LogKey
from tests.archive.ingest_fixtures import open_house
from tests.archive.test_receipts import KEY, make, sequence

DOC = (Path(__file__).parents[2] / "docs" / "receipt.md").read_text("utf-8")
BLOCK = re.search(r"<!-- receipt-by-hand -->\n```python\n(.*?)```", DOC, re.S)[1]


@pytest.fixture(scope="module")
def by_hand():
    assert "archive" not in re.findall(r"^(?:from|import) (\w+)", BLOCK, re.M)
    namespace: dict = {}
    exec(compile(BLOCK, "docs/receipt.md", "exec"), namespace)  # noqa: S102 (our own documentation)
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
