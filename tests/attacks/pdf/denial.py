"""Files that are made to cost: bombs, loops, deep trees, quadratic cross-references, giant CMS, thousands of answers.

Each is small for its maker, and gets a verdict or a typed refusal within the limits.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from datetime import timedelta
from functools import cache

from asn1crypto import cms as asn1_cms
from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signer import der
from signer.document.reader import PdfFile
from signer.document.syntax import HexString, Name, Ref, Stream, serialize
from tests.attacks.pdf.handmade import Way, signed_data
from tests.signer.document import build
from tests.signer.document.build import (
    CATALOG,
    FORM,
    LEADER,
    NUMBER,
    PAGE,
    PAGES,
    append,
    catalog,
    form,
    page,
    stream,
)
from tests.signer.trust.forge import NOW, issue, named

SHAPES: dict[str, Callable[..., bytes]] = {}
Shape = Callable[..., bytes]


def shape(name: str) -> Callable[[Shape], Shape]:
    def enter(make: Shape) -> Shape:
        SHAPES[name] = make
        return make

    return enter


@cache
def zeros(size: int) -> bytes:
    """So many zero bytes, deflated: a thousandth of it."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()


def bomb(size: int, **entries: object) -> Stream:
    return Stream({**entries, "Filter": Name("FlateDecode")}, data=zeros(size))


# --- bombs


@shape("bomb: an object stream")
def object_stream_bomb(desk) -> bytes:
    base = append(build.prepared(), {90: bomb(1 << 30, Type=Name("ObjStm"), N=1, First=4)})
    at = len(base)
    trailer = {"Size": 130, "Root": Ref(CATALOG), "Prev": PdfFile.of(base).startxref}
    return base + build.xref_stream({PAGE: (90, 0)}, trailer, 129, at) + b"startxref\n%d\n%%%%EOF\n" % at


@shape("bomb: a cross-reference stream")
def xref_bomb(desk) -> bytes:
    base = build.prepared()
    at = len(base)
    trailer = {"Size": 100, "Root": Ref(CATALOG), "Prev": PdfFile.of(base).startxref, "W": [1, 4, 1]}
    body = b"99 0 obj\n" + serialize(bomb(1 << 30, Type=Name("XRef"), **trailer)) + b"\nendobj\n"
    return base + body + b"startxref\n%d\n%%%%EOF\n" % at


@shape("bomb: what a field draws")
def appearance_bomb(desk) -> bytes:
    shown = bomb(1 << 30, **build.text_appearance(b"").dict)
    data = desk.sign(build.prepared())
    number = build.field("Number", "Tx", V=b"1", AP={"N": Ref(90)})
    return append(data, {NUMBER: number, 90: shown})


@shape("bomb: packed twice")
def bomb_in_a_bomb(desk) -> bytes:
    twice = zlib.compress(zeros(1 << 30), 9)
    shown = {**build.text_appearance(b"").dict, "Filter": [Name("FlateDecode"), Name("FlateDecode")]}
    number = build.field("Number", "Tx", V=b"1", AP={"N": Ref(90)})
    return append(desk.sign(build.prepared()), {NUMBER: number, 90: Stream(shown, data=twice)})


@shape("bomb: a map of characters")
def character_bomb(desk) -> bytes:
    ranges = b"9 beginbfrange " + b"<0000> <ffff> <0041> " * 50_000 + b"endbfrange"
    font = {**build.FONT, "ToUnicode": Ref(91)}
    number = build.field("Number", "Tx", V=b"1", AP={"N": Ref(92)})
    drawn = build.text_appearance(b"1", font=90)
    data = desk.sign(append(build.prepared(), {90: font, 91: build.flate(ranges)}))
    return append(data, {NUMBER: number, 92: drawn})


def _program(form_of: bytes) -> bytes:
    """A font program whose only table is this map."""
    table = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + form_of
    head = struct.pack(">IHHHH", 0x00010000, 1, 0, 0, 0)
    return head + struct.pack(">4sIII", b"cmap", 0, 28, len(table)) + table


