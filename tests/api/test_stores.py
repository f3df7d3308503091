"""What the choice of a store means for the work area and for the log's rounds. Nothing is asked of a store here."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from api.settings import ObjectStoreSettings, Settings
from api.wiring import service, stores
from archive.storage.directory import DirectoryStore


@pytest.fixture
def bucket():
    return ObjectStoreSettings(
        endpoint="http://127.0.0.1:1",
        bucket="antin",
        work_bucket="antin-work",
        access_key=SecretStr("access"),
        secret_key=SecretStr("secret"),
    )


def settings(tmp_path, **more):
    return Settings(
        demo_pki=True, data_dir=tmp_path / "data", agency_code="H99.DEMO", log_origin="t/log", **more
    )


@pytest.mark.parametrize("where", ["work_dir", "work_bucket", "data_dir"])
def test_what_comes_into_the_work_area_is_digested_for_the_bucket(tmp_path, bucket, where):
    if where != "work_bucket":
        bucket = bucket.model_copy(update={"work_bucket": ""})
    more = {"work_dir": tmp_path / "work"} if where == "work_dir" else {}
    given = settings(tmp_path, object_store=bucket, **more)
    store = stores.objects(given)
    area = stores.work(given, store)
    local = area._cache if where == "work_bucket" else area
    kept = store.hashed.of(local.work_path(local.put_work(b"bytes")))
    assert kept is not None and len(kept.digests) == 2


def test_a_directory_wants_no_md5(tmp_path):
    given = settings(tmp_path)
    area = stores.work(given, stores.objects(given))
    assert isinstance(area, DirectoryStore)
    kept = area._hashed.of(area.work_path(area.put_work(b"bytes")))
    assert len(kept.digests) == 1


@pytest.mark.parametrize("on_s3", [True, False])
def test_rounds_of_the_log_are_prompt_on_a_bucket_only(tmp_path, bucket, on_s3):
    made = service.build(settings(tmp_path, object_store=bucket if on_s3 else None))
    assert made.proofs.loop._prompt is on_s3
    for part in (made.sandbox, made.visitors, made.background, made.proofs, made.transactions):
        part.close()
