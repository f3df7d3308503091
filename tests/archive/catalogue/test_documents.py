from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.catalogue import document_changes, document_lists, documents
from archive.catalogue.identity import new_id, new_public_code
from archive.catalogue.values import NewVersion, Signer, VersionRole
from archive.errors import ArchiveRefused
from policies.issuing import Act, Facts
from policies.reasons import access, archiving, issuing
from policies.refusals import Refused
from policies.vocabulary import FieldRole, State
from tests.archive.catalogue_fixtures import AGENCY, AT, new_document, open_catalogue


@pytest.fixture
def catalogue(tmp_path, database):
    transactions = open_catalogue(tmp_path, database)
    yield transactions
    transactions.close()


def test_a_new_document_is_a_draft_with_its_upload(catalogue):
    with catalogue.write() as conn:
        document = new_document(conn, recipients=("Sở Nội vụ",), metadata={"TypeName": "Quyết định"})
        (version,) = documents.versions(conn, document.id)
    assert (document.state, document.version, document.number) == (State.DRAFT, 1, None)
    assert document.recipients == ("Sở Nội vụ",)
    assert document.metadata == {"TypeName": "Quyết định"}
    assert (version.role, version.sha256) == (VersionRole.UPLOADED, document.current_sha256)


def test_ids_sort_by_time_and_codes_are_128_bits():
    ids = [new_id(AT + timedelta(milliseconds=n)) for n in range(50)]
    assert ids == sorted(ids)
    assert all(UUID(value).version == 7 and UUID(value).variant == "specified in RFC 4122" for value in ids)
    codes = {new_public_code() for _ in range(50)}
    assert len(codes) == 50
    assert all(re.fullmatch("[a-z2-7]{26}", code) for code in codes)


def test_a_document_is_found_by_id_code_and_any_version(catalogue):
    with catalogue.write() as conn:
        document = new_document(conn)
        later = NewVersion(VersionRole.PREPARED, "ab" * 32, 10)
        document = document_changes.advance(conn, document, Act.PREPARE, AT, version=later)
        assert documents.by_code(conn, document.public_code.upper()) == document
        for version in documents.versions(conn, document.id):
            assert documents.by_digest(conn, version.sha256) == (document, version)
        assert documents.by_digest(conn, "00" * 32) is None
        assert documents.find(conn, "no such id") is None
        with pytest.raises(ArchiveRefused) as refused:
            documents.get(conn, "no such id")
    assert refused.value.reason is archiving.NO_DOCUMENT
    assert document.current_sha256 == "ab" * 32


def test_a_row_that_moved_is_not_overwritten(catalogue):
    with catalogue.write() as conn:
        seen = new_document(conn)
        document_changes.change(conn, seen, AT, subject="Về việc khác")
        with pytest.raises(ArchiveRefused) as refused:
            document_changes.change(conn, seen, AT, subject="Về việc khác nữa")
        assert documents.get(conn, seen.id).subject == "Về việc khác"
        assert documents.get(conn, seen.id).version == 2
    assert refused.value.reason is access.CHANGED_MEANWHILE


def test_what_a_change_returns_is_what_is_stored(catalogue):
    local = AT.astimezone(timezone(timedelta(hours=7)))
    boxes = [{"role": "seal", "page": 0, "name": "seal", "rect": [1.0, 2, 3.5, 4], "rotation": 0}]
    with catalogue.write() as conn:
        document = new_document(conn)
        for values in (
            {"boxes": boxes, "number": 1},
            {"state": State.SEALED},
            {"metadata": {"a": [1, None]}},
        ):
            document = document_changes.change(conn, document, local, **values)
            assert repr(document) == repr(documents.get(conn, document.id))


def test_the_version_of_a_row_counts_its_changes(catalogue):
    with catalogue.write() as conn:
        document = new_document(conn)
        assert documents.row_version(conn, document.id) == document.version == 1
        changed = document_changes.change(conn, document, AT, subject="Về việc khác")
        assert documents.row_version(conn, document.id) == changed.version == 2
        with pytest.raises(ArchiveRefused) as refused:
            documents.row_version(conn, "no such id")
    assert refused.value.reason is archiving.NO_DOCUMENT


def test_versions_are_numbered_in_the_order_in_which_they_came(catalogue):
    with catalogue.write() as conn:
        first, second = new_document(conn), new_document(conn)
        for number in range(3):
            for document in (first, second):
                version = NewVersion(VersionRole.PREPARED, f"{number:064d}", number)
                document_changes.add_version(conn, document.id, version, AT)
        for document in (first, second):
            found = documents.versions(conn, document.id)
            assert [version.ordinal for version in found] == [1, 2, 3, 4]
            assert [version.size for version in found[1:]] == [0, 1, 2]


def test_a_refused_act_changes_nothing(catalogue):
    with catalogue.write() as conn:
        document = new_document(conn)
        with pytest.raises(Refused):
            document_changes.advance(conn, document, Act.SEAL, AT, facts=Facts(number="01/QĐ-UBND"))
        assert documents.get(conn, document.id) == document


def test_reasons_and_the_state_before_a_stop_are_kept(catalogue):
    with catalogue.write() as conn:
        document = document_changes.change(conn, new_document(conn), AT, state=State.SEALED)
        stopped = document_changes.advance(
            conn, document, Act.STOP, AT, facts=Facts(reason="pyHanko: khác kết luận")
        )
        facts = Facts(reason="đã kiểm tra")
        resumed = document_changes.advance(conn, stopped, Act.RESUME, AT, facts=facts)
    assert (stopped.state, stopped.stopped_from) == (State.STOPPED, State.SEALED)
    assert stopped.reason == "pyHanko: khác kết luận"
    assert resumed.state is State.SEALED


