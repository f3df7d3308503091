"""Profiles and known anchors are data: complete, strict, and what the documents publish."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policies import anchors
from policies.anchors import AnchorRole, known_anchors
from policies.profiles import profile, profiles
from policies.validation import POLICY, ValidationProfile, fingerprint
from policies.vocabulary import TrustDomain
from tests.profiles import PRODUCTION, PROFILES

ROOT = Path(__file__).parents[2]
ROWS = tomllib.loads((ROOT / "policies/validation.toml").read_text("utf-8"))["profile"]
ANCHORS = tomllib.loads((ROOT / "policies/anchors.toml").read_text("utf-8"))["anchor"]
GOOD = {**ROWS[0]}


def test_the_four_that_ship():
    assert list(PROFILES) == ["agency", "public", "strict", "historical"]


@pytest.mark.parametrize("name", [each.name for each in fields(ValidationProfile)])
def test_every_value_is_in_the_file_and_nothing_is_left_to_the_code(name):
    if name in ("effective_until", "legacy_ca_until"):
        assert profile({key: value for key, value in GOOD.items() if key != name})
        return
    with pytest.raises(ValueError, match=f": {name} is missing"):
        profile({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("basis", ""),
        ("version", 0),
        ("version", -1),
        ("version", "1"),
        ("version", True),
        ("domains", ["official-duty", "everywhere"]),
        ("domains", []),
        ("effective_from", datetime(2025, 1, 1)),  # noqa: DTZ001
        ("effective_until", datetime(2025, 1, 1, tzinfo=UTC)),
        ("digests", "sha256"),
        ("weak_digests", {"sha1": "2017"}),
        ("minimum_bits", {"rsa": "2048"}),
        ("minimum_bits", {"rsa": True}),
        ("short_keys", [{"key": "rsa", "bits": 1024}]),
        ("accept_weak", 1),
        ("clock_tolerance", -1),
        ("current_answers_suffice", "true"),
        ("requires_timestamp", True),
    ],
)
def test_a_row_that_cannot_be_meant_names_its_key(key, value):
    with pytest.raises(ValueError, match=rf"profile agency: .*{key}"):
        profile({**GOOD, key: value})


def test_two_of_one_name_and_none_at_all_are_no_table():
    with pytest.raises(ValueError, match="twice"):
        profiles([GOOD, GOOD])
    with pytest.raises(ValueError, match="no profile"):
        profiles([])


def test_in_effect_from_its_first_moment_to_before_its_last():
    start, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    made = profile({**GOOD, "effective_until": end})
    second = timedelta(seconds=1)
    assert [made.in_effect(at) for at in (start - second, start, end - second, end)] == [
        False,
        True,
        True,
        False,
    ]
    assert PROFILES["agency"].in_effect(datetime(2500, 1, 1, tzinfo=UTC))


# What the documents publish


def day(moment):
    return "–" if moment is None else f"{moment:%Y-%m-%d}"


def flag(value):
    return "yes" if value else "no"


def seconds(value):
    return f"{int(value.total_seconds()):,} s"


def published():
    """The tables of docs/policy.md, out of the file."""
    names = list(PROFILES)
    rows = {
        "in effect from": lambda p: day(p.effective_from),
        "until": lambda p: day(p.effective_until),
        "domains": lambda p: ", ".join(f"`{each}`" for each in TrustDomain if each in p.domains),
        "formats": lambda p: ", ".join(f"`{each}`" for each in sorted(p.formats)),
        "digests": lambda p: ", ".join(sorted(p.digests)),
        "keys from": lambda p: ", ".join(f"{key} {bits}" for key, bits in p.minimum_bits),
        "weak digests, reliable until": lambda p: ", ".join(
            f"{name} {day(end)}" for name, end in p.weak_digests
        ),
        "short keys, reliable until": lambda p: ", ".join(
            f"{k} {bits} {day(end)}" for k, bits, end in p.short_keys
        ),
        "digests that will end": lambda p: (
            ", ".join(f"{name} {day(end)}" for name, end in p.digest_ends) or "–"
        ),
        "keys that will end": lambda p: (
            ", ".join(f"{k} {bits} {day(end)}" for k, bits, end in p.key_ends) or "–"
        ),
        "accepts weak ones of their time": lambda p: flag(p.accept_weak),
        "old CAs before": lambda p: day(p.legacy_ca_until),
        "signing-certificate reference needed": lambda p: flag(p.require_signing_certificate_reference),
        "time-stamp needed": lambda p: flag(p.require_timestamp),
        "clocks may differ by": lambda p: seconds(p.clock_tolerance),
        "answers without nextUpdate are current for": lambda p: seconds(p.revocation_age_without_next_update),
        "current answers suffice": lambda p: flag(p.current_answers_suffice),
    }
    lines = ["| profile | legal basis |", "|---|---|"]
    lines += [f"| `{name}` | {PROFILES[name].basis} |" for name in names]
    lines += ["", "| | " + " | ".join(f"`{name}`" for name in names) + " |", "|---" * (len(names) + 1) + "|"]
    lines += [
        f"| {what} | " + " | ".join(tell(PROFILES[name]) for name in names) + " |"
        for what, tell in rows.items()
    ]
    return "\n".join(lines)


def test_the_page_publishes_what_the_file_says():
    page = (ROOT / "docs/policy.md").read_text("utf-8")
    found = page.partition("<!-- profiles:start -->\n")[2].partition("\n<!-- profiles:end -->")[0]
    assert found == published()


def versions():
    """The table of versions of docs/policy.md: what is published, as it is now."""
    lines = [
        "| identifier | in effect from | until | SHA-256 in production | elsewhere |",
        "|---|---|---|---|---|",
    ]
    for name, each in PRODUCTION.items():
        period = f"{day(each.effective_from)} | {day(each.effective_until)}"
        digests = " | ".join(f"`{fingerprint(one).hex()}`" for one in (each, PROFILES[name]))
        lines.append(f"| `{each.identifier}` | {period} | {digests} |")
    return lines


def published_versions():
    page = (ROOT / "docs/policy.md").read_text("utf-8")
    return page.partition("<!-- versions:start -->\n")[2].partition("\n<!-- versions:end -->")[0].splitlines()


def test_each_profile_is_published_under_its_version_and_digest():
    """Whoever changes a value gives the profile the next version and a row; the old row stays."""
    rows = published_versions()
    assert rows[:2] == versions()[:2]
    for row in versions()[2:]:
        assert row in rows, (
            "what the file says is not what is published: the next version, and a row of its own"
        )


def test_one_identifier_is_published_once_and_none_is_left_out():
    told = re.findall(rf"^\| `{POLICY}(\w+):(\d+)` ", "\n".join(published_versions()), re.M)
    assert len(set(told)) == len(told)
    for name in PROFILES:
        numbers = sorted(int(number) for of, number in told if of == name)
        assert numbers == list(range(1, PROFILES[name].version + 1)), name


def another(value):
    """Any other value of that kind."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value + "x"
        case datetime() | timedelta():
            return value + timedelta(days=1)
        case frozenset():
            return frozenset(list(value)[1:])
        case None:
            return datetime(2040, 1, 1, tzinfo=UTC)
        case _:
            return (*value, ("x", 1))


