"""How large hosts and virtual machines are, how their CPUs and memory lie, and what the machines need."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSize:
    """Processor cores (not threads) and memory in bytes of one host; None where vCenter does not say."""

    cores: int | None
    memory: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumaNode:
    """One NUMA node of a host: its cores (not threads) and its memory in bytes."""

    cores: int
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VmSize:
    """Virtual CPUs and configured memory (bytes) of one virtual machine."""

    cpus: int
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VmTopology:
    """How the virtual CPUs of one machine are shown to its guest; None where vCenter does not say."""

    cpu_hot_add: bool | None
    vnuma_with_hot_add: bool | None  # whether the guest sees NUMA nodes although CPUs can be added
    cores_per_socket: int | None
    sockets_by_hand: bool  # an administrator has chosen `cores_per_socket`
    cores_per_node: int | None  # of a virtual NUMA node, where an administrator has chosen it


@dataclass(frozen=True, slots=True, kw_only=True)
class VmDemand:
    """What one machine is promised and what it asks for now: MHz and bytes; None where vCenter does not say."""

    cpu_reservation: int | None
    cpu_demand: int | None
    memory_reservation: int | None
    memory_demand: int | None
