"""A vSphere estate as plain data: what the mock vCenter serves and the mock DNS server answers.

Names are as people see them; the wire escapes them. Sizes are bytes unless the field says otherwise, times are aware
UTC. Nothing here knows HTTP or the wire's encoding.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, TypeVar

from mocks.guards import Admission, Alarm, Triggered
from mocks.machine import Appliance, Backup, Licence, Service  # noqa: F401 - whoever knows the world finds them here

GIB = 2**30
TIB = 2**40

E = TypeVar("E", bound="Entity")
Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Planted:
    """A defect that a check must find. `name` is the decoded display name, None where the object is vCenter itself."""

    check: str
    severity: Severity
    type: str
    name: str | None
    key: str | None = None


@dataclass(slots=True, kw_only=True)
class Entity:
    """A managed entity; `moid` is its reference's value, `parent` its parent's."""

    kind: ClassVar[str] = "ManagedEntity"
    moid: str
    name: str
    parent: str | None
    alarm_actions: bool = True


@dataclass(slots=True, kw_only=True)
class Folder(Entity):
    """A folder; `child_types` says what may lie in it."""

    kind: ClassVar[str] = "Folder"
    child_types: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class StoragePod(Folder):
    """A datastore cluster: a folder of datastores."""

    kind: ClassVar[str] = "StoragePod"


@dataclass(slots=True, kw_only=True)
class Datacenter(Entity):
    """A datacenter and its four root folders, by reference value."""

    kind: ClassVar[str] = "Datacenter"
    vm_folder: str
    host_folder: str
    datastore_folder: str
    network_folder: str


@dataclass(slots=True, kw_only=True)
class ComputeResource(Entity):
    """What a standalone host lies in."""

    kind: ClassVar[str] = "ComputeResource"
    pool: str


@dataclass(slots=True, kw_only=True)
class Cluster(ComputeResource):
    """A cluster with its HA and DRS settings; `issues` are type and message of what vCenter finds wrong in them."""

    kind: ClassVar[str] = "ClusterComputeResource"
    ha: bool = True
    drs: bool = True
    host_monitoring: str = "enabled"
    drs_behavior: str = "fullyAutomated"
    admission: Admission = field(default_factory=Admission)
    issues: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True, kw_only=True)
class ResourcePool(Entity):
    """The root pool of a cluster or of a standalone host."""

    kind: ClassVar[str] = "ResourcePool"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardSwitch:
    """A standard switch besides vSwitch0."""

    name: str
    nics: tuple[str, ...]
    port_groups: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Host(Entity):
    """An ESXi host at `address`; `resolves_to` and `ptr` are what DNS says of it (None: nothing).

    `lax_port_groups` names what a port group accepts (`allowPromiscuous` ...). `path_states` and `vaai` are those of
    the LUN of a datastore, by the datastore's reference value; `settings` are advanced settings that are not as usual.
    `sensors` are the colours of sensors and parts that are not green; a host on `ptp` has no time from NTP.
    """

    kind: ClassVar[str] = "HostSystem"
    address: str
    resolves_to: str | None
    ptr: str | None
    booted: datetime
    uuid: str
    certificate_until: datetime
    connection_state: str = "connected"
    power_state: str = "poweredOn"
    maintenance: bool = False
    cpu_mhz: int = 2500
    cores: int = 32
    memory: int = 256 * GIB
    cpu_usage_mhz: int = 24_000
    memory_usage_mb: int = 120_000
    # The oldest version that is tested, so that no healthy host is newer than its vCenter.
    version: str = "8.0.1"
    build: str = "21495797"
    reboot_required: bool = False
    quarantine: bool = False
    dns_servers: tuple[str, ...] = ("10.20.0.53", "10.20.1.53")
    ntp_servers: tuple[str, ...] = ("ntp1.lab.example", "ntp2.lab.example")
    ntp_running: bool = True
    ntp_synchronised: bool = True
    ptp: bool = False
    clock_offset_seconds: float = 0.0
    ssh_running: bool = False
    ssh_policy: str = "off"
    shell_running: bool = False
    lockdown: str = "lockdownNormal"
    log_host: str = "udp://syslog.lab.example:514"
    nics_down: frozenset[str] = frozenset({"vmnic4", "vmnic5"})
    nic_speeds: dict[str, int] = field(default_factory=dict)
    switches: tuple[StandardSwitch, ...] = ()
    lax_port_groups: dict[str, frozenset[str]] = field(default_factory=dict)
    path_states: dict[str, tuple[str, ...]] = field(default_factory=dict)
    vaai: dict[str, str] = field(default_factory=dict)
    settings: dict[str, int] = field(default_factory=dict)
    sensors: dict[str, str] = field(default_factory=dict)
    has_sensors: bool = True
    das_state: str = "connectedToMaster"
    numa_nodes: int = 2

    @property
    def answers(self) -> bool:
        """Whether vCenter can talk to the host, and so serves its configuration."""
        return self.connection_state == "connected"


@dataclass(slots=True, kw_only=True)
class Datastore(Entity):
    """A datastore and the hosts (reference values) that mount it; `lost_by` are those that cannot reach it, and why."""

    kind: ClassVar[str] = "Datastore"
    type: str
    capacity: int
    free: int
    uncommitted: int
    hosts: tuple[str, ...]
    shared: bool = True
    accessible: bool = True
    vmfs: int = 6
    lost_by: dict[str, str] = field(default_factory=dict)
    maintenance: str = "normal"
    remote: tuple[str, str] | None = None

    @property
    def used(self) -> float:
        """The share of the capacity that is used, 0 to 1."""
        return 1 - self.free / self.capacity


@dataclass(slots=True, kw_only=True)
class Network(Entity):
    """A standard network, as vCenter merges the hosts' port groups of one name."""

    kind: ClassVar[str] = "Network"
    hosts: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Switch(Entity):
    """A distributed switch."""

    kind: ClassVar[str] = "VmwareDistributedVirtualSwitch"
    uuid: str
    hosts: tuple[str, ...]
    max_mtu: int = 9000


