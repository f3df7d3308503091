"""What restore says of the log: the highest head that was ever signed counts, for it as for the start and a rebuild."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from api.backup.aftermath import compare
from api.transactions import Transactions
from archive import openings
from archive.catalogue import agency_rows, log_rows
from archive.catalogue.tables import metadata
from archive.catalogue.values import Agency
from archive.errors import ArchiveDamaged, ArchiveUnavailable, LogBehind
from archive.log.begun import Unread, begun
from archive.log.checkpoint import open_checkpoint
from archive.log.recovery import check_heads, read_heads
from archive.log.seen import in_store
from archive.rebuild.chains import REGISTERS
from archive.rebuild.log import find
from archive.rebuild.run import Source, Target, rebuild
from archive.record import canonical, digest
from archive.storage import keys
from tests.archive.catalogue_fixtures import AGENCY, AT
from tests.archive.watch_house import KEY, VKEY, open_watch


class Killed(BaseException):
    """kill -9"""


@pytest.fixture
def cut(tmp_path):
    """Backed up; a document committed after that, and killed between its openings and the checkpoint; restored."""
    watch = open_watch(tmp_path)
    watch.documents(2)
    backup = tmp_path / "backup.sqlite3"
    with watch.house.transactions.write() as conn:
        conn.exec_driver_sql("SELECT 1")
    watch.house.transactions.close()
    shutil.copy(tmp_path / "catalogue.sqlite3", backup)
    _open(watch, tmp_path)
    watch.house.archived(b"%PDF after the backup", AT)
    known = set(watch.first.list(keys.CHECKPOINTS))

    def meets(act, key):
        if act == "put" and key.startswith(keys.CHECKPOINTS) and key not in known:
            raise Killed

    watch.first.meets = meets
    with pytest.raises(Killed):
        watch.sequence()
    watch.first.meets = lambda _act, _key: None
    watch.committed = row_of(watch)
    watch.house.transactions.close()
    for left in tmp_path.glob("catalogue.sqlite3-*"):
        left.unlink()
    shutil.copy(backup, tmp_path / "catalogue.sqlite3")
    _open(watch, tmp_path)
    yield watch
    watch.house.transactions.close()


def _open(watch, directory):
    watch.house.transactions = Transactions(f"sqlite:///{directory / 'catalogue.sqlite3'}")


def row_of(watch):
    with watch.house.transactions.read() as conn:
        return log_rows.current_checkpoint(conn)


def compared(watch, row=None):
    def objects(start):
        with watch.house.transactions.read() as conn:
            return log_rows.objects_from(conn, start)

    return compare(row or row_of(watch), "the object store", watch.first, KEY.vkey, objects)


def signed(watch):
    """Every head that the log's key signed, wherever it lies: roots by size."""
    notes = [watch.first.open(key).read() for key in watch.first.list(keys.CHECKPOINTS)]
    notes += [openings.read(watch.first, key)["note"].encode() for key in watch.first.list(keys.OPENINGS)]
    row = row_of(watch)
    notes += [row.note] if row else []
    found: dict[int, set[bytes]] = {}
    for head in (open_checkpoint(note, VKEY) for note in notes):
        found.setdefault(head.size, set()).add(head.root)
    return found


@pytest.mark.parametrize("later", [0, 1, 2])
def test_a_head_that_lies_in_openings_alone_is_never_signed_anew(cut, later):
    size = cut.committed.size
    found = compared(cut)
    assert (found.state, found.size, found.good) == ("behind", size, False)
    assert sum(found.lost.values()) == size - row_of(cut).size
    for number in range(later):
        cut.house.archived(b"%%PDF after the restore %d" % number, AT)
    for _ in range(2):
        with pytest.raises(LogBehind):
            cut.sequence()
    assert all(len(roots) == 1 for roots in signed(cut).values())
    assert size in {head.size for head in in_store(cut.first, VKEY, "the second store")}


