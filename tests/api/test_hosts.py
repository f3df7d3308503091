"""Names of hosts that an operator gives: names alone."""

from __future__ import annotations

import pytest

from api.hosts import host_names
from api.settings import SettingsError, load


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ([], ()),
        (["ca.gov.vn"], ("ca.gov.vn",)),
        (["CA.Gov.VN", "ca.gov.vn", " rootca.gov.vn "], ("ca.gov.vn", "rootca.gov.vn")),
        (["localhost", "xn--c-nga.vn", "a-b.c1"], ("localhost", "xn--c-nga.vn", "a-b.c1")),
        ([".".join(["a" * 63] * 3 + ["b" * 61])], (".".join(["a" * 63] * 3 + ["b" * 61]),)),
    ],
)
def test_names(given, names):
    assert host_names(given) == names
    assert load(None, {}, issuer_hosts=given).issuer_hosts == names


NO_NAMES = [
    "",
    " ",
    "http://ca.gov.vn",
    "ca.gov.vn/",
    "ca.gov.vn:80",
    "ca.gov.vn.",
    ".ca.gov.vn",
    "ca..gov.vn",
    "*.gov.vn",
    "*",
    "-ca.gov.vn",
    "ca-.gov.vn",
    "ca_1.gov.vn",
    "ca gov.vn",
    "user@ca.gov.vn",
    "càgov.vn",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0x1",
    "[::1]",
    "::1",
    "a" * 64,
    ".".join(["a" * 63] * 4),
    "ca.gov.vn\nevil.example",
]


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_name_refuses_the_start(name):
    with pytest.raises(ValueError, match="names of hosts"):
        host_names([name])
    with pytest.raises(SettingsError, match="issuer_hosts"):
        load(None, {}, issuer_hosts=["ca.gov.vn", name])


@pytest.mark.parametrize("given", [3, {"a": 1}, [3], [["ca.gov.vn"]]])
def test_what_is_no_list_of_names_refuses_the_start(given):
    with pytest.raises(SettingsError, match="issuer_hosts"):
        load(None, {}, issuer_hosts=given)


def test_nobody_is_named_unless_the_operator_does():
    assert load(None, {}).issuer_hosts == ()


def test_in_the_file_a_list_and_in_the_environment_one_line(tmp_path):
    path = tmp_path / "antin.toml"
    path.write_text('issuer_hosts = ["ca.gov.vn"]\n')
    assert load(path, {}).issuer_hosts == ("ca.gov.vn",)
    assert load(path, {"ANTIN_ISSUER_HOSTS": "a.vn, B.vn,"}).issuer_hosts == ("a.vn", "b.vn")
    assert load(path, {"ANTIN_ISSUER_HOSTS": ""}).issuer_hosts == ()
    with pytest.raises(SettingsError, match="issuer_hosts"):
        load(path, {"ANTIN_ISSUER_HOSTS": "https://ca.gov.vn"})
