"""The services of one process, made from settings: the adapters of the service are named here."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from argon2 import PasswordHasher

from api import proofs
from api.area import Area
from api.checking import Checking
from api.demo import furnish
from api.demo.pki import DemoPki, make_demo_pki
from api.finishing import Finishing
from api.gate import ArchivingGate
from api.identity import LocalIdentity
from api.jobs import ACTS, COPIES, IN_LINE, NIGHT, QUIET, STAMPS, DbosJobs
from api.keyring import REPORT, SEAL, KeyRing
from api.metrics import Metrics
from api.nights import Nights
from api.outcomes import guarded
from api.owed import Owed
from api.rebuilding import Bench, check_whole
from api.services import WORKING, Part, Services
from api.settings import KeySettings, Settings, SettingsError
from api.stamps import Stamps
from api.transactions import Transactions
from api.upkeep import Upkeep
from api.wiring import canary, database, stores, trust, watching
from api.wiring.clock import clock
from api.wiring.company import Company
from api.wiring.rules import retention_table, validation_profiles
from api.wiring.tools import password_of, verification_limits
from api.witness.client import HttpWitness
from archive.catalogue import agency_rows
from archive.catalogue.values import Agency
from archive.errors import ProofRefused
from archive.log.cosignature import WitnessKey
from archive.ports import ObjectStore
from archive.witnessing import Watcher
from policies.intake import ISSUING, IntakeProfile
from signer.keys import pkcs12
from signer.keys.checks import SigningRules
from signer.ports import SigningKey
from signer.sandbox import Sandbox, SandboxLimits
from signer.timestamping.rfc3161 import HttpLimits, HttpTimestampAuthority
from signer.timestamping.token import TokenRules
from signer.trust.anchors import TrustAnchors
from signer.trust.revocation_cache import CachedRevocationSource

# What the templates of the path's and the visitors' workers import.
PATH_MODULES = (
    "signer.document.upload",
    "signer.document.pdfa",
    "signer.stamping.placement",
    "signer.creation.prepare",
    "signer.creation.two_step",
    "signer.creation.token",
    "signer.creation.shown",
    "signer.own_output",
    "signer.document.preview",
)
VISITORS_MODULES = ("signer.validation.process", "signer.reporting.pdf", "signer.creation.draft")
BACKGROUND_NICE = 19
VISITORS_NICE = 5


def build(given: Settings, part: Part = Part.EVERYTHING) -> Services:
    """The services of one process. Raises SettingsError, SigningRefused (keys), before anything is served."""
    transactions = database.opened(given)
    with transactions.read() as conn:
        check_whole(conn)
    demo = _demo_pki(given)
    bare = stores.objects(given)
    work = stores.work(given, bare)
    store, pinned = stores.knowing_repairs(bare, transactions)
    area = Area(work, store, transactions)
    believed = trust.of_service(given, demo)
    sandbox, metrics = _path_sandbox(given), Metrics()
    revocation = _revocation(given, sandbox, metrics)
    company = Company.of(given, part)
    gate = canary.gate(given, transactions, watches=part is not Part.API)
    services = Services(
        settings=given,
        clock=clock,
        pause=time.sleep,
        transactions=transactions,
        store=store,
        work_area=area,
        part=part,
        inner_store=bare,
        pinned=pinned,
        second=stores.bucket(given.second_store) if given.second_store is not None else None,
        leftovers=stores.leftovers(bare, work),
        stale=stores.stale(bare, work),
        caches=stores.caches(work),
        processes=company.processes,
        messages=company.messages,
        sandbox=sandbox,
        visitors=_visitors_sandbox(given),
        background=Sandbox(1, SandboxLimits(wall_seconds=2 * given.sandbox_seconds, nice=BACKGROUND_NICE)),
        identity=LocalIdentity(transactions, PasswordHasher(), timedelta(hours=given.session_hours)),
        keys=_keys(given, demo),
        stamps=Stamps(given.stamps_path, given.seal_diameter_mm),
        trust=believed,
        profiles=validation_profiles(production=given.production),
        revocation=revocation,
        issuers=trust.issuers(given.issuer_hosts, offline=given.offline),
        metrics=metrics,
        signing_rules=SigningRules(believed, revocation, given.production),
        tsa=_tsa(given, believed),
        intake_profile=_intake(given),
        proofs=_proofs(given, part, transactions, store, area, company, gate),
        retention=retention_table(given.retention_file),
        gate=gate,
        second_gate=canary.second_gate(given, transactions),
        demo=demo,
    )
    services.nights = Nights(services)
    services.jobs = _jobs(services, services.nights, company)
    company.join(services)
    services.upkeep = Upkeep(services)
    services.canary = canary.watch(services)
    _furnish(services)
    return services


def _revocation(given: Settings, sandbox: Sandbox, metrics: Metrics) -> CachedRevocationSource:
    return trust.revocation(
        given.revocation_path,
        sandbox,
        offline=given.offline,
        age=timedelta(seconds=given.revocation_age),
        count=metrics.revocation,
    )


def _furnish(services: Services) -> None:
    """What a new catalogue and a new folder lack."""
    given = services.settings
    agency = Agency(given.agency_code, given.agency_name, given.agency_symbol, {})
    with services.transactions.write() as conn:
        agency_rows.put_agency(conn, agency, services.clock())
    if services.demo is not None:
        furnish.stamps(given.stamps_path)


def _proofs(
    given: Settings,
    part: Part,
    transactions: Transactions,
    store: ObjectStore,
    area: Area,
    company: Company,
    gate: ArchivingGate,
) -> proofs.Proofs:
    return proofs.Proofs(
        transactions,
        store,
        area,
        proofs.log_key(given.log_key_path, given.origin, shared=company.processes.shared),
        clock,
        company.processes,
        company.messages,
        sequences=part is not Part.API,
        watchers=_watchers(given),
        others=stores.others(given),
        settings=given,
        gate=gate,
        prompt=given.object_store is not None,
    )


def _path_sandbox(given: Settings) -> Sandbox:
    limits = SandboxLimits(wall_seconds=given.sandbox_seconds, preload=PATH_MODULES)
    return Sandbox(given.sandbox_workers, limits)


def _visitors_sandbox(given: Settings) -> Sandbox:
    """Half of the places, a new process for each file, behind everybody who works."""
    limits = verification_limits(retire_calls=1, nice=VISITORS_NICE, preload=VISITORS_MODULES)
    return Sandbox(max(1, given.sandbox_workers // 2), limits)


def _tsa(given: Settings, believed: TrustAnchors) -> HttpTimestampAuthority:
    limits = HttpLimits(seconds=given.tsa_timeout, connections=given.tsa_parallel)
    return HttpTimestampAuthority(_tsa_url(given), TokenRules(believed, now=clock), limits)


def _jobs(services: Services, nights: Nights, company: Company) -> DbosJobs:
    """Who does what waits, and how many of each kind at once."""
    return DbosJobs(
        services.transactions,
        {
            **Finishing(services).handlers(),
            **Owed(services).handlers(),
            **nights.handlers(),
            "fsck": guarded(services, Checking(services).run),
        },
        {ACTS: 4, STAMPS: services.settings.tsa_parallel + WORKING + IN_LINE, QUIET: 1, NIGHT: 1, COPIES: 1},
        company.processes.id,
        messages=company.messages if company.processes.shared else None,
        works=services.works,
        fit=lambda: not company.processes.clock_off,
    )


def _demo_pki(given: Settings) -> DemoPki | None:
    if not given.demo_pki:
        return None
    return make_demo_pki(given.data_dir / "demo-pki", clock(), public_url=given.public_url)


def _tsa_url(given: Settings) -> str:
    if given.tsa_url:
        return given.tsa_url
    if given.demo_pki:
        return given.public_url + "/demo/tsa"
    raise SettingsError("tsa_url: the address of a time-stamp authority is needed")


def _keys(given: Settings, demo: DemoPki | None) -> KeyRing:
    keys: dict[str, SigningKey] = {}
    if demo is not None:
        keys.update({name: demo.signing_key(name) for name in furnish.KEYS})
        keys[SEAL] = demo.seal
        keys[REPORT] = demo.signing_key(REPORT)
    for row in given.leader_keys:
        if row.account in (SEAL, REPORT):
            raise SettingsError(
                f"leader_keys: no account may be called {row.account}, as a key of the agency is"
            )
        keys[row.account] = _load_key(row)
    if given.seal_key is not None:
        keys[SEAL] = _load_key(given.seal_key)
    if given.report_key is not None:
        keys[REPORT] = _load_key(given.report_key)
    if SEAL not in keys:
        raise SettingsError("seal_key: the agency's seal is needed")
    return KeyRing(keys)


def _load_key(row: KeySettings) -> SigningKey:
    return pkcs12.load(row.pkcs12, password_of(row.password_file))


def _watchers(given: Settings) -> tuple[Watcher, ...]:
    found = []
    for row in given.witnesses:
        try:
            key = WitnessKey.parse(row.vkey.strip())
        except ProofRefused as exc:
            raise SettingsError(f"witnesses: the vkey for {row.url}: {exc.text('en')}") from exc
        found.append(Watcher(key, HttpWitness(row.url, key.name, given.witness_timeout), row.label))
    if len({watcher.key for watcher in found}) < len(found):
        raise SettingsError("witnesses: one of them is named twice")
    return tuple(found)


def _intake(given: Settings) -> IntakeProfile:
    limits = replace(ISSUING.limits, file_bytes=given.upload_limit, pages=given.page_limit)
    return replace(ISSUING, limits=limits)


@contextmanager
def identity(given: Settings) -> Iterator[LocalIdentity]:
    """Accounts alone, for the command line."""
    transactions = database.opened(given)
    try:
        yield LocalIdentity(transactions, PasswordHasher(), timedelta(hours=given.session_hours))
    finally:
        transactions.close()


@contextmanager
def bench(given: Settings) -> Iterator[Bench]:
    """For a rebuild: the database in its newest shape, the stores, the log's key, which is never made here."""
    path = given.log_key_path
    if not path.exists():
        raise SettingsError(
            f"log_key {path}: bring the log's key back from its backup first; without it nothing can go on"
        )
    transactions = database.opened(given)
    try:
        key = proofs.log_key(path, given.origin, shared=True)
        yield Bench(given, transactions, watching.objects_by_name(given), key, clock, _watchers(given))
    finally:
        transactions.close()


@contextmanager
def for_reading(given: Settings) -> Iterator[Services]:
    """The services without their background work, for a command that only reads."""
    if not given.log_key_path.exists():
        raise SettingsError(f"log_key {given.log_key_path}: there is no archive here")
    services = build(given)
    try:
        yield services
    finally:
        services.proofs.close()
        services.sandbox.close()
        services.background.close()
        services.transactions.close()


def new_password() -> str:
    """A password for a demo account: never a default."""
    return secrets.token_urlsafe(12)
