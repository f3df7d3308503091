"""Our generated attack suite: none accepted, every genuine twin and every genuine file accepted.

Not a time: a count, over the generators of `tests/attacks/pdf`, judged in full as everybody's files are.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from api.demo.pki import make_demo_pki
from benchmarks.harness import Row
from tests.attacks.pdf.cases import Made
from tests.attacks.pdf.desk import Desk
from tests.attacks.pdf.suite import ATTACKS, GENUINE, accepted
from tests.signer.trust.forge import NOW


def run(quick: bool) -> list[Row]:
    """The row; `quick` judges every tenth case."""
    every = 10 if quick else 1
    with tempfile.TemporaryDirectory(prefix="antin-bench-attacks-") as name:
        desk = Desk(make_demo_pki(Path(name) / "pki", NOW), Path(name) / "files")
        evil = [attack.make(desk) for attack in ATTACKS[::every]]
        good = [attack.twin(desk) for attack in ATTACKS[::every]]
        good += [genuine.make(desk) for genuine in GENUINE[::every]]
        return [told(_judged(desk, evil), _judged(desk, good))]


def _judged(desk: Desk, files: list[Made]) -> list[tuple[bool, float]]:
    """Whether each was accepted, and in how many milliseconds."""
    found = []
    for made in files:
        start = time.perf_counter()
        answer, _ = desk.judge(made)
        found.append((accepted(answer), (time.perf_counter() - start) * 1000))
    return found


def told(evil: list[tuple[bool, float]], good: list[tuple[bool, float]]) -> Row:
    """The counts as a row."""
    wrong_yes = sum(yes for yes, _ in evil)
    wrong_no = sum(not yes for yes, _ in good)
    took = median(milliseconds for _, milliseconds in (*evil, *good))
    return Row(
        "attacks",
        f"attack suite: {len(evil)} attacks, {len(good)} genuine twins and files",
        f"{wrong_yes} attacks accepted; {wrong_no} genuine rejected",
        f"{took:.1f} ms each, with answers about revocation made and read",
        "0 accepted; every genuine twin accepted",
        wrong_yes == 0 and wrong_no == 0,
        took,
        more={"attacks": len(evil), "accepted": wrong_yes, "genuine": len(good), "rejected": wrong_no},
    )