def _with_program(desk, program: bytes) -> bytes:
    descendant = {
        "Type": Name("Font"),
        "Subtype": Name("CIDFontType2"),
        "CIDToGIDMap": Name("Identity"),
        "FontDescriptor": {"Type": Name("FontDescriptor"), "FontFile2": Ref(92)},
    }
    font = {
        "Type": Name("Font"),
        "Subtype": Name("Type0"),
        "Encoding": Name("Identity-H"),
        "DescendantFonts": [descendant],
        "ToUnicode": Ref(93),
    }
    number = build.field("Number", "Tx", V=b"1", AP={"N": Ref(94)})
    known = {90: font, 92: build.flate(program), 93: stream(b"1 beginbfchar <0031> <0031> endbfchar")}
    data = desk.sign(append(build.prepared(), known))
    return append(data, {NUMBER: number, 94: build.text_appearance(b"\0001", font=90)})


@shape("bomb: groups of a font's map")
def groups_bomb(desk) -> bytes:
    count = 60_000
    groups = struct.pack(">III", 0, 0xFFFF, 1) * count
    return _with_program(desk, _program(struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, count) + groups))


@shape("bomb: segments of a font's map")
def segments_bomb(desk) -> bytes:
    count = 30_000
    body = b"\xff\xff" * count + b"\0\0" + b"\0\0" * count + b"\0\1" * count + b"\0\0" * count
    return _with_program(desk, _program(struct.pack(">HHHHHHH", 4, 0, 0, 2 * count, 0, 0, 0) + body))


# --- loops and deep trees


@shape("loop: cross-references")
def xref_loop(desk) -> bytes:
    data = desk.signed()
    return append(data, {}, prev=len(data))


@shape("loop: pages")
def page_loop(desk) -> bytes:
    return append(desk.signed(), {PAGES: {"Type": Name("Pages"), "Kids": [Ref(PAGES)], "Count": 1}})


@shape("loop: fields")
def field_loop(desk) -> bytes:
    return append(desk.signed(), {90: {"T": b"a", "Kids": [Ref(90)]}, FORM: form([LEADER, 90])})


@shape("loop: parents")
def parent_loop(desk) -> bytes:
    node = {**build.field("x", "Sig"), "Parent": Ref(90)}
    return append(desk.signed(), {90: node, PAGE: page([LEADER, 90])})


@shape("loop: drawings")
def drawing_loop(desk) -> bytes:
    entries = {**build.text_appearance(b"").dict, "Resources": {"XObject": {"X": Ref(90)}}}
    shown = Stream(entries, data=b"/X Do " * 20_000)
    number = build.field("Number", "Tx", V=b"1", AP={"N": Ref(90)})
    return append(desk.signed(), {NUMBER: number, 90: shown})


@shape("loop: references")
def reference_loop(desk) -> bytes:
    return append(desk.signed(), {90: Ref(91), 91: Ref(90), PAGE: page([LEADER], Contents=Ref(90))})


@shape("loop: the security store")
def store_loop(desk) -> bytes:
    return append(
        desk.signed(),
        {CATALOG: catalog(DSS=Ref(90)), 90: {"VRI": Ref(90), "Certs": Ref(90), "OCSPs": [Ref(90)]}},
    )


@shape("deep: pages")
def deep_pages(desk) -> bytes:
    count = 20_000
    nodes = {
        100 + index: {
            "Type": Name("Pages"),
            "Kids": [Ref(101 + index)],
            "Count": 1,
            "Parent": Ref(99 + index),
        }
        for index in range(count)
    }
    return append(desk.signed(), {PAGES: {"Type": Name("Pages"), "Kids": [Ref(100)], "Count": 1}, **nodes})


