"""Facets of virtual machines."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from vhealthd.model.entities import MoRef


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
