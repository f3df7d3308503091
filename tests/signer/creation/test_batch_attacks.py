"""What goes wrong around a batch: keys that do not open, sources that change, journals of others, hanging devices."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from policies.algorithms import Digest, Scheme, SignatureAlgorithm
from signer.creation import single
from signer.creation.batch import Batch, BatchLimits
from signer.creation.batch.journal import NAME, Journal
from signer.creation.batch.worker import failure_of
from signer.creation.staging import Staged, sweep
from signer.errors import SignerUnavailable, SigningRefused, TimestampUnavailable
from signer.stamping.appearance import Appearance
from tests.demo_pki import AT, timestamp_authority
from tests.signer.creation.batch_desk import PAIR, PASSWORD, BatchDesk
from tests.signer.creation.batch_keys import MEDDLING, POISON

MANY = BatchLimits(processes=4, bundle=2)


@pytest.fixture(scope="session")
def containers(pki, tmp_path_factory):
    folder = tmp_path_factory.mktemp("containers")
    for name in ("leader", "second-leader"):
        pki.write_pkcs12(name, folder / f"{name}.p12", PASSWORD)
    return folder


@pytest.fixture
def desk(tmp_path, containers):
    return BatchDesk(tmp_path, containers / "leader.p12")


def told(outcomes):
    return [(each.status.value, each.failure.reason.id if each.failure else "") for each in outcomes]


SIGNED, BEFORE = ("signed", ""), ("done-before", "")
EXISTS = ("refused", "signing.out-exists")
TWICE = ("refused", "signing.out-twice")


def _files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# --- keys


def test_a_wrong_pin_is_tried_once(desk):
    """A token locks itself after three."""
    opened = desk.folder / "opened"
    with pytest.raises(SigningRefused, match=r"signing\.pkcs12-unreadable"):
        desk.run(desk.jobs(12), desk.factory("noted", opened=opened, raises="refused"), MANY)
    assert opened.stat().st_size == 1


def test_a_maker_of_sessions_that_fails_is_tried_once_and_shows_no_values(desk, capfd):
    opened = desk.folder / "opened"
    factory = desk.factory("noted", opened=opened, raises="pin 4711")
    with pytest.raises(SignerUnavailable, match="LookupError") as caught:
        desk.run(desk.jobs(12), factory, MANY)
    assert opened.stat().st_size == 1
    assert "4711" not in str(caught.value) + capfd.readouterr().err


def test_a_process_that_dies_over_the_first_opening_is_the_only_one(desk):
    with pytest.raises(SignerUnavailable, match="while it opened the key"):
        desk.run(desk.jobs(12), desk.factory("stillborn"), MANY)


def test_every_process_opens_the_key_once(desk):
    opened = desk.folder / "opened"
    jobs = desk.jobs(16)
    assert told(desk.run(jobs, desk.factory("noted", opened=opened), MANY)) == [SIGNED] * 16
    assert 1 <= opened.stat().st_size <= 4


def test_a_batch_has_one_signer_whatever_is_put_in_its_place(desk, containers):
    """The container is replaced, or another token put in, while the batch runs."""
    jobs = desk.jobs(8)
    others = containers / "second-leader.p12"
    factory = desk.factory("swapped", opened=desk.folder / "opened", others=others)
    with pytest.raises(SignerUnavailable, match="another key"):
        desk.run(jobs, factory, BatchLimits(processes=2, bundle=1))
    assert set(told(desk.run(jobs))) <= {SIGNED, BEFORE}
    desk.check(jobs)


@pytest.mark.parametrize(
    "change",
    [
        {"key": True},
        {"algorithm": SignatureAlgorithm(Scheme.RSA_PSS, Digest.SHA256)},
        {"stamped": True},
        {"reason": "Phê duyệt"},
        {"field": "Other"},
        {"appearance": Appearance(lines=("An",))},
    ],
    ids=lambda change: "".join(change),
)
def test_what_was_signed_otherwise_is_not_called_signed(desk, containers, pki, change):
    """By another key, without a time-stamp, for another reason: the rerun must not say that it is done."""
    (job,) = desk.jobs(1)
    assert told(desk.run([job])) == [SIGNED]
    before = job.out.read_bytes()
    factory, authority = desk.factory(), None
    if "key" in change:
        factory = desk.factory(container=containers / "second-leader.p12")
    elif "algorithm" in change:
        factory = desk.factory(**change)
    elif "stamped" in change:
        authority = timestamp_authority(pki, AT)
    other = job
    if not change.keys() & {"key", "algorithm", "stamped"}:
        other = dataclasses.replace(job, **change)
    assert told(desk.run([other], factory, authority=authority)) == [EXISTS]
    assert job.out.read_bytes() == before
    assert told(desk.run([job])) == [BEFORE]
    assert desk.uses == 1


# --- sources and outputs


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("how", MEDDLING)
def test_a_source_that_changes_under_our_hands_is_not_signed(desk, when, how):
    """What was read and what is signed are the same bytes, also when the size stays."""
    jobs = desk.jobs(3)
    target = jobs[1].source
    outcomes = desk.run(jobs, desk.factory("meddled", when=when, target=target, how=how))
    found = told(outcomes)
    assert (found[0], found[2]) == (SIGNED, SIGNED)
    if how == "removed":
        assert found[1][1] in {"document.parser-failed", "signing.source-unreadable"}
    else:
        assert found[1] == ("failed", "signing.source-changed")
    assert desk.outputs() == ["000.pdf", "002.pdf"] and desk.uses == 2
    if how != "removed":
        assert told(desk.run(jobs)) == [BEFORE, SIGNED, BEFORE]
        desk.check(jobs)


def test_a_source_that_changed_since_it_was_listed_is_not_signed(desk):
    """Between the list and its turn; else the journal would name a document that was never signed."""
    jobs = desk.jobs(2)
    flag = desk.folder / "flag"

    def listed():
        yield from jobs
        flag.touch()  # both were looked at

    factory = desk.factory("delayed", source=jobs[0].source, flag=flag, target=jobs[1].source)
    assert told(desk.run(listed(), factory)) == [SIGNED, ("failed", "signing.source-changed")]
    assert told(desk.run(jobs)) == [BEFORE, SIGNED]
    desk.check(jobs)


def test_the_first_of_two_for_one_name_has_it_whatever_becomes_of_it(desk):
    """It is never chance which document is signed under a name, in no run."""
    bad, good = desk.jobs(2)
    bad.source.write_bytes(b"hello")
    (desk.outs / "c").mkdir()
    (desk.folder / "link").symlink_to(desk.outs)
    same = [
        dataclasses.replace(good, out=out)
        for out in (bad.out, desk.outs / "c" / ".." / bad.out.name, desk.folder / "link" / bad.out.name)
    ]
    refused = ("refused", "document.not-pdf")
    for _ in range(2):
        assert told(desk.run([bad, *same])) == [refused, TWICE, TWICE, TWICE]
        assert desk.outputs() == []
    assert told(desk.run([good, good])) == [SIGNED, TWICE]
    assert told(desk.run([good, good])) == [BEFORE, TWICE]
    assert desk.uses == 1


def test_a_link_that_leads_nowhere_is_a_name_that_is_taken(desk):
    """Before the key is used, not after."""
    (job,) = desk.jobs(1)
    job.out.symlink_to(desk.folder / "nowhere")
    assert told(desk.run([job])) == [EXISTS]
    assert desk.uses == 0 and desk.journal() == []
    assert job.out.is_symlink() and not (desk.folder / "nowhere").exists()


def test_an_output_that_was_cut_is_not_called_signed(desk):
    (job,) = desk.jobs(1)
    desk.run([job])
    whole = job.out.read_bytes()
    job.out.write_bytes(whole[:-1])
    assert told(desk.run([job])) == [("refused", "signing.out-missing")]
    job.out.write_bytes(whole + b"% signed once more")
    assert told(desk.run([job])) == [BEFORE]


def test_a_folder_that_takes_no_file_leaks_nothing(desk):
    """/proc has neither files without a name nor room for one with."""
    before = _files()
    for _ in range(5):
        with pytest.raises(OSError):
            Staged(Path("/proc"))
    assert _files() == before


def test_a_full_disk_is_no_fault_of_the_document(desk):
    with Staged(desk.outs) as staged, pytest.raises(SigningRefused, match=r"signing\.no-room") as caught:
        staged._check_room(1 << 60)
    assert failure_of(caught.value).refused is False


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o777])
def test_who_cannot_read_a_source_cannot_read_its_output(desk, mode):
    (job,) = desk.jobs(1)
    job.source.chmod(mode)
    before = os.umask(0o022)
    try:
        assert told(desk.run([job])) == [SIGNED]
    finally:
        os.umask(before)
    assert job.out.stat().st_mode & 0o777 == (mode & 0o644) | 0o600


def test_a_pipe_with_the_name_of_a_leftover_holds_nobody_up(desk):
    os.mkfifo(desk.outs / ".antin-0.part")
    sweep(desk.outs)
    assert not list(desk.outs.iterdir())


# --- deaths, hangs, authorities


def test_who_waits_for_a_time_stamp_is_not_blamed_for_a_death(desk, pki):
    """Documents whose signatures are in the process that another document kills are signed again, all of them."""
    jobs = desk.jobs(6)
    poison = desk.job(f"{POISON}.pdf")
    poison.source.write_bytes(jobs[0].source.read_bytes())
    inner = timestamp_authority(pki, AT)
    died = threading.Event()

    class Slow:
        name, reserve = "slow", inner.reserve

        def token(self, imprint, digest):
            died.wait(60)
            return inner.token(imprint, digest)

    def progress(counts):
        if counts.failed:
            died.set()

    limits = BatchLimits(processes=1, bundle=2)
    jobs.insert(3, poison)
    outcomes = desk.run(jobs, desk.factory("poisoned"), limits, authority=Slow(), progress=progress)
    expected = [SIGNED] * 3 + [("failed", "signing.worker-died")] + [SIGNED] * 3
    assert told(outcomes) == expected
    desk.check([job for job in jobs if job is not poison])
    assert desk.uses - 6 <= sum(outcome.lost_uses for outcome in outcomes)


@pytest.mark.long
def test_a_process_that_hangs_is_killed_and_its_documents_are_signed(desk):
    jobs = desk.jobs(3)
    limits = BatchLimits(processes=1, bundle=1, document_seconds=8)
    outcomes = desk.run(jobs, desk.factory("hanging", flag=desk.folder / "flag"), limits)
    assert told(outcomes) == [SIGNED] * 3
    desk.check(jobs)


def test_a_device_that_is_gone_ends_the_batch_before_every_document_costs_a_use(desk):
    jobs = desk.jobs(40)
    down = desk.log.with_suffix(".down")
    down.touch()
    outcomes = []
    limits = BatchLimits(processes=1, bundle=4, unanswered=8)
    with (
        pytest.raises(SignerUnavailable, match="8 documents in a row"),
        Batch(jobs, desk.outs, desk.factory(), limits=limits) as batch,
    ):
        outcomes.extend(batch)
    assert set(told(outcomes)) == {("failed", "signing.not-available")}
    assert 8 <= len(outcomes) < 8 + 4, "the bundle in hand is told"
    down.unlink()
    assert told(desk.run(jobs)) == [SIGNED] * 40
    desk.check(jobs)


def test_an_authority_that_is_down_ends_the_batch(desk, pki):
    reserve = timestamp_authority(pki, AT).reserve

    class Down:
        name = "down"
        asked = 0

        def token(self, _imprint, _digest):
            self.asked += 1
            raise TimestampUnavailable("down")

    authority = Down()
    authority.reserve = reserve
    jobs = desk.jobs(40)
    limits = BatchLimits(processes=1, bundle=4, unanswered=4, waiting=4)
    with pytest.raises(SignerUnavailable, match="documents in a row"):
        desk.run(jobs, limits=limits, authority=authority)
    assert authority.asked < 20 and desk.outputs() == []


def test_a_batch_leaves_no_thread_and_no_descriptor(desk, pki):
    authority = timestamp_authority(pki, AT)
    jobs = desk.jobs(4)
    desk.run(jobs[:2], authority=authority, limits=PAIR)
    threads, files = threading.active_count(), _files()
    desk.run(jobs, authority=authority, limits=PAIR)
    deadline = time.monotonic() + 20
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() <= threads  # fewer: somebody else's ended meanwhile
    assert _files() == files


# --- journals


HOLES = [[0, 0], ["a", "b"], [-1, 5], 7]


def test_a_journal_of_something_else_changes_nothing(desk):
    """Deep lists, binary, events with values that no batch writes: none of them is an event."""
    jobs = desk.jobs(2)
    desk.run(jobs[:1])
    path = desk.outs / NAME
    intent = desk.journal()[0]
    odd = [
        {**intent, "hole": hole, "size": size, "digest": digest}
        for hole in HOLES
        for size in (jobs[0].out.stat().st_size, -1, "9", 1e9, None)
        for digest in (intent["digest"], "shake_128:00", "nothing", "sha256:")
    ]
    lines = [json.dumps(each).encode() for each in odd]
    lines += [b"[" * 100_000, os.urandom(100_000), b"null", b"[]", b'{"event": ["intent"], "key": "0"}']
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert told(desk.run(jobs)) == [EXISTS, SIGNED]
    with Journal(desk.outs) as journal:
        assert journal.intent(intent["key"]) is None or not journal.intent(intent["key"]).made(jobs[0].out)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_journal_is_a_file_of_its_own(desk, kind):
    """A link would have us write behind whatever file its maker chose."""
    place, other = desk.outs / NAME, desk.folder / "other"
    other.write_bytes(b"x")
    {"link": lambda: place.symlink_to(other), "pipe": lambda: os.mkfifo(place), "folder": place.mkdir}[kind]()
    with pytest.raises(OSError):
        desk.run(desk.jobs(1))
    assert other.read_bytes() == b"x" and desk.uses == 0


def test_lost_and_signed_call_an_output_by_one_name(desk):
    (job,) = desk.jobs(1)
    down = desk.log.with_suffix(".down")
    down.touch()
    desk.run([job])
    down.unlink()
    desk.run([job])
    assert Counter((event["event"], event["out"]) for event in desk.journal()) == {
        ("intent", "000.pdf"): 2,
        ("lost", "000.pdf"): 1,
        ("signed", "000.pdf"): 1,
    }


def test_one_file_is_held_to_the_same(desk, pki):
    """`single.sign` by itself: a name that is taken costs no use of the key."""
    (job,) = desk.jobs(1)
    job.out.symlink_to(desk.folder / "nowhere")
    with pytest.raises(FileExistsError):
        single.sign(
            job.source, job.out, None, pki.signing_key("leader"), lambda *_given: pytest.fail("drafted")
        )
