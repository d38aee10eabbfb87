"""host-hardware: whether sensors and parts of the hosts report trouble."""

from collections.abc import Iterator, Mapping

from vhealthd.checkapi import Field, Inventory, Limits, Need, check
from vhealthd.model import (
    Category,
    Examined,
    Finding,
    HardwarePart,
    History,
    Host,
    Message,
    NotExamined,
    Outcome,
    Reading,
    Severity,
    Unseen,
    Verdict,
)

BAD = Message("host-hardware.bad", 'The hardware reports {state} for "{part}" ({kind}); it should be green')
UNCONFIRMED = Message(
    "host-hardware.unconfirmed", BAD.english + ", and it is critical if the next scan finds it so as well"
)
NOT_CONNECTED = Message("host-hardware.not-connected", "the host is not connected ({connection_state})")
NO_SENSORS = Message("host-hardware.no-sensors", "the host reports no sensor whose state is known")

STATES = {"red": Message("host-hardware.red", "red"), "yellow": Message("host-hardware.yellow", "yellow")}
GRADES = {"red": Severity.CRITICAL, "yellow": Severity.WARNING}
BADNESS = {"green": 0, "yellow": 1, "red": 2}  # whatever else a release may say tells nothing


class HostHardwareLimits(Limits):
    """How sure a fault must be."""

    confirm_critical: bool = Field(
        default=False, description="Red is critical only if the last scan found it so too; until then it is a warning"
    )


@check(
    title="Host hardware",
    category=Category.INFRASTRUCTURE,
    needs={Need.HOSTS, Need.HOST_HARDWARE},
    limits=HostHardwareLimits,
    what="The sensors of every host (temperature, fans, power, voltage) and the status of its processors, memory and "
    "storage.",
    why="A failed fan, power supply or memory module is a spare that is gone: the next fault stops the host and what "
    "runs on it.",
    fix="Open the server's management controller (BMC) and replace the part. If the controller is clean, clear its "
    "event log (SEL) and refresh the hardware status of the host: vCenter shows what was cached.",
    blind_spots="vCenter serves cached values: a fault that is repaired may still be shown. With confirm_critical it "
    "must be there in two scans to be critical; where no state is kept, that limit changes nothing. Sensors that "
    "report unknown are not judged. Disks behind some controllers have no sensors here, nor have virtual hosts.",
    kb="1037330",
)
def host_hardware(inventory: Inventory, limits: HostHardwareLimits) -> Iterator[Verdict]:
    """Judge each host's parts."""
    for host in inventory.hosts:
        hardware = inventory.host_hardware[host.ref]
        if not host.connected:
            hardware = Unseen(NOT_CONNECTED(connection_state=host.connection_state))
        if isinstance(hardware, Unseen):
            yield NotExamined(host, hardware)
            continue
        parts = _worst(hardware)
        if not parts:
            yield NotExamined(host, Unseen(NO_SENSORS(), Outcome.SKIPPED))
            continue
        yield Examined(host)
        confirm = limits.for_object(host).confirm_critical and inventory.history.looked is not None
        for key, part in parts.items():
            if part.state in GRADES:
                yield _finding(host, key, part, confirmed=not confirm or _was_red(inventory.history, host, key))
                yield Reading(host, key, BADNESS[part.state])


def _finding(host: Host, key: str, part: HardwarePart, *, confirmed: bool) -> Finding:
    severity, message = GRADES[part.state], BAD
    if severity is Severity.CRITICAL and not confirmed:
        severity, message = Severity.WARNING, UNCONFIRMED
    return Finding(severity, host, message(state=STATES[part.state](), part=part.name, kind=part.kind), key)


def _was_red(history: History, host: Host, key: str) -> bool:
    """Whether the part was red in the last scan. What was found then tells it by its reading: red may be a warning."""
    readings = history.series(host, key)
    return history.was(host, key) is not None and bool(readings) and readings[-1][1] == BADNESS["red"]


def _worst(hardware: tuple[HardwarePart, ...]) -> Mapping[str, HardwarePart]:
    """Return the parts whose state is known by sensor; the worst one where several share it.

    What sums up the others is left out where one of them tells why: each fault would be told twice.
    """
    worst: dict[str, HardwarePart] = {}
    known = [part for part in hardware if part.state in BADNESS]
    parts = [part for part in known if part.kind != "rollup"]
    told = max((BADNESS[part.state] for part in parts), default=-1)
    # Only what sums them up can be worse than all of them.
    for part in [*parts, *(whole for whole in known if BADNESS[whole.state] > told)]:
        if part.sensor not in worst or BADNESS[part.state] > BADNESS[worst[part.sensor].state]:
            worst[part.sensor] = part
    return worst
