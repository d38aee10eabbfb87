"""Tells whether each vCenter can be scanned, and what to do where it cannot: the way there, and what may be read.

It reads like a scan does, but of one object of each type.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cryptography import x509

from vhealthd.catalogue import BoundCheck
from vhealthd.config import Settings, VCenterSettings
from vhealthd.errors import NotSupportedError, VCenterError
from vhealthd.grants import Grant, grants_for
from vhealthd.inventory import Need
from vhealthd.model import Reachability
from vhealthd.vcenter import trust
from vhealthd.vcenter.client import VCenterClient
from vhealthd.vcenter.collect import Collector
from vhealthd.vcenter.connectivity import reach
from vhealthd.vcenter.names import is_address
from vhealthd.vcenter.probe import Obstacle, Sampler, obstacles
from vhealthd.vcenter.transport import Pace
from vhealthd.vcenter.tree import Scope
from vhealthd.vcenter.visit import Door, door, resolver, visit

_LONGEST = timedelta(minutes=2)
_SKEW_SECONDS = 60
_SOON = timedelta(days=30)
_PINNING = "give vCenter's CA as tls.ca_file, or compare the fingerprint and pin it as tls.sha256_fingerprint"


class State(StrEnum):
    """How something is, worst first."""

    FAILS = "fails"
    LACKS = "lacks"
    ABSENT = "absent"
    NOTE = "note"
    FINE = "fine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was tried; `advice` says what to do, `checks` which checks it holds up, `details` what is told."""

    state: State
    about: str
    text: str
    advice: str = ""
    checks: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All that was tried on one vCenter, worst first."""

    name: str
    url: str
    session: bool
    lines: tuple[Line, ...]


def exit_code(diagnoses: Iterable[Diagnosis]) -> int:
    """Return 2 where there is no session, 1 where something cannot be read, 0 if all is fine."""
    listed = list(diagnoses)
    if not all(one.session for one in listed):
        return 2
    bad = {State.FAILS, State.LACKS, State.ABSENT}
    return int(any(line.state in bad for one in listed for line in one.lines))


def rows(diagnoses: Iterable[Diagnosis]) -> list[dict[str, Any]]:
    """Return the same for machines."""
    return [
        {
            "vcenter": one.name,
            "url": one.url,
            "session": one.session,
            "lines": [
                {
                    "state": line.state.value,
                    "about": line.about,
                    "text": line.text,
                    "advice": line.advice or None,
                    "checks": list(line.checks),
                    "details": list(line.details),
                }
                for line in one.lines
            ],
        }
        for one in diagnoses
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What to try, and with what."""

    settings: Settings
    checks: Sequence[BoundCheck]
    clock: Callable[[], datetime]
    pace: Pace = field(default_factory=Pace)


async def examine(plan: Examination, vcenters: Sequence[VCenterSettings]) -> tuple[Diagnosis, ...]:
    """Examine vCenters, several at once. Raises ConfigError for an unreadable secret."""
    doors = [door(one) for one in vcenters]
    slots = asyncio.Semaphore(plan.settings.scan.vcenters_at_once)

    async def one(to: Door) -> Diagnosis:
        async with slots:
            return await _examine(plan, to)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(to), name=f"examine {to.settings.name}") for to in doors]
    return tuple(task.result() for task in tasks)


async def _examine(plan: Examination, to: Door) -> Diagnosis:
    scan = plan.settings.scan
    deadline = asyncio.get_running_loop().time() + min(scan.deadline, _LONGEST).total_seconds()
    async with visit(to, in_flight=scan.requests_in_flight, deadline=deadline, pace=plan.pace) as client:
        way, no_session, now = await reach(client, tls=to.tls, clock=plan.clock, deadline=deadline)
        lines = [*_way(client, to, way), *await _certificate(client, to, way, now)]
        if no_session is None:
            lines += _vcenter(client, way)
            lines += await _reading(plan, client, way, deadline)
    order = list(State)
    return Diagnosis(
        name=to.settings.name,
        url=to.settings.url,
        session=no_session is None,
        lines=tuple(sorted(lines, key=lambda line: order.index(line.state))),
    )


# --- the way there


def _way(client: VCenterClient, to: Door, way: Reachability) -> Iterator[Line]:
    """Yield a line for each step up to the one that failed."""
    host = client.transport.url.host or ""
    address = client.transport.traffic.peer_address() or "found"
    reached = {
        "name": f"{host} needs no name service" if is_address(host) else f"{host} is {address}",
        "connect": f"connected in {way.connect_seconds or 0:.2f} s",
        "tls": "",  # has a line of its own
        "answer": "vCenter answers",
        "login": f"logged in as {to.account.username}",
    }
    for step, text in reached.items():
        if step == way.failed_step:
            yield Line(state=State.FAILS, about=step, text=way.failure or "")
            return
        if text:
            yield Line(state=State.FINE, about=step, text=text)


