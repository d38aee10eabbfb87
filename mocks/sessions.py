"""Sessions of the mock vCenter: tokens, and what lives and dies with them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Literal
from uuid import UUID

from mocks.wire import Json, error, fault

Door = Literal["api", "vi"]
Level = Literal["full", "operator", "readonly"]
"""Administrator; the role Read-only in the SSO group SystemConfiguration.ReadOnly; the role alone."""
Reference = tuple[str, str]
"""A managed object's type and reference value."""


@dataclass(frozen=True, slots=True)
class View:
    """A container view: what it was made of."""

    container: Reference
    kinds: tuple[str, ...]
    recursive: bool


@dataclass(slots=True)
class Cursor:
    """The pages that a query still has to give: encoded objects, made when they are asked for."""

    objects: Iterator[bytes]
    size: int
    waiting: list[bytes] = field(default_factory=list)

    def page(self) -> list[bytes]:
        """Take the next page, and look one object ahead to know whether another follows."""
        taken = self.waiting + list(islice(self.objects, self.size + 1 - len(self.waiting)))
        self.waiting = taken[self.size :]
        return taken[: self.size]


@dataclass(slots=True)
class Session:
    """One login; `doors` are the interfaces at which its token is good."""

    token: str
    key: str
    user: str
    created: datetime
    last_used: datetime
    doors: frozenset[Door]
    views: dict[str, View] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    calls: int = 0


@dataclass(slots=True)
class Account:
    """The one account; after `locked_after` wrong passwords the right one is refused too.

    `session_limit` is how many sessions it may have at a time.
    """

    user: str
    password: str
    level: Level = "full"
    locked_after: int | None = None
    session_limit: int = 550
    failures: int = 0

    def accepts(self, user: str, password: str) -> bool:
        """Whether these are the account's user and password and it is not locked."""
        locked = self.locked_after is not None and self.failures >= self.locked_after
        right = (user, password) == (self.user, self.password)
        self.failures += not right
        return right and not locked


class Sessions:
    """All open sessions, and the counts of those that were."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.open: dict[str, Session] = {}
        self.logins = self.logouts = self.views_created = self.views_destroyed = 0

    def identifier(self) -> str:
        """Draw a UUID from the seed."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def login(self, user: str, doors: frozenset[Door], now: datetime, digits: int) -> Session:
        """Open a session under a token of so many hex digits."""
        token = f"{self.random.getrandbits(160):040x}"[:digits]
        session = Session(token, self.identifier(), user, now, now, doors)
        self.open[token] = session
        self.logins += 1
        return session

    def find(self, token: str, door: Door, now: datetime) -> Session | None:
        """Look up a live session at a door, and keep it alive."""
        session = self.open.get(token)
        if session is None or door not in session.doors:
            return None
        session.last_used = now
        return session

    def logout(self, session: Session) -> None:
        """End a session at its owner's wish."""
        self.logouts += 1
        self.end(session)

    def end(self, session: Session) -> None:
        """End a session; its views and cursors die with it."""
        self.open.pop(session.token, None)

    def end_all(self) -> None:
        """End every session, as a restart of vCenter does."""
        self.open.clear()

    @property
    def views_open(self) -> int:
        """The number of views of live sessions."""
        return sum(len(session.views) for session in self.open.values())


def unauthenticated() -> Exception:
    """Refuse a call to `/api` without a live session."""
    return error(
        401,
        "UNAUTHENTICATED",
        "com.vmware.vapi.endpoint.method.authentication.required",
        "Unable to execute this operation: authentication required.",
    )


def not_authenticated(target: Reference) -> Exception:
    """Refuse a VI JSON call without a live session."""
    return fault("NotAuthenticated", "The session is not authenticated.", object=moref(target), privilegeId="")


def moref(target: Reference) -> Json:
    """Write a reference."""
    return {"_typeName": "ManagedObjectReference", "type": target[0], "value": target[1]}
