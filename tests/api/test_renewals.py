"""Evidence that ends is renewed: once, by the night or by hand, in time or with an alarm."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from api import watch_health
from api.checking import Checking
from api.cli import antin
from api.health import PATIENT
from api.renewals import Renewals
from api.renewing import Outcome, Renewing
from api.store import audit, night_rows
from api.store.tables import night_tasks
from api.verification import Verification
from archive.catalogue import deposit_rows, document_changes, documents, evidence_rows, log_rows
from archive.catalogue.tables import evidence_ends
from archive.receipt import verify as verify_receipt
from policies.issuing import Act, Facts
from policies.night import Task, latest_night
from policies.renewal import Renewal, rules_of
from signer.errors import TimestampUnavailable
from signer.validation.process import validate
from tests.profiles import AGENCY
from tests.renewing import follow, successor_of
from tests.service import Site, start, until
from tests.signer.trust.forge import YEAR

DAY = timedelta(days=1)
pytestmark = [pytest.mark.own_service, pytest.mark.xdist_group("site")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A service of this module's own."""
    patched = pytest.MonkeyPatch()
    patched.setattr("api.nights.LOOK_SECONDS", 3600.0)
    with start(tmp_path_factory.mktemp("renewals")) as (services, passwords):
        found = Site(services.settings, services, passwords)
        for task in set(Task) - {Task.RENEW}:
            services.nights._acts[task] = lambda _at: (True, {})
        yield found
    patched.undo()


@pytest.fixture
def lasting(site):
    """A document with its validation data."""
    document = site.issued()
    site.long_term(document)
    until(lambda: row(site.services, document).sha256 == site.document(document)["sha256"], "its row")
    return document


@pytest.fixture
def authority(site, lasting):  # after it was signed
    """The service has another time-stamp authority; the old one is back at the end."""
    assert lasting
    services = site.services
    kept = services.tsa, services.revocation, services.trust
    yield follow(services, successor_of(services.clock()))
    services.tsa, services.revocation, services.trust = kept
    services.reports.clear()


def row(services, document):
    with services.transactions.read() as conn:
        return evidence_rows.of(conn, document)


def set_due(services, at, *documents):
    with services.transactions.write() as conn:
        statement = evidence_ends.update()
        if documents:
            statement = statement.where(evidence_ends.c.document.in_(documents))
        conn.execute(statement.values(due=at))


def roles(site, document):
    return [version["role"] for version in site.document(document)["versions"]]


def valid(site, document):
    path = site.services.work_area.work_path(site.document(document)["sha256"])
    services = site.services
    return validate(path, trust=services.trust, at=services.clock(), profile=AGENCY)


def test_each_version_tells_until_when_its_evidence_is_good(site, lasting):
    found = row(site.services, lasting)
    assert found.outlook.kind is Renewal.FIRST
    assert 8 * YEAR < found.outlook.good_until - site.services.clock() < 9 * YEAR + DAY
    told = site.document(lasting)["evidence"]
    assert told["good_until"][:10] == f"{found.outlook.good_until + timedelta(hours=7):%Y-%m-%d}"
    assert (told["renewal"], told["failure"]) == ("first", None)


def test_pages_say_it_in_words(site, lasting):
    day = f"{row(site.services, lasting).outlook.good_until + timedelta(hours=7):%d/%m/%Y}"
    code = site.document(lasting)["code"]
    page = site.client(None).get(f"{site.url}/v/{code}", headers={"accept-language": "vi"}).text
    assert "Bằng chứng còn tốt đến" in page and day in page