async def _certificate(client: VCenterClient, to: Door, way: Reachability, now: datetime) -> list[Line]:
    """Describe the certificate, where the way led so far."""
    if to.tls == "plain":
        return [Line(state=State.NOTE, about="tls", text="plain HTTP: whoever is on the way can read the password")]
    if way.failed_step in {"name", "connect", "tls"}:
        return []
    der = await trust.served_der(client.transport.url.host or "", client.transport.url.port or 443)
    if der is None:
        return [Line(state=State.NOTE, about="tls", text=f"{to.tls}; the certificate was not shown a second time")]
    until = x509.load_der_x509_certificate(der).not_valid_after_utc
    digest = hashlib.sha256(der).hexdigest().upper()
    fingerprint = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
    text = f"{to.tls}, valid until {until:%Y-%m-%d}, SHA-256 {fingerprint}"
    if to.tls == "unverified":
        return [Line(state=State.NOTE, about="tls", text=text, advice=_PINNING)]
    if until - now < _SOON:
        return [Line(state=State.NOTE, about="tls", text=text, advice="renew the certificate of vCenter soon")]
    return [Line(state=State.FINE, about="tls", text=text)]


def _vcenter(client: VCenterClient, way: Reachability) -> Iterator[Line]:
    """Tell what has answered: its release, its two APIs, its clock."""
    about = client.about
    build = f" build {about.build}" if about.build else ""
    yield Line(
        state=State.FINE,
        about="release",
        text=f"vCenter {about.version or 'of unknown version'}{build}, spoken to as {client.release}",
    )
    yield from _api("api", client.api_problem, "the Automation API (/api) answers")
    yield from _api("vi-json", client.vi_problem, "VI JSON answers")
    if way.clock_skew_seconds is not None:
        yield _clock(way.clock_skew_seconds)


def _api(about: str, problem: VCenterError | None, fine: str) -> Iterator[Line]:
    if problem is None:
        yield Line(state=State.FINE, about=about, text=fine)
        return
    absent = isinstance(problem, NotSupportedError)
    advice = "" if absent else "see whether its services run (service-control --status --all on the appliance)"
    yield Line(state=State.ABSENT if absent else State.FAILS, about=about, text=str(problem), advice=advice)


def _clock(skew: float) -> Line:
    text = f"vCenter's clock is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
    if abs(skew) <= _SKEW_SECONDS:
        return Line(state=State.FINE, about="clock", text=text)
    return Line(state=State.NOTE, about="clock", text=text, advice="keep both on the same time servers")


# --- what may be read


async def _reading(plan: Examination, client: VCenterClient, way: Reachability, deadline: float) -> list[Line]:
    needs = frozenset[Need]().union(*(bound.check.needs for bound in plan.checks))
    in_flight = plan.settings.scan.requests_in_flight
    sampler = Sampler(client, in_flight=in_flight)
    collector = Collector(
        client,
        needs=needs,
        scope=Scope(),
        resolver=resolver(plan.settings.dns),
        reachability=way,
        no_session=None,
        in_flight=in_flight,
        deadline=deadline,
        clock=plan.clock,
        reader=sampler,
    )
    async with collector:
        found = await obstacles(collector, sampler, needs)
    return [*_held_up(plan.checks, found), _free(plan.checks, found)]


def _held_up(checks: Sequence[BoundCheck], found: Mapping[Need, Sequence[Obstacle]]) -> Iterator[Line]:
    """Yield a line for each thing that stands in the way: for all that one grant would allow, a single one."""
    needs: dict[Grant | Obstacle, set[Need]] = {}
    details: dict[Grant | Obstacle, dict[str, None]] = {}
    for need, several in found.items():
        for obstacle in several:
            cause = _lacking(obstacle, need) or obstacle
            needs.setdefault(cause, set()).add(need)
            details.setdefault(cause, {})[obstacle.why] = None
    for cause, parts in needs.items():
        waiting = tuple(bound.check.slug for bound in checks if not bound.check.needs.isdisjoint(parts))
        if isinstance(cause, Grant):
            yield _refused(cause, waiting, tuple(details[cause]))
        else:
            state = State.ABSENT if cause.absent else State.FAILS
            yield Line(state=state, about="reading", text=cause.why, checks=waiting)


def _lacking(obstacle: Obstacle, need: Need) -> Grant | None:
    """Return what the account lacks: what the obstacle names, or else what this part needs above all."""
    if not obstacle.forbidden:
        return None
    grants = grants_for([need])
    return next((grant for grant in grants if grant.text in obstacle.why), next(iter(grants), None))


def _refused(grant: Grant, waiting: tuple[str, ...], details: tuple[str, ...]) -> Line:
    return Line(
        state=State.LACKS,
        about="reading",
        text=f"the account lacks {grant.text}",
        advice=grant.how,
        checks=waiting,
        details=details,
    )


def _free(checks: Sequence[BoundCheck], found: Mapping[Need, Sequence[Obstacle]]) -> Line:
    free = sum(not any(found[need] for need in bound.check.needs) for bound in checks)
    total = len(checks)
    all_of_them = f"all {total} selected checks" if free == total else f"{free} of {total} selected checks"
    return Line(state=State.FINE, about="reading", text=f"{all_of_them} can read everything that they need")
