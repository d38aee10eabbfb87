"""How an account proves itself. One way now, the password; a bearer token would be another class with this form."""

from dataclasses import dataclass, field
from typing import Protocol

import aiohttp


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
