"""The desk where the trust store is kept: each act reads the store, makes the next version, signs it and puts it there.

Trusted lists and certificates are read by a worker: they are anybody's bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from api import trust_files
from api.settings import SettingsError
from api.trust_files import Remembered
from api.wiring.clock import clock
from api.wiring.rules import anchors_by_fingerprint
from policies.anchors import AnchorRole, KnownAnchor, fingerprint
from policies.reasons import trust as reasons
from policies.times import in_vietnam
from policies.vocabulary import TrustDomain
from policies.words import DOMAINS
from signer.errors import TrustRefused
from signer.sandbox import Sandbox, SandboxLimits
from signer.trust import store as stores
from signer.trust.certificates import Certificate, parse
from signer.trust.store import New, Step, TrustStore
from signer.trust.store_file import MAX_STORE, Opened
from signer.trust.store_keys import StoreKey, StorePin
from signer.trust.trusted_lists import SERVICE_TYPE, TrustedList
from signer.trust.xml_signature import MAX_XML

MAX_FILE, MAX_FILES = 4 << 20, 2000
_READ_LIST = "signer.trust.trusted_lists:read"
_READ_CERTIFICATES = "signer.trust.anchors:ders"


def begin(store: Path, key: Path, name: str, days: int) -> str:
    """A new key and an empty store; the line that pins it. Raises FileExistsError when one of the two is there."""
    if store.exists():
        raise FileExistsError(17, "exists", str(store))
    made = StoreKey.generate(name)
    trust_files.save_new(key, made.secret().encode() + b"\n")
    trust_files.save_store(store, stores.begin(Step(clock(), days)), made)
    return str(made.pin)


class Desk:
    """A store with the key that signs it. Every act gives the facts of the version that it made."""

    def __init__(self, store: Path, key: Path, days: int) -> None:
        self._store = store
        self._key_path = key
        self._days = days

    def add(
        self, file: Path, sha256: str, domain: TrustDomain, role: AnchorRole, reason: str
    ) -> dict[str, Any]:
        """Raises `TrustRefused` when the file holds another certificate, or not exactly one."""
        expected = _fingerprint(sha256)
        found = _certificates([file])
        if len(found) != 1:
            raise TrustRefused(reasons.NO_CERTIFICATE, path=file)
        actual = found[0].fingerprint.hex()
        if actual != expected:
            raise TrustRefused(reasons.FINGERPRINT_DIFFERS, found=actual, expected=expected)
        new = New(found[0], domain, role, f"file {file.name}", reason)
        return self._change(lambda store, step: stores.add(store, [new], step))

    def remove(self, sha256: str, reason: str) -> dict[str, Any]:
        wanted = _fingerprint(sha256)
        return self._change(lambda store, step: stores.remove(store, wanted, reason, step))

    def import_known(self, files: tuple[Path, ...], reason: str) -> dict[str, Any]:
        """All that the files hold must be known; what the store has already is passed over."""
        known = anchors_by_fingerprint()
        found = _certificates(_below(files))
        if not found:
            raise TrustRefused(reasons.NO_CERTIFICATE, path=", ".join(map(str, files))[:200])
        new = [_known(each, known, reason) for each in found]

        def act(store: TrustStore, step: Step) -> TrustStore:
            there = {each.certificate for each in store.believed()}
            return stores.add(store, [each for each in new if each.certificate.der not in there], step)

        return self._change(act)

    def import_list(
        self, file: Path, signer_sha256: str, domain: TrustDomain, types: tuple[str, ...]
    ) -> dict[str, Any]:
        signer = _fingerprint(signer_sha256)
        wanted = tuple(each if "://" in each else SERVICE_TYPE + each for each in types)
        data = _bytes(file, MAX_XML)
        with _worker() as sandbox:
            found: TrustedList = sandbox.call(_READ_LIST, data, signer, wanted)
        return self._change(lambda store, step: stores.import_list(store, found, domain, step))

    def renew(self, reason: str) -> dict[str, Any]:
        return self._change(lambda store, step: stores.renew(store, reason, step))

    def _change(self, act: Callable[[TrustStore, Step], TrustStore]) -> dict[str, Any]:
        """Read, change, sign, replace; one at a time. The newest version seen is kept beside the key, so that an older
        file that was put back is not built upon."""
        key = trust_files.load_key(self._key_path)
        remembered = Remembered(self._key_path.with_suffix(".seen"))
        with trust_files.held(self._key_path):
            opened = trust_files.open_store(self._store, key.pin, remembered)
            made = act(opened.store, Step(clock(), self._days, opened.sha256))
            trust_files.save_store(self._store, made, key)
            found = _facts(trust_files.open_store(self._store, key.pin, remembered))
        return {**found, "detail": made.history[-1].detail}


def facts(path: Path, pin: str) -> dict[str, Any]:
    """`antin.trust-facts/1`. Without a pin the file's own word is taken for its key, and that is said."""
    key = StorePin.parse(pin) if pin else _named_key(path)
    return {**_facts(trust_files.open_store(path, key, None)), "pinned": bool(pin)}


