"""The trust store: it only grows, one key signs it, and no older, altered or foreign copy is believed."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.anchors import AnchorRole
from policies.vocabulary import TrustDomain
from signer import wire
from signer.errors import TrustRefused
from signer.trust import store
from signer.trust.store import New, Step
from signer.trust.store_file import Seen, check_not_older, read, write
from signer.trust.store_keys import StoreKey, StorePin
from signer.trust.trusted_lists import CA_QC, GrantedService, TrustedList
from tests.signer.trust.forge import NOW, family, issue

KEY, OTHER_KEY = StoreKey.generate("test/trust"), StoreKey.generate("test/trust")
ROOT, CA, LEAF = family()
SECOND = issue("Second", ca=True)
STEP = Step(NOW, 180)
LATER = Step(NOW + timedelta(days=30), 180, "ab" * 32)


def new(party=ROOT, domain=TrustDomain.OFFICIAL_DUTY, role=AnchorRole.ANCHOR):
    return New(party.parsed, domain, role, "tệp thử", "thử")


def made(*parties, **values):
    return store.add(store.begin(STEP), [new(each, **values) for each in parties or (ROOT,)], STEP)


def refusal(act, *arguments):
    with pytest.raises(TrustRefused) as caught:
        act(*arguments)
    assert caught.value.text("vi") and caught.value.text("en")
    return caught.value.id


# What it does


def test_what_is_written_is_read_and_gives_anchors():
    whole = store.add(made(), [new(CA, role=AnchorRole.INTERMEDIATE)], LATER)
    data = write(whole, KEY)
    opened = read(data, KEY.pin)
    assert opened.store == whole
    found = store.anchors(opened.store, opened.sha256)
    assert (found.anchors(), found.helpers()) == ((ROOT.parsed,), (CA.parsed,))
    assert found.label == f"official-duty v3 {opened.sha256[:12]}"
    assert found.standing(ROOT.parsed).domain == "official-duty"
    assert found.good_until == LATER.at + timedelta(days=180)
    assert wire.loads(wire.dumps(found)) == found


def test_what_is_removed_stays_listed_and_is_not_believed():
    first = made(ROOT, SECOND)
    fingerprint = ROOT.parsed.fingerprint.hex()
    second = store.remove(first, fingerprint, "lộ khóa", LATER)
    (gone,) = [each for each in second.entries if not each.believed]
    assert (gone.certificate, gone.removed_in, gone.removed_why) == (ROOT.der, 3, "lộ khóa")
    assert store.anchors(second, "00" * 32).anchors() == (SECOND.parsed,)
    assert [each.act for each in second.history] == ["init", "add", "remove"]
    assert second.history[-1].previous == LATER.previous
    assert refusal(store.remove, second, fingerprint, "", LATER) == "trust-store.not-there"
    again = store.add(second, [new()], LATER)  # it may come back, and both stay told
    assert len(again.entries) == 3
    assert read(write(again, KEY), KEY.pin).store == again


def test_a_certificate_is_believed_once_in_one_domain():
    assert refusal(store.add, made(), [new(domain=TrustDomain.PUBLIC)], LATER) == "trust-store.already-there"
    assert refusal(store.add, made(), [new(SECOND), new(SECOND)], LATER) == "trust-store.already-there"


def test_only_authorities_are_anchors_and_nobody_is_no_store():
    assert refusal(store.add, made(), [new(LEAF)], LATER) == "trust-store.not-an-authority"
    assert refusal(store.add, made(), [], LATER) == "trust-store.nothing-new"
    assert refusal(store.anchors, store.begin(STEP), "00" * 32) == "trust-store.malformed"


@pytest.mark.parametrize("days", [0, -1, 401])
def test_no_version_is_good_for_ever(days):
    with pytest.raises(ValueError, match="days"):
        Step(NOW, days)


def test_renewing_changes_only_how_long_it_is_good():
    before = made()
    after = store.renew(before, "đã rà soát", LATER)
    assert after.entries == before.entries
    assert after.next_update == before.next_update + timedelta(days=30)
    assert store.anchors(before, "00" * 32).stale(before.next_update + timedelta(seconds=1))
    assert not store.anchors(after, "00" * 32).stale(before.next_update + timedelta(seconds=1))


# Trusted lists


def listed(*parties, sequence=1, until=NOW + timedelta(days=90), digest="11" * 32):
    services = tuple(GrantedService(each.der, "S", CA_QC, NOW - timedelta(days=9)) for each in parties)
    return TrustedList("XX Authority", sequence, NOW, until, "22" * 32, digest, services)


def test_a_list_brings_services_and_takes_back_what_it_no_longer_grants():
    first = store.import_list(made(), listed(CA, SECOND), TrustDomain.FOREIGN, STEP)
    found = store.anchors(first, "00" * 32)
    assert set(found.anchors()) == {ROOT.parsed, CA.parsed, SECOND.parsed}
    standing = found.standing(CA.parsed)
    assert (standing.domain, standing.granted_since) == ("foreign", NOW - timedelta(days=9))
    assert standing.good_until == NOW + timedelta(days=90)
    assert found.standing(ROOT.parsed).good_until is None
    second = store.import_list(first, listed(CA, sequence=2, digest="33" * 32), TrustDomain.FOREIGN, LATER)
    assert {each.certificate for each in second.believed()} == {ROOT.der, CA.der}
    assert (
        next(each for each in second.entries if each.certificate == SECOND.der).removed_in == second.version
    )
    assert read(write(second, KEY), KEY.pin).store == second


def test_a_list_never_goes_back():
    first = store.import_list(made(), listed(CA, sequence=5), TrustDomain.FOREIGN, STEP)
    for attempt in (listed(CA, sequence=4), listed(CA, SECOND, sequence=5, digest="44" * 32)):
        assert (
            refusal(store.import_list, first, attempt, TrustDomain.FOREIGN, LATER) == "trust-list.rolled-back"
        )
    same = listed(CA, sequence=5)
    assert refusal(store.import_list, first, same, TrustDomain.FOREIGN, LATER) == "trust-store.nothing-new"


def test_a_list_out_of_date_or_without_services_is_not_taken_in():
    old = listed(CA, until=NOW - timedelta(seconds=1))
    assert refusal(store.import_list, made(), old, TrustDomain.FOREIGN, STEP) == "trust-list.out-of-date"
    assert refusal(store.import_list, made(), listed(), TrustDomain.FOREIGN, STEP) == "trust-list.empty"


def test_what_a_person_trusts_no_list_takes_away():
    first = store.import_list(made(), listed(ROOT, CA), TrustDomain.FOREIGN, STEP)
    assert store.anchors(first, "00" * 32).standing(ROOT.parsed).domain == "official-duty"
    second = store.import_list(first, listed(CA, sequence=2, digest="33" * 32), TrustDomain.FOREIGN, LATER)
    assert ROOT.der in {each.certificate for each in second.believed()}


# Attacks


def test_a_store_by_another_key_of_the_same_name():
    assert refusal(read, write(made(), OTHER_KEY), KEY.pin) == "trust-store.signature"


def test_a_foreign_signature_under_the_pinned_keys_name():
    forged = json.loads(write(made(), OTHER_KEY))
    forged["signature"]["key"] = str(KEY.pin)
    assert refusal(read, encoded(forged), KEY.pin) == "trust-store.signature"


def encoded(value):
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def swap_the_certificate(signed):
    """The anchor exchanged under its fingerprint."""
    signed["entries"][0]["certificate"] = base64.b64encode(SECOND.der).decode()


def believe_what_was_removed(signed):
    signed["entries"][0].update(removed_in=0, removed_at=None, removed_why="")


def good_for_ever(signed):
    signed["next_update"] = "2999-01-01T00:00:00Z"


def higher_version(signed):
    signed["version"] += 1


def other_domain(signed):
    signed["entries"][0]["domain"] = "public"


def intermediate_promoted(signed):
    signed["entries"][0]["role"] = "anchor"


def history_cut(signed):
    signed["history"].pop()


ALTERED = [
    swap_the_certificate,
    good_for_ever,
    higher_version,
    other_domain,
    history_cut,
]


@pytest.mark.parametrize("change", ALTERED)
def test_an_altered_store_is_not_believed(change):
    found = json.loads(write(made(), KEY))
    change(found["signed"])
    assert refusal(read, encoded(found), KEY.pin) == "trust-store.signature"


@pytest.mark.parametrize("change", [swap_the_certificate, good_for_ever, higher_version, history_cut])
def test_a_store_that_its_keeper_was_made_to_sign_wrong_is_malformed(change):
    """The key signed it, and it still is no store: a fingerprint that is not the certificate's, no end, gaps."""
    found = json.loads(write(made(), KEY))
    change(found["signed"])
    message = b"antin.trust/1\n" + encoded(found["signed"])
    found["signature"]["value"] = base64.b64encode(KEY.sign(message)).decode()
    assert refusal(read, encoded(found), KEY.pin) == "trust-store.malformed"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data + b" ",
        lambda data: data.replace(b'"version": 2', b'"version": 2, "version": 2', 1),
        lambda data: json.dumps(json.loads(data)).encode(),
        lambda data: data.replace(b"antin.trust/1", b"antin.trust/2", 1),
        lambda _data: b"[" * 100_000,
        lambda _data: b"null",
        lambda _data: b"",
        lambda data: data[: len(data) // 2],
    ],
    ids=["tail", "double key", "other white space", "schema", "deep", "null", "empty", "cut"],
)
def test_a_file_in_another_form_is_refused_before_it_is_read(spoil):
    assert refusal(read, spoil(write(made(), KEY)), KEY.pin) == "trust-store.malformed"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_byte_of_the_file_may_differ(data):
    whole = write(made(), KEY)
    position = data.draw(st.integers(0, len(whole) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda each: each != whole[position]))
    with pytest.raises(TrustRefused):
        read(whole[:position] + bytes([value]) + whole[position + 1 :], KEY.pin)


