"""Verifying documents in full: format, coverage, CMS, chain, revocation, and what was changed after each signature.

In one process, warm, offline with the answers given; beside it the limit (one pass of SHA-256, one use of the public
key for each signature) and pyHanko with its difference analysis. Nobody keeps anything of a document.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509 import ocsp

from api.demo import ocsp as demo_ocsp
from api.demo.pki import DemoPki, make_demo_pki
from api.wiring.rules import validation_profiles
from benchmarks import documents, results
from benchmarks.harness import Row, Times, alternate
from benchmarks.signing import size_of
from policies.layout import INVISIBLE, Box
from policies.validation import PASSED
from policies.vocabulary import FieldRole
from signer.creation import cms, two_step
from signer.creation.append import append, write_tail
from signer.creation.plan import PreparationPlan
from signer.creation.prepare import prepare
from signer.crosscheck import pyhanko_check
from signer.trust.anchors import TrustAnchors
from signer.validation.process import validate
from signer.validation.values import Evidence

_SIGNERS = ("leader", "second-leader", "initial")
_BLOCK = 1 << 18


@dataclass(frozen=True)
class Kind:
    """One row: which document, how many signatures, and what is to be reached: milliseconds, or times of hashing."""

    id: str
    title: str
    make: documents.Make
    signatures: int
    reach_ms: float = 0.0
    times_hashing: float = 0.0
    runs: int = 60
    every: int = 6


AGENCY = validation_profiles()["agency"]
KINDS = (
    Kind("verify-54k", "1 page", documents.page, 1, reach_ms=3.0, runs=240, every=12),
    Kind("verify-300p", "300 pages", documents.many_pages, 5, reach_ms=100.0),
    Kind("verify-25", "1 page", documents.page, 25, reach_ms=1000.0, runs=20, every=10),
    Kind("verify-16m", "scan", documents.scan, 1, times_hashing=1.3),
    Kind(
        "verify-6510",
        "500 pages, 6,510 objects",
        documents.tagged_pages,
        2,
        reach_ms=200.0,
        runs=30,
        every=15,
    ),
)


class Desk:
    """Keys, trust and answers: what everybody who verifies is given."""

    def __init__(self, folder: Path) -> None:
        self.at = datetime.now(UTC).replace(microsecond=0)
        self.pki = make_demo_pki(folder / "pki", self.at - timedelta(days=1))
        self.trust = TrustAnchors((self.pki.root,), label="bench", domain="demo")
        self.keys = [self.pki.signing_key(name) for name in _SIGNERS]
        crls = tuple(demo_ocsp.crl(self.pki, name, self.at) for name in ("root", "issuing"))
        self.evidence = Evidence(ocsp=tuple(_answer(self.pki, name, self.at) for name in _SIGNERS), crls=crls)

    def signed(self, kind: Kind, folder: Path) -> Path:
        """The kind's document, with its signatures one after the other."""
        source, base, grown = (folder / f"{kind.id}{end}.pdf" for end in ("-0", "", "-1"))
        kind.make(source)
        names = [f"Signer{number}" for number in range(kind.signatures)]
        boxes = tuple(Box(FieldRole.INITIAL, 0, INVISIBLE, name) for name in names)
        append(source, prepare(source, PreparationPlan(boxes)), base)
        for number, name in enumerate(names):
            self._sign(base, name, number, grown)
            grown.replace(base)
        source.unlink()
        return base

    def _sign(self, base: Path, field: str, number: int, out: Path) -> None:
        key = self.keys[number % len(self.keys)]
        request = two_step.SignatureRequest(field, two_step.contents_size(key), documents.NAME, self.at)
        prepared = two_step.prepare_signature(base, request)
        tail = two_step.fill_hole(prepared, cms.build(prepared.digest, key))
        write_tail(base, prepared.base_size, tail, out)


def _answer(pki: DemoPki, name: str, at: datetime) -> bytes:
    leaf, issuer = pki.identity(name).certificate, pki.identity("issuing").certificate
    request = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA256()).build()
    return demo_ocsp.respond(pki, request.public_bytes(serialization.Encoding.DER), at)


def ours(desk: Desk, path: Path) -> Callable[[], object]:
    """The whole process with its report. AssertionError when it is not passed."""

    def act() -> object:
        report = validate(path, trust=desk.trust, at=desk.at, profile=AGENCY, evidence=desk.evidence)
        assert report.verdict == PASSED, report
        return report

    return act


