"""Datastores and datastore clusters as VI JSON."""

from mocks.encode.host_devices import mount, volume
from mocks.encode.inventory import children
from mocks.encode.value import ENTITY, Encoders, Tree, always, data, flags, refer, reference, timestamp, wire_name
from mocks.world import TIB, Datastore, Host, StoragePod, Vm, World

CAPABILITY = flags("DatastoreCapability")


def _url(store: Datastore) -> str:
    return f"ds:///vmfs/volumes/{store.moid}/"


def _summary(world: World, store: Datastore) -> Tree:
    return data(
        "DatastoreSummary",
        datastore=refer(world, store.moid),
        name=wire_name(store.name),
        url=_url(store),
        capacity=store.capacity,
        freeSpace=store.free,
        uncommitted=store.uncommitted,
        accessible=store.accessible,
        multipleHostAccess=store.shared,
        type=store.type,
        maintenanceMode=store.maintenance,
    )


def _info(world: World, store: Datastore) -> Tree:
    common = {
        "name": wire_name(store.name),
        "url": _url(store),
        "freeSpace": store.free,
        "maxFileSize": 64 * TIB,
        "maxMemoryFileSize": 64 * TIB,
        "timestamp": timestamp(world.now),
    }
    if store.remote:
        return data("NasDatastoreInfo", **common, nas=volume(store))
    limits = {"maxPhysicalRDMFileSize": 64 * TIB, "maxVirtualRDMFileSize": 62 * TIB}
    return data("VmfsDatastoreInfo", **common, **limits, vmfs=volume(store))


def _hosts(world: World, store: Datastore) -> list[Tree]:
    hosts = (host for moid in store.hosts if isinstance(host := world.entities[moid], Host))
    return [data("DatastoreHostMount", key=refer(world, host.moid), mountInfo=mount(store, host)) for host in hosts]


IORM = data(
    "StorageIORMInfo",
    enabled=False,
    congestionThresholdMode="automatic",
    congestionThreshold=30,
    statsCollectionEnabled=False,
    reservationEnabled=False,
)

DATASTORE: Encoders = {
    **ENTITY,
    "browser": lambda _world, store: reference("HostDatastoreBrowser", f"datastoreBrowser-{store.moid}"),
    "capability": always(CAPABILITY),
    "host": _hosts,
    "info": _info,
    "iormConfiguration": always(IORM),
    "summary": _summary,
    "vm": lambda world, store: [refer(world, vm.moid) for vm in world.all(Vm) if store.moid in vm.datastores],
}


def _pod_summary(world: World, pod: StoragePod) -> Tree:
    members = [store for store in world.all(Datastore) if store.parent == pod.moid]
    return data(
        "StoragePodSummary",
        name=wire_name(pod.name),
        capacity=sum(store.capacity for store in members),
        freeSpace=sum(store.free for store in members),
    )


POD: Encoders = {
    **ENTITY,
    "childEntity": children,
    "childType": lambda _world, pod: pod.child_types,
    "summary": _pod_summary,
    "podStorageDrsEntry": always(
        data(
            "PodStorageDrsEntry",
            storageDrsConfig=data(
                "StorageDrsConfigInfo",
                podConfig=data(
                    "StorageDrsPodConfigInfo", enabled=True, ioLoadBalanceEnabled=False, defaultVmBehavior="manual"
                ),
            ),
        )
    ),
}
