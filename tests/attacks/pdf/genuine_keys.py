"""Good signatures of every kind: digests, schemes, curves, certificates with odd but legal contents, old CAs."""

from __future__ import annotations

from datetime import datetime, timedelta

from asn1crypto import cms as asn1_cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from tests.attacks.pdf.cases import Made, genuine
from tests.attacks.pdf.certificates import demo, rsa_key
from tests.attacks.pdf.handmade import Way, signed_data
from tests.signer.document import build
from tests.signer.trust.forge import NOW, YEAR, Party, issue, with_sha1


def _authority(desk, name: str = "DEMO CA chung") -> Party:
    """A CA below the demo root, made once."""
    kept = desk.__dict__.setdefault("kept_authorities", {})
    if name not in kept:
        kept[name] = desk.answers(issue(name, desk.identity("root"), ca=True))
    return kept[name]


def _leaf(desk, key=None, **options) -> Party:
    options.setdefault("subject", demo("Người ký"))
    return issue("", _authority(desk), key=key or ec.generate_private_key(ec.SECP256R1()), **options)


def by(desk, leaf: Party, way: Way, *, subfilter: str = "ETSI.CAdES.detached", **options) -> bytes:
    """A document signed by this leaf in this way, the CA in the signature."""
    full = Way(**{**way.__dict__, "certificates": way.certificates or (_authority(desk).der,)})
    return desk.sign(build.prepared(), cms=signed_data(leaf, full), subfilter=subfilter, **options)


_P256, _P384, _P521 = ec.SECP256R1, ec.SECP384R1, ec.SECP521R1
_WAYS = {
    "RSA, SHA-256": (rsa_key, Way()),
    "RSA, SHA-512, named in the algorithm": (rsa_key, Way("sha512", "sha512_rsa")),
    "RSA, SHA3-256": (rsa_key, Way("sha3_256", "sha3_256_rsa")),
    "RSA, SHA3-512": (rsa_key, Way("sha3_512", "sha3_512_rsa")),
    "RSA, SHA3-256, named by the digest alone": (rsa_key, Way("sha3_256")),
    "PSS, SHA-256": (rsa_key, Way("sha256", "pss")),
    "PSS, SHA-512": (rsa_key, Way("sha512", "pss", salt=64)),
    "PSS, a salt of 20 bytes": (rsa_key, Way("sha256", "pss", salt=20)),
    "PSS, SHA3-256": (rsa_key, Way("sha3_256", "pss")),
    "ECDSA on P-256": (lambda: ec.generate_private_key(_P256()), Way("sha256", "sha256_ecdsa")),
    "ECDSA on P-384": (lambda: ec.generate_private_key(_P384()), Way("sha384", "sha384_ecdsa")),
    "ECDSA on P-521": (lambda: ec.generate_private_key(_P521()), Way("sha512", "sha512_ecdsa")),
    "ECDSA on P-256, SHA-512": (lambda: ec.generate_private_key(_P256()), Way("sha512", "sha512_ecdsa")),
    "ECDSA, SHA3-256": (lambda: ec.generate_private_key(_P256()), Way("sha3_256", "sha3_256_ecdsa")),
    "ECDSA, SHA3-512": (lambda: ec.generate_private_key(_P384()), Way("sha3_512", "sha3_512_ecdsa")),
    "plain ECDSA: ecPublicKey beside SHA-256": (
        lambda: ec.generate_private_key(_P256()),
        Way("sha256", "ecPublicKey"),
    ),
    "plain ECDSA: ecPublicKey beside SHA-384": (
        lambda: ec.generate_private_key(_P384()),
        Way("sha384", "ecPublicKey"),
    ),
    "brainpoolP256r1": (lambda: ec.generate_private_key(ec.BrainpoolP256R1()), Way("sha256", "sha256_ecdsa")),
    "brainpoolP384r1": (lambda: ec.generate_private_key(ec.BrainpoolP384R1()), Way("sha384", "sha384_ecdsa")),
    "brainpoolP512r1": (lambda: ec.generate_private_key(ec.BrainpoolP512R1()), Way("sha512", "sha512_ecdsa")),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, Way("sha512", "ed25519")),
    "Ed448": (ed448.Ed448PrivateKey.generate, Way("shake256", "ed448")),
}


@genuine("algorithms", tuple(_WAYS))
def of_every_algorithm(desk, variant):
    make, way = _WAYS[variant]
    return by(desk, _leaf(desk, make()), way)


_EC = Way("sha256", "sha256_ecdsa")
_PLAIN = Way("sha256", "sha256_ecdsa", referenced=False)


