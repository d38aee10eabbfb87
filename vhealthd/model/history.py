"""What a check may know of earlier runs: since when something it found is there, and the numbers that it noted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vhealthd.model.entities import Entity
from vhealthd.model.grades import Severity

Series = tuple[tuple[datetime, float], ...]
Place = tuple[str | None, str | None]  # the object's reference, and the key

# From fewer points, or over less time, a line would say more than is known.
_POINTS = 7
_SPAN = timedelta(days=3)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Known:
    """A finding that was there in the last run that looked. `since` is when it was first seen."""

    since: datetime
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The earlier findings and readings of one check in one vCenter; empty where nothing is kept.

    `looked` is when the check last judged there: without it, that there was no finding says nothing.
    """

    looked: datetime | None = None
    findings: Mapping[Place, Known] = field(default_factory=dict)
    readings: Mapping[Place, Series] = field(default_factory=dict)

    def since(self, entity: Entity, key: str | None = None) -> datetime | None:
        """Return when this finding was first seen; None if it was not there in the last run that looked."""
        known = self.findings.get((entity.moref, key))
        return None if known is None else known.since

    def was(self, entity: Entity, key: str | None = None) -> Severity | None:
        """Return how bad this finding was in the last run that looked; None if it was not there."""
        known = self.findings.get((entity.moref, key))
        return None if known is None else known.severity

    def series(self, entity: Entity, key: str | None = None) -> Series:
        """Return the readings of earlier runs, the oldest first."""
        return self.readings.get((entity.moref, key), ())

    def per_day(self, entity: Entity, key: str | None, *, now: datetime, value: float, over: timedelta) -> float | None:
        """Return by how much a reading grows a day, with its present value; None where too little is known to say.

        It is the slope of the line that lies closest to the readings (least squares).
        """
        points = [((at - now) / _DAY, old) for at, old in self.series(entity, key) if now - over <= at < now]
        points.append((0.0, value))
        if len(points) < _POINTS or -points[0][0] < _SPAN / _DAY:
            return None
        middle = sum(at for at, _ in points) / len(points)
        level = sum(one for _, one in points) / len(points)
        spread: float = sum((at - middle) ** 2 for at, _ in points)
        return sum((at - middle) * (one - level) for at, one in points) / spread


NO_HISTORY = History()