@pytest.mark.parametrize("name", [each.name for each in fields(ValidationProfile)])
def test_the_digest_is_that_of_every_value(name):
    made = PROFILES["agency"]
    other = replace(made, **{name: another(getattr(made, name))})
    assert fingerprint(other) != fingerprint(made)


def test_in_production_the_digest_is_that_without_the_demo():
    made = PROFILES["agency"]
    without = replace(made, domains=made.domains - {TrustDomain.DEMO})
    assert fingerprint(without) == fingerprint(PRODUCTION["agency"]) != fingerprint(made)


def test_every_number_of_a_profile_is_published():
    told = {*(each.name for each in fields(ValidationProfile))}
    used = set(re.findall(r"p\.(\w+)", Path(__file__).read_text("utf-8"))) | {"name", "basis", "version"}
    assert told <= used


def test_the_page_publishes_the_known_anchors():
    known = known_anchors(ANCHORS)
    page = (ROOT / "docs/trust.md").read_text("utf-8")
    rows = re.findall(r"^\| `([0-9a-f]{64})` \| (.*?) \| `(.*?)`, (\w+) \| (.*?) \|$", page, re.M)
    assert [(a.sha256, a.name, a.domain, a.role, a.confidence) for a in known.values()] == rows


# Anchors


def test_the_government_roots_are_anchors_and_their_cas_only_help():
    known = known_anchors(ANCHORS).values()
    tops = {(each.domain, each.name.split(" (")[0]) for each in known if each.role is AnchorRole.ANCHOR}
    assert tops == {
        ("official-duty", "Root CA chuyên dùng Chính phủ G2"),
        ("official-duty", "Root CA chuyên dùng Chính phủ G1"),
        ("public", "Vietnam National Root CA"),
    }


@pytest.mark.parametrize("text", ["AB:" * 31 + "CD", " ab" * 31 + "cd", "ab" * 31 + "CD"])
def test_a_fingerprint_as_people_write_it(text):
    assert anchors.fingerprint(text) == "ab" * 31 + "cd"


@pytest.mark.parametrize("text", ["", "ab" * 31, "ab" * 33, "zz" * 32, "ab" * 20])
def test_what_is_no_sha256(text):
    with pytest.raises(ValueError, match="64"):
        anchors.fingerprint(text)


@pytest.mark.parametrize(
    "change", [{"sha256": "x"}, {"domain": "x"}, {"role": "x"}, {"name": ""}, {"more": "x"}, {"published": 3}]
)
def test_an_anchor_that_cannot_be_meant(change):
    with pytest.raises(ValueError, match="anchor"):
        known_anchors([{**ANCHORS[0], **change}])
    with pytest.raises(ValueError, match="twice"):
        known_anchors([ANCHORS[0], ANCHORS[0]])
