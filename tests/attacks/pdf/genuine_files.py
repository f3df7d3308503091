"""Good files of every shape: what honest producers, signers and web sites make of a signed document."""

from __future__ import annotations

import io
from datetime import timedelta

import pikepdf

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, serialize
from tests.attacks.pdf.cases import Made, genuine
from tests.attacks.pdf.shadow import pointing
from tests.factories.encrypted import OWNER, USER, encrypted, signed, signer_of
from tests.factories.graphs import Blueprint, Form
from tests.signer.document import build
from tests.signer.document.build import CATALOG, CONTENT, INFO, LEADER, SEAL, append, stream
from tests.signer.trust.forge import NOW

_FORMS = {
    "a table": Form.TABLE,
    "a table with lines of 19 bytes": Form.LOOSE,
    "a stream": Form.STREAM,
    "object streams": Form.PACKED,
    "hybrid cross-references": Form.HYBRID,
    "linearised": Form.LINEAR,
    "linearised with object streams": Form.LINEAR_PACKED,
}


@genuine("cross-references of every form", tuple(_FORMS))
def in_every_form(desk, variant):
    """Made by our own document factory, prepared by qpdf's forms, signed by the product."""
    office = desk.office()
    source = Blueprint(_FORMS[variant], pages=2, texts=1, updates=1).write(office.folder)
    return office.sign(source, Blueprint(_FORMS[variant]).names[0]).read_bytes()


@genuine("hybrid cross-references", ("in the signed revision", "in an update after the signature"))
def hybrid(desk, variant):
    """A table for old readers, and a stream for the objects that it hides."""
    data = build.prepared() if variant == "in the signed revision" else desk.signed()
    made = _hybrid_update(data)
    return desk.sign(made) if variant == "in the signed revision" else made


def _hybrid_update(data: bytes) -> bytes:
    """Object 90 stands in object stream 91; the table says that it is free, /XRefStm where it is."""
    with PdfFile.of(data) as pdf:
        prev = pdf.startxref
    packed = stream(b"90 0 << /A 1 >>", Type=Name("ObjStm"), N=1, First=5)
    at_packed = len(data)
    out = data + b"91 0 obj\n" + serialize(packed) + b"\nendobj\n"
    at_stream = len(out)
    out += build.xref_stream({90: (91, 0), 91: at_packed}, {"Size": 93, "Root": Ref(CATALOG)}, 92, at_stream)
    at_table = len(out)
    trailer = {"Size": 93, "Root": Ref(CATALOG), "Info": Ref(INFO), "Prev": prev, "XRefStm": at_stream}
    out += b"xref\n90 1\n0000000000 65535 f\r\n" + b"trailer\n" + serialize(trailer)
    return out + b"\nstartxref\n%d\n%%%%EOF\n" % at_table


@genuine(
    "cross-reference streams replaced in updates",
    ("a stream after a table", "a table after a stream", "streams"),
)
def replaced_sections(desk, variant):
    """The newest revision says where everything is, in another form than the ones before."""
    first = variant != "a stream after a table"
    base = desk.sign(build.prepared(stream_form=first), stream_form=first)
    return append(base, {INFO: {"Producer": b"another"}}, stream_form=variant != "a table after a stream")


@genuine("a whole table written again")
def whole_table(desk, _variant):
    data = desk.signed()
    with PdfFile.of(data) as pdf:
        offsets = {num: pdf.entry(num).where for num in pdf.numbers() if pdf.entry(num).kind == "n"}
    return pointing(data, offsets, Info=Ref(INFO))


@genuine(
    "freed objects", ("that nobody uses", "with the generation of common producers", "freed and used again")
)
def freed(desk, variant):
    base = desk.sign(append(build.prepared(), {90: {"Unused": True}}))
    if variant == "that nobody uses":
        return append(base, {}, freed=(90,))
    if variant == "freed and used again":
        return append(append(base, {}, freed=(90,)), {90: {"Used": True}})
    made = append(base, {}, freed=(90,))
    return made[: len(base)] + made[len(base) :].replace(b"0000000000 00001 f", b"0000000000 65535 f")


@genuine("validation data added later", ("DSS", "DSS with VRI", "VRI in a revision of its own", "DSS twice"))
def validation_data(desk, variant):
    data = desk.signed()
    if variant == "DSS":
        return append(
            data, {CATALOG: build.catalog(DSS=Ref(30)), 30: {"Certs": [Ref(31)]}, 31: _certificate(desk)}
        )
    data = _with_store(desk, data, 30)
    if variant == "VRI in a revision of its own":
        vri = {"BB" * 20: {"Cert": [Ref(31)], "TU": b"D:20261120030000Z"}}
        return append(data, {30: {"Type": Name("DSS"), "Certs": [Ref(31)], "VRI": Ref(33)}, 33: vri})
    return _with_store(desk, data, 60) if variant == "DSS twice" else data


def _with_store(desk, data: bytes, num: int) -> bytes:
    """A revision with a security store, and in it a VRI."""
    certificates = [Ref(num + 1)]
    store = {"Type": Name("DSS"), "Certs": certificates, "VRI": {"AA" * 20: {"Cert": certificates}}}
    catalog = build.catalog(DSS=Ref(num))
    return append(data, {CATALOG: catalog, num: store, num + 1: _certificate(desk)})


def _certificate(desk):
    return stream(desk.pki.issuing)


@genuine(
    "document time-stamps", ("under /Type /DocTimeStamp", "under /Type /Sig", "two of them", "after a DSS")
)
def time_stamps(desk, variant):
    data = desk.signed()
    if variant == "after a DSS":
        data = _with_store(desk, data, 30)
    data = desk.stamp_document(data, kind="Sig" if "/Sig" in variant else "DocTimeStamp")
    later = NOW + timedelta(minutes=5)
    return desk.stamp_document(data, 50, at=later) if variant == "two of them" else data


