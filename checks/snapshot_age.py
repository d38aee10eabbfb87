"""snapshot-age: whether snapshots were left behind."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from vhealthd.checkapi import Days, Field, Inventory, Limits, Minutes, Need, check, exceeded
from vhealthd.model import (
    Category,
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

OLD = Message(
    "snapshot-age.old",
    'The oldest snapshot, "{snapshot}", is {age_days:days} old; the limit is {threshold_days:days}. Snapshots of this '
    "virtual machine: {snapshots}",
)
OLD_AND_LARGE = Message("snapshot-age.old-and-large", OLD.english + ", taking {size_bytes:bytes}")
FUTURE = Message(
    "snapshot-age.future",
    'The snapshot "{snapshot}" was taken at {created:time}, which is still to come: look at the clocks of vCenter and '
    "of the hosts",
)

DAY = timedelta(days=1)


class Exemption(Limits):
    """Snapshots that are left alone for a while, such as those of a backup program."""

    name: re.Pattern[str] = Field(description="Regular expression, searched for in the name of the snapshot")
    grace_days: Days = Field(description="Up to this age the snapshot is not judged; then the limits hold for it too")


class SnapshotAgeLimits(Limits):
    """When a snapshot is old."""

    warning_days: Days = Field(7, description="The oldest snapshot of the virtual machine is older")
    critical_days: Days = Field(30, description="The oldest snapshot of the virtual machine is older")
    info_future_minutes: Minutes = Field(5, description="A snapshot was taken later than this after the present time")
    exempt: tuple[Exemption, ...] = Field((), description="Snapshots that are not judged until they reach some age")


@check(
    title="Snapshot age",
    category=Category.VM,
    needs={Need.VMS, Need.VM_SNAPSHOTS, Need.SNAPSHOT_SIZES},
    limits=SnapshotAgeLimits,
    what="The age of the oldest snapshot of each virtual machine.",
    why="A snapshot grows with every write until it fills the datastore, slows the machine down, and takes the longer "
    "to delete the older it is. Broadcom advises to keep none for more than 72 hours.",
    fix="Ask the owner, then delete the snapshot outside of business hours: merging it costs I/O. A snapshot is not a "
    "backup. Where a backup program left it behind, see whether its jobs end as they should.",
    blind_spots="Snapshots that an array takes, and disks that still stand on deltas after their snapshot was deleted, "
    "are not seen here; snapshot-chain sees the latter. Sizes are shown and not judged.",
    kb="318825",
)
def snapshot_age(inventory: Inventory, limits: SnapshotAgeLimits) -> Iterator[Verdict]:
    """Judge the oldest snapshot of each virtual machine."""
    for vm in inventory.vms:
        if not vm.is_workload:
            continue
        roots = inventory.vm_snapshots[vm.ref]
        if isinstance(roots, Unseen):
            yield NotExamined(vm, roots)
            continue
        yield Examined(vm)
        mine = limits.for_object(vm)
        snapshots = [snapshot for root in roots for snapshot in root.walk()]
        if old := _old(snapshots, inventory.now, mine, inventory.snapshot_sizes.get(vm.ref)):
            yield Finding(old[0], vm, old[1])
        latest = max(snapshots, key=_created, default=None)
        if latest and latest.created - inventory.now > timedelta(minutes=mine.info_future_minutes):
            yield Finding(Severity.INFO, vm, FUTURE(snapshot=latest.name, created=latest.created), "future")


def _old(
    snapshots: list[Snapshot], now: datetime, limits: SnapshotAgeLimits, size: int | None
) -> tuple[Severity, Text] | None:
    judged = [snapshot for snapshot in snapshots if not _exempt(snapshot, now, limits)]
    if not judged:
        return None
    oldest = min(judged, key=_created)
    age = (now - oldest.created) / DAY
    graded = exceeded(age, warning=limits.warning_days, critical=limits.critical_days)
    if graded is None:
        return None
    return graded[0], (OLD if size is None else OLD_AND_LARGE)(
        snapshot=oldest.name,
        age_days=age,
        threshold_days=graded[1],
        snapshots=len(snapshots),
        size_bytes=size,
    )


def _exempt(snapshot: Snapshot, now: datetime, limits: SnapshotAgeLimits) -> bool:
    age = (now - snapshot.created) / DAY
    return any(rule.name.search(snapshot.name) and age <= rule.grace_days for rule in limits.exempt)


def _created(snapshot: Snapshot) -> datetime:
    return snapshot.created