@shape("deep: fields")
def deep_fields(desk) -> bytes:
    nodes = {100 + index: {"T": b"a", "Kids": [Ref(101 + index)]} for index in range(20_000)}
    return append(desk.signed(), {FORM: form([LEADER, 100]), **nodes})


@shape("deep: arrays")
def deep_arrays(desk) -> bytes:
    return _raw_object(desk.signed(), b"[" * 500_000 + b"]" * 500_000)


@shape("deep: dictionaries")
def deep_dictionaries(desk) -> bytes:
    return _raw_object(desk.signed(), b"<</A " * 200_000 + b"1" + b">>" * 200_000)


def _raw_object(data: bytes, body: bytes) -> bytes:
    """The page is this."""
    with PdfFile.of(data) as pdf:
        prev = pdf.startxref
    whole = data + b"%d 0 obj\n" % PAGE + body + b"\nendobj\n"
    trailer = b"trailer\n<</Size 99/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (prev, len(whole))
    return whole + build.table({PAGE: len(data)}) + trailer


@shape("deep: parentheses")
def deep_string(desk) -> bytes:
    return _raw_object(desk.signed(), b"(" * 500_000 + b")" * 500_000)


# --- quadratic


def _updates(data: bytes, count: int, rows: int) -> bytes:
    """So many updates, each with a table of so many entries, all of which lead to one object."""
    with PdfFile.of(data) as pdf:
        prev, at = pdf.startxref, pdf.entry(CATALOG).where
    out = bytearray(data)
    table = b"1000 %d\n" % rows + b"%010d 00000 n\r\n" % at * rows
    for _ in range(count):
        place = len(out)
        out += b"xref\n" + (table if rows else b"0 0\n")
        out += b"trailer\n<</Size 9999/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (prev, place)
        prev = place
    return bytes(out)


@shape("quadratic: tables of many updates")
def many_tables(desk) -> bytes:
    return _updates(desk.signed(), 200, 5_000)


@shape("quadratic: thousands of updates")
def many_updates(desk) -> bytes:
    return _updates(desk.signed(), 5_000, 0)


@shape("quadratic: subsections of one entry")
def many_subsections(desk) -> bytes:
    data = desk.signed()
    with PdfFile.of(data) as pdf:
        prev, at = pdf.startxref, pdf.entry(CATALOG).where
    rows = b"".join(b"%d 1\n%010d 00000 n\r\n" % (num, at) for num in range(100_000, 10_000, -1))
    trailer = b"trailer\n<</Size 200000/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (prev, len(data))
    return data + b"xref\n" + rows + trailer


@shape("quadratic: objects that lie in one another")
def nested_objects(desk) -> bytes:
    data = desk.signed()
    with PdfFile.of(data) as pdf:
        prev = pdf.startxref
    body, offsets = bytearray(data), {}
    for num in range(1_000, 11_000):
        offsets[num] = len(body)
        body += b"%d 0 obj\n[ " % num
    body += b"]" * 10_000 + b"\nendobj\n"
    at = len(body)
    trailer = b"trailer\n<</Size 20000/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (prev, at)
    return bytes(body) + build.table(offsets) + trailer


@shape("quadratic: fields of one name")
def many_fields(desk) -> bytes:
    fields = {1_000 + index: build.field("Same", "Tx", V=b"1") for index in range(15_000)}
    return append(desk.signed(), {FORM: form([LEADER, *fields]), PAGE: page([LEADER, *fields]), **fields})


@shape("quadratic: annotations in another order")
def many_annotations(desk) -> bytes:
    numbers = range(1_000, 9_000)
    note = {"Type": Name("Annot"), "Subtype": Name("Text"), "Rect": [0, 0, 9, 9]}
    base = append(build.prepared(), {PAGE: page([LEADER, *numbers]), **dict.fromkeys(numbers, note)})
    return append(desk.sign(base), {PAGE: page([LEADER, *reversed(numbers)])})


