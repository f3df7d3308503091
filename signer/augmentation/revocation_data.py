"""B-LT: revocation data newer than the token, put into the document security store (EN 319 142-1, 5.4.2).

1. `collect`     validate with the network, accepting only answers of the token's time or later
2. `append_dss`  one revision: /DSS with Certs, OCSPs, CRLs and one VRI entry for each signature

What stood in an earlier store stays in it. No signature is touched.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from policies.reasons import verification as reasons
from policies.validation import PASSED, ValidationProfile
from policies.vocabulary import SubIndication
from signer.creation.append import Revision
from signer.document.reader import PdfFile
from signer.document.revisions import signatures
from signer.document.syntax import Name, Ref, Stream
from signer.errors import RevocationUnavailable, SigningRefused, TrustOverdue
from signer.ports import RevocationSource
from signer.sandbox import Sandbox
from signer.stages import Appended
from signer.trust.anchors import TrustAnchors
from signer.validation.document_facts import security_store
from signer.validation.online import validate_online
from signer.validation.values import DocumentReport, Evidence

_WAITS = {SubIndication.TRY_LATER, SubIndication.OUT_OF_BOUNDS_NO_POE}
_KEYS = ("Certs", "OCSPs", "CRLs")


@dataclass(frozen=True, slots=True)
class ValidationData:
    """Material by signature: (VRI key, what validates it). The key is SHA-1 of `/Contents`, as the standard
    wants it: a name, no protection."""

    entries: tuple[tuple[str, Evidence], ...]


@runtime_checkable
class Refreshable(Protocol):
    """A source with a cache that can be passed by."""

    def fresh(self) -> RevocationSource: ...


def collect(
    sandbox: Sandbox,
    path: Path,
    trust: TrustAnchors,
    at: datetime,
    revocation: RevocationSource,
    profile: ValidationProfile,
) -> ValidationData:
    """Revocation data newer than each token, for signers, authorities and their CAs.

    A source that keeps answers is asked anew (`Refreshable`): kept ones may be older than the token.
    Raises `RevocationUnavailable` while the answers are still older than the tokens or do not come (try
    again after the grace period), `TrustOverdue` while the trust store is past its review, `SigningRefused` when a
    signature is not good: it is not worth keeping.
    """
    strict = replace(profile, current_answers_suffice=False)
    source = revocation.fresh() if isinstance(revocation, Refreshable) else revocation
    report = validate_online(sandbox, path, trust, at, strict, source)
    _check(report)
    keys: list[str] = sandbox.call("signer.augmentation.revocation_data:vri_keys", path)
    pairs = zip(keys, report.signatures, strict=True)
    return ValidationData(tuple((key, each.evidence) for key, each in pairs))


def _check(report: DocumentReport) -> None:
    """While a time-stamp waits for an answer, what only it proves waits too."""
    lacking = [each for each in report.signatures if each.verdict != PASSED]
    for each in lacking:
        if each.verdict.sub_indication is SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE:
            raise TrustOverdue(f"the trust store is past its review: {each.field}")
    waiting = [each for each in lacking if each.verdict.sub_indication is SubIndication.TRY_LATER]
    for each in lacking:
        if not waiting or each.verdict.sub_indication not in _WAITS:
            raise SigningRefused(reasons.NOT_WORTH_KEEPING, field=each.field)
    for each in waiting:
        raise RevocationUnavailable(f"no answer newer than the time-stamp of {each.field}")
    if report.verdict != PASSED:
        raise SigningRefused(reasons.NOT_WORTH_KEEPING, field="")


def vri_keys(path: Path) -> list[str]:
    """The VRI keys of the file's signatures, in the order of its report."""
    with PdfFile.open(path) as pdf:
        return [_vri_key(each.contents) for each in signatures(pdf)]


def _vri_key(contents: bytes) -> str:
    return hashlib.sha1(contents, usedforsecurity=False).hexdigest().upper()


def append_dss(path: Path, data: ValidationData) -> Appended:
    """The revision that adds this material to the file's security store.

    Raises `DocumentRefused` as the reader does, `SigningRefused` when nothing new would be added.
    """
    appended = append_if_new(path, data)
    if appended is None:
        raise SigningRefused(reasons.NOTHING_TO_ADD)
    return appended


def append_if_new(path: Path, data: ValidationData) -> Appended | None:
    """The same; None when the store has everything already."""
    with PdfFile.open(path) as pdf:
        revision = Revision(pdf)
        store = _Store(pdf, revision)
        for key, evidence in data.entries:
            store.add(key, evidence)
        if not store.grown:
            return None
        store.write()
        return revision.appended()


class _Store:
    """The security store under construction: each item once, earlier ones by their old references."""

    def __init__(self, pdf: PdfFile, revision: Revision) -> None:
        self.pdf = pdf
        self.revision = revision
        self.old = pdf.dictionary(pdf.catalog.get("DSS"))
        self.lists: dict[str, list[Any]] = {key: list(pdf.array(self.old.get(key))) for key in _KEYS}
        self.vri: dict[str, Any] = dict(pdf.dictionary(self.old.get("VRI")))
        self.known: dict[bytes, Ref] = {}
        self.grown = False
        for refs in self.lists.values():
            self._remember(refs)

    def _remember(self, refs: Iterable[Any]) -> None:
        for ref in refs:
            stream = self.pdf.resolve(ref)
            if isinstance(ref, Ref) and isinstance(stream, Stream):
                self.known.setdefault(self.pdf.stream_data(stream), ref)

    def add(self, key: str, evidence: Evidence) -> None:
        """The material of one signature, and its VRI entry."""
        groups = zip(_KEYS, (evidence.certificates, evidence.ocsp, evidence.crls), strict=True)
        entry: dict[str, Any] = {"Type": Name("VRI")}
        for name, items in groups:
            refs = [self._ref(name, item) for item in items]
            if refs:
                entry[name.removesuffix("s")] = refs
        if key not in self.vri:
            self.vri[key] = self.revision.add(entry)
            self.grown = True

    def _ref(self, name: str, item: bytes) -> Ref:
        ref = self.known.get(item)
        if ref is None:
            ref = self.revision.add(Stream({"Filter": Name("FlateDecode")}, data=zlib.compress(item, 9)))
            self.known[item] = ref
            self.lists[name].append(ref)
            self.grown = True
        return ref

    def write(self) -> None:
        """The store as one object, and the catalog that names it."""
        value: dict[str, Any] = {**self.old, "Type": Name("DSS")}
        value.update({key: refs for key, refs in self.lists.items() if refs})
        value["VRI"] = self.vri
        known = self.pdf.catalog.get("DSS")
        if isinstance(known, Ref):
            self.revision.put(known, value)
            return
        catalog = self.pdf.trailer["Root"]
        self.revision.put(catalog, {**self.pdf.catalog, "DSS": self.revision.add(value)})


def stored(path: Path) -> Evidence:
    """The material of the file's newest security store."""
    with PdfFile.open(path) as pdf:
        return security_store(pdf)
