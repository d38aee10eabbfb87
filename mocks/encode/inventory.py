"""Folders and datacenters as VI JSON."""

from mocks.encode.value import ENTITY, Encoders, Tree, data, refer
from mocks.world import Datacenter, Datastore, Entity, Network, PortGroup, World

ROOTS = ("vm_folder", "host_folder", "datastore_folder", "network_folder")


def children(world: World, folder: Entity) -> list[Tree]:
    """Encode `childEntity`."""
    return [refer(world, each.moid) for each in world.children(folder.moid)]


def datacenter_of(world: World, entity: Entity) -> str | None:
    """Find the datacenter that an entity lies in, by reference value."""
    while entity.parent is not None:
        entity = world.entities[entity.parent]
        if isinstance(entity, Datacenter):
            return entity.moid
    return None


def _within(world: World, datacenter: Datacenter, *kinds: type[Entity]) -> list[Tree]:
    found = (each for each in world.entities.values() if isinstance(each, kinds))
    return [refer(world, each.moid) for each in found if datacenter_of(world, each) == datacenter.moid]


FOLDER: Encoders = {
    **ENTITY,
    "childEntity": children,
    "childType": lambda _world, folder: folder.child_types,
}

DATACENTER: Encoders = {
    **ENTITY,
    "configuration": lambda _world, _center: data("DatacenterConfigInfo", defaultHardwareVersionKey="vmx-21"),
    "datastore": lambda world, center: _within(world, center, Datastore),
    "datastoreFolder": lambda world, center: refer(world, center.datastore_folder),
    "hostFolder": lambda world, center: refer(world, center.host_folder),
    "network": lambda world, center: _within(world, center, Network, PortGroup),
    "networkFolder": lambda world, center: refer(world, center.network_folder),
    "vmFolder": lambda world, center: refer(world, center.vm_folder),
}
