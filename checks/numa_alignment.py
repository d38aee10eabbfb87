"""numa-alignment: whether virtual machines fit the NUMA nodes of their hosts."""

from collections.abc import Iterator

from vhealthd.checkapi import Count, Field, Inventory, Limits, Need, check
from vhealthd.model import (
    Category,
    Examined,
    Finding,
    Host,
    Message,
    MoRef,
    NotExamined,
    NumaNode,
    Outcome,
    Severity,
    Unseen,
    Verdict,
    VirtualMachine,
    VmSize,
    VmTopology,
)

HIDDEN = Message(
    "numa-alignment.hidden",
    "CPU hot-add hides the NUMA nodes from the guest: {cpus} virtual CPUs, and a node of the host has {node_cores} "
    "cores; above {threshold_cpus} virtual CPUs, or above one node, the guest should see them",
)
MEMORY = Message(
    "numa-alignment.memory",
    "The memory does not fit into one NUMA node: {memory:bytes} are configured, a node of the host has "
    "{node_memory:bytes}",
)
ODD = Message(
    "numa-alignment.odd",
    "{cpus} virtual CPUs cannot be spread evenly over the {nodes} NUMA nodes that they need (a node of the host has "
    "{node_cores} cores)",
)
SOCKETS = Message(
    "numa-alignment.sockets",
    "{cores_per_socket} cores per socket, set by hand, do not divide the {share} virtual CPUs of each NUMA node "
    "({cpus} virtual CPUs over {nodes} nodes)",
)
NODES = Message(
    "numa-alignment.nodes",
    "{cores_per_node} cores per virtual NUMA node, set by hand, do not match the host, whose nodes have {node_cores} "
    "cores ({cpus} virtual CPUs)",
)
ONE_NODE = Message("numa-alignment.one-node", "the host has one NUMA node, which every virtual machine fits")
NO_CORES = Message("numa-alignment.no-cores", "vCenter does not say how many cores its NUMA nodes have")
NOT_CONNECTED = Message("numa-alignment.not-connected", "the host is not connected ({connection_state})")


class NumaAlignmentLimits(Limits):
    """What counts as a wide machine, and which of the rules apply."""

    warning_cpus: Count = Field(
        8, description="A machine with more virtual CPUs should see NUMA nodes: it may be moved to smaller ones"
    )
    memory: bool = Field(default=True, description="Judge whether the memory fits into one node")
    even_split: bool = Field(
        default=True, description="Report virtual CPUs, sockets and nodes that do not divide evenly"
    )


@check(
    title="NUMA alignment",
    category=Category.COMPUTE,
    maximum=Severity.WARNING,
    needs={Need.HOSTS, Need.HOST_NUMA, Need.VMS, Need.VM_SIZE, Need.VM_TOPOLOGY},
    limits=NumaAlignmentLimits,
    what="Whether running virtual machines fit into one NUMA node of their host, and whether those that are too wide "
    "show the nodes to their guest and divide evenly over them.",
    why="A processor reaches the memory of another node more slowly. A guest that sees the nodes keeps its work near "
    "its memory; with CPU hot-add it sees none and spreads over all of them.",
    fix="Give the machine a size that fits into one NUMA node, or switch CPU hot-add off while it is powered off, so "
    "that its guest sees the nodes (from hardware version 20 on both are possible). Leave cores per socket to vSphere.",
    blind_spots="The host is the one that the machine runs on now; others of its cluster may have smaller nodes. "
    "Advanced settings of single machines (numa.*) are not seen, nor where their memory really lies.",
    kb="2040375",
)
def numa_alignment(inventory: Inventory, limits: NumaAlignmentLimits) -> Iterator[Verdict]:
    """Judge each running machine against the largest node of its host."""
    nodes: dict[MoRef, NumaNode] = {}
    for host in inventory.hosts:
        node = _largest(host, inventory.host_numa[host.ref])
        if isinstance(node, Unseen):
            yield NotExamined(host, node)
        else:
            nodes[host.ref] = node
    for vm in inventory.vms:
        if not vm.powered_on or not vm.is_workload or vm.host not in nodes:
            continue
        size, topology = inventory.vm_size[vm.ref], inventory.vm_topology[vm.ref]
        if isinstance(size, Unseen) or isinstance(topology, Unseen):
            yield NotExamined(vm, size if isinstance(size, Unseen) else topology)  # type: ignore[arg-type]
            continue
        yield Examined(vm)
        yield from _judge(vm, size, topology, nodes[vm.host], limits.for_object(vm))


def _largest(host: Host, nodes: tuple[NumaNode, ...] | Unseen) -> NumaNode | Unseen:
    """Return cores and memory of the largest node; two nodes of one host hardly ever differ."""
    if not host.connected:
        return Unseen(NOT_CONNECTED(connection_state=host.connection_state))
    if isinstance(nodes, Unseen):
        return nodes
    if len(nodes) < 2:  # noqa: PLR2004 - with one node nothing can be split
        return Unseen(ONE_NODE(), Outcome.SKIPPED)
    largest = NumaNode(cores=max(one.cores for one in nodes), memory=max(one.memory for one in nodes))
    return largest if largest.cores else Unseen(NO_CORES())


def _judge(
    vm: VirtualMachine, size: VmSize, topology: VmTopology, node: NumaNode, limits: NumaAlignmentLimits
) -> Iterator[Verdict]:
    wide = size.cpus > node.cores
    if (wide or size.cpus > limits.warning_cpus) and topology.cpu_hot_add and not topology.vnuma_with_hot_add:
        text = HIDDEN(cpus=size.cpus, node_cores=node.cores, threshold_cpus=limits.warning_cpus)
        yield Finding(Severity.WARNING, vm, text, "hot-add")
    if limits.memory and node.memory and size.memory > node.memory:
        yield Finding(Severity.WARNING, vm, MEMORY(memory=size.memory, node_memory=node.memory), "memory")
    if limits.even_split and wide:
        yield from _split(vm, size.cpus, topology, node.cores)


def _split(vm: VirtualMachine, cpus: int, topology: VmTopology, cores: int) -> Iterator[Finding]:
    """Look for what does not divide evenly; the first reason is told, the others follow from it."""
    nodes = -(-cpus // cores)
    share, by_hand = cpus // nodes, topology.cores_per_socket if topology.sockets_by_hand else None
    chosen = topology.cores_per_node
    if cpus % nodes:
        yield Finding(Severity.INFO, vm, ODD(cpus=cpus, nodes=nodes, node_cores=cores), "split")
    elif chosen and (chosen > cores or cpus % chosen):
        yield Finding(Severity.INFO, vm, NODES(cores_per_node=chosen, node_cores=cores, cpus=cpus), "split")
    elif by_hand and share % by_hand:
        text = SOCKETS(cores_per_socket=by_hand, share=share, cpus=cpus, nodes=nodes)
        yield Finding(Severity.INFO, vm, text, "split")
