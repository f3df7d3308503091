"""The benchmark runs, and its figures are of signatures and documents that hold."""

from __future__ import annotations

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from benchmarks import harness, large, path, signing, timestamps
from benchmarks.__main__ import main
from benchmarks.harness import Row


def test_rows_become_a_table_and_a_row_that_does_not_hold_fails_the_command(monkeypatch, capsys):
    rows = [Row("good", "1 ms", "limit", "≤ 2 ms", True), Row("bad", "3 ms", "limit", "≤ 2 ms", False)]
    monkeypatch.setattr(signing, "run", lambda quick: rows[: 1 if quick else 2])
    assert main(["signing", "--quick"]) == 0
    assert main(["signing"]) == 1
    told = capsys.readouterr().out
    assert "one fsync" in told
    assert "| bad | 3 ms | limit | ≤ 2 ms | **no** |" in told


def test_percentiles_and_alternating_times():
    assert harness.percentile([3.0, 1.0, 2.0, 4.0], 0.95) == 4.0
    calls = []
    found = harness.alternate({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3, warm=1)
    assert calls == ["a", "b", "a", "b", "a", "b", "a", "b"]
    assert found["a"].wall >= 0


def test_signing_is_as_fast_as_promised():
    rows = signing.run(quick=True)
    assert [row.holds for row in rows] == [True, True], harness.table(rows)


def test_every_contestant_really_signs(tmp_path, monkeypatch):
    """Each leaves one whole signature in the same field of the same file."""
    made = {}

    def look(title, bench, runs, factor):
        key = signing.pkcs12.load(bench.container, signing.PASSWORD)
        for name, act in (
            ("ours", signing.ours(bench, key)),
            ("documented", signing.documented(bench)),
            ("tuned", signing.tuned(bench)),
        ):
            act()
            with bench.out.open("rb") as file:
                (signature,) = PdfFileReader(file).embedded_signatures
                signature.compute_integrity_info()
                attributes = {
                    row["type"].native: row["values"] for row in signature.signer_info["signed_attrs"]
                }
                assert attributes["message_digest"][0].native == signature.compute_digest()
                made[title, name] = (signature.field_name, signature.signer_cert.serial_number)
        return []

    monkeypatch.setattr(signing, "_compare", look)
    signing.run(quick=True)
    assert len(made) == 6
    assert len({serial for _, serial in made.values()}) == 1


@pytest.mark.long
def test_the_path_is_measured_over_http():
    (row,) = path.run(quick=True)
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
