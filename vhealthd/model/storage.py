"""Storage as hosts see it: LUNs and their paths, mounted volumes; and who mounts a datastore."""

from dataclasses import dataclass

from vhealthd.model.entities import MoRef


@dataclass(frozen=True, slots=True)
class StoragePath:
    """One way to a LUN. `name` is kept only of a path that does not work: a large estate has 100,000 that do."""

    adapter: str  # vmhba64
    state: str  # active | standby | disabled | dead | unknown
    name: str | None = None

    @property
    def working(self) -> bool:
        """Whether it can carry I/O: a standby path (ALUA) is ready to."""
        return self.state in {"active", "standby"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lun:
    """A disk device as one host sees it. `local` is whether it is the host's own, as far as that can be known.

    `states` are the device's own, `vaai` is what vCenter says of its hardware acceleration as a whole.
    """

    canonical_name: str  # naa.6000...
    local: bool
    states: tuple[str, ...]  # ok | degraded | error | off | quiesced | lostCommunication | timeout | unknownState
    vaai: str | None  # vStorageSupported | vStorageUnsupported | vStorageUnknown
    paths: tuple[StoragePath, ...]

    @property
    def detached(self) -> bool:
        """Whether somebody took the device off the host on purpose."""
        return "off" in self.states


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A file system that a host has mounted. `major_version` is that of VMFS."""

    name: str
    type: str  # VMFS | NFS | NFS41 | vsan | VVOL ...
    major_version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostMount:
    """How one host mounts a datastore; None where vCenter does not say."""

    host: MoRef
    mounted: bool | None
    accessible: bool | None
    inaccessible_reason: str | None  # AllPathsDown_Start | AllPathsDown_Timeout | PermanentDeviceLoss
