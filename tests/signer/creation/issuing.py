"""Helpers of the creation tests: a sample document taken through prepare, leader, number and seal."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pikepdf

from api.demo.agency import DEMO_AGENCY
from api.demo.documents import DecisionSpec, write_decision
from api.demo.images import SEAL_DIAMETER_MM, leader_signature_png, seal_png
from policies.layout import LeaderAnchor, PlacementRequest, SealAnchor, SealSpec, fills
from signer.creation import cms
from signer.creation.append import append
from signer.creation.native import signing as native
from signer.creation.native.drawing import Stamps
from signer.creation.native.unfit import Unfit
from signer.creation.plan import PreparationPlan, QrPlan
from signer.creation.prepare import prepare
from signer.creation.two_step import (
    SignatureRequest,
    check_digest,
    contents_size,
    prepare_signature,
    write,
)
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, Stream, serialize, serialize_indirect
from signer.stages import Prepared
from signer.stamping.appearance import Appearance
from signer.stamping.images import picture
from signer.stamping.placement import find_layout
from tests.demo_pki import timestamp_authority

AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
DAY = date(2026, 11, 21)
RESERVE = 6_000
SIGNATURE = leader_signature_png("Nguyễn Văn An")
SEAL = seal_png(DEMO_AGENCY)
LEADER = "AnTinLeader1"
STAMP = "AnTinSeal1"


@dataclass
class Desk:
    """A folder, and keys; each act writes a new file and returns its path."""

    folder: Path
    leader_key: object
    seal_key: object
    layout: object = None
    native: bool = False
    unfit: list = field(default_factory=list)
    stamps: Stamps = field(default_factory=Stamps)

    def base(self, **spec) -> Path:
        path = self.folder / "base.pdf"
        write_decision(path, DecisionSpec(**spec))
        return path

    def prepared(self, base: Path, qr: QrPlan | None = None, **request) -> Path:
        request = {
            "leaders": (LeaderAnchor(aspect=picture(SIGNATURE).aspect),),
            "seals": (SealAnchor(SealSpec(SEAL_DIAMETER_MM)),),
            **request,
        }
        self.layout = find_layout(base, PlacementRequest(**request))
        out = self.folder / "prepared.pdf"
        append(base, prepare(base, PreparationPlan(self.layout.boxes, qr)), out)
        return out

    def prepare(self, source: Path, request: SignatureRequest) -> Prepared:
        """By the native path where it is asked for and fits; `unfit` keeps why it did not."""
        if self.native:
            try:
                return native.prepare(source, request, self.stamps)
            except Unfit as exc:
                self.unfit.append(exc.shape)
        return prepare_signature(source, request)

    def signed(self, source: Path, name: str = LEADER, key: object = None, image: bytes = SIGNATURE, **more):
        key = key or self.leader_key
        request = SignatureRequest(
            name,
            contents_size(key, RESERVE),
            more.pop("signer", "Nguyễn Văn An"),
            more.pop("at", AT),
            more.pop("appearance", Appearance(image)),
            digest_algorithm=key.algorithm.digest.value,
            **more,
        )
        prepared = self.prepare(source, request)
        check_digest(source, prepared)
        out = self.folder / f"{name}.pdf"
        write(source, prepared, cms.build(prepared.digest, key), out)
        return out

    def sealed(self, source: Path, number: int | str = 15, day: date = DAY, name: str = STAMP) -> Path:
        return self.signed(
            source, name, self.seal_key, SEAL, signer="UBND tỉnh Sông Hồng", fills=fills(number, day)
        )

    def issued(self, **spec) -> tuple[Path, Path, Path, Path]:
        base = self.base(**spec)
        prepared = self.prepared(base)
        leader = self.signed(prepared)
        return base, prepared, leader, self.sealed(leader)


def object_streams(path: Path) -> Path:
    return _resaved(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def linearized(path: Path) -> Path:
    return _resaved(path, linearize=True)


def linearized_streams(path: Path) -> Path:
    return _resaved(path, linearize=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def _resaved(path: Path, **how) -> Path:
    out = io.BytesIO()
    with pikepdf.Pdf.open(path) as document:
        document.save(out, deterministic_id=True, **how)
    path.write_bytes(out.getvalue())
    return path


def hybrid(path: Path) -> Path:
    """Append a revision whose table hides the catalog in an object stream (/XRefStm)."""
    data = path.read_bytes()
    with PdfFile.open(path) as pdf:
        root, number, prev = pdf.trailer["Root"], pdf.next_object_number, pdf.startxref
        trailer = {"Size": number + 2, "Root": root, "ID": pdf.trailer["ID"], "Prev": prev}
        hidden = serialize(pdf.catalog)
    index = b"%d 0 " % root.num
    holder = Stream({"Type": Name("ObjStm"), "N": 1, "First": len(index)}, data=index + hidden)
    at = len(data)
    tail = serialize_indirect(Ref(number), holder)
    stream_at = at + len(tail)
    rows = b"\2" + number.to_bytes(4, "big") + b"\0"
    rows += b"\1" + at.to_bytes(4, "big") + b"\0"
    xref = {**trailer, "Type": Name("XRef"), "W": [1, 4, 1], "Index": [root.num, 1, number, 1]}
    tail += serialize_indirect(Ref(number + 1), Stream(xref, data=rows))
    table_at = at + len(tail)
    tail += b"xref\n0 1\n0000000000 65535 f \n%d 1\n0000000000 00000 f \n" % root.num
    tail += b"trailer\n" + serialize({**trailer, "XRefStm": stream_at})
    path.write_bytes(data + tail + b"\nstartxref\n%d\n%%%%EOF\n" % table_at)
    return path


def token_over(signature_value: bytes, pki) -> bytes:
    """A token of the demo authority over a signature value."""
    imprint = hashlib.sha256(signature_value).digest()
    return timestamp_authority(pki, AT).token(imprint, "sha256")


SHAPES = {
    "table": lambda path: path,
    "object-streams": object_streams,
    "linearized": linearized,
    "linearized-streams": linearized_streams,
    "hybrid": hybrid,
}
