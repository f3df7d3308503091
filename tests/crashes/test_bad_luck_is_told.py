"""Each kind of bad luck that a store can have, met by a service at work: the health page and `antin storage check` both
name it and what to do, nothing is called archived meanwhile, and the service comes back by itself."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from api import canary as watching
from api import health, upkeep, watch_health
from api.upkeep import Upkeep
from api.wiring import canary, stores
from api.wiring.clock import clock
from archive.storage.canary.twin import ProbeTwin
from archive.storage.canary.weaknesses import Weakness
from archive.storage.keys import DOCUMENTS
from policies.night import Task
from tests.archive.storage.buckets import new_bucket
from tests.archive.storage.canary.places import made
from tests.crashes.luck_house import House, site_of
from tests.engines import faulty_proxy as net
from tests.service import until

pytestmark = [pytest.mark.long, pytest.mark.own_service, pytest.mark.xdist_group("site")]
SLOW = {"read_seconds": 1.0, "connect_seconds": 1.0, "act_seconds": 6.0}


@pytest.fixture(scope="module")
def house(seaweedfs, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, net.faulty_proxy(seaweedfs.endpoint) as proxy:
        patch.setattr(watching, "LOOK_SECONDS", 3_600.0)  # these tests say when
        patch.setattr(health, "FRESH_SECONDS", 0.0)
        patch.setattr(upkeep, "PATIENCE", timedelta(0))
        patch.setattr(watching.StorageCheck, "_elders", lambda _self: ())  # a twin's are not the server's
        usual = stores.connection
        patch.setattr(stores, "connection", lambda *given, **more: replace(usual(*given, **more), **SLOW))
        folder, bucket = tmp_path_factory.mktemp("luck"), new_bucket(seaweedfs)
        made(seaweedfs, bucket)
        with site_of(folder / "data", proxy.endpoint, bucket, seaweedfs.admin) as (site, config):
            found = House(site, proxy, config)
            found.straight = stores.bucket(_straight(site.settings.object_store, seaweedfs.endpoint))
            until(lambda: found.health()[0] == 200, "a service that is well")
            yield found


@pytest.fixture(autouse=True)
def calm(request):
    """One test's bad luck is not another's."""
    yield
    if "house" in request.fixturenames:
        house = request.getfixturevalue("house")
        house.proxy.calm()
        house.look()


def _straight(given, endpoint):
    return given.model_copy(update={"endpoint": f"http://{endpoint}"})


def _an_hour_off(answer):
    told = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True).encode()
    return re.sub(rb"(?mi)^Date: [^\r]+", b"Date: " + told, answer, count=1)


def _beyond_all_time(answer):
    return re.sub(
        rb"(?mi)^Date: [^\r]+", b"Date: Mon, 01 Jan 2024 00:00:00 +99999999999999999999", answer, count=1
    )


def _error(status, code=""):
    """As a server says it; balancers do without the date."""
    return net.error(status, code, f"Date: {format_datetime(datetime.now(UTC), usegmt=True)}\r\n")


LUCK = {
    "silent": (net.silent, "kho"),
    "half-open: it breaks off": (net.cut_before, "Không kết nối được"),
    "half-open: it happens and nobody hears": (net.cut_after, "Không kết nối được"),
    "a storm of 503": (_error(503, "SlowDown"), "quá tải"),
    "a storm of 503 from a balancer": (net.error(503), "quá tải"),
    "wrong secret": (_error(403, "SignatureDoesNotMatch"), "không nhận khóa truy cập"),
    "expired credentials": (_error(403, "ExpiredToken"), "không nhận khóa truy cập"),
    "rights taken away": (_error(403, "AccessDenied"), "quyền"),
    "a clock off by an hour": (net.rewrite(_an_hour_off), "đồng hồ"),
    "a full store": (_error(507), "hết chỗ"),
    "no such bucket": (_error(404, "NoSuchBucket"), "bucket"),
    "a date beyond all time": (net.rewrite(_beyond_all_time), "S3"),
    "something else than S3": (net.reply(200, b"<html>welcome</html>"), "S3"),
}


@pytest.mark.parametrize("luck", LUCK)
def test_a_store_that_fails_is_named_in_both_places(house, luck):
    fault, words = LUCK[luck]
    document, before = house.to_seal(), house.stored()
    house.proxy.meets(fault, times=net.ALWAYS)
    house.look()

    status, parts = house.health()
    assert status == 503 and parts["locks"]["state"] == "failing"
    assert words in parts["locks"]["text"]["vi"], parts["locks"]
    code, told = house.command()
    assert code in (1, 2) and words in told, told
    ended = house.seal(document)
    assert ended["state"] == "failed" and ended["problem"]["status"] == 503
    assert house.site.document(document)["state"] == "validated" and house.stored() == before

    _comes_back(house, document)


def _comes_back(house, document):
    house.proxy.calm()
    house.look()
    until(lambda: house.health()[0] == 200, lambda: str(house.health()))
    Upkeep(house.site.services).carry_out_what_is_left()
    assert house.site.document(document)["state"] == "archived"
    code, told = house.command()
    assert code == 0, told


WEAK = [
    Weakness.DROPS_COMPLIANCE,
    Weakness.NO_VERSIONING,
    Weakness.NO_OBJECT_LOCK,
    Weakness.OVERWRITES,
    Weakness.COMPLIANCE_SHORTENED,
]


@pytest.mark.parametrize("weakness", WEAK)
def test_a_server_that_ignores_what_it_should_keep_is_named_in_both_places(house, weakness, monkeypatch):
    """The canary meets a weak server, by the twin; documents would go into the real one."""
    document, before = house.to_seal(), house.stored()
    with _weak_server(house, weakness, monkeypatch):
        status, parts = house.health()
        assert status == 503 and str(weakness) in parts["locks"]["failing"]
        assert parts["locks"]["text"]["vi"] and parts["locks"]["text"]["en"]
        code, told = house.command()
        assert code in (1, 2) and parts["locks"]["text"]["vi"] in told
        ended = house.seal(document)
        assert ended["problem"]["id"] == "archive.stopped" and house.stored() == before
        assert house.site.document(document)["state"] == "validated"
    house.look()
    _comes_back(house, document)


@contextmanager
def _weak_server(house, weakness, monkeypatch):
    """Under the name of the real store, so that its verdicts are that store's."""
    twin, checks = ProbeTwin(clock=clock, weak={weakness}), house.site.services.canary._checks
    twin.store = checks[0].probe.store
    with monkeypatch.context() as patch:
        patch.setattr(canary, "probe", lambda _given: twin)
        mine = tuple(replace(check, probe=twin) for check in checks)
        patch.setattr(house.site.services.canary, "_checks", mine)
        house.look()
        yield