@genuine(
    "adbe.pkcs7.detached",
    {
        "without the signing-certificate attribute": ("verification.signing-certificate-unreferenced",),
        "without signed attributes": ("verification.signing-certificate-unreferenced",),
        "the signer is named by his key": ("verification.signing-certificate-unreferenced",),
        "with the attribute": (),
        "with a claimed time": ("verification.claimed-only",),
    },
)
def of_plain_programs(desk, variant):
    identifier = None
    key = ec.generate_private_key(_P256())
    if variant == "the signer is named by his key":
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    leaf = _leaf(desk, key, extensions=((identifier, False),) if identifier else ())
    way = {
        "without signed attributes": Way("sha256", "sha256_ecdsa", referenced=False, attributes=False),
        "the signer is named by his key": Way("sha256", "sha256_ecdsa", referenced=False, by_key=True),
        "with the attribute": _EC,
        "with a claimed time": Way(
            "sha256",
            "sha256_ecdsa",
            referenced=False,
            more=(("signing_time", asn1_cms.Time({"utc_time": NOW})),),
        ),
    }.get(variant, _PLAIN)
    return by(desk, leaf, way, subfilter="adbe.pkcs7.detached")


@genuine("leaf-only CMS", ("the intermediate is in our store", "the intermediate is in the file's DSS"))
def leaf_only(desk, variant):
    leaf, authority = _leaf(desk), _authority(desk)
    data = desk.sign(build.prepared(), cms=signed_data(leaf, _EC))
    if variant.endswith("our store"):
        return Made(data, trust=desk.trust(intermediates=(authority.der,)))
    store = {build.CATALOG: build.catalog(DSS=build.Ref(30)), 30: {"Certs": [build.Ref(31)]}}
    return build.append(data, {**store, 31: build.stream(authority.der)})


def _raw(oid: str, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(ObjectIdentifier(oid), value)


def _purposes(*oids: str | ObjectIdentifier) -> x509.ExtendedKeyUsage:
    known = [ObjectIdentifier(each) if isinstance(each, str) else each for each in oids]
    return x509.ExtendedKeyUsage(known)


_QUALIFIED = bytes.fromhex("300a3008060604008e460101")
_NOWHERE = x509.DistributionPoint(
    [x509.UniformResourceIdentifier("ldap://example.gov.vn/cn=x")], None, None, None
)
_POLICY = x509.PolicyInformation(
    ObjectIdentifier("1.3.6.1.4.1.99999.2"),
    ["https://example.gov.vn/cps", x509.UserNotice(None, "Chứng thư công vụ")],
)
_EXTENSIONS = {
    "an extension that nobody knows": ((_raw("1.3.6.1.4.1.99999.1", b"\x05\x00"), False),),
    "an empty extension": ((_raw("1.3.6.1.4.1.99999.1", b""), False),),
    "a policy with a notice": ((x509.CertificatePolicies([_POLICY]), False),),
    "a critical policy": ((x509.CertificatePolicies([_POLICY]), True),),
    "statements of a qualified certificate": ((_raw("1.3.6.1.5.5.7.1.3", _QUALIFIED), False),),
    "Microsoft's template": ((_raw("1.3.6.1.4.1.311.20.2", b"\x1e\x08\x00U\x00s\x00e\x00r"), False),),
    "Netscape's kind of certificate": ((_raw("2.16.840.1.113730.1.1", b"\x03\x02\x05\xa0"), False),),
    "a period of the private key": ((x509.PrivateKeyUsagePeriod(NOW - YEAR, NOW + YEAR), False),),
    "purpose: any": ((_purposes(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE), False),),
    "purpose: signing of documents": ((_purposes("1.3.6.1.5.5.7.3.36"), False),),
    "purpose: signing of documents, critical": ((_purposes("1.3.6.1.5.5.7.3.36"), True),),
    "purpose: Adobe's": ((_purposes("1.2.840.113583.1.1.5", ExtendedKeyUsageOID.CLIENT_AUTH), False),),
    "purpose: Microsoft's": ((_purposes("1.3.6.1.4.1.311.10.3.12"), False),),
    "purpose: e-mail": ((_purposes(ExtendedKeyUsageOID.EMAIL_PROTECTION), False),),
    "other names of the subject": (
        (
            x509.SubjectAlternativeName(
                [x509.RFC822Name("a@example.gov.vn"), x509.DirectoryName(demo("Khác"))]
            ),
            False,
        ),
    ),
    "places that lead nowhere": ((x509.CRLDistributionPoints([_NOWHERE]), False),),
}


@genuine("certificates with odd but legal extensions", tuple(_EXTENSIONS))
def with_extensions(desk, variant):
    return by(desk, _leaf(desk, extensions=_EXTENSIONS[variant]), _EC)


def _name(*rows: tuple[object, str], kind=None) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(oid, text, _type=kind) if kind else x509.NameAttribute(oid, text)
            for oid, text in rows
        ]
    )


