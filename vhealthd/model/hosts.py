"""Facets of ESXi hosts."""

from dataclasses import dataclass

from vhealthd.model.entities import MoRef


@dataclass(frozen=True, slots=True, kw_only=True)
class HostUsage:
    """Use and capacity of one host: MHz and bytes; None where vCenter does not say."""

    cpu_used: int | None
    cpu_capacity: int | None
    memory_used: int | None
    memory_capacity: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostManagers:
    """The managers of one host that collectors ask; no check reads them."""

    options: MoRef
    clock: MoRef


@dataclass(frozen=True, slots=True, kw_only=True)
class HostClock:
    """The clock of one host, compared with the clock of this machine."""

    ahead_seconds: float  # host minus this machine, at the middle of the request; negative: the host is behind
    error_seconds: float  # half the round trip; more where the answer has no fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class HostProduct:
    """What runs on a host; vCenter remembers it of one that is disconnected."""

    version: str
    build: str
    reboot_required: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostMode:
    """Why a host may be without work, besides maintenance."""

    standby_mode: str | None  # entering | in | exiting | none
    in_quarantine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwarePart:
    """A sensor, or a part whose status the host tells. `sensor` is its name without its present state."""

    sensor: str
    name: str
    kind: str  # the sensor's type: temperature | fan | voltage | power ..., or cpu | memory | storage | dpu | rollup
    state: str  # green | yellow | red | unknown, always in lower case


@dataclass(frozen=True, slots=True, kw_only=True)
class HostService:
    """A service of a host."""

    running: bool
    policy: str  # on | automatic | off: whether it starts with the host


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTime:
    """Where a host has its time from; None where it does not say."""

    protocol: str | None  # ntp | ptp
    servers: tuple[str, ...]  # of NTP
    synchronised: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLockdown:
    """Whether a host may be managed past vCenter."""

    lockdown_mode: str  # lockdownDisabled | lockdownNormal | lockdownStrict
