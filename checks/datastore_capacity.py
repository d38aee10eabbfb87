"""datastore-capacity: whether each datastore has space left."""

from collections.abc import Iterator

from vhealthd.checkapi import Field, Inventory, Limits, Need, Percent, check, exceeded
from vhealthd.model import (
    Category,
    Datastore,
    Examined,
    Finding,
    Message,
    NotExamined,
    Severity,
    Text,
    Unseen,
    Verdict,
)

GB = 2**30

FULL = Message(
    "datastore-capacity.full",
    "{used_percent:percent} of the datastore is used ({free_bytes:bytes} of {capacity_bytes:bytes} are free); "
    "the limit is {threshold_percent:limit}",
)
SCARCE = Message(
    "datastore-capacity.scarce",
    "Only {free_bytes:bytes} of {capacity_bytes:bytes} are free ({used_percent:percent} is used); a datastore of this "
    "size needs {threshold_bytes:bytes}",
)
PROVISIONED = Message(
    "datastore-capacity.provisioned",
    "{provisioned_percent:percent} of the datastore is promised to virtual machines ({provisioned_bytes:bytes} of "
    "{capacity_bytes:bytes}); the limit is {threshold_percent:limit}",
)
INACCESSIBLE = Message("datastore-capacity.inaccessible", "the datastore is not accessible, so its figures are old")
NO_CAPACITY = Message("datastore-capacity.no-capacity", "vCenter does not know the capacity of the datastore")
NO_UNCOMMITTED = Message(
    "datastore-capacity.no-uncommitted", "vCenter does not say how much space its thin disks may still take"
)


class DatastoreCapacityLimits(Limits):
    """When a datastore runs short."""

    warning_percent: Percent = Field(85, description="More of the datastore is used")
    critical_percent: Percent = Field(95, description="More of the datastore is used")
    critical_free_gb: float = Field(
        20, ge=0, json_schema_extra={"unit": "gb"}, description="Less is free on a datastore below small_below_gb"
    )
    small_below_gb: float = Field(
        1024, ge=0, json_schema_extra={"unit": "gb"}, description="Below this capacity critical_free_gb holds as well"
    )
    enough_free_gb: float | None = Field(
        None,
        ge=0,
        json_schema_extra={"unit": "gb"},
        description="With at least so much free space a datastore is not reported for its percentage, which is strict "
        "on large ones; null for no such rule",
    )
    info_provisioned_percent: float = Field(
        200, ge=0, json_schema_extra={"unit": "%"}, description="More of the capacity is promised to VMs"
    )


@check(
    title="Datastore capacity",
    category=Category.STORAGE,
    needs={Need.DATASTORES},
    limits=DatastoreCapacityLimits,
    what="The used share of each datastore, on small ones the free space itself, and how far thin provisioned disks "
    "may outgrow the datastore.",
    why="When a datastore is full, the virtual machines with thin disks or snapshots on it stop at their next write, "
    "and no snapshot can be taken or merged.",
    fix="Delete old snapshots and files of virtual machines that are no longer registered, move virtual machines to "
    "another datastore, or extend this one.",
    blind_spots="How fast a datastore fills, and so how many days are left, takes the history of earlier scans and is "
    "not judged yet. Thin provisioning and deduplication in the array are not seen: the volume below may be full while "
    "the datastore has space. What is not accessible is judged by storage-paths.",
)
def datastore_capacity(inventory: Inventory, limits: DatastoreCapacityLimits) -> Iterator[Verdict]:
    """Judge each datastore, shared or not."""
    for datastore in inventory.datastores:
        percent = datastore.used_percent
        if not datastore.accessible or percent is None:
            yield NotExamined(datastore, Unseen(NO_CAPACITY() if datastore.accessible else INACCESSIBLE()))
            continue
        yield Examined(datastore)
        mine = limits.for_object(datastore)
        if graded := _grade(datastore, percent, mine):
            yield Finding(graded[0], datastore, graded[1])
        yield from _provisioned(datastore, mine.info_provisioned_percent)


def _grade(datastore: Datastore, percent: float, limits: DatastoreCapacityLimits) -> tuple[Severity, Text] | None:
    free, capacity = datastore.free, datastore.capacity
    measured = {"used_percent": percent, "free_bytes": free, "capacity_bytes": capacity}
    if capacity < limits.small_below_gb * GB and free < limits.critical_free_gb * GB:
        return Severity.CRITICAL, SCARCE(
            **measured, threshold_bytes=limits.critical_free_gb * GB, critical_free_gb=limits.critical_free_gb
        )
    if limits.enough_free_gb is not None and free >= limits.enough_free_gb * GB:
        return None
    graded = exceeded(percent, warning=limits.warning_percent, critical=limits.critical_percent)
    return (graded[0], FULL(**measured, threshold_percent=graded[1])) if graded else None


def _provisioned(datastore: Datastore, limit: float) -> Iterator[Verdict]:
    capacity, growth = datastore.capacity, datastore.uncommitted
    if growth is None:
        yield NotExamined(datastore, Unseen(NO_UNCOMMITTED()), rule="provisioned")
        return
    provisioned = capacity - datastore.free + growth
    percent = 100 * provisioned / capacity
    if percent > limit:
        text = PROVISIONED(
            provisioned_percent=percent,
            threshold_percent=limit,
            provisioned_bytes=provisioned,
            capacity_bytes=capacity,
        )
        yield Finding(Severity.INFO, datastore, text, "provisioned")
