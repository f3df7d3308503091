"""Encrypted files, made by qpdf (through pikepdf) and signed by pyHanko in an update that is encrypted too."""

from __future__ import annotations

import io

import pikepdf
from asn1crypto import keys, x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

USER, OWNER = "khóa dùng", "chìa khóa"  # PDFDocEncoding has all of these letters

# name -> what pikepdf is asked for; object streams where the version has them
WAYS = {
    "rc4-40": {"R": 2, "aes": False, "metadata": False},
    "rc4-128": {"R": 3, "aes": False, "metadata": False},
    "rc4-128-filters": {"R": 4, "aes": False, "metadata": False},
    "aes-128": {"R": 4, "aes": True, "metadata": True},
    "aes-128-plain-metadata": {"R": 4, "aes": True, "metadata": False},
    "aes-256-r5": {"R": 5, "aes": True, "metadata": True},
    "aes-256": {"R": 6, "aes": True, "metadata": True},
    "aes-256-plain-metadata": {"R": 6, "aes": True, "metadata": False},
}


def encrypted(
    data: bytes, way: str, user: str = USER, owner: str = OWNER, *, packed: bool = False, bare: bool = False
) -> bytes:
    """The file encrypted; `packed` puts its objects into object streams, `bare` leaves its metadata out."""
    out = io.BytesIO()
    mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
    with pikepdf.open(io.BytesIO(data)) as pdf:
        if bare:
            del pdf.Root.Metadata
        encryption = pikepdf.Encryption(user=user, owner=owner, **WAYS[way])
        pdf.save(out, encryption=encryption, object_stream_mode=mode)
    return out.getvalue()


def leaves_metadata(way: str) -> bool:
    """Whether the metadata stay plain; pyHanko cannot write such files."""
    return WAYS[way]["R"] >= 4 and not WAYS[way]["metadata"]


def signer_of(identity, issuer) -> signers.SimpleSigner:
    """pyHanko's signer with this key and the certificate above it."""
    key = identity.private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    store = SimpleCertificateStore()
    store.register(x509.Certificate.load(issuer.der))
    return signers.SimpleSigner(
        signing_cert=x509.Certificate.load(identity.der),
        signing_key=keys.PrivateKeyInfo.load(key),
        cert_registry=store,
    )


def signed(
    data: bytes,
    password: str | bytes | None,
    signer,
    field: str = "Chữ ký 1",
    name: str = "Nguyễn Văn An",
) -> bytes:
    """One more revision with a visible signature, by pyHanko."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    if password is not None:
        writer.encrypt(password)
    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        name=name,
        reason="Phê duyệt",
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
    )
    spec = SigFieldSpec(field, box=(50, 50, 200, 100))
    out = io.BytesIO()
    signers.PdfSigner(metadata, signer, new_field_spec=spec).sign_pdf(writer, output=out)
    return out.getvalue()
