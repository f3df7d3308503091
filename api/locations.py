"""Where the resources of the REST API lie."""

from __future__ import annotations

API_PREFIX = "/api/v1"
DOCUMENTS, DOSSIERS, HOLDS, OPERATIONS = "documents", "dossiers", "holds", "operations"


def location(kind: str, resource_id: str) -> str:
    """The address of one resource, as the header `Location` gives it."""
    return f"{API_PREFIX}/{kind}/{resource_id}"
