"""What earlier scans left behind, for tests of checks that go by it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from tests.builders import ago
from vhealthd.checkapi import Inventory
from vhealthd.model import Entity, History, Known, Severity

YESTERDAY = ago(days=1)


def earlier(
    given: Inventory,
    *found: tuple[Entity, str | None, Severity, datetime],
    readings: Mapping[tuple[Entity, str | None], Iterable[tuple[datetime, float]]] | None = None,
) -> Inventory:
    """Return an estate that was scanned yesterday: what was found then, since when, and the readings of before."""
    history = History(
        looked=YESTERDAY,
        findings={(one.moref, key): Known(since, severity) for one, key, severity, since in found},
        readings={(one.moref, key): tuple(points) for (one, key), points in (readings or {}).items()},
    )
    return replace(given, history=history)


def was(given: Inventory, entity: Entity, severity: Severity, key: str | None = None) -> Inventory:
    """Return an estate in which something was found yesterday."""
    return earlier(given, (entity, key, severity, YESTERDAY))
