"""snapshot-chain: on how many snapshots and delta disks a virtual machine stands."""

from collections.abc import Iterator

from vhealthd.checkapi import Count, Field, Inventory, Limits, Need, check, exceeded
from vhealthd.model import (
    Category,
    Disk,
    Examined,
    Finding,
    Message,
    NotExamined,
    Severity,
    Snapshot,
    Text,
    Unseen,
    Verdict,
)

TREE = Message(
    "snapshot-chain.tree",
    "Snapshots that stand upon one another: {tree_depth}; the limit is {threshold_snapshots}, and ESXi supports 32",
)
DISK = Message(
    "snapshot-chain.disk",
    "Delta disks under {disk}: {chain_length}; the limit is {threshold_snapshots}, and ESXi supports 32",
)
HIDDEN = Message(
    "snapshot-chain.hidden",
    DISK.english
    + ". The snapshots show only {tree_depth} of them: the others were left behind, by a backup job perhaps",
)


class SnapshotChainLimits(Limits):
    """How long a chain may be."""

    warning_snapshots: Count = Field(5, le=32, description="More snapshots or delta disks stand upon one another")
    critical_snapshots: Count = Field(15, le=32, description="More snapshots or delta disks stand upon one another")


@check(
    title="Snapshot chain",
    category=Category.VM,
    needs={Need.VMS, Need.VM_SNAPSHOTS, Need.VM_DISKS},
    limits=SnapshotChainLimits,
    what="How many snapshots of a virtual machine stand upon one another, and how many delta disks its disks stand on. "
    "The two should agree; delta disks that no snapshot shows are named.",
    why="Each link slows down reading. At 32 no further snapshot can be taken, so that backups fail, and a damaged "
    "link costs everything above it. Broadcom advises to keep two or three.",
    fix="Delete all snapshots of the machine, which merges the chain; take and delete one more if delta disks stay "
    "behind. Then see whether a backup job still holds or leaves deltas.",
    blind_spots="The disks of linked clones stand on files of another machine on purpose and are left out; so are "
    "disks whose snapshots were directed to another folder. How large the links are is not judged.",
    kb="318825",
)
def snapshot_chain(inventory: Inventory, limits: SnapshotChainLimits) -> Iterator[Verdict]:
    """Judge the longer of the snapshot tree and the chains of disk files."""
    for vm in inventory.vms:
        if not vm.is_workload:
            continue
        roots, disks = inventory.vm_snapshots[vm.ref], inventory.vm_disks[vm.ref]
        if isinstance(roots, Unseen) and isinstance(disks, Unseen):
            yield NotExamined(vm, roots)
            continue
        yield Examined(vm)
        if isinstance(roots, Unseen):
            yield NotExamined(vm, roots, rule="snapshots", hides_all=True)
        if isinstance(disks, Unseen):
            yield NotExamined(vm, disks, rule="disks", hides_all=True)
        depth = None if isinstance(roots, Unseen) else _depth(roots)
        chain = None if isinstance(disks, Unseen) else _longest(disks)
        if verdict := _judge(depth, chain, limits.for_object(vm)):
            yield Finding(verdict[0], vm, verdict[1])


def _depth(roots: tuple[Snapshot, ...]) -> int:
    return max((root.depth for root in roots), default=0)


def _longest(disks: tuple[Disk, ...]) -> Disk | None:
    return max((disk for disk in disks if _own(disk)), key=_deltas, default=None)


def _judge(depth: int | None, disk: Disk | None, limits: SnapshotChainLimits) -> tuple[Severity, Text] | None:
    deltas = None if disk is None else _deltas(disk)
    longest = max(depth or 0, deltas or 0)
    graded = exceeded(longest, warning=limits.warning_snapshots, critical=limits.critical_snapshots)
    if graded is None:
        return None
    message = TREE
    if deltas is not None and (depth is None or deltas > depth):
        message = DISK if depth is None else HIDDEN
    label = None if disk is None else disk.label
    return graded[0], message(tree_depth=depth, chain_length=deltas, disk=label, threshold_snapshots=graded[1])


def _deltas(disk: Disk) -> int:
    return len(disk.files) - 1


def _own(disk: Disk) -> bool:
    """Whether the disk stands on files of one folder alone: that of a linked clone stands on another machine's too."""
    return len({_folder(file) for file in disk.files}) == 1


def _folder(file: str) -> str:
    """Return `[ds] vm` of `[ds] vm/vm.vmdk`; a file at the top of its datastore lies in `[ds]`."""
    return file.rpartition("/")[0] or file.partition("]")[0]
