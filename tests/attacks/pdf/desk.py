"""Where the suites are made: raw documents, real signatures of the demo PKI and of CAs of our own, all in memory.

Documents are those of `tests.signer.document.build` (objects by number: `LEADER`, `NUMBER`, `DATE` and `SEAL` are the
form), so an attacker can write whatever he likes before a signature and after it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from api.demo import tsa as demo_tsa
from policies.refusals import Refused
from signer import der
from signer.creation import cms as cms_builder
from signer.document.reader import PdfFile
from signer.document.syntax import HexString, Name, Ref
from signer.timestamping.token import new_request
from signer.trust.anchors import TrustAnchors
from signer.validation.online import fetch
from signer.validation.process import validate
from signer.validation.values import NO_EVIDENCE, DocumentReport, Evidence
from tests.attacks.pdf.cases import Made
from tests.signer.document import build
from tests.signer.trust import forge
from tests.signer.trust.forge import NOW, Party
from tests.signer.validation.office import Office, PkiSource

HOLE = 9000
_PLACE = 9_999_999_999
LATER = NOW + timedelta(hours=2)
NUMBERS = (build.LEADER, build.NUMBER, build.DATE, build.SEAL)


class Answers(PkiSource):
    """Revocation answers of the demo PKI and of the desk's own CAs, which answer by CRL."""

    def __init__(self, desk: Desk, at: datetime | None = None) -> None:
        super().__init__(desk.pki, at)
        self.desk = desk

    def ocsp(self, certificate: bytes, issuer: bytes, at: datetime) -> bytes | None:
        if issuer in self.desk.responses:
            return self.desk.responses[issuer](self.at or at)
        return super().ocsp(certificate, issuer, at) if issuer == self.desk.pki.issuing else None

    def crl(self, certificate: bytes, issuer: bytes, at: datetime) -> bytes | None:
        if issuer in self.desk.lists:
            return self.desk.lists[issuer](self.at or at)
        party = self.desk.authorities.get(issuer)
        if party is None:
            return super().crl(certificate, issuer, at)
        return forge.crl(party, this=self.at or at, digest=self.desk.digests.get(issuer))


