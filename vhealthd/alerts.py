"""Decides over the alerts of a run, with what the state remembers of earlier ones."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from vhealthd.alerting import notices
from vhealthd.alerting.policy import policy_of
from vhealthd.alerting.route import decide
from vhealthd.config import MuteSettings, Settings
from vhealthd.errors import StateError
from vhealthd.model import AlertRecord, Outcome, Parcel, ScanReport
from vhealthd.report.background import Background
from vhealthd.state import State

log = structlog.get_logger(__name__)

# What was resolved longer ago and is there again is new.
LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerting:
    """What is to be kept and to be sent of a run."""

    records: Sequence[AlertRecord] = ()
    parcels: Sequence[Parcel] = ()


async def alerting_of(
    state: State, report: ScanReport, background: Background, settings: Settings, *, where: str | None, now: datetime
) -> Alerting:
    """Return the alerts of a run that is not committed yet. Raises StateError."""
    known = await state.alerts.known(resolved_since=now - LATELY)
    members = {one for record in known.values() if record.resolved is None for one in record.members}
    places = await state.alerts.places(members)

    def settle() -> Alerting:
        decision = decide(
            report,
            known=known,
            places=places,
            unknown_before=_unknown_before(background),
            first_seen=background.first_seen,
            policy=policy_of(settings),
            now=now,
        )
        parcels = notices.parcels(decision, report, settings, next_run=background.next_scan, where=where)
        return Alerting(records=decision.records, parcels=parcels)

    # in a thread: with tens of thousands of findings it takes half a second
    return await asyncio.to_thread(settle)


def at_once(parcel: Parcel) -> Parcel:
    """Return a parcel that is due as soon as it is in the outbox."""
    return replace(parcel, collect=timedelta())


def _unknown_before(background: Background) -> set[tuple[str, str]]:
    """Return the checks that were unknown in the run before, each with its vCenter."""
    if background.comparison is None:
        return set()
    return {
        (vcenter.name, result.check)
        for vcenter in background.comparison.old.vcenters
        for result in vcenter.results
        if result.outcome is Outcome.UNKNOWN
    }


async def with_stored_mutes(settings: Settings, state: State) -> Settings:
    """Return the settings with the mutes that were set by command. One that cannot be read any more mutes nothing.

    A scan is worth more than mutes: where the state cannot be read, it goes by those of the configuration.
    """
    try:
        stored = await state.alerts.mutes()
    except StateError as error:
        log.warning("the mutes that were set by command do not hold", why=str(error))
        return settings
    mutes = list(settings.mutes)
    for one in stored:
        try:
            mutes.append(MuteSettings.model_validate(one.mute))
        except ValueError as error:
            log.warning("a stored mute mutes nothing", id=one.id, why=str(error))
    return settings.model_copy(update={"mutes": tuple(mutes)})