class TestOneRenewal:
    @pytest.mark.usefixtures("authority")
    def test_it_is_a_new_version_that_names_the_one_before(self, site, lasting):
        services, before = site.services, site.document(lasting)
        result = Renewing(services).renew(lasting, due=False)
        assert result.outcome is Outcome.RENEWED, result
        after = site.document(lasting)
        assert [v["role"] for v in after["versions"]][-2:] == ["long-term", "renewed"]
        old, new = (services.work_area.work_path(each["sha256"]).read_bytes() for each in (before, after))
        assert new.startswith(old)
        report = valid(site, lasting)
        assert {each.level for each in report.signatures if each.type == "signature"} == {"B-LTA"}
        with services.transactions.read() as conn:
            leaves = log_rows.archived_versions(conn, lasting)
            trail = [entry.act for entry in audit.of_subject(conn, lasting)]
        assert leaves[-1].predecessor == leaves[-2].id
        assert trail.count("renew") == 1
        assert row(services, lasting).outlook.good_until > services.clock() + 29 * YEAR

    @pytest.mark.usefixtures("authority")
    def test_every_version_is_found_and_its_receipt_verifies(self, site, lasting):
        first = site.document(lasting)["sha256"]
        Renewing(site.services).renew(lasting, due=False)
        second = site.document(lasting)["sha256"]
        for sha256, role in ((first, "long-term"), (second, "renewed")):
            path = site.services.work_area.work_path(sha256)
            found = Verification(site.services).ours(sha256)
            assert (found.document.id, found.version.role) == (lasting, role)
            receipt = site.services.proofs.receipt(found.document, sha256).serialize()
            assert verify_receipt(path, receipt, site.services.proofs.vkey).pdf_sha256 == sha256

    def test_twice_is_once(self, site, lasting, authority):
        assert Renewing(site.services).renew(lasting, due=False).outcome is Outcome.RENEWED
        assert Renewing(site.services).renew(lasting, due=True).outcome is Outcome.NOT_DUE
        asked = authority.asked
        assert Renewing(site.services).renew(lasting, due=False).outcome is Outcome.NO_GAIN
        assert authority.asked == asked + 1
        assert roles(site, lasting).count("renewed") == 1
        found = row(site.services, lasting)
        assert found.failure == "watch.renewal-no-gain" and found.due > site.services.clock() + 29 * DAY

    def test_an_authority_whose_certificate_ends_on_the_same_day_brings_nothing(self, site, lasting):
        """The service's own: the version would prove no longer than the one before."""
        assert Renewing(site.services).renew(lasting, due=False).outcome is Outcome.NO_GAIN
        assert roles(site, lasting)[-1] == "long-term"

    def test_an_authority_that_is_down_leaves_it_due(self, site, lasting, authority, monkeypatch):
        monkeypatch.setattr("api.stamping.RETRY_PAUSES", (0.0, 0.0))
        authority.error = TimestampUnavailable("down")
        result = Renewing(site.services).renew(lasting, due=False)
        assert (result.outcome, result.failure, result.authority) == (
            Outcome.FAILED,
            "TimestampUnavailable",
            True,
        )
        assert row(site.services, lasting).failure == "TimestampUnavailable"
        authority.error = None
        assert Renewing(site.services).renew(lasting, due=False).outcome is Outcome.RENEWED
        assert row(site.services, lasting).failure == ""

    @pytest.mark.usefixtures("authority")
    def test_without_an_answer_about_the_new_authority_nothing_is_kept(self, site, lasting):
        site.services.revocation.silent = True
        result = Renewing(site.services).renew(lasting, due=False)
        assert (result.outcome, result.failure) == (Outcome.FAILED, "RevocationUnavailable")
        assert roles(site, lasting)[-1] == "long-term"

    def test_a_document_that_was_stopped_is_left_alone(self, site, lasting, authority):
        services = site.services
        with services.transactions.write() as conn:
            current = documents.get(conn, lasting)
            document_changes.advance(conn, current, Act.STOP, services.clock(), facts=Facts(reason="test"))
        assert Renewing(services).renew(lasting, due=False).outcome is Outcome.NOT_DUE
        assert authority.asked == 0


