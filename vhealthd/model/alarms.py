"""The alarms of vCenter."""

from dataclasses import dataclass
from datetime import datetime

from vhealthd.model.entities import Entity, MoRef


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggeredAlarm:
    """An alarm that stands on one object. The names are None where the alarm's definition could not be read."""

    alarm: MoRef
    name: str | None
    system_name: str | None  # alarm.HostCPUUsageAlarm; only the alarms that vCenter brings along have one
    entity: Entity | None  # None: vCenter itself
    status: str  # yellow | red | gray | green
    triggered_at: datetime | None
    acknowledged: bool
