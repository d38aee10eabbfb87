"""storage-paths: whether hosts reach their LUNs by enough paths, and their datastores at all."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from vhealthd.checkapi import Count, Field, Inventory, Limits, Need, check
from vhealthd.model import (
    Category,
    Datastore,
    Entity,
    Examined,
    Finding,
    Host,
    HostMount,
    Lun,
    Message,
    MoRef,
    NotExamined,
    Param,
    Severity,
    Text,
    Unseen,
    Verdict,
)

LOST = Message("storage-paths.lost", "The LUN {lun} cannot be reached: none of its {paths} paths works")
DEVICE = Message("storage-paths.device", "The host reports the LUN {lun} as {states}; {working} of {paths} paths work")
DEAD = Message(
    "storage-paths.dead",
    "{dead} of {paths} paths to the LUN {lun} are dead ({which}); {working} work, the least is {minimum_paths}",
)
FEW = Message("storage-paths.few", "{working} of {paths} paths to the LUN {lun} work; the least is {minimum_paths}")
UNEVEN = Message("storage-paths.uneven", "The LUN {lun} has {most} paths, but fewer on {which} (the least: {fewest})")
INACCESSIBLE = Message(
    "storage-paths.inaccessible", "The datastore is not accessible from {lost} of {hosts} connected hosts ({which})"
)
REASON = Message("storage-paths.reason", "{host}: {reason}")
NO_REASON = Message("storage-paths.no-reason", "no reason given")
AND_OTHERS = Message("storage-paths.and-others", "{some} ...")
NOT_CONNECTED = Message("storage-paths.not-connected", "the host is not connected ({connection_state})")
UNCLEAR = Message("storage-paths.unclear", "vCenter does not say of enough paths whether they work")
NO_HOST = Message("storage-paths.no-host", "no connected host mounts it")
SHOWN = 4

Counted = defaultdict[tuple[Entity, str], dict[str, int]]  # cluster and LUN: number of paths by the host's name


class StoragePathsLimits(Limits):
    """How many paths a LUN needs."""

    minimum_paths: Count = Field(2, description="Fewer paths to a LUN of an array work, standby ones included")


@check(
    title="Storage paths",
    category=Category.STORAGE,
    needs={Need.HOSTS, Need.HOST_LUNS, Need.DATASTORES, Need.DATASTORE_MOUNTS},
    limits=StoragePathsLimits,
    what="Whether a path from a host to a LUN of an array is dead, how many paths work (active or standby), whether "
    "the hosts of a cluster have the same number of them, and whether each datastore is accessible from every "
    "connected host that mounts it.",
    why="With one path left, the next fault of a cable, a switch or a controller takes the datastore away from the "
    "host, and its virtual machines hang.",
    fix="Look at the adapter, the port of the switch and the controller of the array on the path that is named. Repair "
    "them, then rescan the storage of the host. For an inaccessible datastore see whether the array still presents it.",
    blind_spots="Disks of a host itself and devices that have a single path by nature are left out, as are LUNs that "
    "were detached on purpose. Whether two paths share a switch or a controller is not seen. The paths of NFS and vSAN "
    "are not judged, only whether the datastore is accessible.",
)
def storage_paths(inventory: Inventory, limits: StoragePathsLimits) -> Iterator[Verdict]:
    """Judge each LUN on each host, then the hosts of a cluster with each other, then each datastore."""
    counted: Counted = defaultdict(dict)
    for host in inventory.hosts:
        luns = inventory.host_luns[host.ref]
        if not host.connected:
            yield NotExamined(host, Unseen(NOT_CONNECTED(connection_state=host.connection_state)))
        elif isinstance(luns, Unseen):
            yield NotExamined(host, luns)
        else:
            yield Examined(host)
            minimum = limits.for_object(host).minimum_paths
            for lun in luns:
                if not lun.local and not lun.detached:
                    yield from _judge(host, lun, minimum)
                    if host.cluster and lun.paths and not host.in_maintenance_mode:
                        counted[host.cluster, lun.canonical_name][host.name] = len(lun.paths)
    yield from _compare(counted)
    connected = {host.ref: host for host in inventory.hosts if host.connected}
    for datastore in inventory.datastores:
        yield from _mounted(datastore, inventory.datastore_mounts[datastore.ref], connected)


def _judge(host: Host, lun: Lun, minimum: int) -> Iterator[Verdict]:
    states = Counter("working" if path.working else path.state for path in lun.paths)
    sure = states["working"] + states["dead"] + states["disabled"] == len(lun.paths)
    if said := _grade(lun, states, minimum, sure=sure):
        yield Finding(said[0], host, said[1], lun.canonical_name)
    elif states["working"] < minimum:
        yield NotExamined(host, Unseen(UNCLEAR()), rule=lun.canonical_name)


def _grade(lun: Lun, states: Mapping[str, int], minimum: int, *, sure: bool) -> tuple[Severity, Text] | None:
    working, dead = states["working"], states["dead"]
    which = _listed([path.name or path.adapter for path in lun.paths if path.state == "dead"])
    said: dict[str, Param] = {"lun": lun.canonical_name, "paths": len(lun.paths), "working": working}
    device = ", ".join(state for state in lun.states if state != "ok")
    if lun.paths and not working and sure:
        return Severity.CRITICAL, LOST(**said)
    if "lostCommunication" in lun.states:
        return Severity.CRITICAL, DEVICE(**said, states=device)
    if dead:
        return Severity.WARNING, DEAD(**said, minimum_paths=minimum, dead=dead, which=which)
    if lun.paths and working < minimum and sure:
        return Severity.WARNING, FEW(**said, minimum_paths=minimum)
    if {"error", "degraded", "timeout"} & set(lun.states):
        return Severity.WARNING, DEVICE(**said, states=device)
    return None


def _listed(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (" ..." if len(names) > SHOWN else "")


def _compare(counted: Counted) -> Iterator[Verdict]:
    """Compare the hosts of each cluster; what is dead was counted too, as it is a path still."""
    shared = {place: counts for place, counts in counted.items() if len(counts) > 1}
    for cluster in {cluster.ref: cluster for cluster, _ in shared}.values():
        yield Examined(cluster)
    for (cluster, lun), counts in shared.items():
        fewest, most = min(counts.values()), max(counts.values())
        if fewest != most:
            lacking = [name for name, count in sorted(counts.items()) if count < most]
            text = UNEVEN(lun=lun, fewest=fewest, most=most, which=_listed(lacking))
            yield Finding(Severity.INFO, cluster, text, lun)


def _mounted(
    datastore: Datastore, mounts: tuple[HostMount, ...] | Unseen, hosts: Mapping[MoRef, Host]
) -> Iterator[Verdict]:
    """Judge a datastore by the connected hosts that mount it; what others say is old."""
    if isinstance(mounts, Unseen):
        yield NotExamined(datastore, mounts)
        return
    by = [(hosts[one.host], one) for one in mounts if one.host in hosts and one.mounted is not False]
    if not by:
        yield NotExamined(datastore, Unseen(NO_HOST(), derived=True))
        return
    yield Examined(datastore)
    if lost := [(host, one) for host, one in by if one.accessible is False or not datastore.accessible]:
        which = _reasons(lost)
        resting = datastore.maintenance_mode == "inMaintenance" or all(host.in_maintenance_mode for host, _ in lost)
        text = INACCESSIBLE(lost=len(lost), hosts=len(by), which=which)
        yield Finding(Severity.INFO if resting else Severity.CRITICAL, datastore, text)


def _reasons(lost: list[tuple[Host, HostMount]]) -> Text | tuple[Text, ...]:
    some = tuple(
        REASON(host=host.name, reason=mount.inaccessible_reason or NO_REASON()) for host, mount in lost[:SHOWN]
    )
    return AND_OTHERS(some=some) if len(lost) > SHOWN else some
