"""What guards an estate, as plain data: admission control of clusters, what they complain of, alarms."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Admission control of a cluster: its policy, what that is to keep free and what is free now.

    `level` are hosts that may fail, `percents` CPU and memory, `hosts` the dedicated ones (reference values) with their
    status.
    """

    enabled: bool = True
    policy: Literal["level", "percents", "hosts"] = "percents"
    level: int = 1
    level_now: int = 1
    percents: tuple[int, int] = (25, 25)
    percents_now: tuple[int, int] = (70, 60)
    hosts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A definition of an alarm; only those that vCenter brings along have a system name."""

    kind: ClassVar[str] = "Alarm"
    moid: str
    name: str
    system_name: str | None = None
    watches: str = "HostSystem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggered:
    """An alarm that stands on an entity (reference values)."""

    alarm: str
    entity: str
    status: str
    since: datetime
    acknowledged: bool = False
    disabled: bool = False
