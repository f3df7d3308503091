"""A folder of documents, a key, and what must hold of every batch over them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from api.demo.documents import DecisionSpec, decision
from policies.algorithms import DEFAULT
from signer.creation.batch import Batch, BatchLimits, Factory, Job, Outcome
from signer.creation.batch.journal import NAME
from signer.document.reader import PdfFile
from signer.document.revisions import signatures
from signer.trust.anchors import TrustAnchors
from signer.validation.process import run
from tests.profiles import AGENCY
from tests.signer.trust.forge import NOW

PASSWORD = "mat khau"
FIELD = "AnTinSignature"
FEW = BatchLimits(processes=1, bundle=4)
PAIR = BatchLimits(processes=2, bundle=4)


@dataclass
class BatchDesk:
    folder: Path
    container: Path

    def __post_init__(self):
        self.sources = self.folder / "in"
        self.outs = self.folder / "out"
        self.log = self.folder / "uses"
        self.sources.mkdir()
        self.outs.mkdir()
        self.log.touch()

    def jobs(self, count: int) -> list[Job]:
        for number in range(count):
            spec = DecisionSpec(subject=f"Về việc thứ {number}")
            (self.sources / f"{number:03d}.pdf").write_bytes(decision(spec))
        return [self.job(f"{number:03d}.pdf") for number in range(count)]

    def job(self, name: str) -> Job:
        return Job(self.sources / name, self.outs / name, FIELD, make_field=True)

    def factory(self, name: str = "counted", **more: object) -> Factory:
        given = {"container": self.container, "password": PASSWORD, "algorithm": DEFAULT, "log": self.log}
        return Factory(f"tests.signer.creation.batch_keys:{name}", {**given, **more})

    def run(self, jobs, factory=None, limits=FEW, **more) -> list[Outcome]:
        with Batch(jobs, self.outs, factory or self.factory(), limits=limits, **more) as batch:
            return list(batch)

    @property
    def uses(self) -> int:
        """How often the key was really used."""
        return self.log.stat().st_size

    def journal(self) -> list[dict]:
        lines = (self.outs / NAME).read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}") and line.startswith("{")]

    def outputs(self) -> list[str]:
        """Names in the folder of outputs, apart from the journal: nothing may be left over there."""
        return sorted(path.name for path in self.outs.rglob("*") if path.is_file() and path.name != NAME)

    def check(self, signed: list[Job]) -> None:
        """Exactly these are there, each with one intact signature over all of it, each journalled once."""
        assert self.outputs() == sorted(job.out.name for job in signed)
        for job in signed:
            with PdfFile.open(job.out) as pdf:
                assert len(signatures(pdf)) == 1
            (report,) = run(job.out, TrustAnchors(()), NOW, AGENCY).signatures
            assert (report.integrity, report.coverage) == ("intact", "whole")
            assert job.out.read_bytes().startswith(job.source.read_bytes())
        events = Counter((event["event"], event["out"]) for event in self.journal())
        assert all(events["signed", job.out.name] == 1 for job in signed)