_CERTIFICATES = {
    "for non-repudiation alone": {"usage": ("content_commitment",)},
    "for signing and encrypting": {"usage": ("digital_signature", "key_encipherment", "content_commitment")},
    "a serial number of 20 bytes": {"serial": (1 << 158) + 1},
    "a serial number of one": {"serial": 1},
    "until the year 9999": {"until": datetime(9999, 12, 31, 23, 59, 59)},  # noqa: DTZ001 (UTC, as X.509 has it)
    "e-mail and number in the name": {
        "subject": _name(
            (NameOID.COMMON_NAME, "DEMO Người ký"),
            (NameOID.EMAIL_ADDRESS, "a@example.gov.vn"),
            (NameOID.SERIAL_NUMBER, "CCCD:001"),
            (NameOID.USER_ID, "MST:0100"),
        )
    },
    "a name twice": {"subject": _name((NameOID.COMMON_NAME, "DEMO A"), (NameOID.COMMON_NAME, "DEMO B"))},
    "a name in 16 bits": {
        "subject": _name((NameOID.COMMON_NAME, "DEMO Nguyễn"), kind=x509.name._ASN1Type.BMPString)
    },
    "a name in Latin": {
        "subject": _name((NameOID.COMMON_NAME, "DEMO A"), kind=x509.name._ASN1Type.T61String)
    },
    "a kind of name that nobody knows": {
        "subject": _name((NameOID.COMMON_NAME, "DEMO A"), (ObjectIdentifier("1.3.6.1.4.1.99999.3"), "x"))
    },
}


@genuine("certificates with odd but legal contents", tuple(_CERTIFICATES))
def with_contents(desk, variant):
    return by(desk, _leaf(desk, **_CERTIFICATES[variant]), _EC)


@genuine(
    "paths",
    (
        "two CAs in a row",
        "a CA whose limit just suffices",
        "a CA within its names",
        "the root is in the signature too",
        "certificates in any order",
        "certificates that do not belong to it",
        "a CA renewed with the same key",
    ),
)
def along_paths(desk, variant):
    root = desk.identity("root")
    limits: dict[str, object] = {}
    if variant == "a CA whose limit just suffices":
        limits["path_length"] = 0
    if variant == "a CA within its names":
        subtree = x509.DirectoryName(_name((NameOID.ORGANIZATION_NAME, "DEMO Sở A")))
        limits["extensions"] = ((x509.NameConstraints([subtree], None), True),)
    first = desk.answers(issue("DEMO CA một", root, ca=True, **limits))
    subject = _name((NameOID.ORGANIZATION_NAME, "DEMO Sở A"), (NameOID.COMMON_NAME, "DEMO Người ký"))
    if variant == "two CAs in a row":
        second = desk.answers(issue("DEMO CA hai", first, ca=True))
        leaf, chain = issue("", second, subject=subject), (second.der, first.der)
    else:
        leaf, chain = issue("", first, subject=subject), (first.der,)
    if variant == "the root is in the signature too":
        chain = (*chain, root.der)
    if variant == "certificates in any order":
        chain = (root.der, *chain)
    if variant == "certificates that do not belong to it":
        chain = (desk.identity("other-root").der, desk.identity("seal").der, *chain)
    if variant == "a CA renewed with the same key":
        renewed = issue("DEMO CA một", root, ca=True, key=first.key, since=NOW - timedelta(days=1))
        desk.answers(renewed)
        chain = (renewed.der,)
    return by(desk, leaf, Way("sha256", "sha256_ecdsa", certificates=chain))


@genuine(
    "two generations of the government's CA",
    ("the first, signed with SHA-1", "the second", "both in one file"),
)
def two_generations(desk, variant):
    """The first root and its CA are signed with SHA-1, twelve years ago; both are in use."""
    root_1 = issue("DEMO Root G1", ca=True, since=NOW - 12 * YEAR, until=NOW + 8 * YEAR, key=rsa_key())
    root_1 = desk.answers(with_sha1(root_1, root_1))
    options = {"since": NOW - 11 * YEAR, "until": NOW + 8 * YEAR, "key": rsa_key()}
    ca_1 = desk.answers(with_sha1(issue("DEMO CA G1", root_1, ca=True, **options), root_1))
    root_2 = desk.authority("DEMO Root G2")
    ca_2 = desk.authority("DEMO CA G2", root_2)
    trust = desk.trust(root_1, root_2)
    first = issue("", ca_1, subject=demo("Lãnh đạo G1"), digest=hashes.SHA256())
    second = issue("", ca_2, subject=demo("Lãnh đạo G2"))
    by_first = signed_data(first, Way("sha256", "sha256_ecdsa", certificates=(ca_1.der,)))
    by_second = signed_data(second, Way("sha256", "sha256_ecdsa", certificates=(ca_2.der,)))
    if variant == "the second":
        return Made(desk.sign(build.prepared(), cms=by_second), trust=trust)
    data = desk.sign(build.prepared(), cms=by_first)
    if variant == "both in one file":
        data = desk.sign(data, build.SEAL, 23, cms=by_second)
    return Made(data, trust=trust)