@pytest.mark.parametrize("weakness", [Weakness.ANY_CHECKSUM, Weakness.ANY_MD5, Weakness.IGNORES_CONDITIONS])
def test_what_the_service_makes_up_for_is_told_as_a_warning(house, weakness, monkeypatch):
    """Bytes are read back whatever the server compared: archiving goes on."""
    document = house.to_seal()
    with _weak_server(house, weakness, monkeypatch):
        status, parts = house.health()
        assert status == 200 and parts["locks"]["state"] == "ok"
        warned = parts["locks"]["warnings"]
        assert warned["count"] == 1 and "antin storage check" in warned["text"]["vi"]
        code, told = house.command()
        assert code == 0 and str(weakness) in told and "cảnh báo" in told
        assert house.seal(document)["state"] == "succeeded"


def test_a_read_back_that_differs_is_no_archive_and_is_told(house, monkeypatch):
    """The store gives back something else than it was given."""
    document, before = house.to_seal(), house.stored()
    monkeypatch.setattr(watch_health, "UNTAKEN", timedelta(0))  # ten minutes
    house.proxy.meets(net.spoil_answer, method="GET", having="versionId", times=net.ALWAYS)
    ended = house.seal(document)
    assert ended["state"] == "failed" and house.site.document(document)["state"] == "validated"
    house.look()
    _, parts = house.health()
    assert parts["locks"]["state"] == "failing" and parts["locks"]["text"]["vi"], parts
    assert parts["deposits"]["state"] == "failing" and parts["deposits"]["alarms"][0]["text"]["vi"]
    code, told = house.command()
    assert code in (1, 2) and parts["locks"]["text"]["vi"] in told
    assert len(house.stored() - before) == 1, "it lies there, and is called nothing"
    _comes_back(house, document)


def _delete(house, key, version=""):
    bypass = {"x-amz-bypass-governance-retention": "true"} if version else {}
    query = {"versionId": version} if version else {}
    wire = house.straight._wire
    wire.send("DELETE", key, query=query, headers=bypass, deadline=wire.deadline())


def _audit(house):
    """What a night does."""
    nights = house.site.services.nights
    nights.put_in_line()
    return nights._job(Task.RECONCILE)("by-hand", {})


@pytest.mark.parametrize("how", ["a delete marker on top", "gone"])
def test_an_object_that_was_taken_away_is_told(house, how):
    """By somebody who may bypass the lock of quarantine. What the night found stays told until an audit is clean."""
    document = house.site.archived()
    found = house.site.document(document)
    key = f"{DOCUMENTS}{document}/{found['sha256']}.pdf"
    (there,) = [each for each in house.straight.inventory(DOCUMENTS) if each.key == key]
    _delete(house, key, there.version if how == "gone" else "")
    told = _audit(house)
    _, parts = house.health()
    assert told["errors"] and parts["nights"]["state"] == "failing"
    assert "antin fsck" in parts["nights"]["alarms"][0]["text"]["vi"]
    code, told = house.command()
    assert code == 1 and parts["nights"]["alarms"][0]["text"]["vi"] in told
