"""Puts a demo agency into an embedded service: accounts with fresh passwords, their keys, their pictures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.demo.agency import DEMO_AGENCY
from api.demo.images import leader_signature_png, seal_png
from api.identity import LocalIdentity
from api.store.accounts import Account
from archive.catalogue.identity import new_id
from policies.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Person:
    """An account of the demo. `key` is the demo PKI's identity that signs for it, empty for none."""

    account: str
    display: str
    title: str
    role: Role
    key: str = ""


PEOPLE = (
    Person("nguyen-van-an", "Nguyễn Văn An", "Phó Chủ tịch", Role.LEADER, "leader"),
    Person("tran-thi-binh", "Trần Thị Bình", "Chủ tịch", Role.LEADER, "second-leader"),
    Person("le-van-cuong", "Lê Văn Cường", "Chánh Văn phòng", Role.LEADER, "initial"),
    Person("van-thu", "Phạm Thị Dung", "Văn thư", Role.CLERK),
    Person("kiem-tra", "Hoàng Văn Em", "Người kiểm tra", Role.AUDITOR),
)
KEYS = tuple(person.key for person in PEOPLE if person.key)


def stamps(folder: Path) -> None:
    """The pictures of the demo's leaders and seal, made when they are not there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    pictures = {person.account: person.display for person in PEOPLE if person.key}
    for account, display in pictures.items():
        path = folder / f"{account}.png"
        if not path.exists():
            path.write_bytes(leader_signature_png(display))
    seal = folder / "seal.png"
    if not seal.exists():
        seal.write_bytes(seal_png(DEMO_AGENCY))


def accounts(identity: LocalIdentity, agency: str, passwords: dict[str, str], at: datetime) -> None:
    """Create the demo's accounts with these passwords."""
    for person in PEOPLE:
        account = Account(
            id=new_id(at),
            name=person.account,
            display=person.display,
            title=person.title,
            roles=frozenset({person.role}),
            agency=agency,
            key_name=person.key,
        )
        identity.add_account(account, passwords[person.account], at)


def keep_passwords(path: Path, passwords: dict[str, str]) -> None:
    """For the person at the keyboard, mode 0600: these accounts sign nothing outside of the demo."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{name}\t{password}\n" for name, password in passwords.items())


def kept_passwords(path: Path) -> dict[str, str]:
    """What `keep_passwords` wrote; empty when there is nothing."""
    if not path.exists():
        return {}
    rows = (line.partition("\t") for line in path.read_text("utf-8").splitlines())
    return {name: password for name, _, password in rows}
