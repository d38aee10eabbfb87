"""How large hosts and virtual machines are, and how their CPUs and memory lie."""

from typing import Any

from vhealthd.inventory import Need
from vhealthd.model import HostSize, NumaNode, VmDemand, VmSize, VmTopology
from vhealthd.vcenter.records.facet import MB, Facet, Props
from vhealthd.vcenter.wire import dig, each

_STATS = "summary.quickStats"


def _host_size(props: Props) -> HostSize:
    return HostSize(cores=props.get("summary.hardware.numCpuCores"), memory=props.get("summary.hardware.memorySize"))


def _host_numa(props: Props) -> tuple[NumaNode, ...] | None:
    numa, cpu = props.get("hardware.numaInfo"), props.get("hardware.cpuInfo")
    cores, threads = dig(cpu, "numCpuCores"), dig(cpu, "numCpuThreads")
    if numa is None or not cores or not threads:
        return None
    return tuple(_numa_node(one, cores, threads) for one in each(numa, "numaNode"))


def _numa_node(node: dict[str, Any], cores: int, threads: int) -> NumaNode:
    """Count the cores of a node, which lists its threads."""
    memory = node.get("memorySize") or node.get("memoryRangeLength") or 0
    return NumaNode(cores=len(node.get("cpuID") or ()) * cores // threads, memory=memory)


def _vm_size(props: Props) -> VmSize | None:
    cpus, memory = props.get("config.hardware.numCPU"), props.get("config.hardware.memoryMB")
    return None if cpus is None or memory is None else VmSize(cpus=cpus, memory=memory * MB)


def _vm_topology(props: Props) -> VmTopology | None:
    if props.get("config.hardware.numCPU") is None:
        return None
    numa = props.get("config.numaInfo")
    by_hand = dig(numa, "autoCoresPerNumaNode") is False
    return VmTopology(
        cpu_hot_add=props.get("config.cpuHotAddEnabled"),
        vnuma_with_hot_add=dig(numa, "vnumaOnCpuHotaddExposed"),
        cores_per_socket=props.get("config.hardware.numCoresPerSocket"),
        sockets_by_hand=props.get("config.hardware.autoCoresPerSocket") is False,
        cores_per_node=dig(numa, "coresPerNumaNode") if by_hand else None,
    )


def _vm_demand(props: Props) -> VmDemand | None:
    cpu, usage = props.get(f"{_STATS}.overallCpuDemand"), props.get(f"{_STATS}.overallCpuUsage")
    memory, reserved = props.get(f"{_STATS}.hostMemoryUsage"), props.get("config.memoryAllocation.reservation")
    demand = VmDemand(
        cpu_reservation=props.get("config.cpuAllocation.reservation"),
        cpu_demand=usage if cpu is None else cpu,
        memory_reservation=None if reserved is None else reserved * MB,
        memory_demand=None if memory is None else memory * MB,
    )
    return None if demand == _NOTHING else demand


_NOTHING = VmDemand(cpu_reservation=None, cpu_demand=None, memory_reservation=None, memory_demand=None)

COMPUTE_FACETS = (
    Facet(Need.HOST_SIZE, "HostSystem", ("summary.hardware.numCpuCores", "summary.hardware.memorySize"), _host_size),
    Facet(Need.HOST_NUMA, "HostSystem", ("hardware.numaInfo", "hardware.cpuInfo"), _host_numa),
    Facet(Need.VM_SIZE, "VirtualMachine", ("config.hardware.numCPU", "config.hardware.memoryMB"), _vm_size),
    Facet(
        Need.VM_TOPOLOGY,
        "VirtualMachine",
        (
            "config.hardware.numCPU",
            "config.hardware.numCoresPerSocket",
            "config.hardware.autoCoresPerSocket",
            "config.cpuHotAddEnabled",
            "config.numaInfo",
        ),
        _vm_topology,
    ),
    Facet(
        Need.VM_DEMAND,
        "VirtualMachine",
        (
            "config.cpuAllocation.reservation",
            "config.memoryAllocation.reservation",
            f"{_STATS}.overallCpuDemand",
            f"{_STATS}.overallCpuUsage",
            f"{_STATS}.hostMemoryUsage",
        ),
        _vm_demand,
    ),
)
