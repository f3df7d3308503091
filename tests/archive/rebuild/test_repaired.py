"""Objects that were damaged and repaired before the catalogue was lost.

The whole copy is a newer version. Only what a leaf, a signature or the signed root bears out tells it from one that
somebody else put there.
"""

from __future__ import annotations

import json

import pytest

from archive import openings
from archive.catalogue import log_rows
from archive.errors import ArchiveDamaged, ArchiveUnavailable
from archive.fsck import findings as ids
from archive.log.reader import highest_checkpoint
from archive.record import canonical, digest
from archive.storage import keys
from archive.storage.versions import MOST
from tests.archive.catalogue_fixtures import AT
from tests.archive.fsck.conftest import VKEY
from tests.archive.rebuild.lost import Archive
from tests.archive.watch_house import some_leaf


@pytest.fixture
def lost(filled, tmp_path):
    archive = filled.lose(tmp_path / "after")
    archive.twin = filled.twin
    yield archive
    archive.house.transactions.close()


def event(archive):
    return keys.event_key(archive.recalled, 2)


def hold(archive):
    """The version of a dossier that put it under a hold which stands."""
    acts = {key: read(archive, key) for key in archive.objects.list(keys.DOSSIERS) if key.endswith(".json")}
    released = {value["dossier"]["id"] for value in acts.values() if value["act"] == "released"}
    return next(
        key
        for key, value in acts.items()
        if value["act"] == "held" and value["dossier"]["id"] not in released
    )


def rows_of_registers(archive):
    return next(iter(archive.objects.list(keys.OPENINGS)))


def last_openings(archive):
    """They have the tail of the log, for no full bundle is there."""
    return list(archive.objects.list(keys.OPENINGS))[-1]


def checkpoint(archive):
    return list(archive.objects.list(keys.CHECKPOINTS))[-1]


ALL = [event, hold, rows_of_registers, last_openings, checkpoint]


def read(archive, key):
    return json.loads(archive.objects.open(key).read())


def repair(archive, key, whole):
    return archive.objects.replace_damaged(key, whole, sha256=digest(whole), retain_until=AT)


def told(archive):
    return {(finding, place) for finding, place, _ in archive.told()}


def facts(archive):
    """What the damage would take away."""
    return {
        "recalled": [row["recalled_at"] for row in archive.rows("documents") if row["recalled_at"]],
        "holds": sorted((row["reason"], str(row["state"])) for row in archive.rows("holds")),
        "versions": len(archive.rows("dossier_versions")),
        "numbers": [(row["kind"], row["number"], row["text"]) for row in archive.rows("numbers")],
        "journal": [(row["sha256"], row["at"]) for row in archive.rows("register_journal")],
        "leaves": [(row["entry"], row["content_salt"]) for row in archive.rows("leaves")],
    }


@pytest.fixture(scope="module")
def expected(filled, tmp_path_factory):
    whole = filled.lose(tmp_path_factory.mktemp("whole"))
    whole.rebuild()
    yield facts(whole)
    whole.house.transactions.close()


@pytest.mark.parametrize("which", ALL)
def test_what_was_repaired_comes_back(lost, expected, which):
    key = which(lost)
    whole = lost.objects.open(key).read()
    lost.objects.flip(key, 80)
    repaired = repair(lost, key, whole)
    lost.rebuild()
    assert told(lost) == set()
    assert facts(lost) == expected
    assert all(row["version"] == repaired.version for row in lost.rows("objects") if row["key"] == key)


@pytest.mark.parametrize("which", ALL)
def test_a_forged_version_over_it_wins_nowhere(lost, expected, which):
    """One that is older than the repair, and one that is newer."""
    key = which(lost)
    whole = lost.objects.open(key).read()
    forged = _forged(lost, key, whole)
    lost.objects.flip(key, 80)
    lost.objects.shadow(key, forged)
    repair(lost, key, whole)
    lost.objects.shadow(key, forged + b" ")
    lost.rebuild()
    assert told(lost) == set()
    assert facts(lost) == expected


@pytest.mark.parametrize("which", ALL)
def test_a_forged_version_over_a_whole_object_wins_nowhere(lost, expected, which):
    key = which(lost)
    lost.objects.shadow(key, _forged(lost, key, lost.objects.open(key).read()))
    lost.rebuild()
    assert told(lost) == set()
    assert facts(lost) == expected


def _forged(archive, key, whole):
    if key.startswith(keys.CHECKPOINTS):
        return archive.objects.open(
            next(iter(archive.objects.list(keys.CHECKPOINTS)))
        ).read()  # genuine, older
    value = json.loads(whole)
    if key.startswith(keys.OPENINGS):
        for chain in value["chains"]:
            for row in chain["rows"]:
                row |= {"entry": row["entry"][:-2] + ' "}'} if "entry" in row else {"text": "forged"}
        for head in value["heads"]:
            head["content_salt"] = "00" * 32
    else:
        value["at"] = "2001-01-01T00:00:00+00:00"
    return canonical(value)


