"""One vCenter, its two APIs, and the token (or two) that both take.

The Automation API (`/api`) and VI JSON (`/sdk/vim25/{release}`) fail apart from each other: one may be down while the
other works. From 8.0 U3 they share a session; which of the two cases it is, is found out, not computed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import quote

import structlog

from vhealthd.errors import (
    BadAnswerError,
    FaultError,
    LoginFailedError,
    NotPermittedError,
    NotSupportedError,
    SessionLostError,
    VCenterError,
)
from vhealthd.model import MoRef
from vhealthd.vcenter.auth import Authentication
from vhealthd.vcenter.observer import SessionState
from vhealthd.vcenter.session import TokenSession, TokenState
from vhealthd.vcenter.transport import Answer, Transport
from vhealthd.vcenter.wire import dig, each, fault_name, moment

log = structlog.get_logger(__name__)

TOKEN_HEADER = "vmware-api-session-id"  # noqa: S105 - the header's name
RELEASES = ("9.1.0.0", "9.0.0.0", "8.0.3.0", "8.0.2.0", "8.0.1.0")
OLDEST_RELEASE = "8.0.1.0"  # the first with VI JSON, and one that every later server speaks
SESSION_MANAGER = MoRef("SessionManager", "SessionManager")
SERVICE_INSTANCE = MoRef("ServiceInstance", "ServiceInstance")
_NO_SESSION = frozenset({"NotAuthenticated", "AuthenticationRequired"})
_REPLAYS = 4  # one expiry and two rebuilds end well before this
_LOGOUT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a vCenter says of itself before anybody logs in."""

    version: str | None = None
    build: str | None = None
    instance_uuid: str | None = None
    root_folder: MoRef | None = None


