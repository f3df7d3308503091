"""Who signs: the limit, ours, pyHanko as documented and tuned. All get one prepared file, one field, one key.

A contestant is an act without arguments, made once (key loaded and checked, pictures at hand), which signs
the file once for each call and leaves what it wrote. No act waits for the disk.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from pyhanko import stamp
from pyhanko.pdf_utils import images, text
from pyhanko.pdf_utils.font import opentype
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter

from benchmarks.documents import NAME
from policies.algorithms import DEFAULT, SignatureAlgorithm
from signer.creation import cms, two_step
from signer.creation.native import signing as native
from signer.creation.native.drawing import Stamps
from signer.creation.native.kept import KeptDigest
from signer.creation.two_step import SignatureRequest
from signer.keys import pkcs12
from signer.ports import SigningKey
from signer.stamping import typefaces
from signer.stamping.appearance import Appearance

if TYPE_CHECKING:
    from hashlib import _Hash

PASSWORD = "demo"
LINES = ("Người ký: Nguyễn Văn An", "Phó Chủ tịch", "Ủy ban nhân dân tỉnh Sông Hồng")
FONT = Path(typefaces.__file__).parent / "fonts" / "LiberationSerif-Regular.ttf"
_BLOCK = 1 << 18
_RESERVED = 16_384

Act = Callable[[], object]


@dataclass(frozen=True)
class Bench:
    """What all contestants get: the same prepared file, the same empty field, the same key and picture."""

    file: Path
    field: str
    container: Path
    picture: Path | None
    algorithm: SignatureAlgorithm = DEFAULT

    @property
    def grown(self) -> Path:
        """A copy of the file, to which ours appends."""
        return self.file.with_suffix(".grown")

    @property
    def out(self) -> Path:
        """Where the peers leave the signed file."""
        return self.file.with_suffix(".out")

    def clear(self) -> None:
        """Undo the last signature, outside of what is timed. A file that is overwritten in place is flushed
        to the disk when it is closed (ext4's `auto_da_alloc`), and nobody shall pay for that."""
        self.out.unlink(missing_ok=True)
        if not self.grown.exists():
            shutil.copyfile(self.file, self.grown)
        os.truncate(self.grown, self.file.stat().st_size)


@dataclass(frozen=True)
class Signer:
    """An identity of ours, made once: the key, loaded and checked, and what its signatures show."""

    key: SigningKey
    shown: Appearance | None


def signer_of(bench: Bench) -> Signer:
    """The identity of the bench's container."""
    key = pkcs12.load(bench.container, PASSWORD, bench.algorithm)
    return Signer(key, None if bench.picture is None else Appearance(bench.picture.read_bytes(), LINES))


def hash_state(file: Path) -> _Hash:
    """SHA-256 over the file, as it is kept from the upload."""
    state = hashlib.sha256()
    with file.open("rb") as source:
        while block := source.read(_BLOCK):
            state.update(block)
    return state


def ours(bench: Bench, signer: Signer, kept: _Hash | None = None) -> Act:
    """The native path as the service takes it: prepare, one use of the key, append. `kept` is over the file."""
    size, stamps = two_step.contents_size(signer.key), Stamps()
    state = None if kept is None else KeptDigest(bench.file.stat().st_size, kept)
    file, grown = bench.file, bench.grown

    def act() -> object:
        request = SignatureRequest(bench.field, size, NAME, datetime.now(UTC), signer.shown)
        prepared = native.prepare(file, request, stamps, state)
        tail = two_step.fill_hole(prepared, cms.build(prepared.digest, signer.key))
        target = os.open(grown, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            os.write(target, tail)
        finally:
            os.close(target)
        return grown

    return act


def limit(bench: Bench, key: SigningKey) -> Act:
    """One pass of SHA-256 over the file's bytes through one small buffer, one use of the key."""
    view = memoryview(bytearray(_BLOCK))

    def act() -> object:
        digest = hashlib.sha256()
        source = os.open(bench.file, os.O_RDONLY)
        try:
            while count := os.readv(source, [view]):
                digest.update(view[:count])
        finally:
            os.close(source)
        return key.sign(digest.digest())

    return act


class CachedKey(signers.SimpleSigner):
    """pyHanko's signer with the private key loaded and checked once."""

    _loaded: Any = None

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        assert digest_algorithm == "sha256"
        if dry_run:
            return bytes(256)
        if self._loaded is None:
            self._loaded = serialization.load_der_private_key(self.signing_key.dump(), None)
        if isinstance(self._loaded, ec.EllipticCurvePrivateKey):
            return self._loaded.sign(data, ec.ECDSA(hashes.SHA256()))
        return bytes(self._loaded.sign(data, PKCS1v15(), hashes.SHA256()))


def documented(bench: Bench) -> Act:
    """`SimpleSigner` and `PdfSigner` as pyHanko's examples use them; the signer loaded once."""
    signer = signers.SimpleSigner.load_pkcs12(str(bench.container), passphrase=PASSWORD.encode())
    return _pyhanko(bench, signer, None)


def tuned(bench: Bench) -> Act:
    """The same with the key kept after its first check, and the container's size given."""
    loaded = signers.SimpleSigner.load_pkcs12(str(bench.container), passphrase=PASSWORD.encode())
    signer = CachedKey(
        signing_cert=loaded.signing_cert, signing_key=loaded.signing_key, cert_registry=loaded.cert_registry
    )
    return _pyhanko(bench, signer, _RESERVED)


def _pyhanko(bench: Bench, signer: Any, reserved: int | None) -> Act:
    pades = SigSeedSubFilter.PADES
    meta = signers.PdfSignatureMetadata(bench.field, md_algorithm="sha256", subfilter=pades, name=NAME)

    def act() -> object:
        worker = signers.PdfSigner(meta, signer=signer, stamp_style=_style(bench.picture))
        with bench.file.open("rb") as source, bench.out.open("wb") as target:
            writer = IncrementalPdfFileWriter(source)
            worker.sign_pdf(writer, output=target, existing_fields_only=True, bytes_reserved=reserved)
        return bench.out

    return act


def _style(picture: Path | None) -> Any:
    if picture is None:
        return None
    return stamp.TextStampStyle(
        stamp_text="\n".join(LINES),
        text_box_style=text.TextBoxStyle(font=opentype.GlyphAccumulatorFactory(str(FONT))),
        background=images.PdfImage(str(picture)),
    )
