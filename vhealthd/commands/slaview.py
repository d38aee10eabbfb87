"""How service levels are shown, to people and to machines."""

from collections.abc import Iterable, Iterator, Mapping

from pydantic import JsonValue
from rich.table import Table

from vhealthd.commands import tables
from vhealthd.commands.tables import plain
from vhealthd.sla import Attainment, Sla

NO_DATA = "no data"
_NOTHING = Attainment({})


def as_dict(windows: Mapping[str, Sla]) -> dict[str, JsonValue]:
    """Return service levels for machines; a share is null where nothing was judged."""
    return {name: _window(one) for name, one in windows.items()}


def _window(one: Sla) -> dict[str, JsonValue]:
    return {
        "overall": _attainment(one.overall),
        "vcenters": {name: _attainment(part) for name, part in one.vcenters.items()},
        "categories": {name.value: _attainment(part) for name, part in one.categories.items()},
        "checks": {name: _attainment(part) for name, part in one.checks.items()},
    }


def _attainment(one: Attainment) -> dict[str, JsonValue]:
    return {
        "percent": one.percent,
        "judged": one.judged,
        "critical": one.critical,
        "unknown": one.unknown,
        "skipped": one.skipped,
    }


def table(windows: Mapping[str, Sla]) -> Table:
    """Tabulate service levels: one window with its counts, several side by side."""
    counts = ("judged", "critical", "unknown", "skipped")
    several = len(windows) > 1
    numbers = tuple(windows) if several else ("attained", *counts)
    made = tables.table("of", "", *numbers, numbers=numbers)
    for kind, name, parts in _rows(windows):
        cells = [_percent(part) for part in parts]
        if not several:
            cells += [f"{getattr(parts[0], count):,}" for count in counts]
        made.add_row(kind, plain(name), *cells)
    return made


def _rows(windows: Mapping[str, Sla]) -> Iterator[tuple[str, str, list[Attainment]]]:
    """Yield each line with what it has in every window."""
    every = list(windows.values())
    yield "overall", "", [one.overall for one in every]
    for kind, parts in (
        ("vCenter", [one.vcenters for one in every]),
        ("category", [{str(name): part for name, part in one.categories.items()} for one in every]),
        ("check", [one.checks for one in every]),
    ):
        for name in _names(parts):
            yield kind, name, [part.get(name, _NOTHING) for part in parts]


def _names(parts: Iterable[Mapping[str, Attainment]]) -> list[str]:
    """Return all names, in the order of the fullest window."""
    return list(dict.fromkeys(name for part in sorted(parts, key=len, reverse=True) for name in part))


def _percent(one: Attainment) -> str:
    return NO_DATA if one.percent is None else f"{one.percent:.2f} %"
