"""Runs checks: gives each what it needs, lets it judge in a thread of its own, and says what came of it.

It knows no HTTP. A check that has no data, fails or takes too long is `unknown`, alone, and with the reason.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

import structlog

from vhealthd.catalogue import BoundCheck
from vhealthd.checkapi import Check
from vhealthd.errors import CheckDefinitionError, VCenterError
from vhealthd.inventory import Inventory, Need
from vhealthd.model import (
    NO_HISTORY,
    NOTHING,
    Blind,
    CheckResult,
    Examined,
    Finding,
    History,
    Host,
    Message,
    NotExamined,
    Outcome,
    Reading,
    Severity,
    Text,
    Usage,
    Verdict,
    VirtualCenter,
    outcome_of,
)
from vhealthd.wording import english

log = structlog.get_logger(__name__)

T = TypeVar("T")

NONE_SEEN = Message("outcome.none-seen", "none of {count} could be examined: {why}")
NOT_READ = Message("outcome.not-read", "{why}")
TIMED_OUT = Message("outcome.timed-out", "it did not finish within {limit:seconds}; this is a fault of the check")
BROKE = Message("outcome.broke", "the check failed with {kind}; the log has the details")
NO_SESSION = Message("outcome.no-session", "there is no session with this vCenter: {why}")


class Source(Protocol):
    """Where parts of an inventory come from."""

    async def fetch(self, need: Need) -> object:
        """Return a part. Raises VCenterError if it could not be read."""


async def run_checks(
    checks: Sequence[BoundCheck],
    source: Source,
    *,
    now: datetime,
    vcenter: VirtualCenter,
    concurrency: int,
    check_timeout: float,
    history: Mapping[str, History] | None = None,
    on_done: Callable[[str], None] = lambda _: None,
) -> tuple[CheckResult, ...]:
    """Run checks, `concurrency` of them at once; `check_timeout` in seconds counts judging alone.

    `history` is that of each check, by slug; a check sees its own.

    Judging is arithmetic: threads that judge at once would only fight for the interpreter, and keep it from the event
    loop (by 300 ms and more for 20,000 VMs). So they judge one after the other.
    """
    slots, lane = asyncio.Semaphore(concurrency), asyncio.Lock()
    earlier = history or {}

    async def run(bound: BoundCheck, others: Mapping[str, CheckResult]) -> CheckResult:
        check = bound.check
        try:
            async with slots:
                parts = {need: await source.fetch(need) for need in sorted(check.needs)}
                past = earlier.get(check.slug, NO_HISTORY)
                inventory = Inventory(now=now, vcenter=vcenter, parts=parts, others=others, history=past)
                async with lane:
                    return await _judge(bound, inventory, check_timeout)
        except VCenterError as error:
            return no_verdict(check, outcome_of(error), NOT_READ(why=str(error)))
        finally:
            on_done(check.slug)

    async def run_all(some: Iterable[BoundCheck], others: Mapping[str, CheckResult]) -> dict[str, CheckResult]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run(one, others), name=f"check {one.check.slug}") for one in some]
        return {result.check: result for result in (task.result() for task in tasks)}

    first = await run_all((one for one in checks if not one.check.after_others), {})
    results = first | await run_all((one for one in checks if one.check.after_others), first)
    return tuple(results[one.check.slug] for one in checks)


async def _judge(bound: BoundCheck, inventory: Inventory, check_timeout: float) -> CheckResult:
    check = bound.check
    started = time.perf_counter()
    try:
        async with asyncio.timeout(check_timeout):
            result = await _in_thread(check.slug, lambda: _conclude_or_fail(bound, inventory))
    except TimeoutError:
        result = no_verdict(check, Outcome.UNKNOWN, TIMED_OUT(limit=check_timeout))
    if isinstance(result, BaseException):
        log.error("check failed", check=check.slug, exc_info=result)
        result = no_verdict(check, Outcome.UNKNOWN, BROKE(kind=type(result).__name__))
    return replace(result, seconds=time.perf_counter() - started)


def _conclude_or_fail(bound: BoundCheck, inventory: Inventory) -> CheckResult | BaseException:
    """Let a check judge. Whatever it raises, were it SystemExit, is its own verdict's loss and no other's."""
    try:
        return conclude(bound.check, bound.check.judge(inventory, bound.limits))
    except BaseException as error:  # noqa: BLE001 - it becomes the verdict
        return error


async def _in_thread(name: str, work: Callable[[], T]) -> T:
    """Work in a thread that nobody waits for at the end: a check without end costs its verdict, not the exit."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T) -> None:
        if not done.done():
            done.set_result(result)

    def run() -> None:
        result = work()
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=run, name=f"judge {name}", daemon=True).start()
    return await done


