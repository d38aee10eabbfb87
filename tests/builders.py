"""Small estates for tests: one keyword builder a record, an inventory of them, and what a check says of it."""

import importlib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from vhealthd.checkapi import Check, Inventory, Need
from vhealthd.model import (
    Blind,
    Datastore,
    Disk,
    Entity,
    Examined,
    Facets,
    Finding,
    Host,
    HostNames,
    HostUsage,
    Lookup,
    Message,
    MoRef,
    Names,
    NotExamined,
    Outcome,
    Reachability,
    RemovableDrive,
    Service,
    Snapshot,
    Unseen,
    Verdict,
    VirtualCenter,
    VirtualMachine,
    VmMemory,
    VmTools,
)

T = TypeVar("T")
E = TypeVar("E", bound=Entity)

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
GIB = 2**30

CONNECTED_TO = "10.0.0.10"
DNS_SERVERS = ("10.0.0.53", "10.0.1.53")

LATE = Unseen(Message("test.late", "the read timed out")())
FORBIDDEN = Unseen(Message("test.forbidden", "the privilege lacks")(), Outcome.SKIPPED)

VCENTER = VirtualCenter(ref=MoRef("ServiceInstance", "d3b5-uuid"), name="vc01")


def ago(**amount: float) -> datetime:
    return NOW - timedelta(**amount)


# --- managed objects ------------------------------------------------------------------------------------------------


def entity(kind: str, name: str) -> Entity:
    return Entity(ref=MoRef(kind, f"{kind}-{name}"), name=name)


DATACENTER = entity("Datacenter", "Berlin")
CLUSTER = entity("ClusterComputeResource", "prod")


def host(
    name: str = "esx01",
    *,
    cluster: Entity | None = CLUSTER,
    connection_state: str = "connected",
    in_maintenance_mode: bool = False,
) -> Host:
    return Host(
        ref=MoRef("HostSystem", f"host-{name}"),
        name=name,
        cluster=cluster,
        datacenter=DATACENTER,
        connection_state=connection_state,
        in_maintenance_mode=in_maintenance_mode,
        power_state="poweredOn" if connection_state == "connected" else "unknown",
    )


def vm(
    name: str = "web01",
    *,
    connection_state: str = "connected",
    power_state: str = "poweredOn",
    on: Host | None = None,
    datastores: Iterable[Datastore] = (),
    template: bool | None = False,
    managed_by: str | None = None,
) -> VirtualMachine:
    return VirtualMachine(
        ref=MoRef("VirtualMachine", f"vm-{name}"),
        name=name,
        datacenter=DATACENTER,
        connection_state=connection_state,
        power_state=power_state,
        host=on.ref if on else None,
        datastores=tuple(one.ref for one in datastores),
        template=template,
        managed_by=managed_by,
    )


# Virtual machines that are nobody's work, whatever is wrong with them.
BYSTANDERS = (
    vm("golden-image", template=True),
    vm("vCLS-4c4c4544"),
    vm("agent", managed_by="com.vmware.vim.eam"),
    vm("cluster-service", managed_by="com.vmware.vcls"),
    vm("placeholder", managed_by="com.vmware.vcDr-a1b2"),
)


def datastore(
    name: str = "ds01",
    *,
    capacity: int = 1000 * GIB,
    used_percent: float = 50,
    uncommitted: int | None = 0,
    accessible: bool = True,
    shared: bool | None = True,
    pod: Entity | None = None,
    datacenter: Entity | None = DATACENTER,
) -> Datastore:
    return Datastore(
        ref=MoRef("Datastore", f"datastore-{name}"),
        name=name,
        datacenter=datacenter,
        type="VMFS",
        capacity=capacity,
        free=capacity - round(capacity * used_percent / 100),
        uncommitted=uncommitted,
        accessible=accessible,
        shared=shared,
        maintenance_mode="normal",
        pod=pod,
    )


# --- facets ---------------------------------------------------------------------------------------------------------


def snapshot(
    name: str = "before update",
    *,
    created: datetime = NOW - timedelta(days=1),
    children: Iterable[Snapshot] = (),
) -> Snapshot:
    return Snapshot(name=name, created=created, quiesced=False, children=tuple(children))


def line(depth: int) -> tuple[Snapshot, ...]:
    """Return a tree of snapshots without a branch."""
    roots: tuple[Snapshot, ...] = ()
    for number in range(depth):
        roots = (snapshot(f"step {depth - number}", children=roots),)
    return roots


