"""Hostile and unfit files: each ends in its own cited refusal, and costs little."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pikepdf
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.intake import ISSUING, VERIFYING, IntakeLimits, IntakeRefused, PageShape, decide
from policies.reasons import document as reasons
from signer import wire
from signer.document.intake import examine_file
from signer.sandbox import Sandbox, SandboxLimits
from tests import memory
from tests.factories import hostile
from tests.factories.pdfa_file import good_file, with_a_large_image
from tests.service import PATIENCE
from tests.signer.document import build

REFUSED_WHEN_ISSUING = {
    "empty": reasons.EMPTY,
    "not_a_pdf": reasons.NOT_PDF,
    "cut_in_half": reasons.CUT_IN_HALF,
    "linearised_and_cut": reasons.CUT_IN_HALF,
    "updated_and_cut": reasons.CUT_IN_HALF,
    "damaged_xref": reasons.XREF_DAMAGED,
    "bytes_after_the_end": reasons.DAMAGED,
    "encrypted": reasons.ENCRYPTED,
    "encrypted_without_user_password": reasons.ENCRYPTED,
    "xfa": reasons.XFA,
    "javascript_on_open": reasons.JAVASCRIPT,
    "javascript_by_name": reasons.JAVASCRIPT,
    "javascript_behind_a_harmless_action": reasons.JAVASCRIPT,
    "javascript_in_an_orphan_parent_field": reasons.JAVASCRIPT,
    "javascript_in_an_outline": reasons.JAVASCRIPT,
    "javascript_with_an_escaped_name": reasons.JAVASCRIPT,
    "javascript_on_page_open": reasons.JAVASCRIPT,
    "launch": reasons.LAUNCH_ACTION,
    "submit_form": reasons.ACTIVE_CONTENT,
    "rich_media": reasons.ACTIVE_CONTENT,
    "embedded_file": reasons.EMBEDDED_FILES,
    "attached_by_annotation": reasons.EMBEDDED_FILES,
    "associated_file": reasons.EMBEDDED_FILES,
    "hundred_thousand_pages": reasons.TOO_MANY_PAGES,
    "hundred_thousand_pages_that_say_one": reasons.TOO_MANY_PAGES,
    "one_page_a_thousand_times": reasons.TOO_MANY_PAGES,
    "deep_page_tree": reasons.PAGE_TREE_TOO_DEEP,
    "looping_page_tree": reasons.PAGE_TREE_TOO_DEEP,
    "no_pages": reasons.NO_PAGES,
    "object_stream_bomb": reasons.BOMB,
    "xref_stream_bomb": reasons.BOMB,
    "first_page_bomb": reasons.BOMB,
    "xref_loop": reasons.XREF_LOOP,
    "xref_loop_of_two": reasons.XREF_LOOP,
    "two_million_objects": reasons.TOO_MANY_OBJECTS,
    "already_signed": reasons.ALREADY_SIGNED,
    "certified": reasons.CERTIFIED,
    "marked_secret": reasons.SECRET_MARK,
    "marked_secret_in_a_stamp": reasons.SECRET_MARK,
}
REFUSED_WHEN_VERIFYING = {
    "empty", "damaged_xref", "not_a_pdf", "cut_in_half", "linearised_and_cut", "updated_and_cut",
    "hundred_thousand_pages", "hundred_thousand_pages_that_say_one", "one_page_a_thousand_times",
    "deep_page_tree", "looping_page_tree", "no_pages", "object_stream_bomb", "xref_stream_bomb",
    "first_page_bomb", "xref_loop", "xref_loop_of_two", "two_million_objects",
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1, SandboxLimits(wall_seconds=PATIENCE)) as pool:
        yield pool


def worked(sandbox: Sandbox) -> float:
    """Processor seconds of the worker so far."""
    (worker,) = sandbox._idle.queue
    if worker is None:
        return 0.0
    times = psutil.Process(worker.process.pid).cpu_times()
    return times.user + times.system


@pytest.fixture(scope="module")
def attacks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    for name, make in hostile.MAKERS.items():
        make(folder / name)
    return folder


def _write(path, data):
    path.write_bytes(data)
    return path


def _facts(path, limits=ISSUING.limits):
    facts = examine_file(path, limits)
    assert wire.loads(wire.dumps(facts)) == facts
    return facts


def test_every_attack_is_expected_somewhere():
    assert set(hostile.MAKERS) == set(REFUSED_WHEN_ISSUING)


@pytest.mark.parametrize("name", hostile.MAKERS)
def test_refused_with_its_own_reason_when_issuing(sandbox, attacks, name):
    before = worked(sandbox)
    facts = sandbox.call("signer.document.intake:examine_file", attacks / name, ISSUING.limits)
    assert worked(sandbox) - before < 10
    with pytest.raises(IntakeRefused) as refusal:
        decide(facts, ISSUING)
    assert refusal.value.reason == REFUSED_WHEN_ISSUING[name]
    assert "{" not in refusal.value.text("vi") + refusal.value.text("en")


@pytest.mark.parametrize("name", hostile.MAKERS)
def test_verifying_refuses_only_what_cannot_be_read_within_limits(sandbox, attacks, name):
    facts = sandbox.call("signer.document.intake:examine_file", attacks / name, VERIFYING.limits)
    if name in REFUSED_WHEN_VERIFYING:
        with pytest.raises(IntakeRefused):
            decide(facts, VERIFYING)
    else:
        decide(facts, VERIFYING)


def test_a_good_file_is_taken_in_with_all_its_facts(tmp_path):
    facts = _facts(_write(tmp_path / "good.pdf", good_file().build()))
    decide(facts, ISSUING)
    assert facts.refusal is None
    assert facts.walk_complete
    assert facts.damage == ()
    assert facts.version == "1.7"
    assert facts.pages == facts.declared_pages == 1
    assert facts.shapes == (PageShape(595, 842, 0),)
    assert facts.pdfa == "2B"
    assert facts.actions == ("URI",)
    assert facts.fonts_not_embedded == ()
    assert [(field.name, field.signed) for field in facts.signatures] == [("leader", False)]


@pytest.mark.parametrize("mode", ["disable", "generate"])
@pytest.mark.parametrize("linearize", [False, True])
def test_object_streams_and_linearised_files_are_taken_in(tmp_path, mode, linearize):
    with pikepdf.open(io.BytesIO(good_file().build())) as pdf:
        modes = pikepdf.ObjectStreamMode
        pdf.save(tmp_path / "a.pdf", linearize=linearize, object_stream_mode=getattr(modes, mode))
    decide(_facts(tmp_path / "a.pdf"), ISSUING)


def test_rotation_and_crop_shape_the_page_as_displayed(tmp_path):
    file = good_file().replace(3, b"/Rotate 0", b"/Rotate -90 /CropBox [10 10 110 210]")
    facts = _facts(_write(tmp_path / "a.pdf", file.build()))
    assert facts.shapes == (PageShape(200, 100, 270),)


def test_fonts_that_are_not_embedded_are_named(tmp_path):
    file = good_file().replace(14, b"/FontFile2 15 0 R", b"")
    facts = _facts(_write(tmp_path / "a.pdf", file.build()))
    assert facts.fonts_not_embedded == ("GHIJKL+LiberationSerif",)


def test_too_large_is_refused_unread(tmp_path):
    facts = _facts(_write(tmp_path / "a.pdf", good_file().build()), IntakeLimits(file_bytes=100))
    assert facts.version == ""
    with pytest.raises(IntakeRefused) as refusal:
        decide(facts, ISSUING.__class__("small", IntakeLimits(file_bytes=100)))
    assert refusal.value.reason == reasons.TOO_LARGE


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        ("MẬT", "MẬT"),
        ("TỐI MẬT", "TỐI MẬT"),
        ("TUYỆT  MẬT", "TUYỆT MẬT"),
        ("M Ậ T", "MẬT"),
        ("Mật", ""),
        ("BẢO VỆ BÍ MẬT NHÀ NƯỚC", ""),
        ("phải giữ bí mật", ""),
    ],
)
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_only_a_mark_that_stands_alone_in_capitals_counts(tmp_path, line, mark, rotate):
    upper = {0: (60, 700), 90: (60, 60), 180: (60, 60), 270: (500, 60)}[rotate]
    file = good_file(((*upper, line),))
    file.replace(3, b"/Rotate 0", b"/Rotate %d" % rotate)
    assert _facts(_write(tmp_path / "a.pdf", file.build())).secrecy_mark == mark


def test_a_mark_beside_the_place_and_date_is_seen(tmp_path):
    file = good_file(((60, 700, "MẬT"), (300, 700, "Hà Nội, ngày 05 tháng 3 năm 2026")))
    assert _facts(_write(tmp_path / "a.pdf", file.build())).secrecy_mark == "MẬT"


@pytest.mark.parametrize("annotations", [b"/Annots", b"/NoAnnots"])
def test_a_mark_stands_where_the_page_shows_it(tmp_path, annotations):
    """A crop box beyond the paper shows no more of it (ISO 32000-2, 14.11.2.1)."""
    file = good_file(((60, 700, "MẬT"),)).replace(3, b"/Rotate 0", b"/Rotate 0 /CropBox [0 0 600 2400]")
    file.replace(3, b"/Annots", annotations)
    assert _facts(_write(tmp_path / "a.pdf", file.build())).secrecy_mark == "MẬT"


def test_a_word_at_the_foot_of_the_page_is_no_mark(tmp_path):
    file = good_file(((60, 100, "MẬT"),))
    assert _facts(_write(tmp_path / "a.pdf", file.build())).secrecy_mark == ""


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_broken_bytes_are_facts_never_exceptions(tmp_path, data):
    good = bytearray(good_file().build())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(good) - 1))
        good[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
    facts = _facts(_write(tmp_path / "broken.pdf", bytes(good)))
    with contextlib.suppress(IntakeRefused):
        decide(facts, ISSUING)


def _peak_kilobytes(path: Path) -> int:
    """Of a process that examines the file, takes it in and checks it against PDF/A."""
    code = memory.SOURCE + (
        "import sys; from pathlib import Path; from policies.intake import *; "
        "from signer.document.intake import examine_file; from signer.document.pdfa import check; "
        "decide(examine_file(Path(sys.argv[1]), ISSUING.limits), ISSUING); "
        "assert check(Path(sys.argv[1])).conforms; "
        "print(peak_kilobytes())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_memory_does_not_grow_with_the_file(tmp_path):
    small = _peak_kilobytes(_write(tmp_path / "small.pdf", good_file().build()))
    large = _peak_kilobytes(with_a_large_image(tmp_path / "large.pdf", 200_000_000))
    assert large - small < 40_000


@pytest.mark.long
def test_one_gigabyte_is_examined_within_256_megabytes(tmp_path):
    assert _peak_kilobytes(with_a_large_image(tmp_path / "giga.pdf", 1_000_000_000)) < 256 * 1024


def test_a_file_cut_anywhere_in_its_last_update_is_refused(tmp_path):
    """What is left opens as the earlier revision, so that only the bytes after its end tell."""
    whole, path = build.prepared(), tmp_path / "cut.pdf"
    first_end = whole.index(b"%%EOF\n") + 6
    for cut in range(first_end + 1, len(whole) - 6):
        path.write_bytes(whole[:cut])
        facts = examine_file(path, ISSUING.limits)
        for profile in (ISSUING, VERIFYING):
            with pytest.raises(IntakeRefused) as refusal:
                decide(facts, profile)
            assert refusal.value.reason == reasons.CUT_IN_HALF, (cut, whole[first_end:cut][-40:])


@pytest.mark.parametrize(
    "tail", [b"1", b"12 ", b"12 0", b"12 0 o", b"12 0 obj<<", b"\r\n%c\n7 0 ob", b"x", b"xre", b"xref\n0 1"]
)
def test_the_first_bytes_of_an_update(tmp_path, tail):
    path = _write(tmp_path / "a.pdf", good_file().build() + tail)
    assert examine_file(path, ISSUING.limits).truncated


@pytest.mark.parametrize("tail", [b"<html>", b"12 monkeys", b"x-ray", b"\0\0\n", b"% a comment", b"-- 7 0"])
def test_other_bytes_are_not_taken_for_an_update(tmp_path, tail):
    path = _write(tmp_path / "a.pdf", good_file().build() + tail)
    assert not examine_file(path, ISSUING.limits).truncated
