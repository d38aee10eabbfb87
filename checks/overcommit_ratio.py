"""overcommit-ratio: whether more CPU and memory is promised in a cluster than its hosts can give."""

from collections import defaultdict
from collections.abc import Iterator

from vhealthd.checkapi import Field, Inventory, Limits, Need, check, exceeded
from vhealthd.model import (
    Category,
    Entity,
    Examined,
    Finding,
    Host,
    HostSize,
    Message,
    MoRef,
    NotExamined,
    Text,
    Unseen,
    Verdict,
    VirtualMachine,
    VmSize,
)

_CPUS = "{ratio:ratio} virtual CPUs run on each core ({promised} on {capacity}); the limit is {threshold_ratio:g}"
_MEMORY = (
    "Running machines are configured with {ratio:ratio} times the memory that there is ({promised:bytes} of "
    "{capacity:bytes}); the limit is {threshold_ratio:g}"
)
_REST = ". Without the largest host it is {n_minus_one_ratio:ratio}"
# The second of each is for clusters that one host could fail in.
TOO_MANY_CPUS = Message("overcommit-ratio.cpu", _CPUS), Message("overcommit-ratio.cpu-n-1", _CPUS + _REST)
TOO_MUCH_MEMORY = Message("overcommit-ratio.memory", _MEMORY), Message("overcommit-ratio.memory-n-1", _MEMORY + _REST)
NO_FIGURES = Message("overcommit-ratio.no-figures", "vCenter does not say how many cores and how much memory it has")
NOT_CONNECTED = Message("overcommit-ratio.not-connected", "the host is not connected ({connection_state})")
NO_HOSTS = Message("overcommit-ratio.no-hosts", "none of its hosts is connected, out of maintenance and measured")


class OvercommitRatioLimits(Limits):
    """When too much is promised."""

    warning_cpu_ratio: float = Field(4, ge=0, description="More virtual CPUs run on each core of the cluster")
    critical_cpu_ratio: float = Field(8, ge=0, description="More virtual CPUs run on each core of the cluster")
    warning_memory_ratio: float = Field(1, ge=0, description="More memory is configured than the hosts have")
    critical_memory_ratio: float = Field(1.5, ge=0, description="More memory is configured than the hosts have")


@check(
    title="Overcommitment",
    category=Category.COMPUTE,
    needs={Need.CLUSTERS, Need.HOSTS, Need.HOST_SIZE, Need.VMS, Need.VM_SIZE},
    limits=OvercommitRatioLimits,
    what="In each cluster, the virtual CPUs of running machines for each core, and their configured memory against "
    "that of the hosts. Cores are counted, not threads; hosts in maintenance mode do not count, machines on them do. A "
    "finding also says what the ratio is without the largest host.",
    why="More virtual CPUs than cores work well while most are idle; then machines wait for each other. Memory "
    "promised twice is taken back by ballooning and swapping as soon as guests ask for it.",
    fix="Give machines the size of their work, beginning with idle virtual CPUs, or add hosts. Watch the CPU ready "
    "time of the busiest machines: above 5 % they wait.",
    blind_spots="How busy the machines are is judged by cpu-utilization and memory-utilization. Machines that are "
    "powered off do not count, though somebody may start them; nor do hosts that are not connected, nor what runs on "
    "them. Hosts outside of clusters are not judged.",
)
def overcommit_ratio(inventory: Inventory, limits: OvercommitRatioLimits) -> Iterator[Verdict]:
    """Judge each cluster by its working hosts and by all that runs on connected ones."""
    working: defaultdict[MoRef, list[HostSize]] = defaultdict(list)
    running: defaultdict[MoRef, list[VirtualMachine]] = defaultdict(list)
    for vm in inventory.vms:
        if vm.powered_on and vm.host:
            running[vm.host].append(vm)
    promises: defaultdict[MoRef, list[VmSize]] = defaultdict(list)
    for host, cluster in ((host, host.cluster) for host in inventory.hosts if host.cluster):
        size = _capacity(host, inventory.host_size[host.ref])
        if isinstance(size, Unseen):
            yield NotExamined(host, size)
        elif not host.in_maintenance_mode:
            working[cluster.ref].append(size)
        for vm in running[host.ref] if host.connected else ():
            yield from _add(vm, inventory.vm_size[vm.ref], promises[cluster.ref])
    populated = {host.cluster.ref for host in inventory.hosts if host.cluster}
    for cluster in inventory.clusters:
        if working[cluster.ref]:
            yield from _judge(cluster, working[cluster.ref], promises[cluster.ref], limits.for_object(cluster))
        elif cluster.ref in populated:
            yield NotExamined(cluster, Unseen(NO_HOSTS(), derived=True))


def _add(vm: VirtualMachine, size: VmSize | Unseen, promises: list[VmSize]) -> Iterator[Verdict]:
    if isinstance(size, Unseen):
        yield NotExamined(vm, size, rule="size")
    else:
        promises.append(size)


def _capacity(host: Host, size: HostSize | Unseen) -> HostSize | Unseen:
    if not host.connected:
        return Unseen(NOT_CONNECTED(connection_state=host.connection_state))
    if isinstance(size, Unseen):
        return size
    return size if size.cores and size.memory else Unseen(NO_FIGURES())


def _judge(
    cluster: Entity, hosts: list[HostSize], vms: list[VmSize], limits: OvercommitRatioLimits
) -> Iterator[Verdict]:
    yield Examined(cluster)
    cores, cpus = [host.cores for host in hosts if host.cores], sum(vm.cpus for vm in vms)
    if graded := exceeded(cpus / sum(cores), warning=limits.warning_cpu_ratio, critical=limits.critical_cpu_ratio):
        yield Finding(graded[0], cluster, _text(TOO_MANY_CPUS, cpus, cores, graded[1]), "cpu")
    sizes, memory = [host.memory for host in hosts if host.memory], sum(vm.memory for vm in vms)
    ratio = memory / sum(sizes)
    if graded := exceeded(ratio, warning=limits.warning_memory_ratio, critical=limits.critical_memory_ratio):
        yield Finding(graded[0], cluster, _text(TOO_MUCH_MEMORY, memory, sizes, graded[1]), "memory")


def _text(messages: tuple[Message, Message], promised: int, hosts: list[int], threshold: float) -> Text:
    """Say what is promised and of what, and, where one host could fail, the ratio without the largest."""
    capacity, rest = sum(hosts), sum(hosts) - max(hosts)
    return messages[bool(rest)](
        ratio=promised / capacity,
        promised=promised,
        capacity=capacity,
        threshold_ratio=threshold,
        n_minus_one_ratio=promised / rest if rest else None,
    )