def test_a_rebuild_goes_on_from_it(cut, tmp_path):
    with_new = Transactions(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    with with_new.write() as conn:
        metadata.create_all(conn)
        agency_rows.put_agency(conn, Agency(AGENCY, "UBND tỉnh Sông Hồng", "UBND", {}), AT)
    cut.house.transactions.close()
    cut.house.transactions = with_new
    made = rebuild(
        Source("primary", cut.first, VKEY), Target(with_new.write, REGISTERS), quick=False, clock=lambda: AT
    )
    assert (made.size, made.root) == (cut.committed.size, cut.committed.root)
    assert compared(cut).state == "ahead"
    cut.sequence()
    assert compared(cut).state == "same"
    assert all(len(roots) == 1 for roots in signed(cut).values())


def test_a_row_that_reaches_it_is_ahead_and_another_of_its_size_is_not_ours(cut):
    assert compared(cut, cut.committed).state == "ahead"
    assert compared(cut, replace(cut.committed, root=b"\7" * 32)).state == "another"


def test_a_rebuild_refuses_where_nothing_leads_to_it(cut, tmp_path):
    """The entries rotted, the note did not."""
    last = list(cut.first.list(keys.OPENINGS))[-1]
    value = openings.read(cut.first, last)
    value["leaves"][-1]["entry"] = value["leaves"][0]["entry"]
    cut.first.overwrite(last, canonical(value))
    new = Transactions(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    with pytest.raises(LogBehind):
        rebuild(
            Source("primary", cut.first, VKEY), Target(new.write, REGISTERS), quick=False, clock=lambda: AT
        )
    new.close()
    found = compared(cut)
    assert (found.state, found.lost) == ("behind", {"unreadable": cut.committed.size - row_of(cut).size})


def test_openings_that_the_log_did_not_sign_say_nothing(lite):
    lite.documents(1)
    row = row_of(lite)
    last = list(lite.first.list(keys.OPENINGS))[-1]
    value = openings.read(lite.first, last)
    for start, forged in (
        (row.size, {**value, "from": row.size, "to": row.size + 1}),  # a genuine note of another size
        (row.size - 1, {**value, "note": "garbage"}),
        (0, []),
    ):
        data = canonical(forged)
        lite.first.put(keys.openings_key(start, row.size + 1), data, sha256=digest(data))
    found = begun(lite.first, VKEY, row.size)
    assert (found.head, found.unread) == (None, None)
    assert compared(lite).state == "same"


@pytest.fixture
def unread(lite):
    """An object behind the log's end that the store does not give, while it gives others."""
    lite.documents(1)
    row = row_of(lite)
    name = keys.openings_key(row.size, row.size + 1)
    lite.first.put(name, b"{}", sha256=digest(b"{}"))

    def meets(act, key):
        if key == name and act in ("open", "head"):
            raise ArchiveUnavailable("503")

    lite.first.meets = meets
    return lite, row, name


def test_what_is_not_given_stops_no_log_that_reaches_as_far(unread):
    lite, row, name = unread
    assert begun(lite.first, VKEY, row.size).unread == Unread(row.size + 1, name)
    heads = read_heads(lite.first, VKEY)
    check_heads(heads, replace(row, size=row.size + 1), VKEY.name, (), 1024)
    with pytest.raises(LogBehind, match=name):
        check_heads(heads, row, VKEY.name, (), 1024)


def test_behind_it_nobody_goes_on_without_a_catalogue(unread, tmp_path):
    lite, _, name = unread
    assert compared(lite).state == "damaged"
    with pytest.raises(ArchiveDamaged, match="may bring a later head"):
        find(lite.first, VKEY)
    assert any(name in head.where for head in in_store(lite.first, VKEY, "the store"))


def test_a_field_of_the_same_name_before_it_hides_no_head(lite):
    lite.documents(1)
    size = row_of(lite).size
    name = next(each for each in lite.first.list(keys.OPENINGS) if keys.openings_stretch(each)[1] == size)
    data = canonical({"a": {"note": "ghi chú"}, **openings.read(lite.first, name)})
    lite.first._objects.pop(name)
    lite.first.put(name, data, sha256=digest(data))
    assert begun(lite.first, VKEY, size - 1).head.size == size


def test_large_objects_that_nobody_signed_are_read_so_far_and_named(lite, monkeypatch):
    lite.documents(1)
    row = row_of(lite)
    monkeypatch.setattr("archive.log.begun.MAX_READ", 1000)
    for more in range(1, 4):
        data = b'{"note":"' + b"a" * 900 + b'"}'
        lite.first.put(keys.openings_key(row.size, row.size + more), data, sha256=digest(data))
    with pytest.raises(ArchiveDamaged, match="too much"):
        begun(lite.first, VKEY, row.size)


# A store that is older than the catalogue


def test_a_store_that_was_set_back_lacks_objects(lite):
    """Put back from yesterday's copy: the log would be shown anew, the documents would not."""
    lite.documents(2)
    yesterday = dict(lite.first._objects)
    lite.house.archived(b"%PDF today", AT)
    lite.sequence()
    today = dict(lite.first._objects)
    lite.first._objects.clear()
    lite.first._objects.update(yesterday)
    assert compared(lite).state == "lacking"
    # A crash between the commit and the publication leaves the objects.
    lite.first._objects.update({key: kept for key, kept in today.items() if not key.startswith(keys.LOG)})
    assert compared(lite).state == "ahead"


def test_a_store_that_is_more_than_a_batch_behind(lite):
    lite.documents(1)
    row = row_of(lite)
    assert compared(lite, replace(row, size=row.size + 1024)).state == "ahead"
    assert compared(lite, replace(row, size=row.size + 1025)).state == "lacking"


def test_a_store_whose_highest_checkpoint_is_gone(lite):
    """What it shows is more than it has: the log does not start over it."""
    lite.documents(1)
    lite.documents(1)
    lite.first.vanish(list(lite.first.list(keys.CHECKPOINTS))[-1])
    assert compared(lite).state == "damaged"
    with pytest.raises(ArchiveDamaged):
        lite.sequence()


def test_a_checkpoint_that_cannot_be_read_is_no_refusal(lite):
    """Everything was written by then: restore tells it, and does not end as if nothing were changed."""
    lite.documents(1)
    lite.first.flip(list(lite.first.list(keys.CHECKPOINTS))[-1], 80)
    found = compared(lite)
    assert (found.state, found.good) == ("damaged", False)
