"""What is mutated: our generated files, good and evil, and the answers of authorities."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from api.demo import ocsp as demo_ocsp
from tests.attacks.pdf.cases import Made
from tests.attacks.pdf.desk import LATER, Answers, Desk
from tests.attacks.pdf.suite import ATTACKS, GENUINE
from tests.demo_pki import demo_pki
from tests.factories.graphs import Blueprint, Form, Locks
from tests.factories.pdfa_file import GOOD
from tests.signer.document import build

_LARGEST = 200_000
_BLUEPRINTS = (
    Blueprint(Form.PACKED, pages=3, nested=True, updates=1, outlines=3, attachments=1, metadata=True),
    Blueprint(Form.HYBRID, locks=Locks.EXCLUDE, texts=2, updates=2),
    Blueprint(Form.LINEAR_PACKED, pages=2, rotation=90),
)


@dataclass(frozen=True)
class Corpus:
    """Files that are mutated; those that pass as they are; DER of every kind by name."""

    files: tuple[bytes, ...]
    good: tuple[bytes, ...]
    der: dict[str, tuple[bytes, ...]]


def desk(folder: Path) -> Desk:
    return Desk(demo_pki(), folder)


def corpus(made: Desk, *, every: int = 1) -> Corpus:
    """Of each suite every so many-th file; whole with `every` 1."""
    good = [
        made.signed(),
        made.sealed(),
        made.issued(),
        made.certified(2),
        made.stamp_document(made.sealed()),
    ]
    good.append(made.sign(build.prepared(stream_form=True), stream_form=True, stamped=True))
    good += [each.make(made).data for each in GENUINE[::every] if each.make(made).password is None]
    evil = [each.make(made).data for each in ATTACKS[::every]]
    plain = [blueprint.write(made.folder).read_bytes() for blueprint in _BLUEPRINTS]
    plain += [good().build() for good in GOOD.values()]
    files = [each for each in dict.fromkeys((*good, *evil, *plain)) if len(each) < _LARGEST]
    return Corpus(tuple(files), tuple(dict.fromkeys(good)), _der(made))


def _der(made: Desk) -> dict[str, tuple[bytes, ...]]:
    pki = made.pki
    _, evidence = made.judge(Made(made.issued()))
    source = Answers(made)
    answers = [
        source.ocsp(pki.identity(name).der, pki.issuing, LATER) for name in ("leader", "revoked", "seal")
    ]
    cms = made.cms_of("leader")(b"data")
    return {
        "ocsp": tuple(each for each in (*evidence.ocsp, *answers) if each),
        "crl": (demo_ocsp.crl(pki, "root", LATER), demo_ocsp.crl(pki, "issuing", LATER)),
        "certificate": (pki.root, pki.issuing, pki.identity("leader").der, pki.identity("ecdsa-p256").der),
        "cms": (cms, made.with_token(cms)),
        "token": (made.token(bytes(32)),),
    }
