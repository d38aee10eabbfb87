"""One scan, from settings to a report: look at every vCenter, let the checks judge, put the results together.

The only module that knows the whole way.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Protocol

import structlog
from structlog.contextvars import bound_contextvars

from vhealthd import rules
from vhealthd.catalogue import BoundCheck
from vhealthd.config import Settings, VCenterSettings
from vhealthd.engine import NO_SESSION, Source, run_checks, without_session
from vhealthd.errors import StateError, VCenterError
from vhealthd.inventory import Need
from vhealthd.limits import in_force
from vhealthd.model import (
    CheckResult,
    History,
    MoRef,
    ScanReport,
    VCenterReport,
    VCenterState,
    VirtualCenter,
    outcome_of,
)
from vhealthd.saved import Missing, Sighting
from vhealthd.vcenter.client import VCenterClient
from vhealthd.vcenter.collect import Collector
from vhealthd.vcenter.connectivity import reach
from vhealthd.vcenter.observer import Nobody, Observer
from vhealthd.vcenter.transport import Pace
from vhealthd.vcenter.tree import Scope
from vhealthd.vcenter.visit import Door, door, door_or_reason, resolver, visit

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
# Gives the history of every check by slug, for a vCenter by its configured name and its instanceUuid.
Past = Callable[[str, str | None], Awaitable[Mapping[str, History]]]


class Progress(Protocol):
    """Whoever watches a scan."""

    def update(self, vcenter: str, done: int, total: int, doing: str) -> None:
        """Hear that `done` of `total` steps on a vCenter are done, and which was the last."""


def utc_now() -> datetime:
    """Return this machine's clock."""
    return datetime.now(UTC)


def new_run_id(now: datetime) -> str:
    """Return `20261122T060000Z-7f3a`: sorts by time, and two runs of one second differ."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


async def no_past(_name: str, _instance_uuid: str | None) -> Mapping[str, History]:
    """Return no history at all, as where nothing is kept."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What to do in one scan, and with what."""

    settings: Settings
    checks: tuple[BoundCheck, ...]
    run_id: str
    trigger: str = "manual"
    strict: bool = True  # a secret that cannot be read ends the scan, before it begins
    progress: Progress
    clock: Clock = utc_now
    pace: Pace = field(default_factory=Pace)
    observer: Observer = field(default_factory=Nobody)
    past: Past = no_past

    @property
    def needs(self) -> frozenset[Need]:
        """Return all that the selected checks read."""
        return frozenset().union(*(bound.check.needs for bound in self.checks))


async def scan(plan: Scan, vcenters: Sequence[VCenterSettings]) -> tuple[ScanReport, tuple[Sighting, ...]]:
    """Scan vCenters, several at once; one that is down hurts no other. Raises ConfigError for an unreadable secret."""
    started = plan.clock()
    deadline = asyncio.get_running_loop().time() + plan.settings.scan.deadline.total_seconds()
    slots = asyncio.Semaphore(plan.settings.scan.vcenters_at_once)
    # Secrets are read before anything is sent. To a person at the terminal, one that cannot be read is the
    # configuration's fault; in the night it must not cost the scan of the other vCenters.
    doors = [(door if plan.strict else door_or_reason)(one) for one in vcenters]

    async def one(index: int) -> tuple[VCenterReport, Sighting]:
        async with slots:
            with bound_contextvars(run_id=plan.run_id, vcenter=vcenters[index].name):
                return await _look_and_judge(plan, doors[index], deadline)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(i), name=f"scan {vcenters[i].name}") for i in range(len(vcenters))]
    results = [task.result() for task in tasks]
    # Mutes hold by this machine's clock: one that is wrong in some vCenter must not end them.
    report = await _report(plan, started, [report for report, _ in results], as_of=started)
    return report, tuple(sighting for _, sighting in results)


async def judge_again(plan: Scan, sightings: Sequence[Sighting]) -> ScanReport:
    """Judge what an earlier scan saw, as of its own time, without a network."""
    started = plan.clock()
    reports = [replace(_describe(one, await _judge(plan, one, one, lambda _: None)), seen=one.now) for one in sightings]
    return await _report(plan, started, reports, as_of=max((one.now for one in sightings), default=started))