class VCenterClient:
    """Speaks to one vCenter for one scan. Call `open` once, `close` at the end, whatever happened between."""

    def __init__(
        self,
        transport: Transport,
        authentication: Authentication,
        on_turn: Callable[[SessionState], None] = lambda _: None,
    ) -> None:
        self.transport = transport
        self.release = OLDEST_RELEASE
        self.about = About()
        self.vi_problem: VCenterError | None = None
        self.api_problem: VCenterError | None = None
        self._authentication = authentication
        clock = asyncio.get_running_loop().time
        self._api = TokenSession(login=self._log_in_to_api, logout=self._log_out_of_api, clock=clock, on_turn=on_turn)
        self._vi = TokenSession(login=self._log_in_to_vi, logout=self._log_out_of_vi, clock=clock, on_turn=on_turn)

    # --- life

    async def open(self) -> None:
        """Find out the release and who answers, and log in.

        Raises ConnectionFailedError or BadAnswerError if neither API answers, LoginFailedError if no session is given.
        Where only one of the two APIs works, `api_problem` or `vi_problem` says why.
        """
        unheard = await self._say_hello()
        await self._look_around()
        if unheard and self.vi_problem:
            raise unheard
        try:
            await self._api.current()
        except LoginFailedError:
            raise
        except VCenterError as error:
            self.api_problem = error
        if self.vi_problem is None:
            await self._find_session_for_vi()
        if self.api_problem and self.vi_problem:
            raise self.api_problem
        if self.about.version is None:
            await self._ask_appliance_for_version()

    async def close(self) -> None:
        """Log out of whatever was logged in to, within 10 seconds, even while being cancelled."""
        logout = asyncio.create_task(self._log_out(), name="vcenter-logout")
        try:
            await asyncio.shield(logout)
        except asyncio.CancelledError:
            await logout
            raise

    async def _log_out(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOGOUT_SECONDS):
                if self._vi is not self._api:
                    await self._vi.close()
                await self._api.close()

    async def _say_hello(self) -> VCenterError | None:
        """Ask for the newest release that both sides know. `hello` came with 8.0.2.0; without it the oldest serves.

        Returns why there was no answer. Raises where there is no connection at all: then nobody need be asked again.
        """
        try:
            answer = await self.transport.send(
                "POST", "/api/vcenter/system?action=hello", json={"api_releases": list(RELEASES)}
            )
        except VCenterError as error:
            if self.transport.traffic.first_connect_seconds is None:
                raise
            # The endpoint of /api may be down alone; VI JSON has its chance.
            log.warning("hello failed", why=str(error))
            return error
        with suppress(BadAnswerError):
            self.release = (dig(answer.json(), "api_release") if answer.ok else None) or OLDEST_RELEASE
        return None

    async def _look_around(self) -> None:
        try:
            answer = await self.transport.send("GET", self._vi_path(SERVICE_INSTANCE, "content"))
        except VCenterError as error:
            self.vi_problem = error
            return
        if answer.status == 404:  # noqa: PLR2004 - not found
            self.vi_problem = NotSupportedError(
                "this vCenter has no VI JSON API (it came with 8.0 U1); update vCenter to have all checks"
            )
            return
        try:
            content = vi_data(answer)
            self.about = About(
                version=dig(content, "about", "version"),
                build=dig(content, "about", "build"),
                instance_uuid=dig(content, "about", "instanceUuid"),
                root_folder=MoRef("Folder", content["rootFolder"]["value"]),
            )
        except VCenterError as error:
            self.vi_problem = error
        except (KeyError, TypeError):
            self.vi_problem = BadAnswerError("vCenter's ServiceContent has no root folder")

    async def _find_session_for_vi(self) -> None:
        """Use the token of `/api` if VI JSON knows it (8.0 U3 and later), else log in there too."""
        separate, self._vi = self._vi, self._api
        try:
            if self.api_problem is None and await self._knows_token():
                return
            self._vi = separate
            await self._vi.current()
        except LoginFailedError:
            if self._api.state is not TokenState.AUTHENTICATED:
                raise
            self.vi_problem = BadAnswerError("VI JSON refuses the account that /api has just accepted")
        except VCenterError as error:
            self.vi_problem = error

    async def _knows_token(self) -> bool:
        token, generation = await self._api.current()
        answer = await self.transport.send(
            "GET", self._vi_path(SESSION_MANAGER, "currentSession"), headers={TOKEN_HEADER: token}
        )
        known = answer.ok and bool(answer.json())
        if known:
            self._api.accepted(generation)
        return known

    async def _ask_appliance_for_version(self) -> None:
        with suppress(VCenterError):
            version = await self.automation("GET", "/appliance/system/version")
            # The appliance says 7.0.3.00400 where vCenter says 7.0.3.
            short = ".".join(str(dig(version, "version") or "").split(".")[:3])
            self.about = About(version=short or None, build=dig(version, "build"))

    # --- requests

    async def automation(self, method: str, path: str, *, json: object = None) -> Any:  # noqa: ANN401 - decoded JSON
        """Call an operation of the Automation API; `path` begins after `/api`.

        Raises NotPermittedError on 403, NotSupportedError on 404, BadAnswerError on any other refusal.
        """
        if self.api_problem:
            raise self.api_problem

        async def send(token: str) -> tuple[Any, bool, Answer]:
            answer = await self.transport.send(method, f"/api{path}", headers={TOKEN_HEADER: token}, json=json)
            refused = answer.status == 401  # noqa: PLR2004 - unauthenticated
            return (None if refused else _api_answer(answer, path)), refused, answer

        return await self._with_token(self._api, send)

    async def vi(
        self,
        target: MoRef,
        method: str,
        parameters: Mapping[str, object] | None = None,
        *,
        repeatable: bool = True,
        seconds: float | None = None,
        decode: Callable[[Answer], Any] | None = None,
        lost: Callable[[Any], bool] = lambda _: False,
    ) -> Any:  # noqa: ANN401 - what `decode` makes
        """Call a method of a managed object, or read a property if there are no `parameters`.

        `decode` makes something else than JSON data of the answer; `lost` says whether a dead session hides behind it;
        `seconds` gives up sooner than usual when there is no answer.
        Raises FaultError, and NotPermittedError for the fault NoPermission.
        """
        if self.vi_problem:
            raise self.vi_problem
        verb = "GET" if parameters is None else "POST"

        async def send(token: str) -> tuple[Any, bool, Answer]:
            answer = await self.transport.send(
                verb,
                self._vi_path(target, method),
                headers={TOKEN_HEADER: token},
                json=parameters,
                repeatable=repeatable,
                seconds=seconds,
            )
            try:
                data = (decode or vi_data)(answer)
            except FaultError as fault:
                if fault.name in _NO_SESSION:
                    return None, True, answer
                raise
            return data, lost(data), answer

        return await self._with_token(self._vi, send)

    async def session_alive(self) -> bool:
        """Ask whether VI JSON still knows our session; a dead one is replaced on the way."""
        token, generation = await self._vi.current()
        answer = await self.transport.send(
            "GET", self._vi_path(SESSION_MANAGER, "currentSession"), headers={TOKEN_HEADER: token}
        )
        if answer.ok and answer.json():
            self._vi.accepted(generation)
            return True
        await self._vi.refused(generation)
        return False

    async def current_time(self) -> datetime:
        """Return vCenter's clock (ServiceInstance.CurrentTime)."""
        now = moment(await self.vi(SERVICE_INSTANCE, "CurrentTime", {}))
        if now is None:
            raise BadAnswerError("vCenter's CurrentTime is not a time")
        return now

    async def _with_token(
        self, session: TokenSession, send: Callable[[str], Awaitable[tuple[Any, bool, Answer]]]
    ) -> Any:  # noqa: ANN401 - what `send` makes
        for _ in range(_REPLAYS):
            token, generation = await session.current()
            data, refused, answer = await send(token)
            if not refused:
                session.accepted(generation, answer.headers.get(TOKEN_HEADER))
                return data
            await session.refused(generation)
        raise SessionLostError("vCenter refuses one token after the other; does something terminate our sessions?")

    def _vi_path(self, target: MoRef, method: str) -> str:
        # Ids of views look like `session[uuid]uuid` and must be percent-encoded.
        return f"/sdk/vim25/{self.release}/{target.type}/{quote(target.value, safe='')}/{method}"

    # --- login and logout

    async def _log_in_to_api(self) -> str:
        answer = await self.transport.send("POST", "/api/session", headers=self._authentication.api_headers())
        if answer.status in {401, 403}:
            self._refused_login(_error_text(answer))
        token = answer.json() if answer.ok else None
        if not isinstance(token, str) or not token:
            raise BadAnswerError(f"vCenter answers {answer.status} to the login: {_error_text(answer)}")
        return token

    async def _log_in_to_vi(self) -> str:
        method, parameters = self._authentication.vi_login()
        answer = await self.transport.send("POST", self._vi_path(SESSION_MANAGER, method), json=parameters)
        try:
            vi_data(answer)
        except FaultError as fault:
            self._refused_login(str(fault))
        token = answer.headers.get(TOKEN_HEADER)
        if not token:
            raise BadAnswerError("vCenter's Login answers without a session token")
        return token

    def _refused_login(self, why: str) -> NoReturn:
        federated = (
            " A federated vCenter refuses passwords: use an account of its local SSO domain."
            if self.release.startswith("9.")
            else ""
        )
        raise LoginFailedError(
            f"login as {self._authentication.username} refused ({why}); check the password, and that the account is "
            f"neither locked nor disabled.{federated}"
        )

    async def _log_out_of_api(self, token: str) -> None:
        await self.transport.send("DELETE", "/api/session", headers={TOKEN_HEADER: token})

    async def _log_out_of_vi(self, token: str) -> None:
        await self.transport.send(
            "POST", self._vi_path(SESSION_MANAGER, "Logout"), headers={TOKEN_HEADER: token}, json={}
        )


