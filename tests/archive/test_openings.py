"""What is stored beside the log so that it can be opened without a database."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from archive import openings
from archive.catalogue import documents, log_rows
from archive.errors import ArchiveDamaged, ArchiveUnavailable
from archive.heads import Head, bind
from archive.log import leaf as leaves
from archive.log.checkpoint import open_checkpoint
from archive.log.edge import Edge, grow
from archive.log.leaf import LeafKind, Opening, Role
from archive.log.sequencer import Sequencer
from archive.openings import ChainRows, Openings
from archive.record import digest, head_bytes
from archive.registers import outgoing
from archive.registers.chain import GENESIS, link
from archive.storage import keys
from archive.storage.memory import Fault
from policies.retention import lock_until
from tests.archive.catalogue_fixtures import AGENCY, AT, request_for, signed_document
from tests.archive.fsck.conftest import KEY, ORIGIN, VKEY
from tests.archive.ingest_fixtures import ENTRY, open_house


class Logged:
    """A house with a sequencer that stores what opens its leaves."""

    def __init__(self, directory, chains=openings.REGISTER_CHAIN) -> None:
        self.house = open_house(directory)
        self.openings = Openings(self.house.transactions.read, ORIGIN, chains)

    def sequence(self, **given) -> None:
        sequencer = Sequencer(
            store=self.house.objects,
            catalogue=log_rows,
            transaction=self.house.transactions.write,
            reading=self.house.transactions.read,
            signer=KEY,
            retain_until=lambda: lock_until(AT),
            parallel=False,
            **{"beside": self.openings, **given},
        )
        try:
            while sequencer.run_once().assigned:
                pass
        finally:
            sequencer.close()

    def names(self):
        return list(self.house.objects.list(keys.OPENINGS))

    def stored(self):
        return [openings.read(self.house.objects, key) for key in self.names()]


@pytest.fixture
def logged(tmp_path):
    made = Logged(tmp_path)
    yield made
    made.house.transactions.close()


def gapless(found):
    """The stretches follow each other from the log's beginning on."""
    firsts = [part for part in found if part["part"] == 0]
    return [part["from"] for part in firsts] == [0, *(part["to"] for part in firsts[:-1])]


def journal_of(found):
    return [row for part in found for chain in part["chains"] for row in chain["rows"]]


def test_every_head_is_opened_and_every_row_is_there_once(logged):
    logged.house.issued(b"%PDF one", AT)
    logged.sequence()
    with logged.house.transactions.write() as conn:
        voided = signed_document(conn, AT)
        outgoing.number_and_enter(conn, voided, request_for(voided), ENTRY, AT)
        outgoing.void(conn, voided.id, "Soạn sai", AT)
    logged.house.issued(b"%PDF two", AT + timedelta(days=1))
    logged.sequence()
    first, second = logged.stored()
    assert (first["from"], first["to"], second["from"]) == (0, second["from"], first["to"])
    assert first["origin"] == ORIGIN
    rows = journal_of([first, second])
    assert [row["ordinal"] for row in rows] == [1, 2, 3, 4]
    assert [json.loads(row["entry"])["act"] for row in rows] == ["allotted", "allotted", "voided", "allotted"]
    with logged.house.transactions.read() as conn:
        check_heads(conn, [*first["heads"], *second["heads"]], rows)
        code = documents.get(conn, voided.id).public_code
    entered = json.loads(rows[1]["entry"])["entered"]
    assert (entered["code"], entered["signer"], entered["position"]) == (code, ENTRY.signer, 2)


def check_heads(conn, heads, rows):
    """Salts and rows lead to the leaves, with nothing of the catalogue but the entries."""
    digests, previous = {}, GENESIS
    for row in rows:
        previous = digests[row["ordinal"]] = link(previous, row["ordinal"], row["entry"])
    assert heads
    for head in heads:
        (entry,) = log_rows.sequenced(conn, head["index"], head["index"] + 1)
        committed = digest(
            head_bytes(head["kind"], head["agency"], head["ordinal"], digests[head["ordinal"]])
        )
        leaf = leaves.decode(entry)
        for role, part, salt in (
            (Role.PDF, leaf.pdf, "content_salt"),
            (Role.RECORD, leaf.record, "record_salt"),
        ):
            leaves.check_opening(part, role, Opening(committed, bytes.fromhex(head[salt])))


def test_the_registers_head_comes_before_the_document_in_the_log(logged):
    document = logged.house.archived(b"%PDF one", AT)
    logged.sequence(batch=1)  # the narrowest stretches
    heads = [head["index"] for part in logged.stored() for head in part["heads"]]
    whose = [leaf["document"] for part in logged.stored() for leaf in part["leaves"]]
    assert heads == [0]
    assert whose == [None, document.id]


def test_stretches_have_no_gap_and_are_locked_before_the_checkpoint_is_shown(logged):
    logged.house.issued(b"%PDF one", AT)
    logged.house.objects.fail_at(1, Fault.LOST)
    for write in range(1, 9):
        logged.house.objects.fail_at(write, Fault.KEPT if write % 2 else Fault.LOST)
        with pytest.raises(ArchiveUnavailable):
            logged.sequence()
        if not list(logged.house.objects.list(keys.CHECKPOINTS)):
            continue
        assert logged.names()
        break
    logged.sequence()
    logged.house.issued(b"%PDF two", AT)
    logged.sequence(batch=2)
    found = logged.stored()
    assert gapless(found)
    for key in logged.names():
        assert logged.house.objects.head(key).retain_until >= lock_until(AT)


