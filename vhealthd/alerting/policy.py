"""Who is told of what: the routes of the configuration, and those that hold without any. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from vhealthd.config import (
    AUDIT_LOG,
    MAIL_DIGEST,
    AlertmanagerChannel,
    AppriseChannel,
    AuditChannel,
    DingTalkChannel,
    FeishuChannel,
    MailChannel,
    ObjectMatch,
    PagerDutyChannel,
    RouteMatch,
    RouteSettings,
    Settings,
    SlackChannel,
    TwilioChannel,
    WebhookChannel,
    WeComChannel,
)
from vhealthd.config.channels import Channel
from vhealthd.model import Alert, Entity, Severity
from vhealthd.rules import matches

AT_ONCE, COLLECTED = timedelta(), timedelta(minutes=5)

_PAGERS = (PagerDutyChannel, TwilioChannel)
_CHATS = (SlackChannel, DingTalkChannel, FeishuChannel, WeComChannel, AppriseChannel)
_MAILS = (MailChannel,)
_MACHINES = (AlertmanagerChannel, WebhookChannel, AuditChannel)  # they sort it out themselves

_SELECTORS = tuple(ObjectMatch.model_fields)

Ways = Mapping[str, timedelta]
"""Channels by name, and within which time what comes is told together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which alerts go where, and when. `everything` names channels that want all open alerts on every run."""

    channels: frozenset[str]  # all that there are
    routes: tuple[RouteSettings, ...]
    everything: frozenset[str]
    roll_up_over: int
    repeat_every: timedelta

    def ways(self, alert: Alert, objects: tuple[Entity, ...] | None) -> Ways:
        """Return the channels of an alert about `objects`: those of all routes that fit, each with its shortest time.

        A route that selects objects fits if it fits any of them. Where they are not known (None), it fits.
        """
        ways: dict[str, timedelta] = {}
        for route in self.routes:
            if _fits(route.match, alert, objects):
                ways |= {name: min(route.collect, ways.get(name, route.collect)) for name in route.to}
        return ways


def _fits(match: RouteMatch, alert: Alert, objects: tuple[Entity, ...] | None) -> bool:
    return (
        (not match.severity or alert.severity in match.severity)
        and (not match.category or alert.category in match.category)
        and (not match.check or alert.check in match.check)
        and (not match.vcenter or alert.vcenter in match.vcenter)
        and (objects is None or not _selects(match) or any(matches(match, one) for one in objects))
    )


def _selects(match: RouteMatch) -> bool:
    return any(getattr(match, name) is not None for name in _SELECTORS)


def policy_of(settings: Settings) -> Policy:
    """Return the policy of a configuration."""
    channels = channels_of(settings)
    return Policy(
        channels=frozenset(channels),
        routes=tuple(_default_routes(channels)) if settings.routes is None else settings.routes,
        everything=frozenset(_named(channels, AlertmanagerChannel)),
        roll_up_over=settings.alerts.roll_up_over,
        repeat_every=settings.alerts.repeat_every,
    )


def channels_of(settings: Settings) -> Mapping[str, Channel]:
    """Return all channels by name, with those that are there without being written."""
    implicit: dict[str, Channel] = {AUDIT_LOG: AuditChannel(type="audit")}
    if settings.mail:
        implicit[MAIL_DIGEST] = MailChannel(type="mail")
    return implicit | settings.channels


def _default_routes(channels: Mapping[str, Channel]) -> Iterator[RouteSettings]:
    """Yield the routes of a configuration that has none. The audit log is one of everything.

    Where there is nothing faster than mail, what is critical is mailed.
    """
    mails = _named(channels, *_MAILS)
    for severity, names, collect in (
        ((Severity.CRITICAL,), _named(channels, *_PAGERS, *_CHATS) or mails, AT_ONCE),
        ((Severity.WARNING,), mails, COLLECTED),
        ((), _named(channels, *_MACHINES), AT_ONCE),
    ):
        if names:
            yield RouteSettings(match=RouteMatch(severity=severity), to=names, collect=collect)


def _named(channels: Mapping[str, Channel], *kinds: type[object]) -> tuple[str, ...]:
    return tuple(sorted(name for name, one in channels.items() if isinstance(one, kinds)))
