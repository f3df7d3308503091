"""The witness over HTTP: statuses and types of C2SP tlog-witness, limits, and connections that only wait."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import stat
import threading
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from api.witness import app, server
from archive.log.cosignature import with_lines
from archive.log.note import Ed25519LogKey, NoteSignature
from archive.log.submission import MAX_SUBMISSION, Submission
from tests.archive.witness.watched import ORIGIN, Log, witness
from tests.service import free_port, until
from tests.witnesses import NAME, WitnessHouse

LOG = Log()
SECOND = Log(Ed25519LogKey.generate("second.example/log"))


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    found = WitnessHouse(tmp_path_factory.mktemp("witness"), str(LOG.vkey), str(SECOND.vkey)).start()
    yield found
    found.kill()


def test_the_key_is_made_once_and_only_its_owner_reads_it(house):
    path = house.folder / "witness.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert house.vkey.startswith(NAME + "+") and house.vkey in house.log.read_text()
    assert stat.S_IMODE((house.folder / "witness.sqlite3").stat().st_mode) == 0o600


def by_hand(vkey: str, text: bytes, line: bytes) -> int:
    """The time of a cosignature line, checked with the specification's words alone."""
    name, hint, material = vkey.split("+", 2)
    raw = base64.b64decode(material)
    assert raw[:1] == b"\x04" and hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] == hint
    dash, shown, blob = line.decode().rstrip("\n").split(" ")
    data = base64.b64decode(blob, validate=True)
    assert (dash, shown, data[:4].hex(), len(data)) == ("—", name, hint, 76)
    seconds = int.from_bytes(data[4:12], "big")
    signed = b"cosignature/v1\ntime " + str(seconds).encode() + b"\n" + text
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(data[12:], signed)
    return seconds


def test_the_whole_conversation_as_the_specification_tells_it(house):
    answer = house.add(LOG.request(0, 5))
    assert answer.status_code == 200
    lines = answer.content.splitlines(keepends=True)
    assert len(lines) == 1 and lines[0].startswith("— ".encode()) and lines[0].endswith(b"\n")
    text = LOG.note(5).partition(b"\n\n")[0] + b"\n"
    assert abs(by_hand(house.vkey, text, lines[0]) - time.time()) < 600
    # Another size than the known one.
    stale = house.add(LOG.request(3, 9))
    assert (stale.status_code, stale.headers["content-type"], stale.content) == (
        409,
        "text/x.tlog.size",
        b"5\n",
    )
    assert house.add(LOG.request(0, 5)).content == b"5\n"
    # The same head again, and a larger one.
    assert house.add(LOG.request(5, 5)).status_code == 200
    assert house.add(LOG.request(5, 300)).status_code == 200
    # A fork of the same size is a conflict that names no size; a larger one has no proof.
    fork = Log(LOG.key, forked_at=2)
    forked = house.add(fork.request(300, 300))
    assert forked.status_code == 409 and forked.headers["content-type"].startswith("text/plain")
    assert house.add(fork.request(300, 301)).status_code == 422
    # What monitors see: the head with the log's line and ours.
    path = f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    shown = house.get(path).content
    assert shown.startswith(LOG.note(300)) and shown.count("— ".encode()) == 2
    by_hand(house.vkey, LOG.note(300).partition(b"\n\n")[0] + b"\n", shown.splitlines(keepends=True)[-1])
    heads = {row["origin"]: row for row in house.get("/heads").json()["logs"]}
    assert (heads[ORIGIN]["size"], heads[ORIGIN]["forks"], heads[ORIGIN]["checkpoint"]) == (300, 1, path)
    assert base64.b64decode(heads[ORIGIN]["root"]) == LOG.root(300)
    # The command line tells the fork by its exit status, beside the running service.
    told = house.command("show", "--json")
    assert told.returncode == 1 and json.loads(told.stdout)["logs"][0]["forks"] == 1
    assert "FORKED" in house.command("show").stdout


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"old 0\n\nnot a note\n", 400),
        (Submission(0, (), LOG.note(5)[:-2]).serialize(), 400),
        (Submission(400, (), LOG.note(5)).serialize(), 400),
        (Log(Ed25519LogKey.generate("unknown.example/log")).request(0, 3), 404),
        (Log(Ed25519LogKey.generate(ORIGIN)).request(0, 3), 403),
        (
            Submission(
                0, (), with_lines(LOG.note(5), [NoteSignature(ORIGIN, LOG.vkey.key_id, bytes(64))])
            ).serialize(),
            403,
        ),
        (b"x" * (MAX_SUBMISSION + 1), 413),
    ],
    ids=lambda _: "case",  # keys are made anew in each process
)
def test_refusals_have_the_statuses_of_the_specification(house, body, status):
    answer = house.add(body)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain") and len(answer.content) < 1000


@pytest.mark.parametrize(
    ("path", "status"), [("/", 404), ("/add-checkpoint", 405), (f"/{'0' * 64}/checkpoint", 404)]
)
def test_other_places_tell_nothing(house, path, status):
    assert house.get(path).status_code == status


