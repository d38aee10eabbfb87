"""Makes text of messages: the one place where a number gets its unit and a time its form."""

from collections.abc import Callable
from datetime import UTC, datetime
from string import Formatter
from typing import Any, NamedTuple

from vhealthd.model import Param, Text

_BYTES = ("B", "KB", "MB", "GB", "TB", "PB")


def size(value: float) -> str:
    """Return bytes in the largest unit that keeps the number, as it is shown, at 1 or more; a KB is 1024 bytes."""
    amount, unit = float(value), 0
    # Rounded first: just below a unit it would say "1024.0 KB".
    while round(abs(amount), 1 if unit else 0) >= 1024 and unit < len(_BYTES) - 1:  # noqa: PLR2004 - a KB
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.0f} B" if unit == 0 else f"{amount:.1f} {_BYTES[unit]}"


def _moment(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _days(value: float) -> str:
    text = f"{value:.1f}".removesuffix(".0")
    return f"{text} day" if text == "1" else f"{text} days"


_UNITS: dict[str, Callable[[Any], str]] = {
    "percent": lambda value: f"{value:.1f} %",
    "limit": lambda value: f"{value:g} %",
    "bytes": size,
    "days": _days,
    "hours": lambda value: f"{value:.1f}".removesuffix(".0") + " h",
    "seconds": lambda value: f"{value:.1f} s",
    "mhz": lambda value: f"{value / 1000:.1f} GHz",
    "time": _moment,
    "ratio": lambda value: f"{value:.1f}",
}


class Filler(Formatter):
    """Fills the holes of sentences; `show` makes words of a value and its unit. What it fills in is never parsed."""

    def __init__(self, show: Callable[[Any, str], str]) -> None:
        self._show = show

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - as the base class has it
        """Return the words for one hole."""
        return self._show(value, format_spec)


def _show(value: Any, unit: str) -> str:  # noqa: ANN401 - any parameter
    match value:
        case None:
            return "unknown"
        case Text():
            return english(value)
        case tuple():
            return ", ".join(map(english, value))
    return _UNITS[unit](value) if unit in _UNITS else format(value, unit)


_FILLER = Filler(_show)


def english(text: Text) -> str:
    """Return the sentence in English."""
    return _FILLER.vformat(text.message.english, (), text.params)


class Measured(NamedTuple):
    """The two holes of a message that say what was measured and which limit it is held against: names and units."""

    value: tuple[str, str]
    limit: tuple[str, str]


def measured(text: Text) -> Measured | None:
    """Find what a message measures: the first number with the unit of its `threshold_...`; None where it has none."""
    holes = [(name, unit or "") for _, name, unit, _ in _FILLER.parse(text.message.english) if name]
    limit = next((hole for hole in holes if hole[0].startswith("threshold_")), None)
    if limit is None:
        return None
    alike = {"percent", "limit"} if limit[1] in {"percent", "limit"} else {limit[1]}
    numbers = (hole for hole in holes if hole != limit and hole[1] in alike and _is_number(text.params.get(hole[0])))
    value = next(numbers, None)
    return Measured(value, limit) if value else None


def _is_number(value: Param) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


Plain = str | int | float | bool | None


def evidence(text: Text) -> dict[str, Plain]:
    """Return the parameters for machines: times as ISO 8601 in UTC, floats with three decimals, words in English."""
    return {name: _plain(value) for name, value in text.params.items()}


def _plain(value: Param) -> Plain:
    if isinstance(value, Text | tuple):
        return _show(value, "")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return round(value, 3) if isinstance(value, float) else value
