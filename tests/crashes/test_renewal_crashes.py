"""kill -9 before and after every durable step of a renewal: whoever begins it again makes one version, and one leaf."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import contextmanager

import pytest

from api.checking import Checking
from api.renewing import Outcome, Renewing
from api.wiring import service
from archive import ingest
from archive.catalogue import deposit_rows, documents, evidence_rows, log_rows
from policies.validation import PASSED
from signer.validation.process import validate
from tests.crashes.children import exit_code, forked
from tests.profiles import AGENCY
from tests.renewing import follow, successor_of
from tests.service import Site, start, until
from tests.signer.trust.forge import YEAR
from tests.signer.validation.century import Authority
from tests.signer.validation.office import PkiSource

pytestmark = [pytest.mark.own_service, pytest.mark.xdist_group("site")]
WRITES = ("put", "put_work", "extend_work")


class Steps:
    def __init__(self, left) -> None:
        self.left = left

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Killing:
    """A store, a work area or an authority that ends its process before or after the chosen write."""

    def __init__(self, inner, steps, writes=WRITES) -> None:
        self.inner, self.steps, self.writes = inner, steps, writes

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if name not in self.writes:
            return found

        def killing(*args, **named):
            self.steps()
            done = found(*args, **named)
            self.steps()
            return done

        return killing


@contextmanager
def opened(settings, authority):
    """The service without its jobs, under the new authority; the demo PKI answers in this process."""
    with service.for_reading(settings) as services:
        services.revocation = PkiSource(services.demo)
        follow(services, Authority.load(authority))
        yield services


def renew(services, begin, document):
    def carry_out(deposit):
        ingest.carry_out(deposit, services.store, services.work_area, begin, services.clock())

    return Renewing(services, carry_out).renew(document, due=False)


def die_at(moment, settings, authority, document) -> None:
    """In the child process."""
    steps = Steps(moment)
    with opened(settings, authority) as services:
        services.store = Killing(services.store, steps)
        services.work_area = Killing(services.work_area, steps)
        services.tsa = Killing(services.tsa, steps, ("token",))
        commit = services.transactions.write

        @contextmanager
        def write():
            with commit() as conn:
                yield conn
                steps()
            steps()

        services.transactions.write = write
        result = renew(services, write, document)
        assert result.outcome is Outcome.RENEWED, result


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """An archive with one long-term document, and the authority that follows the one of its signatures."""
    data = tmp_path_factory.mktemp("renewal") / "data"
    with start(data) as (services, passwords):
        site = Site(services.settings, services, passwords)
        document = site.issued()
        site.long_term(document)
        until(lambda: not site.services.jobs.under_way, "the jobs")
        authority = successor_of(services.clock())
        authority.save(data.parent / "authority")
        settings = services.settings
    return settings, data.parent / "authority", document


@pytest.mark.parametrize(
    "stride",
    [9, pytest.param(1, marks=pytest.mark.long)],
    ids=["here and there", "at every step"],
)
def test_kill_9_in_a_renewal(prepared, tmp_path, stride):
    settings, authority, document = prepared
    moment, code = 1 - stride, -signal.SIGKILL
    while code == -signal.SIGKILL:
        moment += stride
        here = settings.model_copy(update={"data_dir": tmp_path / f"moment-{moment}"})
        shutil.copytree(settings.data_dir, here.data_dir)
        code = exit_code(forked(die_at, moment, here, authority, document))
        again_and_once(here, authority, document)
    assert code == 0
    assert moment > 9, "the kills did not reach the end"


def again_and_once(settings, authority, document):
    with opened(settings, authority) as services:
        found = renew(services, services.transactions.write, document)
        assert found.outcome in (Outcome.RENEWED, Outcome.NO_GAIN), found
        with services.transactions.read() as conn:
            versions = documents.versions(conn, document)
            leaves = log_rows.archived_versions(conn, document)
            assert deposit_rows.deposits_left(conn) == ()
            row = evidence_rows.of(conn, document)
        assert [version.role for version in versions].count("renewed") == 1
        assert [leaf.content_sha256 for leaf in leaves].count(versions[-1].sha256) == 1
        assert leaves[-1].predecessor == leaves[-2].id and len(leaves) == 3
        assert row.sha256 == versions[-1].sha256
        assert row.outlook.good_until > services.clock() + 29 * YEAR
        path = services.work_area.work_path(versions[-1].sha256)
        report = validate(path, trust=services.trust, at=services.clock(), profile=AGENCY)
        assert report.verdict == PASSED
        errors = [each for each in Checking(services).report().findings if each.severity == "error"]
        assert errors == []
