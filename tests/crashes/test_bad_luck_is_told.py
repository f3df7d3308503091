"""Each kind of bad luck that a store can have, met by a service at work: the health page and `antin storage check` both
name it and what to do, nothing is called archived meanwhile, and the service comes back by itself."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from click.testing import CliRunner

from api import canary as watching
from api import health, upkeep
from api.cli import antin
from api.demo.run import demo_settings, running
from api.upkeep import Upkeep
from api.wiring import canary, stores, tools
from api.wiring.clock import clock
from archive.storage.canary.twin import ProbeTwin
from archive.storage.canary.weaknesses import Weakness
from archive.storage.keys import DOCUMENTS
from tests.archive.storage.buckets import new_bucket
from tests.archive.storage.canary.places import made
from tests.engines import faulty_proxy as net
from tests.service import CLERK, Site, free_port, until

pytestmark = [pytest.mark.long, pytest.mark.own_service, pytest.mark.xdist_group("site")]
SLOW = {"read_seconds": 1.0, "connect_seconds": 1.0, "act_seconds": 6.0}


class House:
    """A service whose store is behind a proxy, and the operator's command with the same settings."""

    def __init__(self, site, proxy, config):
        self.site, self.proxy, self.config = site, proxy, config

    def health(self):
        self.site.services.gate._kept = None  # a page may be three seconds old
        answer = self.site.client(None).get("/health")
        return answer.status_code, answer.json()["parts"]

    def command(self):
        done = CliRunner().invoke(antin, ["storage", "check", "--config", str(self.config)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    def to_seal(self):
        document = self.site.signed()
        assert self.site.post(CLERK, f"/documents/{document}/number", json={}).status_code == 200
        return document

    def seal(self, document):
        return self.site.wait(CLERK, self.site.post(CLERK, f"/documents/{document}/seal"))

    def stored(self):
        return set(self.straight.list(DOCUMENTS))

    def look(self):
        """What a process does by itself when a verdict has had its time."""
        self.site.services.canary.run_all()


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
        with _site(folder / "data", proxy.endpoint, bucket, seaweedfs.admin) as (site, config):
            found = House(site, proxy, config)
            found.straight = stores.bucket(_straight(site.settings.object_store, seaweedfs.endpoint))
            until(lambda: found.health()[0] == 200, "a service that is well")
            yield found


@pytest.fixture(autouse=True)
def calm(house):
    """One test's bad luck is not another's."""
    yield
    house.proxy.calm()
    house.look()


@contextmanager
def _site(data, endpoint, bucket, keys):
    demo_settings(data, free_port())
    config = data / "antin.toml"
    rows = {"endpoint": f"http://{endpoint}", "bucket": bucket}
    for name, value in zip(("access_key", "secret_key"), keys, strict=True):
        (data / name).write_text(f"{value}\n")
        rows[f"{name}_file"] = str(data / name)
    table = "".join(f"{key} = {json.dumps(value)}\n" for key, value in rows.items())
    config.write_text(f"{config.read_text()}\n[object_store]\n{table}")
    settings = tools.load_settings(config)
    with running(settings) as (services, passwords):
        yield Site(settings, services, passwords), config


def _straight(given, endpoint):
    return given.model_copy(update={"endpoint": f"http://{endpoint}"})


def _an_hour_off(answer):
    told = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True).encode()
    return re.sub(rb"(?mi)^Date: [^\r]+", b"Date: " + told, answer, count=1)


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
        (warned,) = [each for each in parts["locks"]["warnings"] if each["id"] == weakness]
        assert status == 200 and parts["locks"]["state"] == "ok"
        code, told = house.command()
        assert code == 0 and warned["text"]["vi"] in told
        assert house.seal(document)["state"] == "succeeded"


def test_a_read_back_that_differs_is_no_archive_and_is_told(house):
    """What the store gives back of the document is not what it was given: the act is told, and so is the operator."""
    document = house.to_seal()
    house.proxy.meets(net.spoil_answer, method="GET", having=f"{DOCUMENTS}{document}", times=net.ALWAYS)
    ended = house.seal(document)
    assert ended["state"] == "failed" and house.site.document(document)["state"] == "validated"
    assert not house.site.get(CLERK, f"/documents/{document}").get("archived_at")
    house.look()
    house.proxy.calm()
    Upkeep(house.site.services).carry_out_what_is_left()
    assert house.site.document(document)["state"] == "archived"
