"""Two foreign judges of our PDF/A check: Debian's Preflight (PDF/A-1b only) and pikepdf's validator (all parts, no
forms, trusts the syntax). Each accepts the good file and denies the violating ones that it can see."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pikepdf.pdfa import validate_written

from tests.conftest import need_tool
from tests.factories.pdfa_file import CATALOG, GOOD, PAGE
from tests.factories.pdfa_parts import VIOLATIONS_OF
from tests.factories.pdfa_violations import make

JARS = ("preflight", "pdfbox2", "fontbox2", "xmpbox", "commons-logging", "jaxb-api", "javax.activation")
# Rules of part 1, or single files for them, that Preflight 2.0.27 does not look at.
UNSEEN_BY_PREFLIGHT: set[str | tuple[str, int]] = {
    ("6.1.12-1", 1), ("6.1.12-2", 3), ("6.2.4-3", 1), "6.2.4-4", ("6.2.9-1", 0), "6.3.2-1", "6.3.2-6", "6.3.2-7",
    ("6.3.5-3", 1), "6.7.2-1", ("6.7.3-1", 1), ("6.7.3-1", 2), ("6.7.3-2", 1), "6.7.11-1", "6.7.11-2", "6.7.11-5",
    # colours below a pattern's; states of patterns; intents of inline images
    ("6.2.3.3-2", 21), ("6.2.3.3-2", 23), ("6.2.8-1", 1), ("6.2.8-2", 1), ("6.2.9-1", 3), ("6.2.9-1", 4),
    ("6.4-4", 1),
    ("6.6.1-1", 15),  # /PA of a link
}  # fmt: skip
# Frame and object syntax, which pikepdf leaves to the writer, and forms, which it does not know.
UNSEEN_BY_PIKEPDF = {
    "1": ("6.1.2", "6.1.3-3", "6.1.3-4", "6.1.4", "6.1.6", "6.1.7-1", "6.1.7-2", "6.1.8", "6.6.1-3",
          "6.6.2-1", "6.6.2-2", "6.9"),
    "2": ("6.1.2", "6.1.3-3", "6.1.4", "6.1.6", "6.1.7.1-1", "6.1.7.1-2", "6.1.9", "6.1.13-7", "6.4."),
}  # fmt: skip
UNSEEN_BY_PIKEPDF["3"] = UNSEEN_BY_PIKEPDF["2"]
CUT_PROFILE = {("6.2.2-1", 2), ("6.2.3-1", 2)}  # Preflight denies it; pikepdf reads the head alone


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
    (tmp_path / "good.pdf").write_bytes(GOOD["1"]().build())
    broken = []
    for rule, breakers in VIOLATIONS_OF["1"].items():
        for index, breaker in enumerate(breakers):
            if rule not in UNSEEN_BY_PREFLIGHT and (rule, index) not in UNSEEN_BY_PREFLIGHT:
                broken.append(f"{rule}_{index}.pdf")
                (tmp_path / broken[-1]).write_bytes(make(breaker, GOOD["1"]()))
    assert len(broken) > 150
    verdicts = _preflight(tmp_path, ["good.pdf", *broken])
    assert [name for name, valid in verdicts.items() if valid] == ["good.pdf"]


def _without_form(part):
    file = GOOD[part]()
    catalog = file.objects[CATALOG]
    file.objects[CATALOG] = catalog[: catalog.index(b"/AcroForm")] + b">>"
    return file.replace(PAGE, b"[19 0 R 21 0 R 22 0 R]", b"[22 0 R]")


@pytest.mark.parametrize("part", GOOD)
def test_pikepdf_accepts_the_good_file(part):
    report = validate_written(io.BytesIO(_without_form(part).build()), f"{part}b")
    assert report.passed, report.findings


FORM_ONLY = {19, 20, 21}  # the fields and their appearances


def _breaks_more_than_the_form(part, breaker):
    before, made = GOOD[part](), breaker(GOOD[part]())
    if isinstance(made, bytes):
        return True
    changed = {number for number, body in made.objects.items() if before.objects.get(number) != body}
    return not changed or not changed <= FORM_ONLY


@pytest.mark.parametrize("third", range(3))
@pytest.mark.parametrize("part", GOOD)
def test_pikepdf_denies_what_our_check_denies(part, third):
    asked, passed = 0, []
    for rule, breakers in list(VIOLATIONS_OF[part].items())[third::3]:
        for index, breaker in enumerate(breakers):
            if not rule.startswith(UNSEEN_BY_PIKEPDF[part]) and _breaks_more_than_the_form(part, breaker):
                asked += 1
                data = make(breaker, _without_form(part))
                if validate_written(io.BytesIO(data), f"{part}b").passed:
                    passed.append((rule, index))
    passed = [each for each in passed if each not in CUT_PROFILE]
    assert asked > 20
    assert passed == []