def _facts(opened: Opened) -> dict[str, Any]:
    store = opened.store
    return {
        "schema": "antin.trust-facts/1",
        "label": f"v{store.version} {opened.sha256[:12]}",
        "version": store.version,
        "sha256": opened.sha256,
        "trust_key": str(opened.pin),
        "issued_at": store.issued_at.isoformat(),
        "next_update": store.next_update.isoformat(),
        "stale": clock() > store.next_update,
        "entries": [_entry(each) for each in store.entries],
        "lists": [
            {
                "name": each.name,
                "domain": each.domain,
                "sequence": each.sequence,
                "next_update": each.next_update.isoformat(),
            }
            for each in store.lists
        ],
        "versions": [
            {"version": each.number, "at": each.at.isoformat(), "act": each.act, "detail": each.detail}
            for each in store.history
        ],
    }


def _entry(entry: stores.Entry) -> dict[str, Any]:
    certificate = parse(entry.certificate)
    return {
        "sha256": entry.fingerprint,
        "subject": certificate.parsed.subject.human_friendly[:300],
        "not_after": certificate.not_after.isoformat(),
        "domain": entry.domain,
        "role": entry.role,
        "source": entry.source,
        "reason": entry.reason,
        "added_in": entry.added_in,
        "removed_in": entry.removed_in or None,
        "removed_why": entry.removed_why,
    }


def told(found: dict[str, Any]) -> str:
    """For a terminal: Vietnamese words for domains, times at +07:00."""
    lines = [f"{found['label']}  {found['trust_key']}"]
    if not found.get("pinned"):
        lines.append("Khóa theo lời của chính tệp; so với trust_key. / The key is the file's own word.")
    until = _local(found["next_update"])
    stale = "  QUÁ HẠN RÀ SOÁT / TO BE REVIEWED" if found["stale"] else ""
    lines.append(f"Rà soát trước / to be reviewed before {until}{stale}")
    for row in found["entries"]:
        vi, en = DOMAINS[TrustDomain(row["domain"])]
        gone = f"  ĐÃ GỠ / removed v{row['removed_in']}: {row['removed_why']}" if row["removed_in"] else ""
        lines += [f"\n{row['sha256']}  {vi} / {en}, {row['role']}{gone}", f"  {row['subject']}"]
        lines.append(f"  v{row['added_in']}: {row['source']}; {row['reason']}")
    for row in found["lists"]:
        lines.append(f"\n{row['name']}: {row['sequence']}, {_local(row['next_update'])}")
    lines.append("")
    lines += [
        f"v{row['version']}  {_local(row['at'])}  {row['act']}  {row['detail']}" for row in found["versions"]
    ]
    return "\n".join(lines)


def _local(text: str) -> str:
    return in_vietnam(datetime.fromisoformat(text)).strftime("%d/%m/%Y %H:%M (+07:00)")


def _known(certificate: Certificate, known: dict[str, KnownAnchor], reason: str) -> New:
    sha256 = certificate.fingerprint.hex()
    row = known.get(sha256)
    if row is None:
        subject = certificate.parsed.subject.human_friendly[:200]
        raise TrustRefused(reasons.FINGERPRINT_UNKNOWN, subject=subject, found=sha256)
    source = f"{row.name}; {row.published}; fingerprint: {row.confidence}"
    return New(certificate, row.domain, row.role, source, reason)


def _fingerprint(text: str) -> str:
    try:
        return fingerprint(text)
    except ValueError as exc:
        raise SettingsError(f"sha256: {exc}") from exc


def _named_key(path: Path) -> StorePin:
    try:
        return StorePin.parse(json.loads(_bytes(path, MAX_STORE))["signature"]["key"])
    except (ValueError, TypeError, KeyError, RecursionError) as exc:
        raise TrustRefused(reasons.STORE_MALFORMED, what="JSON") from exc


def _below(files: tuple[Path, ...]) -> Iterator[Path]:
    for path in files:
        yield from sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]


def _certificates(files: Iterable[Path]) -> list[Certificate]:
    found: dict[bytes, Certificate] = {}
    with _worker() as sandbox:
        for count, path in enumerate(files):
            if count >= MAX_FILES:
                raise SettingsError(f"more than {MAX_FILES} files")
            for der in sandbox.call(_READ_CERTIFICATES, _bytes(path, MAX_FILE)):
                found.setdefault(der, parse(der))
    return list(found.values())


def _bytes(path: Path, limit: int) -> bytes:
    if path.stat().st_size > limit:
        raise SettingsError(f"{path} is larger than {limit >> 20} MB")
    return path.read_bytes()


def _worker() -> Sandbox:
    return Sandbox(1, SandboxLimits(wall_seconds=60.0))
