"""Batches: order, bounds, bad documents, time-stamps, reruns. Deaths stand in tests/crashes/test_batch_crashes.py."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections import Counter
from pathlib import Path

import pytest

from api.demo import tsa
from signer.creation import cms
from signer.creation.batch import Batch, BatchLimits, Counts, Factory, Job, Status
from signer.creation.batch.journal import NAME, Journal, JournalWriter
from signer.creation.batch.process import KeyProcess
from signer.document.reader import PdfFile
from signer.errors import SignerUnavailable, SigningRefused
from signer.timestamping.token import TokenRules
from signer.timestamping.twin import FailingTimestampAuthority, Failure
from tests.demo_pki import AT, timestamp_authority, trust
from tests.service import PATIENCE, until
from tests.signer.creation.batch_desk import FEW, FIELD, PAIR, PASSWORD, BatchDesk


@pytest.fixture(scope="session")
def container(pki, tmp_path_factory):
    path = tmp_path_factory.mktemp("container") / "leader.p12"
    pki.write_pkcs12("leader", path, PASSWORD)
    return path


@pytest.fixture
def desk(tmp_path, container):
    return BatchDesk(tmp_path, container)


def statuses(outcomes):
    return [outcome.status for outcome in outcomes]


def test_every_document_is_signed_once_in_order(desk):
    jobs = desk.jobs(11)
    outcomes = desk.run(jobs, limits=PAIR)
    assert [outcome.job for outcome in outcomes] == jobs
    assert statuses(outcomes) == [Status.SIGNED] * 11
    desk.check(jobs)
    assert desk.uses == 11
    assert all(outcome.lost_uses == 0 for outcome in outcomes)


def test_a_bad_document_stops_no_other_and_keeps_its_place(desk):
    jobs = desk.jobs(6)
    jobs[1].source.write_bytes(b"hello")
    jobs[3].source.unlink()
    jobs[4].out.write_bytes(b"mine")
    outcomes = desk.run(jobs)
    assert [outcome.job for outcome in outcomes] == jobs
    found = {n: (each.status, each.failure.reason.id) for n, each in enumerate(outcomes) if each.failure}
    assert found == {
        1: (Status.REFUSED, "document.not-pdf"),
        3: (Status.REFUSED, "signing.source-unreadable"),
        4: (Status.REFUSED, "signing.out-exists"),
    }
    assert all(outcomes[n].failure.text("vi") and outcomes[n].failure.text("en") for n in found)
    assert jobs[4].out.read_bytes() == b"mine"
    jobs[4].out.unlink()
    desk.check([jobs[n] for n in (0, 2, 5)])
    assert desk.uses == 3


def test_names_that_are_no_text_and_things_that_are_no_files(desk):
    (job,) = desk.jobs(1)
    odd = desk.job(os.fsdecode(b"\xff.pdf"))
    odd.source.write_bytes(job.source.read_bytes())
    pipe = desk.job("pipe.pdf")
    os.mkfifo(pipe.source)
    outcomes = desk.run([odd, pipe])
    assert statuses(outcomes) == [Status.SIGNED, Status.REFUSED]
    assert outcomes[1].failure.reason.id == "signing.source-unreadable"
    assert statuses(desk.run([odd])) == [Status.DONE_BEFORE]


def test_two_jobs_never_share_an_output(desk):
    first, second = desk.jobs(2)
    outcomes = desk.run([first, dataclasses.replace(second, out=first.out), second])
    assert statuses(outcomes) == [Status.SIGNED, Status.REFUSED, Status.SIGNED]
    assert outcomes[1].failure.reason.id == "signing.out-twice"
    desk.check([first, second])


def test_a_signed_file_is_not_signed_again(desk):
    (job,) = desk.jobs(1)
    desk.run([job])
    again = Job(job.out, desk.outs / "again.pdf", FIELD, make_field=True)
    (outcome,) = desk.run([again])
    assert outcome.failure.reason.id == "document.already-signed"
    assert desk.outputs() == ["000.pdf"]


def test_a_rerun_signs_only_what_is_new(desk):
    jobs = desk.jobs(5)
    desk.run(jobs[:3])
    before = {job.out: job.out.read_bytes() for job in jobs[:3]}
    outcomes = desk.run(jobs)
    assert statuses(outcomes) == [Status.DONE_BEFORE] * 3 + [Status.SIGNED] * 2
    assert {out: out.read_bytes() for out in before} == before
    desk.check(jobs)
    assert desk.uses == 5


def test_a_source_that_changed_is_another_document(desk):
    (job,) = desk.jobs(1)
    desk.run([job])
    job.source.write_bytes(job.source.read_bytes() + b"\n")
    (outcome,) = desk.run([job])
    assert outcome.failure.reason.id == "signing.out-exists"


def test_an_output_that_was_taken_away_is_not_made_twice(desk):
    (job,) = desk.jobs(1)
    desk.run([job])
    job.out.rename(desk.folder / "elsewhere.pdf")
    (outcome,) = desk.run([job])
    assert (outcome.status, outcome.failure.reason.id) == (Status.REFUSED, "signing.out-missing")
    assert desk.outputs() == [] and desk.uses == 1


def test_the_iterable_is_read_no_further_than_the_window(desk):
    jobs = desk.jobs(12)
    pulled = []

    def lazily():
        for job in jobs:
            pulled.append(job)
            yield job

    limits = BatchLimits(processes=1, bundle=1, window=3)
    with Batch(lazily(), desk.outs, desk.factory(), limits=limits) as batch:
        for handed_over, _ in enumerate(batch, 1):
            assert len(pulled) <= handed_over + 3
    assert len(pulled) == 12
    desk.check(jobs)


def test_progress_counts_everything(desk):
    jobs = desk.jobs(4)
    jobs[2].source.write_bytes(b"hello")
    seen: list[Counts] = []
    desk.run(jobs, progress=seen.append)
    assert seen[-1] == Counts(signed=3, refused=1)
    assert seen[-1].finished == 4
    assert [each.finished for each in seen] == sorted(each.finished for each in seen)


def test_one_batch_at_a_time_in_a_folder(desk):
    jobs = desk.jobs(1)
    with Journal(desk.outs), pytest.raises(SigningRefused, match=r"signing\.batch-running"):
        desk.run(jobs)
    assert statuses(desk.run(jobs)) == [Status.SIGNED]


def test_a_key_that_does_not_open_ends_the_batch(desk):
    jobs = desk.jobs(3)
    with pytest.raises(SigningRefused, match=r"signing\.pkcs12-unreadable") as caught:
        desk.run(jobs, desk.factory(password="khong phai"))
    assert "khong phai" not in caught.value.text("en")
    assert desk.outputs() == []


def test_processes_that_die_at_once_end_the_batch(desk):
    with pytest.raises(SignerUnavailable, match="while it opened the key"):
        desk.run(desk.jobs(30), desk.factory("stillborn"))
    assert desk.outputs() == []


def test_a_device_that_is_gone_fails_documents_and_a_rerun_signs_them(desk):
    jobs = desk.jobs(3)
    down = desk.log.with_suffix(".down")
    down.touch()
    outcomes = desk.run(jobs)
    assert statuses(outcomes) == [Status.FAILED] * 3
    assert {outcome.failure.reason.id for outcome in outcomes} == {"signing.not-available"}
    assert [outcome.lost_uses for outcome in outcomes] == [1, 1, 1], "whoever fails may have signed"
    assert Counter(event["event"] for event in desk.journal()) == {"intent": 3, "lost": 3}
    down.unlink()
    assert statuses(desk.run(jobs)) == [Status.SIGNED] * 3
    desk.check(jobs)


def test_the_password_is_in_no_command_line_and_no_environment(desk):
    with Journal(desk.outs) as journal:
        running = KeyProcess(desk.factory(), desk.outs, FEW, journal.lock)
        try:
            place = Path("/proc") / str(running.process.pid)
            shown = (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
            assert PASSWORD.encode() not in shown
            assert "leader.p12" not in shown.decode(errors="replace")
        finally:
            running.close()
    assert PASSWORD not in repr(desk.factory())


def test_documents_are_read_in_a_child_of_the_key_process(desk):
    """Whoever parses has no key: the key process's memory is not that of the reader."""
    with Journal(desk.outs) as journal:
        running = KeyProcess(desk.factory(), desk.outs, FEW, journal.lock)
        try:
            children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
            (reader,) = children.read_text().split()
            started = Path(f"/proc/{reader}/cmdline")
            until(lambda: b"signer.sandbox_worker" in started.read_bytes(), "the reader to start")
        finally:
            running.close()
    until(lambda: not Path(f"/proc/{reader}").exists(), "the reader to end")


