"""What programs read of a notice: English words, enumerations by their values, times in UTC with a Z.

`event.schema.json` beside this file says the form of an event, key by key.
"""

from datetime import UTC, datetime
from typing import Any

from vhealthd.model import Alert, Notice


def as_event(notice: Notice) -> dict[str, Any]:
    """Return a notice as an event: its type, when it happened, and what is told."""
    return {
        "type": "vhealthd.test" if notice.test else "vhealthd.alerts",
        "timestamp": moment(notice.made),
        "data": {
            "run_id": notice.run_id,
            "vcenters": list(notice.vcenters),
            "critical": notice.critical,
            "warning": notice.warning,
            "info": notice.info,
            "next_run": None if notice.next_run is None else moment(notice.next_run),
            "report": notice.report,
            "alerts": [of_alert(one) for one in notice.alerts],
        },
    }


def of_alert(alert: Alert) -> dict[str, Any]:
    """Return an alert."""
    return {
        "key": alert.key,
        "event": alert.event.value,
        "turn": alert.turn.value,
        "severity": alert.severity.value,
        "check": alert.check,
        "title": alert.title,
        "category": alert.category.value,
        "vcenter": alert.vcenter,
        "object": {"type": alert.object_type, "name": alert.object, "path": alert.path},
        "message": alert.message,
        "advice": alert.advice,
        "since": moment(alert.since),
        "count": alert.count,
        "examples": list(alert.examples),
        "kb": alert.kb,
    }


def moment(when: datetime) -> str:
    """Return a time to the second, `2026-11-21T06:01:00Z`."""
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
