"""What a check may read: the parts of a vCenter's inventory that it declared, and nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from vhealthd.errors import UndeclaredNeedError
from vhealthd.model import (
    NO_HISTORY,
    Appliance,
    ApplianceAccess,
    ApplianceTime,
    Backups,
    Certificate,
    Certificates,
    CheckResult,
    ClusterFailover,
    ClusterIssue,
    ClusterSettings,
    Datastore,
    Disk,
    DistributedPortGroup,
    Entity,
    Facets,
    GuestDisk,
    HardwarePart,
    History,
    Host,
    HostClock,
    HostFdm,
    HostLockdown,
    HostManagers,
    HostMode,
    HostMount,
    HostNetwork,
    HostProduct,
    HostService,
    HostSize,
    HostTime,
    HostUsage,
    Licenses,
    Lun,
    MoRef,
    Names,
    NumaNode,
    Question,
    Reachability,
    RemovableDrive,
    RootAccount,
    Service,
    Snapshot,
    TriggeredAlarm,
    Unseen,
    VirtualCenter,
    VirtualMachine,
    VmDemand,
    VmIdentity,
    VmMemory,
    VmPressure,
    VmSize,
    VmTools,
    VmTopology,
    Volume,
)


class Need(StrEnum):
    """A part of the inventory. Each is read once in a scan, and only if a selected check declares it."""

    REACHABILITY = "reachability"
    NAMES = "names"
    SERVICES = "services"
    APPLIANCE = "appliance"
    BACKUPS = "backups"
    ROOT_ACCOUNT = "root_account"
    CERTIFICATES = "certificates"
    HOST_CERTIFICATES = "host_certificates"
    LICENSES = "licenses"
    CLUSTERS = "clusters"
    CLUSTER_SETTINGS = "cluster_settings"
    CLUSTER_ISSUES = "cluster_issues"
    CLUSTER_FAILOVER = "cluster_failover"
    CLUSTER_ALARM_ACTIONS = "cluster_alarm_actions"
    ALARMS = "alarms"
    HOSTS = "hosts"
    HOST_USAGE = "host_usage"
    HOST_DNS = "host_dns"
    HOST_FDM = "host_fdm"
    HOST_SIZE = "host_size"
    HOST_NUMA = "host_numa"
    HOST_ALARM_ACTIONS = "host_alarm_actions"
    HOST_MANAGERS = "host_managers"
    HOST_OPTIONS = "host_options"
    HOST_CLOCKS = "host_clocks"
    HOST_PRODUCT = "host_product"
    HOST_MODE = "host_mode"
    HOST_HARDWARE = "host_hardware"
    HOST_SERVICES = "host_services"
    HOST_TIME = "host_time"
    HOST_LOCKDOWN = "host_lockdown"
    APPLIANCE_ACCESS = "appliance_access"
    APPLIANCE_TIME = "appliance_time"
    HOST_LUNS = "host_luns"
    HOST_VOLUMES = "host_volumes"
    HOST_NETWORK = "host_network"
    DATASTORES = "datastores"
    DATASTORE_MOUNTS = "datastore_mounts"
    PORT_GROUPS = "port_groups"
    DATASTORE_ALARM_ACTIONS = "datastore_alarm_actions"
    VMS = "vms"
    VM_MEMORY = "vm_memory"
    VM_SNAPSHOTS = "vm_snapshots"
    SNAPSHOT_SIZES = "snapshot_sizes"
    VM_DISKS = "vm_disks"
    VM_DRIVES = "vm_drives"
    VM_TOOLS = "vm_tools"
    VM_CONSOLIDATION = "vm_consolidation"
    VM_SIZE = "vm_size"
    VM_TOPOLOGY = "vm_topology"
    VM_DEMAND = "vm_demand"
    VM_HARDWARE_VERSION = "vm_hardware_version"
    VM_CPU_READY = "vm_cpu_ready"
    VM_PRESSURE = "vm_pressure"
    VM_GUEST_DISKS = "vm_guest_disks"
    VM_IDENTITY = "vm_identity"
    VM_QUESTION = "vm_question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """One vCenter at one moment. Reading a part that was not declared raises UndeclaredNeedError.

    `now` is vCenter's own time at the start of the scan. `history` is what the same check found and noted in earlier
    runs; it is empty where nothing is kept, and then rules that go by it are silent. `others` is what the other checks
    of this scan say, by their slugs; only a check that is judged after them is told.
    """

    now: datetime
    vcenter: VirtualCenter
    parts: Mapping[Need, object]
    others: Mapping[str, CheckResult] = field(default_factory=dict)
    history: History = NO_HISTORY

    def only(self, needs: Iterable[Need]) -> "Inventory":
        """Return the same inventory, cut down to what a check declared."""
        return replace(self, parts={need: self.parts[need] for need in needs})

    def _read(self, need: Need) -> object:
        try:
            return self.parts[need]
        except KeyError:
            raise UndeclaredNeedError(f"the check reads {need.name} without declaring it in its needs") from None

    # One property a need gives each part its type.

    @property
    def reachability(self) -> Reachability:
        """How the way to this vCenter went."""
        return self._read(Need.REACHABILITY)  # type: ignore[return-value]

    @property
    def names(self) -> Names:
        """What DNS says."""
        return self._read(Need.NAMES)  # type: ignore[return-value]

    @property
    def services(self) -> tuple[Service, ...] | Unseen:
        """The appliance's services, or the privilege that lacks."""
        return self._read(Need.SERVICES)  # type: ignore[return-value]

    @property
    def appliance(self) -> Appliance:
        """How vCenter's own machine is."""
        return self._read(Need.APPLIANCE)  # type: ignore[return-value]

    @property
    def backups(self) -> Backups:
        """The file-based backups of the appliance."""
        return self._read(Need.BACKUPS)  # type: ignore[return-value]

    @property
    def root_account(self) -> RootAccount | Unseen:
        """The appliance's account root, or the privilege that lacks."""
        return self._read(Need.ROOT_ACCOUNT)  # type: ignore[return-value]

    @property
    def certificates(self) -> Certificates:
        """Every certificate of vCenter and of the hosts in scope."""
        return self._read(Need.CERTIFICATES)  # type: ignore[return-value]

    @property
    def host_certificates(self) -> Facets[Certificate]:
        """The certificates of the hosts alone."""
        return self._read(Need.HOST_CERTIFICATES)  # type: ignore[return-value]

    @property
    def licenses(self) -> Licenses | Unseen:
        """Licences and evaluation, or the privilege that lacks."""
        return self._read(Need.LICENSES)  # type: ignore[return-value]

    @property
    def clusters(self) -> tuple[Entity, ...]:
        """Every cluster in scope."""
        return self._read(Need.CLUSTERS)  # type: ignore[return-value]

    @property
    def cluster_settings(self) -> Facets[ClusterSettings]:
        """How vSphere HA and DRS are set."""
        return self._read(Need.CLUSTER_SETTINGS)  # type: ignore[return-value]

    @property
    def cluster_issues(self) -> Facets[tuple[ClusterIssue, ...]]:
        """What vCenter itself finds wrong in the configuration of the clusters."""
        return self._read(Need.CLUSTER_ISSUES)  # type: ignore[return-value]

    @property
    def cluster_failover(self) -> Facets[ClusterFailover]:
        """Admission control and the capacity that it guards."""
        return self._read(Need.CLUSTER_FAILOVER)  # type: ignore[return-value]

    @property
    def cluster_alarm_actions(self) -> Facets[bool]:
        """Whether alarms on a cluster do what they are set to do."""
        return self._read(Need.CLUSTER_ALARM_ACTIONS)  # type: ignore[return-value]

    @property
    def alarms(self) -> tuple[TriggeredAlarm, ...] | Unseen:
        """The alarms that stand on vCenter and on objects in scope."""
        return self._read(Need.ALARMS)  # type: ignore[return-value]

    @property
    def hosts(self) -> tuple[Host, ...]:
        """Every host in scope."""
        return self._read(Need.HOSTS)  # type: ignore[return-value]

    @property
    def host_usage(self) -> Facets[HostUsage]:
        """CPU and memory of the hosts."""
        return self._read(Need.HOST_USAGE)  # type: ignore[return-value]

    @property
    def host_dns(self) -> Facets[tuple[str, ...]]:
        """The DNS servers that each host asks."""
        return self._read(Need.HOST_DNS)  # type: ignore[return-value]

    @property
    def host_fdm(self) -> Facets[HostFdm]:
        """The agents of vSphere HA; none on a host outside of such a cluster."""
        return self._read(Need.HOST_FDM)  # type: ignore[return-value]

    @property
    def host_size(self) -> Facets[HostSize]:
        """Cores and memory of the hosts."""
        return self._read(Need.HOST_SIZE)  # type: ignore[return-value]

    @property
    def host_numa(self) -> Facets[tuple[NumaNode, ...]]:
        """The NUMA nodes of the hosts."""
        return self._read(Need.HOST_NUMA)  # type: ignore[return-value]

    @property
    def host_alarm_actions(self) -> Facets[bool]:
        """Whether alarms on a host do what they are set to do."""
        return self._read(Need.HOST_ALARM_ACTIONS)  # type: ignore[return-value]

    @property
    def host_managers(self) -> Facets[HostManagers]:
        """The managers of each host that collectors ask; no check has use for them."""
        return self._read(Need.HOST_MANAGERS)  # type: ignore[return-value]

    @property
    def host_options(self) -> Facets[Mapping[str, str | int]]:
        """Advanced settings of the hosts: those of `Syslog.global.logHost`, the VAAI switches and the shell's."""
        return self._read(Need.HOST_OPTIONS)  # type: ignore[return-value]

    @property
    def host_clocks(self) -> Facets[HostClock]:
        """The clocks of the hosts, compared with the clock of this machine."""
        return self._read(Need.HOST_CLOCKS)  # type: ignore[return-value]

    @property
    def host_product(self) -> Facets[HostProduct]:
        """Version and build of the hosts."""
        return self._read(Need.HOST_PRODUCT)  # type: ignore[return-value]

    @property
    def host_mode(self) -> Facets[HostMode]:
        """Standby and quarantine of the hosts."""
        return self._read(Need.HOST_MODE)  # type: ignore[return-value]

    @property
    def host_hardware(self) -> Facets[tuple[HardwarePart, ...]]:
        """Sensors and parts of the hosts; an empty tuple for a host that has none to tell of."""
        return self._read(Need.HOST_HARDWARE)  # type: ignore[return-value]

    @property
    def host_services(self) -> Facets[Mapping[str, HostService]]:
        """Services of the hosts by key: `TSM` (the shell), `TSM-SSH`, `ntpd`, `ptpd` and others."""
        return self._read(Need.HOST_SERVICES)  # type: ignore[return-value]

    @property
    def host_time(self) -> Facets[HostTime]:
        """Where the hosts have their time from."""
        return self._read(Need.HOST_TIME)  # type: ignore[return-value]

    @property
    def host_lockdown(self) -> Facets[HostLockdown]:
        """Lockdown modes of the hosts."""
        return self._read(Need.HOST_LOCKDOWN)  # type: ignore[return-value]

    @property
    def appliance_access(self) -> ApplianceAccess:
        """Who gets into the appliance, and where its log goes."""
        return self._read(Need.APPLIANCE_ACCESS)  # type: ignore[return-value]

    @property
    def appliance_time(self) -> ApplianceTime:
        """How the appliance keeps its time."""
        return self._read(Need.APPLIANCE_TIME)  # type: ignore[return-value]

    @property
    def host_luns(self) -> Facets[tuple[Lun, ...]]:
        """The disks of the hosts, with their paths."""
        return self._read(Need.HOST_LUNS)  # type: ignore[return-value]

    @property
    def host_volumes(self) -> Facets[tuple[Volume, ...]]:
        """The file systems that the hosts have mounted."""
        return self._read(Need.HOST_VOLUMES)  # type: ignore[return-value]

    @property
    def host_network(self) -> Facets[HostNetwork]:
        """Switches, port groups and adapters of the hosts."""
        return self._read(Need.HOST_NETWORK)  # type: ignore[return-value]

    @property
    def datastores(self) -> tuple[Datastore, ...]:
        """Every datastore in scope."""
        return self._read(Need.DATASTORES)  # type: ignore[return-value]

    @property
    def datastore_alarm_actions(self) -> Facets[bool]:
        """Whether alarms on a datastore do what they are set to do."""
        return self._read(Need.DATASTORE_ALARM_ACTIONS)  # type: ignore[return-value]

    @property
    def datastore_mounts(self) -> Facets[tuple[HostMount, ...]]:
        """How the hosts mount each datastore, hosts out of scope included."""
        return self._read(Need.DATASTORE_MOUNTS)  # type: ignore[return-value]

    @property
    def port_groups(self) -> tuple[DistributedPortGroup, ...]:
        """Every distributed port group in scope."""
        return self._read(Need.PORT_GROUPS)  # type: ignore[return-value]

    @property
    def vms(self) -> tuple[VirtualMachine, ...]:
        """Every virtual machine in scope, templates and agents included."""
        return self._read(Need.VMS)  # type: ignore[return-value]

    @property
    def vm_memory(self) -> Facets[VmMemory]:
        """Ballooned and swapped memory of the VMs."""
        return self._read(Need.VM_MEMORY)  # type: ignore[return-value]

    @property
    def vm_snapshots(self) -> Facets[tuple[Snapshot, ...]]:
        """The snapshot trees of the VMs; an empty tuple for a VM without snapshots."""
        return self._read(Need.VM_SNAPSHOTS)  # type: ignore[return-value]

    @property
    def snapshot_sizes(self) -> Mapping[MoRef, int]:
        """Bytes that the snapshots of a VM take; a VM whose sizes could not be read is not in it."""
        return self._read(Need.SNAPSHOT_SIZES)  # type: ignore[return-value]

    @property
    def vm_disks(self) -> Facets[tuple[Disk, ...]]:
        """Virtual disks with their chains of files."""
        return self._read(Need.VM_DISKS)  # type: ignore[return-value]

    @property
    def vm_drives(self) -> Facets[tuple[RemovableDrive, ...]]:
        """CD and floppy drives."""
        return self._read(Need.VM_DRIVES)  # type: ignore[return-value]

    @property
    def vm_tools(self) -> Facets[VmTools]:
        """VMware Tools in the guests."""
        return self._read(Need.VM_TOOLS)  # type: ignore[return-value]

    @property
    def vm_consolidation(self) -> Facets[bool]:
        """Whether a VM's disks need consolidation."""
        return self._read(Need.VM_CONSOLIDATION)  # type: ignore[return-value]

    @property
    def vm_size(self) -> Facets[VmSize]:
        """Virtual CPUs and memory of the VMs."""
        return self._read(Need.VM_SIZE)  # type: ignore[return-value]

    @property
    def vm_topology(self) -> Facets[VmTopology]:
        """How the virtual CPUs are shown to the guests."""
        return self._read(Need.VM_TOPOLOGY)  # type: ignore[return-value]

    @property
    def vm_demand(self) -> Facets[VmDemand]:
        """What the VMs are promised and ask for."""
        return self._read(Need.VM_DEMAND)  # type: ignore[return-value]

    @property
    def vm_hardware_version(self) -> Facets[int]:
        """The version of the virtual hardware, 21 for `vmx-21`."""
        return self._read(Need.VM_HARDWARE_VERSION)  # type: ignore[return-value]

    @property
    def vm_cpu_ready(self) -> Facets[int]:
        """Per cent of the time in which a VM wanted to run and had to wait for a CPU of its host."""
        return self._read(Need.VM_CPU_READY)  # type: ignore[return-value]

    @property
    def vm_pressure(self) -> Facets[VmPressure]:
        """Memory that the hypervisor took back from the VMs, and what they are configured with."""
        return self._read(Need.VM_PRESSURE)  # type: ignore[return-value]

    @property
    def vm_guest_disks(self) -> Facets[tuple[GuestDisk, ...]]:
        """The file systems in the guests."""
        return self._read(Need.VM_GUEST_DISKS)  # type: ignore[return-value]

    @property
    def vm_identity(self) -> Facets[VmIdentity]:
        """UUIDs and MAC addresses."""
        return self._read(Need.VM_IDENTITY)  # type: ignore[return-value]

    @property
    def vm_question(self) -> Facets[tuple[Question, ...]]:
        """The question that a VM waits to have answered; an empty tuple for one that waits for none."""
        return self._read(Need.VM_QUESTION)  # type: ignore[return-value]
