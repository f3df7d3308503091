"""A whole agency in a test: prepares, signs, stamps, seals and augments a real decision, at given times."""

from __future__ import annotations

import hashlib
import importlib
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from api.demo import ocsp as demo_ocsp
from api.demo import tsa as demo_tsa
from api.demo.documents import decision, expected_boxes
from policies.layout import DAY_FIELD, MONTH_FIELD, NUMBER_FIELD, Box, Rect, SealSpec, fills, seal_rect
from policies.vocabulary import FieldRole
from signer.augmentation import archive_timestamp, revocation_data
from signer.creation import append, token, two_step
from signer.creation import cms as cms_builder
from signer.creation.append import Revision
from signer.creation.plan import PreparationPlan
from signer.creation.prepare import prepare
from signer.creation.two_step import SignatureRequest
from signer.document.reader import PdfFile
from signer.stamping.appearance import Appearance
from signer.timestamping.direct import DirectTimestampAuthority
from signer.timestamping.token import TokenRules
from signer.trust.anchors import TrustAnchors
from signer.validation.online import fetch
from signer.validation.process import validate
from signer.validation.values import NO_EVIDENCE
from tests.profiles import AGENCY
from tests.signer.trust.forge import NOW


class PkiSource:
    """The demo PKI as a `RevocationSource`, answering at its own time when one is given."""

    def __init__(self, pki, at=None):
        self.pki = pki
        self.at = at
        self.asked = []

    def ocsp(self, certificate, issuer, at):
        leaf, above = x509.load_der_x509_certificate(certificate), x509.load_der_x509_certificate(issuer)
        self.asked.append(leaf.subject.rfc4514_string())
        if above.subject != self.pki.identity("issuing").certificate.subject:
            return None
        request = ocsp.OCSPRequestBuilder().add_certificate(leaf, above, hashes.SHA256()).build()
        return demo_ocsp.respond(self.pki, request.public_bytes(serialization.Encoding.DER), self.at or at)

    def crl(self, _certificate, issuer, at):
        above = x509.load_der_x509_certificate(issuer)
        for name in ("root", "issuing"):
            if self.pki.identity(name).certificate.subject == above.subject:
                return demo_ocsp.crl(self.pki, name, self.at or at)
        return None


class Direct:
    """Runs sandbox tasks in this process."""

    def call(self, task, *arguments):
        module, _, name = task.partition(":")
        return getattr(importlib.import_module(module), name)(*arguments)


class Office:
    """Makes files in `folder`; each act takes a file and gives the next one."""

    def __init__(self, pki, folder, at):
        self.pki = pki
        self.folder = folder
        self.now = at
        self.count = 0
        self.trust = TrustAnchors((pki.root,), label="demo", domain="demo")

    def path(self):
        self.count += 1
        return self.folder / f"{self.count:02d}.pdf"

    def later(self, **amount):
        self.now += timedelta(**amount)
        return self.now

    def draft(self, spec=None):
        path = self.path()
        path.write_bytes(decision() if spec is None else decision(spec))
        return path

    def prepared(self, leaders=("leader-1",)):
        draft = self.draft()
        found = {each.role: Rect(*each.rect) for each in expected_boxes()}
        boxes = [Box(FieldRole.LEADER, 0, found["leader"], name) for name in leaders]
        boxes += [
            Box(FieldRole.NUMBER, 0, found["number"], NUMBER_FIELD),
            Box(FieldRole.DATE, 0, found["day"], DAY_FIELD),
            Box(FieldRole.DATE, 0, found["month"], MONTH_FIELD),
            Box(FieldRole.SEAL, 0, seal_rect(found["leader"], SealSpec(36)), "seal-1"),
        ]
        out = self.path()
        append.append(draft, prepare(draft, PreparationPlan(tuple(boxes))), out)
        return out

    def authority(self, identity="tsa", at=None):
        trust = TrustAnchors((self.pki.root, self.pki.identity("other-root").der))
        return DirectTimestampAuthority(
            lambda request: demo_tsa.respond(self.pki, request, at or self.now, identity=identity),
            TokenRules(trust),
        )

    def sign(self, base, field="leader-1", role="leader", fills=None, claimed=None, key=None):
        key = key or self.pki.signing_key(role)
        request = SignatureRequest(
            field=field,
            contents_size=two_step.contents_size(key, 6000),
            name="DEMO",
            at=claimed or self.now,
            appearance=Appearance(lines=("DEMO",)),
            fills=fills or {},
            digest_algorithm=key.algorithm.digest.value,
        )
        prepared = two_step.prepare_signature(base, request)
        out = self.path()
        two_step.write(base, prepared, cms_builder.build(prepared.digest, key), out)
        return out

    def stamp(self, path, field="leader-1", identity="tsa", at=None, imprint=None):
        """Time-stamps the newest signature in place."""
        value = imprint or cms_builder.signature_value(token.newest_hole(path, field).contents)
        made = self.authority(identity, at).token(hashlib.sha256(value).digest(), "sha256")
        token.fill_token(path, field, made)
        return path

    def led(self):
        """Signed and time-stamped by the leader."""
        return self.stamp(self.sign(self.prepared()))

    def issued(self):
        """The decision as issued: leader, number and date, seal, two tokens."""
        path = self.led()
        self.later(minutes=1)
        path = self.sign(path, "seal-1", "seal", fills=fills(15, self.now.date()))
        return self.stamp(path, "seal-1")

    def collect(self, path, source=None, profile=AGENCY):
        source = source or PkiSource(self.pki)
        return revocation_data.collect(Direct(), path, self.trust, self.now, source, profile)

    def with_dss(self, path, source=None):
        out = self.path()
        append.append(path, revocation_data.append_dss(path, self.collect(path, source)), out)
        return out

    def with_document_timestamp(self, path, identity="tsa", at=None):
        prepared = archive_timestamp.prepare_document_timestamp(path)
        made = self.authority(identity, at).token(prepared.digest, "sha256")
        out = self.path()
        archive_timestamp.write(path, prepared, made, out)
        return out

    def validate(self, path, *, source=None, evidence=NO_EVIDENCE, at=None, profile=AGENCY, trust=None):
        """Offline without a source, else with one fetch."""
        when = at or self.now
        trust = trust or self.trust
        for _ in range(3):
            report = validate(path, trust=trust, at=when, profile=profile, evidence=evidence)
            if source is None or not report.needs:
                assert understood(report), explain(report)
                return report
            evidence = evidence + fetch(source, list(report.needs), when)
        return report

    def online(self, path, **keywords):
        return self.validate(path, source=PkiSource(self.pki), **keywords)


