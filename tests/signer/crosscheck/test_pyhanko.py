"""pyHanko's opinion: it agrees on our output, disagrees on attacks it knows, and never raises."""

from __future__ import annotations

import subprocess
import sys

import pytest

from signer import wire
from signer.crosscheck.pyhanko_check import MAX_FILE, check
from signer.crosscheck.pyhanko_opinion import Opinion, PyhankoVerdict
from signer.sandbox import Sandbox
from tests.demo_pki import demo_pki
from tests.service import PATIENCE
from tests.signer.creation.issuing import AT, SHAPES
from tests.signer.crosscheck.test_independent import issue


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return issue(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def roots():
    return [demo_pki().root]


def test_it_agrees_on_the_finished_document(finished, roots):
    verdict = check(finished[2], roots, AT)
    leader, seal = verdict.signatures
    assert verdict.opinion is Opinion.AGREES and verdict.agrees, verdict.summary
    assert (leader.coverage, leader.modifications) == ("ENTIRE_REVISION", "FORM_FILLING")
    assert (seal.coverage, seal.modifications) == ("ENTIRE_FILE", "NONE")
    assert leader.timestamp is seal.timestamp is True
    assert "AnTinLeader1: good" in verdict.summary


@pytest.mark.parametrize("shape", ["object-streams", "linearized-streams"])
def test_it_agrees_on_other_shapes(shape, tmp_path, roots):
    verdict = check(issue(tmp_path, SHAPES[shape])[2], roots, AT)
    assert verdict.opinion is Opinion.AGREES, verdict.summary


def test_it_runs_in_the_sandbox(finished, roots):
    with Sandbox(1) as sandbox:
        verdict = sandbox.call("signer.crosscheck.pyhanko_check:check", finished[2], roots, AT)
    assert isinstance(verdict, PyhankoVerdict)
    assert verdict.opinion is Opinion.AGREES, verdict.summary


def test_a_changed_number(finished, roots, tmp_path):
    path = tmp_path / "changed.pdf"
    path.write_bytes(finished[2].read_bytes().replace(b"/V (15)", b"/V (51)"))
    verdict = check(path, roots, AT)
    assert verdict.opinion is Opinion.DISAGREES
    assert not verdict.agrees
    assert "AnTinSeal1: not intact" in verdict.summary


def test_another_root(finished):
    verdict = check(finished[2], [demo_pki().identity("other-root").der], AT)
    assert verdict.opinion is Opinion.DISAGREES
    assert "not trusted" in verdict.summary


def test_a_file_without_signatures(tmp_path, roots):
    desk = issue(tmp_path)[0]
    verdict = check(desk.folder / "prepared.pdf", roots, AT)
    assert verdict.opinion is Opinion.DISAGREES
    assert "no signature" in verdict.summary


@pytest.mark.parametrize("content", [b"", b"junk", b"%PDF-1.7\n%%EOF\n"])
def test_what_it_cannot_read_is_no_opinion(content, tmp_path, roots):
    path = tmp_path / "broken.pdf"
    path.write_bytes(content)
    verdict = check(path, roots, AT)
    assert verdict.opinion is Opinion.NONE
    assert verdict.agrees
    assert verdict.summary.startswith("no opinion")


def test_it_is_not_asked_about_very_large_files(finished, tmp_path, roots):
    path = tmp_path / "large.pdf"
    path.write_bytes(finished[2].read_bytes())
    with path.open("r+b") as file:
        file.truncate(MAX_FILE + 1)
    verdict = check(path, roots, AT)
    assert verdict.opinion is Opinion.NONE
    assert "larger" in verdict.summary


def test_a_process_that_reads_the_opinion_never_loads_pyhanko(finished, roots):
    verdict = check(finished[2], roots, AT)
    line = wire.dumps(verdict)
    program = (
        "import sys; from signer import wire; "
        "print(wire.loads(sys.stdin.read()).agrees, 'pyhanko' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=line,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert done.stdout.split() == ["True", "False"]


def test_the_names_of_coverage_are_pyhankos_own():
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    assert {"ENTIRE_FILE", "ENTIRE_REVISION"} <= set(SignatureCoverageLevel.__members__)
