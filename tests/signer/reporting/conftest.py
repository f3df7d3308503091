"""The agency of the validation tests, and the published schemas."""

from __future__ import annotations

from tests.signer.validation.conftest import office, pki, shelf

__all__ = ["office", "pki", "shelf"]