def test_an_older_version_is_refused_and_so_is_another_one_of_the_same_number():
    first, second = made(), store.renew(made(), "x", LATER)
    opened = {each.version: read(write(each, KEY), KEY.pin) for each in (first, second)}
    seen = check_not_older(opened[3], check_not_older(opened[2], None))
    assert seen == Seen(3, opened[3].sha256)
    assert check_not_older(opened[3], seen) == seen
    assert refusal(check_not_older, opened[2], seen) == "trust-store.rolled-back"
    twin = read(write(store.renew(first, "y", LATER), KEY), KEY.pin)
    assert refusal(check_not_older, twin, seen) == "trust-store.rolled-back"


# Keys


def test_a_key_comes_back_from_its_secret_and_a_pin_from_its_line():
    assert StoreKey.parse(KEY.secret()).pin == KEY.pin
    assert StorePin.parse(f"{KEY.pin}\n") == KEY.pin


@pytest.mark.parametrize(
    "text",
    ["", "a+b+c", "x", str(OTHER_KEY.pin).replace("+", "-"), "n+00000000+AQ=="],
    ids=["nothing", "no-number", "letter", "other-marks", "short"],
)
def test_what_is_no_key(text):
    assert refusal(StorePin.parse, text) == "trust-store.key-malformed"
    assert refusal(StoreKey.parse, text) == "trust-store.key-malformed"