class TestTheNight:
    @pytest.mark.usefixtures("authority")
    def test_it_renews_what_is_due_and_nothing_else(self, site, lasting):
        services, other = site.services, site.issued()
        site.long_term(other)
        set_due(services, services.clock() + YEAR)
        set_due(services, services.clock(), lasting)
        services.nights.put_in_line()
        before = self.task(services).operation
        with services.transactions.write() as conn:  # as if the service had slept
            earlier = latest_night(services.clock()) - timedelta(days=3)
            conn.execute(night_tasks.update().where(night_tasks.c.name == Task.RENEW).values(night=earlier))
        services.nights.put_in_line()
        found = until(
            lambda: (now := self.task(services)).operation != before and now.over and now, "the night"
        )
        assert found.good, found.told
        assert (found.told["renewed"], found.told["failed"], found.told["left"]) == (1, 0, False)
        assert roles(site, lasting)[-1] == "renewed" and roles(site, other)[-1] == "long-term"

    def task(self, services):
        with services.transactions.read() as conn:
            return night_rows.tasks(conn)[Task.RENEW]

    def test_documents_that_were_never_judged_are_judged_first(self, site, lasting):
        services = site.services
        expected = row(services, lasting)
        with services.transactions.write() as conn:
            conn.execute(evidence_ends.delete())
        run = Renewals(services).run()
        assert run.judged >= 1 and run.unjudged == 0
        found = row(services, lasting)
        assert (found.outlook.good_until, found.rules) == (expected.outlook.good_until, rules_of(AGENCY))

    def test_it_is_bounded(self, site, lasting, authority, monkeypatch):
        services = site.services
        monkeypatch.setattr(
            services, "settings", services.settings.model_copy(update={"renewals_nightly": 0})
        )
        set_due(services, services.clock(), lasting)
        run = Renewals(services).run()
        assert run.left and authority.asked == 0
        set_due(services, services.clock() + YEAR)

    def test_an_authority_that_is_down_is_asked_for_a_few_and_the_night_was_no_good(
        self, site, lasting, authority, monkeypatch
    ):
        monkeypatch.setattr("api.stamping.RETRY_PAUSES", (0.0, 0.0))
        authority.error = TimestampUnavailable("down")
        set_due(site.services, site.services.clock() + YEAR)
        set_due(site.services, site.services.clock(), lasting)
        run = Renewals(site.services).run()
        assert run.silent and not run.good
        assert run.counts[Outcome.FAILED] == 1


class TestAlarms:
    def test_the_health_page_tells_half_a_year_before_the_end(self, site, lasting):
        services, outlook = site.services, row(site.services, lasting).outlook
        with services.transactions.write() as conn:  # of others, whose authority is not trusted any more
            conn.execute(evidence_ends.delete().where(evidence_ends.c.document != lasting))

        def told(at):
            """With another clock than the service's jobs have."""
            return watch_health.evidence(
                SimpleNamespace(clock=lambda: at, transactions=services.transactions)
            )

        assert told(services.clock())["state"] == "ok"
        assert told(outlook.good_until - timedelta(days=181))["state"] == "ok"
        part = told(outlook.good_until - timedelta(days=179))
        assert part["state"] == "failing" and part["late"] >= 1
        (alarm,) = part["alarms"]
        assert alarm["reason"] == "watch.evidence-ends"
        assert "antin renew" in alarm["text"]["vi"]

    def test_it_stops_no_act(self):
        assert "evidence" in PATIENT


def cli(site, *arguments):
    """As an operator calls it, beside the running service; it knows the service's own authority alone."""
    settings = site.settings
    config = Path(settings.data_dir) / "renew.toml"
    if not config.exists():
        config.write_text(
            f'demo_pki = true\ndata_dir = "{settings.data_dir}"\npublic_url = "{settings.public_url}"\n'
        )
    return CliRunner().invoke(antin, ["renew", *arguments, "--config", str(config)])


class TestByHand:
    @pytest.mark.usefixtures("lasting")
    def test_status(self, site):
        told = cli(site, "--status", "--json")
        assert told.exit_code == 0, told.output
        value = json.loads(told.output)
        assert value["schema"] == "antin.renewal/1" and value["alarms"] == 0 and value["first_end"]
        assert "first end" in cli(site, "--status").output

    def test_one_document(self, site, lasting):
        told = cli(site, "--document", lasting, "--json")
        assert told.exit_code == 0, told.output
        assert json.loads(told.output)["outcome"] == "no-gain"

    @pytest.mark.usefixtures("lasting")
    def test_what_is_due(self, site):
        set_due(site.services, site.services.clock() + YEAR)
        told = cli(site, "--due", "--json")
        assert told.exit_code == 0, told.output
        assert json.loads(told.output)["renewed"] == 0

    @pytest.mark.parametrize("arguments", [(), ("--due", "--status"), ("--document", "x", "--due")])
    def test_one_of_three(self, site, arguments):
        assert cli(site, *arguments).exit_code == 2


def test_the_archive_is_whole_after_all_that(site):
    with site.services.transactions.read() as conn:
        assert deposit_rows.deposits_left(conn) == ()
    report = Checking(site.services).report(quick=False)
    assert [f for f in report.findings if f.severity == "error"] == []
