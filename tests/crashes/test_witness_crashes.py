"""A witness that is killed at any moment: what it told outlives it, and it never cosigns a smaller or another head."""

from __future__ import annotations

import random
import threading
import time

import httpx
import pytest

from archive.log.cosignature import WitnessKey, cosigned_by, read_answer, with_lines
from archive.log.note import parse_note
from tests.archive.witness.watched import Log
from tests.witnesses import WitnessHouse

KILLS, SIZES = 8, 60
LOG = Log()
REQUESTS = {
    (old, size): LOG.request(old, size)
    for size in range(1, SIZES + 1)
    for old in range(max(0, size - 4), size + 1)
}


class Agency(threading.Thread):
    """Asks for cosignatures of ever larger heads, and keeps what it was told, whatever happens to the witness."""

    def __init__(self, house):
        super().__init__(daemon=True)
        self.house = house
        self.old = 0
        self.told = []  # (size, answer)
        self.stale = []  # what the witness said that it knew, and what we had been told before
        self.done = False

    def run(self):
        with httpx.Client(base_url=self.house.url, trust_env=False, timeout=30) as client:
            while not self.done and self.old < SIZES:
                size = min(SIZES, self.old + 1)
                try:
                    answer = client.post("/add-checkpoint", content=REQUESTS[self.old, size])
                except httpx.TransportError:
                    time.sleep(0.02)
                    continue
                if answer.status_code == 200:
                    self.told.append((size, answer.content))
                    self.old = size
                else:
                    assert answer.status_code == 409, answer.text
                    known = int(answer.content)
                    self.stale.append((known, self.old))
                    self.old = known
                time.sleep(0.01)


@pytest.mark.long
def test_what_was_told_outlives_every_kill(tmp_path):
    chance = random.Random(7)
    house = WitnessHouse(tmp_path / "w", str(LOG.vkey)).start()
    vkey = house.vkey
    agency = Agency(house)
    agency.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.0, 0.4))
        house.kill()
        house.start()
    while agency.is_alive() and agency.old < SIZES:
        time.sleep(0.05)
    agency.done = True
    agency.join(60)
    assert house.vkey == vkey
    # A kill between the disk and the answer: the witness knows one head more than we were told, never less.
    assert all(known == before + 1 for known, before in agency.stale)
    sizes = [size for size, _ in agency.told]
    assert sizes == sorted(set(sizes)) and agency.old == SIZES
    key = WitnessKey.parse(vkey)
    times = []
    for size, answer in agency.told:
        note = with_lines(LOG.note(size), [read_answer(LOG.note(size), answer, key)])
        times += [one.at for one in cosigned_by(parse_note(note), [key])]
    assert times == sorted(times) and len(times) == len(agency.told)
    # Nothing smaller, and no other history, is cosigned after all that.
    assert house.add(LOG.request(SIZES - 2, SIZES - 1)).content == f"{SIZES}\n".encode()
    assert house.add(Log(LOG.key, forked_at=1).request(SIZES, SIZES)).status_code == 409
    house.kill()
