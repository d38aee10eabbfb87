"""storage-utilization: whether the pools of shared storage have space left."""

from collections import defaultdict
from collections.abc import Iterator

from vhealthd.checkapi import HELD_UNTIL, Field, Inventory, Limits, Need, Percent, check, exceeded
from vhealthd.model import (
    Category,
    Datastore,
    Entity,
    Examined,
    Finding,
    Message,
    MoRef,
    NotExamined,
    Severity,
    Unseen,
    Verdict,
)

FULL = Message(
    "storage-utilization.full",
    "{used_percent:percent} of the shared storage is used ({used_bytes:bytes} of {capacity_bytes:bytes}; number of "
    "datastores: {datastores}); the limit is {threshold_percent:limit}",
)
HELD = Message(
    "storage-utilization.held",
    FULL.english + ", and as it was reported before, it is reported while above {clear_percent:limit}",
)
PROVISIONED = Message(
    "storage-utilization.provisioned",
    "{provisioned_percent:percent} of the shared storage is promised to virtual machines ({provisioned_bytes:bytes} of "
    "{capacity_bytes:bytes}); the limit is {threshold_percent:limit}",
)
INACCESSIBLE = Message("storage-utilization.inaccessible", "the datastore is not accessible, so its figures are old")
NO_CAPACITY = Message("storage-utilization.no-capacity", "vCenter does not know the capacity of the datastore")
NO_SHARING = Message("storage-utilization.no-sharing", "vCenter does not say whether several hosts reach the datastore")
NO_POOL = Message("storage-utilization.no-pool", "the datacenter of the datastore is not known")
NO_UNCOMMITTED = Message(
    "storage-utilization.no-uncommitted", "vCenter does not say how much space its thin disks may still take"
)


class StorageUtilizationLimits(Limits):
    """When pooled storage runs short."""

    warning_percent: Percent = Field(85, description="More of the pooled capacity is used")
    critical_percent: Percent = Field(95, description="More of the pooled capacity is used")
    hysteresis_percent: Percent = Field(0, description=HELD_UNTIL)
    info_provisioned_percent: float = Field(
        200, ge=0, json_schema_extra={"unit": "%"}, description="More of the pooled capacity is promised to VMs"
    )


@check(
    title="Storage utilization",
    category=Category.WATERMARK,
    needs={Need.DATASTORES},
    limits=StorageUtilizationLimits,
    what="The used share of pooled storage: the shared datastores of each datastore cluster together, and in each "
    "datacenter those outside of datastore clusters. It also compares with the capacity what thin provisioned disks "
    "may grow to.",
    why="One full datastore can be relieved by its neighbours as long as the pool has space. When the pool is full, "
    "thin provisioned virtual machines stop at their next write.",
    fix="Extend the pool by a datastore or a larger volume, move virtual machines elsewhere, or reclaim space: old "
    "snapshots, files of virtual machines that are no longer registered, and unmapped blocks.",
    blind_spots="A pool with space may hold a datastore without; datastore-capacity judges each by itself. Datastores "
    "of a single host are left out; those in maintenance mode are counted. Thin provisioning and deduplication in the "
    "array are not seen.",
)
def storage_utilization(inventory: Inventory, limits: StorageUtilizationLimits) -> Iterator[Verdict]:
    """Judge the shared datastores of each pool together."""
    pools: dict[MoRef, Entity] = {}
    members: defaultdict[MoRef, list[Datastore]] = defaultdict(list)
    for datastore in inventory.datastores:
        if datastore.shared is False:
            continue
        pool = datastore.pod or datastore.datacenter
        if unseen := _unseen(datastore):
            yield NotExamined(datastore, unseen)
        elif pool is None:
            yield NotExamined(datastore, Unseen(NO_POOL()))
        else:
            pools[pool.ref] = pool
            members[pool.ref].append(datastore)
    for ref, pool in pools.items():
        yield from _judge(pool, members[ref], limits, inventory.history.was(pool))


def _unseen(datastore: Datastore) -> Unseen | None:
    if not datastore.accessible:
        return Unseen(INACCESSIBLE())
    # Guessing either way would be worse: counted, a local disk hides a full pool; left out, a shared one does.
    if datastore.shared is None:
        return Unseen(NO_SHARING())
    return Unseen(NO_CAPACITY()) if datastore.used_percent is None else None


def _judge(
    pool: Entity, datastores: list[Datastore], limits: StorageUtilizationLimits, was: Severity | None
) -> Iterator[Verdict]:
    yield Examined(pool)
    limits = limits.for_object(pool)
    capacity = sum(datastore.capacity for datastore in datastores)
    used = capacity - sum(datastore.free for datastore in datastores)
    percent = 100 * used / capacity
    margin = limits.hysteresis_percent
    if graded := exceeded(
        percent, warning=limits.warning_percent, critical=limits.critical_percent, was=was, hysteresis=margin
    ):
        severity, limit = graded
        measured = {
            "used_percent": percent,
            "threshold_percent": limit,
            "used_bytes": used,
            "capacity_bytes": capacity,
            "datastores": len(datastores),
        }
        text = FULL(**measured) if percent > limit else HELD(**measured, clear_percent=limit - margin)
        yield Finding(severity, pool, text)
    growth = [datastore.uncommitted for datastore in datastores if datastore.uncommitted is not None]
    provisioned = used + sum(growth)
    if 100 * provisioned / capacity > limits.info_provisioned_percent:
        text = PROVISIONED(
            provisioned_percent=100 * provisioned / capacity,
            threshold_percent=limits.info_provisioned_percent,
            provisioned_bytes=provisioned,
            capacity_bytes=capacity,
        )
        yield Finding(Severity.INFO, pool, text, "provisioned")
    elif len(growth) < len(datastores):
        yield NotExamined(pool, Unseen(NO_UNCOMMITTED()), rule="provisioned")
