"""What a channel is sent: a decision becomes parcels, and parcels become one notice again. Pure."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import JsonValue, TypeAdapter, ValidationError

from vhealthd.alerting.policy import channels_of
from vhealthd.alerting.route import Decision, Send
from vhealthd.config import Channel, PagerDutyChannel, Settings
from vhealthd.config.channels import Spoken
from vhealthd.errors import DeliveryRefusedError
from vhealthd.language import Language, language_of
from vhealthd.model import Alert, Event, Notice, Parcel, ScanReport, Severity, Turn
from vhealthd.report.order import judged

_NOTICES = TypeAdapter(list[Notice])


class _Run(NamedTuple):
    """What every notice of a run says alike."""

    report: ScanReport
    next_run: datetime | None
    where: str | None

    def notice(self, alerts: Sequence[Alert]) -> Notice:
        severities = [one.severity for row in judged(self.report) for one in row.result.counted]
        return Notice(
            run_id=self.report.run_id,
            made=self.report.finished,
            vcenters=tuple(one.name for one in self.report.vcenters),
            alerts=tuple(alerts),
            critical=severities.count(Severity.CRITICAL),
            warning=severities.count(Severity.WARNING),
            info=severities.count(Severity.INFO),
            next_run=self.next_run,
            report=self.where,
        )


def parcels(
    decision: Decision, report: ScanReport, settings: Settings, *, next_run: datetime | None, where: str | None
) -> tuple[Parcel, ...]:
    """Return what is sent of a decision. `where` is where the report is, a URL or a path."""
    run, channels = _Run(report, next_run, where), channels_of(settings)
    return tuple(
        parcel for send in decision.sends for parcel in _parcels(send, channels.get(send.channel), run, settings)
    )


def _parcels(send: Send, channel: Channel | None, run: _Run, settings: Settings) -> Iterator[Parcel]:
    """Put what a channel is told into one parcel. PagerDuty takes one alert at a time: there is nothing to collect."""
    alerts = [draft.in_language(language_for(channel, settings)) for draft in send.drafts]
    single = isinstance(channel, PagerDutyChannel)
    for batch in [[one] for one in alerts] if single else [alerts]:
        yield Parcel(
            id=_named(run.report.run_id, send, batch),
            run_id=run.report.run_id,
            sink=send.channel,
            what=_what(batch),
            payload=written(run.notice(batch)),
            collect=timedelta() if single else send.collect,
            # what opens an incident and what ends it must not change places
            chain=batch[0].key if single else send.channel,
        )


def language_for(channel: Channel | None, settings: Settings) -> Language:
    """Return the language of a channel: what only machines read is English."""
    if not isinstance(channel, Spoken):
        return language_of("en")
    return language_of(channel.language or settings.report.language)


def written(notice: Notice) -> dict[str, JsonValue]:
    """Return a notice as the payload of a parcel: the parts of several can become those of one."""
    return {"parts": _NOTICES.dump_python([notice], mode="json")}


def read(parcel: Parcel) -> Notice | None:
    """Return the notice of a parcel, made of all its parts; None if all that it would tell is over meanwhile.

    Raises DeliveryRefusedError if it has another form.
    """
    try:
        parts = _NOTICES.validate_python(parcel.payload.get("parts"))
        return _joined(parts)
    except (ValidationError, IndexError):
        raise DeliveryRefusedError(
            "it was put into the outbox by another version of vhealthd, and this one cannot read it; scan again"
        ) from None


def one_by_one(notice: Notice) -> Iterator[Notice]:
    """Yield a notice for each alert."""
    for one in notice.alerts:
        yield replace(notice, alerts=(one,))


def _joined(parts: Sequence[Notice]) -> Notice | None:
    """Make one notice of several, the newest last: of each alert the last word counts.

    Of what began and ended before anybody was told, nobody is told.
    """
    newest = parts[-1]
    words: dict[str, list[Alert]] = defaultdict(list)
    for one in (one for part in parts for one in part.alerts):
        words[one.key].append(one)
    told = [said[-1] for said in words.values() if not _is_over_untold(said[0], said[-1])]
    told.sort(key=lambda one: (one.event is Event.RESOLVE, -one.severity.rank))
    vcenters = tuple(dict.fromkeys(name for part in parts for name in part.vcenters))
    return replace(newest, alerts=tuple(told), vcenters=vcenters) if told else None


def _is_over_untold(first: Alert, last: Alert) -> bool:
    """Tell from the first and the last word about an alert whether it came and went within one parcel."""
    began_here = first.event is Event.TRIGGER and first.turn in {Turn.NEW, Turn.REOPENED}
    return began_here and last.event is Event.RESOLVE


def _what(alerts: Iterable[Alert]) -> str:
    """Say for people what is in a parcel: `alerts: 3 critical, 1 resolved`; of a single alert what it is about."""
    told = list(alerts)
    if len(told) == 1:
        (one,) = told
        return f"alert: {one.title} on {one.object}, {one.severity.value if one.event is Event.TRIGGER else 'resolved'}"
    words = [one.severity.value if one.event is Event.TRIGGER else "resolved" for one in told]
    return "alerts: " + ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))


def _named(run_id: str, send: Send, alerts: Sequence[Alert]) -> str:
    """Return the name of a parcel: the same whenever the same is sent to the same channel of the same run."""
    said = [[one.key, one.event.value] for one in alerts]
    digest = hashlib.sha256(json.dumps([said, send.collect.total_seconds()]).encode()).hexdigest()[:8]
    return f"{run_id}-{send.channel}-{digest}"
