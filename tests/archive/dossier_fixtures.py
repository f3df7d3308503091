"""Dossiers over a real catalogue and the store's twin, with documents to lie in them."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from archive import filing, holds, ingest
from archive.catalogue import dossier_rows, hold_rows
from archive.catalogue.keeping_values import Dossier, FileFacts
from archive.holds import Person, Subject
from archive.registers import dossiers
from archive.registers.dossiers import Acting, Closing, Done, NewFile
from policies import retention
from policies.dossiers import FILE_KINDS, Fields
from policies.retention import Rule, rule, table
from tests.archive.catalogue_fixtures import AGENCY, AT
from tests.archive.ingest_fixtures import House

CLERK = "Nguyễn Thị Văn Thư"
TABLE: tuple[Rule, ...] = table(
    rule(row)
    for row in tomllib.loads(Path(retention.__file__).with_suffix(".toml").read_text("utf-8"))["rule"]
)
ANNA, BINH, CUONG = Person("account-a", "Anna"), Person("account-b", "Bình"), Person("account-c", "Cường")
ENDED = date(2026, 3, 5)


def fields(notation: str = "01.TCCB", **values: Any) -> Fields:
    said = {
        "title": "Hồ sơ thành lập Tổ công tác",
        "creator": CLERK,
        "start_date": date(2026, 1, 5),
        **values,
    }
    return Fields(catalog_year=2026, notation=notation, **said)


def by(at=AT, **values: Any) -> Acting:
    return Acting(CLERK, at, **values)


class Keeping:
    """Acts on dossiers and holds, each in a transaction of its own, carried out at once unless told otherwise."""

    def __init__(self, house: House, *, carry_out: bool = True) -> None:
        self.house, self._carry_out = house, carry_out
        self.left: list[Any] = []

    def open(self, notation: str = "01.TCCB", at=AT, **values: Any) -> Dossier:
        return self._do(dossiers.open_dossier, AGENCY, fields(notation, **values), TABLE, by(at))

    def change(self, dossier: Dossier, said: Fields, at=AT, **how: Any) -> Dossier:
        return self._do(dossiers.change, dossier.id, said, TABLE, by(at, **how))

    def file(self, dossier: Dossier, *document_ids: str, at=AT) -> Dossier:
        return self._do(dossiers.file_documents, dossier.id, document_ids, by(at))

    def upload(self, dossier: Dossier, content: bytes, name: str = "scan.pdf", at=AT) -> Dossier:
        facts = FileFacts(subject=f"Bản quét {name}", document_date=date(2026, 2, 3), pages=2)
        sha256 = self.house.work.put_work(content)
        new = NewFile(sha256, len(content), name, FILE_KINDS["pdf"], facts)
        return self._do(dossiers.file_upload, dossier.id, new, by(at))

    def again(self, dossier: Dossier, file_id: str, at=AT) -> Dossier:
        return self._do(dossiers.file_again, dossier.id, file_id, by(at))

    def remove(self, dossier: Dossier, ordinal: int, reason: str = "Lưu nhầm", at=AT) -> Dossier:
        return self._do(dossiers.remove, dossier.id, ordinal, by(at, reason=reason))

    def close(self, dossier: Dossier, code: str = "05", ended: date = ENDED, at=AT, **how: Any) -> Dossier:
        return self._do(dossiers.close, dossier.id, Closing(code, ended), TABLE, by(at, **how))

    def reopen(self, dossier: Dossier, reason: str = "Còn thiếu văn bản", at=AT) -> Dossier:
        return self._do(dossiers.reopen, dossier.id, by(at, reason=reason))

    def _do(self, act: Any, *given: Any) -> Dossier:
        with self.house.transactions.write() as conn:
            done: Done = act(conn, *given)
        self._keep(done.deposit)
        return done.dossier

    def _keep(self, *deposits: Any) -> None:
        if not self._carry_out:
            self.left.extend(deposits)
            return
        house = self.house
        for deposit in deposits:
            carry = filing.carry_out if hasattr(deposit, "files") else ingest.carry_out
            carry(deposit, house.objects, house.work, house.transactions.write, deposit.planned_at)

    # Holds.

    def hold(self, *document_ids: str, dossier: Dossier | None = None, person: Person = ANNA, at=AT):
        over = Subject(dossier.id if dossier else None, document_ids)
        with self.house.transactions.write() as conn:
            done = holds.place(conn, AGENCY, over, "Thanh tra tỉnh yêu cầu", "CV 12/TTr-NV1", person, at)
        return self._held(done, at)

    def ask(self, hold, person: Person = ANNA, reason: str = "Thanh tra đã kết luận", at=AT):
        with self.house.transactions.write() as conn:
            return holds.ask_release(conn, hold.id, reason, person, at)

    def refuse(self, hold, person: Person = BINH, reason: str = "Chưa có kết luận", at=AT):
        with self.house.transactions.write() as conn:
            return holds.refuse_release(conn, hold.id, reason, person, at)

    def confirm(self, hold, person: Person = BINH, at=AT):
        with self.house.transactions.write() as conn:
            done = holds.confirm_release(conn, hold.id, person, at)
        return self._held(done, at)

    def release(self, hold, at=AT):
        self.ask(hold, at=at)
        return self.confirm(hold, at=at)

    def _held(self, done: holds.Done, at):
        self._keep(*done.events, *done.versions)
        if self._carry_out:
            self.repair(at)
        return done.hold

    def repair(self, at=AT, stores=None) -> int:
        """What the service does at its start and from time to time."""
        house = self.house
        assert house.recover(at) == ()
        assert filing.recover(house.objects, house.work, house.transactions.write, at) == ()
        with house.transactions.write() as conn:
            holds.settle(conn, at)
        return holds.enforce(house.transactions.write, stores or [house.objects])

    # Looking.

    def dossier(self, dossier_id: str) -> Dossier:
        with self.house.transactions.read() as conn:
            found = dossier_rows.find(conn, dossier_id)
        assert found is not None
        return found

    def entries(self, dossier: Dossier, **how: Any):
        with self.house.transactions.read() as conn:
            return dossier_rows.entries(conn, dossier.id, **how)

    def the_hold(self, hold):
        with self.house.transactions.read() as conn:
            return hold_rows.find(conn, hold.id)

    def flags(self) -> dict[str, bool]:
        """What the store says of each object's hold."""
        keys = list(self.house.objects.list(""))
        return {key: self.house.objects.head(key).hold for key in keys}


def later(days: int = 1):
    return AT + timedelta(days=days)
