"""Tables for people: without a frame, aligned, with nothing in them that a terminal would obey."""

import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import click
from pydantic import JsonValue
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vhealthd.model import DeliveryState, Outcome, Severity

NOTHING = "-"
_COPIED = frozenset({"id", "key", "run"})  # what somebody types or copies is never broken over lines
_STYLES = {
    "critical": "bold red",
    "unknown": "magenta",
    "warning": "yellow",
    "info": "blue",
    "pass": "green",
    "skipped": "dim",
    "failed": "bold red",
    "asked": "dim",
    DeliveryState.DELIVERED.value: "green",
    DeliveryState.FAILED.value: "bold red",
    DeliveryState.PENDING.value: "yellow",
    DeliveryState.SENDING.value: "yellow",
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_HOURS_SHOWN = 48


def table(*titles: str, numbers: Collection[str] = ()) -> Table:
    """Make a table; the columns that hold numbers stand to the right, and long words are folded, never cut."""
    made = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for title in titles:
        made.add_column(
            title, overflow="fold", no_wrap=title in _COPIED, justify="right" if title in numbers else "left"
        )
    return made


def facts() -> Table:
    """Make a table of lines, each with what it is about."""
    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    return made


def show(*parts: Table | Text) -> None:
    """Print tables and lines."""
    for part in parts:
        Console().print(part)


def plain(words: object) -> Text:
    """Return words as they are, with control characters written out."""
    return Text("".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in str(words)))


def status(word: Outcome | Severity | DeliveryState | str) -> Text:
    """Return a word in its colour."""
    return Text(str(word), style=_STYLES.get(str(word), ""))


def count(number: int) -> Text:
    """Return a number; nothing to see is nothing to read."""
    return Text(f"{number:,}" if number else NOTHING)


def span(duration: timedelta) -> str:
    """Return `40 s`, `5 min`, `26 h` or `3 d`."""
    seconds = max(0, round(duration.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    return f"{seconds // _HOUR} h" if seconds < _HOURS_SHOWN * _HOUR else f"{seconds // _DAY} d"


def age(then: datetime | None, now: datetime) -> str:
    """Return how long ago something was."""
    return NOTHING if then is None else span(now - then)


def moment(when: datetime) -> str:
    """Return a time for people, to the minute."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def iso(when: datetime | None) -> str | None:
    """Return a time for machines."""
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if when else None


def echo_json(data: JsonValue) -> None:
    """Print something for machines."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))
