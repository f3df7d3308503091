"""Settings: unknown keys refuse the start, production is strict, secrets are never repeated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from api.demo.pki import make_demo_pki
from api.settings import SettingsError, load
from api.wiring import service
from api.wiring.clock import clock


def test_an_unknown_key_refuses_the_start(tmp_path):
    path = tmp_path / "antin.toml"
    path.write_text("uplod_limit = 3\n")
    with pytest.raises(SettingsError, match="uplod_limit"):
        load(path, {})
    with pytest.raises(SettingsError, match="uplod"):
        load(None, {"ANTIN_UPLOD": "3"})


def test_the_environment_outweighs_the_file_and_an_option_both(tmp_path):
    path = tmp_path / "antin.toml"
    path.write_text("port = 1000\n")
    assert load(path, {}).port == 1000
    assert load(path, {"ANTIN_PORT": "1001"}).port == 1001
    assert load(path, {"ANTIN_PORT": "1001"}, port=1002).port == 1002


def test_a_wrong_value_is_named_but_not_repeated(tmp_path):
    with pytest.raises(SettingsError) as caught:
        load(None, {"ANTIN_PORT": "s3cret-value"})
    assert "port" in str(caught.value)
    assert "s3cret-value" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"demo_pki": True}, "demo"),
        ({}, "PostgreSQL"),
        ({"database_url": "sqlite:///x"}, "PostgreSQL"),
        ({"database_url": "postgresql://x/y"}, "Object Lock"),
    ],
)
def test_production_refuses_what_is_only_for_the_demo(values, word):
    with pytest.raises(SettingsError, match=word):
        load(None, {}, mode="production", **values)


def test_without_trust_keys_or_tsa_the_service_does_not_start(tmp_path):
    with pytest.raises(SettingsError, match="trust"):
        service.build(load(None, {}, data_dir=tmp_path / "a"))
    pki = make_demo_pki(tmp_path / "pki", clock())
    trust = tmp_path / "trust.pem"
    trust.write_bytes(pki.trust_pem)
    with pytest.raises(SettingsError, match=r"tsa_url|seal_key"):
        service.build(load(None, {}, data_dir=tmp_path / "b", trust=trust))


def test_accounts_and_tokens_by_the_command_line(tmp_path):
    antin = str(Path(sys.executable).with_name("antin"))
    password = tmp_path / "password"
    password.write_text("mot mat khau dai\n")
    given = ["--data-dir", str(tmp_path / "data")]
    add = [
        antin,
        "account",
        "add",
        "clerk",
        "--display",
        "Văn thư",
        "--role",
        "clerk",
        "--password-file",
        password,
    ]
    made = subprocess.run([*add, *given], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert "mot mat khau" not in made.stdout + made.stderr
    again = subprocess.run([*add, *given], capture_output=True, text=True)
    assert again.returncode == 64
    token = [antin, "account", "token", "clerk", "--label", "test"]
    told = subprocess.run([*token, *given], capture_output=True, text=True)
    assert told.stdout.startswith("antin_")
