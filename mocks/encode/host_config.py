"""The configuration of an ESXi host as VI JSON; unset while vCenter cannot talk to the host."""

from mocks.certificates import certificate_of
from mocks.encode.host_devices import storage_device, volumes
from mocks.encode.host_network import network
from mocks.encode.value import Tree, boxed, data, refer, timestamp
from mocks.world import Host, World

POLICY = data("HostPowerPolicy", key=2, name="PowerPolicy.dynamic.name", shortName="dynamic", description="Balanced")
BALANCED = data("PowerSystemInfo", currentPolicy=POLICY)


def product(host: Host) -> Tree:
    """Encode the product of a host; it stays in `summary.config` while the host is disconnected."""
    return data(
        "AboutInfo",
        name="VMware ESXi",
        fullName=f"VMware ESXi {host.version} build-{host.build}",
        vendor="VMware, Inc.",
        version=host.version,
        build=host.build,
        localeVersion="INTL",
        localeBuild="000",
        osType="vmnix-x86",
        productLineId="embeddedEsx",
        apiType="HostAgent",
        apiVersion=f"{host.version}.0",
        licenseProductName="VMware ESX Server",
        licenseProductVersion="8.0",
    )


def config(world: World, host: Host) -> Tree | None:
    """Encode `config`."""
    if not host.answers:
        return None
    return data(
        "HostConfigInfo",
        host=refer(world, host.moid),
        product=product(host),
        hyperThread=data("HostHyperThreadScheduleInfo", available=True, active=True, config=True),
        fileSystemVolume=volumes(world, host),
        network=network(world, host),
        service=data("HostServiceInfo", service=_services(host)),
        firewall=data(
            "HostFirewallInfo",
            defaultPolicy=data("HostFirewallDefaultPolicy", incomingBlocked=True, outgoingBlocked=True),
        ),
        storageDevice=storage_device(world, host),
        option=[data("OptionValue", key=key, value=value) for key, value in options(host).items()],
        dateTimeInfo=_date_time(world, host),
        lockdownMode=host.lockdown,
        certificate=_certificate(world, host),
        powerSystemInfo=BALANCED,
    )


def _certificate(world: World, host: Host) -> list[int]:
    """Encode the PEM certificate as vim25 does bytes: signed numbers."""
    return [byte - 256 if byte > 127 else byte for byte in certificate_of(world, host)]


def _services(host: Host) -> list[Tree]:
    running = {
        "ntpd": ("NTP Daemon", host.ntp_running, "on"),
        "ptpd": ("PTP Daemon", host.ptp, "on" if host.ptp else "off"),
        "TSM": ("ESXi Shell", host.shell_running, "on" if host.shell_running else "off"),
        "TSM-SSH": ("SSH", host.ssh_running, host.ssh_policy),
        "vmsyslogd": ("Syslog Server", True, "on"),
    }
    return [
        data(
            "HostService",
            key=key,
            label=label,
            required=key == "vmsyslogd",
            uninstallable=False,
            running=runs,
            policy=policy,
        )
        for key, (label, runs, policy) in running.items()
    ]


def _date_time(world: World, host: Host) -> Tree:
    return data(
        "HostDateTimeInfo",
        timeZone=data("HostDateTimeSystemTimeZone", key="UTC", name="UTC", description="UTC", gmtOffset=0),
        systemClockProtocol="ptp" if host.ptp else "ntp",
        ntpConfig=data("HostNtpConfig", server=list(host.ntp_servers)),
        enabled=host.ptp or host.ntp_running,
        serviceSync=(host.ptp or host.ntp_running) and host.ntp_synchronised,
        lastSyncTime=timestamp(world.now) if host.ntp_running else None,
        remoteNtpServer=host.ntp_servers[0] if host.ntp_servers else None,
    )


def options(host: Host) -> dict[str, Tree]:
    """List the advanced settings that are served, boxed: `config.option` and `QueryOptions` show them."""
    return {
        "DataMover.HardwareAcceleratedMove": boxed("long", 1),
        "DataMover.HardwareAcceleratedInit": boxed("long", 1),
        "VMFS3.HardwareAcceleratedLocking": boxed("long", 1),
        "VMFS3.EnableBlockDelete": boxed("long", 0),
        "Syslog.global.logHost": boxed("string", host.log_host),
        "UserVars.ESXiShellTimeOut": boxed("long", 600),
        "UserVars.ESXiShellInteractiveTimeOut": boxed("long", 900),
        **{key: boxed("long", value) for key, value in host.settings.items()},
    }
