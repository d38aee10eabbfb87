"""Builders of notices for programs: each says only what its test is about."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vhealthd.alerting.channel import Channel
from vhealthd.errors import DeliveryError
from vhealthd.model import Alert, Category, Event, Notice, Severity, Turn

NOW = datetime(2026, 11, 21, 6, 1, tzinfo=UTC)
ID = "20261121T060000Z-7f3a-oncall-alerts-1c2d3e4f"
PLANTED = "planted-Pa55word"


def alert(name: str = "ds-1", severity: Severity = Severity.CRITICAL, **changes: object) -> Alert:
    """Make an alert about a datastore that is full."""
    made = Alert(
        key=hashlib.sha256(name.encode()).hexdigest(),
        event=Event.TRIGGER,
        turn=Turn.NEW,
        severity=severity,
        check="datastore-capacity",
        title="Datastore capacity",
        category=Category.STORAGE,
        vcenter="prod",
        object=name,
        object_type="Datastore",
        path=f"/DC0/datastore/{name}",
        message="97.0 % of 1.0 TB is used; the limit is 95 %.",
        advice="Free space, or grow the datastore.",
        since=NOW - timedelta(minutes=1),
        kb="https://knowledge.broadcom.com/external/article/1003412",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def over(name: str = "ds-1", severity: Severity = Severity.CRITICAL) -> Alert:
    """Make an alert that is resolved."""
    return alert(name, severity, event=Event.RESOLVE, turn=Turn.RESOLVED, since=NOW - timedelta(days=1))


def notice(*alerts: Alert, **changes: object) -> Notice:
    """Make a notice of a daily run."""
    told = alerts or (alert(),)
    opened = [one.severity for one in told if one.event is Event.TRIGGER]
    made = Notice(
        run_id="20261121T060000Z-7f3a",
        made=NOW,
        vcenters=("prod",),
        alerts=told,
        critical=opened.count(Severity.CRITICAL),
        warning=opened.count(Severity.WARNING),
        info=opened.count(Severity.INFO),
        next_run=NOW + timedelta(days=1),
        report="https://reports.example.com/20261121T060000Z-7f3a/report.pdf",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def secret(folder: Path, name: str, text: str) -> dict[str, Path]:
    """Write a secret to a file, and return the reference to it."""
    (folder / name).write_text(text)
    return {"file": folder / name}


async def failing(channel: Channel, told: Notice | None = None) -> DeliveryError:
    """Return the error of a delivery that must fail."""
    with pytest.raises(DeliveryError) as caught:
        await channel.send(told or notice(), delivery_id=ID)
    return caught.value