def hashing(path: Path) -> Callable[[], object]:
    """One pass of SHA-256 over the file's bytes through one small buffer."""
    view = memoryview(bytearray(_BLOCK))

    def act() -> object:
        digest = hashlib.sha256()
        source = os.open(path, os.O_RDONLY)
        try:
            while count := os.readv(source, [view]):
                digest.update(view[:count])
        finally:
            os.close(source)
        return digest.digest()

    return act


def limit(path: Path, certificate: x509.Certificate, key: Any, signatures: int) -> Callable[[], object]:
    """The same, and one use of a public key for each signature."""
    read, public = hashing(path), certificate.public_key()
    value = key.sign(hashlib.sha256(b"").digest())

    def act() -> object:
        read()
        for _ in range(signatures):
            public.verify(value, b"", padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr, call-arg, arg-type]
        return None

    return act


def pyhanko(desk: Desk, path: Path) -> Callable[[], object]:
    """pyHanko on all signatures, revocation not asked of it. It may give up: then its time is until there."""
    return lambda: pyhanko_check.check(path, (desk.pki.root,), desk.at)


@contextmanager
def desk() -> Iterator[tuple[Desk, Path]]:
    """A desk in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="antin-bench-verifying-") as name:
        yield Desk(Path(name)), Path(name)


def run(quick: bool) -> list[Row]:
    """A row for each kind, and the scan's once more as a processor without SHA extensions hashes it."""
    with desk() as (made, folder):
        rows = [_row(kind, made, folder, quick) for kind in KINDS]
    return [*rows, *_plain(quick)]


def _plain(quick: bool) -> list[Row]:
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return []
    with tempfile.TemporaryDirectory(prefix="antin-bench-plain-") as name:
        command = [sys.executable, "-m", "benchmarks.verifying", name, *(["--quick"] if quick else [])]
        subprocess.run(command, check=True, env={**os.environ, "OPENSSL_ia32cap": ":~0x20000000"})
        rows, _run = results.read(Path(name))
    return [replace(each, id=f"{each.id}-plain", what=f"{each.what}, no SHA extensions") for each in rows]


def _scan_alone(out: Path, quick: bool) -> None:
    kind = next(each for each in KINDS if each.times_hashing)
    with desk() as (made, folder):
        results.write(out, [_row(kind, made, folder, quick)], {})


def _row(kind: Kind, made: Desk, folder: Path, quick: bool) -> Row:
    print(f"… {kind.id}", file=sys.stderr, flush=True)
    path = made.signed(kind, folder)
    certificate = made.pki.identity(_SIGNERS[0]).certificate
    acts = {
        "ours": ours(made, path),
        "limit": limit(path, certificate, made.keys[0], kind.signatures),
        "hashing": hashing(path),
        "pyhanko": pyhanko(made, path),
    }
    runs, every = (4, 2) if quick else (kind.runs, kind.every)
    gave_up = pyhanko_check.check(path, (made.pki.root,), made.at).failure
    return _told(kind, path, alternate(acts, runs, 1, ("pyhanko",), every), gave_up)


def _told(kind: Kind, path: Path, found: dict[str, Times], gave_up: str | None) -> Row:
    mine, least, read, theirs = (found[name] for name in ("ours", "limit", "hashing", "pyhanko"))
    times = mine.wall / read.wall
    holds = times <= kind.times_hashing if kind.times_hashing else mine.wall <= kind.reach_ms
    said = f" (gives up: {gave_up.partition(':')[0]})" if gave_up else ""
    many = "1 signature" if kind.signatures == 1 else f"{kind.signatures} signatures"
    return Row(
        kind.id,
        f"verify, {size_of(path)}, {kind.title}, {many}",
        str(mine),
        f"×{mine.wall / least.wall:.1f} the limit of {least.wall:.2f} ms, ×{times:.2f} hashing; "
        f"pyHanko {theirs.wall:.1f} ms{said}: {theirs.wall / mine.wall:.1f} ×",
        f"≤ ×{kind.times_hashing} hashing" if kind.times_hashing else f"≤ {kind.reach_ms:g} ms",
        holds,
        mine.wall,
        least.wall,
        mine.wall / least.wall,
        {"pyhanko": theirs.wall},
        {"cpu_ms": mine.cpu, "hashing_ms": read.wall},
    )


if __name__ == "__main__":
    _scan_alone(Path(sys.argv[1]), "--quick" in sys.argv)
