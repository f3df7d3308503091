"""`docker-compose.yml` without a container engine: it starts what `api.deploy` says, and opens nothing else.

`make cluster` starts the same commands with the same files; that they run together is seen there.
"""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from api.deploy import layout as places
from api.deploy.commands import command
from api.deploy.prepare import prepare
from api.settings import SettingsError
from api.wiring.clock import clock

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
BY_HAND = {"prepare", "antin"}
LAYOUT = places.in_containers()
KNOWN = {"image", "build", "entrypoint", "command", "environment", "volumes", "working_dir", "ports", "user"}
KNOWN |= {"restart", "init", "security_opt", "logging", "read_only", "cap_drop", "stop_grace_period"}
KNOWN |= {"depends_on", "healthcheck", "profiles"}


def test_it_has_the_deployments_processes_and_two_to_call_by_hand():
    assert set(SERVICES) == set(places.ALL) | BY_HAND
    assert {name for name, service in SERVICES.items() if "profiles" in service} == BY_HAND
    assert all(set(service) <= KNOWN for service in SERVICES.values())


@pytest.mark.parametrize("name", places.ALL)
def test_each_is_started_with_the_deployments_command(name):
    meant = command(name, LAYOUT)
    assert SERVICES[name]["command"] == list(meant.arguments)
    given = SERVICES[name].get("environment", {})
    assert meant.environment == {key: given[key] for key in meant.environment}
    if name in places.SEAWEEDFS:
        assert SERVICES[name]["working_dir"] == str(meant.directory)


def test_only_the_proxy_is_reached_from_outside_and_only_for_the_site():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {places.PROXY: ["8443:8443"]}


def test_no_secret_stands_in_it():
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            assert key.startswith("ANTIN_") or key in ("POSTGRES_PASSWORD_FILE", "PGDATA"), (name, key)
            assert str(value).startswith("/") or key in ("ANTIN_HOST", "ANTIN_PORT"), (name, key)


def test_configuration_is_read_only_and_every_volume_is_declared():
    for name in places.ALL:
        assert "./config:/etc/antin:ro" in SERVICES[name]["volumes"]
    named = {entry.split(":")[0] for s in SERVICES.values() for entry in s.get("volumes", ())}
    assert {name for name in named if not name.startswith(".")} == set(COMPOSE["volumes"])


def test_the_services_own_processes_have_no_rights():
    for name in (*places.APIS, *places.WORKERS, "antin"):
        service = SERVICES[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    layout = places.on_one_machine(tmp_path_factory.mktemp("deployment"), 11_000)
    prepare(layout, layout.config, "https://vanban.example.gov.vn", clock())
    return layout


def test_secrets_are_for_their_owner_alone(prepared):
    for path in prepared.config.rglob("*"):
        if path.is_file() and (path.suffix == ".key" or "secrets" in path.parts):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for name in ("security.toml", "filer.toml", "s3.json"):
        assert stat.S_IMODE((prepared.config / "seaweedfs" / name).stat().st_mode) == 0o600


def test_each_certificate_comes_from_the_deployments_authority(prepared):
    authority = x509.load_pem_x509_certificate((prepared.config / "ca.pem").read_bytes())
    for path in prepared.config.rglob("*.pem"):
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        certificate.verify_directly_issued_by(authority)
        if path.name != "ca.pem":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(path, path.with_suffix(".key"))


def test_two_deployments_share_no_secret(prepared, tmp_path):
    other = places.on_one_machine(tmp_path, 11_000)
    prepare(other, other.config, "https://vanban.example.gov.vn", clock())
    for path in prepared.config.rglob("*"):
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) == 0o600:
            twin = other.config / path.relative_to(prepared.config)
            assert twin.read_bytes() != path.read_bytes(), path


def test_nothing_is_written_over(prepared):
    before = (prepared.config / "secrets/s3-key").read_bytes()
    (prepared.config / "haproxy.cfg").unlink()
    with pytest.raises(SettingsError, match=r"ca\.pem"):
        prepare(prepared, prepared.config, "https://vanban.example.gov.vn", clock())
    assert (prepared.config / "secrets/s3-key").read_bytes() == before
    assert not (prepared.config / "haproxy.cfg").exists()
