"""Facets of virtual machines."""

from collections.abc import Iterator
from typing import Any

from vhealthd.inventory import Need
from vhealthd.model import Disk, RemovableDrive, Snapshot, VmMemory, VmTools
from vhealthd.vcenter.records.facet import MB, Facet, Props
from vhealthd.vcenter.wire import ObjectContent, dig, display_name, each, moment, reference

SNAPSHOT_SIZE_PATHS = ("layoutEx",)

# A VM in one of these states hides its configuration: what is absent then is not seen, rather than not there.
_HIDDEN_STATES = frozenset({"inaccessible", "orphaned", "invalid"})


def _vm_memory(props: Props) -> VmMemory | None:
    ballooned = props.get("summary.quickStats.balloonedMemory")
    swapped = props.get("summary.quickStats.swappedMemory")
    if ballooned is None and swapped is None:
        return None
    return VmMemory(ballooned=(ballooned or 0) * MB, swapped=(swapped or 0) * MB)


def _vm_snapshots(props: Props) -> tuple[Snapshot, ...] | None:
    info = props.get("snapshot")
    if info is None and props.get("runtime.connectionState") in _HIDDEN_STATES:
        return None
    return _snapshots(info, "rootSnapshotList")


def _snapshots(data: Any, branch: str) -> tuple[Snapshot, ...]:  # noqa: ANN401 - decoded JSON
    return tuple(
        Snapshot(
            name=display_name(str(one.get("name", ""))),
            created=created,
            quiesced=bool(one.get("quiesced")),
            children=_snapshots(one, "childSnapshotList"),
        )
        for one in each(data, branch)
        if (created := moment(one.get("createTime")))
    )


def _vm_disks(props: Props) -> tuple[Disk, ...] | None:
    devices = props.get("config.hardware.device")
    if devices is None:
        return None
    return tuple(
        Disk(key=one["key"], label=str(dig(one, "deviceInfo", "label") or ""), files=tuple(_chain(one.get("backing"))))
        for one in devices
        if one.get("_typeName") == "VirtualDisk"
    )


def _chain(backing: Any) -> Iterator[str]:  # noqa: ANN401 - decoded JSON
    """Yield the files of a disk from the one that is written to down to its base."""
    while isinstance(backing, dict) and backing.get("fileName"):
        yield display_name(backing["fileName"])
        backing = backing.get("parent")


_DRIVES = {"VirtualCdrom": "cdrom", "VirtualFloppy": "floppy"}
_BACKINGS = {
    "VirtualCdromIsoBackingInfo": "image",
    "VirtualFloppyImageBackingInfo": "image",
    "VirtualCdromAtapiBackingInfo": "host",
    "VirtualCdromPassthroughBackingInfo": "host",
    "VirtualFloppyDeviceBackingInfo": "host",
    "VirtualCdromRemoteAtapiBackingInfo": "client",
    "VirtualCdromRemotePassthroughBackingInfo": "client",
    "VirtualFloppyRemoteDeviceBackingInfo": "client",
}


def _vm_drives(props: Props) -> tuple[RemovableDrive, ...] | None:
    devices = props.get("config.hardware.device")
    if devices is None:
        return None
    return tuple(_drive(one) for one in devices if one.get("_typeName") in _DRIVES)


def _drive(device: dict[str, Any]) -> RemovableDrive:
    backing = device.get("backing") or {}
    image = display_name(backing.get("fileName") or "") or None
    kind = _BACKINGS.get(backing.get("_typeName", ""), "none")
    return RemovableDrive(
        key=device["key"],
        label=str(dig(device, "deviceInfo", "label") or ""),
        kind=_DRIVES[device["_typeName"]],
        connected=bool(dig(device, "connectable", "connected")),
        start_connected=bool(dig(device, "connectable", "startConnected")),
        backing="none" if kind == "image" and image is None else kind,
        image=image,
        datastore=reference(backing.get("datastore")),
    )


def _vm_tools(props: Props) -> VmTools | None:
    running, version = props.get("guest.toolsRunningStatus"), props.get("guest.toolsVersionStatus2")
    if running is None and version is None:
        return None
    return VmTools(running_status=running, version_status=version, boot_time=moment(props.get("runtime.bootTime")))


def _vm_consolidation(props: Props) -> bool | None:
    needed = props.get("runtime.consolidationNeeded")
    return None if needed is None else bool(needed)


VM_FACETS = (
    Facet(
        Need.VM_MEMORY,
        "VirtualMachine",
        ("summary.quickStats.balloonedMemory", "summary.quickStats.swappedMemory"),
        _vm_memory,
    ),
    Facet(Need.VM_SNAPSHOTS, "VirtualMachine", ("snapshot",), _vm_snapshots),
    Facet(Need.VM_DISKS, "VirtualMachine", ("config.hardware.device",), _vm_disks),
    Facet(Need.VM_DRIVES, "VirtualMachine", ("config.hardware.device",), _vm_drives),
    Facet(
        Need.VM_TOOLS,
        "VirtualMachine",
        ("guest.toolsRunningStatus", "guest.toolsVersionStatus2", "runtime.bootTime"),
        _vm_tools,
    ),
    Facet(Need.VM_CONSOLIDATION, "VirtualMachine", ("runtime.consolidationNeeded",), _vm_consolidation),
)


def snapshot_size(content: ObjectContent) -> int | None:
    """Add up the files that exist only because of snapshots: state, memory and the deltas of each disk, in bytes."""
    layout = content.props.get("layoutEx")
    if layout is None:
        return None
    keys = {key for one in each(layout, "snapshot") for key in (one.get("dataKey"), one.get("memoryKey"))}
    for disk in each(layout, "disk"):
        for link in list(each(disk, "chain"))[1:]:
            keys.update(link.get("fileKey") or ())
    return sum(file.get("size") or 0 for file in each(layout, "file") if file.get("key") in keys)
