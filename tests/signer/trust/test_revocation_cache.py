"""Kept answers: fresh ones spare the network, old ones do not count, and nobody is believed for lying in the folder."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from policies.validation import PASSED
from policies.vocabulary import SubIndication
from signer.errors import RevocationUnavailable
from signer.ports import KeepingRevocationSource
from signer.trust.kept_until import kept_until
from signer.trust.revocation import FailingRevocationSource, Failure
from signer.trust.revocation_cache import SUFFIX, CachedRevocationSource, CacheLimits, packed
from signer.validation.online import validate_online
from tests.profiles import AGENCY
from tests.signer.trust.forge import NOW, answer, crl, family, issue
from tests.signer.trust.test_http_revocation import people
from tests.signer.validation.office import Direct, PkiSource, explain

HOUR = timedelta(hours=1)
URL = "http://127.0.0.1:9"


class Told:
    """A source that says what it is told to, and counts."""

    def __init__(self, ocsp=None, crl=None):
        self.bodies = {"ocsp": ocsp, "crl": crl}
        self.asked = []

    def ocsp(self, _certificate, _issuer, _at):
        return self._say("ocsp")

    def crl(self, _certificate, _issuer, _at):
        return self._say("crl")

    def _say(self, kind):
        self.asked.append(kind)
        return self.bodies[kind]


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def kept(tmp_path, clock):
    def make(inner, **limits):
        return CachedRevocationSource(inner, tmp_path / "kept", clock, limits=CacheLimits(**limits))

    return make


def files(tmp_path):
    return sorted((tmp_path / "kept").iterdir())


def test_a_good_answer_is_asked_for_once_and_outlives_the_process(kept, clock):
    ca, leaf = people(URL)
    first = Told(ocsp=answer(leaf, ca))
    assert kept(first).ocsp(leaf.der, ca.der, NOW) == first.bodies["ocsp"]
    second = Told()
    clock.now += HOUR
    assert kept(second).ocsp(leaf.der, ca.der, clock.now) == first.bodies["ocsp"]
    assert (first.asked, second.asked) == (["ocsp"], [])


@pytest.mark.parametrize("kind", ["ocsp", "crl"])
@pytest.mark.parametrize(("until", "age"), [(HOUR, 9 * HOUR), (9 * HOUR, HOUR)], ids=["nextUpdate", "age"])
def test_it_is_kept_until_its_next_update_and_never_beyond_the_age(kept, clock, kind, until, age):
    ca, leaf = people(URL)
    body = answer(leaf, ca, until=NOW + until) if kind == "ocsp" else crl(ca, until=NOW + until)
    inner = Told(**{kind: body})
    source = kept(inner, age=age)
    getattr(source, kind)(leaf.der, ca.der, NOW)
    clock.now = NOW + HOUR - timedelta(seconds=1)
    assert getattr(source, kind)(leaf.der, ca.der, clock.now) == body
    assert len(inner.asked) == 1
    clock.now = NOW + HOUR
    getattr(source, kind)(leaf.der, ca.der, clock.now)
    assert len(inner.asked) == 2


def test_a_shorter_age_counts_for_what_was_kept_before(kept, clock):
    ca, leaf = people(URL)
    inner = Told(ocsp=answer(leaf, ca))
    kept(inner, age=9 * HOUR).ocsp(leaf.der, ca.der, NOW)
    clock.now += 2 * HOUR
    kept(inner, age=HOUR).ocsp(leaf.der, ca.der, clock.now)
    assert len(inner.asked) == 2


def test_a_list_is_shared_by_all_whom_it_covers_and_an_ocsp_answer_by_nobody(kept):
    ca, leaf = people(URL)
    other = issue("Other", ca, extensions=[(each.value, False) for each in leaf.certificate.extensions][3:])
    inner = Told(ocsp=answer(leaf, ca), crl=crl(ca))
    source = kept(inner)
    for party in (leaf, other):
        source.ocsp(party.der, ca.der, NOW)
        source.crl(party.der, ca.der, NOW)
    assert inner.asked == ["ocsp", "crl", "ocsp"]


def test_the_same_name_under_another_issuer_is_another_question(kept):
    ca, leaf = people(URL)
    impostor = issue("CA", ca=True)
    inner = Told(crl=crl(ca))
    source = kept(inner)
    source.crl(leaf.der, ca.der, NOW)
    inner.bodies["crl"] = None
    assert source.crl(leaf.der, impostor.der, NOW) is None


@pytest.mark.parametrize(
    "body",
    [
        lambda _leaf, _ca: b"<html>",
        lambda leaf, _ca: answer(leaf, issue("CA", ca=True)),
        lambda _leaf, ca: answer(issue("Other", ca), ca),
        lambda leaf, ca: answer(leaf, ca, until=None),
        lambda leaf, ca: answer(leaf, ca, until=NOW),
        lambda leaf, ca: answer(leaf, ca, unknown=True),
        lambda _leaf, _ca: b"\x30\x82" + bytes(3 << 20),
    ],
    ids=["garbage", "wrong issuer", "another certificate", "no nextUpdate", "old", "unknown", "too large"],
)
def test_only_a_current_authentic_answer_is_kept(kept, tmp_path, body):
    """It is handed over all the same: who validates judges it, and says what is wrong with it."""
    ca, leaf = people(URL)
    inner = Told(ocsp=body(leaf, ca))
    source = kept(inner, answer_bytes=1 << 20)
    assert source.ocsp(leaf.der, ca.der, NOW) == inner.bodies["ocsp"]
    assert files(tmp_path) == []


def test_a_revocation_is_kept_like_any_answer(kept, clock):
    ca, leaf = people(URL)
    source = kept(Told(ocsp=answer(leaf, ca, revoked=NOW - HOUR)))
    source.ocsp(leaf.der, ca.der, NOW)
    assert source.keeps(leaf.der, ca.der)


# Offline


def test_offline_gives_what_is_kept_and_asks_nobody(kept, clock):
    ca, leaf = people(URL)
    kept(Told(ocsp=answer(leaf, ca))).ocsp(leaf.der, ca.der, NOW)
    offline = kept(None)
    assert offline.ocsp(leaf.der, ca.der, NOW)
    with pytest.raises(RevocationUnavailable):
        offline.crl(leaf.der, ca.der, NOW)
    clock.now += 7 * HOUR
    with pytest.raises(RevocationUnavailable):
        offline.ocsp(leaf.der, ca.der, clock.now)
    with pytest.raises(RevocationUnavailable):
        offline.fresh().ocsp(leaf.der, ca.der, NOW)


def test_offline_a_certificate_that_names_no_service_is_not_waited_for(kept):
    _, ca, leaf = family()
    assert kept(None).ocsp(leaf.der, ca.der, NOW) is None


# A folder that others can write


def spoilt(path):
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


def emptied(path):
    path.write_bytes(b"")


def no_head(path):
    path.write_bytes(b"[]\n" + path.read_bytes().partition(b"\n")[2])


def from_the_future(path):
    path.write_bytes(path.read_bytes().replace(b'"asked": "2026-', b'"asked": "2036-'))


def good_for_ever(path):
    path.write_bytes(path.read_bytes().replace(b'"until": "2026-', b'"until": "2999-'))


def a_folder(path):
    path.unlink()
    path.mkdir()


def huge(path):
    with path.open("r+b") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize("spoil", [spoilt, cut, emptied, no_head, from_the_future, a_folder, huge])
def test_a_file_that_is_not_what_it_should_be_counts_as_absent(kept, tmp_path, spoil):
    ca, leaf = people(URL)
    inner = Told(ocsp=answer(leaf, ca))
    source = kept(inner)
    source.ocsp(leaf.der, ca.der, NOW)
    spoil(files(tmp_path)[0])
    assert source.ocsp(leaf.der, ca.der, NOW) == inner.bodies["ocsp"]
    assert len(inner.asked) == 2


def test_a_forged_end_lengthens_nothing(kept, clock, tmp_path):
    ca, leaf = people(URL)
    inner = Told(ocsp=answer(leaf, ca))
    source = kept(inner)
    source.ocsp(leaf.der, ca.der, NOW)
    good_for_ever(files(tmp_path)[0])
    clock.now += 7 * HOUR
    source.ocsp(leaf.der, ca.der, clock.now)
    assert len(inner.asked) == 2


def test_a_forged_answer_in_the_folder_is_judged_like_one_from_the_network(kept, shelf, pki, clock, tmp_path):
    """Bytes of an impostor under the right name and digest: handed over, judged, and never a pass."""
    clock.now = shelf.now
    real = PkiSource(pki)
    source = kept(real)
    first = validate_online(Direct(), shelf.issued, shelf.office.trust, shelf.now, AGENCY, source)
    assert first.verdict == PASSED, explain(first)
    _, ca, leaf = family()
    for path in files(tmp_path):
        path.write_bytes(packed(answer(leaf, ca), shelf.now, shelf.now + HOUR))
    offline = kept(None)
    report = validate_online(Direct(), shelf.issued, shelf.office.trust, shelf.now, AGENCY, offline)
    assert report.verdict.sub_indication is SubIndication.TRY_LATER, explain(report)


# Limits


def test_the_folder_stays_within_its_limits(kept, tmp_path):
    ca, _ = people(URL)
    for number in range(8):
        _, leaf = people(f"{URL}/{number}")
        leaf = issue(f"Leaf {number}", ca)
        kept(Told(ocsp=answer(leaf, ca)), entries=3).ocsp(leaf.der, ca.der, NOW)
    assert len(files(tmp_path)) == 3
    size = files(tmp_path)[0].stat().st_size
    kept(Told(ocsp=answer(leaf, ca)), total_bytes=2 * size).fresh().ocsp(leaf.der, ca.der, NOW)
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 2 * size


def test_what_a_killed_writer_left_is_swept_when_it_is_old(kept, tmp_path, clock):
    ca, leaf = people(URL)
    source = kept(Told(ocsp=answer(leaf, ca, until=NOW + 300 * HOUR)))
    old, new = tmp_path / "kept/x.part", tmp_path / "kept/y.part"
    for path, at in ((old, NOW - 2 * HOUR), (new, NOW)):
        path.write_bytes(b"half")
        os.utime(path, (at.timestamp(), at.timestamp()))
    source.ocsp(leaf.der, ca.der, NOW)
    assert not old.exists()
    assert new.exists()


def test_a_folder_that_takes_nothing_stops_no_answer(kept, tmp_path):
    ca, leaf = people(URL)
    source = kept(Told(ocsp=answer(leaf, ca)))
    (tmp_path / "kept").rmdir()
    (tmp_path / "kept").write_bytes(b"a file is in its place")
    assert source.ocsp(leaf.der, ca.der, NOW)


def test_many_at_once_lose_nothing(kept, tmp_path):
    ca, leaf = people(URL)
    body = answer(leaf, ca)
    found, barrier = [], threading.Barrier(8)

    def act():
        source = kept(Told(ocsp=body)).fresh()
        barrier.wait()
        for _ in range(5):
            found.append(source.ocsp(leaf.der, ca.der, NOW))

    threads = [threading.Thread(target=act) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [body] * 40
    assert [path.suffix for path in files(tmp_path)] == [SUFFIX]


# In a validation


def test_a_kept_answer_that_is_too_old_is_asked_for_anew(kept, shelf, pki, clock):
    """The kept answers are from before the signature; a profile that wants newer ones gets newer ones."""
    strict = replace(AGENCY, current_answers_suffice=False)
    clock.now = NOW - HOUR
    stale = PkiSource(pki, at=NOW - HOUR)
    source = kept(stale)
    assert isinstance(source, KeepingRevocationSource)
    before = validate_online(Direct(), shelf.issued, shelf.office.trust, shelf.now, strict, source)
    assert before.verdict.sub_indication is SubIndication.TRY_LATER
    asked = len(stale.asked)
    stale.at, clock.now = None, shelf.now
    report = validate_online(Direct(), shelf.issued, shelf.office.trust, shelf.now, strict, source)
    assert report.verdict == PASSED, explain(report)
    assert len(stale.asked) > asked


def test_what_is_not_kept_is_asked_once_for_a_validation(kept, shelf, pki, clock):
    clock.now = shelf.now
    twin = FailingRevocationSource(PkiSource(pki))
    twin.always = Failure.GARBAGE
    report = validate_online(Direct(), shelf.issued, shelf.office.trust, shelf.now, AGENCY, kept(twin))
    assert report.verdict.sub_indication is SubIndication.TRY_LATER
    assert twin.asked == 2 * len(report.needs)  # by OCSP, and as that says nothing by list


def test_when_the_network_is_gone_kept_answers_carry_on(kept, shelf, pki, clock):
    clock.now = shelf.now
    validate_online(Direct(), shelf.issued, shelf.office.trust, shelf.now, AGENCY, kept(PkiSource(pki)))
    down = FailingRevocationSource(PkiSource(pki))
    down.always = Failure.DOWN
    report = validate_online(Direct(), shelf.issued, shelf.office.trust, shelf.now, AGENCY, kept(down))
    assert report.verdict == PASSED, explain(report)
    assert down.asked == 1  # OCSP about the issuing CA, which has none: its list is kept


def test_where_answers_came_from_is_counted(tmp_path, clock):
    ca, leaf = people(URL)
    counted = []
    inner = Told(ocsp=answer(leaf, ca))
    source = CachedRevocationSource(
        inner, tmp_path, clock, until=kept_until, count=lambda *told: counted.append(told)
    )
    for _ in range(2):
        source.ocsp(leaf.der, ca.der, NOW)
    source.crl(leaf.der, ca.der, NOW)
    assert counted == [("ocsp", "source"), ("ocsp", "cache"), ("crl", "none")]
