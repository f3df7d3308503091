"""Two processes, each with a key of its own, sign the 54 KB page again and again: signatures per second."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from api.demo.pki import make_demo_pki
from benchmarks import documents, oracle
from benchmarks.contestants import PASSWORD, Act, Bench, documented, limit, ours, signer_of
from benchmarks.harness import Row

HOLDERS = ("leader", "second-leader")
WANTED = 1800.0
_NAMES = ("ours", "limit", "pyhanko-documented")
_WARM_RUNS = 5


def run(quick: bool) -> list[Row]:
    """One row. The contestants take turns, both processes at once, some rounds of two seconds each."""
    rounds, seconds = (1, 0.3) if quick else (3, 2.0)
    with tempfile.TemporaryDirectory(prefix="antin-bench-throughput-") as name:
        pki = make_demo_pki(Path(name) / "pki", datetime.now(UTC))
        for holder in HOLDERS:
            pki.write_pkcs12(holder, Path(name) / f"{holder}.p12", PASSWORD)
            documents.ready(documents.page, Path(name) / f"{holder}.pdf")
        with _workers(Path(name)) as workers:
            rates = _rates(workers, rounds, seconds)
    return [_row(rates)]


def _row(rates: dict[str, float]) -> Row:
    mine, least, peer = (rates[name] for name in _NAMES)
    return Row(
        "throughput-2",
        "two processes, each with its own key, sign a 54 KB page, invisible",
        f"{mine:,.0f} signatures/s",
        f"the limit {least:,.0f}/s: ×{least / mine:.2f}; pyHanko as documented {peer:,.1f}/s: {mine / peer:.0f} ×",
        f"≥ {WANTED:,.0f} signatures/s",
        mine >= WANTED,
        1000 / mine,
        1000 / least,
        least / mine,
        {"pyhanko-documented": 1000 / peer},
        {"unit": "ms a signature, two processes together", "signatures_per_second": mine},
    )


def _rates(workers: list[subprocess.Popen[str]], rounds: int, seconds: float) -> dict[str, float]:
    """Signatures per second of all workers together: the median round of each contestant."""
    found: dict[str, list[float]] = {name: [] for name in _NAMES}
    for _ in range(rounds):
        for name in _NAMES:
            for worker in workers:
                assert worker.stdin is not None
                worker.stdin.write(f"{name} {seconds}\n")
                worker.stdin.flush()
            found[name].append(sum(_answer(worker) for worker in workers))
    return {name: median(rates) for name, rates in found.items()}


def _answer(worker: subprocess.Popen[str]) -> float:
    assert worker.stdout is not None
    return float(worker.stdout.readline())


@contextmanager
def _workers(folder: Path) -> Iterator[list[subprocess.Popen[str]]]:
    with ExitStack() as stack:
        yield [stack.enter_context(_worker(folder, holder)) for holder in HOLDERS]


@contextmanager
def _worker(folder: Path, holder: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.throughput", str(folder), holder]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def _bench(folder: Path, holder: str) -> Bench:
    return Bench(folder / f"{holder}.pdf", documents.FIELD, folder / f"{holder}.p12", None)


def serve(bench: Bench) -> None:
    """The process: each line names a contestant and how many seconds it shall sign; answers its rate."""
    signer = signer_of(bench)
    acts = dict(zip(_NAMES, (ours(bench, signer), limit(bench, signer.key), documented(bench)), strict=True))
    oracle.judged(bench, acts)
    for act in acts.values():
        _rate(bench, act, _WARM_RUNS, 0.0)
    print("ready", flush=True)
    for line in sys.stdin:
        name, seconds = line.split()
        print(_rate(bench, acts[name], 1, float(seconds)), flush=True)


def _rate(bench: Bench, act: Act, least: int, seconds: float) -> float:
    """Signatures per second of signing alone: what clears the place for the next is not counted."""
    done, spent = 0, 0.0
    while done < least or spent < seconds:
        bench.clear()
        start = time.perf_counter()
        act()
        spent += time.perf_counter() - start
        done += 1
    return done / spent


if __name__ == "__main__":
    serve(_bench(Path(sys.argv[1]), sys.argv[2]))
