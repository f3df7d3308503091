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


POSTGRESQL = "postgresql://x/y"


@pytest.fixture
def s3(tmp_path):
    for name in ("access", "secret"):
        (tmp_path / name).write_text(f"the {name} key\n")
    return {
        "endpoint": "https://s3.example:8333",
        "bucket": "antin",
        "work_bucket": "antin-work",
        "access_key_file": str(tmp_path / "access"),
        "secret_key_file": str(tmp_path / "secret"),
    }


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"demo_pki": True}, "demo"),
        ({}, "PostgreSQL"),
        ({"database_url": "sqlite:///x"}, "PostgreSQL"),
        ({"database_url": POSTGRESQL}, "Object Lock"),
    ],
)
def test_production_refuses_what_is_only_for_the_demo(values, word):
    with pytest.raises(SettingsError, match=word):
        load(None, {}, mode="production", **values)


def test_production_with_a_database_and_a_store(s3):
    given = load(None, {}, mode="production", database_url=POSTGRESQL, object_store=s3)
    assert given.production and given.object_store.credentials == ("the access key", "the secret key")


@pytest.mark.parametrize("work", ["neither", "both"])
def test_production_needs_one_work_area(s3, work):
    given = {**s3, "work_bucket": ""} if work == "neither" else s3
    with pytest.raises(SettingsError, match="work_dir"):
        load(
            None,
            {},
            mode="production",
            database_url=POSTGRESQL,
            object_store=given,
            work_dir=None if work == "neither" else "/mnt/work",
        )


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"endpoint": "http://s3.example:8333"}, "https"),
        ({"endpoint": "s3.example"}, "address"),
        ({"endpoint": "https://s3.example/bucket"}, "address"),
        ({"secret_key_file": None}, "secret_key_file"),
        ({"access_key": "both"}, "access_key_file"),
        ({"work_bucket": "antin"}, "locks"),
        ({"buckets": "x"}, "buckets"),
        ({"ca_file": 3}, "ca_file"),
    ],
)
def test_a_store_that_cannot_be_meant(s3, change, word):
    with pytest.raises(SettingsError, match=word):
        load(None, {}, object_store={**s3, **change})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_on_this_machine_a_store_may_speak_plainly(s3, host):
    given = load(None, {}, object_store={**s3, "endpoint": f"http://{host}:8333"})
    assert given.object_store.endpoint == f"http://{host}:8333"


def test_credentials_from_the_environment_are_never_shown(s3, tmp_path):
    path = tmp_path / "antin.toml"
    rows = "".join(f'{key} = "{value}"\n' for key, value in s3.items() if not key.endswith("_file"))
    path.write_text(f"[object_store]\n{rows}")
    env = {"ANTIN_OBJECT_STORE__ACCESS_KEY": "us3r", "ANTIN_OBJECT_STORE__SECRET_KEY": "s3cret"}
    given = load(path, env).object_store
    assert given.credentials == ("us3r", "s3cret")
    assert "s3cret" not in repr(given) + str(given)


def test_credentials_do_not_lie_in_the_settings_file(tmp_path):
    path = tmp_path / "antin.toml"
    path.write_text('[object_store]\nsecret_key = "s3cret"\n')
    with pytest.raises(SettingsError, match="secret_key_file") as caught:
        load(path, {})
    assert "s3cret" not in str(caught.value)


def test_the_environment_adds_to_a_group_of_the_file(tmp_path, s3):
    path = tmp_path / "antin.toml"
    rows = "".join(f'{key} = "{value}"\n' for key, value in s3.items())
    path.write_text(f"[object_store]\n{rows}")
    assert load(path, {"ANTIN_OBJECT_STORE__BUCKET": "other"}).object_store.bucket == "other"
    with pytest.raises(SettingsError, match="ANTIN_PORT__X"):
        load(path, {"ANTIN_PORT": "3", "ANTIN_PORT__X": "3"})


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_credential_that_cannot_be_read_is_named(s3, tmp_path, content):
    path = tmp_path / "secret"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(SettingsError, match=f"secret_key_file {path}"):
        _ = load(None, {}, object_store=s3).object_store.credentials


def test_a_second_store_is_another_one(s3):
    second = {**s3, "work_bucket": "", "endpoint": "https://far.example"}
    assert load(None, {}, object_store=s3, second_store=second).second_store.bucket == "antin"
    for wrong, word in (
        ({"object_store": s3, "second_store": {**s3, "work_bucket": ""}}, "same bucket"),
        ({"object_store": s3, "second_store": {**second, "work_bucket": "w"}}, "work_bucket"),
        ({"second_store": second}, "object_store"),
    ):
        with pytest.raises(SettingsError, match=word):
            load(None, {}, **wrong)


def test_without_trust_keys_or_tsa_the_service_does_not_start(tmp_path):
    with pytest.raises(SettingsError, match="trust"):
        service.build(load(None, {}, data_dir=tmp_path / "a"))
    pki = make_demo_pki(tmp_path / "pki", clock())
    trust = tmp_path / "trust.pem"
    trust.write_bytes(pki.trust_pem)
    with pytest.raises(SettingsError, match=r"tsa_url|seal_key"):
        service.build(load(None, {}, data_dir=tmp_path / "b", trust=trust))


def test_production_wants_a_pinned_trust_store(s3):
    given = {
        "mode": "production",
        "database_url": POSTGRESQL,
        "object_store": s3,
        "trust": "/etc/antin/trust.json",
    }
    with pytest.raises(SettingsError, match="trust_key"):
        load(None, {}, **given)
    assert load(None, {}, trust_key="name+id+key", **given).trust_key


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
