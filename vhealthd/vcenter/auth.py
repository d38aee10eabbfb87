"""How an account proves itself. One way now, the password; a bearer token would be another class with this form."""

from dataclasses import dataclass, field
from typing import NoReturn, Protocol

import aiohttp

from vhealthd.errors import LoginFailedError


class Authentication(Protocol):
    """What the two APIs need for a login."""

    @property
    def username(self) -> str:
        """The account, for messages."""

    def api_headers(self) -> dict[str, str]:
        """Return the headers of `POST /api/session`."""

    def vi_login(self) -> tuple[str, dict[str, str]]:
        """Return the method of the SessionManager and its parameters."""


@dataclass(frozen=True, slots=True)
class PasswordAuthentication:
    """User name and password. The password shows in no repr."""

    username: str
    password: str = field(repr=False)

    def api_headers(self) -> dict[str, str]:
        """Return the header of HTTP Basic authentication."""
        return {"Authorization": aiohttp.encode_basic_auth(self.username, self.password)}

    def vi_login(self) -> tuple[str, dict[str, str]]:
        """Return `Login` and the account."""
        return "Login", {"userName": self.username, "password": self.password}


@dataclass(frozen=True, slots=True)
class NoAuthentication:
    """An account whose secret could not be read: no login is tried. `why` says what to do."""

    username: str
    why: str

    def api_headers(self) -> NoReturn:
        """Raise LoginFailedError."""
        raise LoginFailedError(f"login as {self.username} not tried: {self.why}")

    def vi_login(self) -> NoReturn:
        """Raise LoginFailedError."""
        self.api_headers()