@genuine("bytes that a web site appended", ids=("verification.trailing-bytes",))
def trailing_bytes(desk, _variant):
    return desk.signed() + b"\n<!-- Page cached by example.gov.vn at 10:00 -->" + b" " * 70


@genuine("white space after the end", ("a line", "many lines", "zeros", "a carriage return"))
def white_space(desk, variant):
    return desk.signed() + {"a line": b"\n", "many lines": b"\r\n" * 40, "zeros": bytes(100)}.get(
        variant, b"\r"
    )


@genuine("the claimed time is the local hour written as UTC", ids=("verification.claimed-local-time",))
def local_hour(desk, _variant):
    claimed = (NOW + timedelta(hours=7)).strftime("D:%Y%m%d%H%M%SZ").encode()
    return desk.sign(build.prepared(), stamped=True, entries={"M": claimed})


@genuine("raw bytes in names", ("in a key of the resources", "in the name of a field", "in a layer"))
def raw_bytes(desk, variant):
    """Names with bytes beyond ASCII as they stand, as some producers write them, and not as #xx."""
    if variant == "in the name of a field":
        field = build.field("Số", "Sig", (300, 100, 400, 150))
        return desk.sign(build.prepared(), field_value={**field, "T": "Chữ ký".encode()})
    base = append(
        build.prepared(),
        {90: {"Xy": 1} if variant == "in a layer" else {"Xy": Ref(build.FONT_REF)}},
    )
    raw = base.replace(b"/Xy", b"/\xe1\xbb")
    return desk.sign(raw)


@genuine("25 signatures in one file")
def many_signatures(desk, _variant):
    names = [f"Signer{number}" for number in range(25)]
    numbers = range(100, 125)
    fields = {
        num: build.field(name, "Sig", (10, 10 + 20 * at, 60, 28 + 20 * at))
        for at, (num, name) in enumerate(zip(numbers, names, strict=True))
    }
    data = append(
        build.prepared(),
        {
            build.FORM: build.form([*numbers]),
            build.PAGE: build.page([*numbers]),
            **fields,
        },
    )
    for at, num in enumerate(numbers):
        role = ("leader", "seal", "second-leader")[at % 3]
        data = desk.sign(data, num, num + 100, role=role)
    return data


@genuine("signatures one after the other", ("two leaders", "leader and seal", "leader, seal and time-stamp"))
def in_turn(desk, variant):
    if variant == "two leaders":
        return desk.sign(desk.signed(), SEAL, 23, role="second-leader")
    return desk.sealed() if variant == "leader and seal" else desk.stamp_document(desk.sealed())


@genuine("a second signer in a visible field of his own")
def another_field(desk, _variant):
    """Where nobody certified or locked anything."""
    data = desk.signed()
    return desk.sign(
        data,
        70,
        71,
        role="second-leader",
        field_value=build.field("Received", "Sig", (10, 600, 80, 640), AP={"N": Ref(72)}),
        also={
            build.FORM: build.form([LEADER, build.NUMBER, build.DATE, SEAL, 70]),
            build.PAGE: build.page([LEADER, build.NUMBER, build.DATE, SEAL, 70]),
            72: build.text_appearance(b"Nhan"),
        },
    )


_PASSWORDS = ("rc4-128", "aes-128", "aes-256")


@genuine(
    "encrypted, with its password", tuple(f"{way}, {who}" for way in _PASSWORDS for who in ("user", "owner"))
)
def with_a_password(desk, variant):
    way, _, who = variant.partition(", ")
    base = encrypted(_plain(), way)
    raw = USER.encode("latin-1") if way != "aes-256" else USER
    signer = signer_of(desk.pki.identity("leader"), desk.pki.identity("issuing"))
    return Made(signed(base, raw, signer), password=USER if who == "user" else OWNER)


def _plain() -> bytes:
    """The page alone: no form, which the signer makes."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(build.prepared())) as pdf:
        del pdf.Root.AcroForm
        del pdf.pages[0].Annots
        pdf.save(out)
    return out.getvalue()


@genuine("signed by pyHanko", ("once", "twice"))
def by_pyhanko(desk, variant):
    signer = signer_of(desk.pki.identity("leader"), desk.pki.identity("issuing"))
    data = signed(_plain(), None, signer)
    second = signer_of(desk.pki.identity("seal"), desk.pki.identity("issuing"))
    return signed(data, None, second, "Dấu", "Ủy ban") if variant == "twice" else data


@genuine("issued by the product", ("as issued", "with validation data", "archived"))
def by_the_product(desk, variant):
    office = desk.office()
    path = office.issued()
    if variant != "as issued":
        office.later(minutes=10)
        path = office.with_dss(path)
    if variant == "archived":
        path = office.with_document_timestamp(path)
    return path.read_bytes()


@genuine("an empty update")
def empty_update(desk, _variant):
    return append(desk.signed(), {})


@genuine("an update that says the same again")
def same_again(desk, _variant):
    data = desk.signed()
    with PdfFile.of(data) as pdf:
        same = {num: pdf.get(num) for num in (CATALOG, build.FORM, build.PAGE, build.FONT_REF)}
    return append(data, {**same, INFO: {"Producer": b"another"}})


@genuine("comments in the content")
def with_comments(desk, _variant):
    base = append(
        build.prepared(), {CONTENT: stream(b"% a comment\nBT /F1 12 Tf 50 700 Td (Quyet dinh) Tj ET")}
    )
    return desk.sign(base)
