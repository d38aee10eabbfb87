"""What a finding can be about: the objects of the inventory, with what is always known of them."""

from dataclasses import dataclass


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

    @property
    def within_reach(self) -> bool:
        """Whether vCenter sees it as it is now; otherwise it remembers how it last was."""
        return True

    @property
    def moref(self) -> str | None:
        """What names it within its vCenter for life; None for vCenter itself, which has no such name."""
        return self.ref.value


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualCenter(Entity):
    """The vCenter itself: `ref.value` is its instanceUuid, or empty while that is not known."""

    version: str | None = None

    @property
    def moref(self) -> None:
        """As any entity has it."""


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

    @property
    def within_reach(self) -> bool:
        """As any entity has it."""
        return self.connected


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
    def within_reach(self) -> bool:
        """As any entity has it."""
        return self.connection_state == "connected"

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
    def within_reach(self) -> bool:
        """As any entity has it."""
        return self.accessible

    @property
    def used_percent(self) -> float | None:
        """Used share of the capacity; None where the capacity is not known."""
        return None if self.capacity <= 0 else 100 * (self.capacity - self.free) / self.capacity