class Desk:
    """The demo PKI, CAs of our own, and who judges. Not for several threads."""

    def __init__(self, pki, folder: Path) -> None:
        self.pki = pki
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authorities: dict[bytes, Party] = {}
        self.digests: dict[bytes, object] = {}
        self.lists: dict[bytes, Callable[[datetime], bytes]] = {}
        self.responses: dict[bytes, Callable[[datetime], bytes]] = {}
        self.made: dict[str, Made] = {}
        self._kept: dict[str, bytes] = {}

    # --- trust

    def authority(self, name: str, issuer: Party | None = None, **options) -> Party:
        """A CA that answers about what it issues."""
        return self.answers(forge.issue(name, issuer, ca=True, **options))

    def answers(self, party: Party, digest: object = None) -> Party:
        """This CA answers by CRL, signed with this digest."""
        self.authorities[party.der] = party
        self.digests[party.der] = digest
        return party

    def says(self, party: Party, *, crl=None, ocsp=None) -> Party:
        """What this CA answers of all that it issues: each makes its answer of the time of the question."""
        self.authorities[party.der] = party
        for kind, made in ((self.lists, crl), (self.responses, ocsp)):
            if made is not None:
                kind[party.der] = made
        return party

    def identity(self, name: str) -> Party:
        """A demo identity with its key."""
        found = self.pki.identity(name)
        return Party(found.certificate, found.private_key)

    def trust(self, *roots: Party, intermediates: tuple[bytes, ...] = ()) -> TrustAnchors:
        """The demo root and these."""
        anchors = (self.pki.root, *(root.der for root in roots))
        return TrustAnchors(anchors, intermediates, label="attacks", domain="demo")

    # --- signatures

    def sign(
        self,
        base: bytes,
        field: int = build.LEADER,
        value: int = 20,
        *,
        role: str = "leader",
        cms=None,
        mdp: dict | list | None = None,
        also: dict[int, object] | None = None,
        stamped: bool = False,
        field_value: dict | None = None,
        subfilter: str = "ETSI.CAdES.detached",
        kind: str = "Sig",
        entries: dict | None = None,
        **options,
    ) -> bytes:
        """One more revision with a real signature: `field` gets `value`, besides the objects in `also`.

        `cms` makes /Contents of the signed bytes; by default the demo identity `role` signs them. `mdp` is a
        reference dictionary (`build.lock`, `build.certification`) or several.
        """
        dictionary = {
            "Type": Name(kind),
            "Filter": Name("Adobe.PPKLite"),
            "SubFilter": Name(subfilter),
            "ByteRange": [0, _PLACE, _PLACE, _PLACE],
            "Contents": HexString(bytes(HOLE)),
            **(entries or {}),
        }
        if mdp is not None:
            dictionary["Reference"] = mdp if isinstance(mdp, list) else [mdp]
        current = field_value or PdfFile.of(base).get(field)
        objects = {field: {**current, "V": Ref(value)}, value: dictionary, **(also or {})}
        data = build.append(base, objects, **options)
        return self.fill(data, cms or self.cms_of(role, stamped=stamped))

    def fill(self, data: bytes, cms) -> bytes:
        """The newest hole filled: ByteRange written, then what `cms` makes of the bytes that it covers."""
        out = bytearray(data)
        start, end = self.measure(out)
        value = cms(bytes(out[:start] + out[end:])).hex().encode()
        assert len(value) <= end - start - 2
        out[start + 1 : start + 1 + len(value)] = value
        return bytes(out)

    def measure(self, out: bytearray) -> tuple[int, int]:
        """Write the ByteRange around the newest empty hole, which is returned."""
        start = out.rindex(b"<" + b"0" * 2 * HOLE)
        end = start + 2 * HOLE + 2
        old = list(re.finditer(rb"\[ ?0 %d %d %d ?\]" % (_PLACE, _PLACE, _PLACE), bytes(out)))[-1]
        written = b"[0 %d %d %d" % (start, end, len(out) - end)
        out[old.start() : old.end()] = written.ljust(len(old[0]) - 1) + b"]"
        return start, end

    def cms_of(self, role: str, *, stamped: bool = False, at: datetime = NOW):
        """Makes the CMS of this demo identity, with a time-stamp when `stamped`."""
        key = self.pki.signing_key(role)

        def make(signed: bytes) -> bytes:
            cms = cms_builder.build(hashlib.new(key.algorithm.digest.value, signed).digest(), key)
            return self.with_token(cms, at=at) if stamped else cms

        return make

    def with_token(self, cms: bytes, *, at: datetime = NOW, over: bytes | None = None) -> bytes:
        """The same with a time-stamp over its signature value, or over other bytes."""
        imprint = hashlib.sha256(over or cms_builder.signature_value(cms)).digest()
        return cms_builder.with_token(cms, self.token(imprint, at=at))

    def token(self, imprint: bytes, *, at: datetime = NOW, identity: str = "tsa") -> bytes:
        """A token over a SHA-256 digest."""
        request = new_request(imprint, "sha256").der
        response = demo_tsa.respond(self.pki, request, at, identity=identity)
        _, made = der.children(response, der.read(response))
        return response[made.start : made.end]

    def stamp_document(
        self,
        base: bytes,
        num: int = 0,
        *,
        at: datetime = NOW,
        kind: str = "DocTimeStamp",
        over: bytes | None = None,
    ) -> bytes:
        """A document time-stamp in a new field that nobody sees; or a token over other bytes."""
        pdf = PdfFile.of(base)
        form, page = pdf.dictionary(pdf.catalog["AcroForm"]), pdf.page(0)
        num = num or max(40, pdf.next_object_number)
        return self.sign(
            base,
            num,
            num + 1,
            cms=lambda signed: self.token(hashlib.sha256(over or signed).digest(), at=at),
            subfilter="ETSI.RFC3161",
            kind=kind,
            field_value=build.field(f"DTS{num}", "Sig", (0, 0, 0, 0), F=132, P=page.ref),
            also={
                pdf.catalog["AcroForm"].num: {**form, "Fields": [*form["Fields"], Ref(num)]},
                page.ref.num: {**page.dict, "Annots": [*pdf.array(page.dict.get("Annots")), Ref(num)]},
            },
        )

    # --- documents, made once

    def once(self, name: str, make) -> bytes:
        """What `make` makes, kept under this name."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def signed(self) -> bytes:
        """The prepared form, signed by the leader; nothing is locked."""
        return self.once("signed", lambda: self.sign(build.prepared()))

    def locked(self) -> bytes:
        """The same, and every field but number, date and seal is locked."""
        return self.once("locked", lambda: self.sign(build.prepared(), mdp=build.LEADER_LOCK))

    def sealed(self) -> bytes:
        """The whole legal path: leader, then number, date and seal, which locks all."""
        return self.once(
            "sealed",
            lambda: self.sign(
                self.locked(), build.SEAL, 23, role="seal", mdp=build.SEAL_LOCK, also=build.numbered()
            ),
        )

    def certified(self, level: int) -> bytes:
        """The prepared form, certified by the leader with DocMDP /P `level`."""

        def make() -> bytes:
            base = build.append(
                build.prepared(), {build.CATALOG: build.catalog(Perms={"DocMDP": Ref(20)}), 20: {}}
            )
            return self.sign(base, mdp=build.certification(level))

        return self.once(f"certified {level}", make)

    def office(self) -> Office:
        """A whole agency: the product makes its documents."""
        self.folder.mkdir(exist_ok=True)
        office = Office(self.pki, self.folder, NOW)
        office.count = len(list(self.folder.iterdir())) + 100
        return office

    def issued(self) -> bytes:
        """A real decision as the product issues it, time-stamped twice."""
        return self.once("issued", lambda: self.office().issued().read_bytes())

    def write_good(self) -> Path:
        """A good file on the disk."""
        return self.write(Made(self.signed()))

    # --- judging

    def judge(self, made: Made) -> tuple[DocumentReport | Refused, Evidence]:
        """Our verdict, with all that may be fetched, and what was fetched or used; a typed refusal is an answer too."""
        path = self.write(made)
        at, trust = made.at or LATER, made.trust or self.trust()
        evidence = NO_EVIDENCE
        source = Answers(self)
        try:
            for _ in range(3):
                report = validate(
                    path, trust=trust, at=at, profile=made.profile, evidence=evidence, password=made.password
                )
                if not report.needs:
                    break
                evidence = evidence + fetch(source, list(report.needs), at)
        except Refused as refused:
            return refused, evidence
        return report, (evidence + report.evidence).distinct()

    def write(self, made: Made) -> Path:
        """The file on the disk, under the name of its content."""
        path = self.folder / (hashlib.sha256(made.data).hexdigest()[:24] + ".pdf")
        if not path.exists():
            path.write_bytes(made.data)
        return path


def patched(data: bytes, old: bytes, new: bytes, *, last: bool = False) -> bytes:
    """Bytes replaced in place, filled up with spaces, so that nothing moves."""
    assert len(new) <= len(old), (old, new)
    at = data.rindex(old) if last else data.index(old)
    return data[:at] + new.ljust(len(old)) + data[at + len(old) :]


def entry_of(data: bytes, key: bytes) -> bytes:
    """The bytes of the newest entry `key` with its value: an array, a hexadecimal string or one word."""
    found = list(re.finditer(re.escape(key) + rb" ?(\[[^\]]*\]|<[0-9A-Fa-f]*>|/?[^/>\s]+)", data))
    return found[-1][0]
