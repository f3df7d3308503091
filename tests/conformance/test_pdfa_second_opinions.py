"""Two foreign judges of our PDF/A check: Debian's Preflight (PDF/A-1b only) and pikepdf's validator (2b, no
forms, trusts the syntax). Each accepts the good file and denies the violating ones that it can see."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pikepdf.pdfa import validate_written

from api.demo.pdf_colour import srgb_profile
from tests.conftest import need_tool
from tests.factories.pdfa_file import (
    BINARY,
    CATALOG,
    CID_DESCRIPTOR,
    IMAGE,
    METADATA,
    PAGE,
    PROFILE,
    SIG_FIELD,
    STATE,
    TEXT,
    XMP,
    good_file,
    program_of,
    stream,
)  # fmt: skip
from tests.factories.pdfa_violations import VIOLATIONS, make, with_entries

JARS = ("preflight", "pdfbox2", "fontbox2", "xmpbox", "commons-logging", "jaxb-api", "javax.activation")
# Rules that part 1 has not, or that Preflight 2.0.27 does not look at.
UNSEEN_BY_PREFLIGHT = {
    "6.1.8-1", "6.1.12-1", "6.1.12-2", "6.1.13-3", "6.1.13-5", "6.1.13-11", "6.2.2-2", "6.2.3-3", "6.2.5-3",
    "6.2.5-4", "6.2.5-5", "6.2.6-1", "6.2.8-3", "6.2.8-4", "6.2.10-2", "6.2.11.2-1", "6.2.11.2-6", "6.2.11.2-7",
    "6.2.11.4.2-2", "6.2.11.6-1", "6.2.11.8-1", "6.3.2-2", "6.3.3-1", "6.4.2-1", "6.4.2-2", "6.4.3-1",
    "6.4.3-2", "6.4.3-3", "6.5.2-2", "6.6.2.1-1", "6.10-1", "6.10-2", "6.11-1", "6.1.2-1", "6.1.13-1",
}  # fmt: skip
# Frame and object syntax, which pikepdf leaves to the writer, and forms, which it does not know.
UNSEEN_BY_PIKEPDF = (
    "6.1.2",
    "6.1.3-3",
    "6.1.4",
    "6.1.6",
    "6.1.7.1-1",
    "6.1.7.1-2",
    "6.1.9",
    "6.1.13-7",
    "6.4.",
)
NEEDS_A_FORM = {("6.2.2-2", 1), *((f"6.3.{rule}", 0) for rule in ("2-1", "2-2", "3-1", "3-2", "3-3", "3-4"))}


def _part_1():
    """The good file as PDF/A-1b: no transparency, an older profile, a complete CIDSet, every appearance."""
    file = good_file()
    file.header = b"%PDF-1.4\n" + BINARY + b"\n"
    file.objects[METADATA] = stream(XMP.replace(">2<", ">1<").encode(), b"/Type /Metadata /Subtype /XML")
    file.objects[PROFILE] = stream(srgb_profile(), b"/N 3")
    file.replace(PAGE, b"/Group << /S /Transparency /CS /DeviceRGB >> ", b"")
    file.replace(IMAGE, b"/SMask 17 0 R", b"").replace(STATE, b"/ca 0.5", b"")
    file.replace(SIG_FIELD, b"/P 3 0 R", b"/P 3 0 R /AP << /N 23 0 R >>")
    glyphs = program_of(TEXT)["maxp"].numGlyphs
    every = ((1 << glyphs) - 1) << (-glyphs % 8)
    file.objects[29] = stream(every.to_bytes((glyphs + 7) // 8, "big"))
    return with_entries(file, CID_DESCRIPTOR, b"/CIDSet 29 0 R")


def _preflight(folder: Path, names: list[str]) -> dict[str, bool]:
    """Whether Preflight finds each file valid; one Java process for all."""
    java = need_tool("java")
    jars = [Path("/usr/share/java") / f"{name}.jar" for name in JARS]
    if not all(jar.exists() for jar in jars):
        need_tool("preflight.jar of libpdfbox2-java, with libjaxb-api-java and libactivation-java")
    (folder / "list").write_text("".join(f"{folder / name}\n" for name in names))
    main = ("org.apache.pdfbox.preflight.Validator_A1b", "xml", "batch", str(folder / "list"))
    subprocess.run(
        [java, "-cp", ":".join(map(str, jars)), *main], capture_output=True, check=False, timeout=600
    )
    found = {}
    for name in names:
        tree = ElementTree.parse(folder / f"{name}.preflight.xml")  # noqa: S314 (made by the tool just run)
        found[name] = tree.findtext("isValid") == "true"
    return found


def test_preflight_accepts_the_good_file_and_denies_what_breaks_part_1(tmp_path):
    (tmp_path / "good.pdf").write_bytes(_part_1().build())
    broken = []
    for rule, breakers in VIOLATIONS.items():
        if rule not in UNSEEN_BY_PREFLIGHT:
            for index, breaker in enumerate(breakers):
                broken.append(f"{rule}_{index}.pdf")
                (tmp_path / broken[-1]).write_bytes(make(breaker, _part_1()))
    assert len(broken) > 70
    verdicts = _preflight(tmp_path, ["good.pdf", *broken])
    assert [name for name, valid in verdicts.items() if valid] == ["good.pdf"]


def _without_form():
    file = good_file()
    catalog = file.objects[CATALOG]
    file.objects[CATALOG] = catalog[: catalog.index(b"/AcroForm")] + b">>"
    return file.replace(PAGE, b"[19 0 R 21 0 R 22 0 R]", b"[22 0 R]")


def test_pikepdf_accepts_the_good_file():
    report = validate_written(io.BytesIO(_without_form().build()), "2b")
    assert report.passed, report.findings


@pytest.mark.parametrize(
    ("rule", "index"),
    [
        (rule, index)
        for rule, breakers in VIOLATIONS.items()
        for index in range(len(breakers))
        if not rule.startswith(UNSEEN_BY_PIKEPDF) and (rule, index) not in NEEDS_A_FORM
    ],
)
def test_pikepdf_denies_what_our_check_denies(rule, index):
    data = make(VIOLATIONS[rule][index], _without_form())
    assert not validate_written(io.BytesIO(data), "2b").passed
