"""Facets of storage: LUNs and volumes of hosts, mounts of datastores."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from sys import intern
from typing import Any

from vhealthd.inventory import Need
from vhealthd.model import HostMount, Lun, StoragePath, Volume
from vhealthd.vcenter.records.facet import Facet, Props
from vhealthd.vcenter.wire import dig, display_name, each, reference

DISKS = "config.storageDevice.scsiLun"
PATHS = "config.storageDevice.multipathInfo.lun"
ADAPTERS = "config.storageDevice.hostBusAdapter"
VOLUMES = "config.fileSystemVolume.mountInfo"
Adapters = Mapping[str, Mapping[str, Any]]

# Transports and adapters by which a device of a storage array is reached, by the beginning of their types' names.
_FABRICS = ("HostFibreChannel", "HostInternetScsi", "HostTcp", "HostRdma")


def _host_luns(props: Props) -> tuple[Lun, ...] | None:
    if props.get(DISKS) is None:
        return None
    adapters = {_link(one): one for one in each(props, ADAPTERS)}
    ways = {_link(one.get("lun")): list(each(one, "path")) for one in each(props, PATHS)}
    return tuple(_lun(one, ways.get(_link(one), []), adapters) for one in each(props, DISKS) if _is_disk(one))


def _is_disk(device: Mapping[str, Any]) -> bool:
    return device.get("lunType") == "disk" and bool(device.get("canonicalName"))


def _lun(disk: Mapping[str, Any], ways: list[dict[str, Any]], adapters: Adapters) -> Lun:
    return Lun(
        canonical_name=intern(str(disk["canonicalName"])),
        local=_is_local(disk, ways, adapters),
        states=tuple(intern(str(state)) for state in disk.get("operationalState") or ()),
        vaai=disk.get("vStorageSupport"),
        paths=tuple(_path(way, adapters) for way in ways),
    )


def _is_local(disk: Mapping[str, Any], ways: list[dict[str, Any]], adapters: Adapters) -> bool:
    """Whether a disk is the host's own: vCenter says so, or it has one path only, and that by no fabric.

    Some controllers show their disks as not local; a disk of an array that has lost its other paths must not pass for
    one of them.
    """
    if disk.get("localDisk"):
        return True
    kinds = [kind for way in ways for kind in _kinds(way, adapters)]
    if any(kind.startswith(_FABRICS) for kind in kinds):
        return False
    return len(ways) == 1 and (bool(kinds) or disk.get("localDisk") is None)


def _kinds(way: Mapping[str, Any], adapters: Adapters) -> Iterator[str]:
    """Yield the types of a path's transport and adapter, as far as vCenter gives them."""
    for one in (way.get("transport"), adapters.get(_link(way.get("adapter")))):
        if isinstance(one, dict) and one.get("_typeName"):
            yield str(one["_typeName"])


def _path(way: Mapping[str, Any], adapters: Adapters) -> StoragePath:
    key = _link(way.get("adapter"))
    adapter = dig(adapters.get(key), "device") or key.rpartition("-")[2]
    state = str(way.get("pathState") or way.get("state") or "unknown")
    path = _shared_path(str(adapter), state)
    return path if path.working else replace(path, name=way.get("name"))


@lru_cache(maxsize=1024)
def _shared_path(adapter: str, state: str) -> StoragePath:
    """Make a path without a name, or give the one that is like it: most paths of an estate are alike."""
    return StoragePath(adapter, state)


def _link(value: Any) -> str:  # noqa: ANN401 - decoded JSON
    """Return the key that a link is: a string in practice, an object by the specification."""
    return str((value.get("key") if isinstance(value, dict) else value) or "")


def _host_volumes(props: Props) -> tuple[Volume, ...] | None:
    if props.get(VOLUMES) is None:
        return None
    return tuple(
        Volume(
            name=display_name(str(dig(one, "volume", "name") or "")),
            type=intern(str(dig(one, "volume", "type") or "unknown")),
            major_version=dig(one, "volume", "majorVersion"),
        )
        for one in each(props, VOLUMES)
    )


def _datastore_mounts(props: Props) -> tuple[HostMount, ...] | None:
    if props.get("host") is None:
        return None
    return tuple(
        HostMount(
            host=host,
            mounted=dig(one, "mountInfo", "mounted"),
            accessible=dig(one, "mountInfo", "accessible"),
            inaccessible_reason=dig(one, "mountInfo", "inaccessibleReason"),
        )
        for one in each(props, "host")
        if (host := reference(one.get("key")))
    )


STORAGE_FACETS = (
    Facet(
        Need.HOST_LUNS,
        "HostSystem",
        (DISKS, PATHS, ADAPTERS),
        _host_luns,
        "host storage",
    ),
    Facet(Need.HOST_VOLUMES, "HostSystem", (VOLUMES,), _host_volumes, "host storage"),
    Facet(Need.DATASTORE_MOUNTS, "Datastore", ("host",), _datastore_mounts, "datastore mounts"),
)