@dataclass(slots=True, kw_only=True)
class PortGroup(Entity):
    """A distributed port group."""

    kind: ClassVar[str] = "DistributedVirtualPortgroup"
    switch: str
    vlan: int
    uplink: bool = False
    promiscuous: bool = False
    forged_transmits: bool = False
    mac_changes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot and the snapshots made upon it."""

    moid: str
    name: str
    created: datetime
    children: tuple["Snapshot", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A virtual disk. `files` are its backing files, the one written to first: `[datastore] folder/name.vmdk`."""

    key: int
    datastore: str
    capacity: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A CD-ROM or floppy drive; `medium` is what backs it: an ISO file, a device of the host, a client's device."""

    key: int
    medium: Literal["iso", "host", "client"]
    floppy: bool = False
    connected: bool = False
    start_connected: bool = False
    file: str = ""
    datastore: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """A network adapter on a network or a distributed port group (reference value)."""

    key: int
    network: str
    mac: str


@dataclass(slots=True, kw_only=True)
class Vm(Entity):
    """A virtual machine. `managed_by` is the extension's key and the type that the extension gives the VM.

    `guest_disks` are path, size and free bytes; `cpu_ready` is in per cent. A VM that is `secondary_of` another (its
    instance UUID) is the second half of a fault tolerant pair. `instance_uuid` is that of `uuid` where it is not given.
    """

    kind: ClassVar[str] = "VirtualMachine"
    host: str | None
    pool: str | None
    uuid: str
    created: datetime
    disks: tuple[Disk, ...] = ()
    drives: tuple[Drive, ...] = ()
    nics: tuple[Nic, ...] = ()
    booted: datetime | None = None
    power_state: str = "poweredOn"
    connection_state: str = "connected"
    template: bool = False
    managed_by: tuple[str, str] | None = None
    consolidation_needed: bool = False
    snapshots: tuple[Snapshot, ...] = ()
    cpus: int = 2
    memory_mb: int = 8192
    cores_per_socket: int | None = None
    cores_per_node: int | None = None
    hot_add: bool = False
    hot_add_shows_nodes: bool = False
    cpu_reservation_mhz: int = 0
    memory_reservation_mb: int = 0
    host_memory_mb: int | None = None
    tools_running: bool = True
    tools_status: str = "guestToolsCurrent"
    ballooned_mb: int = 0
    swapped_mb: int = 0
    compressed_kb: int = 0
    cpu_ready: int = 0
    hardware_version: int = 21
    instance_uuid: str | None = None
    question: str | None = None
    secondary_of: str | None = None
    guest_disks: tuple[tuple[str, int, int], ...] = (("/", 64 * GIB, 40 * GIB),)

    @property
    def has_config(self) -> bool:
        """Whether vCenter can serve the VM's configuration."""
        return self.connection_state not in {"inaccessible", "invalid"}

    @property
    def datastores(self) -> tuple[str, ...]:
        """Reference values of the datastores that hold the VM's disks and media, each once."""
        media = (drive.datastore for drive in self.drives if drive.datastore)
        return tuple(dict.fromkeys([*(disk.datastore for disk in self.disks), *media]))


