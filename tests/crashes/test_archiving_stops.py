"""The service on a real bucket whose server turns weak: archiving stops, says so, loses nothing, goes on by itself."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from pydantic import SecretStr

from api import canary as watching
from api import health, upkeep
from api.demo.run import demo_settings, running
from api.settings import ObjectStoreSettings
from api.upkeep import Upkeep
from api.wiring import canary, stores
from api.wiring.clock import clock
from archive.storage.canary.twin import ProbeTwin
from archive.storage.canary.values import Trouble
from archive.storage.canary.weaknesses import Weakness
from archive.storage.keys import DOCUMENTS
from tests.archive.storage.buckets import new_bucket
from tests.archive.storage.canary.places import made
from tests.crashes.luck_house import House, site_of
from tests.engines.certificates import self_signed
from tests.engines.seaweedfs import seaweedfs as start_seaweedfs
from tests.service import CLERK, Site, free_port, until

pytestmark = [pytest.mark.long, pytest.mark.own_service, pytest.mark.xdist_group("site")]


def bucket_settings(server, **more):
    bucket = new_bucket(server)
    made(server, bucket)
    access, secret = server.admin
    return ObjectStoreSettings(
        endpoint=f"http://{server.endpoint}",
        bucket=bucket,
        access_key=SecretStr(access),
        secret_key=SecretStr(secret),
        **more,
    )


@contextmanager
def site_on(folder, store):
    settings = demo_settings(folder, free_port()).model_copy(update={"object_store": store})
    with running(settings) as (services, passwords):
        yield Site(settings, services, passwords)


@pytest.fixture
def twin(monkeypatch):
    """The canary knocks at this server; documents go into the real one."""
    made = ProbeTwin(clock=clock)
    monkeypatch.setattr(canary, "probe", lambda _settings: made)
    monkeypatch.setattr(watching, "LOOK_SECONDS", 3_600.0)
    monkeypatch.setattr(upkeep, "PATIENCE", upkeep.PATIENCE * 0)
    return made


def locks(site):
    answer = site.client(None).get("/health")
    return answer.status_code, answer.json()["parts"]["locks"]


def keys(site):
    return set(site.services.store.list(DOCUMENTS))


def test_a_lock_that_gives_way_stops_archiving_until_a_sound_run(seaweedfs, tmp_path, twin):
    with site_on(tmp_path / "data", bucket_settings(seaweedfs)) as site:
        until(lambda: locks(site)[1]["state"] == "ok", "the first verdict")
        archived = site.archived()
        twin.weak.add(Weakness.BULK_DELETES)
        site.services.canary.run_all()

        # 1. It is said, with what gave way.
        site.services.gate._kept = None
        status, told = until(lambda: (found := locks(site))[1]["state"] == "failing" and found, "the page")
        assert status == 503 and told["failing"] == ["delete-bulk"]
        assert "xóa hàng loạt" in told["text"]["vi"] and "bulk" in told["text"]["en"]

        # 2. Nothing goes in: neither a document nor a later fact. What waits, waits where it is.
        before = keys(site)
        waiting = site.signed()
        assert site.post(CLERK, f"/documents/{waiting}/number", json={}).status_code == 200
        ended = site.wait(CLERK, site.post(CLERK, f"/documents/{waiting}/seal"))
        assert ended["state"] == "failed" and ended["problem"]["id"] == "archive.stopped"
        assert "xóa hàng loạt" in ended["problem"]["text"]["vi"]
        assert site.document(waiting)["state"] == "validated"
        refused = site.post(CLERK, f"/documents/{archived}/issue")
        assert (refused.status_code, refused.json()["id"]) == (503, "archive.stopped")
        assert site.document(archived)["state"] == "archived", "nothing of the refused act stands"
        Upkeep(site.services).carry_out_what_is_left()
        assert keys(site) == before

        # 3. The cause is gone: the next sound run lets it go on, and nobody has to ask again.
        twin.weak.clear()
        site.services.canary.run_all()
        Upkeep(site.services).carry_out_what_is_left()
        assert site.document(waiting)["state"] == "archived"
        until(lambda: locks(site)[0] == 200, "the page")
        for document in (archived, waiting):
            assert site.post(CLERK, f"/documents/{document}/issue").status_code == 200


def test_no_answer_at_the_start_archives_nothing(seaweedfs, tmp_path, twin, monkeypatch):
    monkeypatch.setattr("api.gate.FIRST_SECONDS", 1.0)
    twin.silent["server"] = Trouble.CREDENTIALS
    with site_on(tmp_path / "data", bucket_settings(seaweedfs)) as site:
        status, told = until(
            lambda: (found := locks(site))[1].get("failing") == ["reach"] and found, "the verdict"
        )
        assert status == 503 and "khóa truy cập" in told["text"]["vi"]
        document = site.signed()
        site.post(CLERK, f"/documents/{document}/number", json={})
        ended = site.wait(CLERK, site.post(CLERK, f"/documents/{document}/seal"))
        assert ended["state"] == "failed" and ended["problem"]["status"] == 503
        assert site.document(document)["state"] == "validated" and keys(site) == set()
        twin.silent.clear()
        site.services.canary.run_due()
        Upkeep(site.services).carry_out_what_is_left()
        assert site.document(document)["state"] == "archived"


def test_the_real_canary_lets_a_prepared_bucket_in(seaweedfs, tmp_path):
    store = bucket_settings(seaweedfs, doors=seaweedfs.inner_doors)
    with site_on(tmp_path / "data", store) as site:
        document = site.archived()
        status, told = locks(site)
        assert (status, told["state"], told["enforced"]) == (200, "ok", True)
        assert site.document(document)["state"] == "archived"
        assert (site.settings.data_dir / "storage-check.json").exists()
        other = stores.bucket(store)
        assert {key.split("/")[0] for key in other.list("")} == {"canary", "documents", "log"}


def test_a_server_with_its_back_door_open_is_not_archived_on(tmp_path):
    from tests.engines import seaweedfs as weed

    with weed.seaweedfs(tmp_path / "weed", back_door=True) as server:
        store = bucket_settings(server, doors=server.inner_doors)
        with site_on(tmp_path / "data", store) as site:
            until(lambda: locks(site)[1].get("failing"), "the verdict")
            assert locks(site)[1]["failing"] == ["door-filer"]
            document = site.signed()
            site.post(CLERK, f"/documents/{document}/number", json={})
            ended = site.wait(CLERK, site.post(CLERK, f"/documents/{document}/seal"))
            assert ended["problem"]["id"] == "archive.stopped" and "filer" in ended["problem"]["text"]["vi"]
            assert keys(site) == set()


def test_a_certificate_that_does_not_hold_any_more_is_told(tmp_path, monkeypatch):
    """The server comes back with another one, as after a renewal that nobody told of; then with the right one."""
    monkeypatch.setattr(watching, "LOOK_SECONDS", 3_600.0)
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(upkeep, "PATIENCE", timedelta(0))
    good, bad = self_signed(tmp_path / "good"), self_signed(tmp_path / "bad")
    with start_seaweedfs(tmp_path / "server", tls=good) as server:
        bucket = new_bucket(server)
        made(server, bucket)
        given = tmp_path / "data", server.endpoint, bucket, server.admin
        with site_of(*given, ca_file=str(good.certificate)) as (site, config):
            house = House(site, None, config)
            until(lambda: house.health()[0] == 200, lambda: str(house.health()))
            document = house.to_seal()
            _certified(server, bad)
            house.look()
            status, parts = house.health()
            assert status == 503 and "Chứng thư TLS" in parts["locks"]["text"]["vi"]
            code, told = house.command()
            assert code == 2 and "Chứng thư TLS" in told
            ended = house.seal(document)
            assert ended["state"] == "failed" and site.document(document)["state"] == "validated"
            _certified(server, good)
            house.look()
            until(lambda: house.health()[0] == 200, lambda: str(house.health()))
            Upkeep(site.services).carry_out_what_is_left()
            assert site.document(document)["state"] == "archived"


def _certified(server, certificate):
    server.kill()
    server._tls, server.ca = certificate, certificate.certificate
    server.restart()
