"""The JSON schema of `antin.verify/1`, as the contract has it; fields may be added."""

from __future__ import annotations

from policies.vocabulary import Changes, Coverage, Integrity, Level, SubIndication

FINDING = {
    "type": "object",
    "required": ["id", "severity", "text"],
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z]+\\.[a-z0-9-]+$"},
        "severity": {"enum": ["info", "warning", "error"]},
        "text": {"type": "string", "minLength": 3},
    },
}
INDICATION = {"enum": ["TOTAL-PASSED", "TOTAL-FAILED", "INDETERMINATE"]}
SUB = {"enum": [None, *(each.value for each in SubIndication)]}
SIGNATURE = {
    "type": "object",
    "required": [
        "field",
        "type",
        "indication",
        "sub_indication",
        "integrity",
        "coverage",
        "changes",
        "level",
        "signer",
        "signing_time",
        "findings",
    ],
    "properties": {
        "field": {"type": "string"},
        "type": {"enum": ["signature", "document-timestamp"]},
        "indication": INDICATION,
        "sub_indication": SUB,
        "integrity": {"enum": [each.value for each in Integrity]},
        "coverage": {"enum": [each.value for each in Coverage]},
        "changes": {"enum": [each.value for each in Changes]},
        "level": {"enum": [each.value for each in Level]},
        "signer": {"type": "string"},
        "signing_time": {"type": ["string", "null"]},
        "findings": {"type": "array", "items": FINDING},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["schema", "indication", "signatures", "findings"],
    "properties": {
        "schema": {"const": "antin.verify/1"},
        "indication": {"enum": [*INDICATION["enum"], "NO-SIGNATURE"]},
        "signatures": {"type": "array", "items": SIGNATURE},
        "findings": {"type": "array", "items": FINDING},
        "refusal": {
            "type": "object",
            "required": ["id", "basis", "text"],
            "properties": {key: {"type": "string", "minLength": 3} for key in ("id", "basis", "text")},
        },
    },
}