@dataclass(slots=True, kw_only=True)
class World:
    """The whole estate at one instant, `now`. `truth` lists every planted defect.

    `evaluating` says what runs on the evaluation licence (reference values), and until when.
    """

    now: datetime
    seed: int
    instance_uuid: str
    appliance: Appliance
    entities: dict[str, Entity] = field(default_factory=dict)
    truth: tuple[Planted, ...] = ()
    licences: list[Licence] = field(default_factory=list)
    evaluating: dict[str, datetime | None] = field(default_factory=dict)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    triggered: list[Triggered] = field(default_factory=list)

    _by_class: defaultdict[type[Entity], dict[str, Entity]] = field(default_factory=lambda: defaultdict(dict))
    _children: defaultdict[str | None, dict[str, Entity]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, *entities: Entity) -> None:
        """Put entities into the estate."""
        for entity in entities:
            self.entities[entity.moid] = entity
            self._children[entity.parent][entity.moid] = entity
            for ancestor in type(entity).__mro__[:-1]:
                self._by_class[ancestor][entity.moid] = entity

    def remove(self, moid: str) -> None:
        """Take an entity away, as when a VM is deleted."""
        entity = self.entities.pop(moid)
        del self._children[entity.parent][moid]
        for ancestor in type(entity).__mro__[:-1]:
            del self._by_class[ancestor][moid]

    def all(self, kind: type[E]) -> Iterator[E]:
        """Iterate over a class's entities, subclasses included, in the order in which they were added."""
        return (entity for entity in self._by_class[kind].values() if isinstance(entity, kind))

    def children(self, moid: str) -> list[Entity]:
        """List the entities whose parent this is."""
        return list(self._children[moid].values())

    def named(self, kind: type[E], name: str) -> E:
        """Find the one entity of a class with this display name."""
        (entity,) = (entity for entity in self.all(kind) if entity.name == name)
        return entity


def records(world: World) -> dict[tuple[str, str], tuple[str, ...]]:
    """List what DNS says of the estate: (name, record type) -> answers; a PTR's name is the plain address."""
    zone: dict[tuple[str, str], tuple[str, ...]] = {
        ("localhost", "A"): ("127.0.0.1",),
        ("127.0.0.1", "PTR"): ("localhost",),
    }
    for host in world.all(Host):
        if host.resolves_to:
            zone[host.name, "A"] = (host.resolves_to,)
        if host.ptr:
            zone[host.address, "PTR"] = (host.ptr,)
    return zone
