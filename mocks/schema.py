"""Declared types of vim25 properties, as the property collector validates paths against them.

The table lies in `vim_types.json`, written by `mocks.make_types`. Facts: a path must exist on the declared static type,
arrays and managed references cannot be walked through, and a property is unknown to releases before its own.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

import orjson

TABLE = Path(__file__).with_name("vim_types.json")
RELEASES = (
    "7.0.0.0",
    "7.0.0.2",
    "7.0.1.0",
    "7.0.1.1",
    "7.0.2.0",
    "7.0.2.1",
    "7.0.3.0",
    "7.0.3.1",
    "7.0.3.2",
    "8.0.0.0",
    "8.0.0.1",
    "8.0.0.2",
    "8.0.1.0",
    "8.0.2.0",
    "8.0.3.0",
    "8.0.3.1",
    "9.0.0.0",
    "9.1.0.0",
    "9.1.1.0",
)
ENTRY = re.compile(r"(?P<type>\w+)(?P<array>\[\])?(?P<optional>\?)?(?:@(?P<since>[\d.]+))?")


class Row(TypedDict):
    """One type: its base type's name and its own properties as the table writes them."""

    base: str
    properties: dict[str, str]


@dataclass(frozen=True, slots=True)
class Declared:
    """The declared type of a property; `since` is the release of its path's youngest step, () for all releases."""

    type: str
    array: bool
    optional: bool
    since: tuple[int, ...]


def release_key(release: str) -> tuple[int, ...]:
    """Write a release as numbers that compare: `8.0.3.0` -> (8, 0, 3, 0)."""
    return tuple(int(part) for part in release.split("."))


@cache
def table() -> dict[str, Row]:
    """Load the whole table by type name."""
    rows: dict[str, Row] = orjson.loads(TABLE.read_bytes())
    return rows


@cache
def is_a(kind: str, base: str) -> bool:
    """Whether a type is `base` or derives from it."""
    while kind in table():
        if kind == base:
            return True
        kind = table()[kind]["base"]
    return kind == base


@cache
def properties(kind: str) -> dict[str, Declared]:
    """Every property of a type, inherited ones first."""
    row = table().get(kind)
    if row is None:
        return {}
    return properties(row["base"]) | {name: _parse(text) for name, text in row["properties"].items()}


def _parse(text: str) -> Declared:
    entry = ENTRY.fullmatch(text)
    if entry is None:
        raise ValueError(f"not an entry of the table: {text}")
    since = release_key(entry["since"]) if entry["since"] else ()
    return Declared(entry["type"], entry["array"] is not None, entry["optional"] is not None, since)


@cache
def resolve(kind: str, path: str) -> Declared | None:
    """Find the declared type at the end of a dotted path from a managed type; None where the path does not exist."""
    declared: Declared | None = None
    optional = False
    since: tuple[int, ...] = ()
    for step in path.split("."):
        if declared is not None and (declared.array or declared.type == "ManagedObjectReference"):
            return None
        declared = properties(kind if declared is None else declared.type).get(step)
        if declared is None:
            return None
        optional = optional or declared.optional
        since = max(since, declared.since)
    return declared and Declared(declared.type, declared.array, optional, since)


def array_name(element: str) -> str:
    """Make the boxed name of an array: `string` -> `ArrayOfString`."""
    return f"ArrayOf{element[0].upper()}{element[1:]}"
