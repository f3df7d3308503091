"""6.4.3: each signature covers its file up to its own end, has one signer, and carries its certificate."""

from __future__ import annotations

from typing import Any

from asn1crypto import cms

from signer.document.fields import form_fields
from signer.document.objects import HexString, Ref
from signer.document.pdfa.context import Context

_ENDS = (b"%%EOF", b"%%EOF\n", b"%%EOF\r", b"%%EOF\r\n")


def check_signatures(context: Context) -> None:
    """Rules on every signed signature field."""
    with context.reading():
        for form_field in form_fields(context.pdf, pages=False):
            signature = form_field.value
            if form_field.type == "Sig" and isinstance(signature, dict) and "Contents" in signature:
                ref = form_field.value_ref
                _signature(context, signature, ref.num if isinstance(ref, Ref) else form_field.ref.num)


def _signature(context: Context, signature: dict[str, Any], number: int) -> None:
    contents = context.get(signature["Contents"])
    numbers = [context.integer(item) for item in context.array(signature.get("ByteRange"))]
    ranges = [item for item in numbers if item is not None]
    covers = len(ranges) == len(numbers) == 4 and _covers(context, ranges, contents)
    context.require(covers, "6.4.3-1", "the byte range is not the whole file around /Contents", number)
    if isinstance(contents, bytes) and contents.strip(b"\0"):
        _container(context, contents, number)


def _covers(context: Context, ranges: list[int], contents: Any) -> bool:
    start, length, after, rest = ranges
    if not isinstance(contents, HexString) or (start, length) != (0, contents.start) or after != contents.end:
        return False
    end = after + rest
    return rest >= 0 and end <= context.pdf.size and context.pdf.read(end - 7, 7).endswith(_ENDS)


def _container(context: Context, contents: bytes, number: int) -> None:
    """The CMS (RFC 5652): one SignerInfo, and the certificate that it names."""
    try:
        signed = cms.ContentInfo.load(contents)["content"]
        signers = list(signed["signer_infos"])
        embedded = [choice.chosen for choice in signed["certificates"]]
        found = bool(signers) and any(_is_of(item, signers[0]["sid"]) for item in embedded)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        context.fail("6.4.3-2", "the signature is not a readable CMS", number)
        return
    context.require(found, "6.4.3-2", "the signer's certificate is not in the signature", number)
    context.require(len(signers) == 1, "6.4.3-3", f"{len(signers)} signers in one signature", number)


def _is_of(certificate: Any, identifier: Any) -> bool:
    """Whether a certificate is the one that a SignerIdentifier names."""
    if identifier.name == "subject_key_identifier":
        return bool(certificate.key_identifier == identifier.chosen.native)
    named = identifier.chosen
    same = certificate.serial_number == named["serial_number"].native
    if same and certificate.issuer.dump() == named["issuer"].dump():  # as it nearly always is
        return True
    return bool(same and certificate.issuer == named["issuer"])
