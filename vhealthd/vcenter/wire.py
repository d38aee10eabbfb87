"""Decodes what VI JSON puts on the wire. Everything optional may be absent, null, boxed or plain; all forms are taken.

Sources: the VI JSON specification, and the encodings met in the field (`objects: null`, `_value: null`, faults wrapped
once, twice or not at all).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vhealthd.errors import BadAnswerError
from vhealthd.model import MoRef

_ESCAPED = re.compile("%(25|2f|5c)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ObjectContent:
    """One object of a RetrieveResult: its properties by path, and the fault's name for each path that is missing."""

    ref: MoRef
    props: dict[str, Any]
    missing: dict[str, str]


@dataclass(frozen=True, slots=True)
class RetrieveResult:
    """One page of an answer; `token` leads to the next one."""

    objects: list[ObjectContent]
    token: str | None
    size: int = 0  # bytes of the answer

    def lost_session(self) -> bool:
        """Whether a dead session hides behind this answer: RetrievePropertiesEx needs no session to answer 200."""
        return any("NotAuthenticated" in content.missing.values() for content in self.objects)


def retrieve_result(data: Any, *, size: int = 0) -> RetrieveResult:  # noqa: ANN401 - decoded JSON
    """Decode a RetrieveResult; null or nothing is an empty one. Raises BadAnswerError for another shape."""
    if data is None:
        return RetrieveResult([], None, size)
    try:
        return RetrieveResult([_object(one) for one in data.get("objects") or ()], data.get("token") or None, size)
    except (AttributeError, KeyError, TypeError) as error:
        raise BadAnswerError("vCenter's answer is not a RetrieveResult") from error


def _object(data: dict[str, Any]) -> ObjectContent:
    return ObjectContent(
        ref=_reference(data["obj"]),
        props={one["name"]: unbox(one.get("val")) for one in data.get("propSet") or ()},
        missing={one["path"]: fault_name(one.get("fault")) for one in data.get("missingSet") or ()},
    )


def fault_name(fault: Any) -> str:  # noqa: ANN401 - decoded JSON
    """Return the type of a fault, however often it is wrapped (LocalizedMethodFault in 9.x, flat in 8.0)."""
    while isinstance(fault, dict) and isinstance(fault.get("fault"), dict):
        fault = fault["fault"]
    return str(fault.get("_typeName", "")) if isinstance(fault, dict) else ""


def unbox(value: Any) -> Any:  # noqa: ANN401 - decoded JSON
    """Take a value of type Any out of its box `{"_typeName": ..., "_value": ...}`; data objects have none."""
    if not isinstance(value, dict) or "_value" not in value:
        return value
    inner = value["_value"]
    if inner is None and str(value.get("_typeName", "")).startswith("ArrayOf"):
        return []
    return inner


def reference(value: Any) -> MoRef | None:  # noqa: ANN401 - decoded JSON
    """Return a reference, or None where there is none."""
    value = unbox(value)
    return _reference(value) if isinstance(value, dict) and value.get("value") else None


def references(value: Any) -> list[MoRef]:  # noqa: ANN401 - decoded JSON
    """Return an array of references, boxed or not, null for none."""
    return [_reference(one) for one in unbox(value) or ()]


def _reference(value: dict[str, Any]) -> MoRef:
    kind, moid = value["type"], value["value"]
    if not (isinstance(kind, str) and isinstance(moid, str)):
        raise TypeError("a reference's type and value are strings")
    return MoRef(kind, moid)


def encode_reference(ref: MoRef) -> dict[str, str]:
    """Write a reference as a request needs it: with its `_typeName`, and that first."""
    return {"_typeName": "ManagedObjectReference", "type": ref.type, "value": ref.value}


def moment(value: Any) -> datetime | None:  # noqa: ANN401 - decoded JSON
    """Read a dateTime (RFC 3339, 0 to 9 fractional digits); None where there is none. Aware, in UTC."""
    text = unbox(value)
    if not isinstance(text, str) or not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the latter for year 1 or 9999, which in UTC may be another
        return None


def rounding(time: datetime) -> float:
    """Return by how many seconds a clock may be ahead of the time that it told: some times come without a fraction."""
    return 0.0 if time.microsecond else 1.0


def display_name(name: str) -> str:
    """Undo vCenter's escapes of percent sign, slash and backslash in names of entities."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), name)


def dig(data: Any, *steps: str) -> Any:  # noqa: ANN401 - decoded JSON
    """Follow field names through data objects; None as soon as one is absent."""
    for step in steps:
        data = unbox(data.get(step)) if isinstance(data, dict) else None
    return data


def each(data: Any, *steps: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - decoded JSON
    """Yield the data objects of an array field; none where it is absent or null."""
    found = dig(data, *steps)
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict):
            yield one
