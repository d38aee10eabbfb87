"""Planted defects of hosts: version, connection, hardware, hardening, clock. Decoys stand beside them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mocks.build import DOMAIN
from mocks.world import Cluster, Datacenter, Host, Planted, Severity

if TYPE_CHECKING:
    from mocks.plants import Site

ALONE = "10.20.0.20"
SHELL_TIMEOUT = "UserVars.ESXiShellTimeOut"


def esxi_version_consistency(site: "Site") -> Iterator[Planted]:
    """Plant two builds in one cluster, two major versions in the other, a host newer than vCenter, a restart due.

    Decoys: a third build on the host in maintenance, and the disconnected host waits for a restart too.
    """
    site.host(3).build, site.host(4).build = "22088125", "23299997"
    yield Planted("esxi-version-consistency", "warning", Cluster.kind, "production")
    site.host(7).version, site.host(7).build = "7.0.3", "23794027"
    yield Planted("esxi-version-consistency", "critical", Cluster.kind, "test")
    alone = site.build.world.named(Host, ALONE)
    alone.version, alone.build = "9.2.0", "26000001"
    yield Planted("esxi-version-consistency", "critical", Host.kind, ALONE, "newer")
    site.host(2).reboot_required = site.host(8).reboot_required = True
    yield Planted("esxi-version-consistency", "warning", Host.kind, site.host(2).name, "reboot")


def host_connection(site: "Site") -> Iterator[Planted]:
    """Plant hosts that do not respond, with and without work, one in standby, one in quarantine.

    The fourth host is in maintenance and the eighth disconnected already.
    """
    yield Planted("host-connection", "info", Host.kind, site.host(4).name, "maintenance")
    yield Planted("host-connection", "critical", Host.kind, site.host(8).name)
    site.host(5).quarantine = True
    yield Planted("host-connection", "warning", Host.kind, site.host(5).name, "quarantine")
    busy, idle, asleep = (_depot(site, number) for number in (1, 2, 3))
    store = site.store("vmfs-test-01")
    running = site.build.vm("depot-app-01", site.folder, busy, [store], site.networks)
    stopped = site.build.vm("depot-app-02", site.folder, idle, [store], site.networks)
    running.connection_state = stopped.connection_state = "disconnected"
    stopped.power_state, stopped.booted = "poweredOff", None
    asleep.power_state = "standBy"
    yield Planted("host-connection", "critical", Host.kind, busy.name)
    yield Planted("host-connection", "warning", Host.kind, idle.name)
    yield Planted("host-connection", "warning", Host.kind, asleep.name)


def _depot(site: "Site", number: int) -> Host:
    """Add a host of its own that does not respond."""
    name = f"depot{number:02}.{DOMAIN}"
    center = site.build.world.named(Datacenter, "DC0")
    host = site.build.host(name, 20 + number, site.build.standalone(name, center))
    host.connection_state, host.power_state = "notResponding", "unknown"
    return host


def host_hardware(site: "Site") -> Iterator[Planted]:
    """Plant a red and a yellow sensor, a yellow part, and a red one on the host in maintenance.

    Decoys: an unknown sensor, the sum of all sensors, a host without any, and a red one of a disconnected host.
    """
    site.host(1).sensors = {"Power Supply 1 Status": "red", "VMware Rollup Health State": "red"}
    yield Planted("host-hardware", "critical", Host.kind, site.host(1).name, "Power Supply 1 Status")
    site.host(2).sensors = {"Memory Device 1 DIMM A1: Correctable ECC - Deassert": "yellow"}
    ecc = "Memory Device 1 DIMM A1: Correctable ECC"
    yield Planted("host-hardware", "warning", Host.kind, site.host(2).name, ecc)
    site.host(5).sensors = {"Memory Module 2": "yellow", "CPU 1": "unknown"}
    yield Planted("host-hardware", "warning", Host.kind, site.host(5).name, "Memory Module 2")
    site.host(4).sensors = {"System Board Fan1A": "red"}
    yield Planted("host-hardware", "info", Host.kind, site.host(4).name, "System Board Fan1A")
    site.host(6).sensors = {"System Board Fan1A": "unknown"}
    site.host(8).sensors = {"System Board Fan1A": "red"}
    site.build.world.named(Host, ALONE).has_sensors = False


def host_hardening(site: "Site") -> Iterator[Planted]:
    """Plant each rule once, and SSH on vCenter and on the host in maintenance; decoy: strict lockdown."""
    site.host(1).ssh_running = site.host(4).ssh_running = site.build.world.appliance.ssh = True
    site.host(2).shell_running = True
    site.host(3).lockdown = "lockdownDisabled"
    site.host(5).log_host = ""
    site.host(6).ssh_policy = "on"
    site.host(7).settings[SHELL_TIMEOUT] = 0
    site.build.world.named(Host, ALONE).lockdown = "lockdownStrict"
    rules: tuple[tuple[int, Severity, str], ...] = (
        (1, "warning", "ssh"),
        (4, "info", "ssh"),
        (2, "warning", "shell"),
        (3, "warning", "lockdown"),
        (5, "warning", "syslog"),
        (6, "warning", "ssh"),
        (7, "info", "shell-timeout"),
    )
    for number, severity, key in rules:
        yield Planted("host-hardening", severity, Host.kind, site.host(number).name, key)
    yield Planted("host-hardening", "warning", "VirtualCenter", None, "ssh")


def ntp_drift(site: "Site") -> Iterator[Planted]:
    """Plant clocks beyond warning and critical, and hosts and a vCenter that do not keep theirs right.

    Decoys: 3 s ahead, the time from PTP without NTP, and the disconnected host whose clock nobody can ask.
    """
    clocks: tuple[tuple[int, Severity | None, float], ...] = (
        (2, "warning", 12),
        (3, None, 3),
        (5, "critical", -75),
        (8, None, 900),
    )
    for number, severity, seconds in clocks:
        site.host(number).clock_offset_seconds = seconds
        if severity:
            yield Planted("ntp-drift", severity, Host.kind, site.host(number).name)
    site.host(6).ntp_running = False
    yield Planted("ntp-drift", "warning", Host.kind, site.host(6).name, "ntp-service")
    site.host(7).ntp_servers = ()
    yield Planted("ntp-drift", "warning", Host.kind, site.host(7).name, "ntp-servers")
    site.host(1).ntp_synchronised = False
    yield Planted("ntp-drift", "warning", Host.kind, site.host(1).name, "ntp-sync")
    site.build.world.appliance.ntp_servers = ()
    yield Planted("ntp-drift", "warning", "VirtualCenter", None, "ntp-servers")
    alone = site.build.world.named(Host, ALONE)
    alone.ptp, alone.ntp_running, alone.ntp_servers = True, False, ()


HOSTS = (esxi_version_consistency, host_connection, host_hardware, host_hardening, ntp_drift)
