"""VMware's own type tables as an oracle: which vim25 paths exist, and whether a VI JSON value is of its declared type.

Everything here comes from pyvmomi's type information. `resolve_path` answers what a property path is declared as in a
release; `problems` compares a decoded VI JSON value with a declared type.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

Kind: TypeAlias = Any
"""A type of pyvmomi's; it ships no annotations."""
Value: TypeAlias = Any
"""Any decoded JSON value."""

VMOMI: Any = import_module("pyVmomi.VmomiSupport")
NAMESPACES = ("urn:vim25", "urn:vim2")
SIMPLE: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "byte": (int,),
    "short": (int,),
    "int": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "dateTime": (str,),
    "anyURI": (str,),
    "base64Binary": (str, list),
    "PropertyPath": (str,),
    "MethodName": (str,),
    "TypeName": (str,),
}
RANGES = {"byte": 7, "short": 15, "int": 31, "long": 63}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
# Declared as object types, yet key strings on the wire.
LINK = "Link"


class UnknownPathError(LookupError):
    """A path that does not exist on the declared type, or not yet in the release."""


@cache
def named(name: str) -> Kind:
    """Find a type by its name on the wire."""
    for namespace in NAMESPACES:
        try:
            return VMOMI.GetWsdlType(namespace, name)
        except KeyError:
            continue
    raise UnknownPathError(f"no such type: {name}")


def wire_name(kind: Kind) -> str:
    return str(VMOMI.GetWsdlName(kind)).removeprefix("xsd:")


def is_array(kind: Kind) -> bool:
    return issubclass(kind, list)


def is_reference(kind: Kind) -> bool:
    return issubclass(kind, VMOMI.ManagedObject)


def is_data(kind: Kind) -> bool:
    return issubclass(kind, VMOMI.DataObject)


def resolve_path(managed_type: str, path: str, release: str) -> Kind:
    """Give the declared (pyvmomi) type at the end of a dotted path, as `release` knows it, or raise an error."""
    kind = named(managed_type)
    for number, step in enumerate(path.split(".")):
        if number and not is_data(kind):
            raise UnknownPathError(f"{managed_type}.{path}: {step} lies in {wire_name(kind)}, which has no properties")
        info = {prop.name: prop for prop in kind._GetPropertyList()}.get(step)
        if info is None:
            raise UnknownPathError(f"{managed_type}.{path}: {wire_name(kind)} declares no {step}")
        if _since(info.version) > _key(release):
            raise UnknownPathError(f"{managed_type}.{path}: {step} is newer than {release}")
        kind = info.type
    return kind


def _key(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))


def _since(version: str) -> tuple[int, ...]:
    release = VMOMI.versionIdMap.get(version, "")
    if version == "vim.version.v9_1_0_1":
        return (9, 1, 1, 0)
    return _key(release) if re.fullmatch(r"\d+(\.\d+){3}", release) else ()


def boxed_problems(value: Value, kind: Kind, where: str) -> Iterator[str]:
    """Compare a `val`, boxed as a field of type Any is, with the declared type of its property."""
    if not isinstance(value, dict) or "_typeName" not in value:
        yield f"{where}: {value!r} is not boxed"
        return
    name = value["_typeName"]
    if is_array(kind):
        element = wire_name(kind.Item)
        element = "ManagedObjectReference" if is_reference(kind.Item) else element
        if name != f"ArrayOf{element[0].upper()}{element[1:]}":
            yield f"{where}: {name} boxes an array of {element}"
        yield from problems(value.get("_value"), kind, where)
    elif is_data(kind) or is_reference(kind):
        yield from problems(value, kind, where)
    elif kind is object:
        yield from any_problems(value, where)
    else:
        if name != wire_name(kind):
            yield f"{where}: {name} boxes a {wire_name(kind)}"
        yield from problems(value.get("_value"), kind, where)


def any_problems(value: Value, where: str) -> Iterator[str]:
    """Check a field of type Any: it says itself what it is."""
    if not isinstance(value, dict) or "_typeName" not in value:
        yield f"{where}: {value!r} is not boxed"
    elif "_value" in value:
        yield from problems(value["_value"], _simple(value["_typeName"]), where)
    else:
        yield from problems(value, named(value["_typeName"]), where)


def _simple(name: str) -> Kind:
    found = {"string": str, "boolean": bool, "int": int, "long": VMOMI.long, "dateTime": datetime, "float": float}
    return found[name] if name in found else named(name)


def problems(value: Value, kind: Kind, where: str) -> Iterator[str]:
    """Compare a plain (unboxed) value with its declared type."""
    if is_array(kind):
        if not isinstance(value, list):
            yield f"{where}: {value!r} is no list"
            return
        for number, item in enumerate(value):
            yield from problems(item, kind.Item, f"{where}[{number}]")
    elif is_reference(kind):
        yield from _reference_problems(value, kind, where)
    elif wire_name(kind) == LINK:
        if not isinstance(value, str):
            yield f"{where}: a link is a key"
    elif is_data(kind):
        yield from _data_problems(value, kind, where)
    elif kind is object:
        yield from any_problems(value, where)
    else:
        yield from _simple_problems(value, kind, where)


def _reference_problems(value: Value, kind: Kind, where: str) -> Iterator[str]:
    if not isinstance(value, dict) or value.keys() != {"_typeName", "type", "value"}:
        yield f"{where}: {value!r} is no reference"
    elif value["_typeName"] != "ManagedObjectReference" or not issubclass(named(value["type"]), kind):
        yield f"{where}: {value['type']} is no {wire_name(kind)}"


def _data_problems(value: Value, kind: Kind, where: str) -> Iterator[str]:
    if not isinstance(value, dict) or "_typeName" not in value:
        yield f"{where}: {value!r} is no data object"
        return
    actual = named(value["_typeName"])
    if not issubclass(actual, kind):
        yield f"{where}: {value['_typeName']} is no {wire_name(kind)}"
        return
    declared = {prop.name: prop for prop in actual._GetPropertyList()}
    yield from (
        f"{where}: {value['_typeName']} has no {name}" for name in value.keys() - {"_typeName"} - declared.keys()
    )
    for name, prop in declared.items():
        if name in value:
            yield from problems(value[name], prop.type, f"{where}.{name}")
        elif not prop.flags & VMOMI.F_OPTIONAL and not name.startswith("dynamic"):
            yield f"{where}: {value['_typeName']} lacks {name}"


def _simple_problems(value: Value, kind: Kind, where: str) -> Iterator[str]:
    name = wire_name(kind)
    if name not in SIMPLE:
        if value not in kind.values:
            yield f"{where}: {value!r} is no {name}"
    elif not isinstance(value, SIMPLE[name]) or (isinstance(value, bool) and name != "boolean"):
        yield f"{where}: {value!r} is no {name}"
    elif name == "dateTime" and not TIME.fullmatch(str(value)):
        yield f"{where}: {value!r} is no time"
    elif name in RANGES and not -(2 ** RANGES[name]) <= value < 2 ** RANGES[name]:
        yield f"{where}: {value!r} is out of a {name}'s range"
