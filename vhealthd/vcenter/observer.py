"""What can be heard of the talk with a vCenter: each request, each login, each turn in the life of its sessions."""

from enum import StrEnum
from typing import Protocol


class SessionState(StrEnum):
    """How it stands with the session at a vCenter."""

    OPEN = "open"
    LOST = "lost"  # ended by vCenter
    CLOSED = "closed"


class Observer(Protocol):
    """Whoever listens. It is called from within requests, so it returns at once and raises nothing."""

    def request(self, vcenter: str, api: str, code: str, seconds: float) -> None:
        """Hear of a request that is over.

        `api` is automation, vi or other; `code` is the HTTP status, or why there is none: refused, timeout, tls ...
        `seconds` go from the moment of sending; waiting for a free slot does not count.
        """

    def login(self, vcenter: str) -> None:
        """Hear that vCenter gave a session."""

    def session(self, vcenter: str, state: SessionState) -> None:
        """Hear of a turn in the life of a session."""


class Nobody:
    """Listens to nothing."""

    def request(self, vcenter: str, api: str, code: str, seconds: float) -> None:
        """Ignore it."""

    def login(self, vcenter: str) -> None:
        """Ignore it."""

    def session(self, vcenter: str, state: SessionState) -> None:
        """Ignore it."""


def api_of(path: str) -> str:
    """Return the API that a path belongs to."""
    if path.startswith("/api/"):
        return "automation"
    return "vi" if path.startswith("/sdk/") else "other"
