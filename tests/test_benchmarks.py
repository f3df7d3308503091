"""The benchmark runs, and its figures are of signatures and documents that hold."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pikepdf
import pytest
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from archive.errors import ArchiveDamaged
from archive.log.note import VerifierKey
from archive.log.proofs import ProofMaker, verify_proof
from archive.log.reader import TileReader
from archive.log.tiles import tile_of
from archive.storage.memory import MemoryStore
from benchmarks import (
    archive,
    attacks,
    fixity,
    harness,
    identity,
    large,
    oracle,
    path,
    pdfbox,
    picture,
    proofs,
    readme,
    results,
    signing,
    throughput,
    timestamps,
    verifying,
)
from benchmarks.__main__ import main
from benchmarks.harness import Row, Times
from benchmarks.signing import KINDS, PEERS, Reach
from benchmarks.simulated import SimulatedTree, write
from policies.validation import PASSED
from tests.archive.log.house import KEY, NOW
from tests.archive.log.naive import naive_root
from tests.conftest import need_tool

ROOT = Path(__file__).parents[1]
IDS = [
    "sign-54k",
    "sign-54k-visible",
    "sign-423k",
    "sign-423k-visible",
    "sign-16m",
    "sign-6510-table",
    "sign-6510-streams",
    "sign-resigned",
    "sign-54k-p256",
    "sign-16m-kept",
]
ARCHIVE = ["archive-54k", "archive-54k-8", "archive-54k-16", "archive-20m", "locks-extended"]
PLAIN = ["verify-16m-plain"] if platform.machine().lower() in ("x86_64", "amd64") else []
VERIFYING = [*(kind.id for kind in verifying.KINDS), *PLAIN]
FIXITY = ["fixity-scan", "fixity-small", "fixity-scan-s3", "fixity-small-s3", "fixity-service"]
GOOD = Row("sign-54k", "sign, 54 KB", "1 ms", "limit", "≤ 2 ms", True, 1.0, 0.8, 1.25, {"pdfbox": 3.0})
BAD = Row("log-leaves", "bad", "3 ms", "limit", "≤ 2 ms", False, 3.0, more={"unit": "ms a leaf"})
RUN = {"python": "3", "cores": 2, "system": "Linux", "fsync_ms": 1.0, "sha256_mb_s": 1.0}


@pytest.fixture(scope="module")
def ground():
    with signing.ground() as made:
        yield made


@pytest.fixture(scope="module")
def java(ground):
    with pdfbox.running(ground.folder) as process:
        yield process


def test_rows_become_a_table_and_a_file_and_a_row_that_does_not_hold_fails_the_command(
    monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr(signing, "run", lambda quick: [GOOD, BAD][: 1 if quick else 2])
    assert main(["signing", "--quick", f"--out={tmp_path}"]) == 0
    assert main(["signing", f"--out={tmp_path}"]) == 1
    told = capsys.readouterr().out
    assert "one fsync" in told
    assert "| bad | 3 ms | limit | ≤ 2 ms | **no** |" in told
    first, second = json.loads((tmp_path / "bench.json").read_text("utf-8"))["rows"]
    figures = ("id", "value_ms", "limit_ms", "ratio", "peers", "holds")
    assert [first[key] for key in figures] == ["sign-54k", 1.0, 0.8, 1.25, {"pdfbox": 3.0}, True]
    assert [second[key] for key in figures] == ["log-leaves", 3.0, None, None, {}, False]
    assert second["unit"] == "ms a leaf"
    rows, run = results.read(tmp_path)
    assert rows == [GOOD, BAD]
    assert (run["quick"], run["whole"]) == (False, False)
    assert (tmp_path / "bench-signing.svg").exists()


def test_percentiles_and_alternating_times():
    assert harness.percentile([3.0, 1.0, 2.0, 4.0], 0.95) == 4.0
    calls = []
    acts = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    found = harness.alternate(acts, 3, warm=1)
    assert "".join(calls) == "ab" + "ab" + "ba" + "ab"
    assert found["a"].wall >= 0


def test_slow_acts_come_seldom_and_what_comes_before_an_act_is_not_timed():
    calls = []
    acts = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    harness.alternate(acts, 4, warm=0, seldom=("b",), every=2, before=lambda: calls.append("."))
    assert "".join(calls) == ".a.b" + ".a" + ".a.b" + ".a"


def test_an_act_of_another_process_brings_its_own_time():
    found = harness.alternate({"far": lambda: harness.Clocked(2.0, 1.0)}, 2)
    assert found["far"] == Times(2000.0, 1000.0)


def test_a_row_reaches_its_ratio_by_the_clock_and_by_processor_time():
    limit = Times(1.0, 1.0)
    reach = Reach(1.5)
    assert reach.holds({"ours": Times(1.5, 1.5), "limit": limit}) is True
    assert reach.holds({"ours": Times(1.6, 1.5), "limit": limit}) is False
    assert reach.holds({"ours": Times(1.5, 1.6), "limit": limit}) is False
    assert replace(reach, spare_ms=0.7).holds({"ours": Times(1.6, 1.6), "limit": limit}) is True


def test_a_peer_that_is_missing_leaves_a_row_open_and_never_makes_it_good():
    reach = Reach(2.0, faster={"pdfbox": 10})
    found = {"ours": Times(1.0, 1.0), "limit": Times(1.0, 1.0)}
    assert reach.holds(found) is None
    assert reach.holds({**found, "pdfbox": Times(10.0, 10.0)}) is True
    assert reach.holds({**found, "pdfbox": Times(10.0, 9.0)}) is False
    assert reach.holds({**found, "limit": Times(0.1, 0.1)}) is False


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_every_document_is_what_its_row_says(kind, ground):
    file = ground.bench(kind).file
    size, wanted = file.stat().st_size, {"54k": 54, "423k": 423, "16m": 16_000, "6510-table": 2_100}
    name = kind.id.removeprefix("sign-").removesuffix("-visible").removesuffix("-p256")
    if name in wanted:
        assert size / 1000 == pytest.approx(wanted[name], rel=0.02)
    blob = file.read_bytes()
    with pikepdf.open(file) as pdf:
        pages, objects = len(pdf.pages), len(pdf.objects)
        fields = {str(field.T): field for field in pdf.Root.AcroForm.Fields}
        assert "/V" not in fields["Leader"]
        assert any(fields["Leader"].Rect) is kind.shown
        assert sum("/V" in field for field in fields.values()) == (2 if kind.document == "twice" else 0)
    assert pages == {"54k": 1, "423k": 10, "16m": 4, "resigned": 1}.get(name, 60)
    if kind.document in ("table", "streams"):
        assert objects >= 6510
        assert (b"/ObjStm" in blob) is (kind.document == "streams")
        assert (b"\nxref" in blob) is (kind.document == "table")
    if kind.document == "table":
        assert objects == 6510


def _accept(ground):
    """pyHanko's judgement: whole, sound, by the right key, under the demo root."""
    roots = list(load_certs_from_pemder_data(ground.pki.trust_pem))

    def judge(file, name):
        with file.open("rb") as source:
            (found,) = (each for each in PdfFileReader(source).embedded_signatures if each.field_name == name)
            context = ValidationContext(trust_roots=roots, allow_fetching=False)
            status = validate_pdf_signature(found, context, skip_diff=True)
        assert status.intact
        assert status.valid
        assert status.trusted
        assert status.coverage.name == "ENTIRE_FILE"
        return True

    return judge


