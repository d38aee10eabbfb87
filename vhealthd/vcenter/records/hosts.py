"""Facets of ESXi hosts."""

from vhealthd.inventory import Need
from vhealthd.model import Certificate, HostManagers, HostUsage, Unseen
from vhealthd.vcenter.pem import first_certificate
from vhealthd.vcenter.records.facet import MB, Facet, Props
from vhealthd.vcenter.wire import dig, reference


def _host_usage(props: Props) -> HostUsage:
    mhz, cores = props.get("summary.hardware.cpuMhz"), props.get("summary.hardware.numCpuCores")
    memory = props.get("summary.quickStats.overallMemoryUsage")
    return HostUsage(
        cpu_used=props.get("summary.quickStats.overallCpuUsage"),
        cpu_capacity=mhz * cores if mhz and cores else None,
        memory_used=None if memory is None else memory * MB,
        memory_capacity=props.get("summary.hardware.memorySize"),
    )


def _host_dns(props: Props) -> tuple[str, ...] | None:
    config = props.get("config.network.dnsConfig")
    return None if config is None else tuple(dig(config, "address") or ())


def _host_managers(props: Props) -> HostManagers | None:
    options, clock = (reference(props.get(f"configManager.{name}")) for name in ("advancedOption", "dateTimeSystem"))
    return HostManagers(options=options, clock=clock) if options and clock else None


def _host_certificate(props: Props) -> Certificate | Unseen | None:
    config = props.get("config.certificate")
    return first_certificate("host", config) if config else None


HOST_FACETS = (
    Facet(
        Need.HOST_USAGE,
        "HostSystem",
        (
            "summary.quickStats.overallCpuUsage",
            "summary.quickStats.overallMemoryUsage",
            "summary.hardware.cpuMhz",
            "summary.hardware.numCpuCores",
            "summary.hardware.memorySize",
        ),
        _host_usage,
    ),
    Facet(Need.HOST_DNS, "HostSystem", ("config.network.dnsConfig",), _host_dns),
    Facet(
        Need.HOST_MANAGERS,
        "HostSystem",
        ("configManager.advancedOption", "configManager.dateTimeSystem"),
        _host_managers,
    ),
    Facet(Need.HOST_CERTIFICATES, "HostSystem", ("config.certificate",), _host_certificate, apart="host certificates"),
)
