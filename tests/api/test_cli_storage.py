"""`antin storage check` and `prepare` as an operator meets them: exit codes, what to do, nothing secret."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from api import migrations
from api.store import check_rows, night_rows
from api.transactions import Transactions
from archive.storage.canary.attempts.catalogue import ATTEMPTS, CHECKS
from policies.night import Task
from tests.archive.storage.buckets import new_bucket
from tests.engines.servers import free_ports
from tests.service import PATIENCE

ANTIN = str(Path(sys.executable).with_name("antin"))
EVERY = {attempt.id for attempt in (*CHECKS, *ATTEMPTS)} | {"reach"}


class Desk:
    """An operator with his files."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        self.config, self.data = folder / "antin.toml", folder / "data"
        for name, keys in (("service", server.admin), ("admin", server.admin), ("weak", server.weak)):
            (folder / f"{name}-access").write_text(keys.access + "\n")
            (folder / f"{name}-secret").write_text(keys.secret + "\n")

    def configure(self, bucket, **more):
        rows = {
            "endpoint": f"{'https' if self.server.secure else 'http'}://{self.server.endpoint}",
            "bucket": bucket,
            "access_key_file": str(self.folder / "service-access"),
            "secret_key_file": str(self.folder / "service-secret"),
            "weaker_access_key_file": str(self.folder / "weak-access"),
            "weaker_secret_key_file": str(self.folder / "weak-secret"),
            **more,
        }
        lines = [f'data_dir = "{self.data}"', "[object_store]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in rows.items()]
        self.config.write_text("\n".join(lines) + "\n")

    def storage(self, *words):
        command = [ANTIN, "storage", *words, "--config", str(self.config)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=self.folder)
        for secret in (self.server.admin.secret, self.server.weak.secret):
            assert secret not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def prepare(self, *words):
        admin = [
            *("--admin-access-key-file", str(self.folder / "admin-access")),
            *("--admin-secret-key-file", str(self.folder / "admin-secret")),
        ]
        return self.storage("prepare", *admin, *words)


@pytest.fixture
def desk(tmp_path, seaweedfs):
    return Desk(tmp_path, seaweedfs)


def fresh():
    return f"cli-{uuid.uuid4().hex[:16]}"


def test_prepare_then_check(desk):
    bucket = fresh()
    desk.configure(bucket, canary_bucket=f"{bucket}-canary", work_bucket=f"{bucket}-work")
    made = desk.prepare("--days", "3")
    assert made.returncode == 0, made.stderr
    assert f"made {bucket}, with Object Lock" in made.stdout
    assert f"{bucket}-canary: default retention COMPLIANCE, 3 days" in made.stdout
    assert f"made {bucket}-work, without locks" in made.stdout
    assert "s3:BypassGovernanceRetention" in made.stdout and f"PutObjectRetention:{bucket}" in made.stdout
    again = desk.prepare("--days", "3")
    assert again.returncode == 0 and "made" not in again.stdout

    sound = desk.storage("check")
    assert sound.returncode == 0, sound.stdout
    assert "ĐẠT" in sound.stdout and "cảnh báo" in sound.stdout
    assert "not kept" in sound.stderr, "there is no database yet"
    assert json.loads((desk.data / "storage-check.json").read_text())["conclusion"] == "sound"


@pytest.mark.long
def test_one_json_object_that_the_service_sees(desk):
    bucket = fresh()
    desk.configure(bucket)
    assert desk.prepare().returncode == 0
    transactions = Transactions(f"sqlite:///{desk.data / 'antin.sqlite3'}") if desk.data.exists() else None
    if transactions is None:
        desk.data.mkdir()
        transactions = Transactions(f"sqlite:///{desk.data / 'antin.sqlite3'}")
    migrations.upgrade(transactions.engine)
    done = desk.storage("check", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0 and done.stdout.count("\n") == 1
    assert found["schema"] == "antin.storage-check/1"
    assert {row["id"] for row in found["findings"]} == EVERY
    with transactions.read() as conn:
        kept = check_rows.latest(conn, f"{desk.server.endpoint}/{bucket}")
    assert kept is not None and kept.report == found and kept.process == "command-line"
    transactions.close()


@pytest.fixture
def catalogue(desk):
    desk.data.mkdir()
    transactions = Transactions(f"sqlite:///{desk.data / 'antin.sqlite3'}")
    migrations.upgrade(transactions.engine)
    yield transactions
    transactions.close()


def audited(catalogue, errors):
    with catalogue.write() as conn:
        night_rows.begin(conn, [Task.RECONCILE], date(2026, 11, 20), datetime(2026, 11, 20, tzinfo=UTC))
        told, at = {"clean": not errors, "errors": errors}, datetime(2026, 11, 21, tzinfo=UTC)
        night_rows.end(conn, Task.RECONCILE, "1", told, at, good=not errors)


@pytest.mark.long
def test_what_the_night_found_in_the_archive_is_told_until_an_audit_is_clean(desk, catalogue):
    desk.configure(fresh())
    assert desk.prepare().returncode == 0
    audited(catalogue, 2)
    done = desk.storage("check", "--lang", "en")
    assert done.returncode == 1 and "found 2 places" in done.stdout and "watch.audit-found" in done.stdout
    told = json.loads(desk.storage("check", "--json").stdout)
    assert told["conclusion"] == "sound"
    assert [fault["reason"] for fault in told["archive"]] == ["watch.audit-found"]
    audited(catalogue, 0)
    assert desk.storage("check").returncode == 0


@pytest.mark.long
def test_of_a_directory_nothing_is_tried_and_what_the_night_found_is_told(desk, catalogue):
    desk.config.write_text(f'data_dir = "{desk.data}"\n')
    audited(catalogue, 1)
    done = desk.storage("check")
    assert done.returncode == 1 and "watch.audit-found" in done.stdout
    audited(catalogue, 0)
    assert desk.storage("check").returncode == 2


def test_a_catalogue_that_does_not_answer_is_no_all_clear(desk):
    bucket = fresh()
    desk.configure(bucket)
    assert desk.prepare().returncode == 0
    url = f"postgresql+psycopg://nobody@127.0.0.1:{free_ports(1)[0]}/nothing"
    desk.config.write_text(f'database_url = "{url}"\n' + desk.config.read_text())
    done = desk.storage("check")
    assert "what the nights found in the archive is not known" in done.stderr


@pytest.mark.long
def test_the_table_of_a_report(desk):
    bucket = fresh()
    desk.configure(bucket)
    desk.prepare()
    done = desk.storage("check", "--markdown")
    rows = [line for line in done.stdout.splitlines() if line.startswith("| `")]
    assert len(rows) == len(ATTEMPTS)


def test_a_lock_that_gives_way_is_1(tmp_path, rgw):
    desk = Desk(tmp_path, rgw)
    desk.configure(new_bucket(rgw))
    done = desk.storage("check", "--lang", "en")
    assert done.returncode == 1
    assert "BROKEN" in done.stdout and "delete-parts" in done.stdout
    assert "Give the bucket a default retention" in done.stdout


@pytest.mark.long
def test_a_bucket_that_is_not_set_up_is_2_and_cannot_be_prepared(desk):
    desk.configure(new_bucket(desk.server, locks=False))
    done = desk.storage("check")
    assert done.returncode == 2
    assert "CHƯA DÙNG ĐƯỢC" in done.stdout and "antin storage prepare" in done.stdout
    refused = desk.prepare()
    assert refused.returncode == 3 and "store.no-object-lock" in refused.stderr


def test_no_answer_is_2_and_says_why(desk, tmp_path):
    bucket = fresh()
    desk.configure(bucket)
    desk.prepare()
    (desk.folder / "service-secret").write_text("wrong\n")
    wrong = desk.storage("check")
    assert wrong.returncode == 2 and "không nhận khóa truy cập" in wrong.stdout
    (port,) = free_ports(1)
    desk.configure(bucket, endpoint=f"http://127.0.0.1:{port}")
    nobody = desk.storage("check")
    assert nobody.returncode == 2 and "Không kết nối được" in nobody.stdout
    desk.configure(bucket, endpoint="https://localhost:1", ca_file=str(tmp_path / "missing.pem"))
    unread = desk.storage("check")
    assert unread.returncode == 2 and "store.certificate" in unread.stderr


def test_a_directory_is_2_and_says_what_it_is(desk):
    desk.config.write_text(f'data_dir = "{desk.data}"\n')
    done = desk.storage("check")
    assert done.returncode == 2 and "thư mục" in done.stdout
    assert desk.prepare().returncode == 64


@pytest.mark.parametrize(
    "more",
    [
        {"canary_bucket": "archive-1"},
        {"weaker_secret_key_file": ""},
        {"doors": ["ftp://filer"]},
    ],
    ids=str,
)
def test_wrong_settings_are_64(desk, more):
    desk.configure("archive-1", **more)
    if more.get("weaker_secret_key_file") == "":
        rows = desk.config.read_text().splitlines()
        desk.config.write_text("\n".join(row for row in rows if "weaker_secret" not in row))
    done = desk.storage("check")
    assert done.returncode == 64 and "object_store" in done.stderr
