"""Gives what the outbox holds for a channel to that channel, as it is configured at that moment."""

import time
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from aiolimiter import AsyncLimiter

from vhealthd.alerting import notices
from vhealthd.alerting.alertmanager import Alertmanager
from vhealthd.alerting.anything import Apprise
from vhealthd.alerting.audit import AuditLog
from vhealthd.alerting.channel import Channel, Resumable
from vhealthd.alerting.digest import MailDigest
from vhealthd.alerting.dingtalk import DingTalk
from vhealthd.alerting.feishu import Feishu
from vhealthd.alerting.pagerduty import PagerDuty
from vhealthd.alerting.policy import channels_of
from vhealthd.alerting.slack import Slack
from vhealthd.alerting.twilio import Twilio
from vhealthd.alerting.webhook import Webhook
from vhealthd.alerting.wecom import WeCom
from vhealthd.config import (
    AlertmanagerChannel,
    AppriseChannel,
    AuditChannel,
    DingTalkChannel,
    FeishuChannel,
    HttpChannel,
    MailChannel,
    PagerDutyChannel,
    Settings,
    SlackChannel,
    TwilioChannel,
    WebhookChannel,
    WeComChannel,
)
from vhealthd.config.section import Section
from vhealthd.delivery.outbox import NoObserver, Observer
from vhealthd.errors import DeliveryDelayedError
from vhealthd.model import Delivery, Notice

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]

_AUDIT = "audit.jsonl"
_MINUTE = 60


class ChannelSink:
    """One channel by its name.

    A rate that the configuration names is kept by waiting. An Alertmanager is told nothing that is older than what it
    was told last: that would bring back what is over.
    """

    def __init__(
        self, name: str, settings: Callable[[], Settings], *, clock: Clock, observer: Observer | None = None
    ) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._observer = observer or NoObserver()
        self._pacing: tuple[int, AsyncLimiter] | None = None
        self._newest: datetime | None = None  # when the newest notice was made that was delivered

    async def deliver(self, delivery: Delivery) -> None:
        """Send a notice. Raises DeliveryError, and ConfigError for a secret that cannot be read."""
        settings = self._settings()
        channel = make(self.name, settings, clock=self._clock)
        configured = channels_of(settings)[self.name]
        notice = notices.read(delivery.parcel)
        if notice is None:
            log.info("nothing is told: what it was about is over already")
            return
        if isinstance(configured, AlertmanagerChannel) and self._is_outdated(notice):
            log.info("nothing is told: a later run was told already")
            return
        # More than one, where it was put into the outbox for a channel of another kind.
        for part in notices.one_by_one(notice) if isinstance(configured, PagerDutyChannel) else (notice,):
            await self._send(part, channel, configured, delivery)
        self._newest = max(notice.made, self._newest or notice.made)
        self._observer.alerted(self.name, (self._clock() - notice.made).total_seconds())

    async def _send(self, notice: Notice, channel: Channel, configured: Section, delivery: Delivery) -> None:
        if not isinstance(configured, HttpChannel):
            await _give(channel, notice, delivery)
            return
        await self._pace(configured.per_minute)
        began = time.perf_counter()
        try:
            await _give(channel, notice, delivery)
        finally:
            self._observer.posted(self.name, time.perf_counter() - began)

    def _is_outdated(self, notice: Notice) -> bool:
        """Whether something newer was delivered. What is newer than now was made by a clock that was wrong."""
        return self._newest is not None and notice.made < self._newest <= self._clock()

    async def _pace(self, per_minute: int) -> None:
        """Wait until another notice may be sent.

        A limiter lets its rate through at once and as much again within a minute. With half the rate no minute at all
        has more than the whole.
        """
        if self._pacing is None or self._pacing[0] != per_minute:
            self._pacing = per_minute, AsyncLimiter(max(1, per_minute / 2), _MINUTE)
        await self._pacing[1].acquire()


async def _give(channel: Channel, notice: Notice, delivery: Delivery) -> None:
    if isinstance(channel, Resumable):
        await channel.resume(notice, delivery_id=delivery.parcel.id, progress=delivery.progress)
    else:
        await channel.send(notice, delivery_id=delivery.parcel.id)


async def try_out(name: str, settings: Settings, notice: Notice, *, clock: Clock) -> None:
    """Send a notice to a channel at once, past the outbox. Raises DeliveryError or ConfigError."""
    await make(name, settings, clock=clock).send(notice, delivery_id=f"{notice.run_id}-{name}")


def make(name: str, settings: Settings, *, clock: Clock) -> Channel:  # noqa: C901, PLR0911 - one case a kind
    """Return a channel. Raises DeliveryDelayedError where it is not in the configuration (any more)."""
    channel = channels_of(settings).get(name)
    language = notices.language_for(channel, settings)
    match channel:
        case PagerDutyChannel():
            return PagerDuty(channel, language=language, clock=clock)
        case TwilioChannel():
            return Twilio(channel, language=language, clock=clock)
        case SlackChannel():
            return Slack(channel, language=language, clock=clock)
        case DingTalkChannel():
            return DingTalk(channel, language=language, clock=clock)
        case FeishuChannel():
            return Feishu(channel, language=language, clock=clock)
        case WeComChannel():
            return WeCom(channel, language=language, clock=clock)
        case WebhookChannel():
            return Webhook(channel, clock=clock)
        case AlertmanagerChannel():
            return Alertmanager(channel, clock=clock)
        case AuditChannel():
            path = channel.path or settings.state.directory / _AUDIT
            return AuditLog(path, max_bytes=channel.max_bytes, keep=channel.keep)
        case AppriseChannel():
            return Apprise(channel, language=language)
        case MailChannel() if settings.mail:
            zone = ZoneInfo(settings.schedule.timezone)
            return MailDigest(channel, settings.mail, language=language, zone=zone, clock=clock)
    raise DeliveryDelayedError(f"{name} is no longer in the configuration; the delivery waits until it expires")
