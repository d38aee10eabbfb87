"""Prometheus Alertmanager, API v2: it is told on each run of every alert that is open, as Prometheus does.

Its labels are an alert's identity, so nothing that is measured is in one. What it does with times that lack or lie in
the past, with labels that are empty and with alerts that it has already: api/v2/api.go and types/types.go of
https://github.com/prometheus/alertmanager.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog

from vhealthd.alerting.event import moment
from vhealthd.alerting.post import TIMEOUT, Clock, Post, said
from vhealthd.config import AlertmanagerChannel
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryError
from vhealthd.model import Alert, Event, Notice, Severity, Turn

_PATH = "/api/v2/alerts"
_TAKEN = 200
_KEY = 12  # digits of a key: enough to tell the alerts of any site apart
_LEAST_SLACK, _PART_OF_INTERVAL = timedelta(hours=1), 4
_WITHOUT_SCHEDULE = timedelta(hours=26)  # a day, and time for a scan that is late
_A_TEST = timedelta(minutes=5)

log = structlog.get_logger(__name__)


class Alertmanager:
    """Posts alerts to every member of a cluster. One that takes them is enough: it tells the others."""

    def __init__(
        self, settings: AlertmanagerChannel, *, clock: Clock, timeout: aiohttp.ClientTimeout = TIMEOUT
    ) -> None:
        self._settings = settings
        self._post = Post(settings, clock=clock, timeout=timeout)

    async def send(self, notice: Notice, *, delivery_id: str) -> None:
        """Send, or raise DeliveryRefusedError, DeliveryDelayedError or ConfigError if no member takes it."""
        del delivery_id  # the same alerts again change nothing
        account = await asyncio.to_thread(self._account)
        alerts = list(alerts_of(notice))
        urls = self._settings.urls
        failures = [one for one in await asyncio.gather(*(self._give(url, alerts, account) for url in urls)) if one]
        if len(failures) == len(urls):
            raise next((one for one in failures if isinstance(one, DeliveryDelayedError)), failures[0])

    def _account(self) -> tuple[str, str] | None:
        settings = self._settings
        if settings.username is None or settings.password is None:
            return None
        return settings.username, settings.password.read()

    async def _give(
        self, url: str, alerts: Sequence[dict[str, Any]], account: tuple[str, str] | None
    ) -> DeliveryError | ConfigError | None:
        """Give alerts to one member. Return why it has not taken them."""
        try:
            answer = await self._post(url + _PATH, json=alerts, auth=account)
            if answer.status != _TAKEN or answer.text:  # Alertmanager says nothing; a proxy's page is no answer of it
                raise DeliveryDelayedError(
                    f"{answer.host} answers {answer.status} as no Alertmanager does: {said(answer.text)}"
                )
        except (DeliveryError, ConfigError) as error:
            log.warning("a member of Alertmanager has not taken the alerts", member=url, error=str(error))
            return error
        return None


def alerts_of(notice: Notice) -> Iterator[dict[str, Any]]:
    """Yield what is posted of a notice."""
    ends = _ends(notice)
    for alert in notice.alerts:
        yield _alert(alert, notice, alert.severity, notice.made if alert.event is Event.RESOLVE else ends)
        # The severity is a label: one that changes makes another alert, and the one before it must end.
        for severity in _before(alert):
            yield _alert(alert, notice, severity, notice.made)


def _ends(notice: Notice) -> datetime:
    """Return when an alert ends that is not told again: after the next run, which would have told it."""
    if notice.test:
        return notice.made + _A_TEST
    if notice.next_run is None:
        return notice.made + _WITHOUT_SCHEDULE
    return notice.next_run + max(_LEAST_SLACK, (notice.next_run - notice.made) / _PART_OF_INTERVAL)


def _before(alert: Alert) -> list[Severity]:
    """Return the severities that an alert may have had before; one that stands for several worsens by growing."""
    rank = alert.severity.rank
    if alert.count == 1 and alert.turn is Turn.WORSENED:
        return [one for one in Severity if one.rank < rank]
    if alert.count == 1 and alert.turn is Turn.IMPROVED:
        return [one for one in Severity if one.rank > rank]
    return []


def _alert(alert: Alert, notice: Notice, severity: Severity, ends: datetime) -> dict[str, Any]:
    linked = (notice.report or "").startswith("https://")
    return {
        "labels": _labels(alert, severity, test=notice.test),
        "annotations": _annotations(alert),
        "startsAt": moment(min(alert.since, ends)),  # what ends before it begins is refused
        "endsAt": moment(ends),
        **({"generatorURL": notice.report} if linked else {}),
    }


def _labels(alert: Alert, severity: Severity, *, test: bool) -> dict[str, str]:
    """Return what an alert is known by.

    `alertname` names the check, `VhealthdDatastoreCapacity`: most configurations group by it, and one name for all
    would make one group of a full datastore and an old snapshot. `key` tells objects of one name apart; it is always
    there, so that an alert stays the same when a second one of its name comes.
    """
    return {
        "alertname": "VhealthdTest" if test else _camel_case(f"vhealthd-{alert.check}"),
        "severity": severity.value,
        "check": alert.check,
        "vcenter": alert.vcenter,
        "object": alert.object,
        "key": alert.key[:_KEY],
    }


def _annotations(alert: Alert) -> dict[str, str]:
    told = {
        "summary": f"{alert.title}: {alert.object}",
        "description": alert.message,
        "advice": alert.advice,
        "examples": ", ".join(alert.examples),
        "runbook_url": alert.kb or "",
    }
    return {name: text for name, text in told.items() if text}


def _camel_case(slug: str) -> str:
    return "".join(part.capitalize() for part in slug.split("-"))
