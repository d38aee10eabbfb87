"""duplicate-identity: whether two virtual machines share a UUID or a MAC address."""

from collections import defaultdict
from collections.abc import Iterator

from vhealthd.checkapi import Inventory, Limits, Need, check
from vhealthd.model import (
    Category,
    Examined,
    Finding,
    Message,
    NotExamined,
    Severity,
    Unseen,
    Verdict,
    VirtualMachine,
    VmIdentity,
)

SHARED = {
    "mac": Message("duplicate-identity.mac", "The MAC address {value} is also that of {others}"),
    "bios-uuid": Message("duplicate-identity.bios-uuid", "The BIOS UUID {value} is also that of {others}"),
    "instance-uuid": Message("duplicate-identity.instance-uuid", "The instance UUID {value} is also that of {others}"),
}
MORE = Message("duplicate-identity.more", "{names} and {more} more")
_NAMED = 3


@check(
    title="Duplicate identity",
    category=Category.VM,
    needs={Need.VMS, Need.VM_IDENTITY},
    maximum=Severity.WARNING,
    opt_in=True,
    what="Whether virtual machines of this vCenter share a MAC address, a BIOS UUID or an instance UUID. It warns "
    "where at least two of them run, and is info otherwise.",
    why="Two machines with one MAC address on one network lose packets to each other, at random. Backup, licensing "
    "and Kubernetes tell machines apart by their UUIDs, and take two for one: they restore, count or delete the "
    "wrong one. Most such twins are copies of files that were answered with 'I moved it'.",
    fix="Power the copy off. For a MAC address remove the network adapter and add a new one; for a UUID, register the "
    "copy again and answer that it was copied. Clone machines with vCenter, which gives new identities.",
    blind_spots="Machines of other vCenters and physical ones are not compared. One MAC address on networks that never "
    "meet does no harm, and is reported all the same. Addresses that a guest sets itself are not seen.",
)
def duplicate_identity(inventory: Inventory, limits: Limits) -> Iterator[Verdict]:  # noqa: ARG001 - every check takes limits
    """Gather who bears which identity, then judge those with several bearers."""
    bearers: defaultdict[tuple[str, str], list[VirtualMachine]] = defaultdict(list)
    for vm in inventory.vms:
        if not vm.is_workload:
            continue
        identity = inventory.vm_identity[vm.ref]
        if isinstance(identity, Unseen):
            yield NotExamined(vm, identity)
            continue
        if identity.fault_tolerance_copy:
            continue  # it shares everything with its primary, on purpose
        yield Examined(vm)
        for mark in _marks(identity):
            bearers[mark].append(vm)
    for (kind, value), vms in bearers.items():
        yield from _judge(kind, value, vms)


def _marks(identity: VmIdentity) -> Iterator[tuple[str, str]]:
    """Yield what should be unique, each once."""
    for mac in dict.fromkeys(identity.macs):
        yield "mac", mac
    if identity.bios_uuid:
        yield "bios-uuid", identity.bios_uuid
    if identity.instance_uuid:
        yield "instance-uuid", identity.instance_uuid


def _judge(kind: str, value: str, vms: list[VirtualMachine]) -> Iterator[Finding]:
    running = sum(vm.powered_on for vm in vms)
    severity = Severity.WARNING if running > 1 else Severity.INFO
    for vm in vms if len(vms) > 1 else ():
        names = sorted(other.name for other in vms if other is not vm)
        others = ", ".join(names[:_NAMED])
        some = MORE(names=others, more=len(names) - _NAMED) if len(names) > _NAMED else others
        text = SHARED[kind](value=value, others=some, bearers=len(vms), running=running)
        yield Finding(severity, vm, text, f"{kind} {value}" if kind == "mac" else kind)