def test_the_row_and_not_the_caller_says_from_where_it_was_stopped(catalogue):
    with catalogue.write() as conn:
        document = document_changes.change(conn, new_document(conn), AT, state=State.FILED)
        stopped = document_changes.advance(conn, document, Act.STOP, AT, facts=Facts(reason="pyHanko"))
        facts = Facts(reason="Hủy", stopped_from=State.SEALED)
        with pytest.raises(Refused) as refused:
            document_changes.advance(conn, stopped, Act.VOID, AT, facts=facts)
    assert refused.value.reason is issuing.ISSUED_ALREADY


def test_a_second_recall_leaves_the_first_as_it_was(catalogue):
    with catalogue.write() as conn:
        issued = document_changes.change(conn, new_document(conn), AT, state=State.ISSUED, issued_at=AT)
        first, again = Facts(reason="Sai số liệu"), Facts(reason="Lần nữa", recalled=False)
        recalled = document_changes.advance(conn, issued, Act.RECALL, AT, facts=first, recalled_at=AT)
        later = AT + timedelta(days=1)
        with pytest.raises(Refused) as refused:
            document_changes.advance(conn, recalled, Act.RECALL, later, facts=again, recalled_at=later)
        assert documents.get(conn, issued.id) == recalled
    assert refused.value.reason is issuing.RECALLED_ALREADY
    assert (recalled.recalled_at, recalled.reason) == (AT, "Sai số liệu")


@pytest.mark.parametrize("state", State)
def test_in_force_is_what_is_out_and_neither_stopped_recalled_nor_replaced(catalogue, state):
    with catalogue.write() as conn:
        issued = document_changes.change(conn, new_document(conn), AT, state=state, issued_at=AT)
    assert issued.in_force is (state in (State.ISSUED, State.FILED))
    assert not replace(issued, recalled_at=AT).in_force
    assert not replace(issued, replaced_by="x").in_force


def all_pages(listing):
    found, cursor = [], None
    while True:
        page = listing(cursor)
        found += page.documents
        if page.next is None:
            return found
        cursor = page.next


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=12), st.integers(1, 5))
def test_desks_show_everything_once_urgent_first_then_oldest(catalogue, rows, limit):
    with catalogue.write() as conn:
        conn.exec_driver_sql("DELETE FROM document_versions")
        conn.exec_driver_sql("DELETE FROM documents")
        for urgency, minutes in rows:
            new_document(conn, AT + timedelta(minutes=minutes), urgency=urgency)
    with catalogue.read() as conn:
        shown = all_pages(lambda c: document_lists.desk(conn, AGENCY, [State.DRAFT], cursor=c, limit=limit))
        recent = all_pages(
            lambda c: document_lists.newest(conn, AGENCY, [State.DRAFT], cursor=c, limit=limit)
        )
    assert len(shown) == len({document.id for document in shown}) == len(rows)
    assert shown == sorted(shown, key=lambda d: (-d.urgency, d.created_at, d.id))
    assert recent == sorted(recent, key=lambda d: (d.created_at, d.id), reverse=True)


def test_a_leader_sees_what_waits_for_him_next(catalogue):
    def signer(document, ordinal, account, signed_at=None):
        field = f"leader-{ordinal}"
        return Signer(document.id, ordinal, FieldRole.LEADER, account, account, "Chủ tịch", field, signed_at)

    def waiting(account):
        with catalogue.read() as conn:
            page = document_lists.desk(conn, AGENCY, [State.PREPARED], waits_for=account)
        return [document.id for document in page.documents]

    with catalogue.write() as conn:
        document = document_changes.advance(conn, new_document(conn), Act.PREPARE, AT)
        new_document(conn)
        signers = [signer(document, 1, "an"), signer(document, 2, "bình")]
        document_changes.set_signers(conn, document.id, signers)
    assert (waiting("an"), waiting("bình"), waiting("cúc")) == ([document.id], [], [])
    with catalogue.write() as conn:
        document_changes.mark_signed(conn, signers[0], AT)
        assert [s.signed_at for s in documents.signers(conn, document.id)] == [AT, None]
    assert (waiting("an"), waiting("bình")) == ([], [document.id])


def test_badges_count_by_state(catalogue):
    with catalogue.write() as conn:
        for _ in range(3):
            new_document(conn)
        document_changes.advance(conn, new_document(conn), Act.PREPARE, AT)
        assert document_lists.count(conn, AGENCY) == {State.DRAFT: 3, State.PREPARED: 1}
        assert document_lists.count(conn, "H00") == {}


def test_bytes_are_needed_by_open_documents_and_by_those_archived_lately(catalogue):
    digests = ["1" * 64, "2" * 64, "3" * 64, "4" * 64]
    with catalogue.write() as conn:
        still_open, lately, long_ago = (new_document(conn, content=bytes([n])) for n in range(3))
        for document, sha256 in zip((still_open, lately, long_ago), digests, strict=False):
            document_changes.add_version(conn, document.id, NewVersion(VersionRole.PREPARED, sha256, 1), AT)
        document_changes.change(conn, lately, AT, state=State.ARCHIVED, archived_at=AT)
        document_changes.change(conn, long_ago, AT, state=State.ARCHIVED, archived_at=AT - timedelta(days=31))
        document_changes.add_version(conn, lately.id, NewVersion(VersionRole.SEALED, digests[3], 1), AT)
        document_changes.add_version(conn, long_ago.id, NewVersion(VersionRole.SEALED, digests[3], 1), AT)
    with catalogue.read() as conn:
        before = AT - timedelta(days=30)
        assert document_lists.needed(conn, [*digests, "5" * 64], before) == {
            digests[0],
            digests[1],
            digests[3],
        }
        assert document_lists.needed(conn, [], before) == set()