def disk(deltas: int = 0, *, label: str = "Hard disk 1", folder: str = "web01", base: str | None = None) -> Disk:
    """Return a disk on so many delta files; `base` is the folder of its base where that is another one."""
    files = [f"[ds01] {folder}/disk-{number:06}.vmdk" for number in range(deltas, 0, -1)]
    return Disk(key=2000, label=label, files=(*files, f"[ds01] {base or folder}/disk.vmdk"))


def drive(
    key: int = 16000,
    *,
    connected: bool = False,
    start_connected: bool = False,
    backing: str = "image",
    on: Datastore | None = None,
) -> RemovableDrive:
    return RemovableDrive(
        key=key,
        label="CD/DVD drive 1",
        kind="cdrom",
        connected=connected,
        start_connected=start_connected,
        backing=backing,
        image="[ds01] iso/debian.iso" if backing == "image" else None,
        datastore=on.ref if on else None,
    )


def tools(
    running_status: str | None = "guestToolsRunning",
    *,
    version_status: str | None = "guestToolsCurrent",
    boot_time: datetime | None = NOW - timedelta(days=9),
) -> VmTools:
    return VmTools(running_status=running_status, version_status=version_status, boot_time=boot_time)


# --- connectivity ---------------------------------------------------------------------------------------------------


def reachability(
    *,
    connect_seconds: float | None = 0.2,
    tls: str = "verified",
    failed_step: str | None = None,
    failure: str | None = None,
    clock_skew_seconds: float | None = 0.5,
    clock_error_seconds: float | None = 0.1,
) -> Reachability:
    return Reachability(
        connect_seconds=connect_seconds,
        tls=tls,
        failed_step=failed_step,
        failure=failure,
        clock_skew_seconds=clock_skew_seconds,
        clock_error_seconds=clock_error_seconds,
    )


def service(
    name: str = "sts", state: str = "STARTED", *, health: str | None = None, startup_type: str = "AUTOMATIC"
) -> Service:
    healthy = "HEALTHY" if state == "STARTED" else None
    return Service(id=name, state=state, health=health or healthy, startup_type=startup_type)


def lookup(
    name: str = "vc01.lab.example",
    *,
    status: str = "answered",
    pointers: Mapping[str, tuple[str, ...] | None] | None = None,
) -> Lookup:
    """Return a name whose addresses are those of `pointers`; without them it leads to CONNECTED_TO and back."""
    back = {CONNECTED_TO: (name,)} if pointers is None and status == "answered" else dict(pointers or {})
    return Lookup(name=name, status=status, addresses=tuple(back), pointers=back)


def host_names(
    one: Host, *, found: Lookup | None = None, dns_servers: tuple[str, ...] | None = DNS_SERVERS
) -> HostNames:
    return HostNames(host=one, lookup=found, dns_servers=dns_servers)


def names(
    *,
    vcenter: Lookup | None = None,
    by_address: bool = False,
    connected_to: str | None = CONNECTED_TO,
    appliance_dns_servers: tuple[str, ...] | Unseen = DNS_SERVERS,
    hosts: Iterable[HostNames] | Unseen = (),
) -> Names:
    return Names(
        vcenter=None if by_address else vcenter or lookup(),
        connected_to=connected_to,
        appliance_dns_servers=appliance_dns_servers,
        hosts=hosts if isinstance(hosts, Unseen) else tuple(hosts),
    )


# --- the whole ------------------------------------------------------------------------------------------------------


def facets(of: Mapping[E, T | Unseen] | None) -> Facets[T]:
    """Return a facet of these objects; the others have none."""
    seen: dict[MoRef, T] = {}
    gaps: dict[MoRef, Unseen] = {}
    for one, record in (of or {}).items():
        if isinstance(record, Unseen):
            gaps[one.ref] = record
        else:
            seen[one.ref] = record
    return Facets(seen, gaps)


