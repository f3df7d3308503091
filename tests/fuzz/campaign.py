"""A campaign: mutated files and answers into real workers, under the limits that strangers' files get.

What is reported: an answer that no rule foresaw (`document.parser-failed`), a worker that was killed or took too long,
a step of the validation that stumbled, and a yes to a file whose signed bytes were altered.
"""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from api.wiring.tools import verification_limits
from policies.intake import ISSUING
from policies.refusals import Refused
from policies.validation import PASSED
from signer.sandbox import Sandbox
from signer.validation.values import Evidence
from tests.attacks.pdf.cases import Made
from tests.attacks.pdf.desk import LATER, Desk
from tests.fuzz.minimise import minimised
from tests.fuzz.mutation import mutated, mutated_der
from tests.fuzz.seeds import Corpus, corpus
from tests.profiles import AGENCY

UNFORESEEN = ("document.parser-failed", "document.parser-killed", "document.too-slow")
_NOT_UNDERSTOOD = "verification.not-understood"


@dataclass(frozen=True)
class Find:
    """One bad answer: what was asked, what came, the bytes that did it (minimised)."""

    task: str
    word: str
    data: bytes

    @property
    def name(self) -> str:
        return f"{self.task}-{self.word.replace('/', '-')}-{hashlib.sha256(self.data).hexdigest()[:12]}"


@dataclass
class Campaign:
    """Runs until told to stop. `out`: a folder for what is found."""

    desk: Desk
    sandbox: Sandbox
    known: Corpus
    chance: random.Random
    out: Path | None = None
    finds: list[Find] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._path = self.desk.folder / "fuzzed.pdf"
        self._good = [(each, _ranges(each)) for each in self.known.good]
        self._evidence = self.desk.judge(Made(self.desk.issued()))[1]

    def one(self) -> None:
        """One mutation of each kind of input, to one of those who parse it."""
        chance, known = self.chance, self.known
        if chance.random() < 0.12:
            kind = chance.choice(("ocsp", "crl", "certificate"))
            data = mutated_der(chance.choice(known.der[kind]), chance.choice(known.der["cms"]), chance)
            self.ask(kind, data, lambda each: self._with_answer(kind, each))
            return
        data = mutated(chance.choice(known.files), chance.choice(known.files), chance)
        task = chance.choice(("validate", "validate", "validate", "intake", "conformity"))
        self.ask(task, data, getattr(self, f"_{task}"))

    def ask(self, task: str, data: bytes, answer: Callable[[bytes], str]) -> None:
        """Note the answer; keep the bytes of a bad one, as few of them as do it."""
        word = answer(data)
        self.words[f"{task} {word}"] += 1
        if not is_bad(word):
            return
        tries = 3 if word == "document.too-slow" else 150
        small = minimised(data, lambda each: answer(each) == word, tries)
        find = Find(task, word, small)
        self.finds.append(find)
        if self.out is not None:
            self.out.mkdir(parents=True, exist_ok=True)
            (self.out / find.name).write_bytes(small)
            (self.out / f"{find.name}.whole").write_bytes(data)

    def _validate(self, data: bytes) -> str:
        report = self._called(
            "signer.validation.process:run", data, self.desk.trust(), LATER, AGENCY, self._evidence, None, ()
        )
        if isinstance(report, str):
            return report
        if any(_NOT_UNDERSTOOD in {f.reason.id for f in each.findings} for each in report.signatures):
            return _NOT_UNDERSTOOD
        if report.verdict == PASSED and not self._is_a_good_one(data):
            return "accepted"
        return str(report.verdict.indication)

    def _is_a_good_one(self, data: bytes) -> bool:
        """Whether what the newest signature of some good file covers stands in it, byte for byte."""
        return any(
            data[:first] == good[:first] and data[second:end] == good[second:end]
            for good, (first, second, end) in self._good
        )

    def _intake(self, data: bytes) -> str:
        found = self._called("signer.document.upload:examine_upload", data, ISSUING)
        return found if isinstance(found, str) else "read"

    def _conformity(self, data: bytes) -> str:
        found = self._called("signer.document.pdfa:check", data)
        return found if isinstance(found, str) else "checked"

    def _with_answer(self, kind: str, der: bytes) -> str:
        given = {"ocsp": Evidence(ocsp=(der,)), "crl": Evidence(crls=(der,))}.get(kind, Evidence((der,)))
        report = self._called(
            "signer.validation.process:run",
            self.desk.issued(),
            self.desk.trust(),
            LATER,
            AGENCY,
            given,
            None,
            (),
        )
        return report if isinstance(report, str) else str(report.verdict.indication)

    def _called(self, task: str, data: bytes, *arguments: object):
        """The task's answer, or the id of its refusal."""
        self._path.write_bytes(data)
        try:
            return self.sandbox.call(task, self._path, *arguments)
        except Refused as refused:
            return refused.id if refused.text("vi") and refused.text("en") else UNFORESEEN[0]


def is_bad(word: str) -> bool:
    """Whether this answer is a find."""
    return word in UNFORESEEN or word in (_NOT_UNDERSTOOD, "accepted")


def _ranges(data: bytes) -> tuple[int, int, int]:
    """What the newest signature of a good file covers: up to the first of these, and from the second to the third."""
    found = re.findall(rb"/ByteRange ?\[ ?0 +(\d+) +(\d+) +(\d+)", data)
    first, second, rest = max((tuple(map(int, each)) for each in found), key=lambda each: each[1] + each[2])
    return first, second, second + rest


def run(
    desk: Desk, seed: int, *, rounds: int = 0, seconds: float = 0.0, every: int = 1, out: Path | None = None
) -> Campaign:
    """So many rounds, or for so many seconds."""
    with Sandbox(
        1, verification_limits(preload=("signer.validation.process", "signer.document.upload"))
    ) as pool:
        campaign = Campaign(desk, pool, corpus(desk, every=every), random.Random(seed), out)
        end = time.monotonic() + seconds
        done = 0
        while done < rounds or time.monotonic() < end:
            campaign.one()
            done += 1
        return campaign
