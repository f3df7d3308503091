"""The words that all rooms share: roles, states, acts, verdicts. Values only."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    LEADER = "leader"
    CLERK = "clerk"
    AUDITOR = "auditor"
    PUBLIC = "public"


class State(StrEnum):
    """States of an issued document, in their legal order (NĐ 30/2020/NĐ-CP, Điều 14)."""

    DRAFT = "draft"
    PREPARED = "prepared"
    SIGNED = "signed"
    LEADER_TIMESTAMPED = "leader-timestamped"
    SEALED = "sealed"  # numbered and sealed, one revision
    SEAL_TIMESTAMPED = "seal-timestamped"
    VALIDATED = "validated"
    ARCHIVED = "archived"
    ISSUED = "issued"
    FILED = "filed"
    RETURNED = "returned"
    VOIDED = "voided"
    STOPPED = "stopped"  # our validators disagree: an operator must look


class Indication(StrEnum):
    """EN 319 102-1, 5.1.3. NO_SIGNATURE is ours, for a file that has none."""

    TOTAL_PASSED = "TOTAL-PASSED"
    TOTAL_FAILED = "TOTAL-FAILED"
    INDETERMINATE = "INDETERMINATE"
    NO_SIGNATURE = "NO-SIGNATURE"


class SubIndication(StrEnum):
    """EN 319 102-1, table 5 and 6: those that this service can reach."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    POLICY_PROCESSING_ERROR = "POLICY_PROCESSING_ERROR"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"


class Integrity(StrEnum):
    INTACT = "intact"
    BROKEN = "broken"
    UNKNOWN = "unknown"


class Coverage(StrEnum):
    WHOLE = "whole"
    REVISION = "revision"
    PARTIAL = "partial"


class Changes(StrEnum):
    """What was changed after a signature, from harmless to forbidden (order = weight)."""

    NONE = "none"
    LONG_TERM_DATA = "long-term-data"
    FORM_FILL = "form-fill"
    ANNOTATIONS = "annotations"
    SUSPICIOUS = "suspicious"
    FORBIDDEN = "forbidden"


class Level(StrEnum):
    """PAdES level found in the file (EN 319 142-1); CMS: a plain PDF signature; DTS: document time-stamp."""

    CMS = "CMS"
    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"
    DTS = "DTS"


class FieldRole(StrEnum):
    """Who a prepared field waits for."""

    LEADER = "leader"
    INITIAL = "initial"  # ký nháy
    NUMBER = "number"
    DATE = "date"
    SEAL = "seal"


class LockMode(StrEnum):
    """How a lock of the store may be taken away: GOVERNANCE by a credential with a special right, COMPLIANCE by
    nobody before its end (S3 Object Lock)."""

    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class TrustDomain(StrEnum):
    """Whom a trust anchor stands for (NĐ 68/2024/NĐ-CP; NĐ 23/2025/NĐ-CP)."""

    OFFICIAL_DUTY = "official-duty"  # chuyên dùng công vụ
    PUBLIC = "public"  # công cộng
    FOREIGN = "foreign"
    DEMO = "demo"
