"""`antin sign`: one signature on one local file, without a service."""

from __future__ import annotations

from pathlib import Path

import click

from api.progress import BytesLine
from api.wiring import tools
from api.wiring.clock import clock
from policies.algorithms import Digest, Scheme, SignatureAlgorithm
from signer.creation import single, two_step
from signer.creation.two_step import SignatureRequest
from signer.keys import checks
from signer.trust.certificates import parse

FIELD = "AnTinSignature"
BEYOND_PDFA = (
    "Chú ý: tệp tự nhận là PDF/A-{claim} nhưng lớn hơn 2 GiB nên không phải là PDF/A (ISO 19005-2, 6.1.13).\n"
    "Note: the file claims PDF/A-{claim}, but beyond 2 GiB nothing is PDF/A (ISO 19005-2, 6.1.13)."
)


def algorithm(*, pss: bool) -> SignatureAlgorithm:
    """What `--pss` chooses."""
    return SignatureAlgorithm(Scheme.RSA_PSS if pss else Scheme.RSA_PKCS1V15, Digest.SHA256)


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
    key = tools.command_line_key(container, password_file, algorithm(pss=pss))
    authority = tools.command_line_tsa(tsa, trust) if tsa else None
    password = tools.password_of(document_password_file) if document_password_file else ""
    at = clock()
    checks.check_period(parse(key.certificate), at)
    name = checks.subject_of(key.certificate)
    size = two_step.contents_size(key, authority.reserve if authority else 0)
    request = SignatureRequest(field or FIELD, size, name, at, digest_algorithm=key.algorithm.digest)
    written: list[str] = []
    with (
        tools.command_line_sandbox(source.stat().st_size) as sandbox,
        BytesLine(f"{source.name}:") as progress,
    ):
        lost = single.sign(
            source,
            out,
            request,
            key,
            single.sandboxed(sandbox, password, written.append),
            authority,
            make_field=not field,
            progress=progress,
        )
    if lost:
        click.echo(BEYOND_PDFA.format(claim=lost), err=True)
    by = "".join(f" ({who})" for who in written)
    return f"{out}: {'B-T' if authority else 'B-B'}, {name}{by}"
