"""One signature, RSA-2048, on a prepared 54 KB page: ours, pyHanko as its documentation shows it, pyHanko
tuned, and the limit (SHA-256 of the file and one RSA operation). In one process, without the sandbox's pipe."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from pyhanko import stamp
from pyhanko.pdf_utils import images, text
from pyhanko.pdf_utils.font import opentype
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter

from api.demo.documents import DecisionSpec, decision
from api.demo.images import leader_signature_png
from api.demo.pki import make_demo_pki
from benchmarks.harness import Row, Times, alternate
from policies.layout import INVISIBLE, Box, PlacementRequest
from policies.vocabulary import FieldRole
from signer.creation import append, cms, two_step
from signer.creation.plan import PreparationPlan
from signer.creation.prepare import prepare
from signer.creation.two_step import SignatureRequest
from signer.keys import pkcs12
from signer.ports import SigningKey
from signer.stamping import placement, typefaces
from signer.stamping.appearance import Appearance

PASSWORD = "demo"
FIELD, NAME = "Leader", "Nguyễn Văn An"
LINES = ("Người ký: Nguyễn Văn An", "Phó Chủ tịch", "Ủy ban nhân dân tỉnh Sông Hồng")
INVISIBLE_FACTOR, VISIBLE_FACTOR = 5.0, 8.0


@dataclass(frozen=True)
class Bench:
    """What all contestants get: the same prepared file, the same empty field, the same key and picture."""

    folder: Path
    file: Path
    field: str
    container: Path
    picture: Path | None

    @property
    def out(self) -> Path:
        return self.folder / "out.pdf"


class CachedKey(signers.SimpleSigner):  # type: ignore[misc]
    """pyHanko's signer with the private key loaded and checked once."""

    _loaded: Any = None

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(256)
        if self._loaded is None:
            self._loaded = serialization.load_der_private_key(self.signing_key.dump(), None)
        assert digest_algorithm == "sha256"
        return bytes(self._loaded.sign(data, PKCS1v15(), hashes.SHA256()))


def run(quick: bool) -> list[Row]:
    """Rows for invisible and visible signatures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pki = make_demo_pki(folder / "pki", datetime.now(UTC))
        pki.write_pkcs12("leader", folder / "leader.p12", PASSWORD)
        invisible, visible = (_bench(folder, shown) for shown in (False, True))
        runs = 5 if quick else 40
        return [
            *_compare("invisible", invisible, runs, INVISIBLE_FACTOR),
            *_compare("blue image and Vietnamese text", visible, runs, VISIBLE_FACTOR),
        ]


def _bench(folder: Path, shown: bool) -> Bench:
    kind = "visible" if shown else "invisible"
    source, made = folder / "source.pdf", folder / f"{kind}.pdf"
    source.write_bytes(decision(DecisionSpec()))
    box = Box(FieldRole.LEADER, 0, INVISIBLE, FIELD)
    if shown:
        box = next(b for b in placement.find_boxes(source, PlacementRequest()) if b.role is FieldRole.LEADER)
    append.append(source, prepare(source, PreparationPlan((box,))), made)
    picture = folder / "signature.png"
    picture.write_bytes(leader_signature_png(NAME))
    return Bench(folder, made, box.name, folder / "leader.p12", picture if shown else None)


def _compare(title: str, bench: Bench, runs: int, factor: float) -> list[Row]:
    key = pkcs12.load(bench.container, PASSWORD)
    found = alternate(
        {
            "ours": ours(bench, key),
            "limit": limit(bench, key),
            "documented": documented(bench),
            "tuned": tuned(bench),
        },
        runs,
    )
    return [_row(title, bench, found, factor)]


def _row(title: str, bench: Bench, found: dict[str, Times], factor: float) -> Row:
    mine = found["ours"]
    by_cpu, by_wall = found["documented"].cpu / mine.cpu, found["documented"].wall / mine.wall
    compared = "; ".join(
        (
            f"limit {found['limit']}",
            f"pyHanko as documented {found['documented']}: {by_wall:.0f} × (CPU {by_cpu:.0f} ×)",
            f"pyHanko tuned {found['tuned']}: {found['tuned'].wall / mine.wall:.0f} ×",
        )
    )
    size = bench.file.stat().st_size / 1000
    what = f"sign, {size:.0f} KB page, RSA-2048, {title}"
    return Row(what, str(mine), compared, f"≥ {factor:.0f} × faster", min(by_cpu, by_wall) >= factor)


def limit(bench: Bench, key: SigningKey) -> Callable[[], object]:
    """One pass of SHA-256 over the file, one RSA operation."""

    def act() -> object:
        return key.sign(hashlib.sha256(bench.file.read_bytes()).digest())

    return act


def ours(bench: Bench, key: SigningKey) -> Callable[[], object]:
    """As the service does it: prepare, compare the digest outside of the sandbox, sign, write."""
    shown = None if bench.picture is None else Appearance(bench.picture.read_bytes(), LINES)

    def act() -> object:
        size = two_step.contents_size(key)
        request = SignatureRequest(bench.field, size, NAME, datetime.now(UTC), shown)
        prepared = two_step.prepare_signature(bench.file, request)
        two_step.check_digest(bench.file, prepared)
        two_step.write(bench.file, prepared, cms.build(prepared.digest, key), bench.out)
        return bench.out

    return act


def documented(bench: Bench) -> Callable[[], object]:
    """`SimpleSigner` and `PdfSigner` as pyHanko's examples use them; the signer loaded once."""
    signer = signers.SimpleSigner.load_pkcs12(str(bench.container), passphrase=PASSWORD.encode())
    return _pyhanko(bench, signer, None)


def tuned(bench: Bench) -> Callable[[], object]:
    """The same with the key kept after its first check, and the container's size given."""
    loaded = signers.SimpleSigner.load_pkcs12(str(bench.container), passphrase=PASSWORD.encode())
    signer = CachedKey(
        signing_cert=loaded.signing_cert, signing_key=loaded.signing_key, cert_registry=loaded.cert_registry
    )
    return _pyhanko(bench, signer, 16384)


def _pyhanko(bench: Bench, signer: Any, reserved: int | None) -> Callable[[], object]:
    pades = SigSeedSubFilter.PADES
    meta = signers.PdfSignatureMetadata(bench.field, md_algorithm="sha256", subfilter=pades, name=NAME)
    font = Path(typefaces.__file__).parent / "fonts" / "LiberationSerif-Regular.ttf"

    def act() -> object:
        style = None
        if bench.picture is not None:
            style = stamp.TextStampStyle(
                stamp_text="\n".join(LINES),
                text_box_style=text.TextBoxStyle(font=opentype.GlyphAccumulatorFactory(str(font))),
                background=images.PdfImage(str(bench.picture)),
            )
        worker = signers.PdfSigner(meta, signer=signer, stamp_style=style)
        with bench.file.open("rb") as source, bench.out.open("wb") as target:
            writer = IncrementalPdfFileWriter(source)
            worker.sign_pdf(writer, output=target, existing_fields_only=True, bytes_reserved=reserved)
        return bench.out

    return act
