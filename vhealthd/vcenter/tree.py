"""The inventory tree: where each object lies, and whether that is in scope."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vhealthd.model import Entity, MoRef
from vhealthd.vcenter.wire import ObjectContent, display_name, reference


@dataclass(frozen=True, slots=True)
class _Node:
    ref: MoRef
    name: str
    parent: MoRef | None


class Tree:
    """Folders, datacenters and compute resources with their parents; walked once, asked often."""

    def __init__(self, root: MoRef) -> None:
        self._root = root
        self._nodes: dict[MoRef, _Node] = {}
        self._entities: dict[MoRef, Entity] = {}
        self._places: dict[MoRef, tuple[str, Entity | None]] = {}

    def add(self, content: ObjectContent) -> None:
        """Take a folder, datacenter or compute resource with its `name` and `parent`."""
        name = display_name(str(content.props.get("name") or content.ref.value))
        self._nodes[content.ref] = _Node(content.ref, name, reference(content.props.get("parent")))

    def of_type(self, kind: str) -> tuple[Entity, ...]:
        """Return all objects of exactly this type, by path."""
        found = [self.entity(ref) for ref in self._nodes if ref.type == kind]
        return tuple(sorted(found, key=lambda one: one.path or ""))

    def entity(self, ref: MoRef) -> Entity:
        """Return a node of the tree with its place; the same object each time."""
        if ref not in self._entities:
            node = self._nodes[ref]
            self._entities[ref] = Entity(
                ref=ref,
                name=node.name,
                path=self.path(node.name, node.parent),
                cluster=None,
                datacenter=self.datacenter(node.parent),
            )
        return self._entities[ref]

    def path(self, name: str, parent: MoRef | None) -> str | None:
        """Return `/DC0/vm/web-1`; None for an object without a parent. It begins where the account's sight begins."""
        return None if parent is None else f"{self._place(parent)[0]}/{name}"

    def datacenter(self, ref: MoRef | None) -> Entity | None:
        """Return the datacenter at or above a node."""
        return None if ref is None else self._place(ref)[1]

    def _place(self, parent: MoRef) -> tuple[str, Entity | None]:
        """Return the path of a parent and its datacenter; thousands of VMs share a folder, so it is kept."""
        if parent not in self._places:
            steps = list(self._up(parent))
            path = "".join(f"/{node.name}" for node in reversed(steps))
            datacenter = next((node.ref for node in steps if node.ref.type == "Datacenter"), None)
            self._places[parent] = path, self.entity(datacenter) if datacenter is not None else None
        return self._places[parent]

    def cluster(self, ref: MoRef | None) -> Entity | None:
        """Return the cluster, if a host's parent is one and not the compute resource of a host that stands alone."""
        return (
            self.entity(ref)
            if ref is not None and ref in self._nodes and ref.type == "ClusterComputeResource"
            else None
        )

    def pod(self, ref: MoRef | None) -> Entity | None:
        """Return the datastore cluster, if a datastore's parent is one."""
        return self.entity(ref) if ref is not None and ref in self._nodes and ref.type == "StoragePod" else None

    def _up(self, ref: MoRef | None) -> Iterator[_Node]:
        """Walk from a node towards the root, which is left out. A loop cannot be: each node is met once."""
        met = {self._root}
        while ref is not None and ref not in met and ref in self._nodes:
            met.add(ref)
            yield self._nodes[ref]
            ref = self._nodes[ref].parent


@dataclass(frozen=True, slots=True)
class Scope:
    """A white list of datacenters and clusters, each by name or inventory path; an empty list means all."""

    datacenters: frozenset[str] = frozenset()
    clusters: frozenset[str] = frozenset()

    def holds(self, datacenter: Entity | None, cluster: Entity | None) -> bool:
        """Whether an object that lies there is in scope. Both lists must agree."""
        return self.holds_datacenter(datacenter) and (not self.clusters or _listed(cluster, self.clusters))

    def holds_datacenter(self, datacenter: Entity | None) -> bool:
        """Whether a datacenter is in scope."""
        return not self.datacenters or _listed(datacenter, self.datacenters)

    def unmatched(self, datacenters: Iterable[Entity], clusters: Iterable[Entity]) -> tuple[str, ...]:
        """Return the names that match nothing: a typo must not look like a small estate."""
        known = {label for one in datacenters for label in _labels(one)}
        known_clusters = {label for one in clusters for label in _labels(one)}
        return (*sorted(self.datacenters - known), *sorted(self.clusters - known_clusters))


def _listed(entity: Entity | None, names: frozenset[str]) -> bool:
    return entity is not None and not names.isdisjoint(_labels(entity))


def _labels(entity: Entity) -> set[str]:
    return {entity.name, entity.path or entity.name}
