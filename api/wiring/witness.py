"""A witness out of its folder: key, state, watched logs.

    witness.key       the private key, mode 0600
    witness.sqlite3   the heads that it cosigned
    witness.toml      the logs that it watches

Key and heads were made together and stay together. A key whose heads are gone, or were set back, would sign a second
history: it is refused, and a new key has to be made and told to everybody.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.settings import SettingsError
from api.wiring.clock import clock
from api.witness.settings import watched_logs
from archive.log.cosignature import Ed25519WitnessKey
from archive.witness.state import WitnessState
from archive.witness.witness import Witness

KEY, STATE = "witness.key", "witness.sqlite3"


@contextmanager
def opened(folder: Path, name: str = "") -> Iterator[Witness]:
    """The witness in that folder. Its key is made, under `name`, when there is none.

    Raises SettingsError when there is neither key nor name, when the name is another one, or when key and heads do
    not belong together.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (folder / KEY).exists() and not (folder / STATE).exists():
        raise SettingsError(_lost(folder, "the heads that it cosigned are gone"))
    state = WitnessState(folder / STATE)
    try:
        key = _key(folder, name, state)
        logs = watched_logs(folder)
        if any(one.public_key == key.public_key for log in logs for one in log.keys):
            raise SettingsError(f"{folder}: a log's key is the witness's own; they must differ")
        yield Witness(key, state, logs, clock)
    finally:
        state.close()


def _key(folder: Path, name: str, state: WitnessState) -> Ed25519WitnessKey:
    if not (folder / KEY).exists():
        return _new_key(folder, name, state)
    try:
        key = Ed25519WitnessKey.parse((folder / KEY).read_text("ascii"))
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{folder / KEY} cannot be used: {type(exc).__name__}") from exc
    if name and name != key.name:
        raise SettingsError(f"--name: this witness's key is named {key.name}; a name is never changed")
    if state.belongs_to() != key.vkey:
        raise SettingsError(_lost(folder, "the heads beside it are not those of this key"))
    return key


def _new_key(folder: Path, name: str, state: WitnessState) -> Ed25519WitnessKey:
    if state.heads():
        raise SettingsError(f"{folder / KEY} is missing, and there are heads that it cosigned: bring it back")
    try:
        key = Ed25519WitnessKey.generate(name)
    except ValueError as exc:
        wanted = "an address without scheme, as chung-kien.example.gov.vn/antin"
        raise SettingsError(f"--name: a new witness needs a name, {wanted}") from exc
    state.give_to(key.vkey)
    # Killed here: the state belongs to a key that nobody has, and is given to the next one.
    descriptor = os.open(folder / KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.secret() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def _lost(folder: Path, what: str) -> str:
    return (
        f"{folder / KEY}: {what}. This key must never cosign again: move it away, start with a new one, "
        "and tell the agencies the new vkey"
    )
