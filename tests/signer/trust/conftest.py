"""The agency of the validation tests."""

from tests.signer.validation.conftest import office, pki, shelf

__all__ = ["office", "pki", "shelf"]
