"""Reasons to refuse or stop a signature, a seal or a time-stamp."""

from policies.refusals import Reason

KEY_MISMATCH = Reason(
    "signing.key-mismatch",
    "TT 15/2025/TT-BKHCN, PL II, 2.2",
    "Khóa bí mật không khớp với chứng thư số. Hãy nạp đúng cặp khóa và chứng thư.",
    "The private key does not match the certificate. Load the matching pair.",
)
