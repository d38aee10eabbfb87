"""host-hardware: whether sensors and parts of the hosts report trouble."""

from collections.abc import Iterator, Mapping

from vhealthd.checkapi import Inventory, Limits, Need, check
from vhealthd.model import (
    Category,
    Examined,
    Finding,
    HardwarePart,
    Message,
    NotExamined,
    Outcome,
    Severity,
    Unseen,
    Verdict,
)

BAD = Message("host-hardware.bad", 'The hardware reports {state} for "{part}" ({kind}); it should be green')
NOT_CONNECTED = Message("host-hardware.not-connected", "the host is not connected ({connection_state})")
NO_SENSORS = Message("host-hardware.no-sensors", "the host reports no sensor whose state is known")

GRADES = {"red": Severity.CRITICAL, "yellow": Severity.WARNING}
BADNESS = {"green": 0, "yellow": 1, "red": 2}  # whatever else a release may say tells nothing


@check(
    title="Host hardware",
    category=Category.INFRASTRUCTURE,
    needs={Need.HOSTS, Need.HOST_HARDWARE},
    what="The sensors of every host (temperature, fans, power, voltage) and the status of its processors, memory and "
    "storage.",
    why="A failed fan, power supply or memory module is a spare that is gone: the next fault stops the host and what "
    "runs on it.",
    fix="Open the server's management controller (BMC) and replace the part. If the controller is clean, clear its "
    "event log (SEL) and refresh the hardware status of the host: vCenter shows what was cached.",
    blind_spots="vCenter serves cached values: a fault that is repaired may still be shown, and two scans are not yet "
    "compared to tell the two apart. Sensors that report unknown are not judged. Disks behind some controllers have no "
    "sensors here, nor have virtual hosts.",
    kb="1037330",
)
def host_hardware(inventory: Inventory, limits: Limits) -> Iterator[Verdict]:  # noqa: ARG001 - it has none
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
        for key, part in parts.items():
            if severity := GRADES.get(part.state):
                yield Finding(severity, host, BAD(state=part.state, part=part.name, kind=part.kind), key)


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
