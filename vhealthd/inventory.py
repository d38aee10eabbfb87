"""What a check may read: the parts of a vCenter's inventory that it declared, and nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vhealthd.errors import UndeclaredNeedError
from vhealthd.model import (
    Datastore,
    Disk,
    Entity,
    Facets,
    Host,
    HostUsage,
    MoRef,
    Names,
    Reachability,
    RemovableDrive,
    Service,
    Snapshot,
    Unseen,
    VirtualCenter,
    VirtualMachine,
    VmMemory,
    VmTools,
)


class Need(StrEnum):
    """A part of the inventory. Each is read once in a scan, and only if a selected check declares it."""

    REACHABILITY = "reachability"
    NAMES = "names"
    SERVICES = "services"
    CLUSTERS = "clusters"
    HOSTS = "hosts"
    HOST_USAGE = "host_usage"
    HOST_DNS = "host_dns"
    DATASTORES = "datastores"
    VMS = "vms"
    VM_MEMORY = "vm_memory"
    VM_SNAPSHOTS = "vm_snapshots"
    SNAPSHOT_SIZES = "snapshot_sizes"
    VM_DISKS = "vm_disks"
    VM_DRIVES = "vm_drives"
    VM_TOOLS = "vm_tools"
    VM_CONSOLIDATION = "vm_consolidation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """One vCenter at one moment. Reading a part that was not declared raises UndeclaredNeedError.

    `now` is vCenter's own time at the start of the scan.
    """

    now: datetime
    vcenter: VirtualCenter
    parts: Mapping[Need, object]

    def only(self, needs: Iterable[Need]) -> "Inventory":
        """Return the same inventory, cut down to what a check declared."""
        return Inventory(now=self.now, vcenter=self.vcenter, parts={need: self.parts[need] for need in needs})

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
    def clusters(self) -> tuple[Entity, ...]:
        """Every cluster in scope."""
        return self._read(Need.CLUSTERS)  # type: ignore[return-value]

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
    def datastores(self) -> tuple[Datastore, ...]:
        """Every datastore in scope."""
        return self._read(Need.DATASTORES)  # type: ignore[return-value]

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
