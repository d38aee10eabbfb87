"""vcenter-reachability: whether vCenter can be reached, trusted and logged in to."""

from collections.abc import Iterator

from vhealthd.checkapi import Field, Inventory, Limits, Need, Seconds, check, exceeded
from vhealthd.model import Category, Examined, Finding, Message, Reachability, Severity, Text, Verdict, VirtualCenter

NO_CONNECTION = Message("vcenter-reachability.no-connection", "vCenter cannot be reached (step: {step}): {failure}")
NO_LOGIN = Message("vcenter-reachability.no-login", "vCenter answers but gives no session: {failure}")
STEPS = {step: Message(f"vcenter-reachability.step-{step}", step) for step in ("name", "connect", "tls", "answer")}
SLOW = Message(
    "vcenter-reachability.slow",
    "The first connection took {connect_seconds:seconds}; the limit is {threshold_seconds:seconds}",
)
UNVERIFIED = Message(
    "vcenter-reachability.unverified",
    "The certificate of vCenter is not verified, so whoever sits in between can read the password",
)
CLOCK_AHEAD = Message(
    "vcenter-reachability.clock-ahead",
    "The clock of vCenter is {ahead_seconds:seconds} ahead of this machine's; the limit is {threshold_seconds:seconds}",
)
CLOCK_BEHIND = Message(
    "vcenter-reachability.clock-behind",
    "The clock of vCenter is {behind_seconds:seconds} behind this machine's; the limit is {threshold_seconds:seconds}",
)


class VcenterReachabilityLimits(Limits):
    """When a connection is slow and a clock wrong."""

    warning_connect_seconds: Seconds = Field(2, description="Name, TCP and TLS of the first connection take longer")
    critical_connect_seconds: Seconds = Field(10, description="Name, TCP and TLS of the first connection take longer")
    warning_clock_skew_seconds: Seconds = Field(
        60, description="The clocks of vCenter and of this machine differ by more, in either direction"
    )


@check(
    title="vCenter reachability",
    category=Category.CONNECTIVITY,
    needs={Need.REACHABILITY},
    limits=VcenterReachabilityLimits,
    what="Whether vCenter can be reached over the network and logs this account in, how long the first connection "
    "takes, whether its certificate is verified, and how far its clock is from the clock of this machine.",
    why="Nothing else can be examined without a session. A slow connection and a wrong clock are early signs of an "
    "appliance or a network in trouble, and a wrong clock breaks logins.",
    fix="Look from this machine: does the name resolve, is port 443 open, is the certificate the expected one? On the "
    "appliance, `service-control --status --all` shows whether vpxd and the reverse proxy (rhttpproxy or envoy) run. "
    "If only the login fails, see whether the account is locked or its password has expired. For a wrong clock, set "
    "the same time servers on the appliance and on this machine.",
    blind_spots="It sees the way from this machine only. A clock difference does not tell which of the two clocks is "
    "wrong. Only the first connection is timed, not the later answers.",
)
def vcenter_reachability(inventory: Inventory, limits: VcenterReachabilityLimits) -> Iterator[Verdict]:
    """Judge the way to vCenter."""
    way, vcenter = inventory.reachability, inventory.vcenter
    limits = limits.for_object(vcenter)
    yield Examined(vcenter)
    if way.failed_step == "login":
        yield Finding(Severity.CRITICAL, vcenter, NO_LOGIN(failure=way.failure), "login")
    if way.failed_step in {None, "login"}:
        yield from _slow(vcenter, way, limits)
    else:
        step = STEPS.get(way.failed_step or "")
        text = NO_CONNECTION(step=step() if step else way.failed_step, failure=way.failure)
        yield Finding(Severity.CRITICAL, vcenter, text, "connect")
    if way.tls == "unverified":
        yield Finding(Severity.WARNING, vcenter, UNVERIFIED(), "tls")
    if wrong := _clock(way, limits.warning_clock_skew_seconds):
        yield Finding(Severity.WARNING, vcenter, wrong, "clock")


def _slow(vcenter: VirtualCenter, way: Reachability, limits: VcenterReachabilityLimits) -> Iterator[Verdict]:
    if way.connect_seconds is None:
        return
    warning, critical = limits.warning_connect_seconds, limits.critical_connect_seconds
    if graded := exceeded(way.connect_seconds, warning=warning, critical=critical):
        text = SLOW(connect_seconds=way.connect_seconds, threshold_seconds=graded[1])
        yield Finding(graded[0], vcenter, text, "connect")


def _clock(way: Reachability, limit: float) -> Text | None:
    """Say how far the clocks are apart, if that is too far even when the measurement erred in vCenter's favour."""
    skew = way.clock_skew_seconds
    if skew is None or abs(skew) - (way.clock_error_seconds or 0) <= limit:
        return None
    error = way.clock_error_seconds
    if skew > 0:
        return CLOCK_AHEAD(ahead_seconds=skew, error_seconds=error, threshold_seconds=limit)
    return CLOCK_BEHIND(behind_seconds=-skew, error_seconds=error, threshold_seconds=limit)
