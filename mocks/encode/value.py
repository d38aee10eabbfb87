"""Building blocks of VI JSON values."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from mocks.guards import Triggered
from mocks.schema import properties
from mocks.world import Entity, World

Tree: TypeAlias = dict[str, Any]
Encoder: TypeAlias = Callable[[World, Any], Any]
Encoders: TypeAlias = Mapping[str, Encoder]

ESCAPES = str.maketrans({"%": "%25", "/": "%2f", "\\": "%5c"})
# vCenter writes 0 to 9 fractional digits; which of these a time gets follows from its own second.
FRACTIONS = ("", ".%03d", ".%06d", ".%06d457")


def data(type_name: str, **fields: object) -> Tree:
    """Build a data object; fields that are None are unset and stay away."""
    return {"_typeName": type_name} | {name: value for name, value in fields.items() if value is not None}


def reference(kind: str, moid: str) -> Tree:
    """Build a managed object reference."""
    return {"_typeName": "ManagedObjectReference", "type": kind, "value": moid}


def refer(world: World, moid: str) -> Tree:
    """Build the reference of an entity of the world."""
    return reference(world.entities[moid].kind, moid)


def boxed(type_name: str, value: object) -> Tree:
    """Box a value for a field declared `Any`."""
    return {"_typeName": type_name, "_value": value}


def timestamp(moment: datetime) -> str:
    """Write an instant as RFC3339 UTC with 0, 3, 6 or 9 fractional digits."""
    moment = moment.astimezone(UTC)
    fraction = FRACTIONS[moment.second % 4]
    count = moment.microsecond // 1000 if fraction == ".%03d" else moment.microsecond
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction % count if fraction else ''}Z"


def wire_name(name: str) -> str:
    r"""Escape an entity's name as vCenter does: `%`, `/` and `\` as `%25`, `%2f` and `%5c`."""
    return name.translate(ESCAPES)


def flags(type_name: str) -> Tree:
    """Build a data object whose required boolean fields are all true, as capabilities are."""
    names = (name for name, declared in properties(type_name).items() if not declared.optional)
    return data(type_name, **dict.fromkeys(names, True))


def always(value: object) -> Encoder:
    """Make an encoder of a value that is the same for every entity."""
    return lambda _world, _entity: value


def parent(world: World, entity: Entity) -> Tree | None:
    """Encode the property `parent`."""
    return refer(world, entity.parent) if entity.parent else None


def triggered(world: World, entity: Entity) -> list[Tree]:
    """Encode the alarms that stand on an entity and on all that lies below it."""
    return [_alarm_state(world, each) for each in world.triggered if entity.moid in _upwards(world, each.entity)]


def _upwards(world: World, moid: str | None) -> Iterator[str]:
    while moid in world.entities:
        yield moid
        moid = world.entities[moid].parent


def _alarm_state(world: World, one: Triggered) -> Tree:
    return data(
        "AlarmState",
        key=f"{one.alarm}.{one.entity}",
        entity=refer(world, one.entity),
        alarm=reference("Alarm", one.alarm),
        overallStatus=one.status,
        time=timestamp(one.since),
        acknowledged=one.acknowledged,
        acknowledgedByUser="VSPHERE.LOCAL\\Operator" if one.acknowledged else None,
        acknowledgedTime=timestamp(one.since + timedelta(hours=1)) if one.acknowledged else None,
        eventKey=4711,
        disabled=one.disabled,
    )


ENTITY: Encoders = {
    "name": lambda _world, entity: wire_name(entity.name),
    "parent": parent,
    "overallStatus": always("green"),
    "configStatus": always("green"),
    "alarmActionsEnabled": lambda _world, entity: entity.alarm_actions,
    "triggeredAlarmState": triggered,
    **dict.fromkeys(
        (
            "availableField",
            "configIssue",
            "customValue",
            "declaredAlarmState",
            "disabledMethod",
            "permission",
            "recentTask",
            "tag",
            "value",
        ),
        always(()),
    ),
    "effectiveRole": always((-2,)),
}
"""Properties that every managed entity has."""
