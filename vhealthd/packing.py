"""Makes parcels of a run: with what changed since the run before it, and what could not be delivered meanwhile."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from vhealthd.artefacts import Artefacts
from vhealthd.compare import Change, compare
from vhealthd.config import Settings
from vhealthd.delivery.parcels import measure, parcels
from vhealthd.errors import OutputError, StateError
from vhealthd.model import Delivery, DeliveryState, Parcel, ScanReport
from vhealthd.report.mailbody import Changes
from vhealthd.state import State

log = structlog.get_logger(__name__)

# Where there is no earlier run, a mail tells of what failed in this time.
_OF_LATE = timedelta(days=1)


async def pack(state: State, report: ScanReport, settings: Settings, made: Artefacts) -> Sequence[Parcel]:
    """Return all that is sent of a run that is not committed yet.

    Raises StateError, and OutputError if one of its files is gone. Any other fault is ours: then nothing is sent, and
    the log says why, but what was found is kept.
    """
    previous = await _previous(state)
    since = previous.finished if previous else report.started - _OF_LATE
    failed = await _failed(state, since)

    def compose() -> Sequence[Parcel]:
        changes = _changes(previous, report) if previous else None
        return parcels(report, settings, measure(made.files), pdf_error=made.pdf_error, changes=changes, failed=failed)

    try:
        # in a thread: with tens of thousands of findings it takes half a second
        return await asyncio.to_thread(compose)
    except OutputError:
        raise
    except Exception:
        log.exception("nothing can be sent of this run")
        return ()


async def _previous(state: State) -> ScanReport | None:
    """Return the last report; None where there is none, or none that can be read: a mail can do without."""
    try:
        last = await state.runs.last()
        return await state.runs.report(last.run_id) if last else None
    except StateError as error:
        log.warning("what changed is not told", why=str(error))
        return None


async def _failed(state: State, since: datetime) -> tuple[Delivery, ...]:
    """Return what was given up since the last run."""
    given_up = await state.outbox.deliveries(state=DeliveryState.FAILED)
    return tuple(one for one in given_up if one.settled and one.settled >= since)


def _changes(previous: ScanReport, report: ScanReport) -> Changes:
    comparison = compare(previous, report)

    def count(change: Change) -> int:
        return sum(one.counts for one in comparison.of(change))

    return Changes(new=count(Change.NEW), worsened=count(Change.WORSENED), resolved=count(Change.RESOLVED))
