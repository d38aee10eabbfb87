"""A report as compressed JSON and back: an equal report, with its messages and their typed parameters.

A record is a list of its values, which begins with the number of its kind; the kinds and the names of their fields come
first. So reading needs no guesses, and of what another version wrote the fields that are not known are left out.
Objects and messages that occur again and again are parts, written once. Each line of JSON is short enough that reading
it does not hold up the event loop.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

import orjson

from vhealthd.errors import StateError
from vhealthd.model import (
    Category,
    CheckResult,
    Counts,
    Datastore,
    DistributedPortGroup,
    Entity,
    Finding,
    Host,
    LimitInForce,
    Message,
    MoRef,
    Mute,
    MuteUse,
    NotExamined,
    Outcome,
    Reading,
    Resource,
    ScanReport,
    SecurityPolicy,
    Severity,
    Text,
    Unseen,
    Usage,
    VCenterReport,
    VCenterState,
    VirtualCenter,
    VirtualMachine,
)

FORM = 1

_RECORDS: Mapping[str, type[Any]] = {
    one.__name__: one
    for one in (
        *(CheckResult, Counts, Datastore, DistributedPortGroup, Entity, Finding, Host, LimitInForce, Message, MoRef),
        *(Mute, MuteUse, NotExamined, Reading, ScanReport, SecurityPolicy, Text, Unseen, Usage, VCenterReport),
        *(VirtualCenter, VirtualMachine),
    )
}
_NAMES = {kind: tuple(one.name for one in fields(kind)) for kind in _RECORDS.values()}
_VALUES: Mapping[str, Callable[[str], object]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    **{one.__name__: one for one in (Category, Outcome, Resource, Severity, VCenterState)},
}
# Where a list is no record, instead of its kind:
_TUPLE, _PART = -1, -2
_PARTS_IN_A_LINE = 500

Reader = Callable[[list[Any]], Any]


def encode(report: ScanReport) -> bytes:
    """Write a report."""
    writer = _Writer()
    writer.part(report)
    lines = [
        writer.kinds,
        *(writer.parts[n : n + _PARTS_IN_A_LINE] for n in range(0, len(writer.parts), _PARTS_IN_A_LINE)),
    ]
    return zlib.compress(b"\n".join(map(orjson.dumps, lines)), level=6)


def decode(data: bytes, *, form: int) -> ScanReport:
    """Read a report. Raises StateError for what is none."""
    if form > FORM:
        raise StateError(f"a report was stored by a newer vhealthd (form {form}, not {FORM}); install that one again")
    try:
        kinds, *lines = zlib.decompress(data).split(b"\n")
        report = _Reader(orjson.loads(kinds)).read(lines)
    except (zlib.error, ValueError, TypeError, IndexError, AttributeError) as error:
        raise StateError(f"a stored report cannot be read ({type(error).__name__}); the database is damaged") from error
    if not isinstance(report, ScanReport):
        raise StateError("a stored report is none; the database is damaged")
    return report


class _Writer:
    """Writes records as lists, each after the parts that it refers to."""

    def __init__(self) -> None:
        self.kinds: list[tuple[str, tuple[str, ...]]] = []
        self.parts: list[Any] = []
        self._kinds: dict[type[Any], int] = {}
        self._places: dict[object, int] = {}

    def write(self, value: Any) -> Any:  # noqa: ANN401 - any piece of a report
        match value:
            case Entity() | Message():
                if value not in self._places:
                    self._places[value] = self.part(value)
                return [_PART, self._places[value]]
            case CheckResult():
                return [_PART, self.part(value)]
            case Enum() | datetime() | date():
                plain = value.value if isinstance(value, Enum) else value.isoformat()
                return [self._kind(type(value), ()), plain]
            case Mapping():
                return {name: self.write(one) for name, one in value.items()}
            case tuple():
                return [_TUPLE, *map(self.write, value)]
        return self._record(value) if is_dataclass(value) else value

    def part(self, value: Any) -> int:  # noqa: ANN401 - any record of a report
        record = self._record(value)  # first: what it refers to comes before it
        self.parts.append(record)
        return len(self.parts) - 1

    def _record(self, value: Any) -> list[Any]:  # noqa: ANN401 - any record of a report
        kind: type[Any] = type(value)
        if kind not in _NAMES:
            # an object of a kind that only a site's own check knows is written as what it is based on
            kind = next(one for one in kind.__mro__ if one in _NAMES)
        names = _NAMES[kind]
        return [self._kind(kind, names), *(self.write(getattr(value, name)) for name in names)]

    def _kind(self, kind: type[Any], names: tuple[str, ...]) -> int:
        if kind not in self._kinds:
            self._kinds[kind] = len(self.kinds)
            self.kinds.append((kind.__name__, names))
        return self._kinds[kind]


class _Reader:
    """Reads what a writer of any version wrote."""

    def __init__(self, kinds: list[tuple[str, list[str]]]) -> None:
        self._readers = [self._reader(name, names) for name, names in kinds]
        self._parts: list[Any] = []

    def read(self, lines: list[bytes]) -> Any:  # noqa: ANN401 - whatever was written
        """Read all parts, and return the last one: it holds the others."""
        for line in lines:
            for part in orjson.loads(line):
                self._parts.append(self._read(part))
        return self._parts[-1]

    def _read(self, value: Any) -> Any:  # noqa: ANN401 - any piece of a report
        if isinstance(value, dict):
            return {name: self._read(one) for name, one in value.items()}
        if not isinstance(value, list):
            return value
        if value[0] == _PART:
            return self._parts[value[1]]
        if value[0] == _TUPLE:
            return tuple(map(self._read, value[1:]))
        return self._readers[value[0]](value)

    def _reader(self, name: str, names: list[str]) -> Reader:
        if name in _VALUES:
            make_value = _VALUES[name]
            return lambda value: make_value(value[1])
        # an object of a kind that only a newer version knows is still an object
        kind = _RECORDS.get(name) or (Entity if "ref" in names else None)
        if kind is None:
            return lambda _: None
        known = [(place, one) for place, one in enumerate(names, start=1) if one in _NAMES[kind]]
        return lambda value: kind(**{one: self._read(value[place]) for place, one in known})
