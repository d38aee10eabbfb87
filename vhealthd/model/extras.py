"""Facets of virtual machines that only the opt-in checks read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class VmPressure:
    """The memory of one VM, in bytes: what it is configured with, and what the hypervisor took back from it.

    `configured` is None where vCenter does not say.
    """

    configured: int | None
    ballooned: int
    swapped: int
    compressed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestDisk:
    """A file system as VMware Tools in the guest report it; sizes in bytes."""

    path: str  # "/var" or "C:\\"
    capacity: int
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VmIdentity:
    """By what a VM is known to others. `fault_tolerance_copy` is the second half of a fault tolerant pair."""

    bios_uuid: str | None
    instance_uuid: str | None
    macs: tuple[str, ...]  # lower case, in the order of the adapters
    fault_tolerance_copy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a VM wants to know before it goes on."""

    text: str
