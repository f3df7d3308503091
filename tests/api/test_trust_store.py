"""The trust store by the command line, and what the service makes of it at its start."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from api import trust_desk
from api.demo.pki import make_demo_pki
from api.settings import Settings, SettingsError, load
from api.trust_desk import Desk, begin
from api.trust_files import Remembered, load_key, replace_file
from api.wiring import rules, trust
from api.wiring.clock import clock
from policies.anchors import AnchorRole, KnownAnchor
from policies.vocabulary import TrustDomain
from signer.errors import TrustRefused
from signer.trust import store_file
from signer.trust.store import Step, renew
from tests.factories.trusted_list import Scheme, Service, signed, unsigned
from tests.signer.trust.forge import family, issue

ANTIN = Path(sys.executable).with_name("antin")
ROOT, CA, _ = family()
OFFICIAL = TrustDomain.OFFICIAL_DUTY


@pytest.fixture
def desk(tmp_path):
    begin(tmp_path / "trust.json", tmp_path / "trust.key", "test/trust", 180)
    return Desk(tmp_path / "trust.json", tmp_path / "trust.key", 180)


def pem(path, *parties):
    path.write_bytes(b"".join(each.certificate.public_bytes(Encoding.PEM) for each in parties))
    return path


def hexed(party):
    return party.parsed.fingerprint.hex()


def with_root(desk, tmp_path, domain=OFFICIAL):
    return desk.add(pem(tmp_path / "root.pem", ROOT), hexed(ROOT), domain, AnchorRole.ANCHOR, "thử")


def settings_with(tmp_path, **values):
    pin = str(load_key(tmp_path / "trust.key").pin)
    return Settings(trust=tmp_path / "trust.json", data_dir=tmp_path / "data", **{"trust_key": pin, **values})


def refusal(act, *arguments, **named):
    with pytest.raises(TrustRefused) as caught:
        act(*arguments, **named)
    assert caught.value.text("vi") and caught.value.text("en")
    return caught.value.id


# The command line


def antin(folder, *arguments):
    given = [str(each) for each in arguments]
    return subprocess.run([ANTIN, "trust", *given], cwd=folder, capture_output=True, text=True, check=False)


def test_a_store_from_its_beginning_by_commands(tmp_path):
    made = antin(tmp_path, "init", "--name", "vanban.example.gov.vn/trust")
    assert made.returncode == 0, made.stderr
    pin = made.stdout.strip()
    assert pin.startswith("vanban.example.gov.vn/trust+")
    assert (tmp_path / "trust.key").stat().st_mode & 0o777 == 0o600
    assert antin(tmp_path, "init", "--name", "x").returncode == 64
    pem(tmp_path / "root.pem", ROOT)
    spoken = hexed(ROOT).upper()
    spoken = ":".join(spoken[at : at + 2] for at in range(0, 64, 2))
    add = ("add", "root.pem", "--domain", "official-duty", "--reason", "QĐ 1", "--sha256")
    assert antin(tmp_path, *add, hexed(CA)).returncode == 3
    done = antin(tmp_path, *add, spoken)
    assert done.returncode == 0, done.stderr
    assert f"+ {hexed(ROOT)}  official-duty anchor  Common Name: Root" in done.stdout
    assert antin(tmp_path, "renew", "--reason", "rà soát quý").returncode == 0
    shown = json.loads(antin(tmp_path, "show", "--json", "--trust-key", pin).stdout)
    assert (shown["version"], shown["pinned"], shown["stale"]) == (3, True, False)
    assert [each["act"] for each in shown["versions"]] == ["init", "add", "renew"]
    assert shown["entries"][0]["sha256"] == hexed(ROOT)
    removed = antin(tmp_path, "remove", "--sha256", hexed(ROOT), "--reason", "lộ khóa")
    assert removed.returncode == 0
    told = antin(tmp_path, "show").stdout
    assert "ĐÃ GỠ / removed v4: lộ khóa" in told
    assert "v3" in told and "rà soát quý" in told
    assert "own word" in told


def test_a_stale_store_is_shown_as_one(tmp_path, desk, monkeypatch):
    with_root(desk, tmp_path)
    pin = str(load_key(tmp_path / "trust.key").pin)
    assert not trust_desk.facts(tmp_path / "trust.json", pin)["stale"]
    monkeypatch.setattr(trust_desk, "clock", lambda: clock() + timedelta(days=181))
    shown = trust_desk.facts(tmp_path / "trust.json", pin)
    assert shown["stale"]
    assert "QUÁ HẠN" in trust_desk.told(shown)


def test_the_fingerprint_decides_and_not_the_file(tmp_path, desk):
    """An anchor of the same name under a known fingerprint is not the one."""
    impostor = issue("Root", ca=True)
    file = pem(tmp_path / "root.pem", impostor)
    add = (desk.add, file, hexed(ROOT), OFFICIAL, AnchorRole.ANCHOR, "x")
    assert refusal(*add) == "trust-store.fingerprint-differs"
    two = pem(tmp_path / "two.pem", ROOT, CA)
    assert (
        refusal(desk.add, two, hexed(ROOT), OFFICIAL, AnchorRole.ANCHOR, "x") == "trust-store.no-certificate"
    )
    (tmp_path / "none.pem").write_bytes(b"x")
    assert (
        refusal(desk.add, tmp_path / "none.pem", hexed(ROOT), OFFICIAL, AnchorRole.ANCHOR, "x")
        == "trust-store.no-certificate"
    )
    with pytest.raises(SettingsError, match="64"):
        desk.add(file, "abc", OFFICIAL, AnchorRole.ANCHOR, "x")


def known(*parties):
    return {
        hexed(each): KnownAnchor(hexed(each), "Gốc thử", OFFICIAL, role, "http://x", "thử")
        for each, role in parties
    }


def test_what_is_known_by_fingerprint_comes_in_with_its_domain_and_role(tmp_path, desk, monkeypatch):
    table = known((ROOT, AnchorRole.ANCHOR), (CA, AnchorRole.INTERMEDIATE))
    monkeypatch.setattr(trust_desk, "anchors_by_fingerprint", lambda: table)
    folder = tmp_path / "from-the-issuer"
    folder.mkdir()
    (folder / "root.crt").write_bytes(ROOT.der)
    bundle = pkcs7.serialize_certificates([ROOT.certificate, CA.certificate], Encoding.DER)
    (folder / "chain.p7b").write_bytes(bundle)
    desk.import_known((folder,), "nhập lần đầu")
    found = trust.of_service(settings_with(tmp_path), None)
    assert (found.anchors(), found.helpers()) == ((ROOT.parsed,), (CA.parsed,))
    assert found.standing(ROOT.parsed).domain == OFFICIAL
    assert refusal(desk.import_known, (folder,), "lần nữa") == "trust-store.nothing-new"


def test_one_that_is_not_known_refuses_all(tmp_path, desk, monkeypatch):
    monkeypatch.setattr(trust_desk, "anchors_by_fingerprint", lambda: known((ROOT, AnchorRole.ANCHOR)))
    impostor = issue("Root", ca=True)
    file = pem(tmp_path / "both.pem", ROOT, impostor)
    before = (tmp_path / "trust.json").read_bytes()
    assert refusal(desk.import_known, (file,), "x") == "trust-store.fingerprint-unknown"
    assert (tmp_path / "trust.json").read_bytes() == before


def test_a_trusted_list_is_read_in_a_worker_and_taken_in(tmp_path, desk):
    signer = issue("Signer", key=rsa.generate_private_key(65537, 2048))
    at = clock()
    scheme = Scheme(issued=at, until=at + timedelta(days=30), services=[Service(CA.der)])
    file = tmp_path / "list.xml"
    file.write_bytes(signed(unsigned(scheme), signer))
    take = (file, hexed(signer), TrustDomain.FOREIGN, ("CA/QC",))
    assert refusal(desk.import_list, file, hexed(ROOT), *take[2:]) == "trust-list.signer"
    desk.import_list(*take)
    found = trust.of_service(settings_with(tmp_path), None)
    assert found.standing(CA.parsed).domain == TrustDomain.FOREIGN
    assert found.standing(CA.parsed).good_until == (at + timedelta(days=30)).replace(microsecond=0)
    file.write_bytes(signed(unsigned(replace(scheme, sequence=6)), signer))
    assert refusal(desk.import_list, *take) == "trust-list.rolled-back"
    file.write_bytes(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>')
    assert refusal(desk.import_list, *take) == "trust-list.malformed"


def test_a_key_that_others_can_read_signs_nothing(tmp_path, desk):
    (tmp_path / "trust.key").chmod(0o644)
    assert refusal(desk.renew, "x") == "trust-store.key-exposed"


def test_another_key_changes_nothing(tmp_path, desk):
    begin(tmp_path / "b.json", tmp_path / "b.key", "test/trust", 180)
    other = Desk(tmp_path / "trust.json", tmp_path / "b.key", 180)
    assert refusal(other.renew, "x") == "trust-store.signature"


def test_nobody_builds_upon_an_older_store(tmp_path, desk):
    old = (tmp_path / "trust.json").read_bytes()
    with_root(desk, tmp_path)
    (tmp_path / "trust.json").write_bytes(old)
    assert refusal(desk.renew, "x") == "trust-store.rolled-back"


def test_a_change_that_is_cut_short_leaves_the_store_as_it_was(tmp_path, desk, monkeypatch):
    """Killed between writing aside and renaming: the old store stands, and the next change goes through."""
    before = (tmp_path / "trust.json").read_bytes()

    def killed(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.renew("x")
    assert (tmp_path / "trust.json").read_bytes() == before
    assert desk.renew("y")["version"] == 2


# The service


def test_the_service_opens_the_pinned_store_and_says_which(tmp_path, desk):
    with_root(desk, tmp_path)
    found = trust.of_service(settings_with(tmp_path), None)
    assert found.label.startswith("official-duty v2 ")
    assert found.good_until is not None
    assert trust.of_service(settings_with(tmp_path), None) == found  # and again, at the next start


def test_a_store_that_was_put_back_is_refused_at_the_next_start(tmp_path, desk):
    with_root(desk, tmp_path)
    old = (tmp_path / "trust.json").read_bytes()
    desk.renew("x")
    given = settings_with(tmp_path)
    trust.of_service(given, None)
    (tmp_path / "trust.json").write_bytes(old)
    assert refusal(trust.of_service, given, None) == "trust-store.rolled-back"


def test_two_stores_of_one_number_are_not_both_believed(tmp_path, desk):
    with_root(desk, tmp_path)
    given, path = settings_with(tmp_path), tmp_path / "trust.json"
    trust.of_service(given, None)
    key = load_key(tmp_path / "trust.key")
    store = store_file.read(path.read_bytes(), key.pin).store
    twin = replace(renew(replace(store, version=1, history=store.history[:1]), "x", Step(clock(), 9)))
    entries = tuple(replace(each, reason="khác") for each in store.entries)
    replace_file(path, store_file.write(replace(twin, entries=entries), key), 0o644)
    assert refusal(trust.of_service, given, None) == "trust-store.rolled-back"


def test_a_memory_that_cannot_be_read_stops_the_start(tmp_path, desk):
    with_root(desk, tmp_path)
    given = settings_with(tmp_path)
    trust.of_service(given, None)
    (given.data_dir / "trust.seen").write_bytes(b"{")
    with pytest.raises(SettingsError, match=r"trust\.seen"):
        trust.of_service(given, None)


def test_a_store_of_another_key_or_an_altered_one_is_refused(tmp_path, desk):
    with_root(desk, tmp_path)
    other = begin(tmp_path / "b.json", tmp_path / "b.key", "test/trust", 180)
    assert (
        refusal(trust.of_service, settings_with(tmp_path, trust_key=other), None) == "trust-store.signature"
    )
    path = tmp_path / "trust.json"
    path.write_bytes(path.read_bytes().replace(b"official-duty", b"public", 1))
    assert refusal(trust.of_service, settings_with(tmp_path), None) == "trust-store.signature"


def test_a_store_without_its_pin_is_not_taken_at_its_own_word(tmp_path, desk):
    with_root(desk, tmp_path)
    with pytest.raises(SettingsError, match="trust_key"):
        trust.of_service(settings_with(tmp_path, trust_key=""), None)
    assert (
        refusal(trust.of_service, settings_with(tmp_path, trust_key="x"), None) == "trust-store.key-malformed"
    )


def test_an_empty_store_starts_no_service(tmp_path, desk):
    assert refusal(trust.of_service, settings_with(tmp_path), None) == "trust-store.malformed"


PRODUCTION = {
    "mode": "production",
    "database_url": "postgresql://x/y",
    "work_dir": "/mnt/work",
    "object_store": {
        "endpoint": "https://s3.example",
        "bucket": "antin",
        "access_key": "a",
        "secret_key": "b",
    },
}


def test_production_believes_no_demo_anchor_whatever_its_domain(tmp_path, desk):
    given = settings_with(tmp_path, **PRODUCTION)
    with_root(desk, tmp_path, TrustDomain.DEMO)
    assert refusal(trust.of_service, given, None) == "trust-store.demo-in-production"
    assert trust.of_service(settings_with(tmp_path), None).standing(ROOT.parsed).domain == TrustDomain.DEMO


def test_production_believes_no_anchor_that_is_named_demo(tmp_path, desk):
    given = settings_with(tmp_path, **PRODUCTION)
    demo = issue("DEMO Root", ca=True)
    file = pem(tmp_path / "demo.pem", demo)
    desk.add(file, hexed(demo), OFFICIAL, AnchorRole.ANCHOR, "x")
    assert refusal(trust.of_service, given, None) == "trust-store.demo-in-production"


def test_production_wants_the_signed_store_and_no_profile_of_it_knows_the_demo(tmp_path):
    pem(tmp_path / "root.pem", ROOT)
    with pytest.raises(SettingsError, match="trust_key"):
        load(None, {}, trust=tmp_path / "root.pem", **PRODUCTION)
    profiles = rules.validation_profiles(production=True)
    assert all(TrustDomain.DEMO not in each.domains for each in profiles.values())
    assert all(TrustDomain.DEMO in each.domains for each in rules.validation_profiles().values())


def test_the_demo_keeps_a_store_of_its_own(tmp_path, monkeypatch):
    pki = make_demo_pki(tmp_path / "pki", clock())
    found = trust.demo_store(pki)
    assert found.label.startswith("demo v2 ")
    assert found.standing(found.anchors()[0]).domain == TrustDomain.DEMO
    assert trust.demo_store(pki) == found
    monkeypatch.setattr(trust, "clock", lambda: clock() + timedelta(days=300))
    assert trust.demo_store(pki).label.startswith("demo v3 ")


def test_what_is_remembered_is_remembered_for_each_key(tmp_path, desk):
    begin(tmp_path / "b.json", tmp_path / "b.key", "other/trust", 180)
    with_root(desk, tmp_path)
    memory = Remembered(tmp_path / "seen")
    for name in ("trust", "b"):
        data = (tmp_path / f"{name}.json").read_bytes()
        memory.check(store_file.read(data, load_key(tmp_path / f"{name}.key").pin))
    assert len(json.loads((tmp_path / "seen").read_bytes())) == 2