@pytest.mark.parametrize("which", [event, hold, rows_of_registers])
def test_a_forged_version_over_a_damaged_one_is_told_and_not_taken(lost, which):
    key = which(lost)
    forged = _forged(lost, key, lost.objects.open(key).read())
    lost.objects.flip(key, 80)
    lost.objects.shadow(key, forged)
    lost.rebuild()
    assert not lost.check().clean
    assert told(lost) & {
        (ids.RECORD_MALFORMED, key),
        (ids.RECORD_DIFFERS, key),
        (ids.OPENINGS_BROKEN, key),
    } or ids.HEAD_DIFFERS in {finding for finding, _ in told(lost)}


def test_other_times_in_a_version_that_heads_prove_are_told(lost):
    key = rows_of_registers(lost)
    whole = lost.objects.open(key).read()
    value = json.loads(whole)
    for chain in value["chains"]:
        for row in chain["rows"]:
            row["at"] = "2001-01-01T00:00:00+00:00"
    lost.objects.flip(key, 80)
    lost.objects.shadow(key, canonical(value))
    repair(lost, key, whole)
    lost.rebuild()
    assert told(lost) == {(ids.OPENINGS_BROKEN, key)}


@pytest.mark.parametrize("which", [event, hold])
def test_more_versions_than_anybody_looks_at_are_told(lost, which):
    key = which(lost)
    whole = lost.objects.open(key).read()
    lost.objects.flip(key, 80)
    for number in range(MOST):
        lost.objects.shadow(key, b"%d" % number)
    repair(lost, key, whole)
    lost.rebuild()
    assert (ids.OBJECT_UNREADABLE, key) in told(lost)


def test_a_checkpoint_under_more_versions_than_anybody_looks_at_is_refused(lost):
    key = checkpoint(lost)
    whole = lost.objects.open(key).read()
    lost.objects.flip(key, 80)
    for number in range(MOST):
        lost.objects.shadow(key, b"%d" % number)
    repair(lost, key, whole)
    with pytest.raises(ArchiveDamaged, match="more than 32 versions"):
        highest_checkpoint(lost.objects, VKEY)


@pytest.mark.parametrize("which", ALL)
def test_one_that_is_not_given_for_its_bytes_have_rotted(lost, expected, which):
    """Servers with checksums of their own answer with an error, for ever."""
    key = which(lost)
    whole = lost.objects.open(key).read()
    lost.objects.flip(key, 80)
    repair(lost, key, whole)
    opened = lost.objects.open

    def given(name, version=""):
        if (name, version) == (key, ""):
            raise ArchiveUnavailable("500")
        return opened(name, version)

    lost.objects.open = given
    lost.rebuild()
    assert told(lost) == set()
    assert facts(lost) == expected


@pytest.mark.parametrize("which", [event, hold])
def test_one_that_is_not_given_now_is_not_left_out(lost, which):
    """A forged version over it must not make the rebuild go on without it."""
    key = which(lost)
    lost.objects.shadow(key, b"{}")
    opened = lost.objects.open

    def given(name, version=""):
        if (name, version) == (key, ""):
            raise ArchiveUnavailable("503")
        return opened(name, version)

    lost.objects.open = given
    with pytest.raises(ArchiveUnavailable):
        lost.rebuild()
    lost.objects.open = opened
    lost.rebuild()
    assert told(lost) == set()


@pytest.fixture(scope="module")
def long_log(tmp_path_factory):
    archive = Archive(tmp_path_factory.mktemp("long"))
    archive.house.issued(b"%PDF one", AT)
    with archive.house.transactions.write() as conn:
        for _ in range(300):
            log_rows.insert_leaf(conn, some_leaf())
    archive.sequence()
    yield archive
    archive.house.transactions.close()


@pytest.mark.parametrize("key", ["log/tile/entries/000", "log/tile/0/000"])
def test_tiles_that_were_repaired_lead_to_the_root(long_log, tmp_path, key):
    lost = long_log.lose(tmp_path / "after")
    whole = lost.objects.open(key).read()
    lost.objects.flip(key, 80)
    lost.objects.shadow(key, whole[:-1] + bytes([whole[-1] ^ 1]))
    repair(lost, key, whole)
    lost.rebuild()
    assert {finding for finding, _ in told(lost)} <= {ids.LEAF_UNOPENED}  # they belong to nothing
    lost.house.transactions.close()


def test_a_tail_in_openings_that_were_repaired(long_log, tmp_path):
    """The restored catalogue is compared with the log, whose last leaves lie there."""
    lost = long_log.lose(tmp_path / "after")
    for key in list(lost.objects.list(keys.OPENINGS)):
        whole = lost.objects.open(key).read()
        lost.objects.flip(key, 80)
        repair(lost, key, whole)
    for key in list(lost.objects.list(keys.TILES + "entries/001.p/")):
        lost.objects.vanish(key)
    head = highest_checkpoint(lost.objects, VKEY)
    start = head.size - head.size % 256
    assert len(openings.tail(lost.objects, VKEY, head.checkpoint)(start, head.size)) == head.size % 256
    lost.house.transactions.close()
