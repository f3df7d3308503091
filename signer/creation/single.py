"""One signature of one file, from the source to its published output.

    1. draft     in the sandbox: checks, and the revision with an empty hole      (`Drafter`: the part to be swapped)
    2. begin     one pass: the file is copied and hashed; the key is not used yet
    3. sign      one use of the key; the caller records intent before
    4. stamp     when there is an authority: one question, of the signature value
    5. finish    CMS and token into the hole, fsync, the name               <- commit point

`sign` does all of it for one file; a batch does each step for several.
"""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from signer.creation import append, choose
from signer.creation import cms as cms_builder
from signer.creation.draft import field_plan
from signer.creation.shapes import shape_refused
from signer.creation.sources import Seen, check_unchanged, look
from signer.creation.staging import Progress, Staged, check_free, quiet
from signer.creation.two_step import SignatureRequest
from signer.errors import SignerRefused
from signer.ports import SigningKey, TimestampAuthority
from signer.sandbox import Sandbox
from signer.stages import Draft, Prepared

Drafter = Callable[[Path, SignatureRequest, bool], Draft]
"""Source, request, whether the field must be made first. Raises typed refusals."""
IMPRINT_DIGEST = "sha256"


def sandboxed(sandbox: Sandbox, password: str | None = None, told: Callable[[str], object] = str) -> Drafter:
    """Drafts in a worker without keys: for bytes that nobody has admitted yet.

    A shape that the general path does not write is pyHanko's (`choose`), of which `told` hears. `password` opens an
    encrypted file, "" is what every reader tries; None: encrypted files are refused.
    """

    def drafted(source: Path, request: SignatureRequest, make_field: bool) -> Draft:
        try:
            made: Draft = sandbox.call("signer.creation.draft:draft", source, request, make_field)
        except SignerRefused as refusal:
            made, shape = _by_pyhanko(sandbox, refusal, source, request, make_field, password)
            told(shape)
        return made

    return drafted


def _by_pyhanko(
    sandbox: Sandbox,
    refusal: SignerRefused,
    source: Path,
    request: SignatureRequest,
    make_field: bool,
    password: str | None,
) -> tuple[Draft, str]:
    """The same by the second path; the field, when it is made, is written into a copy first."""
    if shape_refused(refusal.id) is None:
        raise refusal
    with tempfile.TemporaryDirectory(prefix="antin-sign-") as folder:
        base, added = source, b""
        if make_field:
            base = Path(folder) / "fields.pdf"
            appended = choose.prepare_fields(sandbox, source, field_plan(request.field), password)
            append.append(source, appended, base)
            added = appended.tail
        chosen = choose.prepare_signature(sandbox, base, request, password)
    made = chosen.prepared
    size = made.base_size - len(added)
    prepared = dataclasses.replace(made, base_size=size, tail=added + made.tail, digest=b"")
    return Draft(prepared), f"{chosen.path}: {chosen.shape}"


@dataclass(frozen=True)
class Begun:
    """A file that waits for its signature. `prepared.digest` is of the bytes in `staged`."""

    prepared: Prepared
    staged: Staged
    lost_pdfa: str

    def sign(self, key: SigningKey) -> bytes:
        """The CMS. Uses the key once; raises what `cms.build` and the key raise."""
        return cms_builder.build(self.prepared.digest, key)

    def fill(self, cms: bytes, token: bytes | None = None) -> None:
        """Put the CMS, with its token, into the hole."""
        self.staged.fill(self.prepared, cms if token is None else cms_builder.with_token(cms, token))

    def close(self) -> None:
        """Discard what was not published."""
        self.staged.close()


def imprint(cms: bytes) -> bytes:
    """What a signature time-stamp covers, hashed."""
    return hashlib.new(IMPRINT_DIGEST, cms_builder.signature_value(cms)).digest()


def begin(
    source: Path,
    folder: Path,
    request: SignatureRequest,
    drafter: Drafter,
    *,
    make_field: bool = False,
    progress: Progress = quiet,
    seen: Seen | None = None,
) -> Begun:
    """Steps 1 and 2, of a source that is still as it was `seen` (without: now), and as it is at the end.

    Raises the draft's refusals, those of `Staged.write` and `check_unchanged`, OSError; nothing is left then.
    """
    if seen is None:
        seen = look(source)
    else:
        check_unchanged(source, seen)
    drafted = drafter(source, request, make_field)
    staged = Staged(folder)
    try:
        digest = staged.write(source, drafted.prepared, progress)
        check_unchanged(source, seen)
    except BaseException:
        staged.close()
        raise
    return Begun(dataclasses.replace(drafted.prepared, digest=digest), staged, drafted.lost_pdfa)


def sign(
    source: Path,
    out: Path,
    request: SignatureRequest,
    key: SigningKey,
    drafter: Drafter,
    authority: TimestampAuthority | None = None,
    *,
    make_field: bool = False,
    progress: Progress = quiet,
) -> str:
    """Sign `source` into `out`; what the file claimed and, by its size, is not (see `Draft.lost_pdfa`).

    Raises typed refusals, `SignerUnavailable`, FileExistsError when `out` is there, OSError. Whatever is raised,
    and wherever the process is killed: `out` is complete or not there, and nothing else is left.
    """
    check_free(out)
    begun = begin(source, out.parent, request, drafter, make_field=make_field, progress=progress)
    with begun.staged as staged:
        cms = begun.sign(key)
        token = authority.token(imprint(cms), IMPRINT_DIGEST) if authority is not None else None
        begun.fill(cms, token)
        staged.publish(out)
    return begun.lost_pdfa