def vi_data(answer: Answer) -> Any:  # noqa: ANN401 - decoded JSON
    """Return the data of an answer of VI JSON; every fault of it is HTTP 500 with a `_typeName`.

    Raises FaultError, NotPermittedError for the fault NoPermission, BadAnswerError for what is no fault.
    """
    data = answer.json()
    if answer.ok:
        return data
    name = fault_name(data)
    if not name:
        raise BadAnswerError(f"VI JSON answers {answer.status}: {answer.body[:80].decode('utf-8', 'replace')}")
    sentence = (dig(data, "faultstring") or name) if isinstance(data, dict) else name
    if name == "NoPermission":
        raise NotPermittedError(f"the account lacks the privilege {dig(data, 'privilegeId') or '(unnamed)'}")
    raise FaultError(f"VI JSON fault {name}: {sentence}", name=name, detail=data)


def _api_answer(answer: Answer, path: str) -> Any:  # noqa: ANN401 - decoded JSON
    if answer.ok:
        return answer.json()
    where = path.partition("?")[0]
    match answer.status:
        case 403:
            raise NotPermittedError(f"the account may not read {where}: {_error_text(answer)}")
        case 404:
            raise NotSupportedError(f"this vCenter has no {where}")
        case _:
            raise BadAnswerError(f"{where} answers {answer.status}: {_error_text(answer)}")


def _error_text(answer: Answer) -> str:
    """Return the sentence of an error body of `/api`, or what there is of the text."""
    try:
        data = answer.json()
    except BadAnswerError:
        return answer.body[:80].decode("utf-8", "replace").strip()
    sentence = dig(next(each(data, "messages"), None), "default_message")
    return str(sentence or dig(data, "error_type") or f"status {answer.status}").rstrip(".")
