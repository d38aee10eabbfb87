"""What a check may know of earlier runs: since when something it found is there, and the numbers that it noted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vhealthd.model.entities import Entity
from vhealthd.model.grades import Severity

Series = tuple[tuple[datetime, float], ...]
Place = tuple[str | None, str | None]  # the object's reference, and the key


@dataclass(frozen=True, slots=True)
class Known:
    """A finding that was there in the last run that looked. `since` is when it was first seen."""

    since: datetime
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The earlier findings and readings of one check in one vCenter; empty where nothing is kept."""

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


NO_HISTORY = History()