def _check(kind, ground, acts):
    need_tool("pdfsig")
    bench = ground.bench(kind)
    names = [name for name in acts if name != "limit"]
    accept, base = _accept(ground), bench.file.read_bytes()

    def judge(file, field):
        assert file.read_bytes().startswith(base)
        return oracle.check(file, field) and accept(file, field)

    assert oracle.judged(bench, acts, judge) == names
    return names


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_every_contestant_really_signs(kind, ground):
    acts = signing.contestants(ground.bench(kind), None)
    assert _check(kind, ground, acts) == ["ours", "pyhanko-tuned", "pyhanko-documented"]


@pytest.mark.long  # make test-long sets up what PDFBox needs, make test does not
def test_pdfbox_really_signs(ground, java):
    if java is None:
        pytest.skip(f"{', '.join(pdfbox.missing())} missing: PDFBox was NOT checked")
    visible = next(kind for kind in KINDS if kind.shown)
    acts = signing.contestants(ground.bench(visible), java)
    _check(visible, ground, {name: act for name, act in acts.items() if name.startswith("pdfbox")})


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_pdfbox_really_signs_each_document(kind, ground, java):
    for tool in ("javac", "java"):
        need_tool(tool)
    assert pdfbox.missing() == ()
    acts = signing.contestants(ground.bench(kind), java)
    _check(kind, ground, {name: act for name, act in acts.items() if name.startswith("pdfbox")})


def test_a_judge_sees_a_signature_that_does_not_hold(ground):
    need_tool("pdfsig")
    bench = ground.bench(KINDS[0])
    act = signing.contestants(bench, None)["pyhanko-tuned"]
    act()
    with bench.out.open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes((byte[0] ^ 1,)))
    with pytest.raises(AssertionError):
        oracle.check(bench.out, bench.field)
    with pytest.raises(AssertionError):
        _accept(ground)(bench.out, bench.field)
    with pytest.raises(AssertionError):
        oracle.check(bench.file, bench.field)


