"""The inventory lists below `/api/vcenter`: filtered, without pages, with hard caps.

Shapes and caps follow the facts: over the cap the whole call fails with UNABLE_TO_ALLOCATE_RESOURCE.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from mocks.encode.inventory import datacenter_of
from mocks.encode.value import wire_name
from mocks.wire import Json, error
from mocks.world import (
    Cluster,
    Datacenter,
    Datastore,
    Entity,
    Folder,
    Host,
    Network,
    PortGroup,
    ResourcePool,
    StoragePod,
    Vm,
    World,
)

Query: TypeAlias = Mapping[str, tuple[str, ...]]
Summary: TypeAlias = Callable[[World, Any], Json]
POWER = {"poweredOn": "POWERED_ON", "poweredOff": "POWERED_OFF", "suspended": "SUSPENDED", "standBy": "STANDBY"}
CONNECTION = {"connected": "CONNECTED", "disconnected": "DISCONNECTED", "notResponding": "NOT_RESPONDING"}
TOOLS = {"Unmanaged": "UNMANAGED", "NotInstalled": "NOT_INSTALLED", "Current": "CURRENT"}
FILTERS = {
    "vms": Vm,
    "hosts": Host,
    "clusters": Cluster,
    "datacenters": Datacenter,
    "folders": Folder,
    "datastores": Datastore,
    "resource_pools": ResourcePool,
    "networks": Network,
}
LISTS: dict[str, tuple[tuple[type[Entity], ...], int]] = {
    "vm": ((Vm,), 4000),
    "host": ((Host,), 2500),
    "datastore": ((Datastore,), 2500),
    "cluster": ((Cluster,), 1000),
    "datacenter": ((Datacenter,), 1000),
    "folder": ((Folder,), 1000),
    "network": ((Network, PortGroup), 1000),
    "resource-pool": ((ResourcePool,), 1000),
}
PLURALS = {"vm": "virtual machines", "network": "networks"}


def listing(world: World, kind: str, query: Query) -> list[Json] | None:
    """Answer a list; None where there is no list of this name."""
    if kind not in LISTS:
        return None
    classes, cap = LISTS[kind]
    entities = (entity for each in classes for entity in world.all(each) if not isinstance(entity, StoragePod))
    found = [entity for entity in entities if _matches(world, entity, query)]
    if len(found) > cap:
        plural = PLURALS.get(kind, f"{kind}s")
        raise error(
            400,
            "UNABLE_TO_ALLOCATE_RESOURCE",
            f"com.vmware.api.vcenter.{kind}.too_many_matches",
            f"Too many {plural}. Add more filter criteria to reduce the number.",
        )
    return [SUMMARIES[kind](world, entity) for entity in found]


def _matches(world: World, entity: Entity, query: Query) -> bool:
    if "names" in query and wire_name(entity.name) not in query["names"] and entity.name not in query["names"]:
        return False
    if "power_states" in query and POWER.get(getattr(entity, "power_state", "")) not in query["power_states"]:
        return False
    return all(_within(world, entity, query[name], kind) for name, kind in FILTERS.items() if name in query)


def _within(world: World, entity: Entity, wanted: tuple[str, ...], kind: type[Entity]) -> bool:
    """Whether an entity is one of the wanted or lies in one."""
    around = {each.moid for each in _around(world, entity) if isinstance(each, kind)}
    return bool(around & set(wanted))


def _around(world: World, entity: Entity) -> Iterator[Entity]:
    yield entity
    if entity.parent:
        yield from _around(world, world.entities[entity.parent])
    if isinstance(entity, Vm) and entity.host:
        yield from _around(world, world.entities[entity.host])


def _vm(_world: World, vm: Vm) -> Json:
    row = {"vm": vm.moid, "name": wire_name(vm.name), "power_state": POWER[vm.power_state]}
    return row | {"cpu_count": vm.cpus, "memory_size_MiB": vm.memory_mb} if vm.has_config else row


def tools_answers(world: World, path: str) -> dict[str, Json]:
    """Answer `vm/{vm}/tools`; nothing for any other path or an unknown VM."""
    vm = world.entities.get(path.removeprefix("vm/").removesuffix("/tools"))
    if not isinstance(vm, Vm):
        return {}
    status = vm.tools_status.removeprefix("guestTools")
    return {
        f"vm/{vm.moid}/tools": {
            "auto_update_supported": False,
            "version_number": 12389,
            "version": "12.4.5",
            "upgrade_policy": "MANUAL",
            "version_status": TOOLS.get(status, "CURRENT"),
            "install_type": "OPEN_VM_TOOLS",
            "run_state": "RUNNING" if vm.tools_running and vm.power_state == "poweredOn" else "NOT_RUNNING",
        }
    }


def _host(_world: World, host: Host) -> Json:
    row = {"host": host.moid, "name": host.name, "connection_state": CONNECTION[host.connection_state]}
    return row | {"power_state": POWER[host.power_state]} if host.answers else row


def _datastore(_world: World, store: Datastore) -> Json:
    return {
        "datastore": store.moid,
        "name": wire_name(store.name),
        "type": store.type,
        "free_space": store.free,
        "capacity": store.capacity,
    }


def _cluster(_world: World, cluster: Cluster) -> Json:
    return {"cluster": cluster.moid, "name": cluster.name, "ha_enabled": cluster.ha, "drs_enabled": cluster.drs}


def _folder(world: World, folder: Folder) -> Json:
    kinds = {"VirtualMachine": "VIRTUAL_MACHINE", "ComputeResource": "HOST", "Datastore": "DATASTORE"}
    named = [kinds[each] for each in folder.child_types if each in kinds]
    fallback = "NETWORK" if datacenter_of(world, folder) else "DATACENTER"
    return {"folder": folder.moid, "name": wire_name(folder.name), "type": named[0] if named else fallback}


def _network(_world: World, network: Entity) -> Json:
    kind = "DISTRIBUTED_PORTGROUP" if isinstance(network, PortGroup) else "STANDARD_PORTGROUP"
    return {"network": network.moid, "name": wire_name(network.name), "type": kind}


SUMMARIES: dict[str, Summary] = {
    "vm": _vm,
    "host": _host,
    "datastore": _datastore,
    "cluster": _cluster,
    "datacenter": lambda _world, center: {"datacenter": center.moid, "name": wire_name(center.name)},
    "folder": _folder,
    "network": _network,
    "resource-pool": lambda _world, pool: {"resource_pool": pool.moid, "name": wire_name(pool.name)},
}
