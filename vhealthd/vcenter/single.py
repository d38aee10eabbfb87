"""The form of a collector that reads one part by calls of its own, besides the bulk reads of the inventory."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from vhealthd.errors import NotPermittedError, VCenterError
from vhealthd.inventory import Need
from vhealthd.model import Entity, Message, Outcome, Unseen, outcome_of
from vhealthd.vcenter.client import VCenterClient
from vhealthd.vcenter.names import Resolver
from vhealthd.vcenter.properties import PropertyReader
from vhealthd.vcenter.wire import ObjectContent

FAILED = Message("unseen.failed", "{why}")
NOT_PERMITTED = Message("unseen.not-permitted", "{why}")
NOT_GRANTED = Message("unseen.not-granted", "{why}; it needs {grant}")

# One part of what a check judges must not take the time of the others.
PART_SECONDS = 60

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What such a collector may use. `part` waits for another part of the inventory and raises what its reading did.

    `place` makes an entity of an object with its `name` and `parent`, once the tree is read; None if out of scope.
    """

    client: VCenterClient
    reader: PropertyReader
    resolver: Resolver
    part: Callable[[Need], Awaitable[object]]
    place: Callable[[ObjectContent], Entity | None]
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
    message = NOT_PERMITTED if isinstance(error, NotPermittedError) else FAILED
    return Unseen(message(why=str(error)), outcome_of(error))


def not_granted(error: NotPermittedError, grant: Message) -> Unseen:
    """Say why something may not be read, and what an account needs to read it."""
    return Unseen(NOT_GRANTED(why=str(error), grant=grant()), Outcome.SKIPPED)


async def part_or_unseen(read: Awaitable[T], *, what: str, grant: Message | None = None) -> T | Unseen:
    """Wait for one part of several; where it fails, say why and keep the rest.

    `what` names it should no answer come in time, `grant` what an account needs to read it.
    """
    try:
        async with asyncio.timeout(PART_SECONDS):
            return await read
    except NotPermittedError as error:
        return not_granted(error, grant) if grant else as_unseen(error)
    except VCenterError as error:
        return as_unseen(error)
    except TimeoutError:
        return as_unseen(VCenterError(f"{what}: no answer within {PART_SECONDS} s"))