def inventory(
    *,
    reachability: Reachability = reachability(),  # noqa: B008 - frozen, like all that is built here
    names: Names = names(),  # noqa: B008 - as above
    services: Iterable[Service] | Unseen = (),
    clusters: Iterable[Entity] = (),
    hosts: Iterable[Host] = (),
    host_usage: Mapping[Host, HostUsage | Unseen] | None = None,
    datastores: Iterable[Datastore] = (),
    vms: Iterable[VirtualMachine] | None = None,
    vm_memory: Mapping[VirtualMachine, VmMemory | Unseen] | None = None,
    vm_snapshots: Mapping[VirtualMachine, tuple[Snapshot, ...] | Unseen] | None = None,
    snapshot_sizes: Mapping[VirtualMachine, int] | None = None,
    vm_disks: Mapping[VirtualMachine, tuple[Disk, ...] | Unseen] | None = None,
    vm_drives: Mapping[VirtualMachine, tuple[RemovableDrive, ...] | Unseen] | None = None,
    vm_tools: Mapping[VirtualMachine, VmTools | Unseen] | None = None,
    vm_consolidation: Mapping[VirtualMachine, bool | Unseen] | None = None,
) -> Inventory:
    """Return an estate of these records and no others; `vms` may be left out where a facet names them."""
    facets_of_vms = (vm_memory, vm_snapshots, vm_disks, vm_drives, vm_tools, vm_consolidation)
    named = {one for facet in facets_of_vms for one in facet or ()}
    parts: dict[Need, object] = {
        Need.REACHABILITY: reachability,
        Need.NAMES: names,
        Need.SERVICES: services if isinstance(services, Unseen) else tuple(services),
        Need.CLUSTERS: tuple(clusters),
        Need.HOSTS: tuple(hosts),
        Need.HOST_USAGE: facets(host_usage),
        Need.DATASTORES: tuple(datastores),
        Need.VMS: tuple(sorted(named, key=lambda one: one.name) if vms is None else vms),
        Need.VM_MEMORY: facets(vm_memory),
        Need.VM_SNAPSHOTS: facets(vm_snapshots),
        Need.SNAPSHOT_SIZES: {one.ref: size for one, size in (snapshot_sizes or {}).items()},
        Need.VM_DISKS: facets(vm_disks),
        Need.VM_DRIVES: facets(vm_drives),
        Need.VM_TOOLS: facets(vm_tools),
        Need.VM_CONSOLIDATION: facets(vm_consolidation),
    }
    return Inventory(now=NOW, vcenter=VCENTER, parts=parts)


# --- what a check says ----------------------------------------------------------------------------------------------

Found = tuple[str, str, str | None]  # severity, name of the object, key


@dataclass(frozen=True, kw_only=True)
class Says:
    """What a check says of an estate: its findings, the objects that it judged, and those that it missed."""

    finds: AbstractSet[Found] = frozenset()
    examined: AbstractSet[str] = frozenset()
    missed: AbstractSet[tuple[str, str | None]] = frozenset()  # name of the object, rule
    blind: bool = False


@dataclass(frozen=True)
class Case:
    """A line of a check's specification."""

    rule: str
    given: Inventory
    says: Says
    limits: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.rule


def load(slug: str) -> Check:
    """Return the check of that slug; the one place where tests name a check's module."""
    module = slug.replace("-", "_")
    found = getattr(importlib.import_module(f"vhealthd_checks.{module}"), module)
    assert isinstance(found, Check)
    return found


def verdicts(slug: str, given: Inventory, limits: Mapping[str, object] | None = None) -> list[Verdict]:
    """Let a check judge exactly the parts that it declared."""
    check = load(slug)
    return list(check.judge(given.only(check.needs), check.limits.model_validate(limits or {})))


def findings(slug: str, given: Inventory, limits: Mapping[str, object] | None = None) -> list[Finding]:
    return [one for one in verdicts(slug, given, limits) if isinstance(one, Finding)]


def says(slug: str, given: Inventory, limits: Mapping[str, object] | None = None) -> Says:
    """Return what a check says, without its words; a finding or an object said twice is an error."""
    said = verdicts(slug, given, limits)
    return Says(
        finds=_distinct((one.severity.value, one.object.name, one.key) for one in said if isinstance(one, Finding)),
        examined=_distinct(one.object.name for one in said if isinstance(one, Examined)),
        missed=_distinct((one.object.name, one.rule) for one in said if isinstance(one, NotExamined)),
        blind=any(isinstance(one, Blind) for one in said),
    )


def hides(slug: str, given: Inventory, name: str, key: str | None) -> bool:
    """Whether a finding with this key may be on the object of that name, unseen for what was not examined there."""
    missed = [one for one in verdicts(slug, given) if isinstance(one, NotExamined)]
    return any(one.object.name == name and one.hides(key) for one in missed)


def _distinct(items: Iterable[T]) -> frozenset[T]:
    listed = list(items)
    assert len(listed) == len(set(listed)), f"said twice: {listed}"
    return frozenset(listed)
