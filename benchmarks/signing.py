"""One signature on each kind of document: ours, the limit, pyHanko as documented and tuned, PDFBox kept warm.

In one process (PDFBox in its own), in turn, without the sandbox's pipe; nothing waits for the disk.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from api.demo.images import leader_signature_png
from api.demo.pki import make_demo_pki
from api.demo.roles import algorithm_of
from benchmarks import documents, oracle, pdfbox
from benchmarks.contestants import PASSWORD, Act, Bench, documented, hash_state, limit, ours, signer_of, tuned
from benchmarks.harness import Row, Times, alternate

PEERS = {
    "pdfbox": "PDFBox",
    "pdfbox-stamp-kept": "PDFBox with its stamp kept",
    "pyhanko-tuned": "pyHanko tuned",
    "pyhanko-documented": "pyHanko as documented",
}
KEPT = "sign-16m-kept"
_CONTAINERS = ("leader", "ecdsa-p256")
_KEPT_REACH = 1.2


@dataclass(frozen=True)
class Reach:
    """What a row must reach: at most `ratio` over the limit, or at most `spare_ms` over it; and how many times
    faster than peers."""

    ratio: float
    spare_ms: float = 0.0
    faster: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"≤ ×{self.ratio}"]
        if self.spare_ms:
            parts[0] += f" or ≤ {self.spare_ms} ms over it"
        return "; ".join((*parts, *(f"≥ {times:.0f} × {PEERS[peer]}" for peer, times in self.faster.items())))

    def holds(self, found: Mapping[str, Times]) -> bool | None:
        """By the clock and by processor time; None when only a peer is missing."""
        mine, least = found["ours"], found["limit"]
        if not all(
            value <= self.ratio * bound or value - bound <= self.spare_ms
            for value, bound in ((mine.wall, least.wall), (mine.cpu, least.cpu))
        ):
            return False
        known = {peer: times for peer, times in self.faster.items() if peer in found}
        if not all(_faster(mine, found[peer]) >= times for peer, times in known.items()):
            return False
        return True if len(known) == len(self.faster) else None


@dataclass(frozen=True)
class Kind:
    """One row: which document, whose key, whether the signature is shown, how often, what to reach."""

    id: str
    title: str
    document: str
    reach: Reach
    shown: bool = False
    key: str = "leader"
    runs: int = 240
    every: int = 12


MAKERS: dict[str, documents.Make] = {
    "page": documents.page,
    "ten": documents.ten_pages,
    "scan": documents.scan,
    "table": documents.tagged_table,
    "streams": documents.tagged_streams,
}
BURST = 10  # signatures of one contestant in a row
_VISIBLE = Reach(1.45, faster={"pdfbox": 10, "pyhanko-documented": 150})
KINDS = (
    Kind("sign-54k", "1 page, invisible", "page", Reach(1.35)),
    Kind("sign-54k-visible", "1 page, image and text", "page", _VISIBLE, shown=True),
    Kind("sign-423k", "10 pages, invisible", "ten", Reach(1.35)),
    Kind("sign-423k-visible", "10 pages, image and text", "ten", Reach(1.45), shown=True),
    Kind("sign-16m", "scan", "scan", Reach(1.15), runs=48, every=4),
    Kind("sign-6510-table", "6,510 objects, table", "table", Reach(1.5), runs=120, every=8),
    Kind("sign-6510-streams", "6,510 objects, object streams", "streams", Reach(2.0), runs=120, every=8),
    Kind("sign-resigned", "1 page, signed twice already", "twice", Reach(1.4)),
    Kind("sign-54k-p256", "1 page, P-256", "page", Reach(2.8, spare_ms=0.25), key="ecdsa-p256"),
)


@dataclass
class Ground:
    """A folder with keys, picture and documents; each document is made when it is first asked for."""

    folder: Path

    def __post_init__(self) -> None:
        self.pki = make_demo_pki(self.folder / "pki", datetime.now(UTC))
        for name in _CONTAINERS:
            self.pki.write_pkcs12(name, self.folder / f"{name}.p12", PASSWORD)
        self.picture = self.folder / "signature.png"
        self.picture.write_bytes(leader_signature_png(documents.NAME))

    def bench(self, kind: Kind) -> Bench:
        """The kind's document, with what signs it."""
        file = self.folder / f"{kind.document}{'-visible' if kind.shown else ''}.pdf"
        if not file.exists():
            self._make(kind, file)
        picture = self.picture if kind.shown else None
        return Bench(file, documents.FIELD, self.folder / f"{kind.key}.p12", picture, algorithm_of(kind.key))

    def _make(self, kind: Kind, file: Path) -> None:
        if kind.document == "twice":
            earlier = (self.pki.signing_key(name) for name in ("initial", "second-leader"))
            documents.signed_twice(file, *earlier)
        else:
            documents.ready(MAKERS[kind.document], file, shown=kind.shown)


