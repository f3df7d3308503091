"""Our PDF/A-2b check: a good file passes, one violating file for each rule is found under its number."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signer import wire
from signer.document.pdfa import PdfaLimits, check
from signer.errors import DocumentRefused
from signer.sandbox import Sandbox
from tests.factories import hostile
from tests.factories.pdfa_file import CONTENT, TEXT, font_program, good_file, stream
from tests.factories.pdfa_parts import ACCOMPANIED_OF
from tests.factories.pdfa_violations import VIOLATIONS, container, make, signed


def _write(path, data):
    path.write_bytes(data)
    return path


def _rules(path, data):
    report = check(_write(path, data))
    assert wire.loads(wire.dumps(report)) == report
    assert report.complete or report.rules & {"6.1.3-2", "6.1.13-7"}
    return report.rules


def test_the_good_file_conforms(tmp_path):
    report = check(_write(tmp_path / "a.pdf", good_file().build()))
    assert report.findings == ()
    assert report.conforms
    assert report.claims == "2B"


@pytest.mark.parametrize(
    ("rule", "index"), [(rule, index) for rule, made in VIOLATIONS.items() for index in range(len(made))]
)
def test_each_rule_is_found_in_the_file_that_breaks_it(tmp_path, rule, index):
    found = _rules(tmp_path / "a.pdf", make(VIOLATIONS[rule][index]))
    assert rule in found
    assert found <= {rule} | ACCOMPANIED_OF["2"].get(rule, set())


def test_a_signed_file_conforms_and_one_with_a_later_revision_still_does(tmp_path):
    data = signed(good_file(), container("one"))
    assert _rules(tmp_path / "a.pdf", data) == set()
    start = data.rindex(b"xref\n0 ")
    update = b"60 0 obj\n<< /Later true >>\nendobj\n"
    xref = b"xref\n60 1\n%010d 00000 n \ntrailer\n" % len(data)
    trailer = b"<< /Size 61 /Root 1 0 R /Prev %d /ID [<00> <01>] >>\n" % start
    later = data + update + xref + trailer + b"startxref\n%d\n%%%%EOF\n" % (len(data) + len(update))
    assert _rules(tmp_path / "b.pdf", later) == set()


def test_bytes_between_signature_and_end_are_not_covered(tmp_path):
    assert "6.4.3-1" in _rules(tmp_path / "a.pdf", signed(good_file(), container("one"), tail=b"\n\n\n"))


def test_text_that_is_never_rendered_needs_no_font_but_its_glyphs(tmp_path):
    file = good_file().replace(14, b"/FontFile2 15 0 R", b"").set_content(b"BT /F2 12 Tf 3 Tr (So) Tj ET")
    assert _rules(tmp_path / "a.pdf", file.build()) == set()


def test_default_spaces_stand_in_for_an_output_intent(tmp_path):
    file = good_file().replace(1, b"/OutputIntents [6 0 R]", b"")
    file.objects[20] = stream(b"", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << >>")
    file.replace(3, b"/Resources << ", b"/Resources << /ColorSpace << /DefaultRGB [/ICCBased 7 0 R] >> ")
    assert _rules(tmp_path / "a.pdf", file.set_content(b"1 0 0 rg 0 0 9 9 re f").build()) == set()


def test_objects_in_object_streams_are_checked_too(tmp_path):
    inner = b"<< /Odd <123> /Big 2147483648 >>"
    file = good_file()
    file.objects[40] = stream(b"50 0 " + inner, b"/Type /ObjStm /N 1 /First 5")
    data = file.build()
    start = data.rindex(b"xref\n0 ")
    rows = b"\2" + (40).to_bytes(4, "big") + b"\0" + b"\1" + len(data).to_bytes(4, "big") + b"\0"
    entries = (
        b"/Type /XRef /Size 61 /W [1 4 1] /Index [50 1 60 1] /Root 1 0 R /ID [<00> <01>] /Prev %d" % start
    )
    section = b"60 0 obj\n" + stream(rows, entries) + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(data)
    assert _rules(tmp_path / "a.pdf", data + section) == {"6.1.6-1", "6.1.13-1"}


def test_a_form_that_draws_itself_ends(tmp_path):
    file = good_file().replace(23, b"/Resources << >>", b"/Resources << /XObject << /A 23 0 R >> >>")
    assert (
        _rules(tmp_path / "a.pdf", file.replace(23, b"10 10 m 20 20 l S", b"/A Do /A Do /A Do").build())
        == set()
    )


def test_limits_end_the_check_without_a_pass(tmp_path):
    path = _write(tmp_path / "a.pdf", good_file().build())
    for limits in (PdfaLimits(values=5), PdfaLimits(tokens=5), PdfaLimits(findings=0)):
        report = check(path, limits)
        assert limits.findings == 0 or not report.complete
    broken = _write(tmp_path / "b.pdf", make(VIOLATIONS["6.11-1"][0]))
    report = check(broken, PdfaLimits(findings=0))
    assert not report.conforms


def test_what_is_no_pdf_is_refused(tmp_path):
    with pytest.raises(DocumentRefused):
        check(_write(tmp_path / "a.pdf", b"nothing"))


@pytest.mark.parametrize("name", hostile.MAKERS)
def test_attacks_end_in_a_report_or_a_refusal_within_limits(tmp_path, pool, name):
    hostile.MAKERS[name](tmp_path / "a.pdf")
    limits = PdfaLimits(objects=20_000, stream_bytes=4 << 20)
    try:
        report = pool.call("signer.document.pdfa:check", tmp_path / "a.pdf", limits, wall_seconds=30)
        outcome = "conforms" if report.conforms else "does not"
    except DocumentRefused as refusal:
        outcome = refusal.reason.id
    assert outcome not in ("document.parser-killed", "document.parser-failed", "document.too-slow")
    assert (outcome == "conforms") == (name in CONFORMING)


# Unfit for issuing for reasons that PDF/A does not know.
CONFORMING = {"marked_secret", "marked_secret_in_a_stamp"}


@pytest.fixture(scope="module")
def pool():
    with Sandbox(1) as sandbox:
        yield sandbox


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_broken_bytes_never_end_in_another_exception(tmp_path, data):
    good = bytearray(signed(good_file(), container("one")))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(good) - 1))
        good[at : at + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=12))
    try:
        check(_write(tmp_path / "a.pdf", bytes(good)))
    except DocumentRefused:
        return


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_broken_content_never_ends_in_another_exception(tmp_path, content):
    file = good_file()
    file.objects[CONTENT] = stream(b"BT /F1 12 Tf " + content)
    check(_write(tmp_path / "a.pdf", file.build()))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_broken_fonts_never_end_in_another_exception(tmp_path, data):
    program = bytearray(font_program(TEXT))
    for _ in range(data.draw(st.integers(1, 10))):
        program[data.draw(st.integers(0, min(len(program) - 1, 2_000)))] = data.draw(st.integers(0, 255))
    file = good_file()
    file.objects[11] = stream(bytes(program), b"/Length1 1")
    file.objects[15] = stream(bytes(program), b"/Length1 1")
    check(_write(tmp_path / "a.pdf", file.build()))


def test_what_is_not_looked_into_is_said(tmp_path):
    assert check(_write(tmp_path / "a.pdf", good_file().build())).unexamined == ()
    file = good_file().replace(16, b"/Interpolate false", b"/Filter /JPXDecode")
    file.replace(14, b"/FontFile2", b"/FontFile3")
    file.replace(
        3, b"/Resources <<", b"/Resources << /ColorSpace << /S [/Separation /Red /DeviceRGB 18 0 R] >>"
    )
    file.set_content(b"/S cs 1 scn 0 0 9 9 re f BT /F2 12 Tf (So) Tj ET")
    notes = check(_write(tmp_path / "b.pdf", file.build())).unexamined
    assert len(notes) == 3
