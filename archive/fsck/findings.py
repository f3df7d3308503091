"""What an audit finds: an id to look up, the place, and a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from policies.vocabulary import Severity

# So many of one kind are listed, the rest counted: a second store that is empty lacks every object.
MOST = 10_000
# (stage, done so far, total or None): called often; must be quick.
Progress = Callable[[str, int, int | None], None]

OBJECT_MISSING = "object.missing"
OBJECT_CHANGED = "object.bytes-changed"
OBJECT_HEAD_DIFFERS = "object.head-differs"
OBJECT_WITHOUT_ROW = "object.without-row"
OBJECT_UNREADABLE = "object.unreadable"
VERSION_SHADOWS = "object.shadowed"
COPY_MISSING = "copy.missing"
COPY_OWED = "copy.owed"
COPY_DIFFERS = "copy.row-differs"
LOCK_SOFTER = "lock.softer"
HOLD_MISSING = "hold.missing"
HOLD_UNKNOWN = "hold.unknown"
RETENTION_SHORTENED = "retention.shortened"
RETENTION_LOCK_ENDS = "retention.lock-ends"
HOLD_NOT_ON_ROW = "hold.not-on-row"
HOLD_DIFFERS = "hold.differs"
DOSSIER_VERSION_MISSING = "dossier.version-missing"
DOSSIER_DIFFERS = "dossier.differs"
DOSSIER_ENTRY_DIFFERS = "dossier.entry-differs"
DOSSIER_LIST_DIFFERS = "dossier.list-differs"
DOSSIER_FILE_DIFFERS = "dossier.file-differs"
RECORD_MALFORMED = "record.malformed"
RECORD_DIFFERS = "record.differs"
RECORD_UNLOGGED = "record.unlogged"
ROW_MISSING = "row.missing"
ROW_DIFFERS = "row.differs"
ROW_DANGLING = "row.dangling"
DEPOSIT_LEFT = "deposit.left"
LEAF_MISSING = "leaf.missing"
LEAF_MALFORMED = "leaf.malformed"
LEAF_DIFFERS = "leaf.differs"
LEAF_UNOPENED = "leaf.unopened"
LEAF_PENDING = "leaf.pending"
OPENINGS_MISSING = "openings.missing"
OPENINGS_DIFFER = "openings.differ"
OPENINGS_BROKEN = "openings.broken"
LOG_TILE_DIFFERS = "log.tile-differs"
LOG_TILE_MISSING = "log.tile-missing"
LOG_ROOT_DIFFERS = "log.root-differs"
LOG_CHECKPOINT_MISSING = "log.checkpoint-missing"
LOG_CHECKPOINT_BROKEN = "log.checkpoint-broken"
LOG_CHECKPOINT_OLDER = "log.checkpoint-older"
LOG_CHECKPOINT_REWRITTEN = "log.checkpoint-rewritten"
NUMBER_GAP = "number.gap"
NUMBER_CHANGED = "number.changed"
NUMBER_MISSING = "number.missing"
NUMBER_CLAIMED = "number.claimed"
NUMBER_OUT_OF_ORDER = "number.out-of-order"
SERIES_DIFFERS = "number.series-differs"
SERIES_CLOSED = "number.series-closed"
REGISTER_DIFFERS = "register.differs"
JOURNAL_BROKEN = "journal.broken"
JOURNAL_SHORT = "journal.shortened"
HEAD_DIFFERS = "journal.head-differs"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. `where` is a key, a row, a leaf's index: enough to go there."""

    id: str
    severity: Severity
    where: str
    what: str


@dataclass(slots=True)
class Report:
    """What was found, and how much was read (`read`: counts by kind, and `bytes`). Of one kind `MOST` are listed."""

    findings: list[Finding] = field(default_factory=list)
    read: Counter[str] = field(default_factory=Counter)
    again: list[tuple[str, str]] = field(
        default_factory=list
    )  # store and key whose hold is looked at once more
    gone: list[tuple[str, str]] = field(default_factory=list)  # store and key of what is not as its row says
    counts: Counter[tuple[str, Severity]] = field(default_factory=Counter)  # of each kind, listed or not

    def error(self, finding: str, where: str, what: str) -> None:
        self._add(Finding(finding, Severity.ERROR, where, what))

    def note(self, finding: str, where: str, what: str) -> None:
        self._add(Finding(finding, Severity.INFO, where, what))

    def is_gone(self, store: str, key: str) -> None:
        if len(self.gone) < MOST:  # what is mended first; the next audit finds the rest
            self.gone.append((store, key))

    def _add(self, finding: Finding) -> None:
        kind = finding.id, finding.severity
        self.counts[kind] += 1
        if self.counts[kind] <= MOST:
            self.findings.append(finding)

    def close(self) -> None:
        """At the end: how many are not listed."""
        for (finding, severity), count in self.counts.items():
            if count > MOST:
                what = f"{count - MOST} more of these, which are not listed"
                self.findings.append(Finding(finding, severity, "–", what))

    @property
    def errors(self) -> int:
        """How many, listed or not."""
        return sum(count for (_, severity), count in self.counts.items() if severity is Severity.ERROR)

    @property
    def clean(self) -> bool:
        """Nothing worse than a remark."""
        return all(finding.severity is Severity.INFO for finding in self.findings)


def quiet(stage: str, done: int, total: int | None) -> None:
    """No progress is shown."""