@contextmanager
def ground() -> Iterator[Ground]:
    """A ground that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="antin-bench-signing-") as name:
        yield Ground(Path(name))


def run(quick: bool) -> list[Row]:
    """A row for each kind of document, and one for the hash state that was kept."""
    with ground() as made, pdfbox.running(made.folder) as java:
        if java is None:
            print(f"… PDFBox IS MISSING: {', '.join(pdfbox.missing())}", file=sys.stderr, flush=True)
        rows = {kind.id: _row(kind, made.bench(kind), java, quick) for kind in KINDS}
        scan = rows["sign-16m"]
        return [*rows.values(), _kept(made, scan, 4 if quick else 240)]


def contestants(bench: Bench, java: pdfbox.PdfBox | None) -> dict[str, Act]:
    """Everybody who signs this document, by id; `limit` signs nothing."""
    signer = signer_of(bench)
    acts = {"ours": ours(bench, signer), "limit": limit(bench, signer.key)}
    if java is not None:
        acts["pdfbox"] = java.contestant(bench)
        if bench.picture is not None:
            acts["pdfbox-stamp-kept"] = java.contestant(bench, kept=True)
    return {**acts, "pyhanko-tuned": tuned(bench), "pyhanko-documented": documented(bench)}


def _row(kind: Kind, bench: Bench, java: pdfbox.PdfBox | None, quick: bool) -> Row:
    print(f"… {kind.id}", file=sys.stderr, flush=True)
    acts = contestants(bench, java)
    if len(oracle.judged(bench, acts)) < len(acts) - 1:
        print("… pdfsig IS MISSING: nobody looked at the signatures", file=sys.stderr, flush=True)
    if java is not None:
        for name in ("pdfbox", "pdfbox-stamp-kept"):
            if name in acts:
                java.warm(bench, acts[name], 0.0 if quick else 3.0)
    runs, every = (4, 2) if quick else (kind.runs, kind.every)
    warm, burst = (1, 1) if quick else (2, BURST)
    return _told(kind, bench, alternate(acts, runs, warm, PEERS, max(1, every // burst), bench.clear, burst))


def _told(kind: Kind, bench: Bench, found: dict[str, Times]) -> Row:
    mine, least = found["ours"], found["limit"]
    peers = {peer: found[peer] for peer in PEERS if peer in found}
    compared = [
        f"×{mine.wall / least.wall:.2f} (CPU ×{mine.cpu / least.cpu:.2f}) the limit of {least.wall:.2f} ms"
    ]
    for peer, theirs in peers.items():
        times = f"{theirs.wall / mine.wall:.1f} × (CPU {theirs.cpu / mine.cpu:.1f} ×)"
        compared.append(f"{PEERS[peer]} {theirs.wall:.2f} ms: {times}")
    if "pdfbox" not in found:
        compared.append(f"**PDFBox MISSING** ({', '.join(pdfbox.missing())})")
    return Row(
        kind.id,
        f"sign, {size_of(bench.file)}, {kind.title}",
        str(mine),
        "; ".join(compared),
        str(kind.reach),
        kind.reach.holds(found),
        mine.wall,
        least.wall,
        mine.wall / least.wall,
        {peer: theirs.wall for peer, theirs in peers.items()},
        {
            "cpu_ms": mine.cpu,
            "limit_cpu_ms": least.cpu,
            "cpu_ratio": mine.cpu / least.cpu,
            **{f"{peer}-cpu_ms": theirs.cpu for peer, theirs in peers.items()},
        },
    )


def _kept(made: Ground, scan: Row, runs: int) -> Row:
    """The scan against the page, both with the hash state that the upload left; nobody else can use one."""
    small, large = (made.bench(kind) for kind in KINDS if kind.id in ("sign-54k", "sign-16m"))
    signer = signer_of(small)
    acts = {
        "small": ours(small, signer, hash_state(small.file)),
        "large": ours(large, signer, hash_state(large.file)),
    }
    oracle.judged(large, {"ours": acts["large"]})

    def clear() -> None:
        small.clear()
        large.clear()

    found = alternate(acts, runs, before=clear, burst=min(runs, BURST))
    ratio, by_cpu = (
        found["large"].wall / found["small"].wall,
        found["large"].cpu / found["small"].cpu,
    )
    compared = [f"×{ratio:.2f} (CPU ×{by_cpu:.2f}) the {found['small'].wall:.2f} ms of the 54 KB page"]
    compared += [f"{PEERS[peer]} {ms:.2f} ms, which reads it all" for peer, ms in scan.peers.items()]
    return Row(
        KEPT,
        f"sign, {size_of(large.file)}, scan, hash state kept from the upload",
        str(found["large"]),
        "; ".join(compared),
        f"≤ ×{_KEPT_REACH} the page",
        max(ratio, by_cpu) <= _KEPT_REACH,
        found["large"].wall,
        found["small"].wall,
        ratio,
        scan.peers,
        {"cpu_ms": found["large"].cpu, "cpu_ratio": by_cpu, "limit_is": "sign-54k with its hash state kept"},
    )


def _faster(mine: Times, theirs: Times) -> float:
    return min(theirs.wall / mine.wall, theirs.cpu / mine.cpu)


def size_of(file: Path) -> str:
    """The file's size for a reader: KB or MB, decimal."""
    size = file.stat().st_size
    return f"{size / 1000:.0f} KB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"
