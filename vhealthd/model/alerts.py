"""What somebody is told at once: alerts, and notices that carry them to one channel."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vhealthd.model.grades import Category, Severity


class Event(StrEnum):
    """What an alert asks of its receiver: to open an incident (again), or to close it."""

    TRIGGER = "trigger"
    RESOLVE = "resolve"


class Turn(StrEnum):
    """Why an alert is sent now."""

    NEW = "new"
    WORSENED = "worsened"
    REOPENED = "reopened"
    REMINDER = "reminder"  # it is still there, and was told of `repeat_every` ago
    IMPROVED = "improved"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing that is wrong, or was. Its sentences are in the language of the channel; none of them holds a secret.

    `key` is the same for as long as it is wrong, whatever is measured: 64 hex digits, the identity of a finding or of
    a roll-up. A roll-up stands for `count` findings of one check in one vCenter, and names some of them.
    """

    key: str
    event: Event
    turn: Turn
    severity: Severity
    check: str
    title: str  # of the check
    category: Category
    vcenter: str
    object: str
    object_type: str  # VMware's: VirtualMachine, HostSystem, ...; VirtualCenter for vCenter itself
    path: str | None
    message: str
    advice: str  # what to do
    since: datetime
    count: int = 1
    examples: tuple[str, ...] = ()  # names of objects
    kb: str | None = None  # URL of an article


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What one channel is told of one run. `alerts` come worst first, resolved ones at the end; there is at least one.

    `critical`, `warning` and `info` count all findings of the run that count, whatever this channel is told of.
    """

    run_id: str
    made: datetime
    vcenters: tuple[str, ...]
    alerts: tuple[Alert, ...]
    critical: int = 0
    warning: int = 0
    info: int = 0
    next_run: datetime | None = None
    report: str | None = None  # where the report is: a URL or a path
    test: bool = False  # nothing is wrong: somebody tries the channel

    @property
    def open(self) -> tuple[Alert, ...]:
        """The alerts that are not resolved."""
        return tuple(one for one in self.alerts if one.event is Event.TRIGGER)

    @property
    def resolved(self) -> tuple[Alert, ...]:
        """The alerts that are."""
        return tuple(one for one in self.alerts if one.event is Event.RESOLVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """Somebody has taken an alert on: it is not repeated until it worsens or is over."""

    owner: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """What is remembered of an alert: how it stands, and who was told.

    It is open while `resolved` is None. Where it was silent from the begin, `channels` is empty. `members` are the
    identities of the findings that a roll-up stands for; of any other alert its own key alone.
    """

    key: str
    vcenter: str  # as identities name it
    check: str
    severity: Severity
    opened: datetime
    told: datetime  # when channels were told last that it is there
    channels: tuple[str, ...]
    members: tuple[str, ...]
    alert: Alert  # as it was told last, in English
    ack: Ack | None = None
    resolved: datetime | None = None
