"""The served world: finds managed objects, walks containers, and encodes properties once."""

from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

import orjson

from mocks.encode.compute import CLUSTER, COMPUTE, POOL
from mocks.encode.guards import ALARM
from mocks.encode.host import HOST
from mocks.encode.inventory import DATACENTER, FOLDER
from mocks.encode.network import NETWORK, PORT_GROUP, SWITCH
from mocks.encode.service import ALARMS, LICENCES, content
from mocks.encode.storage import DATASTORE, POD
from mocks.encode.value import Encoders, Tree
from mocks.encode.vm import VM
from mocks.guards import Alarm
from mocks.schema import Declared, array_name, is_a, properties, resolve
from mocks.sessions import Reference, moref
from mocks.wire import Json
from mocks.world import Entity, ResourcePool, Vm, World

ENCODERS: dict[str, Encoders] = {
    "Alarm": ALARM,
    "ClusterComputeResource": CLUSTER,
    "ComputeResource": COMPUTE,
    "Datacenter": DATACENTER,
    "Datastore": DATASTORE,
    "DistributedVirtualPortgroup": PORT_GROUP,
    "Folder": FOLDER,
    "HostSystem": HOST,
    "Network": NETWORK,
    "ResourcePool": POOL,
    "StoragePod": POD,
    "VirtualMachine": VM,
    "VmwareDistributedVirtualSwitch": SWITCH,
    "AlarmManager": ALARMS,
    "LicenseManager": LICENCES,
}
SINGLETONS = {
    ("AlarmManager", "AlarmManager"),
    ("LicenseManager", "LicenseManager"),
    ("ServiceInstance", "ServiceInstance"),
}
Paths: TypeAlias = tuple[tuple[str, Declared], ...]
"""Property paths with their declared types."""


class Estate:
    """A world behind one release of vCenter, with every encoded object kept for the next scan."""

    def __init__(self, world: World, release: str) -> None:
        self.world = world
        self.singletons: dict[str, Encoders] = {
            **{kind: ENCODERS[kind] for kind in ("AlarmManager", "LicenseManager")},
            "ServiceInstance": {"content": lambda _world, _object: content(world, release)},
        }
        self._encoded: dict[tuple[str, Paths], bytes] = {}
        self._contained: dict[str, list[Entity]] = {}

    def exists(self, target: Reference) -> bool:
        """Whether a reference names an object of the world or a singleton."""
        entity = self._find(target[1])
        return target in SINGLETONS or (entity is not None and is_a(entity.kind, target[0]))

    def _find(self, moid: str) -> Entity | Alarm | None:
        """Find an entity, or the definition of an alarm, which lies outside of the inventory."""
        return self.world.entities.get(moid) or self.world.alarms.get(moid)

    def remove(self, moid: str) -> None:
        """Delete an object; views no longer show it and reads no longer find it."""
        self.world.remove(moid)
        self.forget()

    def forget(self) -> None:
        """Drop everything encoded, after the world was changed by hand."""
        self._encoded.clear()
        self._contained.clear()

    def contained(self, container: str, kinds: tuple[str, ...], *, recursive: bool) -> list[Reference]:
        """List what a container view shows: descendants of the wanted types, subtypes included, all types for none."""
        entities = self._descendants(container) if recursive else list(self._below(container))
        present = {entity.kind for entity in entities}
        wanted = {kind for kind in present if not kinds or any(is_a(kind, each) for each in kinds)}
        return [(entity.kind, entity.moid) for entity in entities if entity.kind in wanted]

    def _descendants(self, container: str) -> list[Entity]:
        if container not in self._contained:
            found: dict[str, Entity] = {}
            waiting = deque(self._below(container))
            while waiting:
                entity = waiting.popleft()
                if entity.moid not in found:
                    found[entity.moid] = entity
                    waiting += self._below(entity.moid)
            self._contained[container] = list(found.values())
        return self._contained[container]

    def _below(self, moid: str) -> Iterator[Entity]:
        """Walk one step down: children, and the VMs of a resource pool, whose parents are folders."""
        yield from self.world.children(moid)
        if isinstance(self.world.entities.get(moid), ResourcePool):
            yield from (vm for vm in self.world.all(Vm) if vm.pool == moid)

    def property(self, target: Reference, name: str) -> Json:
        """Give a top-level property's plain value; None where it is unset or unknown."""
        entity = self._find(target[1])
        encoders = self.singletons.get(target[0], {}) if entity is None else ENCODERS[entity.kind]
        encoder = encoders.get(name)
        return encoder(self.world, entity) if encoder else None

    def every_path(self, kind: str) -> Paths:
        """List the top-level properties of a type, as `all` asks for them."""
        return tuple((name, declared) for name in properties(kind) if (declared := resolve(kind, name)))

    def encoded(self, target: Reference, paths: Paths) -> bytes:
        """Encode an object with the wanted properties as an ObjectContent, once."""
        key = (target[1], paths)
        if key not in self._encoded:
            self._encoded[key] = orjson.dumps(self._content(target, paths))
        return self._encoded[key]

    def _content(self, target: Reference, paths: Paths) -> Tree:
        entity = self._find(target[1])
        actual = (entity.kind, entity.moid) if entity else target
        roots = {root: self.property(actual, root) for root in {path.partition(".")[0] for path, _ in paths}}
        found = ((path, declared, _walk(roots, path)) for path, declared in paths)
        props = [_property(path, box(value, declared)) for path, declared, value in found if value is not None]
        return {"_typeName": "ObjectContent", "obj": moref(actual), "propSet": props}


def _property(path: str, value: Tree) -> Tree:
    return {"_typeName": "DynamicProperty", "name": path, "val": value}


def _walk(value: Json, path: str) -> Json:
    for step in path.split("."):
        if value is None:
            return None
        value = value.get(step)
    return value


def box(value: Json, declared: Declared) -> Tree:
    """Box a property's value for `val`: arrays and simple values get a name and `_value`, objects stay as they are."""
    if declared.array:
        return {"_typeName": array_name(declared.type), "_value": value}
    if isinstance(value, dict):
        return value
    return {"_typeName": declared.type, "_value": value}
