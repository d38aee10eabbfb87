"""What is known of a vCenter and what is said about it: frozen records without behaviour of their own.

Units: bytes, MHz, seconds; times are aware UTC. Names are decoded for people. VMware's enum values stay as vCenter
spells them (`notResponding`, `poweredOn`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

Param = str | int | float | bool | datetime | None
T = TypeVar("T")


# --- what is said ---------------------------------------------------------------------------------------------------


class Severity(StrEnum):
    """How bad one finding is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info, 2 for critical."""
        return list(Severity).index(self)


class Outcome(StrEnum):
    """What a check says of a vCenter, worst first."""

    CRITICAL = "critical"
    UNKNOWN = "unknown"
    WARNING = "warning"
    INFO = "info"
    PASS = "pass"  # noqa: S105 - an outcome, not a password
    SKIPPED = "skipped"

    @property
    def rank(self) -> int:
        """0 for critical, 5 for skipped."""
        return list(Outcome).index(self)


class Category(StrEnum):
    """The chapters of a report, in their order."""

    CONNECTIVITY = "connectivity"
    WATERMARK = "watermark"
    INFRASTRUCTURE = "infrastructure"
    COMPUTE = "compute"
    STORAGE = "storage"
    NETWORK = "network"
    VM = "vm"


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence with holes, in English; `id` is its stable name for message catalogues.

    Holes name a parameter and a unit that `vhealthd.wording` knows: `{used:percent} of {size:bytes}`.
    """

    id: str
    english: str

    def __call__(self, **params: Param) -> "Text":
        """Fill the holes."""
        return Text(self, params)


@dataclass(frozen=True, slots=True)
class Text:
    """A message and its parameters. It becomes words only at the edge."""

    message: Message
    params: Mapping[str, Param] = field(default_factory=dict)


# --- managed objects ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MoRef:
    """A managed object reference: type `VirtualMachine`, value `vm-29`."""

    type: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Something in the inventory that a finding can be about."""

    ref: MoRef
    name: str
    path: str | None = None
    cluster: "Entity | None" = None
    datacenter: "Entity | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualCenter(Entity):
    """The vCenter itself: `ref.value` is its instanceUuid, or empty while that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host(Entity):
    """An ESXi host (HostSystem)."""

    connection_state: str  # connected | disconnected | notResponding
    in_maintenance_mode: bool
    power_state: str  # poweredOn | poweredOff | standBy | unknown

    @property
    def connected(self) -> bool:
        """Whether vCenter reads this host now; otherwise its figures are old."""
        return self.connection_state == "connected"


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualMachine(Entity):
    """A virtual machine. `template` and `managed_by` are None where vCenter cannot read its configuration."""

    connection_state: str  # connected | disconnected | orphaned | inaccessible | invalid
    power_state: str  # poweredOn | poweredOff | suspended
    host: MoRef | None
    datastores: tuple[MoRef, ...]
    template: bool | None
    managed_by: str | None  # extension key of the solution that owns it

    @property
    def powered_on(self) -> bool:
        """Whether it runs."""
        return self.power_state == "poweredOn"

    @property
    def is_workload(self) -> bool:
        """Whether somebody's work runs in it: no template, no vCLS or agent VM, no placeholder of Site Recovery."""
        if self.template or self.name.startswith("vCLS-"):
            return False
        owner = self.managed_by or ""
        return not (owner.startswith(("com.vmware.vim.eam", "com.vmware.vcDr")) or owner == "com.vmware.vcls")


@dataclass(frozen=True, slots=True, kw_only=True)
class Datastore(Entity):
    """A datastore; sizes in bytes. `shared` is whether more than one host may reach it."""

    type: str  # VMFS | NFS | NFS41 | vsan | VVOL ...
    capacity: int
    free: int
    uncommitted: int | None
    accessible: bool
    shared: bool | None
    maintenance_mode: str | None  # normal | enteringMaintenance | inMaintenance
    pod: Entity | None  # the datastore cluster (StoragePod) that holds it

    @property
    def used_percent(self) -> float | None:
        """Used share of the capacity; None where the capacity is not known."""
        return None if self.capacity <= 0 else 100 * (self.capacity - self.free) / self.capacity


# --- facets: what more is known of a managed object, each a need of its own ------------------------------------------


@dataclass(frozen=True, slots=True)
class Unseen:
    """Why something was not seen. SKIPPED: it cannot be (privilege, release); UNKNOWN: it should have been."""

    reason: Text
    outcome: Outcome = Outcome.UNKNOWN


NO_DATA = Message("unseen.no-data", "vCenter returned no data for it")


@dataclass(frozen=True, slots=True)
class Facets(Generic[T]):
    """A facet of many objects, by reference. Asking for one that is not there answers why."""

    records: Mapping[MoRef, T] = field(default_factory=dict)
    gaps: Mapping[MoRef, Unseen] = field(default_factory=dict)

    def __getitem__(self, ref: MoRef) -> T | Unseen:
        """Return the facet of one object, or why it was not seen."""
        if ref in self.records:
            return self.records[ref]
        return self.gaps.get(ref) or Unseen(NO_DATA())


