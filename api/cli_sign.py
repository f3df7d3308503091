"""`antin sign`: one signature on one local file, without a service."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from api.wiring import tools
from api.wiring.clock import clock
from policies.algorithms import Digest, Scheme, SignatureAlgorithm
from policies.layout import INVISIBLE, Box
from policies.vocabulary import FieldRole
from signer.creation import append, choose, cms, two_step
from signer.creation.choose import Chosen
from signer.creation.plan import PreparationPlan
from signer.creation.shapes import SigningPath
from signer.creation.token import Hole
from signer.creation.two_step import SignatureRequest
from signer.keys import checks
from signer.ports import SigningKey, TimestampAuthority
from signer.sandbox import Sandbox
from signer.trust.certificates import parse

FIELD = "AnTinSignature"


def sign_file(
    source: Path,
    out: Path,
    container: Path,
    password_file: Path,
    tsa: str,
    trust: Path | None,
    field: str,
    document_password_file: Path | None = None,
    *,
    pss: bool,
) -> str:
    """Sign `source` into `out`; one line that says what was made. Nothing is left behind on failure."""
    if out.exists():
        raise FileExistsError(f"{out} exists already")
    scheme = Scheme.RSA_PSS if pss else Scheme.RSA_PKCS1V15
    key = tools.command_line_key(container, password_file, SignatureAlgorithm(scheme, Digest.SHA256))
    authority = tools.command_line_tsa(tsa, trust) if tsa else None
    password = tools.password_of(document_password_file) if document_password_file else ""
    at = clock()
    checks.check_period(parse(key.certificate), at)
    part = out.with_name(f".{out.name}.part")
    made = out.with_name(f".{out.name}.fields.part")
    try:
        with tools.command_line_sandbox(source.stat().st_size) as sandbox:
            base = source if field else _with_field(sandbox, source, made, password)
            chosen = _sign(sandbox, base, part, field or FIELD, key, authority, password)
        os.replace(part, out)  # noqa: PTH105 (atomic rename)
    finally:
        for leftover in (part, made):
            leftover.unlink(missing_ok=True)
    written = "" if chosen.path is not SigningPath.PYHANKO else f" ({chosen.path}: {chosen.shape})"
    return f"{out}: {'B-T' if authority else 'B-B'}, {checks.subject_of(key.certificate)}{written}"


def _with_field(sandbox: Sandbox, source: Path, made: Path, password: str) -> Path:
    plan = PreparationPlan((Box(FieldRole.SEAL, 0, INVISIBLE, FIELD),))
    appended = choose.prepare_fields(sandbox, source, plan, password)
    append.append(source, appended, made)
    return made


def _sign(
    sandbox: Sandbox,
    base: Path,
    part: Path,
    field: str,
    key: SigningKey,
    authority: TimestampAuthority | None,
    password: str,
) -> Chosen:
    size = two_step.contents_size(key, authority.reserve if authority else 0)
    request = SignatureRequest(field, size, checks.subject_of(key.certificate), clock())
    chosen = choose.prepare_signature(sandbox, base, request, password)
    prepared = chosen.prepared
    two_step.check_digest(base, prepared)
    signed = cms.build(prepared.digest, key)
    two_step.write(base, prepared, signed, part)
    if authority is not None:
        hole: Hole = sandbox.call("signer.creation.token:newest_hole", part, field, password)
        imprint = hashlib.sha256(cms.signature_value(hole.contents)).digest()
        token = authority.token(imprint, "sha256")
        sandbox.call("signer.creation.token:fill_token", part, field, token, password)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    return chosen
