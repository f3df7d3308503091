"""The agency of the validation tests: its finished files are what the attacks start from."""

from tests.signer.validation.conftest import office, pki, shelf

__all__ = ["office", "pki", "shelf"]
