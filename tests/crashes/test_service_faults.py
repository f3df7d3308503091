"""The archive's bad days: a damaged log, a full disk, a second process, a catalogue that is behind."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.service import AUDITOR, CLERK, PATIENCE

pytestmark = pytest.mark.xdist_group("service-crashes")
ANTIN = Path(sys.executable).with_name("antin")


def serve(house) -> subprocess.CompletedProcess[str]:
    """A start that is expected to be refused."""
    return subprocess.run(
        [ANTIN, "serve", "--config", house.config],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def health(house):
    answer = house.client(None).get("/health")
    return answer.status_code, {name: part["state"] for name, part in answer.json()["parts"].items()}


def test_health_tells_each_part_and_nothing_else(house):
    house.until(lambda: health(house)[0] == 200, "the first worker to answer")
    answer = house.client(None).get("/health")
    told = answer.json()
    serving = {"database", "store", "locks", "log", "holds", "jobs", "sandbox", "tsa"}
    assert set(told["parts"]) == serving | {
        "witnesses",
        "nights",
        "lock_ends",
        "fixity",
        "evidence",
        "retention",
        "deposits",
        "trust",
    }
    assert house.authorities.url not in answer.text
    assert str(house.data) not in answer.text


def test_with_a_log_that_has_stopped_nothing_is_called_archived(make_house):
    house = make_house().start(faults=["log_damaged"])
    document = house.numbered()
    house.arm()
    house.until(lambda: health(house) == (503, {**health(house)[1], "log": "failing"}), "the log to stop")
    operation = house.ended(house.act(document, "seal"))
    assert operation["problem"]["id"] == "unavailable.ArchiveUnavailable"
    assert house.document(document)["archived_at"] is None


@pytest.mark.long
def test_a_damaged_log_stops_archiving_and_says_so(make_house):
    house = make_house().start(faults=["log_damaged"])
    out, document = house.archived(), house.numbered()
    house.settle()
    house.arm()
    house.until(lambda: health(house)[1]["log"] == "failing", "the log to stop")
    assert health(house)[0] == 503
    operation = house.ended(house.act(document, "seal"))
    assert operation["problem"]["id"] == "unavailable.ArchiveUnavailable"
    assert "đã lưu" in operation["problem"]["text"]["vi"]
    found = house.document(document)
    assert (found["state"], found["archived_at"]) == ("validated", None)
    issued = house.act(out, "issue")
    assert (issued.status_code, issued.json()["id"]) == (503, "unavailable.ArchiveUnavailable")
    assert house.document(out)["state"] == "archived"
    assert not house.sql("select ordinal from events")
    house.kill()
    house.start()
    for each in (out, document):
        house.push(each)
    assert house.fsck()["findings"] == []


@pytest.mark.long
def test_a_full_disk_refuses_and_recovers(make_house):
    house = make_house().start(faults=["disk_full"])
    document = house.numbered()
    house.arm()
    answer = house.upload()
    assert (answer.status_code, answer.json()["id"]) == (503, "unavailable.ArchiveUnavailable")
    sealed = house.act(document, "seal")
    assert sealed.status_code == 503
    house.until(lambda: health(house)[1]["store"] == "failing", "health to notice")
    house.disarm()
    house.push(document)
    assert house.upload().status_code == 201
    assert house.fsck()["findings"] == []


@pytest.mark.long
def test_a_store_that_takes_nothing_leaves_a_deposit_that_goes_on(make_house):
    house = make_house().start(faults=["store_full"])
    document, voided = house.numbered(), house.numbered()
    house.arm()
    for each in (document, voided):
        operation = house.ended(house.act(each, "seal"))
        assert operation["problem"]["id"] == "unavailable.ArchiveUnavailable"
        assert house.document(each)["state"] == "validated"
    assert house.act(voided, "void", json={"reason": "Không ban hành nữa"}).status_code == 200
    house.disarm()
    house.push(document)
    house.kill()
    house.start()
    assert house.document(voided)["state"] == "voided"
    assert house.document(voided)["archived_at"] is None
    report = house.fsck()
    assert report["clean"]
    assert [finding["id"] for finding in report["findings"]] == [
        "deposit.left"
    ]  # an info: it was meant to be


@pytest.mark.long
def test_pyhanko_killed_under_the_file_is_no_opinion(make_house):
    house = make_house().start(faults=["crosscheck_dies"])
    document = house.archived()
    house.settle()
    assert house.document(document)["state"] == "archived"
    (kept,) = house.sql("select state, result from operations where kind = 'crosscheck'")
    assert kept[0] == "succeeded"
    ((detail,),) = house.sql("select detail from audit where act = 'crosscheck'")
    assert '"opinion":"none"' in detail


@pytest.mark.long
def test_a_disagreement_stops_even_what_is_issued(make_house):
    house = make_house().start(faults=["crosscheck_disagrees"])
    house.arm()
    document = house.archived()
    assert house.act(document, "issue").status_code == 200
    house.disarm()
    house.settle()
    found = house.document(document)
    assert found["state"] == "stopped"
    assert "pyHanko" in found["reason"]
    acts = [row["act"] for row in found["acts"]]
    assert acts.index("crosscheck") < acts.index("stop")
    resumed = house.act(document, "resumption", json={"reason": "Đã đối chiếu bằng công cụ khác"})
    assert resumed.json()["state"] == "issued"
    house.push(document)
    assert house.document(document)["versions"][-1]["role"] == "long-term"


@pytest.mark.long
def test_fsck_beside_a_working_service(make_house):
    house = make_house().start()
    with ThreadPoolExecutor(3) as pool:
        under_way = [pool.submit(lambda: house.push(house.prepared())) for _ in range(3)]
        reports = [house.fsck() for _ in range(2)]
        for each in under_way:
            each.result()
    on_the_way = {"deposit.left", "leaf.pending"}  # told, and no damage
    assert {finding["id"] for report in reports for finding in report["findings"]} <= on_the_way
    assert all(report["clean"] for report in reports)
    operation = house.client(AUDITOR)
    assert operation is not None
    assert house.fsck()["clean"]


def test_a_second_process_over_the_same_data_is_refused(house):
    refused = serve(house)
    assert refused.returncode == 64
    assert f"process {house.process.pid} serves it already" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert house.get(CLERK, "/documents") is not None


@pytest.mark.long
def test_a_catalogue_from_yesterday_does_not_start(make_house):
    """Restored from an old backup: the log would show another history."""
    house = make_house().start()
    house.push(house.prepared())
    house.stop()
    house.back_up()
    house.start()
    house.push(house.prepared())
    house.stop()
    house.put_back()
    refused = serve(house)
    assert refused.returncode == 70
    assert "log" in refused.stderr
    assert "Traceback" not in refused.stderr
