"""Parsers of hostile bytes as functions of bytes. Each returns, or raises one of its own typed refusals; anything else
is a find.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from policies.refusals import Refused
from signer.document.contradictions import contradictions
from signer.document.drawn_text import drawn_text
from signer.document.modifications import Modifications
from signer.document.pdfa.check import check_open
from signer.document.reader import PdfFile
from signer.document.revisions import History, signatures
from signer.document.syntax import HexString, Name, Ref, Stream
from signer.timestamping.token import TokenRules, accept, new_request
from signer.trust import crl as crls
from signer.trust import ocsp as responses
from signer.trust.certificates import parse
from signer.trust.signatures import AlgorithmUnknown, SignatureWrong
from signer.trust.status import AnswerUnusable
from signer.trust.unreadable import Unreadable
from signer.validation.context import Context
from signer.validation.format_checking import FormatProblem
from signer.validation.format_checking import read as read_cms
from signer.validation.proof import Proof
from signer.validation.timestamps import material, validate_token
from signer.validation.values import NO_EVIDENCE
from tests.attacks.pdf.desk import LATER, Desk
from tests.demo_pki import demo_pki
from tests.factories.pdfa_file import XMP_1, XMP_3
from tests.profiles import AGENCY
from tests.signer.document import build

TYPED = (Refused, FormatProblem, AnswerUnusable, Unreadable, AlgorithmUnknown, SignatureWrong)
Target = Callable[[bytes], object]


@cache
def _desk() -> Desk:
    return Desk(demo_pki(), Path(mkdtemp(prefix="antin-fuzz-")))


def reader(data: bytes) -> None:
    """Reader, revisions, signatures, what was changed after each, and what fields show."""
    with PdfFile.of(data) as pdf:
        pdf.pages()
        history = History(pdf)
        found = signatures(pdf, history)
        changes = Modifications(history, found)
        for signature in found:
            changes.after(signature)
        contradictions(pdf)
        assert isinstance(history.unreachable, tuple)


def conformity(data: bytes) -> None:
    """The check of PDF/A."""
    with PdfFile.of(data) as pdf:
        check_open(pdf)


def cms(data: bytes) -> None:
    """A signature's /Contents, and the material that it carries."""
    material(data)
    message = read_cms(data)
    assert message.claimed_time is None or message.claimed_time.year


def token(data: bytes) -> None:
    """A time-stamp token in a signature, and as an authority's answer."""
    context = Context.start(_desk().trust(), AGENCY, LATER, NO_EVIDENCE)
    validate_token(context, data, lambda _name: bytes(32), Proof(None))
    accept(data, new_request(bytes(32), "sha256"), TokenRules(_desk().trust()))


def certificate(data: bytes) -> None:
    found = parse(data)
    assert found.fingerprint and found.valid_at(LATER) in (True, False)


def ocsp(data: bytes) -> None:
    pki = demo_pki()
    responses.responders(data)
    responses.serials(data)
    responses.answer(data, parse(pki.identity("leader").der), parse(pki.issuing))


def crl(data: bytes) -> None:
    pki = demo_pki()
    crls.answer(data, parse(pki.identity("leader").der), parse(pki.issuing))


def character_map(data: bytes) -> None:
    """The font of an appearance: its /ToUnicode, and the map of its program."""
    font = {
        "Type": Name("Font"),
        "Subtype": Name("Type0"),
        "BaseFont": Name("X"),
        "Encoding": Name("Identity-H"),
        "ToUnicode": Ref(81),
        "DescendantFonts": [
            {
                "Type": Name("Font"),
                "Subtype": Name("CIDFontType2"),
                "CIDToGIDMap": Name("Identity"),
                "FontDescriptor": {"Type": Name("FontDescriptor"), "FontFile2": Ref(82)},
            }
        ],
    }
    half = len(data) // 2
    objects = {80: font, 81: build.stream(data[:half]), 82: build.stream(data[half:])}
    _drawn(objects, build.text_appearance(b"15", font=80))


def appearance(data: bytes) -> None:
    """What a field draws."""
    shown = build.text_appearance(b"15")
    _drawn({}, Stream(shown.dict, data=data))


def _drawn(objects: dict[int, object], shown: Stream) -> None:
    whole = build.append(build.prepared(), {**objects, 90: shown})
    with PdfFile.of(whole) as pdf:
        drawn_text(pdf, pdf.get(90))


def metadata(data: bytes) -> None:
    """XMP."""
    packet = build.stream(data, Type=Name("Metadata"), Subtype=Name("XML"))
    whole = build.append(build.prepared(), {build.CATALOG: build.catalog(Metadata=Ref(80)), 80: packet})
    with PdfFile.of(whole) as pdf:
        check_open(pdf)


def contents(data: bytes) -> None:
    """A whole validation of a file whose signature's value is this."""
    base = _desk().once("hole", lambda: build.signed(build.prepared(), build.LEADER, 20))
    room = 2 * build.HOLE
    reader(
        base.replace(
            b"<" + b"0" * room + b">", b"<" + data[: build.HOLE].hex().encode().ljust(room, b"0") + b">"
        )
    )
    assert HexString(data) == data


TARGETS: dict[str, Target] = {
    each.__name__: each
    for each in (
        reader,
        conformity,
        cms,
        token,
        certificate,
        ocsp,
        crl,
        character_map,
        appearance,
        metadata,
        contents,
    )
}


def seeds_of(name: str, desk: Desk) -> tuple[bytes, ...]:
    """What a target is begun with."""
    from tests.fuzz.seeds import corpus

    known = corpus(desk, every=40)
    if name in ("reader", "conformity"):
        return known.files
    if name in ("cms", "contents"):
        return known.der["cms"]
    if name in known.der:
        return known.der[name]
    return _WRITTEN[name]


_WRITTEN = {
    "character_map": (
        b"1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfrange <0000> <00ff> <0041> endbfrange "
        b"1 beginbfchar <0003> <0020> endbfchar",
    ),
    "appearance": (
        b"/Tx BMC q BT /F1 12 Tf 2 5 Td (15) Tj ET Q EMC",
        b"q 1 g 0 0 9 9 re f Q BT /F1 1 Tf 12 0 0 12 2 5 Tm [(1) -9 (5)] TJ T* (a) ' ET",
    ),
    "metadata": (
        b"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
        b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' "
        b"xmlns:pdfaid='http://www.aiim.org/pdfa/ns/id/'><pdfaid:part>2</pdfaid:part></rdf:Description></rdf:RDF>"
        b"</x:xmpmeta><?xpacket end='w'?>",
        XMP_1.encode(),
        XMP_3.encode("utf-16"),
    ),
}