def test_a_log_of_which_nothing_was_cosigned_has_no_head_to_show(house):
    path = f"/{hashlib.sha256(SECOND.key.name.encode()).hexdigest()}/checkpoint"
    assert house.get(path).status_code == 404


@pytest.fixture
def hurried(tmp_path, monkeypatch):
    """The port of a server in this process that waits for nobody."""
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.5)
    monkeypatch.setattr(app, "BODY_SECONDS", 0.5)
    watching, port = witness(tmp_path, LOG), free_port()
    web = server.server(watching, "127.0.0.1", port)
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    until(lambda: web.started, "the server to start")
    yield port
    web.should_exit = True
    thread.join(60)
    watching.state.close()


def opened(port):
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def test_a_body_without_announced_size_ends_at_the_limit(house):
    with opened(house.port) as conn:
        conn.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(4):
            conn.sendall(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
        assert conn.recv(100).startswith(b"HTTP/1.1 413")


def test_connections_that_only_wait_are_ended(hurried):
    waiting = [opened(hurried) for _ in range(5)]
    waiting[1].sendall(b"POST /add-checkpoint HT")  # a head that never ends
    waiting[2].sendall(b"GET /vkey HTTP/1.1\r\nHost: w\r\n\r\n")
    assert waiting[2].recv(1000).startswith(b"HTTP/1.1 200")
    waiting[2].sendall(b"GET /vkey HT")  # and never a second one
    for conn in waiting:
        while conn.recv(1000):
            pass
        conn.close()
    with opened(hurried) as conn:
        conn.sendall(b"GET /vkey HTTP/1.1\r\nHost: w\r\n\r\n")
        assert conn.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_body_that_drips_is_given_up(hurried):
    with opened(hurried) as conn:
        conn.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 500\r\n\r\nold 0\n")
        assert conn.recv(100).startswith(b"HTTP/1.1 408")


def test_a_second_start_has_the_same_key_and_another_name_is_refused(tmp_path):
    house = WitnessHouse(tmp_path / "w", str(LOG.vkey)).start()
    vkey = house.vkey
    assert house.add(LOG.request(0, 4)).status_code == 200
    assert house.stop() == 0
    assert house.start().vkey == vkey
    assert house.add(LOG.request(0, 4)).content == b"4\n"
    house.stop()
    other = house.command("serve", "--name", "other.example/w", "--port", str(house.port))
    assert other.returncode == 64 and "never changed" in other.stderr


def test_a_new_witness_needs_a_name(tmp_path):
    house = WitnessHouse(tmp_path / "w")
    told = house.command("serve")
    assert told.returncode == 64 and "--name" in told.stderr
    assert not (tmp_path / "w" / "witness.key").exists()
    assert house.command("show").returncode == 64


@pytest.mark.parametrize(
    "lost", ["heads", *(pytest.param(each, marks=pytest.mark.long) for each in ("key", "swapped"))]
)
def test_a_key_without_its_heads_never_cosigns_again(tmp_path, lost):
    house = WitnessHouse(tmp_path / "w", str(LOG.vkey)).start()
    assert house.add(LOG.request(0, 4)).status_code == 200
    house.stop()
    if lost == "heads":
        (house.folder / "witness.sqlite3").unlink()
    elif lost == "key":
        (house.folder / "witness.key").unlink()
    else:
        other = WitnessHouse(tmp_path / "other", str(LOG.vkey)).start()
        other.stop()
        (other.folder / "witness.sqlite3").replace(house.folder / "witness.sqlite3")
    told = house.command("serve", "--name", NAME)
    assert told.returncode == 64
    assert "bring it back" in told.stderr if lost == "key" else "never cosign again" in told.stderr


def test_logs_are_added_once_and_what_is_wrong_is_named(tmp_path):
    house = WitnessHouse(tmp_path / "w", str(LOG.vkey), str(LOG.vkey), str(SECOND.vkey))
    text = (tmp_path / "w" / "witness.toml").read_text()
    assert text.count("[[logs]]") == 2
    wrong = tmp_path / "wrong.vkey"
    wrong.write_text("not a key\n")
    told = house.command("add-log", str(wrong))
    assert told.returncode == 64 and "verifier key" in told.stderr
    (tmp_path / "w" / "witness.toml").write_text(text + "colour = 3\n")
    told = house.command("serve", "--name", NAME)
    assert told.returncode == 64 and "colour" in told.stderr


def test_the_key_of_a_log_is_not_the_key_of_its_witness(tmp_path):
    house = WitnessHouse(tmp_path / "w").start()
    house.stop()
    secret = (house.folder / "witness.key").read_text().strip()
    seed = base64.b64decode(secret.split("+", 4)[-1])[1:]
    same = Ed25519LogKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(seed))
    path = tmp_path / "same.vkey"
    path.write_text(same.vkey)
    assert house.command("add-log", str(path)).returncode == 0
    told = house.command("serve")
    assert told.returncode == 64 and "must differ" in told.stderr
