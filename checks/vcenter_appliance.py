"""vcenter-appliance: whether vCenter's own machine is well: its health, its services, its file systems."""

from collections.abc import Iterator

from vhealthd.checkapi import Field, Inventory, Limits, Need, Percent, check, exceeded
from vhealthd.model import (
    Blind,
    Category,
    Entity,
    Examined,
    Finding,
    HealthItem,
    Message,
    NotExamined,
    Outcome,
    Partition,
    Service,
    Severity,
    Text,
    Unseen,
    Verdict,
)

COLOUR = Message("vcenter-appliance.colour", "The appliance reports its health in {item} as {colour}")
COLOUR_AND_WHY = Message("vcenter-appliance.colour-and-why", COLOUR.english + ": {why}")
NO_COLOUR = Message("vcenter-appliance.no-colour", "the appliance has no data on it ({colour})")
DOWN = Message("vcenter-appliance.down", "The service {service} is {state}, though it should start with the appliance")
DEGRADED = Message("vcenter-appliance.degraded", "The service {service} runs, but reports its health as {health}")
CHANGING = Message("vcenter-appliance.changing", "the service is {state} at the moment")
FULL = Message(
    "vcenter-appliance.full",
    "{used_percent:percent} of the partition {partition} is used; the limit is {threshold_percent:limit}",
)
NOT_MEASURED = Message("vcenter-appliance.not-measured", "the appliance has no figures on how full it is")

COLOUR_WORDS = {colour: Message(f"vcenter-appliance.{colour}", colour) for colour in ("yellow", "orange", "red")}
COLOURS = {"yellow": Severity.WARNING, "orange": Severity.WARNING, "red": Severity.CRITICAL}
# It tells of updates that wait, security updates at the worst: nothing that stops the appliance.
UPDATES = {"yellow": Severity.INFO, "orange": Severity.INFO, "red": Severity.WARNING}


class VcenterApplianceLimits(Limits):
    """When a partition of the appliance is full."""

    warning_percent: Percent = Field(80, description="More of a partition is used")
    critical_percent: Percent = Field(90, description="More of a partition is used")
    exempt_partitions: tuple[str, ...] = Field((), description="Names of partitions that are not judged")


@check(
    title="vCenter appliance",
    category=Category.INFRASTRUCTURE,
    needs={Need.APPLIANCE},
    limits=VcenterApplianceLimits,
    what="What the appliance says of its health (overall, load, memory, swap, storage, database, management service, "
    "software packages), whether every service that starts with it runs and is not degraded, and how full each of its "
    "partitions is.",
    why="When a partition of the appliance fills up, the database stops and vCenter with it: nothing is managed, "
    "nothing is balanced, and backups of virtual machines fail.",
    fix="Read the reason at port 5480 of the appliance. Restart a service that is down with service-control --start "
    "and its name, and read its log if it does not stay up. Where a partition is full, look for old logs and core "
    "dumps, or enlarge its virtual disk and have the appliance grow the partition.",
    blind_spots="Fullness is the last value in the appliance's own statistics, which lag behind by up to half an hour. "
    "The partition archive keeps old database logs and may stand near full by design: name it in exempt_partitions "
    "where it does. That a service is starting or stopping is noted and not judged.",
)
def vcenter_appliance(inventory: Inventory, limits: VcenterApplianceLimits) -> Iterator[Verdict]:
    """Judge health, services and partitions, each apart from the others."""
    vcenter, appliance = inventory.vcenter, inventory.appliance
    limits = limits.for_object(vcenter)
    parts = {"health": appliance.health, "services": appliance.services, "partitions": appliance.partitions}
    if any(not isinstance(part, Unseen) for part in parts.values()):
        yield Examined(vcenter)
    for rule, part in parts.items():
        if isinstance(part, Unseen):
            yield from _unseen(vcenter, part, rule)
            continue
        for one in part:
            match one:
                case HealthItem():
                    yield from _health(vcenter, one)
                case Service():
                    yield from _service(vcenter, one)
                case Partition():
                    yield from _partition(vcenter, one, limits)


def _unseen(vcenter: Entity, why: Unseen, rule: str) -> Iterator[Verdict]:
    """Say what was not seen; what should have been makes the whole check unknown."""
    yield NotExamined(vcenter, why, rule, hides_all=":" not in rule)
    if why.outcome is Outcome.UNKNOWN:
        yield Blind(why)


def _health(vcenter: Entity, item: HealthItem) -> Iterator[Verdict]:
    rule = f"health:{item.item}"
    if isinstance(item.colour, Unseen):
        yield from _unseen(vcenter, item.colour, rule)
        return
    severity = (UPDATES if item.item == "software-packages" else COLOURS).get(item.colour)
    if severity:
        yield Finding(severity, vcenter, _colour(item.item, item.colour, item.messages), rule)
    elif item.colour != "green":
        yield NotExamined(vcenter, Unseen(NO_COLOUR(colour=item.colour)), rule)


def _colour(item: str, colour: str, messages: tuple[str, ...]) -> Text:
    said = COLOUR_WORDS[colour]()
    if not messages:
        return COLOUR(item=item, colour=said)
    return COLOUR_AND_WHY(item=item, colour=said, why="; ".join(dict.fromkeys(messages)))


def _service(vcenter: Entity, service: Service) -> Iterator[Verdict]:
    """Grade one service. One that an administrator starts by hand or has disabled may be down."""
    rule = f"service:{service.id}"
    if service.state == "STARTED":
        if service.health == "DEGRADED":
            yield Finding(Severity.WARNING, vcenter, DEGRADED(service=service.id, health=service.health), rule)
    elif service.startup_type == "AUTOMATIC":
        if service.state == "STOPPED":
            yield Finding(Severity.CRITICAL, vcenter, DOWN(service=service.id, state=service.state), rule)
        else:
            yield NotExamined(vcenter, Unseen(CHANGING(state=service.state)), rule)


def _partition(vcenter: Entity, partition: Partition, limits: VcenterApplianceLimits) -> Iterator[Verdict]:
    rule, used = f"partition:{partition.partition}", partition.used_percent
    if partition.partition in limits.exempt_partitions:
        return
    if used is None:
        yield NotExamined(vcenter, Unseen(NOT_MEASURED(), Outcome.SKIPPED), rule)
    elif graded := exceeded(used, warning=limits.warning_percent, critical=limits.critical_percent):
        text = FULL(used_percent=used, threshold_percent=graded[1], partition=partition.partition)
        yield Finding(graded[0], vcenter, text, rule)
