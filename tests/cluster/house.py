"""A cluster on this machine: prepared, started, filled with accounts, ended."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from api.deploy import layout as places
from api.deploy.layout import Layout
from api.deploy.prepare import prepare
from api.wiring.clock import clock
from tests.cluster import authorities
from tests.cluster.clients import Client
from tests.cluster.processes import ROOT, Processes, antin, first_of_free_ports, make_database, make_roles

ACCOUNTS = (
    ("van-thu", "Phạm Thị Dung", "", "clerk"),
    ("nguyen-van-an", "Nguyễn Văn An", "Phó Chủ tịch", "leader"),
    ("kiem-tra", "Trần Văn Kiểm", "", "auditor"),
)
SETTINGS = """
[[leader_keys]]
account = "nguyen-van-an"
pkcs12 = "{config}/nguyen-van-an.p12"
password_file = "{config}/nguyen-van-an.password"
"""


@dataclass
class House:
    """The running cluster."""

    layout: Layout
    processes: Processes
    password: str

    @property
    def url(self) -> str:
        return f"https://{self.layout.at(places.PROXY)}"

    @property
    def ca(self) -> Path:
        return self.layout.config / "ca.pem"

    def sign_in(self, name: str) -> Client:
        return Client(self.url, self.ca, name, self.password)

    def antin(self, *arguments: str) -> str:
        """The command line, with the deployment's settings; what it printed. Raises RuntimeError."""
        return antin(self.layout, *arguments)


@contextlib.contextmanager
def started(directory: Path) -> Iterator[House]:
    """Everything runs, and its people have accounts."""
    layout = places.on_one_machine(directory, first_of_free_ports(len(places.ALL) + 2))
    authority_port = max(at.port for at in layout.addresses.values()) + 1
    password = secrets.token_urlsafe(12)
    prepare(layout, layout.config, f"https://{layout.at(places.PROXY)}", clock())
    _fill_in(layout, authority_port, password)
    make_database(layout)
    processes = Processes(layout)
    command = [sys.executable, "-m", "tests.cluster.authorities", str(directory / "pki"), str(authority_port)]
    authority = subprocess.Popen(command, cwd=ROOT)
    house = House(layout, processes, password)
    try:
        _start(house)
        yield house
    finally:
        processes.stop()
        authority.terminate()
        authority.wait()


def _fill_in(layout: Layout, authority_port: int, password: str) -> None:
    """What an operator does by hand: keys, trust, the agency and the authority's address."""
    url = f"http://127.0.0.1:{authority_port}"
    authorities.hand_out(authorities.pki_in(layout.config.parent / "pki", url), layout.config, password)
    path = layout.config / "antin.toml"
    filled = {
        'tsa_url = ""': f'tsa_url = "{url}/demo/tsa"',
        'agency_code = ""': 'agency_code = "H99.01"',
        'agency_name = ""': 'agency_name = "Ủy ban nhân dân tỉnh Sông Hồng"',
        'agency_symbol = ""': 'agency_symbol = "UBND"',
    }
    text = path.read_text("utf-8")
    for empty, value in filled.items():
        assert empty in text, empty
        text = text.replace(empty, value)
    path.write_text(text + SETTINGS.format(config=layout.config), "utf-8")


def _start(house: House) -> None:
    processes = house.processes
    processes.start([places.POSTGRES])
    make_roles(house.layout)
    processes.start((*places.SEAWEEDFS, places.PROXY))
    secrets = house.layout.config / "secrets"
    house.antin(
        *("storage", "prepare", "--admin-access-key-file", str(secrets / "s3-admin-access")),
        *("--admin-secret-key-file", str(secrets / "s3-admin-key")),
    )
    (house.layout.data / "password").write_text(house.password)
    for name, display, title, role in ACCOUNTS:
        house.antin(
            *("account", "add", name, "--display", display, "--title", title, "--role", role),
            *("--password-file", str(house.layout.data / "password")),
        )
    processes.start((*places.APIS, *places.WORKERS))
