"""Whether the server gives verdicts at all, and what to do when it does not."""

from __future__ import annotations

from archive.storage.canary.attempts.attempt import SERVER, UNKNOWN, Attempt
from archive.storage.canary.bench import Bench
from archive.storage.canary.values import Kind, Outcome, Trouble, Verdict, Weight
from policies.reasons import storage as reasons
from policies.refusals import Both

REASONS = {
    Trouble.UNREACHABLE: reasons.UNREACHABLE,
    Trouble.CERTIFICATE: reasons.CERTIFICATE,
    Trouble.CREDENTIALS: reasons.CREDENTIALS,
    Trouble.CLOCK: reasons.CLOCK_SKEW,
    Trouble.FORBIDDEN: reasons.ACCESS_DENIED,
    Trouble.NO_BUCKET: reasons.NO_BUCKET,
    Trouble.BUSY: reasons.BUSY,
    Trouble.FULL: reasons.FULL,
    Trouble.STRANGE: reasons.NOT_S3,
}


def unanswered(trouble: Trouble, detail: str = "") -> Verdict:
    """No answer is not a yes."""
    reason = REASONS[trouble]
    told = f"{trouble}: {detail}" if detail else str(trouble)
    return Verdict(Outcome.NO_ANSWER, told, Both(reason.vi, reason.en))


def _reach(bench: Bench) -> Verdict:
    return Verdict(Outcome.HELD, bench.probe.versioning())


REACH = Attempt(
    "reach",
    Weight.FATAL,
    Both("Kết nối máy chủ kho, đăng nhập, đọc kho.", "Connect, sign in, read the bucket."),
    Both("Trả lời.", "Answers."),
    UNKNOWN,
    SERVER,
    _reach,
    Kind.CHECK,
)