@shape("quadratic: signatures over one another")
def many_signatures(desk) -> bytes:
    """Each with a ByteRange of its own, none of which is good."""
    data = desk.signed()
    value = {
        "Type": Name("Sig"),
        "Filter": Name("Adobe.PPKLite"),
        "SubFilter": Name("ETSI.CAdES.detached"),
        "Contents": HexString(PdfFile.of(data).get(20)["Contents"][:4000]),
    }
    fields, values = {}, {}
    for index in range(400):
        fields[1_000 + index] = build.field(f"S{index}", "Sig", (0, 0, 0, 0), V=Ref(2_000 + index))
        values[2_000 + index] = {**value, "ByteRange": [index, 10_000, 12_000, 20_000 + index]}
    return append(data, {FORM: form([LEADER, *fields]), PAGE: page([LEADER, *fields]), **fields, **values})


@shape("quadratic: end marks")
def many_ends(desk) -> bytes:
    data = desk.signed()
    with PdfFile.of(data) as pdf:
        at = pdf.startxref
    junk = b"startxref\n%d\n%%%%EOF\n" % at * 40_000
    return append(data, {90: stream(junk)})


def _led_to(desk, body: bytes, offsets: Callable[[int], list[int]]) -> bytes:
    """An update with this between the objects, and entries of a million objects that lead into it."""
    data = desk.signed()
    with PdfFile.of(data) as pdf:
        prev = pdf.startxref
    rows = b"".join(b"%010d 00000 n\r\n" % at for at in offsets(len(data)))
    whole = data + body
    head = b"xref\n1000 %d\n" % (len(rows) // 20)
    trailer = b"trailer\n<</Size 2000000/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (prev, len(whole))
    return whole + head + rows + trailer


@shape("quadratic: a million entries at one refused object")
def many_entries(desk) -> bytes:
    return _led_to(desk, b"7777 0 obj <</F(a)/F null>> endobj\n", lambda at: [at] * 1_000_000)


@shape("quadratic: entries all over what is no object")
def many_places(desk) -> bytes:
    body = b"1 0 obj<</F(" * 80_000
    return _led_to(desk, body, lambda at: [at + 12 * index for index in range(80_000)])


@shape("quadratic: places of other files, beside an object that is refused")
def many_files(desk) -> bytes:
    return _led_to(desk, b"1000 0 obj <</F null/F null>>\n" + b"/F%" * 10_000_000, lambda at: [at])


# --- signatures and what is in them


def _with_contents(desk, contents: bytes, **entries: object) -> bytes:
    """The signature's value is this."""
    value = {
        "Type": Name("Sig"),
        "Filter": Name("Adobe.PPKLite"),
        "SubFilter": Name("ETSI.CAdES.detached"),
        "ByteRange": [0, 9_999_999_999, 9_999_999_999, 9_999_999_999],
        "Contents": HexString(contents),
        **entries,
    }
    field = PdfFile.of(build.prepared()).get(LEADER)
    data = append(build.prepared(), {LEADER: {**field, "V": Ref(20)}, 20: value})
    start = data.index(b"<" + contents[:8].hex().encode())
    end = data.index(b">", start) + 1
    old = b"[0 9999999999 9999999999 9999999999]"
    return data.replace(old, (b"[0 %d %d %d]" % (start, end, len(data) - end)).ljust(len(old)))


def _altered(desk, change: Callable[[asn1_cms.SignedData], None]) -> bytes:
    info = asn1_cms.ContentInfo.load(desk.cms_of("leader")(b"x"))
    change(info["content"])
    return info.dump(force=True)


@shape("CMS: 8 MB of filling")
def giant_filling(desk) -> bytes:
    return _with_contents(desk, desk.cms_of("leader")(b"x") + bytes(8 << 20))


@shape("CMS: deep")
def deep_cms(desk) -> bytes:
    body = b""
    for _ in range(60_000):
        body = b"\x30\x80"[:2] + body if len(body) < 120_000 else body
    return _with_contents(desk, b"\x30\x80" * 60_000)


@shape("CMS: deep, with lengths")
def deep_cms_with_lengths(desk) -> bytes:
    body = b"\x05\x00"
    while len(body) < 60_000:
        size = len(body)
        head = b"\x30\x82" + size.to_bytes(2, "big") if size > 255 else b"\x30\x81" + bytes((size,))
        body = head + body
    return _with_contents(desk, body)


@shape("CMS: thousands of certificates")
def many_certificates(desk) -> bytes:
    choices = [
        asn1_cms.CertificateChoices({"certificate": asn1_x509.Certificate.load(der)})
        for der in _distinct(desk, 3_000)
    ]

    def change(signed: asn1_cms.SignedData) -> None:
        signed["certificates"] = [*signed["certificates"], *choices]

    return _with_contents(desk, _altered(desk, change))


@shape("CMS: thousands of attributes")
def many_attributes(desk) -> bytes:
    def change(signed: asn1_cms.SignedData) -> None:
        rows = [
            asn1_cms.CMSAttribute({"type": f"1.3.6.1.4.1.99999.{index}", "values": [core.Null()]})
            for index in range(15_000)
        ]
        signed["signer_infos"][0]["unsigned_attrs"] = asn1_cms.CMSAttributes(rows)

    return _with_contents(desk, _altered(desk, change))


@shape("CMS: thousands of signers")
def many_signers(desk) -> bytes:
    def change(signed: asn1_cms.SignedData) -> None:
        signed["signer_infos"] = [signed["signer_infos"][0]] * 2_000

    return _with_contents(desk, _altered(desk, change))


@shape("CMS: a key of 100,000 bits")
def giant_key(desk) -> bytes:
    number = (1 << 100_000) + 1
    parsed = asn1_x509.Certificate.load(desk.identity("leader").der)
    key = asn1_x509.PublicKeyInfo.load(parsed["tbs_certificate"]["subject_public_key_info"].dump())
    key["public_key"] = {"modulus": number, "public_exponent": number - 2}
    parsed["tbs_certificate"]["subject_public_key_info"] = key
    forged = parsed.dump(force=True)

    def change(signed: asn1_cms.SignedData) -> None:
        signed["certificates"] = [
            asn1_cms.CertificateChoices({"certificate": asn1_x509.Certificate.load(forged)})
        ]

    return _with_contents(desk, _altered(desk, change))


@shape("CMS: hundreds of time-stamps")
def many_tokens(desk) -> bytes:
    """Written by hand: asn1crypto would take hours to write one token that often."""
    values = (
        1,
        0,
        -1,
        0,
        -1,
        0,
        1,
    )  # from the message down to the values of the attribute
    cms = desk.with_token(desk.cms_of("leader")(b"x"))
    return _with_contents(desk, _again(cms, der.read(cms), values, 300))


def _again(data: bytes, element: der.Element, path: tuple[int, ...], times: int) -> bytes:
    """What stands in the element at the path, so many times."""
    if not path:
        return der.encode(element.tag, data[element.content : element.end] * times)
    parts = list(der.children(data, element))
    kept = [data[each.start : each.end] for each in parts]
    kept[path[0]] = _again(data, parts[path[0]], path[1:], times)
    return der.encode(element.tag, *kept)


# --- certificates and answers


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _distinct(desk, count: int) -> list[bytes]:
    """Certificates that differ in their number alone; their signatures are not even tried."""
    parsed = asn1_x509.Certificate.load(desk.identity("leader").der)
    found = []
    for index in range(count):
        parsed["tbs_certificate"]["serial_number"] = 10_000_000 + index
        found.append(parsed.dump(force=True))
    return found


def _stored(data: bytes, **kinds: list[bytes]) -> bytes:
    """A security store with all of these."""
    objects: dict[int, object] = {}
    store: dict[str, object] = {}
    num = 1_000
    for key, items in kinds.items():
        store[key] = [Ref(num + index) for index in range(len(items))]
        objects.update({num + index: build.flate(item) for index, item in enumerate(items)})
        num += len(items)
    return append(data, {CATALOG: catalog(DSS=Ref(90)), 90: store, **objects})


@shape("answers: thousands of certificates")
def certificates_in_the_store(desk) -> bytes:
    return _stored(desk.signed(), Certs=_distinct(desk, 5_000))


@shape("answers: CAs of one name")
def authorities_of_one_name(desk) -> bytes:
    """Any of a thousand CAs could have issued the signer's certificate, by its name."""
    leaf = issue("DEMO L", issue("DEMO Same", ca=True, key=_key()))
    others = [issue("DEMO Same", ca=True, key=_key(), serial=index + 1).der for index in range(1_000)]
    data = desk.sign(build.prepared(), cms=signed_data(leaf, Way("sha256", "sha256_ecdsa")))
    return _stored(data, Certs=others)


@shape("answers: a maze of CAs")
def maze(desk) -> bytes:
    """Each of seven on a level was issued by each of seven on the next: a million paths, and no way out."""
    levels = [named(f"DEMO Level {level}") for level in range(8)]
    made = []
    for level in range(7):
        for number in range(7):
            builder = (
                x509.CertificateBuilder()
                .subject_name(levels[level])
                .issuer_name(levels[level + 1])
                .public_key(_key().public_key())
                .serial_number(100 * level + number + 1)
                .not_valid_before(NOW - timedelta(days=9))
                .not_valid_after(NOW + timedelta(days=9))
                .add_extension(x509.BasicConstraints(True, None), True)
            )
            made.append(builder.sign(_key(), hashes.SHA256()).public_bytes(serialization.Encoding.DER))
    leaf = issue("DEMO Leaf", issue("x", ca=True, key=_key(), subject=levels[0]))
    data = desk.sign(build.prepared(), cms=signed_data(leaf, Way("sha256", "sha256_ecdsa")))
    return _stored(data, Certs=made)


@shape("answers: a list of 100,000 revoked ones")
def long_list(desk) -> bytes:
    return _stored(desk.signed(), CRLs=[_list(desk, 100_000)])


def _list(desk, count: int) -> bytes:
    parsed = asn1_crl(desk)
    row = parsed["tbs_cert_list"]
    row["revoked_certificates"] = [
        {"user_certificate": 1 << 60 | index, "revocation_date": asn1_x509.Time({"utc_time": NOW})}
        for index in range(count)
    ]
    return parsed.dump(force=True)


def asn1_crl(desk):
    from asn1crypto import crl

    from api.demo import ocsp as demo_ocsp

    return crl.CertificateList.load(demo_ocsp.crl(desk.pki, "issuing", NOW))


@shape("answers: thousands of lists")
def many_lists(desk) -> bytes:
    parsed = asn1_crl(desk)
    found = []
    for index in range(3_000):
        parsed["tbs_cert_list"]["this_update"] = asn1_x509.Time({"utc_time": NOW - timedelta(minutes=index)})
        found.append(parsed.dump(force=True))
    return _stored(desk.signed(), CRLs=found)


@shape("answers: thousands of OCSP responses")
def many_responses(desk) -> bytes:
    from tests.attacks.pdf.desk import Answers

    leader, issuing = desk.identity("leader").der, desk.pki.issuing
    one = Answers(desk).ocsp(leader, issuing, NOW)
    found = [one[:-4] + index.to_bytes(4, "big") for index in range(3_000)]  # none verifies
    return _stored(desk.signed(), OCSPs=found)


@shape("locks: a hundred thousand fields")
def many_locks(desk) -> bytes:
    names = [f"F{index}" for index in range(100_000)]
    data = desk.sign(build.prepared(), mdp=build.lock("Include", names))
    return append(data, build.numbered())
