"""Looks back from a run: gathers from the state what its report tells of earlier ones. A report can do without."""

import asyncio
import itertools
import socket
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import structlog

from vhealthd.compare import Comparison, compare
from vhealthd.config import Settings
from vhealthd.errors import StateError
from vhealthd.model import Delivery, DeliveryState, ScanReport
from vhealthd.report.background import Background, PastRun
from vhealthd.schedule import Schedule
from vhealthd.sla import THE_RUN, WINDOWS, Sla, results_of, sla
from vhealthd.state import RunSummary, State
from vhealthd.state.runs import MANUAL

log = structlog.get_logger(__name__)

RUNS = 30  # that a report shows a trend of, the run itself included
# Where there is no earlier run, a report tells of deliveries that failed in this time.
_OF_LATE = timedelta(days=1)


class _Extent(NamedTuple):
    """What a run judged: checks, each with its vCenter."""

    by_hand: bool
    judged: frozenset[tuple[str, str]]

    def fits(self, other: "_Extent") -> bool:
        """Whether each of the two that is a scan by hand judged all that the other did."""
        return (self.judged >= other.judged or not self.by_hand) and (other.judged >= self.judged or not other.by_hand)


async def look_back(state: State, report: ScanReport, settings: Settings) -> Background:
    """Return what was before a run, which may be committed or not. What cannot be read is left out, and logged."""
    zone = ZoneInfo(settings.schedule.timezone)
    bare = Background(zone=zone, next_scan=next_scan(settings, report.finished))
    try:
        earlier = await _earlier(state, report)
        last = earlier[0] if earlier else None
        first_seen = await _first_seen(state, report)
        return Background(
            zone=zone,
            next_scan=bare.next_scan,
            comparison=await _compared(state, last, report, first_seen),
            first_seen=first_seen,
            runs=tuple(_past(one) for one in reversed(earlier) if one.started),
            sla=await _levels(state, report),
            failed=await _failed(state, last, report),
        )
    except StateError as error:
        log.warning("the report tells nothing of earlier runs", why=str(error))
        return bare


def schedule_of(settings: Settings) -> Schedule:
    """Return the schedule; its seed tells this installation from others."""
    return Schedule.of(settings.schedule, seed=f"{socket.gethostname()} {settings.state.directory}")


def next_scan(settings: Settings, after: datetime) -> datetime:
    """Return when the next scheduled scan is due, give or take the jitter."""
    return schedule_of(settings).due_after(after)


async def _earlier(state: State, report: ScanReport) -> Sequence[RunSummary]:
    """Return the newest earlier runs that judged as much as this one, the newest first.

    What runs of the service judge is what the configuration said, so that they follow each other even if it was
    changed. A scan by hand may be of one check: its numbers say nothing beside those of a run that judged more.
    """
    mine = await _extent(state, report)
    found: list[RunSummary] = []
    for skip in itertools.count(step=RUNS):
        some = await state.runs.before(report.started, RUNS, skip=skip)
        judged = await state.runs.judged([one.run_id for one in some if mine.by_hand or one.by_hand])
        found += [one for one in some if mine.fits(_Extent(one.by_hand, judged.get(one.run_id, mine.judged)))]
        if len(some) < RUNS or len(found) >= RUNS - 1:
            break
    return found[: RUNS - 1]


async def _extent(state: State, report: ScanReport) -> _Extent:
    kept = await state.runs.find(report.run_id)
    return _Extent(
        by_hand=kept.by_hand if kept else report.trigger == MANUAL,
        judged=frozenset((vcenter.name, result.check) for vcenter in report.vcenters for result in vcenter.results),
    )


async def _first_seen(state: State, report: ScanReport) -> Mapping[str, datetime]:
    """Return since when findings are open. Nothing in the first run of all: what was there before is not known."""
    since = await state.past.first_seen(report)
    is_first = all(at >= report.started for at in since.values()) and not await state.runs.before(report.started)
    return {} if is_first else since


async def _compared(
    state: State, last: RunSummary | None, report: ScanReport, first_seen: Mapping[str, datetime]
) -> Comparison | None:
    """Compare with the run before. Where that cannot be read, the rest is told all the same."""
    try:
        before = await state.runs.report(last.run_id) if last else None
    except StateError as error:
        log.warning("what changed is not told", why=str(error))
        return None
    # in a thread: with tens of thousands of findings it takes half a second
    return await asyncio.to_thread(compare, before, report, first_seen=first_seen) if before else None


def _past(run: RunSummary) -> PastRun:
    return PastRun(run_id=run.run_id, started=run.started or run.asked, findings=run.findings, figures=run.figures)


async def _levels(state: State, report: ScanReport) -> dict[str, Sla]:
    """Return the attainment of the run and of the windows that end with it. It may not be committed yet."""
    mine, just_before = results_of(report), report.started - timedelta.resolution
    levels = {THE_RUN: sla(mine)}
    for name, length in WINDOWS.items():
        kept = await state.runs.results(since=report.started - length, until=just_before)
        levels[name] = sla([*kept, *mine])
    return levels


async def _failed(state: State, last: RunSummary | None, report: ScanReport) -> tuple[Delivery, ...]:
    """Return what was given up since the run before."""
    since = last.finished if last and last.finished else report.started - _OF_LATE
    given_up = await state.outbox.deliveries(state=DeliveryState.FAILED)
    return tuple(one for one in given_up if one.settled and since <= one.settled <= report.finished)