@dataclass(frozen=True, slots=True, kw_only=True)
class HostUsage:
    """Use and capacity of one host: MHz and bytes; None where vCenter does not say."""

    cpu_used: int | None
    cpu_capacity: int | None
    memory_used: int | None
    memory_capacity: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VmMemory:
    """Memory that the hypervisor took back from one VM, in bytes."""

    ballooned: int
    swapped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One snapshot and the ones taken after it."""

    name: str
    created: datetime
    quiesced: bool
    children: tuple["Snapshot", ...] = ()

    def walk(self) -> Iterator["Snapshot"]:
        """Yield this one and all below it."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            yield one
            waiting.extend(one.children)

    @property
    def depth(self) -> int:
        """Length of the longest line from here to a leaf; 1 without children."""
        longest: int = 0
        level: tuple[Snapshot, ...] = (self,)
        while level:
            longest, level = longest + 1, tuple(child for one in level for child in one.children)
        return longest


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A virtual disk and the files it stands on: the one written to first, its base last (`[ds] vm/vm-000001.vmdk`)."""

    key: int
    label: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovableDrive:
    """A virtual CD or floppy drive."""

    key: int
    label: str
    kind: str  # cdrom | floppy
    connected: bool
    start_connected: bool
    backing: str  # image (a file on a datastore) | host (a device of the host) | client (the console's) | none
    image: str | None  # "[ds] iso/debian.iso"
    datastore: MoRef | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VmTools:
    """VMware Tools in one guest; None where vCenter does not say."""

    running_status: str | None  # guestToolsRunning | guestToolsNotRunning | guestToolsExecutingScripts
    version_status: str | None  # guestToolsNotInstalled | guestToolsCurrent | guestToolsUnmanaged ...
    boot_time: datetime | None


# --- connectivity ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachability:
    """How the way to a vCenter went. `failure` names the step that failed and why; None if there is a session."""

    connect_seconds: float | None  # name, TCP and TLS of the first connection
    tls: str  # verified | pinned | unverified | plain
    failed_step: str | None = None  # name | connect | tls | answer | login
    failure: str | None = None
    clock_skew_seconds: float | None = None  # vCenter minus this machine, at the middle of the request
    clock_error_seconds: float | None = None  # half the round trip


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of the appliance, as `/api/vcenter/services` lists it."""

    id: str
    state: str  # STARTING | STOPPING | STARTED | STOPPED
    health: str | None  # HEALTHY | HEALTHY_WITH_WARNINGS | DEGRADED; only when started
    startup_type: str  # MANUAL | AUTOMATIC | DISABLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What DNS says of one name. `pointers` maps each address to the names that its PTR records give."""

    name: str
    status: str  # answered | absent (the name has no address) | failed (no DNS server answered)
    addresses: tuple[str, ...] = ()
    pointers: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)  # None: no DNS server answered


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNames:
    """A host, what DNS says of its name (None: vCenter knows it by address), and the DNS servers that it asks."""

    host: Host
    lookup: Lookup | None
    dns_servers: tuple[str, ...] | None  # None: not read, as of a disconnected host


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """All that DNS says of a vCenter (None: its URL has an address) and of its hosts."""

    vcenter: Lookup | None
    connected_to: str | None  # address of the connection that is in use
    appliance_dns_servers: tuple[str, ...] | Unseen
    hosts: tuple[HostNames, ...] | Unseen


# --- results --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is not as it should be. `key` tells several findings of one check on one object apart."""

    severity: Severity
    object: Entity
    text: Text
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """This object was looked at."""

    object: Entity


@dataclass(frozen=True, slots=True)
class NotExamined:
    """This object should have been looked at, or one rule on it, and was not."""

    object: Entity
    why: Unseen
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Blind:
    """The check could not see a whole part of what it judges: it is at least `why.outcome`."""

    why: Unseen


Verdict = Finding | Examined | NotExamined | Blind


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check says of one vCenter. `seconds` is the time spent judging."""

    check: str
    category: Category
    title: str
    remediation: str
    outcome: Outcome
    reason: Text | None = None
    examined: int = 0
    not_examined: tuple[NotExamined, ...] = ()
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0


class VCenterState(StrEnum):
    """How much of a vCenter was seen."""

    SCANNED = "scanned"
    PARTIAL = "partial"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Objects in scope; None where no selected check reads that kind."""

    datacenters: int | None = None
    clusters: int | None = None
    hosts: int | None = None
    vms: int | None = None
    datastores: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VCenterReport:
    """One vCenter's part of a scan."""

    name: str
    url: str
    state: VCenterState
    tls: str
    reason: str | None = None
    instance_uuid: str | None = None
    version: str | None = None
    build: str | None = None
    counts: Counts = field(default_factory=Counts)
    requests: int = 0
    unmatched_scope: tuple[str, ...] = ()  # names in the configured scope that match nothing
    results: tuple[CheckResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """One run over all selected vCenters."""

    run_id: str
    trigger: str  # manual | schedule | catchup | sighup | api
    tool_version: str
    started: datetime
    finished: datetime
    vcenters: tuple[VCenterReport, ...]


def identity(vcenter: str, check: str, entity: Entity, key: str | None) -> str:
    """Name a finding for life: SHA-256 over vCenter, check, MoRef and key; never over what is measured.

    `vcenter` is the instanceUuid, or the configured name where that cannot be known. vCenter itself has no MoRef.
    """
    moref = None if isinstance(entity, VirtualCenter) else entity.ref.value
    return hashlib.sha256(json.dumps([vcenter, check, moref, key]).encode()).hexdigest()
