"""`antin sign`: one signature on one local file, without a service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from api.progress import BytesLine, printable
from api.wiring import tools
from api.wiring.clock import clock
from policies.algorithms import Digest, Scheme, SignatureAlgorithm
from policies.reasons import signing as reasons
from signer.creation import single, two_step
from signer.creation.sources import MISTAKES, look
from signer.creation.staging import check_free
from signer.creation.two_step import SignatureRequest
from signer.errors import SigningRefused
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


@contextmanager
def mistakes_told() -> Iterator[None]:
    """A path that is not there or not allowed is refused with a sentence; a disk that fails is not."""
    try:
        yield
    except OSError as exc:
        if exc.errno not in MISTAKES:
            raise
        raise SigningRefused(reasons.SOURCE_UNREADABLE, path=exc.filename or "?", cause=exc.strerror) from exc


@mistakes_told()
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
    check_free(out)
    size = look(source).size
    key = tools.command_line_key(container, password_file, algorithm(pss=pss))
    authority = tools.command_line_tsa(tsa, trust) if tsa else None
    password = tools.password_of(document_password_file) if document_password_file else ""
    at = clock()
    checks.check_period(parse(key.certificate), at)
    name = checks.subject_of(key.certificate)
    room = two_step.contents_size(key, authority.reserve if authority else 0)
    request = SignatureRequest(field or FIELD, room, name, at, digest_algorithm=key.algorithm.digest)
    written: list[str] = []
    with (
        tools.command_line_sandbox(size) as sandbox,
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
    return printable(f"{out}: {'B-T' if authority else 'B-B'}, {name}{by}")
