"""A few documents through a whole cluster of which one process of each kind dies: archived once, and told so."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

from tests.cluster.__main__ import VICTIMS
from tests.cluster.processes import ROOT
from tests.conftest import need_tool

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200), pytest.mark.xdist_group("cluster")]
DOCUMENTS, CLIENTS = 24, 2
PATIENCE = 900.0  # seconds, on a busy machine; it takes two minutes


def test_a_few_documents_while_one_of_each_kind_dies(tmp_path):
    """No client is refused what its own first try has done, whichever process died under it."""
    need_tool("haproxy")
    counts = ["--documents", str(DOCUMENTS), "--clients", str(CLIENTS)]
    command = [sys.executable, "-m", "tests.cluster", *counts, "--directory", str(tmp_path)]
    with (tmp_path / "told").open("w+b") as out:
        run = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            code = run.wait(PATIENCE)
        except BaseException:
            run.send_signal(signal.SIGINT)  # it ends its processes
            run.wait(120)
            raise
        finally:
            told = (tmp_path / "told").read_text("utf-8", "replace")
    assert code == 0, told[-6000:]
    assert "all archived exactly once" in told
    done = [int(number) for number in re.findall(r"(\d+) documents  kill -9", told)]
    assert len(done) == len(VICTIMS)
    assert all(number < DOCUMENTS for number in done), "each dies while documents are under way"