def explain(report):
    """For a failing test's output."""
    lines = [f"{report.verdict}"]
    for each in report.signatures:
        lines.append(
            f"  {each.field} {each.type} {each.verdict} {each.integrity} {each.coverage} {each.changes} "
            f"{each.level}"
        )
        lines += [f"      {f.severity} {f.reason.id}: {f.text('en')}" for f in each.findings]
    lines += [f"  {f.severity} {f.reason.id}: {f.text('en')}" for f in report.findings]
    return "\n".join(lines)


class Shelf:
    """Finished files, each made when first asked for. `now` is after the last act."""

    def __init__(self, pki, folder):
        self.office = Office(pki, folder, NOW)
        self.made = {}

    @property
    def now(self):
        return NOW + timedelta(hours=2)

    def __getattr__(self, name):
        if name not in self.made:
            self.made[name] = getattr(self, f"_{name}")()
        return self.made[name]

    def _fresh(self):
        office = Office(self.office.pki, self.office.folder, NOW)
        office.count = self.office.count = self.office.count + 20
        return office

    def _led(self):
        return self._fresh().led()

    def _issued(self):
        return self._fresh().issued()

    def _long_term(self):
        office = self._fresh()
        path = office.issued()
        office.later(minutes=10)
        return office.with_dss(path)

    def _archived(self):
        office = self._fresh()
        path = office.issued()
        office.later(minutes=10)
        path = office.with_dss(path)
        for _ in range(2):
            office.later(minutes=5)
            path = office.with_document_timestamp(path)
        return path

    def _renewed(self):
        office = self._fresh()
        path = office.issued()
        office.later(minutes=10)
        path = office.with_document_timestamp(office.with_dss(path))
        office.later(minutes=10)
        return office.with_document_timestamp(office.with_dss(path))


def update(path, out, change):
    """Appends a revision: `change(revision, pdf)` says what it holds."""
    with PdfFile.open(path) as pdf:
        revision = Revision(pdf)
        change(revision, pdf)
        made = revision.appended()
    append.append(path, made, out)
    return out


def patch(path, out, old, new, *, count=1):
    """Replaces bytes of the same length in place."""
    data = path.read_bytes()
    assert len(old) == len(new)
    assert data.count(old) >= 1, old
    out.write_bytes(data.replace(old, new, count))
    return out


def found(report, field):
    return next(each for each in report.signatures if each.field == field)


def ids(thing):
    return {each.reason.id for each in thing.findings}


def understood(report):
    """No step stumbled: the border that catches everything was not needed."""
    return not any("verification.not-understood" in ids(each) for each in report.signatures)