async def _report(plan: Scan, started: datetime, vcenters: Sequence[VCenterReport], *, as_of: datetime) -> ScanReport:
    """Put the parts together, by the rules across checks as of a time."""
    # in a thread: with tens of thousands of findings it takes a second
    settled = await asyncio.to_thread(lambda: tuple(_settle(plan, one, as_of) for one in vcenters))
    mutes = rules.uses(plan.settings.mutes, (result for one in settled for result in one.results), now=as_of)
    for expired in (one.mute for one in mutes if one.expired):
        log.warning("mute expired", rule=expired.rule, owner=expired.owner, until=expired.until.isoformat())
    return ScanReport(
        run_id=plan.run_id,
        trigger=plan.trigger,
        tool_version=version("vhealthd"),
        started=started,
        finished=plan.clock(),
        vcenters=settled,
        mutes=mutes,
        limits=tuple(limit for bound in plan.checks for limit in in_force(bound.check.slug, bound.limits)),
    )


def _settle(plan: Scan, vcenter: VCenterReport, as_of: datetime) -> VCenterReport:
    """Say which findings count; where there was no session, what else there is cannot be fine."""
    results = rules.apply(plan.checks, vcenter.results, plan.settings.mutes, vcenter=vcenter.name, now=as_of)
    if vcenter.state is VCenterState.UNREACHABLE:
        reason = NO_SESSION(why=vcenter.reason)
        results = tuple(without_session(result, reason) for result in results)
    return replace(vcenter, results=results)


async def _look_and_judge(plan: Scan, to: Door, deadline: float) -> tuple[VCenterReport, Sighting]:
    """Scan one vCenter, and log out of it whatever happens."""
    in_flight = plan.settings.scan.requests_in_flight
    async with visit(to, in_flight=in_flight, deadline=deadline, pace=plan.pace, observer=plan.observer) as client:
        sighting, results = await _with_client(plan, to, client, deadline)
    sighting = replace(sighting, requests=client.transport.traffic.requests)
    return _describe(sighting, results), sighting


async def _with_client(
    plan: Scan, to: Door, client: VCenterClient, deadline: float
) -> tuple[Sighting, tuple[CheckResult, ...]]:
    settings = to.settings
    reachability, no_session, now = await reach(client, tls=to.tls, clock=plan.clock, deadline=deadline)
    steps = _Steps(plan, settings.name)
    collector = Collector(
        client,
        needs=plan.needs,
        scope=Scope(frozenset(settings.scope.datacenters), frozenset(settings.scope.clusters)),
        resolver=resolver(plan.settings.dns),
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
        tls=to.tls,
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
            collecting=dict(sorted(collector.seconds.items())),
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
    return await run_checks(
        plan.checks,
        source,
        now=seen.now,
        vcenter=VirtualCenter(
            ref=MoRef("VirtualCenter", seen.instance_uuid or ""), name=seen.name, version=seen.version
        ),
        concurrency=plan.settings.scan.concurrency,
        check_timeout=plan.settings.scan.check_timeout.total_seconds(),
        history=await _history(plan, seen),
        on_done=on_done,
    )


async def _history(plan: Scan, seen: Sighting) -> Mapping[str, History]:
    """Return what checks may know of earlier runs; a scan is worth more than that, and goes on without."""
    try:
        return await plan.past(seen.name, seen.instance_uuid)
    except StateError as error:
        log.warning("no history", why=str(error))
        return {}


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
        collecting=seen.collecting,
        results=results,
    )


async def _parts(source: Source, needs: Iterable[Need]) -> dict[Need, object]:
    """Take hold of every part that checks read, or of the reason why it is not there."""
    parts: dict[Need, object] = {}
    for need in sorted(needs):
        try:
            parts[need] = await source.fetch(need)
        except VCenterError as error:
            parts[need] = Missing(why=str(error), outcome=outcome_of(error))
    return parts
