"""One scan, from settings to a report: look at every vCenter, let the checks judge, put the results together.

The only module that knows the whole way.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Protocol

from structlog.contextvars import bound_contextvars

from vhealthd.catalogue import BoundCheck
from vhealthd.config import CaFile, Pinned, Settings, SystemTrust, Trust, Unverified, VCenterSettings
from vhealthd.engine import NO_SESSION, Source, run_checks, without_session
from vhealthd.errors import NotPermittedError, NotSupportedError, VCenterError
from vhealthd.inventory import Need
from vhealthd.model import (
    CheckResult,
    MoRef,
    Outcome,
    ScanReport,
    VCenterReport,
    VCenterState,
    VirtualCenter,
)
from vhealthd.saved import Missing, Sighting
from vhealthd.vcenter import trust
from vhealthd.vcenter.auth import Authentication, PasswordAuthentication
from vhealthd.vcenter.client import VCenterClient
from vhealthd.vcenter.collect import Collector
from vhealthd.vcenter.connectivity import reach
from vhealthd.vcenter.names import Resolver
from vhealthd.vcenter.transport import Pace, Transport
from vhealthd.vcenter.tree import Scope

Clock = Callable[[], datetime]


class Progress(Protocol):
    """Whoever watches a scan."""

    def update(self, vcenter: str, done: int, total: int, doing: str) -> None:
        """Hear that `done` of `total` steps on a vCenter are done, and which was the last."""


def utc_now() -> datetime:
    """Return this machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What to do in one scan, and with what."""

    settings: Settings
    checks: tuple[BoundCheck, ...]
    run_id: str
    trigger: str = "manual"
    progress: Progress
    clock: Clock = utc_now
    pace: Pace = field(default_factory=Pace)

    @property
    def needs(self) -> frozenset[Need]:
        """Return all that the selected checks read."""
        return frozenset().union(*(bound.check.needs for bound in self.checks))


async def scan(plan: Scan, vcenters: Sequence[VCenterSettings]) -> tuple[ScanReport, tuple[Sighting, ...]]:
    """Scan vCenters, several at once; one that is down hurts no other. Raises ConfigError for an unreadable secret."""
    started = plan.clock()
    deadline = asyncio.get_running_loop().time() + plan.settings.scan.deadline.total_seconds()
    slots = asyncio.Semaphore(plan.settings.scan.vcenters_at_once)
    # Secrets are read before anything is sent: one that cannot be read is the configuration's fault.
    accounts = [PasswordAuthentication(one.username, one.password.read()) for one in vcenters]
    trusts = [_trust(one.tls) for one in vcenters]

    async def one(index: int) -> tuple[VCenterReport, Sighting]:
        async with slots:
            with bound_contextvars(run_id=plan.run_id, vcenter=vcenters[index].name):
                return await _look_and_judge(plan, vcenters[index], accounts[index], trusts[index], deadline)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(i), name=f"scan {vcenters[i].name}") for i in range(len(vcenters))]
    results = [task.result() for task in tasks]
    return _report(plan, started, [report for report, _ in results]), tuple(sighting for _, sighting in results)


async def judge_again(plan: Scan, sightings: Sequence[Sighting]) -> ScanReport:
    """Judge what an earlier scan saw, as of its own time, without a network."""
    started = plan.clock()
    return _report(plan, started, [_describe(one, await _judge(plan, one, one, lambda _: None)) for one in sightings])


def _report(plan: Scan, started: datetime, vcenters: Sequence[VCenterReport]) -> ScanReport:
    return ScanReport(
        run_id=plan.run_id,
        trigger=plan.trigger,
        tool_version=version("vhealthd"),
        started=started,
        finished=plan.clock(),
        vcenters=tuple(vcenters),
    )


async def _look_and_judge(
    plan: Scan, settings: VCenterSettings, account: Authentication, trusted: trust.SslArgument, deadline: float
) -> tuple[VCenterReport, Sighting]:
    """Scan one vCenter, and log out of it whatever happens."""
    transport = Transport(
        settings.url,
        trust=trusted,
        user_agent=f"vhealthd/{version('vhealthd')}",
        in_flight=plan.settings.scan.requests_in_flight,
        deadline=deadline,
        pace=plan.pace,
    )
    async with transport:
        client = VCenterClient(transport, account)
        try:
            sighting, results = await _with_client(plan, settings, client, deadline)
        finally:
            await client.close()
    sighting = replace(sighting, requests=transport.traffic.requests)
    return _describe(sighting, results), sighting


async def _with_client(
    plan: Scan, settings: VCenterSettings, client: VCenterClient, deadline: float
) -> tuple[Sighting, tuple[CheckResult, ...]]:
    tls = _tls_word(settings)
    reachability, no_session, now = await reach(client, tls=tls, clock=plan.clock, deadline=deadline)
    steps = _Steps(plan, settings.name)
    dns = plan.settings.dns
    collector = Collector(
        client,
        needs=plan.needs,
        scope=Scope(frozenset(settings.scope.datacenters), frozenset(settings.scope.clusters)),
        resolver=Resolver([(one.address, one.port) for one in dns.nameservers], dns.timeout),
        reachability=reachability,
        no_session=no_session,
        in_flight=plan.settings.scan.requests_in_flight,
        deadline=deadline,
        clock=plan.clock,
        on_done=steps,
    )
    sighting = Sighting(
        name=settings.name,
        url=settings.url,
        tls=tls,
        now=now,
        instance_uuid=client.about.instance_uuid,
        version=client.about.version,
        build=client.about.build,
        no_session=str(no_session) if no_session else None,
    )
    async with collector:
        steps.total += len(collector.names)
        results = await _judge(plan, sighting, collector, steps)
        problems = () if no_session else (client.api_problem, client.vi_problem)
        sentences = [str(one) for one in problems if one] + list(collector.failures.values())
        return replace(
            sighting,
            problems=tuple(dict.fromkeys(sentences)),
            unmatched_scope=collector.unmatched_scope,
            counts=await collector.counts(),
            parts=await _parts(collector, plan.needs),
        ), results


class _Steps:
    """Counts collectors and checks as they end, and tells whoever watches."""

    def __init__(self, plan: Scan, vcenter: str) -> None:
        self.total = len(plan.checks)
        self._done = 0
        self._tell = plan.progress.update
        self._vcenter = vcenter

    def __call__(self, what: str) -> None:
        self._done += 1
        self._tell(self._vcenter, self._done, self.total, what)


async def _judge(plan: Scan, seen: Sighting, source: Source, on_done: Callable[[str], None]) -> tuple[CheckResult, ...]:
    results = await run_checks(
        plan.checks,
        source,
        now=seen.now,
        vcenter=VirtualCenter(ref=MoRef("VirtualCenter", seen.instance_uuid or ""), name=seen.name),
        concurrency=plan.settings.scan.concurrency,
        check_timeout=plan.settings.scan.check_timeout.total_seconds(),
        on_done=on_done,
    )
    if seen.no_session is None:
        return results
    return tuple(without_session(result, NO_SESSION(why=seen.no_session)) for result in results)


def _describe(seen: Sighting, results: tuple[CheckResult, ...]) -> VCenterReport:
    reason = seen.no_session or "; ".join(seen.problems) or None
    state = VCenterState.PARTIAL if reason else VCenterState.SCANNED
    return VCenterReport(
        name=seen.name,
        url=seen.url,
        state=VCenterState.UNREACHABLE if seen.no_session else state,
        tls=seen.tls,
        reason=reason,
        instance_uuid=seen.instance_uuid,
        version=seen.version,
        build=seen.build,
        counts=seen.counts,
        requests=seen.requests,
        unmatched_scope=seen.unmatched_scope,
        results=results,
    )


async def _parts(source: Source, needs: Iterable[Need]) -> dict[Need, object]:
    """Take hold of every part that checks read, or of the reason why it is not there."""
    parts: dict[Need, object] = {}
    for need in sorted(needs):
        try:
            parts[need] = await source.fetch(need)
        except VCenterError as error:
            cannot = isinstance(error, NotPermittedError | NotSupportedError)
            parts[need] = Missing(why=str(error), outcome=Outcome.SKIPPED if cannot else Outcome.UNKNOWN)
    return parts


def _trust(tls: Trust) -> trust.SslArgument:
    """Return what aiohttp takes. Raises ConfigError for a CA file without certificates."""
    match tls:
        case CaFile(path):
            return trust.from_ca_file(path)
        case Pinned(sha256):
            return trust.pinned(sha256)
        case Unverified():
            return False
        case SystemTrust():
            return True


def _tls_word(settings: VCenterSettings) -> str:
    if settings.url.startswith("http:"):
        return "plain"
    match settings.tls:
        case Unverified():
            return "unverified"
        case Pinned():
            return "pinned"
        case _:
            return "verified"