def test_many_rows_go_into_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(openings, "ROWS_A_PART", 10)

    def rows(_conn, _agency, after, upto):
        return ChainRows(f"before {after + 1}", [{"ordinal": n + 1} for n in range(after, upto)])

    logged = Logged(tmp_path, {LeafKind.AUDIT_HEAD: rows})
    with logged.house.transactions.write() as conn:
        for ordinal in (3, 25, 41):
            bind(conn, Head(LeafKind.AUDIT_HEAD, AGENCY, ordinal, f"{ordinal:064x}"), AT)
    logged.sequence()
    found = logged.stored()
    assert [(part["part"], part["parts"]) for part in found] == [(n, 5) for n in range(5)]
    assert [len(journal_of([part])) for part in found] == [10, 10, 10, 10, 1]
    assert [row["ordinal"] for row in journal_of(found)] == list(range(1, 42))
    logged.house.transactions.close()


def test_they_are_the_first_thing_that_is_written_and_their_first_part_the_last(logged, monkeypatch):
    monkeypatch.setattr(openings, "ROWS_A_PART", 1)
    for number in range(3):
        logged.house.issued(f"%PDF {number}".encode(), AT + timedelta(days=number))
    before = set(logged.house.objects.list(""))
    order, real = [], logged.house.objects.put
    monkeypatch.setattr(
        logged.house.objects, "put", lambda key, *a, **k: order.append(key) or real(key, *a, **k)
    )
    logged.sequence()
    written = [key for key in order if key not in before]
    parts = [keys.openings_stretch(key)[2] for key in written if key.startswith(keys.OPENINGS)]
    assert parts == [2, 1, 0]
    assert all(key.startswith(keys.OPENINGS) for key in written[:3])
    assert not any(key.startswith(keys.OPENINGS) for key in written[3:])


def test_they_carry_the_leaves_and_their_signed_head(logged):
    logged.house.issued(b"%PDF one", AT)
    logged.sequence()
    (part,) = logged.stored()
    head = open_checkpoint(part["note"].encode(), VKEY)
    entries = [base64.b64decode(leaf["entry"]) for leaf in part["leaves"]]
    assert grow(Edge(), entries).edge.root() == head.root
    assert logged.house.objects.open(keys.CHECKPOINT).read() == head.note


def test_a_head_that_covers_nothing_new_brings_no_rows(logged):
    logged.house.archived(b"%PDF one", AT)
    logged.sequence()
    with logged.house.transactions.write() as conn:
        # As two processes do that archive at the same time: the second covers no more than the first.
        last = log_rows.last_head(conn, AGENCY, LeafKind.REGISTER_HEAD)
        entry = leaves.encode(
            leaves.make_leaf(
                LeafKind.REGISTER_HEAD,
                bytes(16),
                Opening(last.content_sha256, bytes(32)),
                Opening(last.content_sha256, bytes(32)),
            )
        )
        log_rows.insert_leaf(
            conn,
            replace(
                last,
                id=bytes(16).hex(),
                log_index=None,
                entry=entry,
                content_salt=bytes(32),
                record_salt=bytes(32),
            ),
        )
    logged.sequence()
    second = logged.stored()[-1]
    assert second["chains"] == []
    assert len(second["heads"]) == 1


def test_what_an_earlier_version_did_not_store_is_caught_up(logged, monkeypatch):
    monkeypatch.setattr(openings, "_STRIDE", 4)
    monkeypatch.setattr(openings, "ROWS_A_PART", 1)
    for number in range(5):
        logged.house.issued(f"%PDF {number}".encode(), AT + timedelta(days=number))
    logged.sequence(beside=lambda *_stretch: ())
    size = keys.checkpoint_size(next(logged.house.objects.list(keys.CHECKPOINTS)))
    assert logged.names() == []
    # Killed in its middle, wherever: the next start goes on.
    for write in (1, 2, 1):
        logged.house.objects.fail_at(write, Fault.KEPT)
        with pytest.raises(ArchiveUnavailable):
            catch_up(logged, size)
    catch_up(logged, size)
    assert catch_up(logged, size) == 0
    logged.house.issued(b"%PDF with the new version", AT + timedelta(days=9))
    logged.sequence()
    found = logged.stored()
    assert gapless(found)
    assert [row["ordinal"] for row in journal_of(found)] == list(range(1, 7))


def test_a_strange_key_among_the_openings_stops_nothing(logged):
    """`fsck` tells of it; the service goes on."""
    for n in range(2):
        logged.house.issued(b"%%PDF %d" % n, AT)
        logged.sequence()
    names = logged.names()
    for key in names[:1]:
        logged.house.objects.vanish(key)
    logged.house.objects.put(keys.OPENINGS + "-partial", b"x", sha256=sha256(b"x").hexdigest())
    size, _, _ = keys.openings_stretch(names[1])
    assert catch_up(logged, size) == 1


def catch_up(logged, size):
    def note_at(wanted):
        return logged.house.objects.open(keys.CHECKPOINT).read() if wanted == size else b""

    return openings.catch_up(logged.house.objects, logged.openings, size, note_at, lock_until(AT))


def test_a_catalogue_that_lacks_a_leaf_opens_nothing(logged):
    logged.house.issued(b"%PDF one", AT)
    logged.sequence()
    with pytest.raises(ArchiveDamaged):
        logged.openings(0, 99, b"")


@pytest.mark.parametrize("change", [{"to": 9}, {"from": -1}, {"part": 7}, {"schema": "other"}])
def test_a_part_under_anothers_name_is_not_read(logged, change):
    logged.house.issued(b"%PDF one", AT)
    logged.sequence()
    (key,) = logged.names()
    value = {**openings.read(logged.house.objects, key), **change}
    logged.house.objects.overwrite(key, openings.canonical(value))
    with pytest.raises(ArchiveDamaged):
        openings.read(logged.house.objects, key)