# --- time-stamps


class Watched:
    """An authority that counts how many are in flight, and what was asked."""

    def __init__(self, inner, most: int):
        self.inner, self.name, self.reserve = inner, "watched", inner.reserve
        self.lock = threading.Lock()
        self.in_flight = self.highest = 0
        self.imprints = []
        self.full = threading.Event()
        self.most = most

    def token(self, imprint, digest):
        with self.lock:
            self.in_flight += 1
            self.highest = max(self.highest, self.in_flight)
            self.imprints.append(imprint)
            if self.in_flight == self.most:
                self.full.set()
        self.full.wait(PATIENCE)  # nobody is answered before `most` wait at once
        with self.lock:
            self.in_flight -= 1
        return self.inner.token(imprint, digest)


def test_at_most_four_questions_over_all_processes_and_one_for_each_signature(desk, pki):
    authority = Watched(timestamp_authority(pki, AT), 4)
    jobs = desk.jobs(13)
    outcomes = desk.run(jobs, authority=authority, limits=PAIR)
    assert statuses(outcomes) == [Status.SIGNED] * 13
    desk.check(jobs)
    assert authority.full.is_set() and authority.highest == 4
    assert len(authority.imprints) == len(set(authority.imprints)) == 13
    assert desk.uses == 13
    with PdfFile.open(jobs[0].out) as pdf:
        (field,) = pdf.array(pdf.dictionary(pdf.catalog["AcroForm"])["Fields"])
        contents = pdf.dictionary(pdf.dictionary(field)["V"])["Contents"]
    assert cms.has_token(bytes(contents))


