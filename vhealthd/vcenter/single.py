"""The form of a collector that reads one part by calls of its own, besides the bulk reads of the inventory."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from vhealthd.errors import NotPermittedError, NotSupportedError, VCenterError
from vhealthd.inventory import Need
from vhealthd.model import Message, Outcome, Unseen
from vhealthd.vcenter.client import VCenterClient
from vhealthd.vcenter.names import Resolver
from vhealthd.vcenter.properties import PropertyReader

FAILED = Message("unseen.failed", "{why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What such a collector may use. `part` waits for another part of the inventory and raises what its reading did."""

    client: VCenterClient
    reader: PropertyReader
    resolver: Resolver
    part: Callable[[Need], Awaitable[object]]
    clock: Callable[[], datetime]
    no_session: VCenterError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """Reads the part `need`; `name` says what it reads, `after` names the parts that it waits for."""

    need: Need
    name: str
    read: Callable[[Site], Awaitable[object]]
    after: frozenset[Need] = frozenset()


def as_unseen(error: VCenterError) -> Unseen:
    """Say why something is missing: what cannot be had is skipped, what should have been had is unknown."""
    cannot = isinstance(error, NotPermittedError | NotSupportedError)
    return Unseen(FAILED(why=str(error)), Outcome.SKIPPED if cannot else Outcome.UNKNOWN)
