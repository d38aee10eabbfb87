"""Reads each part of an inventory once, as soon as the scan begins, and hands it to every check that waits for it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Self

from vhealthd.errors import BadAnswerError, VCenterError
from vhealthd.inventory import Need
from vhealthd.model import (
    Counts,
    Datastore,
    DistributedPortGroup,
    Entity,
    Host,
    MoRef,
    Reachability,
    VirtualMachine,
)
from vhealthd.vcenter import records
from vhealthd.vcenter.client import VCenterClient
from vhealthd.vcenter.errands import Errands, all_of
from vhealthd.vcenter.harvest import Harvest
from vhealthd.vcenter.names import Resolver
from vhealthd.vcenter.properties import FEW_OBJECTS, PropertyReader
from vhealthd.vcenter.records import FACETS
from vhealthd.vcenter.registry import SINGLES
from vhealthd.vcenter.single import Single, Site
from vhealthd.vcenter.tree import Scope, Tree
from vhealthd.vcenter.wire import ObjectContent, references

Parts = Mapping[Need, object]

_NO_ROOT = MoRef("Folder", "")

TREE, HOSTS, DATASTORES, VMS = "inventory tree", "hosts", "datastores", "virtual machines"
PORT_GROUPS = "distributed port groups"
_BASES: Mapping[Need, str] = {
    Need.CLUSTERS: TREE,
    Need.HOSTS: HOSTS,
    Need.DATASTORES: DATASTORES,
    Need.VMS: VMS,
    Need.PORT_GROUPS: PORT_GROUPS,
}
# The objects whose facets are read, by their type.
_BASE_OF: Mapping[str, Need] = {
    "ClusterComputeResource": Need.CLUSTERS,
    "HostSystem": Need.HOSTS,
    "Datastore": Need.DATASTORES,
    "VirtualMachine": Need.VMS,
}
_SINGLES: Mapping[str, Single] = {one.name: one for one in SINGLES}
_COLLECTOR_OF: Mapping[Need, str] = {
    **_BASES,
    **{facet.need: facet.apart or _BASES[_BASE_OF[facet.kind]] for facet in FACETS},
    **{one.need: one.name for one in SINGLES},
}
# Facets that are read apart from their objects, by the name of that collector.
_APART: Mapping[str, str] = {facet.apart: facet.kind for facet in FACETS if facet.apart}


class Collector:
    """Reads one vCenter, as far as `needs` go. Use as an async context manager.

    Without a session only REACHABILITY and what DNS says of the vCenter's own name are to be had; `no_session` says
    why there is none.
    """

    def __init__(
        self,
        client: VCenterClient,
        *,
        needs: Collection[Need],
        scope: Scope,
        resolver: Resolver,
        reachability: Reachability,
        no_session: VCenterError | None,
        in_flight: int,
        deadline: float,
        clock: Callable[[], datetime],
        on_done: Callable[[str], None] = lambda _: None,
        reader: PropertyReader | None = None,
    ) -> None:
        self.unmatched_scope: tuple[str, ...] = ()
        self._client = client
        self._reader = reader or PropertyReader(client, in_flight=in_flight)
        self._needs = frozenset(needs).union(*(one.after for one in SINGLES if one.need in needs))
        self._scope = scope
        self._site = Site(
            client=client,
            reader=self._reader,
            resolver=resolver,
            part=self.fetch,
            place=self._place,
            clock=clock,
            no_session=no_session,
        )
        self._reachability = reachability
        self._no_session = no_session
        self._tree = Tree(_NO_ROOT)
        self._all_hosts: Mapping[MoRef, Host] = {}
        # Datastores and networks of the hosts in scope, known where the scope names clusters.
        self._used: set[MoRef] = set()
        self._errands = Errands[Parts](
            {
                TREE: self._read_tree,
                HOSTS: self._read_hosts,
                DATASTORES: self._read_datastores,
                VMS: self._read_vms,
                PORT_GROUPS: self._read_port_groups,
                **{name: partial(self._read_single, one) for name, one in _SINGLES.items()},
                **{name: partial(self._read_apart, name, kind) for name, kind in _APART.items()},
            },
            deadline=deadline,
            on_done=on_done,
        )

    async def __aenter__(self) -> Self:
        await self._errands.__aenter__()
        self._errands.begin(self.names)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._errands.__aexit__(*exc)

    async def fetch(self, need: Need) -> object:
        """Wait for a part and return it. Raises VCenterError if it could not be read."""
        if need is Need.REACHABILITY:
            return self._reachability
        if self._no_session and need is not Need.NAMES:
            raise self._no_session
        return (await self._errands.result(_COLLECTOR_OF[need]))[need]

    @property
    def names(self) -> list[str]:
        """Names of the collectors that this scan wants."""
        wanted = {_COLLECTOR_OF[need] for need in self._needs if need in _COLLECTOR_OF}
        return sorted(wanted & {_COLLECTOR_OF[Need.NAMES]} if self._no_session else wanted)

    @property
    def failures(self) -> Mapping[str, str]:
        """Why each collector failed that did, by its name."""
        return self._errands.failures

    @property
    def seconds(self) -> Mapping[str, float]:
        """How long each collector took that has ended, by its name; what it waited for others is in it."""
        return self._errands.seconds

    async def counts(self) -> Counts:
        """Return how many objects of each kind are in scope; None for a kind that was not read."""

        async def count(collector: str, need: Need) -> int | None:
            if not self._errands.begun(collector):
                return None
            with suppress(VCenterError):
                return len((await self._errands.result(collector))[need])  # type: ignore[arg-type]
            return None

        clusters = await count(TREE, Need.CLUSTERS)
        return Counts(
            datacenters=None if clusters is None else len(self._datacenters()),
            clusters=clusters,
            hosts=await count(HOSTS, Need.HOSTS),
            vms=await count(VMS, Need.VMS),
            datastores=await count(DATASTORES, Need.DATASTORES),
        )

    # --- what each collector reads

    async def _read_tree(self) -> Parts:
        tree = Tree(self._client.about.root_folder or _NO_ROOT)

        async def read(kind: str) -> None:
            await self._reader.read(kind, await self._reader.references(kind), records.TREE_PATHS, tree.add)

        await all_of([read("Folder"), read("Datacenter"), read("ComputeResource")])
        datacenters, clusters = tree.of_type("Datacenter"), tree.of_type("ClusterComputeResource")
        if not datacenters:
            raise BadAnswerError(
                "the inventory is empty: the account sees no datacenter; give it the Read-only role on vCenter's root "
                "folder, propagating to children"
            )
        self._tree = tree
        self.unmatched_scope = self._scope.unmatched(datacenters, clusters)
        return {Need.CLUSTERS: tuple(one for one in clusters if self._scope.holds(one.datacenter, one))}

    def _place(self, content: ObjectContent) -> Entity | None:
        """Make an entity of an object with its `name` and `parent`, if it is in scope."""
        one = records.entity(content, self._tree)
        datacenter = one if one.ref.type == "Datacenter" else one.datacenter
        return one if self._scope.holds(datacenter, one.cluster) else None

    def _datacenters(self) -> list[Entity]:
        return [one for one in self._tree.of_type("Datacenter") if self._scope.holds_datacenter(one)]

    async def _read_hosts(self) -> Parts:
        hosts: dict[MoRef, Host] = {}

        def make(content: ObjectContent) -> Host | None:
            host = hosts[content.ref] = records.host(content, self._tree)
            if not self._scope.holds(host.datacenter, host.cluster):
                return None
            for path in records.USED_PATHS:
                self._used.update(references(content.props.get(path)))
            return host

        # Which datastores and networks a cluster uses is known by its hosts; asked only where the scope names clusters.
        paths = (*records.HOST_PATHS, *records.USED_PATHS) if self._scope.clusters else records.HOST_PATHS
        parts = await self._harvest("HostSystem", paths, make, need=Need.HOSTS, after=TREE)
        self._all_hosts = hosts
        return parts

    async def _read_vms(self) -> Parts:
        def make(content: ObjectContent) -> VirtualMachine | None:
            vm = records.virtual_machine(content, self._tree, self._all_hosts)
            return vm if self._scope.holds(vm.datacenter, vm.cluster) else None

        return await self._harvest("VirtualMachine", records.VM_PATHS, make, need=Need.VMS, after=HOSTS)

    async def _read_datastores(self) -> Parts:
        def make(content: ObjectContent) -> Datastore | None:
            store = records.datastore(content, self._tree)
            return store if self._uses(store) else None

        after = HOSTS if self._scope.clusters else TREE
        return await self._harvest("Datastore", records.DATASTORE_PATHS, make, need=Need.DATASTORES, after=after)

    async def _read_port_groups(self) -> Parts:
        """Read the distributed port groups, and before them their switches: hosts know a switch by its UUID."""
        switches: dict[MoRef, str | None] = {}

        def note(content: ObjectContent) -> None:
            switches[content.ref] = records.switch_uuid(content)

        def make(content: ObjectContent) -> DistributedPortGroup | None:
            group = records.distributed_port_group(content, self._tree, switches)
            return group if self._uses(group) else None

        kind, after = "DistributedVirtualSwitch", HOSTS if self._scope.clusters else TREE
        await self._reader.read(kind, await self._reader.references(kind), records.SWITCH_PATHS, note)
        return await self._harvest(
            "DistributedVirtualPortgroup", records.PORT_GROUP_PATHS, make, need=Need.PORT_GROUPS, after=after
        )

    def _uses(self, entity: Entity) -> bool:
        """Whether a datastore or port group is in scope: by its datacenter, and by the hosts if clusters are named."""
        used = not self._scope.clusters or entity.ref in self._used
        return used and self._scope.holds_datacenter(entity.datacenter)

    async def _harvest(
        self,
        kind: str,
        paths: Sequence[str],
        make: Callable[[ObjectContent], Entity | None],
        *,
        need: Need,
        after: str,
    ) -> Parts:
        """Read a type: list it while what its records are made with is read, then its properties, with all facets."""
        refs: list[MoRef] = []

        async def list_refs() -> None:
            refs.extend(await self._reader.references(kind))

        async def wait() -> None:
            await self._errands.result(after)

        await all_of([list_refs(), wait()])
        facets = [one for one in FACETS if one.kind == kind and not one.apart and one.need in self._needs]
        harvest = Harvest(facets, make)
        wanted = {path for facet in facets for path in facet.paths}.union(paths)
        await self._reader.read(kind, refs, wanted, harvest.take)
        return {need: harvest.in_order(refs), **harvest.parts(self._reader.dropped.get(kind, ()))}

    async def _read_apart(self, name: str, kind: str) -> Parts:
        """Read facets that weigh much, of the objects in scope, in chunks that begin small."""
        need = _BASE_OF[kind]
        objects: Sequence[Entity] = (await self._errands.result(_COLLECTOR_OF[need]))[need]  # type: ignore[assignment]
        by_ref = {one.ref: one for one in objects}
        facets = [facet for facet in FACETS if facet.apart == name and facet.need in self._needs]
        harvest = Harvest(facets, lambda content: by_ref.get(content.ref))
        paths = {path for facet in facets for path in facet.paths}
        await self._reader.read(kind, list(by_ref), paths, harvest.take, first_chunk=FEW_OBJECTS)
        return harvest.parts(self._reader.dropped.get(kind, ()))

    async def _read_single(self, one: Single) -> Parts:
        return {one.need: await one.read(self._site)}
