"""What this process counted since it started, in the text form that Prometheus reads (version 0.0.4).

Counters of one process, lost with it: who collects them knows that they begin again at zero. Labels take few
values, all of them ours; nothing of a document or a person stands here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from signer.creation.shapes import SigningPath
from signer.errors import SignerRefused

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts signatures and refusals; several threads may count at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._signed: Counter[tuple[SigningPath, str]] = Counter()
        self._refused: Counter[str] = Counter()
        self._revocation: Counter[tuple[str, str]] = Counter()

    def signed(self, path: SigningPath, shape: str) -> None:
        """One signature was made: who wrote it, behind which shape of document."""
        with self._lock:
            self._signed[path, shape] += 1

    def revocation(self, kind: str, source: str) -> None:
        """One question about a certificate: `ocsp` or `crl`, answered from `cache`, from the `source`, or by `none`."""
        with self._lock:
            self._revocation[kind, source] += 1

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Counts a refusal by its reason, and lets it pass."""
        try:
            yield
        except SignerRefused as refusal:
            with self._lock:
                self._refused[refusal.id] += 1
            raise

    def text(self) -> str:
        """The counters as they are now."""
        with self._lock:
            signed = sorted(self._signed.items())
            refused = sorted(self._refused.items())
            revocation = sorted(self._revocation.items())
        return "".join(
            (
                "# HELP antin_signatures_total Signatures made, by who wrote them and the document's shape.\n"
                "# TYPE antin_signatures_total counter\n",
                *(
                    f'antin_signatures_total{{path="{path}",shape="{shape}"}} {count}\n'
                    for (path, shape), count in signed
                ),
                "# HELP antin_signatures_refused_total Signatures refused on both paths, by reason.\n"
                "# TYPE antin_signatures_refused_total counter\n",
                *(
                    f'antin_signatures_refused_total{{reason="{reason}"}} {count}\n'
                    for reason, count in refused
                ),
                "# HELP antin_revocation_questions_total Questions on revocation, by where the answer came from.\n"
                "# TYPE antin_revocation_questions_total counter\n",
                *(
                    f'antin_revocation_questions_total{{kind="{kind}",source="{source}"}} {count}\n'
                    for (kind, source), count in revocation
                ),
            )
        )