def conclude(check: Check, verdicts: Iterable[Verdict]) -> CheckResult:
    """Make one result of all that a check says. Pure."""
    findings: list[Finding] = []
    examined: set[object] = set()
    missed: list[NotExamined] = []
    blind: list[Blind] = []
    readings: list[Reading] = []
    usages: list[Usage] = []
    for verdict in verdicts:
        match verdict:
            case Finding():
                findings.append(_capped(check, verdict))
            case Examined():
                examined.add(verdict.object.ref)
            case NotExamined():
                missed.append(verdict)
            case Blind():
                blind.append(verdict)
            case Reading():
                readings.append(verdict)
            case Usage():
                usages.append(verdict)
    _refuse_twins(check, findings)
    _refuse_twins(check, readings)
    outcome, reason = _outcome(findings, examined, missed, blind)
    return CheckResult(
        check=check.slug,
        category=check.category,
        title=check.title,
        remediation=check.fix,
        outcome=outcome,
        reason=reason,
        whole=not blind,
        examined=len(examined),
        not_examined=tuple(sorted(missed, key=lambda one: (one.object.name, one.object.ref.value, one.rule or ""))),
        findings=tuple(sorted(findings, key=_place)),
        readings=tuple(readings),
        usages=tuple(usages),
        kb=check.kb,
    )


def _place(finding: Finding) -> tuple[int, str, str, str]:
    """Worst first, then by name; the rest only makes the order the same each time."""
    return -finding.severity.rank, finding.object.name, finding.object.ref.value, finding.key or ""


def _capped(check: Check, finding: Finding) -> Finding:
    """Cap a finding at the check's maximum; on a host in maintenance mode somebody works already: info.

    Unless it is about the maintenance itself: then it says that nobody works there any more.
    """
    resting = isinstance(finding.object, Host) and finding.object.in_maintenance_mode
    most = Severity.INFO if resting and not finding.even_at_rest else check.maximum
    return finding if finding.severity.rank <= most.rank else replace(finding, severity=most)


def _refuse_twins(check: Check, said: Sequence[Finding | Reading]) -> None:
    """Two findings that share object and key would share their identity, and one would hide the other."""
    seen: set[tuple[object, str | None]] = set()
    for one in said:
        name = (one.object.ref, one.key)
        if name in seen:
            raise CheckDefinitionError(f"{check.slug} says two things of {one.object.name} under key {one.key}")
        seen.add(name)


def _outcome(
    findings: Sequence[Finding], examined: set[object], missed: Sequence[NotExamined], blind: Sequence[Blind]
) -> tuple[Outcome, Text | None]:
    said = [Outcome(finding.severity.value) for finding in findings]
    unseen = [one.why for one in blind if one.why.outcome is Outcome.UNKNOWN]
    if unseen:
        worst = min([Outcome.UNKNOWN, *said], key=lambda one: one.rank)
        return worst, unseen[0].reason
    if said:
        return min(said, key=lambda one: one.rank), None
    if examined:
        return Outcome.PASS, None
    deciding = [one.why for one in missed if _decides(one)] + [one.why for one in blind]
    reasons = deciding + [one.why for one in missed if not _decides(one)]
    if not reasons:
        return Outcome.SKIPPED, NOTHING()
    why = tuple({english(one.reason): one.reason for one in reasons}.values())
    outcome = min((one.outcome for one in deciding or reasons), key=lambda one: one.rank)
    return outcome, NONE_SEEN(count=len(reasons), why=why)


def _decides(one: NotExamined) -> bool:
    """Whether it says why a check saw nothing. What is out of reach does so only where nothing else does.

    Beside hosts that the account may not read, one that is disconnected is no read that failed.
    """
    return one.object.within_reach and not one.why.derived


def without_session(result: CheckResult, reason: Text) -> CheckResult:
    """Make a result of a vCenter that gave no session at least `unknown`: nothing in there was seen."""
    if result.outcome is Outcome.CRITICAL:
        return result
    return replace(result, outcome=Outcome.UNKNOWN, reason=reason)


def no_verdict(check: Check, outcome: Outcome, reason: Text) -> CheckResult:
    """Return the result of a check that did not judge."""
    return CheckResult(
        check=check.slug,
        category=check.category,
        title=check.title,
        remediation=check.fix,
        outcome=outcome,
        reason=reason,
        kb=check.kb,
    )
