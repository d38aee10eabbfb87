"""Builders of alerts and notices: each says only what its test is about."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from vhealthd.model import Alert, Category, Event, Notice, Severity, Turn

NOW = datetime(2026, 11, 21, 6, 0, 12, tzinfo=UTC)
GONE = "It does not answer to vCenter (notResponding) since 2026-11-20 21:04 UTC"
CONNECT = "Look at the host's console and at its management network; then reconnect it in vCenter."
FULL = "96.3 % of 4.0 TB is used; the limit is 95 %"
FREE = "Delete what nobody needs, move virtual machines to another datastore, or extend the volume."


def clock() -> datetime:
    return NOW


def alert(name: str = "esx-04.ams.example.net", **changes: Any) -> Alert:  # noqa: ANN401 - fields of an alert
    """Make an alert that is new and critical."""
    told: dict[str, Any] = {
        "key": "5f" * 32,
        "event": Event.TRIGGER,
        "turn": Turn.NEW,
        "severity": Severity.CRITICAL,
        "check": "host-connection",
        "title": "Host connection",
        "category": Category.COMPUTE,
        "vcenter": "prod",
        "object": name,
        "object_type": "HostSystem",
        "path": f"/DC0/host/prod-a/{name}",
        "message": GONE,
        "advice": CONNECT,
        "since": datetime(2026, 11, 20, 21, 4, tzinfo=UTC),
    }
    return Alert(**{**told, **changes})


def full(name: str = "vmfs-gold-01", **changes: Any) -> Alert:  # noqa: ANN401 - fields of an alert
    """Make an alert of a datastore."""
    told: dict[str, Any] = {
        "key": "d5" * 32,
        "check": "datastore-capacity",
        "title": "Datastore capacity",
        "category": Category.STORAGE,
        "object_type": "Datastore",
        "path": f"/DC0/datastore/{name}",
        "message": FULL,
        "advice": FREE,
    }
    return alert(name, **{**told, **changes})


def over(one: Alert, turn: Turn = Turn.RESOLVED) -> Alert:
    """Make the end of an alert."""
    return Alert(**{**fields_of(one), "event": Event.RESOLVE, "turn": turn})


def fields_of(one: Alert) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Alert.__slots__}


def notice(*alerts: Alert, **changes: Any) -> Notice:  # noqa: ANN401 - fields of a notice
    """Make a notice; it counts the alerts that it tells."""
    told = alerts or (alert(),)
    count = {
        severity.value: sum(one.severity is severity and one.event is Event.TRIGGER for one in told)
        for severity in Severity
    }
    rest: dict[str, Any] = {"run_id": "20261121T060000Z-7f3a", "made": NOW, "vcenters": ("prod",), **count}
    return Notice(alerts=told, **{**rest, **changes})


def estate() -> Notice:
    """Make a notice of 3 critical, 40 warning and 200 informative alerts in two vCenters."""
    return notice(
        alert(),
        full("vmfs-gold-01"),
        full("nfs-backup", key="b4" * 32, vcenter="prod-2", message="99.1 % of 60.0 TB is used; the limit is 95 %"),
        *_many("app", 40, Severity.WARNING),
        *_many("web", 200, Severity.INFO),
        vcenters=("prod", "prod-2"),
        next_run=datetime(2026, 11, 22, 6, 0, tzinfo=UTC),
        report="https://reports.example.com/vhealthd/latest.pdf",
    )


def _many(name: str, count: int, severity: Severity) -> Sequence[Alert]:
    return [
        alert(
            f"{name}-{number:03}",
            key=f"{severity}{number}",
            severity=severity,
            check="snapshot-age",
            title="Snapshot age",
            category=Category.VM,
            vcenter=("prod", "prod-2")[number % 2],
            object_type="VirtualMachine",
            message=f"Its oldest snapshot is {number + 8} days old; the limit is 7 days",
            advice="Delete snapshots that nobody needs; they grow until the datastore is full.",
        )
        for number in range(count)
    ]
