"""The way to a vCenter, its services, and what DNS says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vhealthd.model.entities import Host
from vhealthd.model.unseen import Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachability:
    """How the way to a vCenter went. `failure` names the step that failed and why; None if there is a session."""

    connect_seconds: float | None  # name, TCP and TLS of the first connection
    tls: str  # verified | pinned | unverified | plain
    failed_step: str | None = None  # name | connect | tls | answer | login
    failure: str | None = None
    clock_skew_seconds: float | None = None  # vCenter minus this machine, at the middle of the request
    clock_error_seconds: float | None = None  # half the round trip; more where the answer has no fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of the appliance, as `/api/vcenter/services` lists it."""

    id: str
    state: str  # STARTING | STOPPING | STARTED | STOPPED
    health: str | None  # HEALTHY | HEALTHY_WITH_WARNINGS | DEGRADED; only when started
    startup_type: str  # MANUAL | AUTOMATIC | DISABLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What DNS says of one name. `pointers` maps each address to the names that its PTR records give."""

    name: str
    status: str  # answered | absent (the name has no address) | failed (no DNS server answered)
    addresses: tuple[str, ...] = ()
    pointers: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)  # None: no DNS server answered


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNames:
    """A host, what DNS says of its name (None: vCenter knows it by address), and the DNS servers that it asks."""

    host: Host
    lookup: Lookup | None
    dns_servers: tuple[str, ...] | None  # None: not read, as of a disconnected host


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """All that DNS says of a vCenter (None: its URL has an address) and of its hosts."""

    vcenter: Lookup | None
    connected_to: str | None  # address of the connection that is in use
    appliance_dns_servers: tuple[str, ...] | Unseen
    hosts: tuple[HostNames, ...] | Unseen
