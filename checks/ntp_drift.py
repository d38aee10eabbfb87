"""ntp-drift: whether the clocks of hosts and of vCenter agree, and whether they are kept right."""

from collections.abc import Iterator, Mapping

from vhealthd.checkapi import Field, Inventory, Limits, Need, Seconds, check, exceeded
from vhealthd.model import (
    Category,
    Entity,
    Examined,
    Finding,
    Host,
    HostClock,
    Message,
    NotExamined,
    Severity,
    Unseen,
    Verdict,
)

_BY = "{drift_seconds:seconds} (± {error_seconds:seconds}; negative: behind); the limit is {threshold_seconds:seconds}"
DRIFT = Message("ntp-drift.drift", f"The clock differs from this machine's by {_BY}")
DRIFT_FROM_OTHERS = Message(
    "ntp-drift.drift-from-others", f"The clock differs from the {{agreeing}} that agree against this machine's by {_BY}"
)
DAEMON = Message(
    "ntp-drift.daemon",
    f"The daemon's own clock is off: this machine's differs from {{agreeing}} others, which agree, by {_BY}",
)
STOPPED = Message("ntp-drift.stopped", "The service that keeps the clock right, {service}, does not run")
NO_SERVERS = Message("ntp-drift.no-servers", "No NTP server is configured; there should be at least 1")
NO_SYNC = Message("ntp-drift.no-sync", "{service} runs, but the host reports its clock as not synchronised")
DISABLED = Message("ntp-drift.disabled", "Time synchronisation of the appliance is {mode}; it should be NTP")
NOT_CONNECTED = Message("ntp-drift.not-connected", "the host is not connected ({connection_state})")
NO_SERVICE = Message("ntp-drift.no-service", "the host does not list the service {service}")
OWN_CLOCK = HostClock(ahead_seconds=0, error_seconds=0)


class NtpDriftLimits(Limits):
    """When a clock is wrong."""

    warning_seconds: Seconds = Field(5, description="A clock differs by more, in either direction")
    critical_seconds: Seconds = Field(60, description="A clock differs by more, in either direction")


@check(
    title="NTP drift",
    category=Category.INFRASTRUCTURE,
    needs={Need.REACHABILITY, Need.HOSTS, Need.HOST_CLOCKS, Need.HOST_TIME, Need.HOST_SERVICES, Need.APPLIANCE_TIME},
    limits=NtpDriftLimits,
    what="How far the clock of every host and of vCenter is from the clock of this machine, measured at the middle of "
    "a request, and whether NTP (or PTP) runs there, has servers and is synchronised.",
    why="Clocks that differ break Kerberos logins, certificates and vSAN, and make the logs of several machines "
    "useless when a fault must be found.",
    fix="Give hosts and vCenter the same time servers, make UDP port 123 to them reachable, and restart ntpd. When the "
    "daemon's own clock is off, set up time synchronisation on the machine on which it runs.",
    blind_spots="The clock of this machine is taken to be right unless more than half of all clocks, among them "
    "vCenter's, agree on another time. A difference within the error of measuring (half the round trip) is no finding. "
    "Whether the time servers themselves are right is not asked.",
    kb="312204",
)
def ntp_drift(inventory: Inventory, limits: NtpDriftLimits) -> Iterator[Verdict]:
    """Compare all clocks first, for it may be the daemon's that is wrong; then judge vCenter and each host."""
    vcenter, clocks = inventory.vcenter, _clocks(inventory)
    reference, agreeing = _reference(clocks, clocks.get(vcenter), limits.warning_seconds)
    if agreeing:
        # No worse than a warning: vCenter and its hosts are well.
        params = {"drift_seconds": -reference.ahead_seconds, "error_seconds": reference.error_seconds}
        text = DAEMON(**params, agreeing=agreeing, threshold_seconds=limits.warning_seconds)
        yield Finding(Severity.WARNING, vcenter, text, "daemon-clock")
    drift = _drift(vcenter, clocks[vcenter], reference, agreeing, limits) if vcenter in clocks else ()
    yield from _examined(vcenter, [*drift, *_appliance(inventory)], rules=3 if vcenter in clocks else 2)
    for host in inventory.hosts:
        if host.connected:
            drift = _drift(host, inventory.host_clocks[host.ref], reference, agreeing, limits)
            yield from _examined(host, [*drift, *_keeping(host, inventory)], rules=3)
        else:
            yield NotExamined(host, Unseen(NOT_CONNECTED(connection_state=host.connection_state)))


