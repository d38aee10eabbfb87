"""vCenter's own machine, as plain data: its services, backups and licences, and what its health says."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True, kw_only=True)
class Service:
    """A service of the appliance, as `/api/vcenter/services` lists it."""

    state: str = "STARTED"
    health: str | None = "HEALTHY"
    startup: str = "AUTOMATIC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup job of the appliance; one that is not over has no end."""

    started: datetime
    ended: datetime | None
    status: str = "SUCCEEDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence in vCenter's keeping; without a last day it is perpetual, with a total of 0 unlimited."""

    key: str
    edition: str
    name: str
    total: int
    used: int | None
    unit: str = "cpuPackage"
    expires: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Appliance:
    """vCenter's own machine: name service, time service, services, accounts, backups."""

    name: str
    dns_servers: tuple[str, ...]
    ntp_servers: tuple[str, ...]
    services: dict[str, Service]
    health: dict[str, str]
    filesystem_used: dict[str, float]
    root_expires: datetime | None
    schedules: dict[str, bool]
    backups: tuple[Backup, ...]
    certificate_until: datetime
    signing_until: datetime
    root_until: datetime
    unmeasured: tuple[str, ...] = ()
    ssh: bool = False
    shell: bool = False
    log_servers: tuple[str, ...] = ("syslog.lab.example",)
