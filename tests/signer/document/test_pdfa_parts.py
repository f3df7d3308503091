"""PDF/A-1b and -3b: good files pass, each rule is found in a file that breaks it, under that part's own number; and
the part that a file is judged by is the one that it claims."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pikepdf.pdfa._catalogue import load_rules

import signer.document.pdfa
from signer import wire
from signer.document.pdfa import UNDONE, check
from signer.document.pdfa.parts import PARTS, READER
from signer.document.pdfa.words import AREAS, UNEXAMINED, to_json, told
from signer.errors import DocumentRefused
from tests.factories.encrypted import USER, WAYS, encrypted
from tests.factories.pdfa_file import CATALOG, GOOD, INFO, LINK, METADATA, PAGE, metadata
from tests.factories.pdfa_parts import ACCOMPANIED_OF, FROM_PART_2, VIOLATIONS_OF
from tests.factories.pdfa_violations import VIOLATIONS, changed_packet, container, make, signed

OTHERS = ("1", "3")
CASES = [
    (part, rule, index)
    for part in OTHERS
    for rule, made in VIOLATIONS_OF[part].items()
    for index in range(len(made))
]


def judged(folder, data):
    path = folder / "a.pdf"
    path.write_bytes(data)
    report = check(path)
    assert wire.loads(wire.dumps(report)) == report
    return report


@pytest.mark.parametrize("part", PARTS)
def test_the_good_file_of_each_part_conforms_to_it(tmp_path, part):
    report = judged(tmp_path, GOOD[part]().build())
    assert report.findings == ()
    assert (report.conforms, report.complete, report.unexamined) == (True, True, ())
    assert (report.claims, report.against) == (f"{part}B", f"{part}B")


@pytest.mark.parametrize(("part", "rule", "index"), CASES)
def test_each_rule_is_found_in_the_file_that_breaks_it(tmp_path, part, rule, index):
    report = judged(tmp_path, make(VIOLATIONS_OF[part][rule][index], GOOD[part]()))
    assert rule in report.rules
    others = ACCOMPANIED_OF[part].get(rule, set())
    assert report.rules <= {rule} | others
    assert not report.conforms
    assert report.complete or report.rules & {"6.1.3-2", "6.1.13-7"}
    assert {finding.area for finding in report.findings} <= AREAS.keys()


def written():
    """Every rule that the check may find, as its sources name them."""
    folder = Path(signer.document.pdfa.__file__).parent
    texts = [path.read_text() for path in folder.glob("*.py") if path.name != "parts.py"]
    return {rule for text in texts for rule in re.findall(r'"((?:\d:)?6\.[\d.]+-\d+(?:/\w+)?)"', text)}


@pytest.mark.parametrize("part", PARTS)
def test_every_rule_of_a_part_has_its_violating_file(part):
    numbers = {PARTS[part].number(rule) for rule in written()} - {None}
    assert numbers == set(VIOLATIONS_OF[part])


@pytest.mark.parametrize("part", PARTS)
def test_every_rule_carries_a_number_of_the_published_profile(part):
    start = f"ISO_19005_{part}:"
    known = {rule.removeprefix(start) for rule in load_rules() if rule.startswith(start)}
    assert set(VIOLATIONS_OF[part]) <= known
    assert all(PARTS[part].area(rule) != READER for rule in VIOLATIONS_OF[part])


def test_no_name_of_a_rule_in_part_1_stands_for_nothing():
    assert PARTS["1"].clauses.keys() - {READER} <= written()
    assert set(FROM_PART_2) <= set(VIOLATIONS_OF["1"])


# --- which part a file is judged by


def renamed(part, level):
    return changed_packet(
        r"<pdfaid:part>.*</pdfaid:conformance>",
        f"<pdfaid:part>{part}</pdfaid:part><pdfaid:conformance>{level}</pdfaid:conformance>",
    )


@pytest.mark.parametrize(
    ("part", "level", "against", "rules"),
    [
        ("1", "A", "1B", set()),
        ("2", "A", "2B", set()),
        ("2", "U", "2B", set()),
        ("3", "U", "3B", set()),
        ("4", "B", "2B", {"6.6.4-2"}),
        ("2.0", "B", "2B", {"6.6.4-2"}),
        ("", "B", "2B", {"6.6.4-2"}),
        ("1", "U", "1B", {"6.7.11-3"}),
        ("2", "E", "2B", {"6.6.4-3"}),
        ("2", "", "2B", {"6.6.4-3"}),
    ],
)
def test_a_file_is_judged_by_the_part_that_it_claims(tmp_path, part, level, against, rules):
    report = judged(tmp_path, make(renamed(part, level), GOOD[part if part in GOOD else "2"]()))
    claims = part + level if part else ""
    assert (report.claims, report.against, report.rules) == (claims, against, rules)
    assert report.conforms == (not rules)
    more = {"A": ("level-a",), "U": ("level-u",)}.get(level, ())
    assert report.unexamined == (more if not rules else ())


def test_what_claims_nothing_is_judged_by_part_2_and_never_conforms(tmp_path):
    report = judged(tmp_path, make(VIOLATIONS["6.6.4-1"][0]))
    assert (report.claims, report.against, report.conforms) == ("", "2B", False)
    assert "6.6.4-1" in report.rules
    assert told(report, "en") == "The file does not say that it is PDF/A."


@pytest.mark.parametrize("part", OTHERS)
def test_the_file_of_another_part_does_not_conform(tmp_path, part):
    """What 2b allows, 1b does not; what 3b demands of an embedded file is no use in 2b."""
    claim, file = ("1", GOOD["2"]()) if part == "1" else ("2", GOOD["3"]())
    report = judged(tmp_path, make(renamed(claim, "B"), file))
    assert not report.conforms
    found = {"1": {"6.4-2", "6.4-3", "6.4-6", "6.2.2-1", "6.3.5-3", "6.9-2"}, "3": {"6.8-5"}}[part]
    assert report.rules == found


def test_two_claims_are_no_claim(tmp_path):
    two = changed_packet(
        "</pdfaid:part>", "</pdfaid:part><pdfaid:part>2</pdfaid:part>"
    )  # in a file that would pass as either
    assert judged(tmp_path, make(two, GOOD["1"]())).rules == {"6.7.11-1"}


def test_a_claim_is_printable_and_short(tmp_path):
    report = judged(tmp_path, make(renamed("2\u202e" + "9" * 100, "B"), GOOD["2"]()))
    assert report.claims == "2" + "9" * 18
    assert not report.conforms


# --- encryption, and the two dates that mean the same


@pytest.mark.parametrize("way", list(WAYS)[:2])
def test_an_encrypted_file_is_read_with_its_password_and_does_not_conform(tmp_path, way):
    path = tmp_path / "a.pdf"
    path.write_bytes(encrypted(GOOD["2"]().build(), way))
    closed = check(path)
    assert (closed.rules, closed.complete, closed.claims) == ({"6.1.3-2"}, False, "")
    opened = check(path, password=USER)
    assert "6.1.3-2" in opened.rules
    assert (opened.complete, opened.claims, opened.conforms) == (True, "2B", False)


@pytest.mark.parametrize(
    "said",
    ["2026-01-01T20:04:05Z", "2026-01-01T20:04:05.5Z", "2026-01-02T02:04:05+06:00", "2026-01-01T20:04:05"],
)
def test_dates_are_the_same_when_they_are_the_same_moment(tmp_path, said):
    other = changed_packet("2026-01-02T03:04:05.07:00", said)
    assert judged(tmp_path, make(other, GOOD["1"]())).findings == ()


@pytest.mark.parametrize(
    "said", ["2026", "2026-01-02", "2026-13-02T03:04:05Z", "0001-01-01T00:00:00+23:59", "?", ""]
)
def test_other_dates_are_not(tmp_path, said):
    other = changed_packet("2026-01-02T03:04:05.07:00", said)
    assert judged(tmp_path, make(other, GOOD["1"]())).rules == {"6.7.3-1"}


def test_a_metadata_packet_in_utf_16_is_allowed_in_part_1(tmp_path):
    assert judged(tmp_path, make(VIOLATIONS["6.6.2.1-5"][0], GOOD["1"]())).findings == ()


def test_signatures_layers_and_page_actions_are_no_rules_of_part_1(tmp_path):
    file = GOOD["1"]().replace(PAGE, b"/Rotate 0", b"/AA << >> /PresSteps << >>")
    data = signed(file, container("one", certificates=False), shift=-10)
    assert judged(tmp_path, data).findings == ()


def test_associated_anywhere_is_associated(tmp_path):
    file = GOOD["3"]().replace(CATALOG, b"/AF [27 0 R]", b"").replace(LINK, b"/F 4", b"/F 4 /AF [27 0 R]")
    assert judged(tmp_path, file.build()).findings == ()


# --- values of wrong kinds

KINDS = [
    b"null", b"true", b"-1", b"0.5", b"(text)", b"<41>", b"/Name", b"[]", b"[[[1 0 R]]]", b"<< >>", b"1 0 R", b"99 0 R",
    b"<< /S /URI /A 1 0 R >>", b"[1 (a) /b null]", b"99999999999", b"<< /EF 3 /F 4 /UF null >>",
]  # fmt: skip
KEYS = re.compile(rb"/([A-Z][A-Za-z0-9]{0,20}) ")


@pytest.mark.parametrize("part", PARTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_values_of_wrong_kinds_never_end_in_an_exception(tmp_path, part, data):
    """Any key of any object of a good file gets another value, or an object becomes something else."""
    file = GOOD[part]()
    for _ in range(data.draw(st.integers(1, 4))):
        number = data.draw(st.sampled_from(sorted(file.objects)))
        kind = data.draw(st.sampled_from(KINDS))
        body = file.objects[number]
        keys = [match.end() for match in KEYS.finditer(body.partition(b"stream")[0])]
        if keys and data.draw(st.booleans()):
            at = data.draw(st.sampled_from(keys))
            file.objects[number] = body[:at] + kind + b" /Was " + body[at:]
        else:
            file.objects[number] = kind
    assert to_json(judged_or_refused(tmp_path, file.build()))["conforms"] in (True, False)


def judged_or_refused(folder, data):
    try:
        return judged(folder, data)
    except DocumentRefused:
        return UNDONE


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["<a>", "</a>", "<rdf:li>", "</rdf:li>", "<pdfaid:part>", "</pdfaid:part>", "1", "2026",
    "<rdf:Description ", 'pdfaid:part="1"', ">", "</rdf:Description>", "&amp;", "&#55296;", "<![CDATA[x]]>",
    "<rdf:Alt>", "</rdf:Alt>", "<dc:title>", "</dc:title>", "\u202e", "<!--", "-->"]), max_size=40))  # fmt: skip
def test_hostile_packets_never_end_in_an_exception(tmp_path, pieces):
    head = (
        '<x:x xmlns:x="x" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    )
    file = GOOD["1"]()
    file.objects[METADATA] = metadata(head + "".join(pieces) + "</rdf:RDF></x:x>")
    assert not judged(tmp_path, file.build()).conforms


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("D:Z+-'0123456789", max_size=30), st.text("TZ+-:.0123456789", max_size=30))
def test_any_dates_are_compared(tmp_path, one, other):
    file = GOOD["1"]()
    file.replace(INFO, b"D:20260102030405+07'00'", one.encode())
    report = judged(tmp_path, make(changed_packet("2026-01-02T03:04:05.07:00", other), file))
    assert report.rules <= {"6.7.3-1"}


# --- what the report says


def test_the_report_as_json_is_of_the_schema(tmp_path):
    schema = json.loads((Path(__file__).parents[3] / "docs/antin.verify-1.schema.json").read_text())
    for part in PARTS:
        for breaker in [made[0] for made in VIOLATIONS_OF[part].values()][::20]:
            found = to_json(judged(tmp_path, make(breaker, GOOD[part]())))
            jsonschema.validate(found, {**schema["$defs"]["pdfa"]})
            assert all(one["area_text"] for one in found["findings"])


def test_each_word_is_told_in_both_languages():
    for vietnamese, english in (*AREAS.values(), *UNEXAMINED.values()):
        assert vietnamese and english and vietnamese != english
    areas = {area for part in PARTS.values() for area in part.areas.values()} | {READER}
    assert areas == AREAS.keys()


def test_people_are_told_in_one_sentence(tmp_path):
    good = judged(tmp_path, GOOD["1"]().build())
    bad = judged(tmp_path, make(VIOLATIONS_OF["1"]["6.9-1"][0], GOOD["1"]()))
    assert told(good) == "Tệp tự khai là PDF/A-1B; kiểm tra theo PDF/A-1B không thấy vi phạm."
    assert told(bad) == "Tệp tự khai là PDF/A-1B nhưng có 1 điểm chưa đúng quy tắc của PDF/A-1B."
    assert told(UNDONE) == ("Chưa kiểm tra hết được PDF/A trong giới hạn cho phép nên không kết luận.")


def test_the_documentation_lists_every_rule_of_every_part():
    text = (Path(__file__).parents[3] / "docs/pdfa.md").read_text()
    for part, made in VIOLATIONS_OF.items():
        assert set(made) <= _listed(text), part


def _listed(text):
    """Rules of a list such as "6.1.2-1, -2"."""
    found = set()
    for clause, tests in re.findall(r"(6(?:\.\d+)+)-(\d+(?:, -\d+)*)", text):
        found |= {f"{clause}-{number}" for number in tests.split(", -")}
    return found
