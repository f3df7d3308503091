"""The sequencer's ports over the real catalogue."""

from __future__ import annotations

import pytest

from archive.catalogue import log_rows
from archive.catalogue.values import Leaf
from archive.errors import LogConflict
from archive.log.leaf import LeafKind
from archive.log.merkle import EMPTY_ROOT
from tests.archive.catalogue_fixtures import AGENCY, AT, open_catalogue


@pytest.fixture
def catalogue(tmp_path, database):
    transactions = open_catalogue(tmp_path, database)
    yield transactions
    transactions.close()


def add(conn, name, ordinal=1):
    log_rows.insert_leaf(
        conn,
        Leaf(
            id=name,
            kind=LeafKind.AUDIT_HEAD,
            document=None,
            agency=AGENCY,
            head_ordinal=ordinal,
            content_sha256=None,
            record_sha256=None,
            content_salt=None,
            record_salt=None,
            predecessor=None,
            entry=name.encode(),
            log_index=None,
            created_at=AT,
        ),
    )


def test_leaves_wait_in_the_order_of_their_commits(catalogue):
    with catalogue.write() as conn:
        for name in ("zz", "aa", "mm"):
            add(conn, name)
        assert log_rows.pending(conn, 2) == [("zz", b"zz"), ("aa", b"aa")]
        log_rows.assign(conn, [("zz", 0), ("aa", 1)])
        assert log_rows.pending(conn, 10) == [("mm", b"mm")]
        assert log_rows.sequenced(conn, 0, 2) == [b"zz", b"aa"]
        assert log_rows.leaf(conn, "aa").log_index == 1


def test_a_leaf_is_numbered_once(catalogue):
    with catalogue.write() as conn:
        add(conn, "aa")
        log_rows.assign(conn, [("aa", 0)])
        with pytest.raises(LogConflict):
            log_rows.assign(conn, [("aa", 1)])


def test_an_index_is_given_once(catalogue):
    def assign_twice():
        with catalogue.write() as conn:
            add(conn, "aa")
            add(conn, "bb")
            log_rows.assign(conn, [("aa", 0)])
            log_rows.assign(conn, [("bb", 0)])

    with pytest.raises(LogConflict):
        assign_twice()
    with catalogue.read() as conn:
        assert log_rows.pending(conn, 10) == []


def test_a_missing_leaf_is_told(catalogue):
    with catalogue.write() as conn:
        add(conn, "aa")
        log_rows.assign(conn, [("aa", 1)])
        with pytest.raises(LogConflict, match="lacks 1 of the leaves 0 to 1"):
            log_rows.sequenced(conn, 0, 2)


def test_of_two_sequencers_one_swaps_the_checkpoint(catalogue):
    with catalogue.write() as conn:
        assert log_rows.current_checkpoint(conn) is None
        assert log_rows.swap_checkpoint(conn, 0, EMPTY_ROOT, 2, b"r" * 32, b"note 2")
        assert not log_rows.swap_checkpoint(conn, 0, EMPTY_ROOT, 3, b"s" * 32, b"note 3")
        assert not log_rows.swap_checkpoint(conn, 2, b"x" * 32, 3, b"s" * 32, b"note 3")
        row = log_rows.current_checkpoint(conn)
        assert (row.size, row.root, row.note) == (2, b"r" * 32, b"note 2")
        assert log_rows.swap_checkpoint(conn, 2, b"r" * 32, 3, b"s" * 32, b"note 3")
