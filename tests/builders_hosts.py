"""What is known of hosts besides their usage: one keyword builder a record, and estates of hosts with such parts."""

from collections.abc import Mapping
from dataclasses import replace

from tests.builders import facets, host, inventory, reachability
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import (
    ApplianceAccess,
    ApplianceTime,
    Entity,
    HardwarePart,
    Host,
    HostClock,
    HostLockdown,
    HostMode,
    HostProduct,
    HostService,
    HostTime,
    Reachability,
    Unseen,
    VirtualMachine,
)

LOG_HOST = "Syslog.global.logHost"
TIMEOUTS = ("UserVars.ESXiShellTimeOut", "UserVars.ESXiShellInteractiveTimeOut")


def product(version: str = "8.0.3", build: str = "24280767", *, reboot_required: bool | None = False) -> HostProduct:
    return HostProduct(version=version, build=build, reboot_required=reboot_required)


def mode(*, standby_mode: str | None = "none", in_quarantine: bool = False) -> HostMode:
    return HostMode(standby_mode=standby_mode, in_quarantine=in_quarantine)


def part(state: str = "green", name: str = "Fan1A", kind: str = "fan", *, sensor: str | None = None) -> HardwarePart:
    return HardwarePart(sensor=sensor or name, name=name, kind=kind, state=state)


def services(
    *, ssh: str = "stopped", esxi_shell: str = "stopped", ntpd: bool = True, ptpd: bool = False
) -> Mapping[str, HostService]:
    """Return the services of a host; SSH and shell are `stopped`, `running` (by hand) or `starting` with the host."""
    return {
        "TSM-SSH": HostService(running=ssh == "running", policy="on" if ssh == "starting" else "off"),
        "TSM": HostService(running=esxi_shell == "running", policy="on" if esxi_shell == "starting" else "off"),
        "ntpd": HostService(running=ntpd, policy="on"),
        "ptpd": HostService(running=ptpd, policy="off"),
    }


def lockdown(mode: str = "lockdownNormal") -> HostLockdown:
    return HostLockdown(lockdown_mode=mode)


def options(log_host: str | None = "udp://log:514", *, timeout: int | None = 600) -> Mapping[str, str | int]:
    timeouts: dict[str, str | int] = {} if timeout is None else dict.fromkeys(TIMEOUTS, timeout)
    return timeouts if log_host is None else {LOG_HOST: log_host, **timeouts}


def clock(ahead_seconds: float = 0, error_seconds: float = 0.01) -> HostClock:
    return HostClock(ahead_seconds=ahead_seconds, error_seconds=error_seconds)


def time(
    *,
    protocol: str | None = "ntp",
    servers: tuple[str, ...] = ("ntp1.lab.example",),
    synchronised: bool | None = True,
) -> HostTime:
    return HostTime(protocol=protocol, servers=servers, synchronised=synchronised)


def access(
    *,
    ssh: bool | Unseen = False,
    bash: bool | Unseen = False,
    log_hosts: tuple[str, ...] | Unseen = ("log.lab.example",),
) -> ApplianceAccess:
    return ApplianceAccess(ssh=ssh, shell=bash, log_hosts=log_hosts)


def appliance_time(
    mode: str | Unseen = "NTP", servers: tuple[str, ...] | Unseen = ("ntp1.lab.example",)
) -> ApplianceTime:
    return ApplianceTime(mode=mode, servers=servers)


def of_hosts(
    *hosts: Host,
    parts: Mapping[Need, Mapping[Host, object]] | None = None,
    clusters: tuple[Entity, ...] = (),
    vms: tuple[VirtualMachine, ...] = (),
    vcenter_version: str | None = "8.0.3",
    way: Reachability = reachability(clock_skew_seconds=0, clock_error_seconds=0.01),  # noqa: B008 - frozen
    access: ApplianceAccess = access(),  # noqa: B008 - as above
    appliance_time: ApplianceTime = appliance_time(),  # noqa: B008 - as above
) -> Inventory:
    """Return an estate of hosts; each part maps hosts to records or gaps, and is empty where none is given."""
    given = inventory(reachability=way, clusters=clusters, hosts=hosts, vms=vms)
    more: dict[Need, object] = {need: facets((parts or {}).get(need)) for need in host_parts(host())}
    more |= {Need.APPLIANCE_ACCESS: access, Need.APPLIANCE_TIME: appliance_time}
    vcenter = replace(given.vcenter, version=vcenter_version)
    return replace(given, vcenter=vcenter, parts={**given.parts, **more})


def host_parts(host: Host) -> dict[Need, object]:
    """Return every part that only the checks of hosts read, of one healthy host."""
    of = {
        Need.HOST_PRODUCT: product(),
        Need.HOST_MODE: mode(),
        Need.HOST_HARDWARE: (part(),),
        Need.HOST_SERVICES: services(),
        Need.HOST_LOCKDOWN: lockdown(),
        Need.HOST_OPTIONS: options(),
        Need.HOST_CLOCKS: clock(),
        Need.HOST_TIME: time(),
    }
    appliance = {Need.APPLIANCE_ACCESS: access(), Need.APPLIANCE_TIME: appliance_time()}
    return {**{need: facets({host: record}) for need, record in of.items()}, **appliance}