def test_a_pin_of_another_key_id_is_no_pin():
    text = str(KEY.pin).replace(KEY.pin.key_id, OTHER_KEY.pin.key_id)
    assert refusal(StorePin.parse, text) == "trust-store.key-malformed"


@pytest.mark.parametrize("name", ["", "a b", "a+b"])
def test_a_key_has_a_plain_name(name):
    assert refusal(StoreKey.generate, name) == "trust-store.key-malformed"


def test_a_secret_is_in_no_refusal():
    secret = KEY.secret()
    broken = secret[:-3] + ("AAA" if not secret.endswith("AAA") else "BBB")
    with pytest.raises(TrustRefused) as caught:
        StoreKey.parse(broken)
    material = secret.split("+", 4)[4]
    assert len(material) > 40 and material[:20] not in str(caught.value)


def test_too_many_anchors_are_no_store(monkeypatch):
    monkeypatch.setattr(store, "MOST_ENTRIES", 2)
    assert (
        refusal(store.add, made(ROOT, SECOND), [new(issue("Third", ca=True))], LATER)
        == "trust-store.too-many"
    )


def test_a_removed_one_brought_back_by_hand_breaks_the_signature():
    gone = store.remove(made(ROOT, SECOND), ROOT.parsed.fingerprint.hex(), "x", LATER)
    found = json.loads(write(gone, KEY))
    believe_what_was_removed(found["signed"])
    assert refusal(read, encoded(found), KEY.pin) == "trust-store.signature"


def test_an_intermediate_that_was_made_an_anchor_breaks_the_signature():
    found = json.loads(write(made(role=AnchorRole.INTERMEDIATE), KEY))
    intermediate_promoted(found["signed"])
    assert refusal(read, encoded(found), KEY.pin) == "trust-store.signature"
