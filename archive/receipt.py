"""The receipt `antin.receipt/1`: what was archived, proved without a database. JSON, at most 1 MiB.

    schema         "antin.receipt/1"
    pdf            {sha256, salt}       opens the leaf's first commitment; a public receipt opens no other
    record         {sha256, salt}       optional, for the agency itself: opens the second
    entry          base64               the leaf's bytes
    proof          text                 C2SP tlog-proof: index, inclusion path, signed checkpoint
    informational  {...}                number, code, times: shown, never proved

Everything outside `informational` is proved against the log's key, or the receipt is refused.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from archive.errors import ProofRefused
from archive.log import leaf as leaves
from archive.log.checkpoint import Checkpoint, SignedCheckpoint
from archive.log.cosignature import Cosigned, WitnessKey, cosigned_by
from archive.log.leaf import Leaf, LeafKind, Opening, Role
from archive.log.note import VerifierKey, parse_note, strict_base64
from archive.log.proofs import LogProof, parse_proof, verify_proof
from archive.storage.blocks import hash_blocks
from policies.reasons import archiving as reasons

SCHEMA = "antin.receipt/1"
MAX_RECEIPT = 1 << 20  # bytes
_REQUIRED = {"schema", "pdf", "entry", "proof", "informational"}
_OPTIONAL = {"record"}

Informational = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt before or after its JSON. `informational` is bound by nothing."""

    pdf: Opening
    entry: bytes
    proof: LogProof
    record: Opening | None = None
    informational: Informational = field(default_factory=dict)

    def serialize(self) -> bytes:
        fields: dict[str, object] = {
            "schema": SCHEMA,
            "pdf": _opening_to_json(self.pdf),
            "entry": base64.b64encode(self.entry).decode("ascii"),
            "proof": self.proof.serialize().decode("utf-8"),
            "informational": dict(self.informational),
        }
        if self.record is not None:
            fields["record"] = _opening_to_json(self.record)
        return (json.dumps(fields, ensure_ascii=False, indent=2) + "\n").encode("utf-8")

    def public(self) -> Receipt:
        """The same receipt without what opens the record."""
        return Receipt(self.pdf, self.entry, self.proof, None, self.informational)


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """What a receipt that held proves. `informational` and `other_signers` are shown, not proved.

    `witnesses`: those of the keys that were asked for which cosigned the checkpoint; their lines were verified.
    """

    pdf_sha256: str
    record_sha256: str | None
    leaf: Leaf
    index: int
    checkpoint: Checkpoint
    other_signers: tuple[str, ...]
    informational: Informational
    witnesses: tuple[Cosigned, ...] = ()


def verify(
    pdf: Path | str, receipt: bytes, vkey: str, witnesses: Sequence[str] = (), need: int | None = None
) -> ReceiptFacts:
    """Checks a receipt offline, with nothing but the PDF (or its SHA-256 in hex), the receipt and the key.

    1. The receipt is well formed. 2. Its digest is the file's. 3. Digest and salt open the leaf's commitment.
    4. The log signed the checkpoint. 5. The leaf lies in the checkpoint's tree. 6. At least `need` of the witnesses
    (verifier keys; all of them unless said) cosigned the checkpoint, and none of their lines is false (C2SP
    tlog-cosignature). Any failure: `ProofRefused`.
    The caller must obtain the keys from the agency and from the witnesses, not from beside the receipt.
    """
    watching = [WitnessKey.parse(one) for one in dict.fromkeys(witnesses)]
    key = VerifierKey.parse(vkey)
    given = parse(receipt)
    _check_digest(pdf, given.pdf.sha256)
    leaf = _open_leaf(given)
    head = verify_proof(given.proof, given.entry, key)
    cosigned = _witnessed(head, watching, len(watching) if need is None else need)
    return ReceiptFacts(
        pdf_sha256=given.pdf.sha256,
        record_sha256=given.record.sha256 if given.record else None,
        leaf=leaf,
        index=given.proof.index,
        checkpoint=head.checkpoint,
        other_signers=head.others,
        informational=given.informational,
        witnesses=cosigned,
    )


def _witnessed(head: SignedCheckpoint, watching: list[WitnessKey], need: int) -> tuple[Cosigned, ...]:
    found = cosigned_by(parse_note(head.note), watching)
    if len(found) < need:
        raise ProofRefused(reasons.TOO_FEW_WITNESSES, found=len(found), needed=need)
    return found


def _check_digest(pdf: Path | str, expected: str) -> None:
    found = hash_blocks(pdf)[0] if isinstance(pdf, Path) else pdf.lower()
    if found != expected:
        raise ProofRefused(reasons.OTHER_DOCUMENT, found=found, expected=expected)


def _open_leaf(receipt: Receipt) -> Leaf:
    leaf = leaves.decode(receipt.entry)
    if leaf.kind is not LeafKind.DOCUMENT:
        raise ProofRefused(reasons.WRONG_LEAF_KIND, kind=leaf.kind.name.lower())
    leaves.check_opening(leaf.pdf, Role.PDF, receipt.pdf)
    if receipt.record is not None:
        leaves.check_opening(leaf.record, Role.RECORD, receipt.record)
    return leaf


def parse(data: bytes) -> Receipt:
    """The receipt in JSON, every field of its type and none besides. Raises `ProofRefused`."""
    if len(data) > MAX_RECEIPT:
        raise ProofRefused(reasons.RECEIPT_TOO_LARGE, limit=MAX_RECEIPT)
    try:
        fields = json.loads(
            data.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constant
        )
        json.dumps(fields, ensure_ascii=False).encode("utf-8")  # no lone surrogates
    except (ValueError, RecursionError) as exc:
        raise _malformed("JSON") from exc
    if not isinstance(fields, dict) or not _REQUIRED <= fields.keys() <= _REQUIRED | _OPTIONAL:
        raise _malformed("fields")
    if fields["schema"] != SCHEMA:
        raise _malformed("schema")
    entry, proof = _bytes(fields["entry"], "entry"), _text(fields["proof"], "proof")
    return Receipt(
        pdf=_opening(fields["pdf"], "pdf"),
        entry=entry,
        proof=parse_proof(proof.encode("utf-8")),
        record=_opening(fields["record"], "record") if "record" in fields else None,
        informational=_informational(fields["informational"]),
    )


def _opening_to_json(opening: Opening) -> dict[str, str]:
    return {"sha256": opening.sha256, "salt": base64.b64encode(opening.salt).decode("ascii")}


def _opening(value: object, name: str) -> Opening:
    if not isinstance(value, dict) or value.keys() != {"sha256", "salt"}:
        raise _malformed(name)
    try:
        return Opening(_text(value["sha256"], name), _bytes(value["salt"], name))
    except ValueError as exc:
        raise _malformed(name) from exc


def _informational(value: object) -> Informational:
    if not isinstance(value, dict):
        raise _malformed("informational")
    if any(item is not None and not isinstance(item, str | int | bool) for item in value.values()):
        raise _malformed("informational")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise _malformed(name)
    return value


def _bytes(value: object, name: str) -> bytes:
    data = strict_base64(_text(value, name))
    if data is None:
        raise _malformed(name)
    return data


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field is given twice")
    return fields


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _malformed(detail: str) -> ProofRefused:
    return ProofRefused(reasons.RECEIPT_MALFORMED, detail=detail)