@pytest.mark.long
def test_a_failure_of_the_java_process_is_told(ground, java, tmp_path):
    if java is None:
        pytest.skip(f"{', '.join(pdfbox.missing())} missing: PDFBox was NOT checked")
    bench = replace(ground.bench(KINDS[0]), file=tmp_path / "none.pdf")
    with pytest.raises(RuntimeError, match=r"none\.pdf"):
        java.contestant(bench)()


@pytest.mark.long
def test_the_rows_of_signing_have_their_ids_and_figures(monkeypatch):
    """With PDFBox missing, so that its cells are seen to say so; three kinds of document speak for all."""
    assert [*(kind.id for kind in KINDS), signing.KEPT] == IDS
    monkeypatch.setattr(pdfbox, "missing", lambda: ("libpdfbox2-java",))
    chosen = ("sign-54k", "sign-54k-visible", "sign-16m")
    monkeypatch.setattr(signing, "KINDS", tuple(kind for kind in KINDS if kind.id in chosen))
    rows = signing.run(quick=True)
    assert [row.id for row in rows] == [*chosen, signing.KEPT]
    for row in rows:
        assert row.value_ms > 0
        assert row.limit_ms > 0
        assert row.ratio == row.value_ms / row.limit_ms
        assert set(row.peers) == {"pyhanko-tuned", "pyhanko-documented"}
        assert row.id == "sign-16m-kept" or "**PDFBox MISSING** (libpdfbox2-java)" in row.compared


@pytest.mark.long
def test_two_processes_sign_at_once():
    (row,) = throughput.run(quick=True)
    assert row.id == "throughput-2"
    assert row.more["signatures_per_second"] == pytest.approx(1000 / row.value_ms)
    assert row.ratio == pytest.approx(row.value_ms / row.limit_ms)


def test_the_first_signature_of_an_identity_is_measured_apart():
    (row,) = identity.run(quick=True)
    assert row.id == "new-identity"
    assert row.more["preparation_ms"] == pytest.approx(row.value_ms - row.more["later_ms"])
    assert row.more["later_ms"] < row.value_ms < row.peers["pyhanko-documented"]


@pytest.mark.parametrize("size", [1, 255, 256, 257, 1000, 65_537])
def test_a_simulated_log_of_which_every_leaf_is_chosen_is_a_real_one(size):
    chosen = range(size) if size < 2000 else range(65_000, size)
    tree = SimulatedTree(size, chosen)
    entries = [tree.entry(index) for index in range(size)]
    if size < 2000:
        assert tree.root() == naive_root(entries)
        assert dict(tree.tiles()).keys() >= {tile_of(0, index, size) for index in chosen}
    store = MemoryStore(clock=lambda: NOW)
    head = write(store, tree, KEY)
    for index in (chosen[0], chosen[-1]):
        proof = ProofMaker(TileReader(store), head).inclusion(index, entries[index])
        assert verify_proof(proof, entries[index], VerifierKey.parse(KEY.vkey)).size == size
    with pytest.raises(ArchiveDamaged):
        ProofMaker(TileReader(store), head).inclusion(chosen[0], b"another entry")


def test_proofs_of_very_large_logs_are_measured_with_their_size():
    rows = {row.id: row for row in proofs.run(quick=True)}
    assert set(rows) == {"proof-10m", "proof-500m"}
    for row, leaves in ((rows["proof-10m"], 10_000_000), (rows["proof-500m"], 500_000_000)):
        assert 0 < row.limit_ms < row.value_ms
        hashes = (leaves - 1).bit_length()
        assert 45 * (hashes - 1) < row.more["bytes"] < 45 * hashes + 450
    assert rows["proof-10m"].more["bytes"] <= proofs.REACH_BYTES


# The README


def test_the_readme_is_filled_from_a_whole_run(tmp_path, monkeypatch, capsys):
    (tmp_path / "docs/images").mkdir(parents=True)
    page = tmp_path / "README.md"
    page.write_text(f"before\n{readme.START}\n[of yesterday]\n{readme.END}\nafter\n", "utf-8")
    for quick, whole in ((True, True), (False, False)):
        results.write(tmp_path, [GOOD, BAD], {**RUN, "quick": quick, "whole": whole})
        assert readme.main(tmp_path, tmp_path) == 1
        assert "of yesterday" in page.read_text("utf-8")
    results.write(tmp_path, [GOOD, BAD], {**RUN, "quick": False, "whole": True})
    assert readme.main(tmp_path, tmp_path) == 0
    told = page.read_text("utf-8")
    assert told.startswith(f"before\n{readme.START}\nMeasured with `make bench`: Python 3, 2 cores")
    assert told.endswith(f"{readme.END}\nafter\n")
    assert harness.table([GOOD, BAD]) in told
    assert "of yesterday" not in told
    assert "PDFBox" in (tmp_path / readme.IMAGE).read_text("utf-8")
    assert readme.main(tmp_path / "nothing", tmp_path) == 1


