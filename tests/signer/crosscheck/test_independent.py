"""The second opinion on our own output: every way in which it must disagree, by name."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import re
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.reasons import signing as reasons
from signer import wire
from signer.creation import cms, two_step
from signer.creation.append import Revision, append, digest_of
from signer.creation.token import fill_token, newest_hole
from signer.crosscheck.independent import Expectation, ExpectedSignature, check
from signer.crosscheck.plain_reader import Name, PlainFile, Ref, Strange, parse
from signer.document.reader import PdfFile
from signer.document.syntax import Name as PdfName
from signer.errors import CrossCheckFailed
from signer.sandbox import Sandbox
from signer.stamping.appearance import Appearance
from tests.demo_pki import demo_pki
from tests.signer.creation.issuing import (
    AT,
    DAY,
    LEADER,
    SEAL,
    SHAPES,
    STAMP,
    Desk,
    token_over,
)


def fingerprint(key):
    return hashlib.sha256(key.certificate).hexdigest()


def stamp(path, field):
    token = token_over(cms.imprint(newest_hole(path, field).contents), demo_pki())
    fill_token(path, field, token)


def issue(folder, shape=SHAPES["table"], leader="leader", number=15, day=DAY):
    """Desk and the finished file: prepared, signed, stamped, numbered and sealed, stamped."""
    desk = Desk(folder, demo_pki().signing_key(leader), demo_pki().seal)
    prepared = desk.prepared(shape(desk.base()))
    signed = desk.signed(prepared)
    stamp(signed, LEADER)
    sealed = desk.sealed(signed, number, day)
    stamp(sealed, STAMP)
    return desk, signed, sealed


def expectation(desk, number=15, day=DAY, token=True):
    return Expectation(
        (
            ExpectedSignature(LEADER, fingerprint(desk.leader_key), token),
            ExpectedSignature(STAMP, fingerprint(desk.seal_key), token),
        ),
        number,
        day,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return issue(tmp_path_factory.mktemp("finished"))


def point(path, expected):
    """The point at which the check fails."""
    with pytest.raises(CrossCheckFailed) as refusal:
        check(path, expected)
    assert refusal.value.reason is reasons.CROSSCHECK_FAILED
    assert refusal.value.text("vi") and refusal.value.text("en")
    return refusal.value.values["point"]


def bent(finished, folder, change, **expected):
    """The point at which a changed copy of the finished file fails."""
    desk, _, sealed = finished
    path = folder / "bent.pdf"
    path.write_bytes(change(sealed.read_bytes()))
    return point(path, expectation(desk, **expected))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_our_output_passes_whatever_the_file_looked_like(shape, tmp_path):
    desk, _, sealed = issue(tmp_path, shape)
    check(sealed, expectation(desk))


@pytest.mark.parametrize("leader", ["pss", "rsa-4096", "ecdsa-p256", "ecdsa-p384"])
def test_every_kind_of_key_passes(leader, tmp_path):
    desk, _, sealed = issue(tmp_path, leader=leader)
    check(sealed, expectation(desk))


@pytest.mark.parametrize(
    ("number", "day"),
    [(1, dt.date(2026, 11, 30)), (9, dt.date(2026, 12, 1)), (1234, dt.date(2026, 11, 22))],
)
def test_numbers_and_dates_as_the_decree_prints_them(number, day, tmp_path):
    desk, _, sealed = issue(tmp_path, number=number, day=day)
    check(sealed, expectation(desk, number, day))


def test_the_signed_file_before_the_seal(finished):
    desk, signed, _ = finished
    check(signed, Expectation((ExpectedSignature(LEADER, fingerprint(desk.leader_key), True),)))


def test_it_runs_in_the_sandbox(finished):
    desk, _, sealed = finished
    with Sandbox(1) as sandbox:
        assert sandbox.call("signer.crosscheck.independent:check", sealed, expectation(desk)) is None
        with pytest.raises(CrossCheckFailed):
            sandbox.call("signer.crosscheck.independent:check", sealed, expectation(desk, number=16))


def test_the_expectation_has_a_wire_form(finished):
    expected = expectation(finished[0])
    assert wire.loads(wire.dumps(expected)) == expected
    assert expected.date == "2026-11-21"


# -- what it must not accept


@pytest.mark.parametrize("number", [16, 51, 1, 150, "15a"])
def test_another_number_in_the_register(finished, number):
    desk, _, sealed = finished
    assert point(sealed, expectation(desk, number=number)) == "value-AnTinNumber"


@pytest.mark.parametrize(
    ("day", "field"), [(dt.date(2026, 11, 22), "AnTinDay"), (dt.date(2026, 12, 21), "AnTinMonth")]
)
def test_another_date_in_the_register(finished, day, field):
    desk, _, sealed = finished
    assert point(sealed, expectation(desk, day=day)) == f"value-{field}"


@pytest.mark.parametrize("tail", [b"\n", b"\0", b"%%EOF\n", b"junk" * 200, b"\n%%EOF"])
def test_bytes_after_the_end(finished, tmp_path, tail):
    assert bent(finished, tmp_path, lambda data: data + tail) == "coverage"


def test_a_cut_end(finished, tmp_path):
    assert bent(finished, tmp_path, lambda data: data[:-1]) == "coverage"
    assert bent(finished, tmp_path, lambda _: b"") == "coverage"


def test_a_bit_flipped_in_the_base(finished, tmp_path):
    def flip(data):
        return data[:2000] + bytes((data[2000] ^ 1,)) + data[2001:]

    assert bent(finished, tmp_path, flip) == "message-digest"


def test_a_bit_flipped_in_the_seals_picture(finished, tmp_path):
    def flip(data):
        at = data.rindex(b"endstream") - 200
        at = data.rindex(b"stream\n", 0, at) + 60
        return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]

    assert bent(finished, tmp_path, flip) == "message-digest"


def test_the_number_changed_after_the_seal(finished, tmp_path):
    assert bent(finished, tmp_path, lambda data: data.replace(b"/V (15)", b"/V (51)"), number=51) == (
        "message-digest"
    )


def last_hole(data):
    at = data.rindex(b"/Contents <") + len(b"/Contents <")
    return at, data.index(b">", at)


def test_bytes_hidden_behind_the_cms(finished, tmp_path):
    def hide(data):
        _, end = last_hole(data)
        return data[: end - 8] + b"deadbeef" + data[end:]

    assert bent(finished, tmp_path, hide) == "cms-padding"


def test_a_hole_without_a_cms(finished, tmp_path):
    def blank(data):
        start, end = last_hole(data)
        return data[:start] + b"0" * (end - start) + data[end:]

    assert bent(finished, tmp_path, blank) == "coverage"


def test_a_byte_range_that_leaves_out_more_than_the_hole(finished, tmp_path):
    def widen(data):
        at = data.rindex(b"/ByteRange [")
        found = re.compile(rb"/ByteRange \[0 +(\d+) +(\d+) +(\d+)\]").match(data, at)
        one, two, three = map(int, found.groups())
        bigger = b"/ByteRange [0 %10d %10d %10d]" % (one, two + 10, three - 10)
        return data[:at] + bigger + data[found.end() :]

    assert bent(finished, tmp_path, widen) == "byte-range"


def test_a_signature_of_another_person(tmp_path):
    desk, _, sealed = issue(tmp_path, leader="second-leader")
    expected = dataclasses.replace(desk, leader_key=demo_pki().leader)
    assert point(sealed, expectation(expected)) == "certificate"


def test_fields_in_another_order(finished):
    desk, _, sealed = finished
    expected = expectation(desk)
    swapped = dataclasses.replace(expected, signatures=expected.signatures[::-1])
    assert point(sealed, swapped) == "field"


def test_one_signature_more_than_expected(finished):
    desk, _, sealed = finished
    expected = expectation(desk)
    assert (
        point(sealed, dataclasses.replace(expected, signatures=expected.signatures[1:])) == "signature-count"
    )


def test_one_signature_less_than_expected(finished):
    desk, signed, _ = finished
    assert point(signed, expectation(desk)) == "field"


def test_an_expectation_of_nothing_is_never_met(finished):
    assert point(finished[2], Expectation(())) == "signature-count"


def test_a_token_that_is_missing(tmp_path):
    desk = Desk(tmp_path, demo_pki().leader, demo_pki().seal)
    signed = desk.signed(desk.prepared(desk.base()))
    expected = Expectation((ExpectedSignature(LEADER, fingerprint(desk.leader_key), True),))
    assert point(signed, expected) == "token-missing"
    check(signed, Expectation((ExpectedSignature(LEADER, fingerprint(desk.leader_key), False),)))


def test_a_token_over_another_signature(tmp_path):
    desk = Desk(tmp_path, demo_pki().leader, demo_pki().seal)
    signed = desk.signed(desk.prepared(desk.base()))
    fill_token(signed, LEADER, token_over(b"another signature value", demo_pki()))
    expected = Expectation((ExpectedSignature(LEADER, fingerprint(desk.leader_key), True),))
    assert point(signed, expected) == "token-imprint"


def test_a_token_that_was_changed(finished, tmp_path):
    def age(data):
        moment = AT.strftime("%Y%m%d%H%M%SZ").encode().hex().encode()
        at = data.rindex(moment)
        return data[:at] + b"31" + data[at + 2 :]

    assert bent(finished, tmp_path, age) == "token-message-digest"


def test_a_revision_between_leader_and_seal(tmp_path):
    desk = Desk(tmp_path, demo_pki().leader, demo_pki().seal)
    signed = desk.signed(desk.prepared(desk.base()))
    stamp(signed, LEADER)
    between = tmp_path / "between.pdf"
    with PdfFile.open(signed) as pdf:
        revision = Revision(pdf)
        revision.add({"Type": PdfName("Nothing")})
        append(signed, revision.appended(), between)
    sealed = desk.sealed(between)
    stamp(sealed, STAMP)
    assert point(sealed, expectation(desk)) == "field"


def test_a_revision_after_the_seal(finished, tmp_path):
    desk, _, sealed = finished
    longer = tmp_path / "longer.pdf"
    with PdfFile.open(sealed) as pdf:
        revision = Revision(pdf)
        revision.add({"Type": PdfName("Nothing")})
        append(sealed, revision.appended(), longer)
    assert point(longer, expectation(desk)) == "field"


def resealed(desk, signed, folder, change):
    """A well-signed seal over a revision that was bent before the key was used: only its meaning is wrong."""
    key = desk.seal_key
    request = two_step.SignatureRequest(
        STAMP,
        two_step.contents_size(key, 6000),
        "UBND tỉnh Sông Hồng",
        AT,
        Appearance(SEAL),
        {"AnTinNumber": "15", "AnTinDay": "21", "AnTinMonth": "11"},
    )
    prepared = two_step.prepare_signature(signed, request)
    prepared = dataclasses.replace(prepared, tail=change(prepared.tail))
    prepared = dataclasses.replace(prepared, digest=digest_of(signed, prepared))
    out = folder / "resealed.pdf"
    two_step.write(signed, prepared, cms.build(prepared.digest, key), out)
    stamp(out, STAMP)
    return out


def test_a_value_that_differs_from_what_is_drawn(finished, tmp_path):
    desk, signed, _ = finished
    check(resealed(desk, signed, tmp_path, lambda tail: tail), expectation(desk))
    lying = resealed(desk, signed, tmp_path, lambda tail: tail.replace(b"/V (15)", b"/V (51)"))
    assert point(lying, expectation(desk)) == "value-AnTinNumber"
    assert point(lying, expectation(desk, number=51)) == "drawn-AnTinNumber"


def test_other_digits_drawn(finished, tmp_path):
    desk, signed, _ = finished

    def swap(tail):
        codes = re.search(rb"<([0-9A-F]{4})([0-9A-F]{4})> Tj", tail)
        return tail.replace(codes[0], b"<%b%b> Tj" % (codes[2], codes[1]))

    assert point(resealed(desk, signed, tmp_path, swap), expectation(desk)) == "drawn-AnTinNumber"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rb"0 g\n/AnTinRoman", rb"1 g\n/AnTinRoman"),  # white on white
        (rb"\n/AnTinRoman \d\d Tf", rb"\n/AnTinRoman .1 Tf"),  # too small to be seen
        (rb"\n([\d.]{3})([\d.]*) ([\d.]+) Td\n", rb"\n999\2 \3 Td\n"),  # outside of its box
    ],
)
def test_a_number_that_nobody_sees(finished, tmp_path, old, new):
    desk, signed, _ = finished

    def hide(tail):
        bent_tail, count = re.subn(old, new, tail, count=1)
        assert count == 1 and len(bent_tail) == len(tail)
        return bent_tail

    assert point(resealed(desk, signed, tmp_path, hide), expectation(desk)).startswith("drawn-")


def test_an_object_of_the_page_changed_by_the_seal(finished, tmp_path, monkeypatch):
    desk, signed, _ = finished
    honest = two_step._sign_field

    def greedy(revision, *rest):
        honest(revision, *rest)
        page = revision.pdf.page(0)
        revision.put(page.ref, {**revision.value(page.ref), "Rotate": 90})

    monkeypatch.setattr(two_step, "_sign_field", greedy)
    assert point(resealed(desk, signed, tmp_path, lambda tail: tail), expectation(desk)) == "changed-object"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_changed_byte_is_found_wherever_it_is(finished, tmp_path, data):
    """Every byte of the file lies under the seal, but for its own hole."""
    desk, _, sealed = finished
    content = bytearray(sealed.read_bytes())
    hole = range(*last_hole(bytes(content)))
    outside = st.one_of(st.integers(0, hole.start - 1), st.integers(hole.stop, len(content) - 1))
    content[data.draw(outside)] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "mutated.pdf"
    path.write_bytes(content)
    with pytest.raises(CrossCheckFailed):
        check(path, expectation(desk))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_hole_is_refused_or_says_the_same(finished, tmp_path, data):
    """Unsigned parts of a CMS may change without harm (another certificate beside); nothing else may raise."""
    desk, _, sealed = finished
    content = bytearray(sealed.read_bytes())
    start, end = last_hole(bytes(content))
    content[data.draw(st.integers(start, end - 1))] = data.draw(st.sampled_from(b"0123456789abcdefG>"))
    path = tmp_path / "mutated.pdf"
    path.write_bytes(content)
    with contextlib.suppress(CrossCheckFailed):
        check(path, expectation(desk))


# -- the reader behind it


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"<</A 1/B[1 0 R/C#20D -.5 true null]>>", {"A": 1, "B": [Ref(1, 0), Name("C D"), -0.5, True, None]}),
        (b"(a(b)c\\)\\101\\n\\\r\nz)", b"a(b)c)A\nz"),
        (b"<48 656>", b"He`"),
        (b"[]", []),
    ],
)
def test_values(text, value):
    assert parse(text, 0) == (value, len(text))


@pytest.mark.parametrize(
    "text",
    [b"", b"<<", b"<</A>>", b"<</A 1/A 2>>", b"<<1 2>>", b"[>>", b"<</A 1]", b">>", b"(a", b"[" * 100, b"}"],
)
def test_broken_values(text):
    with pytest.raises(Strange):
        parse(text, 0)


def test_words_are_found_across_windows_with_memory_bounded(tmp_path):
    """A sparse file of 64 MiB; words at window borders, in the last bytes, and one that is no match."""
    path = tmp_path / "large"
    places = [0, (1 << 20) - 5, (1 << 20) * 7, (64 << 20) - 30]
    with path.open("wb") as file:
        file.truncate(64 << 20)
        for place in places:
            file.seek(place)
            file.write(b"/ByteRange [0 1 2 3]")
        file.seek(3 << 20)
        file.write(b"/ByteRange (none)")
    tracemalloc.start()
    with PlainFile(path) as file:
        found = file.find_all(b"/ByteRange", re.compile(rb"/ByteRange \[0 1 2 3\]"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == places
    assert peak < 4 << 20
