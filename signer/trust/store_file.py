"""The trust store's file, schema `antin.trust/1`: JSON that has one encoding, with an Ed25519 signature inside.

    { "schema", "signed": { version, issued_at, next_update, entries, lists, history }, "signature": { key, value } }

The signature is over the schema's name, a newline and the bytes of `signed` as they are encoded by `_encoded`. A file
whose bytes are not exactly what `write` would make of it is refused before anything in it is used: no double keys, no
second reading. Whether a version may follow one that was seen is `check_not_older`'s question.
"""

from __future__ import annotations

import base64
import json
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from policies.anchors import AnchorRole
from policies.reasons import trust as reasons
from policies.refusals import Both
from policies.vocabulary import TrustDomain
from signer.errors import TrustRefused
from signer.trust.certificates import parse
from signer.trust.store import MOST_DAYS, Entry, ListState, TrustStore, Version
from signer.trust.store_keys import StoreKey, StorePin
from signer.trust.unreadable import Unreadable

SCHEMA = "antin.trust/1"
MAX_STORE = 16 << 20
_BROKEN = (ValueError, TypeError, KeyError, AttributeError, RecursionError, Base64Error, Unreadable)


@dataclass(frozen=True, slots=True)
class Opened:
    """A store whose signature holds, with the SHA-256 of its file and the key that it was pinned by."""

    store: TrustStore
    sha256: str
    pin: StorePin


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest version of a store that somebody has used."""

    version: int
    sha256: str


def write(store: TrustStore, key: StoreKey) -> bytes:
    """The signed file."""
    signed = _of_store(store)
    signature = {"key": str(key.pin), "value": _base64(key.sign(_message(signed)))}
    return _encoded({"schema": SCHEMA, "signed": signed, "signature": signature})


def read(data: bytes, pin: StorePin) -> Opened:
    """The store of a file that the pinned key signed. Raises `TrustRefused` for anything else."""
    if len(data) > MAX_STORE:
        raise TrustRefused(reasons.STORE_MALFORMED, what="size")
    try:
        found = json.loads(data)
        if found["schema"] != SCHEMA or set(found) != {"schema", "signed", "signature"}:
            raise ValueError
        signature = base64.b64decode(found["signature"]["value"], validate=True)
        one_form = _encoded(found) == data
    except _BROKEN as exc:
        raise TrustRefused(reasons.STORE_MALFORMED, what="JSON") from exc
    if not one_form:
        raise TrustRefused(
            reasons.STORE_MALFORMED, what=Both("không ở dạng chuẩn", "not in its one encoding")
        )
    if found["signature"].get("key") != str(pin):
        raise TrustRefused(reasons.STORE_SIGNATURE, name=pin.name)
    pin.check(signature, _message(found["signed"]))
    try:
        store = _store(found["signed"])
    except _BROKEN as exc:
        raise TrustRefused(reasons.STORE_MALFORMED, what=type(exc).__name__) from exc
    return Opened(store, sha256(data).hexdigest(), pin)


def check_not_older(opened: Opened, seen: Seen | None) -> Seen:
    """What is to be remembered now. Raises `TrustRefused` for a version below the seen one, and for other contents
    under its number: whoever has the key may have been made to sign two."""
    store = opened.store
    if seen is not None:
        other = store.version == seen.version and opened.sha256 != seen.sha256
        if store.version < seen.version or other:
            what = Both(" với nội dung khác", " with other contents") if other else ""
            raise TrustRefused(reasons.STORE_ROLLED_BACK, version=store.version, seen=seen.version, what=what)
    return Seen(store.version, opened.sha256)


def _encoded(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def _message(signed: Any) -> bytes:
    return SCHEMA.encode() + b"\n" + _encoded(signed)


def _of_store(store: TrustStore) -> dict[str, Any]:
    return {
        "version": store.version,
        "issued_at": _of_time(store.issued_at),
        "next_update": _of_time(store.next_update),
        "entries": [_of_entry(each) for each in store.entries],
        "lists": [
            {
                "name": each.name,
                "domain": each.domain.value,
                "sequence": each.sequence,
                "issued_at": _of_time(each.issued_at),
                "next_update": _of_time(each.next_update),
                "signer": each.signer,
                "sha256": each.sha256,
            }
            for each in store.lists
        ],
        "history": [
            {
                "version": each.number,
                "at": _of_time(each.at),
                "act": each.act,
                "detail": each.detail,
                "previous": each.previous,
            }
            for each in store.history
        ],
    }


def _of_entry(entry: Entry) -> dict[str, Any]:
    """Without a kind of service where none was said: so files stay as they were before it was."""
    return {
        **({"service": entry.service} if entry.service else {}),
        "certificate": _base64(entry.certificate),
        "sha256": entry.fingerprint,
        "domain": entry.domain.value,
        "role": entry.role.value,
        "source": entry.source,
        "reason": entry.reason,
        "added_in": entry.added_in,
        "added_at": _of_time(entry.added_at),
        "granted_since": None if entry.granted_since is None else _of_time(entry.granted_since),
        "from_list": entry.from_list,
        "removed_in": entry.removed_in,
        "removed_at": None if entry.removed_at is None else _of_time(entry.removed_at),
        "removed_why": entry.removed_why,
    }


def _store(value: Any) -> TrustStore:
    store = TrustStore(
        version=_number(value["version"]),
        issued_at=_time(value["issued_at"]),
        next_update=_time(value["next_update"]),
        entries=tuple(_entry(each) for each in value["entries"]),
        lists=tuple(
            ListState(
                _text(each["name"]),
                TrustDomain(each["domain"]),
                _number(each["sequence"]),
                _time(each["issued_at"]),
                _time(each["next_update"]),
                _text(each["signer"]),
                _text(each["sha256"]),
            )
            for each in value["lists"]
        ),
        history=tuple(
            Version(
                _number(each["version"]),
                _time(each["at"]),
                _text(each["act"]),
                _text(each["detail"]),
                _text(each["previous"]),
            )
            for each in value["history"]
        ),
    )
    _check(store, value)
    return store


def _entry(value: Any) -> Entry:
    entry = Entry(
        base64.b64decode(value["certificate"], validate=True),
        TrustDomain(value["domain"]),
        AnchorRole(value["role"]),
        _text(value["source"]),
        _text(value["reason"]),
        _number(value["added_in"]),
        _time(value["added_at"]),
        _maybe(value["granted_since"], _time),
        _text(value["from_list"]),
        _number(value["removed_in"]),
        _maybe(value["removed_at"], _time),
        _text(value["removed_why"]),
        _text(value.get("service", "")),
    )
    if parse(entry.certificate).fingerprint.hex() != value["sha256"]:
        raise ValueError("sha256")
    return entry


def _check(store: TrustStore, value: Any) -> None:
    """What every store that this code wrote keeps; and nothing besides stands in the file."""
    believed = [each.certificate for each in store.believed()]
    whole = (
        _of_store(store) == value
        and len(set(believed)) == len(believed)
        and [each.number for each in store.history] == list(range(1, store.version + 1))
        and all(
            1 <= each.added_in <= store.version and each.removed_in <= store.version for each in store.entries
        )
        and 0 < (store.next_update - store.issued_at).total_seconds() <= MOST_DAYS * 86400
    )
    if not whole:
        raise ValueError("contents")


def _of_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text")
    return value


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("number")
    return value


def _maybe(value: Any, read: Callable[[str], datetime]) -> datetime | None:
    return None if value is None else read(value)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
