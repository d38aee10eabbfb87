"""Settings of vCenter's own machine: who gets in, where its log goes, where it has its time from."""

from dataclasses import dataclass

from vhealthd.model.unseen import Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceAccess:
    """Ways into the appliance, and the hosts that its log is sent to; each was read apart from the others."""

    ssh: bool | Unseen
    shell: bool | Unseen
    log_hosts: tuple[str, ...] | Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceTime:
    """How the appliance keeps its time, and the NTP servers that it is given; each was read apart."""

    mode: str | Unseen  # DISABLED | NTP | HOST
    servers: tuple[str, ...] | Unseen
