"""host-connection: whether vCenter can talk to the hosts, and whether they take work."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from vhealthd.checkapi import Field, Hours, Inventory, Limits, Need, check
from vhealthd.model import (
    Category,
    Examined,
    Finding,
    Host,
    HostMode,
    Message,
    NotExamined,
    Severity,
    Text,
    Unseen,
    Verdict,
)

NOT_RESPONDING = Message(
    "host-connection.not-responding",
    "The host does not respond to vCenter; virtual machines that were running on it: {running_vms}",
)
DISCONNECTED = Message(
    "host-connection.disconnected",
    "The host is disconnected from vCenter; virtual machines that were running on it: {running_vms}",
)
STANDBY = Message("host-connection.standby", "The host is in standby ({power_state}) and takes no work")
MAINTENANCE = Message("host-connection.maintenance", "The host is in maintenance mode")
FORGOTTEN = Message(
    "host-connection.forgotten",
    "The host has been seen in maintenance mode for {maintenance_hours:hours}; the limit is {threshold_hours:hours}",
)
QUARANTINE = Message(
    "host-connection.quarantine",
    "The host is in quarantine: its hardware is reported to degrade, and DRS keeps virtual machines away from it",
)
STRANGE = Message("host-connection.strange", 'the state of the connection is "{connection_state}", which is not known')

STATES = frozenset({"connected", "notResponding", "disconnected"})


class HostConnectionLimits(Limits):
    """When a host was left in maintenance mode."""

    warning_maintenance_hours: Hours = Field(72, description="The host is in maintenance mode for longer")


@check(
    title="Host connection",
    category=Category.INFRASTRUCTURE,
    needs={Need.HOSTS, Need.HOST_MODE, Need.VMS},
    limits=HostConnectionLimits,
    what="Whether every host is connected to vCenter and responds, and whether one is in standby, in quarantine or in "
    "maintenance mode.",
    why="vCenter neither manages nor protects what runs on a host that it cannot reach, and a host that takes no work "
    "is missing when another one fails.",
    fix="Check the power of the host and its management network, then reconnect it. Power a host on that should not "
    "be in standby. Repair what put a host into quarantine. Take forgotten hosts out of maintenance mode.",
    blind_spots="Since when a host has been in maintenance mode is known from earlier scans only: the time counts from "
    "the scan that first saw it there, and where no state is kept it is information however long it lasts. What runs "
    "on a host that does not respond is vCenter's last knowledge. A host that power management (DPM) put into standby "
    "on purpose is reported too.",
)
def host_connection(inventory: Inventory, limits: HostConnectionLimits) -> Iterator[Verdict]:
    """Judge each host's connection, then the modes in which it takes no work."""
    running = Counter(vm.host for vm in inventory.vms if vm.powered_on and vm.is_workload)
    for host in inventory.hosts:
        mode = inventory.host_mode[host.ref]
        if host.connection_state not in STATES:
            yield NotExamined(host, Unseen(STRANGE(connection_state=host.connection_state)))
            continue
        yield Examined(host)
        if judged := _connection(host, mode, running[host.ref]):
            yield Finding(judged[0], host, judged[1])
        if host.in_maintenance_mode:
            yield _maintenance(inventory, host, timedelta(hours=limits.for_object(host).warning_maintenance_hours))
        if isinstance(mode, Unseen):
            yield NotExamined(host, mode, rule="quarantine")
        elif mode.in_quarantine:
            yield Finding(Severity.WARNING, host, QUARANTINE(), "quarantine")


def _maintenance(inventory: Inventory, host: Host, longest: timedelta) -> Finding:
    since = inventory.history.since(host, "maintenance")
    lasted = timedelta() if since is None else inventory.now - since
    if lasted <= longest:
        return Finding(Severity.INFO, host, MAINTENANCE(), "maintenance")
    hour = timedelta(hours=1)
    text = FORGOTTEN(maintenance_hours=lasted / hour, threshold_hours=longest / hour)
    return Finding(Severity.WARNING, host, text, "maintenance", even_at_rest=True)


def _connection(host: Host, mode: HostMode | Unseen, running: int) -> tuple[Severity, Text] | None:
    """Grade the connection. In standby a host does not respond either; where nothing ran, nothing is lost."""
    if _in_standby(host, mode) and not running:
        return Severity.WARNING, STANDBY(power_state=host.power_state)
    match host.connection_state:
        case "notResponding":
            return Severity.CRITICAL if running else Severity.WARNING, NOT_RESPONDING(running_vms=running)
        case "disconnected":
            return Severity.CRITICAL, DISCONNECTED(running_vms=running)
    return None


def _in_standby(host: Host, mode: HostMode | Unseen) -> bool:
    return host.power_state == "standBy" or (not isinstance(mode, Unseen) and mode.standby_mode == "in")
