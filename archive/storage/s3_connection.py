"""What it takes to reach a bucket, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class S3Connection:
    """Address, credentials and patience of one bucket. Times are in seconds.

    `endpoint` is host or host:port, without a scheme; `tls` chooses https. `ca`: a PEM file with the authorities to
    trust instead of the system's. `connections` is how many are open at once; who finds none waits for at most
    `read_seconds`. `act_seconds` bounds one act with all its attempts, and grows with the bytes it moves.
    Objects of up to `part_bytes` are one PUT, larger ones are sent in parts of this size (S3: at least 5 MiB, at
    most 10,000 parts).
    """

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    region: str = "us-east-1"
    tls: bool = True
    ca: Path | None = None
    connections: int = 16
    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    act_seconds: float = 60.0
    attempts: int = 5
    part_bytes: int = 64 * MIB

    @property
    def place(self) -> str:
        """For messages: where this is, without credentials."""
        return f"{'https' if self.tls else 'http'}://{self.endpoint}/{self.bucket}"
