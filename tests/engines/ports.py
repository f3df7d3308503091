"""Ports that stay free while a server is down."""

from __future__ import annotations

import os
import random
import socket


def free_port() -> int:
    """A port that stays free until the service listens, also when it is started again: below those from which
    the system takes one for each outgoing connection, and another one for each test process."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = range(10_000 + worker % 16, 32_000, 16)
    for port in random.SystemRandom().sample(ports, len(ports)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
