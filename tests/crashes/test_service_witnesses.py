"""The service and a witness, each a process of its own: cosigned receipts, a silent witness, a log set back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from archive.log.note import Ed25519LogKey
from tests.service import CLERK, PATIENCE
from tests.witnesses import WitnessHouse

pytestmark = pytest.mark.xdist_group("service-crashes")
LABEL = "Sở Thông tin tỉnh bên"


@pytest.fixture
def witness(tmp_path, furnished):
    key = Ed25519LogKey.parse((furnished.data / "log.key").read_text("ascii"))
    house = WitnessHouse(tmp_path / "witness", key.vkey).start()
    yield house
    house.kill()


def rows(witness):
    return [{"url": witness.url, "vkey": witness.vkey, "label": LABEL}]


def health(house):
    answer = house.client(None).get("/health")
    return answer.status_code, answer.json()["parts"]


def witnessed(house, size=0):
    """The newest cosigned head, once it has more than that many leaves."""

    def look():
        answer = house.client(None).get("/log/checkpoint/witnessed")
        if answer.status_code == 404:
            return None
        return answer if int(answer.text.split("\n")[1]) > size else None

    return house.until(look, "a cosigned head")


def verify_receipt(folder, *more):
    command = [str(Path(sys.executable).with_name("antin")), "verify-receipt", str(folder / "d.pdf")]
    command += [str(folder / "receipt.json"), "--key", str(folder / "log.vkey"), *map(str, more)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def fails_to_start(house, *options):
    """Exit status and what `antin serve` says on the way."""
    command = [sys.executable, "-m", "api.cli", "serve", "--config", str(house.config), *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    return done.returncode, done.stderr


def kept(house, document, folder):
    """PDF, receipt and key in a folder, as a reader has them."""
    folder.mkdir(exist_ok=True)
    place = f"/documents/{document}"
    (folder / "d.pdf").write_bytes(house.client(CLERK).get(f"{place}/file?version=seal-timestamped").content)
    receipt = house.client(CLERK).get(f"{place}/receipt").content
    (folder / "receipt.json").write_bytes(receipt)
    (folder / "log.vkey").write_text(house.client(None).get("/log/key").text)
    return json.loads(receipt)


@pytest.mark.long
def test_receipts_pages_and_checkpoints_say_who_saw_the_log(make_house, witness, tmp_path):
    house = make_house(witnesses=rows(witness), witness_seconds=1.0).start()
    document = house.archived()
    answer = house.act(document, "issue")
    assert answer.status_code == 200, answer.text
    leaf = house.sql("select log_index from leaves where document = ? and kind = 1", document)[0][0]
    head = witnessed(house, leaf)
    assert head.text.count("— ") == 2
    receipt = kept(house, document, tmp_path / "reader")
    assert witness.name in receipt["proof"]
    (tmp_path / "w.vkey").write_text(witness.vkey)
    told = verify_receipt(tmp_path / "reader", "--witness", tmp_path / "w.vkey", "--json")
    assert told.returncode == 0, told.stderr
    assert [one["name"] for one in json.loads(told.stdout)["witnessed_by"]] == [witness.name]
    assert "not checked, give --witness" in verify_receipt(tmp_path / "reader").stdout
    # A witness that did not cosign is missed, and the reader may say how many are enough.
    stranger = WitnessHouse(tmp_path / "stranger", name="stranger.example").start()
    (tmp_path / "s.vkey").write_text(stranger.vkey)
    stranger.kill()
    both = ["--witness", tmp_path / "w.vkey", "--witness", tmp_path / "s.vkey"]
    assert verify_receipt(tmp_path / "reader", *both).returncode == 3
    assert verify_receipt(tmp_path / "reader", *both, "--need", "1").returncode == 0
    assert verify_receipt(tmp_path / "reader", *both, "--need", "3").returncode == 64
    # People are told by the name that the operator gave.
    site = f"http://127.0.0.1:{house.port}"
    for page in (f"/v/{house.document(document)['code']}", "/log"):
        assert f"Được chứng kiến bởi {LABEL} lúc" in httpx.get(site + page, trust_env=False).text
    status, parts = health(house)
    assert status == 200 and parts["witnesses"]["state"] == "ok" and parts["witnesses"]["cosigning"] == 1
    # The objects hold the cosigned head as well, and the audit finds nothing strange.
    assert list((house.data / "store/objects/log/cosignatures").rglob("[0-9][0-9][0-9]"))
    assert house.fsck()["clean"]
    assert witness.get("/heads").json()["logs"][0]["size"] > leaf


@pytest.mark.long
def test_a_silent_witness_holds_up_nothing_and_is_asked_again(make_house, witness, tmp_path):
    settings = rows(witness)
    house = make_house(witnesses=settings, witness_seconds=1.0, witness_timeout=2.0).start()
    house.archived()
    first = witnessed(house)
    witness.kill()
    document = house.archived()
    house.until(lambda: health(house)[1]["witnesses"]["state"] == "failing", "the failure to be seen")
    assert health(house)[0] == 200  # acts can be done
    kept(house, document, tmp_path / "reader")
    assert "Not independently witnessed" in verify_receipt(tmp_path / "reader").stdout
    witness.start()
    witnessed(house, int(first.text.split("\n")[1]))
    house.until(lambda: health(house)[1]["witnesses"]["state"] == "ok", "the witness to be heard again")


def set_back(house, older):
    """The whole data directory as it was: catalogue, store, everything."""
    house.stop()
    shutil.rmtree(house.data / "store")
    shutil.copytree(older / "store", house.data / "store")
    for name in ("antin.sqlite3", "antin.sqlite3-wal", "antin.sqlite3-shm"):
        (house.data / name).unlink(missing_ok=True)
        if (older / name).exists():
            shutil.copy2(older / name, house.data / name)


@pytest.fixture
def day_two(make_house, witness, tmp_path):
    """A service whose witness, and a reader, saw more than the copy of the day before has."""
    house = make_house(witnesses=rows(witness), witness_seconds=1.0, witness_timeout=3.0).start()
    house.archived()
    size = int(witnessed(house).text.split("\n")[1])
    house.stop()
    shutil.copytree(house.data, tmp_path / "older")
    house.start()
    document = house.archived()
    witnessed(house, size)
    kept(house, document, tmp_path / "reader")
    return house


@pytest.mark.long
def test_a_service_that_was_set_back_does_not_start_when_the_witness_answers(day_two, witness, tmp_path):
    set_back(day_two, tmp_path / "older")
    code, told = fails_to_start(day_two)
    assert code == 70 and f"the witness {witness.name}" in told and "antin restore" in told
    assert "Traceback" not in told


@pytest.mark.long
def test_one_that_starts_because_the_witness_is_silent_stops_when_it_answers(day_two, witness, tmp_path):
    witness.kill()
    set_back(day_two, tmp_path / "older")
    day_two.start()
    assert "asked again" in day_two.log.read_text("utf-8")
    witness.start()
    day_two.until(lambda: health(day_two)[1]["log"]["state"] == "failing", "the log to stop")
    status, parts = health(day_two)
    assert status == 503 and parts["log"]["reason"] == "archive.log-behind" and parts["witnesses"]["disputed"]
    document = day_two.numbered()
    operation = day_two.ended(day_two.act(document, "seal"))
    assert operation["state"] == "failed" and day_two.document(document)["archived_at"] is None
    # What was disputed is not forgotten by a restart while the witness is silent again.
    day_two.stop()
    witness.kill()
    code, told = fails_to_start(day_two)
    assert code == 70 and witness.name in told


@pytest.mark.long
def test_without_an_answer_it_may_be_told_not_to_start(day_two, witness, tmp_path):
    witness.kill()
    day_two.stop()
    day_two.configure(require_witness=True)
    code, told = fails_to_start(day_two)
    assert code == 64 and "require_witness" in told and witness.name in told
    witness.start()
    day_two.start()


@pytest.mark.long
def test_what_a_reader_kept_binds_the_start_too(day_two, witness, tmp_path):
    """A receipt, or a checkpoint, handed in at the start: without any witness."""
    witness.kill()
    receipt = tmp_path / "reader" / "receipt.json"
    checkpoint = tmp_path / "checkpoint"
    checkpoint.write_text(json.loads(receipt.read_text())["proof"].partition("\n\n")[2])
    proof = tmp_path / "receipt.tlog-proof"
    proof.write_text(json.loads(receipt.read_text())["proof"])
    day_two.stop()
    day_two.configure(known_checkpoints=[str(receipt)], witnesses=[])
    day_two.start()  # the log that was seen starts
    day_two.configure(known_checkpoints=[])
    set_back(day_two, tmp_path / "older")
    for path in (receipt, checkpoint, proof):
        code, told = fails_to_start(day_two, "--known-checkpoint", path)
        assert code == 70 and str(path) in told, told
    wrong = tmp_path / "wrong"
    wrong.write_text("no checkpoint\n")
    code, told = fails_to_start(day_two, "--known-checkpoint", wrong)
    assert code == 64 and str(wrong) in told
    day_two.start()  # nobody knows better: it starts
