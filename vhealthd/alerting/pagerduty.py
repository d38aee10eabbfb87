"""PagerDuty, Events API v2: an alert is an event, and all events of one key are one incident.

The wire format is that of PagerDuty's documentation, "Send an Alert Event".
"""

import asyncio

import aiohttp

from vhealthd.alerting.post import TIMEOUT, Answer, Clock, Post, said
from vhealthd.config import PagerDutyChannel
from vhealthd.errors import DeliveryDelayedError
from vhealthd.language import Language
from vhealthd.model import Alert, Event, Notice, VirtualCenter
from vhealthd.report.glyphs import clip
from vhealthd.report.mailbody import plain
from vhealthd.report.mailwords import MailWords
from vhealthd.report.words import NOTHING

_HOSTS = {"us": "https://events.pagerduty.com", "eu": "https://events.eu.pagerduty.com"}
_PATH = "/v2/enqueue"
_ACCEPTED = 202
_SUMMARY = 1024  # characters that PagerDuty takes
_NAME, _TEXT = 255, 4000  # characters that anybody reads


class PagerDuty:
    """Opens and resolves incidents. A repeated event changes nothing: `dedup_key` says which incident it is."""

    def __init__(
        self, settings: PagerDutyChannel, *, language: Language, clock: Clock, timeout: aiohttp.ClientTimeout = TIMEOUT
    ) -> None:
        self._settings = settings
        self._language = language
        self._post = Post(settings, clock=clock, timeout=timeout)

    async def send(self, notice: Notice, *, delivery_id: str) -> None:  # noqa: ARG002 - the alert's key does better
        """Send the one alert of a notice. Raises DeliveryError, or ConfigError if the key cannot be read."""
        key = await asyncio.to_thread(self._settings.routing_key.read)
        host = self._settings.url or _HOSTS[self._settings.region]
        _judge(await self._post(host + _PATH, json=event(notice, routing_key=key, language=self._language)))


def event(notice: Notice, *, routing_key: str, language: Language) -> dict[str, object]:
    """Return what is posted for a notice of exactly one alert; for any other it raises ValueError."""
    (alert,) = notice.alerts
    about: dict[str, object] = {
        "routing_key": routing_key,
        "event_action": alert.event.value,
        "dedup_key": alert.key,
    }
    if alert.event is Event.RESOLVE:
        return about
    web = notice.report if _is_web(notice.report) else None
    links = [{"href": href, "text": text} for href, text in _links(alert, web, language)]
    optional = {"links": links, "client_url": web}
    return {
        **about,
        "client": "vhealthd",
        "payload": _payload(notice, alert, language),
        **{name: value for name, value in optional.items() if value},
    }


def _payload(notice: Notice, alert: Alert, language: Language) -> dict[str, object]:
    return {
        "summary": _summary(notice, alert, language),
        "severity": alert.severity.value,  # PagerDuty has the same words, and `error` besides
        "source": plain(alert.vcenter, _NAME),
        "component": plain(alert.object, _NAME) or NOTHING,
        "group": alert.category.value,
        "class": alert.check,
        "timestamp": notice.made.isoformat(),
        "custom_details": _details(notice, alert),
    }


def _summary(notice: Notice, alert: Alert, language: Language) -> str:
    """Say what is wrong in the one line that a phone shows."""
    if notice.test:
        return language.words("This is a test of vhealthd. Nothing is wrong.")
    said = MailWords(language).risk(
        plain(alert.object, _NAME) or NOTHING,
        None if alert.object_type == VirtualCenter.__name__ else plain(alert.vcenter, _NAME),
        plain(alert.title, _NAME),
        plain(alert.message, _SUMMARY),
    )
    return clip(said, _SUMMARY)


def _details(notice: Notice, alert: Alert) -> dict[str, object]:
    details = {
        "message": plain(alert.message, _TEXT),
        "advice": plain(alert.advice, _TEXT),
        "since": alert.since.isoformat(),
        "turn": alert.turn.value,
        "count": alert.count,
        "examples": [plain(name, _NAME) for name in alert.examples],
        "path": plain(alert.path or "", _TEXT),
        "run": notice.run_id,
    }
    return {name: value for name, value in details.items() if value}


def _links(alert: Alert, report: str | None, language: Language) -> list[tuple[str, str]]:
    found = []
    if alert.kb and alert.kb.startswith("https://"):
        found.append((alert.kb, language.words("Knowledge base article")))
    if report:
        found.append((report, language.words("The full report")))
    return found


def _is_web(where: str | None) -> bool:
    return where is not None and where.startswith(("https://", "http://"))


def _judge(answer: Answer) -> None:
    """Raise DeliveryDelayedError unless PagerDuty says that it has the event: another answer is a relay's."""
    if answer.status != _ACCEPTED or answer.json().get("status") != "success":
        raise DeliveryDelayedError(
            f"{answer.host} answers {answer.status}, but not that it has the event: {said(answer.text)}"
        )
