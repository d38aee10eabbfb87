"""datastore-capacity: whether each datastore has space left."""

from collections.abc import Iterator
from datetime import timedelta

from vhealthd.checkapi import HELD_UNTIL, Days, Field, Inventory, Limits, Need, Percent, check, exceeded
from vhealthd.model import (
    Category,
    Datastore,
    Examined,
    Finding,
    Message,
    NotExamined,
    Reading,
    Resource,
    Severity,
    Text,
    Unseen,
    Usage,
    Verdict,
)

GB = 2**30
TREND = timedelta(days=30)  # what the rate is taken from
FAR_OFF_DAYS = 365  # beyond that a rate says nothing

FULL = Message(
    "datastore-capacity.full",
    "{used_percent:percent} of the datastore is used ({free_bytes:bytes} of {capacity_bytes:bytes} are free); "
    "the limit is {threshold_percent:limit}",
)
FULL_IN = Message(
    "datastore-capacity.full-in",
    FULL.english + ". At the rate of the last 30 days it is full in {full_in_days:days}",
)
HELD = Message(
    "datastore-capacity.held",
    FULL.english + ", and as it was reported before, it is reported while above {clear_percent:limit}",
)
SOON = Message(
    "datastore-capacity.soon",
    "At the rate of the last 30 days the datastore is full in {full_in_days:days} ({free_bytes:bytes} of "
    "{capacity_bytes:bytes} are free, {growth_bytes:bytes} are added a day); the limit is "
    "{warning_days_to_full:days}",
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
    hysteresis_percent: Percent = Field(0, description=HELD_UNTIL)
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
    warning_days_to_full: Days | None = Field(
        None,
        description="At the rate of the last 30 days it is full in fewer days; null for no such rule",
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
    "may outgrow the datastore. From earlier scans it reckons in how many days the datastore is full.",
    why="When a datastore is full, the virtual machines with thin disks or snapshots on it stop at their next write, "
    "and no snapshot can be taken or merged.",
    fix="Delete old snapshots and files of virtual machines that are no longer registered, move virtual machines to "
    "another datastore, or extend this one.",
    blind_spots="In how many days a datastore is full is reckoned by a straight line through the scans of the last 30 "
    "days; that takes seven of them over at least three days, and is not said where no state is kept. Thin "
    "provisioning and deduplication in the array are not seen: the volume below may be full while the datastore has "
    "space. What is not accessible is judged by storage-paths.",
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
        used = datastore.capacity - datastore.free
        growth = inventory.history.per_day(datastore, None, now=inventory.now, value=used, over=TREND) or 0
        days = max(datastore.free, 0) / growth if growth > 0 else None
        if graded := _grade(datastore, percent, mine, inventory.history.was(datastore), days):
            yield Finding(graded[0], datastore, graded[1])
        yield from _soon(datastore, days, growth, mine.warning_days_to_full)
        yield from _provisioned(datastore, mine.info_provisioned_percent)
        yield Reading(datastore, None, used)
        yield Usage(
            object=datastore,
            resource=Resource.STORAGE,
            used=used,
            capacity=datastore.capacity,
            warning_percent=mine.warning_percent,
            critical_percent=mine.critical_percent,
            per_day=growth or None,
        )


def _grade(
    datastore: Datastore, percent: float, limits: DatastoreCapacityLimits, was: Severity | None, days: float | None
) -> tuple[Severity, Text] | None:
    free, capacity = datastore.free, datastore.capacity
    measured = {"used_percent": percent, "free_bytes": free, "capacity_bytes": capacity}
    if capacity < limits.small_below_gb * GB and free < limits.critical_free_gb * GB:
        return Severity.CRITICAL, SCARCE(
            **measured, threshold_bytes=limits.critical_free_gb * GB, critical_free_gb=limits.critical_free_gb
        )
    if limits.enough_free_gb is not None and free >= limits.enough_free_gb * GB:
        return None
    margin = limits.hysteresis_percent
    graded = exceeded(
        percent, warning=limits.warning_percent, critical=limits.critical_percent, was=was, hysteresis=margin
    )
    if graded is None:
        return None
    severity, limit = graded
    if percent <= limit:
        return severity, HELD(**measured, threshold_percent=limit, clear_percent=limit - margin)
    if days is None or days > FAR_OFF_DAYS:
        return severity, FULL(**measured, threshold_percent=limit)
    return severity, FULL_IN(**measured, threshold_percent=limit, full_in_days=days)


def _soon(datastore: Datastore, days: float | None, growth: float, limit: float | None) -> Iterator[Verdict]:
    if days is not None and limit is not None and days < limit:
        text = SOON(
            full_in_days=days,
            free_bytes=datastore.free,
            capacity_bytes=datastore.capacity,
            growth_bytes=growth,
            warning_days_to_full=limit,
        )
        yield Finding(Severity.WARNING, datastore, text, "days-to-full")


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
