"""An inventory on disk: what a scan saw, to judge it again without a network, for bug reports and tests."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from vhealthd.errors import NotSupportedError, UsageError, VCenterError
from vhealthd.inventory import Inventory, Need
from vhealthd.model import Counts, Facets, MoRef, Outcome, Unseen

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Why a part is not there; `outcome` is that of the checks that need it."""

    why: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """All that one scan saw of one vCenter."""

    name: str
    url: str
    tls: str
    now: datetime
    instance_uuid: str | None = None
    version: str | None = None
    build: str | None = None
    no_session: str | None = None
    problems: tuple[str, ...] = ()  # what could not be read, in words
    unmatched_scope: tuple[str, ...] = ()
    counts: Counts = field(default_factory=Counts)
    requests: int = 0
    collecting: Mapping[str, float] = field(default_factory=dict)  # seconds by collector
    parts: Mapping[Need, object] = field(default_factory=dict)  # a part, or Missing

    async def fetch(self, need: Need) -> object:
        """Return a part, as a live collector does. Raises VCenterError."""
        part = self.parts.get(need, Missing(why=f"the saved inventory has no {need.value}", outcome=Outcome.UNKNOWN))
        if isinstance(part, Missing):
            kind = NotSupportedError if part.outcome is Outcome.SKIPPED else VCenterError
            raise kind(part.why)
        return part


_HEAD = TypeAdapter(Sighting)
_MISSING = TypeAdapter(Missing)


def encode(sightings: tuple[Sighting, ...], *, redact: bool) -> bytes:
    """Write what was seen as JSON. With `redact`, every name, address and sentence becomes a stand-in."""
    data: dict[str, Any] = {"schema": SCHEMA, "vcenters": [_encode(one) for one in sightings]}
    return json.dumps(_Redactor().redact(data) if redact else data, ensure_ascii=False, indent=1).encode()


def read(path: Path) -> tuple[Sighting, ...]:
    """Read what was seen. Raises UsageError for a file that is none of ours."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise UsageError(
                f"{path}: saved by another version of vhealthd (schema {data['schema']}, this one: {SCHEMA})"
            )
        return tuple(_decode(one) for one in data["vcenters"])
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ValidationError) as error:
        raise UsageError(f"{path}: not an inventory that vhealthd saved ({type(error).__name__})") from error


def _encode(sighting: Sighting) -> dict[str, Any]:
    head: dict[str, Any] = _HEAD.dump_python(replace(sighting, parts={}), mode="json")
    head["parts"] = {need.value: _encode_part(need, part) for need, part in sighting.parts.items()}
    return head


def _decode(data: dict[str, Any]) -> Sighting:
    parts = {Need(name): _decode_part(Need(name), part) for name, part in data.pop("parts").items()}
    return replace(_HEAD.validate_python(data), parts=parts)


def _encode_part(need: Need, part: object) -> dict[str, Any]:
    if isinstance(part, Missing):
        return {"missing": _MISSING.dump_python(part, mode="json")}
    return {"data": _form(need).dump_python(_pairs(part), mode="json")}


def _decode_part(need: Need, data: dict[str, Any]) -> object:
    if "missing" in data:
        return _MISSING.validate_python(data["missing"])
    part = _form(need).validate_python(data["data"])
    origin = get_origin(_type_of(need))
    if origin is Facets:
        return Facets(dict(part[0]), dict(part[1]))
    return dict(part) if origin is Mapping else part


def _pairs(part: object) -> object:
    """Write maps as lists of pairs: JSON has no references as keys."""
    if isinstance(part, Facets):
        return list(part.records.items()), list(part.gaps.items())
    return list(part.items()) if isinstance(part, Mapping) else part


def _type_of(need: Need) -> Any:  # noqa: ANN401 - a type form
    """Return the type of a part: that of the property of Inventory by which checks read it."""
    return get_type_hints(getattr(Inventory, need.value).fget)["return"]


def _form(need: Need) -> TypeAdapter[Any]:
    kind = _type_of(need)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Facets:
        both: Any = tuple[_pair_list(arguments[0]), _pair_list(Unseen)]  # type: ignore[misc]
        return TypeAdapter(both)
    return TypeAdapter(_pair_list(arguments[1]) if origin is Mapping else kind)


def _pair_list(kind: Any) -> Any:  # noqa: ANN401 - type forms
    return list[tuple[MoRef, kind]]


class _Redactor:
    """Replaces every string by a stand-in, except under keys whose values are vSphere's own words."""

    _VOCABULARY = frozenset(
        {"ref", "type", "value", "connection_state", "power_state", "maintenance_mode", "managed_by", "running_status"}
        | {"version_status", "kind", "backing", "state", "health", "startup_type", "tls", "failed_step", "status"}
        | {"item", "colour", "partition", "started", "ended", "password_expires", "locked_from"}
        | {"role", "not_before", "not_after", "unit", "expires"}
        | {"outcome", "id", "version", "build", "now", "created", "boot_time", "english"}
        | {"states", "vaai", "inaccessible_reason"}
        | {"standby_mode", "lockdown_mode", "policy", "protocol", "mode", "sensor"}
        | {"host_monitoring", "drs_behavior", "system_name", "triggered_at"}
    )

    def __init__(self) -> None:
        self._stand_ins: dict[str, str] = {}

    def redact(self, data: Any, key: str = "") -> Any:  # noqa: ANN401 - decoded JSON
        """Return the same structure without anybody's names."""
        match data:
            case dict():
                return {self._key(name, key): self.redact(value, name) for name, value in data.items()}
            case list():
                return [self.redact(value, key) for value in data]
            case str() if key not in self._VOCABULARY:
                return self._text(data)
            case _:
                return data

    def _key(self, name: str, under: str) -> str:
        return self._stand_in(name) if under == "pointers" else name

    def _text(self, text: str) -> str:
        """Replace a path step by step, so that what lies in one folder still does."""
        return "/".join(self._stand_in(step) for step in text.split("/"))

    def _stand_in(self, text: str) -> str:
        """Replace a name label by label, so that `esx01` is still the first label of `esx01.example.com`."""
        labels = [text] if _is_address(text) else text.split(".")
        return ".".join(self._label(label) if label else "" for label in labels)

    def _label(self, text: str) -> str:
        # DNS compares names without regard to case, and vSphere has no two names that differ in case alone.
        return self._stand_ins.setdefault(text.casefold(), _stand_in_like(text, len(self._stand_ins) + 1))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _stand_in_like(text: str, number: int) -> str:
    """Return a stand-in of the same kind, where checks ask for the kind: an address, or a VM of vCLS by its prefix."""
    if not _is_address(text):
        return f"{'vCLS-' if text.startswith('vCLS-') else 'name-'}{number}"
    # Ranges that are set aside for benchmarks and for documentation.
    return str(ip_address("2001:db8::" if ":" in text else "198.18.0.0") + number)
