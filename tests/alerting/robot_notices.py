"""Builders of notices and of channels for the robots of chats: each says only what its test is about."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from traceback import format_exception
from typing import Any

import aiohttp
import pytest

from mocks.webhooks import Answer
from tests.report.scans import HOSTILE
from vhealthd.alerting.channel import Channel
from vhealthd.config import SecretRef
from vhealthd.errors import DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from vhealthd.model import Alert, Category, Event, Notice, Severity, Turn

NOW = datetime(2026, 11, 21, 6, 1, tzinfo=UTC)
SHORT = aiohttp.ClientTimeout(total=0.05)

ACTING = (
    "[x](http://evil.example)",
    "![x](http://evil.example/a.png)",
    "@all",
    "<@all>",
    '<at user_id="all"></at>',
    "<at id=all></at>",
    "&lt;at id=all&gt;",
    '<font color="warning">red</font>',
    "https://evil.example/",
    "__bold__ _slanted_ ***",
    "`code` ~~struck~~ \\*",
    "# heading",
    "- item\n# heading\n> quote\n1. first",
    *HOSTILE,
)

CRITICAL, WARNING, INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO
_ADVICE = "Look at the power, the network and the management agents of the host."


def now() -> datetime:
    return NOW


def alert(name: str = "esx-04.ams.example.net", severity: Severity = CRITICAL, **changes: Any) -> Alert:  # noqa: ANN401 - fields of an alert
    given: dict[str, Any] = {
        "key": "0" * 64,
        "event": Event.TRIGGER,
        "turn": Turn.NEW,
        "severity": severity,
        "check": "host-connection",
        "title": "Host connection",
        "category": Category.COMPUTE,
        "vcenter": "prod",
        "object": name,
        "object_type": "HostSystem",
        "path": f"/DC0/host/{name}",
        "message": "The host does not respond to vCenter; virtual machines that were running on it: 12",
        "advice": _ADVICE,
        "since": NOW - timedelta(hours=9),
    }
    return Alert(**given | changes)


def over(name: str = "esx-01.ams.example.net", **changes: Any) -> Alert:  # noqa: ANN401 - fields of an alert
    return alert(name, event=Event.RESOLVE, turn=Turn.RESOLVED, **changes)


def notice(*alerts: Alert, **changes: Any) -> Notice:  # noqa: ANN401 - fields of a notice
    open_now = [one.severity for one in alerts if one.event is Event.TRIGGER]
    given: dict[str, Any] = {
        "run_id": "20261121T060000Z-7f3a",
        "made": NOW,
        "vcenters": ("prod",),
        "alerts": alerts,
        "critical": open_now.count(CRITICAL),
        "warning": open_now.count(WARNING),
        "info": open_now.count(INFO),
    }
    return Notice(**given | changes)


def busy() -> Notice:
    """Return 3 criticals, 40 warnings and 200 infos over two vCenters, and two that are resolved."""
    wrong = [alert(f"esx-{n:02}.ams.example.net", vcenter=("prod", "dr")[n % 2]) for n in range(3)]
    filling = [
        alert(
            f"vmfs-gold-{n:02}",
            WARNING,
            title="Datastore utilization",
            vcenter=("prod", "dr")[n % 2],
            message="87.1 % of 8.0 TB is used; the limit is 85 %",
            advice="Add capacity, move disks with Storage vMotion, or delete what nobody needs.",
        )
        for n in range(40)
    ]
    known = [alert(f"app-{n:03}", INFO, title="VMware Tools", advice="Nothing has to be done.") for n in range(200)]
    return notice(*wrong, *filling, *known, over(), over("esx-09.ams.example.net"), vcenters=("prod", "dr"))


def secret_in(folder: Path, name: str, text: str) -> SecretRef:
    file = folder / name
    file.write_text(text + "\n")
    return SecretRef(file=file)


async def failing(channel: Channel, about: Notice | None = None) -> DeliveryError:
    """Send what will not be taken."""
    with pytest.raises(DeliveryError) as caught:
        await channel.send(about or notice(alert()), delivery_id="d-1")
    return caught.value


def answers(text: str) -> list[Answer]:
    """Return a fault: status 200 with a body of one's own, once."""
    return [Answer(body=text.encode())]


def shown(error: DeliveryError) -> str:
    """Return all that a log could show of an error."""
    return "".join(format_exception(error)) + repr(error)


def markup(text: str) -> list[str]:
    """Return what Markdown of any kind could act on, line by line."""
    return re.findall(r"[*`\[\]<>~\\@]|(?<!\w)_|_(?!\w)|&#?\w+;|://|\n[ \t>#+=|-]*", text)


# What may go wrong on the way, how it is judged, and what is said.
FAULTS: tuple[tuple[dict[str, Any], type[DeliveryError], str], ...] = (
    ({"status": 429, "headers": {"Retry-After": "7"}}, DeliveryDelayedError, "127.0.0.1 answers 429: nothing"),
    ({"status": 500, "body": b"oops"}, DeliveryDelayedError, "127.0.0.1 answers 500: oops"),
    ({"wait": True}, DeliveryDelayedError, "127.0.0.1: no answer in time"),
    ({"status": 302, "headers": {"Location": "/else"}}, DeliveryRefusedError, "redirects are not followed"),
    ({"body": b"<html>log in</html>"}, DeliveryDelayedError, "did not answer with a JSON object"),
    ({"body": b"{}"}, DeliveryDelayedError, "answers without a"),
    ({"body": b'{"errcode": false, "code": false}'}, DeliveryDelayedError, "answers without a"),
    ({"body": b'{"errcode": "0", "code": "0"}'}, DeliveryDelayedError, "answers without a"),
)


def fault(**fields: Any) -> Answer:  # noqa: ANN401 - fields of an answer
    """Return an answer; one that waits does so for good."""
    return Answer(**fields | ({"wait": asyncio.Event()} if "wait" in fields else {}))