def test_the_picture_has_a_bar_for_everybody_and_longer_bars_for_more_time():
    peers = {"pdfbox": 3.0, "pyhanko-tuned": 20.0, "pyhanko-documented": 100.0}
    drawn = picture.draw([replace(GOOD, peers=peers), BAD])
    tree = ElementTree.fromstring(drawn)  # noqa: S314 - made here
    names = [each.text for each in tree.iter("{http://www.w3.org/2000/svg}text")]
    bars = [
        float(each.get("width"))
        for each in tree.iter("{http://www.w3.org/2000/svg}rect")
        if each.get("class") != "card"
    ]
    assert len(bars) == 5
    assert bars == sorted(bars)
    for name in ("54 KB", "limit", "An Tín", *(PEERS[peer] for peer in peers), "0.80 ms", "100 ms"):
        assert name in names
    assert "prefers-color-scheme: dark" in drawn


def test_what_is_verified_in_the_benchmark_passes_in_full(tmp_path):
    """Each contestant looks at the same file; one that is altered is no row."""
    kind = replace(verifying.KINDS[0], signatures=2, runs=1)
    desk = verifying.Desk(tmp_path)
    path = desk.signed(kind, tmp_path)
    report = verifying.ours(desk, path)()
    assert [each.verdict for each in report.signatures] == [PASSED, PASSED]
    assert verifying.pyhanko(desk, path)().signatures[0].valid
    row = verifying._row(replace(kind, signatures=1, id="verify-again"), desk, tmp_path, quick=True)
    assert row.id == "verify-again" and row.peers["pyhanko"] > 0 and row.limit_ms > 0
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    with pytest.raises(AssertionError):
        verifying.ours(desk, path)()


def test_no_attack_is_accepted_and_a_wrong_answer_would_fail_the_row(tmp_path):
    """In a process of its own, as the command runs it."""
    command = [sys.executable, "-m", "benchmarks", "attacks", "--quick", f"--out={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    row = results.figures(tmp_path)["attacks"]
    assert (row["holds"], row["accepted"], row["rejected"]) == (True, 0, 0)
    assert row["attacks"] > 20 and row["genuine"] > 30
    assert attacks.told([(True, 1.0)], [(True, 1.0)]).holds is False
    assert attacks.told([(False, 1.0)], [(False, 1.0)]).holds is False


def test_the_page_about_the_benchmark_names_every_row_with_its_reach():
    page = (ROOT / "docs/benchmarks.md").read_text("utf-8")
    rows = re.findall(r"^\| (`[a-z0-9-]+`(?:, `[a-z0-9-]+`)*) \|.*\| (.*?) \|$", page, re.M)
    told = {row.strip("`"): reach for ids, reach in rows for row in ids.split(", ")}
    assert {
        *IDS,
        "new-identity",
        "throughput-2",
        *VERIFYING,
        "path-embedded",
        "tsa-2s",
        "tsa-10s",
        "tsa-131s",
        "log-leaves",
        "log-proof",
        *ARCHIVE,
        "recovery",
        *FIXITY,
        "proof-10m",
        "proof-500m",
        "footprint",
        "attacks",
        "large-memory",
    } == set(told)
    for kind in KINDS:
        assert told[kind.id] == str(kind.reach)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_documents_are_archived_on_real_servers_beside_the_sdk_alone():
    rows = archive.run(quick=True)
    assert [row.id for row in rows] == ARCHIVE
    for row in rows[:4]:
        assert row.ratio == pytest.approx(row.value_ms / row.limit_ms)
        assert row.ratio > 1, "more is done than a raw PUT does"
    assert [row.holds is None for row in rows] == [False, False, False, False, True]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_fixity_is_measured_on_both_stores_and_beside_a_service():
    rows = fixity.run(quick=True)
    assert [row.id for row in rows] == FIXITY
    for row in rows:
        assert row.value_ms > 0
        assert row.holds is not None


@pytest.mark.long
def test_the_path_is_measured_over_http():
    (row,) = path.run(quick=True)
    assert row.id == "path-embedded"
    assert "documents/s" in row.measured
    assert "durable commits" in row.compared


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_slow_authority_is_asked_by_four_and_never_twice():
    rows = timestamps.run(quick=True)
    assert sorted(row.id for row in rows) == ["tsa-10s", "tsa-131s", "tsa-2s"]
    for row in rows:
        assert "0 asked twice, at most 4 out" in row.compared
        assert 0 < row.limit_ms < row.value_ms  # the authority's pace is never beaten


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_gigabyte_goes_its_whole_way_within_256_mib(tmp_path):
    found = large.take(tmp_path, large.LARGE)
    assert found.size > 1_000_000_000
    assert found.indication == "TOTAL-PASSED"
    assert found.highest <= large.LIMIT, found.memory.peaks
