"""Writes `vim_types.json`, the table of declared vim25 types that the mock vCenter validates property paths against.

A developer's script: `python -m mocks.make_types`. It reads the type information that pyvmomi carries, which the
server itself never imports. A property is written as `Type`, `Type[]` for an array, then `?` when it is optional and
`@release` when it appeared after 7.0.0.0. Every managed reference is a `ManagedObjectReference`, as on the wire.
"""

# ruff: noqa: SLF001 (pyvmomi's type information has no public door)
import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

Kind: TypeAlias = Any
"""A type or a property of pyvmomi's; it ships no annotations."""

VMOMI: Any = import_module("pyVmomi.VmomiSupport")
TABLE = Path(__file__).with_name("vim_types.json")
SERVED = (
    "Alarm",
    "AlarmManager",
    "ClusterComputeResource",
    "ComputeResource",
    "ContainerView",
    "Datacenter",
    "Datastore",
    "DistributedVirtualPortgroup",
    "DistributedVirtualSwitch",
    "Folder",
    "HostCertificateManager",
    "HostDateTimeSystem",
    "HostSystem",
    "LicenseAssignmentManager",
    "LicenseManager",
    "ManagedEntity",
    "Network",
    "OptionManager",
    "PropertyCollector",
    "ResourcePool",
    "ServiceInstance",
    "SessionManager",
    "StoragePod",
    "ViewManager",
    "VirtualMachine",
    "VmwareDistributedVirtualSwitch",
)
RELEASE = re.compile(r"\d+\.\d+\.\d+\.\d+")
OLDEST = (7, 0, 0, 0)
# An internal build between two releases: its content ships with the next one.
UNNUMBERED = {"vim.version.v9_1_0_1": "9.1.1.0"}


def wire_name(kind: Kind) -> str:
    """Give the name of a type on the wire: `string`, `VirtualMachinePowerState`, `ManagedObjectReference`."""
    if issubclass(kind, VMOMI.ManagedObject):
        return "ManagedObjectReference"
    return str(VMOMI.GetWsdlName(kind)).removeprefix("xsd:")


def since(version: str) -> str:
    """Give `@8.0.2.0`, or nothing for what every release with VI JSON has."""
    release = UNNUMBERED.get(version) or VMOMI.versionIdMap.get(version, "")
    newer = RELEASE.fullmatch(release) and tuple(map(int, release.split("."))) > OLDEST
    return f"@{release}" if newer else ""


def declared(prop: Kind) -> tuple[Any, str]:
    """Give the element type of a property and its entry in the table."""
    array = issubclass(prop.type, list)
    element = prop.type.Item if array else prop.type
    optional = "?" if prop.flags & VMOMI.F_OPTIONAL else ""
    return element, f"{wire_name(element)}{'[]' if array else ''}{optional}{since(prop.version)}"


def entry(kind: Kind) -> tuple[list[Kind], dict[str, Any]]:
    """Give the types that one type mentions, and its row in the table."""
    base = kind.__bases__[0]
    inherited = {prop.name for prop in base._GetPropertyList()} if hasattr(base, "_GetPropertyList") else set()
    own = [prop for prop in kind._GetPropertyList() if prop.name not in inherited and prop.name[:7] != "dynamic"]
    elements = {prop.name: declared(prop) for prop in own}
    row = {"base": base.__name__.rpartition(".")[2] if base is object else VMOMI.GetWsdlName(base)}
    return [base, *(element for element, _ in elements.values())], row | {
        "properties": {name: text for name, (_, text) in elements.items()}
    }


def has_properties(kind: Kind) -> bool:
    """Whether a type can be walked into: a data object, or one of the managed types that are served."""
    return issubclass(kind, VMOMI.DataObject) and kind is not VMOMI.DataObject


def table() -> dict[str, Any]:
    """Every type that a property of a served managed type can lead to, by wire name."""
    waiting = [VMOMI.GetWsdlType(VMOMI.XMLNS_VMODL_BASE, name) for name in SERVED]
    rows: dict[str, Any] = {}
    while waiting:
        kind = waiting.pop()
        name = VMOMI.GetWsdlName(kind)
        if name in rows:
            continue
        mentioned, rows[name] = entry(kind)
        waiting += [other for other in mentioned if has_properties(other)]
        waiting += [base for base in kind.__mro__[1:2] if managed(base)]
    return dict(sorted(rows.items()))


def managed(kind: Kind) -> bool:
    """Whether a type is a managed type below the common root."""
    return issubclass(kind, VMOMI.ManagedObject) and kind is not VMOMI.ManagedObject


if __name__ == "__main__":
    TABLE.write_text(json.dumps(table(), indent=0, separators=(",", ":")) + "\n")
