"""The life of a session token: CREATED -> AUTHENTICATED -> EXPIRED | INVALIDATED, and from either back by a login.

EXPIRED is a token that had served and is refused: its time is over, and it is renewed silently. INVALIDATED is a
token that is refused before it served once: somebody ends our sessions, and we rebuild at most twice in a row.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum

import structlog

from vhealthd.errors import SessionLostError, VCenterError
from vhealthd.vcenter.observer import SessionState

log = structlog.get_logger(__name__)

MAX_REBUILDS = 2
# The shortest idle time after which any vCenter is reported to drop a session is 5 minutes; the usual one is 30.
IDLE_SECONDS = 240


class TokenState(StrEnum):
    """Where a token is in its life."""

    CREATED = "created"
    AUTHENTICATED = "authenticated"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"


class TokenSession:
    """Holds one token for many requests. However many of them find it dead at once, one logs in again.

    A login that fails is final: repeating a refused password locks the account.
    """

    def __init__(
        self,
        *,
        login: Callable[[], Awaitable[str]],
        logout: Callable[[str], Awaitable[None]],
        clock: Callable[[], float],
        on_turn: Callable[[SessionState], None] = lambda _: None,
    ) -> None:
        self.state = TokenState.CREATED
        self.logins = 0
        self._login = login
        self._logout = logout
        self._clock = clock
        self._on_turn = on_turn
        self._lock = asyncio.Lock()
        self._token = ""
        self._generation = 0
        self._served = False
        self._last_use = 0.0
        self._rebuilds = 0
        self._failure: VCenterError | None = None
        # A login under way outlives whoever waits for it: vCenter may have made the session that it asks for already.
        self._logging_in: asyncio.Future[str] | None = None

    async def current(self) -> tuple[str, int]:
        """Return the token and its generation, logging in first if there is none or it has idled too long.

        Raises what the login raises.
        """
        async with self._lock:
            if self.state is TokenState.AUTHENTICATED and self._clock() - self._last_use > IDLE_SECONDS:
                self.state = TokenState.EXPIRED
                await self._let_go(self._token)
            if self.state is not TokenState.AUTHENTICATED:
                await self._authenticate()
            return self._token, self._generation

    def accepted(self, generation: int, renewed: str | None = None) -> None:
        """Note that vCenter took this token; `renewed` is another one that it sent along with its answer."""
        if generation != self._generation:
            return
        self._served, self._rebuilds, self._last_use = True, 0, self._clock()
        self._token = renewed or self._token

    async def refused(self, generation: int) -> None:
        """Get a new token after vCenter refused this one, unless somebody has done so already.

        Raises SessionLostError after two fruitless rebuilds in a row, and what the login raises.
        """
        async with self._lock:
            if generation != self._generation or self.state is not TokenState.AUTHENTICATED:
                return
            self.state = TokenState.EXPIRED if self._served else TokenState.INVALIDATED
            log.info("session ended by vCenter", state=self.state.value)
            self._on_turn(SessionState.LOST)
            if self.state is TokenState.INVALIDATED:
                self._count_rebuild()
            await self._authenticate()

    async def close(self) -> None:
        """Log out, if there is a session. A logout that fails is logged and forgotten: the session will idle out."""
        async with self._lock:
            if self._logging_in:
                await self._finish_login()
            if self.state is TokenState.AUTHENTICATED:
                self.state = TokenState.EXPIRED
                self._failure = SessionLostError("the session was closed")
                self._on_turn(SessionState.CLOSED)
                await self._let_go(self._token)

    def _count_rebuild(self) -> None:
        if self._rebuilds >= MAX_REBUILDS:
            self._failure = SessionLostError(
                f"vCenter ended {MAX_REBUILDS + 1} new sessions in a row before they served once; does somebody or "
                "something terminate the sessions of this account?"
            )
            raise self._failure
        self._rebuilds += 1

    async def _authenticate(self) -> None:
        if self._failure:
            raise self._failure
        self._logging_in = self._logging_in or asyncio.ensure_future(self._login())
        try:
            self._token = await asyncio.shield(self._logging_in)
        except VCenterError as error:
            self._failure = error
            raise
        finally:
            if self._logging_in.done():
                self._logging_in = None
        self.logins += 1
        self._generation += 1
        self._served, self._last_use = False, self._clock()
        self.state = TokenState.AUTHENTICATED
        self._on_turn(SessionState.OPEN)

    async def _finish_login(self) -> None:
        """Wait for a login whose asker was cancelled, so that its session can be logged out."""
        try:
            await self._authenticate()
        except VCenterError as error:
            log.info("no session to log out", why=str(error))
        finally:
            if self._logging_in:
                self._logging_in.cancel()

    async def _let_go(self, token: str) -> None:
        try:
            await self._logout(token)
        except VCenterError as error:
            log.warning("logout failed", why=str(error))