def _examined(entity: Entity, verdicts: list[Verdict], *, rules: int) -> Iterator[Verdict]:
    """Add that an object was examined, unless none of its rules was."""
    if sum(isinstance(one, NotExamined) for one in verdicts) < rules:
        yield Examined(entity)
    yield from verdicts


def _clocks(inventory: Inventory) -> dict[Entity, HostClock]:
    """Return what was measured. Two clocks do not tell which is wrong: without hosts vCenter's is not compared here."""
    seen = {host: inventory.host_clocks[host.ref] for host in inventory.hosts if host.connected}
    clocks: dict[Entity, HostClock] = {host: clock for host, clock in seen.items() if not isinstance(clock, Unseen)}
    skew, error = inventory.reachability.clock_skew_seconds, inventory.reachability.clock_error_seconds or 0
    if clocks and skew is not None:
        clocks[inventory.vcenter] = HostClock(ahead_seconds=skew, error_seconds=error)
    return clocks


def _reference(clocks: Mapping[Entity, HostClock], vcenter: HostClock | None, limit: float) -> tuple[HostClock, int]:
    """Return the clock to measure with, and how many agree on it against the daemon's: a majority of all, or 0."""
    in_order = sorted(clocks.values(), key=lambda one: one.ahead_seconds)
    middle = vcenter or (in_order[len(in_order) // 2] if in_order else OWN_CLOCK)
    agreeing = sum(abs(one.ahead_seconds - middle.ahead_seconds) <= limit for one in in_order)
    contradict = abs(middle.ahead_seconds) - middle.error_seconds > limit
    return (middle, agreeing) if contradict and 2 * agreeing > len(in_order) + 1 else (OWN_CLOCK, 0)


def _drift(
    entity: Entity, clock: HostClock | Unseen, reference: HostClock, agreeing: int, limits: NtpDriftLimits
) -> Iterator[Verdict]:
    """Grade a clock by what is certain: its difference less the error of measuring it."""
    if isinstance(clock, Unseen):
        yield NotExamined(entity, clock, rule="clock", hides_all=True)
        return
    drift, error = clock.ahead_seconds - reference.ahead_seconds, clock.error_seconds + reference.error_seconds
    limits = limits.for_object(entity)
    if graded := exceeded(abs(drift) - error, warning=limits.warning_seconds, critical=limits.critical_seconds):
        params = {"drift_seconds": drift, "error_seconds": error, "threshold_seconds": graded[1]}
        text = DRIFT_FROM_OTHERS(**params, agreeing=agreeing) if agreeing else DRIFT(**params)
        yield Finding(graded[0], entity, text)


def _appliance(inventory: Inventory) -> Iterator[Verdict]:
    vcenter, time = inventory.vcenter, inventory.appliance_time
    if isinstance(time.mode, Unseen):
        yield NotExamined(vcenter, time.mode, rule="ntp-service")
    elif time.mode == "DISABLED":
        yield Finding(Severity.WARNING, vcenter, DISABLED(mode=time.mode), "ntp-service")
    # Whether it needs servers is known with its mode alone.
    servers = time.servers or time.mode
    if isinstance(servers, Unseen):
        yield NotExamined(vcenter, servers, rule="ntp-servers")
    elif time.mode == "NTP" and not time.servers:
        yield Finding(Severity.WARNING, vcenter, NO_SERVERS(), "ntp-servers")


def _keeping(host: Host, inventory: Inventory) -> Iterator[Verdict]:
    """Judge what keeps a host's clock right: NTP unless it says PTP."""
    time, services = inventory.host_time[host.ref], inventory.host_services[host.ref]
    protocol = "ntp" if isinstance(time, Unseen) else time.protocol or "ntp"
    service = f"{protocol}d"
    seen = services if isinstance(services, Unseen) else services.get(service, Unseen(NO_SERVICE(service=service)))
    if isinstance(seen, Unseen):
        yield NotExamined(host, seen, rule="ntp-service", hides_all=True)
    elif not seen.running:
        yield Finding(Severity.WARNING, host, STOPPED(service=service), "ntp-service")
    if isinstance(time, Unseen):
        yield NotExamined(host, time, rule="ntp-servers", hides_all=True)
    elif protocol == "ntp" and not time.servers:
        yield Finding(Severity.WARNING, host, NO_SERVERS(), "ntp-servers")
    elif not isinstance(seen, Unseen) and seen.running and time.synchronised is False:
        yield Finding(Severity.WARNING, host, NO_SYNC(service=service), "ntp-sync")
