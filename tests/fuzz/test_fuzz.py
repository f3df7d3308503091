"""Whatever the bytes: a verdict or a typed refusal. Some seconds of it in every run, minutes in the long one."""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from signer.document.syntax import Name, Ref
from tests.attacks.pdf.desk import Desk
from tests.demo_pki import demo_pki
from tests.fuzz import campaign, mutation, targets
from tests.fuzz.minimise import minimised
from tests.signer.document import build

SEED = 20261127


@pytest.fixture
def atheris():
    """Missing in CI is a failure, elsewhere a loud skip: it has no wheel for some machines."""
    if importlib.util.find_spec("atheris") is None:
        if os.environ.get("CI"):
            pytest.fail("atheris is missing; in CI the parsers are fuzzed by coverage")
        pytest.skip("atheris has no wheel for this machine: NOT fuzzed by coverage")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return Desk(demo_pki(), tmp_path_factory.mktemp("fuzz"))


def said(found: campaign.Campaign) -> str:
    return f"{[(find.task, find.word, find.data[:200]) for find in found.finds]} of {found.words}"


def test_mutated_files_in_real_workers(desk):
    found = campaign.run(desk, SEED, rounds=150, every=25)
    assert sum(found.words.values()) == 150
    assert len({word.split()[-1] for word in found.words}) > 4, found.words
    assert not found.finds, said(found)


@pytest.mark.long
def test_mutated_files_for_a_minute(desk):
    found = campaign.run(desk, SEED + 1, seconds=60)
    assert not found.finds, said(found)


@pytest.mark.parametrize("name", [name for name in targets.TARGETS if name not in ("reader", "conformity")])
def test_mutated_bytes_of_every_parser(desk, name):
    chance = random.Random(f"{SEED} {name}")
    seeds = targets.seeds_of(name, desk)
    for _ in range(40):
        data = mutation.mutated_der(chance.choice(seeds), chance.choice(seeds), chance)
        try:
            targets.TARGETS[name](data)
        except targets.TYPED:
            continue


@pytest.mark.usefixtures("atheris")
@pytest.mark.long
@pytest.mark.parametrize("name", targets.TARGETS)
def test_guided_by_coverage(name, tmp_path):
    command = [sys.executable, "-m", "tests.fuzz.guided", name, str(tmp_path), "-max_total_time=6", "-seed=1"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, env={"PYTHONPATH": str(root)}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]


def test_the_same_seed_makes_the_same_files():
    files = (build.sealed(), build.with_document_timestamp(build.sealed()))
    made = [[mutation.mutated(*files, random.Random(n)) for n in range(50)] for _ in range(2)]
    assert made[0] == made[1]
    assert len(set(made[0])) > 45


@pytest.mark.parametrize("mutate", mutation.OF_FILES, ids=lambda mutate: mutate.__name__)
def test_every_mutation_alters_something(mutate):
    files = (build.with_document_timestamp(build.sealed()), build.with_validation_data(build.sealed()))
    chance = random.Random(1)
    assert any(mutate(*files, chance) != files[0] for _ in range(20))


def test_a_find_is_kept_and_made_small(desk, tmp_path, monkeypatch):
    """What no rule foresaw is reported, with the bytes that do it and nothing else."""
    monkeypatch.setattr(
        campaign.Campaign,
        "_called",
        lambda _self, _task, data, *_: f"document.{'parser-failed' if b'EVIL' in data else 'malformed'}",
    )
    monkeypatch.setattr(campaign, "mutated", lambda data, *_: data[:500] + b"EVIL" + data[500:])
    found = campaign.run(desk, 3, rounds=6, every=60, out=tmp_path)
    assert found.finds
    assert all(find.data == b"EVIL" for find in found.finds if find.task != "crl")
    assert {path.read_bytes() for path in tmp_path.glob("*failed*") if path.suffix != ".whole"} == {b"EVIL"}


def test_a_yes_to_other_signed_bytes_is_a_find(desk):
    """The campaign knows a good file from an altered one, and lets what is not signed be altered."""
    made = campaign.Campaign(desk, None, campaign.corpus(desk, every=60), random.Random(1))
    good = desk.sealed()
    assert made._is_a_good_one(good) and made._is_a_good_one(good + b"trailing")
    assert not made._is_a_good_one(good[:100] + b"X" + good[101:])


def test_minimising_keeps_the_answer():
    assert (
        minimised(b"a" * 500 + b"X" + b"b" * 300 + b"Y", lambda data: b"X" in data and b"Y" in data, 500)
        == b"XY"
    )


# --- what fuzzing has found


def test_an_object_stream_whose_numbers_are_none_is_no_crash_of_the_check():
    """Guided by coverage: `First` lies within deflated data that a wrong filter left as they were."""
    packed = build.stream(b"x\x9c3W junk", Type=Name("ObjStm"), N=1, First=6)
    targets.conformity(build.append(build.prepared(), {90: packed, 91: {"A": Ref(90)}}))