def test_a_slow_authority_holds_no_other_document_up(desk, pki):
    """While one answer is out, the signatures of later documents are made and stamped."""
    first = threading.Event()
    inner = timestamp_authority(pki, AT)

    class Slow:
        name, reserve = "slow", inner.reserve
        asked = 0
        lock = threading.Lock()

        def token(self, imprint, digest):
            with self.lock:
                self.asked += 1
                number = self.asked
            if number == 1:
                first.wait(PATIENCE)
            return inner.token(imprint, digest)

    jobs = desk.jobs(9)
    seen: list[Counts] = []

    def progress(counts):
        seen.append(counts)
        if counts.signed == 8:
            first.set()

    outcomes = desk.run(jobs, authority=Slow(), progress=progress)
    assert statuses(outcomes) == [Status.SIGNED] * 9
    assert first.is_set(), "eight were finished while one waited"
    desk.check(jobs)


def test_an_authority_that_fails_is_one_documents_failure(desk, pki):
    twin = FailingTimestampAuthority(lambda request: tsa.respond(pki, request, AT), TokenRules(trust(pki)))
    twin.fail_next(Failure.DOWN, Failure.REJECTS)
    jobs = desk.jobs(4)
    limits = dataclasses.replace(FEW, stamps=1)
    outcomes = desk.run(jobs, authority=twin, limits=limits)
    assert Counter(statuses(outcomes)) == {Status.SIGNED: 2, Status.FAILED: 1, Status.REFUSED: 1}
    assert sum(outcome.lost_uses for outcome in outcomes) == 2
    desk.check([outcome.job for outcome in outcomes if outcome.good])
    again = desk.run(jobs, authority=twin)
    assert Counter(statuses(again)) == {Status.DONE_BEFORE: 2, Status.SIGNED: 2}
    desk.check(jobs)


# --- the journal


def test_a_line_that_a_crash_cut_off_is_no_event(desk):
    jobs = desk.jobs(3)
    desk.run(jobs[:2])
    path = desk.outs / NAME
    whole = path.read_bytes()
    cut = whole.rstrip(b"\n").rfind(b"\n") + 20
    path.write_bytes(whole[:cut])
    outcomes = desk.run(jobs)
    assert statuses(outcomes) == [Status.DONE_BEFORE, Status.DONE_BEFORE, Status.SIGNED]
    assert desk.uses == 3
    desk.check(jobs)


def test_an_output_is_taken_only_when_it_is_what_the_intent_said(desk):
    (job,) = desk.jobs(1)
    desk.run([job])
    path = desk.outs / NAME
    intent = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(intent)
    data = job.out.read_bytes()
    job.out.write_bytes(data[:100] + bytes((data[100] ^ 1,)) + data[101:])
    (outcome,) = desk.run([job])
    assert outcome.failure.reason.id == "signing.out-exists"
    path.write_bytes(intent)
    job.out.write_bytes(data)
    assert statuses(desk.run([job])) == [Status.DONE_BEFORE]
    assert desk.uses == 1


def test_several_writers_never_mix_their_lines(desk):
    path = desk.outs / NAME
    path.write_bytes(b'{"event": "sig')

    def write(mark):
        writer = JournalWriter(path)
        for number in range(50):
            writer.signed([(f"{mark}{number:02x}", "x" * 200)], "now")
        writer.close()

    threads = [threading.Thread(target=write, args=(mark,)) for mark in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Journal(desk.outs) as journal:
        assert all(journal.done(f"{mark}{number:02x}") is not None for mark in "abcd" for number in range(50))


def test_a_factory_that_is_not_there_is_told(desk):
    with pytest.raises(SignerUnavailable, match="batch_keys:nothing"):
        desk.run(desk.jobs(1), Factory("tests.signer.creation.batch_keys:nothing", {}))
    assert [path.name for path in desk.outs.iterdir()] == [NAME]
