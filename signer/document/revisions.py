"""What was appended to a file when, and which signatures it has."""

from __future__ import annotations

from signer.document.history import History, Revision, StructuralFinding, revisions
from signer.document.signature_fields import SignatureField, signatures

__all__ = ["History", "Revision", "SignatureField", "StructuralFinding", "revisions", "signatures"]
