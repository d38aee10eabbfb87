"""The Automation API below `/api`: sessions, inventory lists, services, certificates, the appliance.

Facts: flat errors, lists without pages but with hard caps, 403 on appliance calls for an account that is in no
SystemConfiguration group, `hello` since 8.0.2.0 and unauthenticated.
"""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from mocks.appliance import monitoring, plain_answers
from mocks.certificates import certificate_answers
from mocks.encode.value import timestamp
from mocks.inventory import listing, tools_answers
from mocks.machine import Service
from mocks.schema import RELEASES, release_key
from mocks.sessions import Account, Session, Sessions, unauthenticated
from mocks.wire import Answer, Call, Json, error, no_content, ok
from mocks.world import World

HELLO_SINCE, UNIFIED = (8, 0, 2, 0), (8, 0, 3, 0)
TOKEN_DIGITS = 32
Handler: TypeAlias = Callable[[Call], Answer]


class AutomationService:
    """The Automation API of one vCenter."""

    def __init__(
        self, world: World, sessions: Sessions, account: Account, release: str, clock: Callable[[], datetime]
    ) -> None:
        self.world = world
        self.sessions = sessions
        self.account = account
        self.release = release
        self.clock = clock
        self.open: dict[tuple[str, str], Handler] = {("POST", "/api/session"): self._login}
        if release_key(release) >= HELLO_SINCE:
            self.open["POST", "/api/vcenter/system?action=hello"] = self._hello
        self.guarded: dict[tuple[str, str], Callable[[Call, Session], Answer]] = {
            ("GET", "/api/session"): lambda _call, session: ok(_session(session)),
            ("DELETE", "/api/session"): self._logout,
            ("POST", "/api/appliance/networking/dns/servers?action=test"): self._test_dns,
            ("POST", "/api/appliance/ntp?action=test"): self._test_ntp,
            ("GET", "/api/appliance/monitoring/query"): self._monitoring,
            ("GET", "/api/appliance/update/pending"): self._pending,
        }

    def answer(self, call: Call) -> Answer:
        """Answer a call below `/api`."""
        action = "".join(f"?action={value}" for value in call.query.get("action", ()))
        route = call.method, call.path + action
        if route in self.open:
            return self.open[route](call)
        session = self.sessions.find(call.token, "api", self.clock())
        if session is None:
            raise unauthenticated()
        session.calls += 1
        if call.path.startswith("/api/appliance/") and self.account.level == "readonly":
            raise error(
                403,
                "UNAUTHORIZED",
                "com.vmware.vapi.authorization.permission.denied",
                "User needs to have operator privileges.",
            )
        if route in self.guarded:
            return self.guarded[route](call, session)
        return self._plain(call)

    def _plain(self, call: Call) -> Answer:
        kind, _, rest = call.path.removeprefix("/api/").partition("/")
        if call.method != "GET" or kind not in {"appliance", "vcenter"}:
            raise unknown(call.path)
        if kind == "vcenter" and (rows := listing(self.world, rest, call.query)) is not None:
            return ok(rows)
        if kind == "appliance":
            answers = plain_answers(self.world, self.release, self.clock())
        else:
            answers = self._services() | certificate_answers(self.world, rest) | tools_answers(self.world, rest)
        if rest not in answers:
            raise unknown(call.path)
        return ok(answers[rest])

    def _login(self, call: Call) -> Answer:
        scheme, _, credentials = call.headers.get("Authorization", "").partition(" ")
        user, _, password = _decode(credentials).partition(":")
        if scheme.lower() != "basic" or not self.account.accepts(user, password):
            raise unauthenticated()
        if len(self.sessions.open) >= self.account.session_limit:
            raise error(
                503,
                "SERVICE_UNAVAILABLE",
                "com.vmware.vapi.endpoint.failedToLoginMaxUserSessionCountReached",
                f"User session count is limited to {self.account.session_limit}.",
            )
        shared = release_key(self.release) >= UNIFIED
        session = self.sessions.login(user, frozenset({"api", "vi"} if shared else {"api"}), self.clock(), TOKEN_DIGITS)
        cookie = f"vmware-api-session-id={session.token};Path=/;Secure;HttpOnly"
        return Answer(201, ok(session.token).body, headers={"Set-Cookie": cookie})

    def _logout(self, _call: Call, session: Session) -> Answer:
        self.sessions.logout(session)
        return no_content()

    def _hello(self, call: Call) -> Answer:
        asked = call.json().get("api_releases")
        if not asked or len(asked) > 128 or any(len(each) > 64 for each in asked):
            raise error(
                400, "INVALID_ARGUMENT", "com.vmware.vcenter.system.hello", "The list of releases is not valid."
            )
        ours = release_key(self.release)
        common = (each for each in asked if each in RELEASES and (8, 0, 1, 0) <= release_key(each) <= ours)
        return ok({"api_release": next(common, "")})

    def _services(self) -> dict[str, Json]:
        services = {name: _service(name, each) for name, each in self.world.appliance.services.items()}
        return {"services": services, **{f"services/{name}": row for name, row in services.items()}}

    def _test_dns(self, call: Call, _session: Session) -> Answer:
        servers = call.json().get("servers") or []
        text = {"id": "com.vmware.appliance.dns.ok", "default_message": "The server answers", "args": []}
        return ok({"status": "green", "messages": [{"message": text, "result": "success"} for _ in servers]})

    def _test_ntp(self, call: Call, _session: Session) -> Answer:
        servers = call.json().get("servers") or []
        text = {
            "id": "com.vmware.appliance.ntp_sync.success",
            "default_message": "NTP server is reachable.",
            "args": [],
        }
        return ok([{"server": each, "status": "SERVER_REACHABLE", "message": text} for each in servers])

    def _monitoring(self, call: Call, _session: Session) -> Answer:
        for name in ("names", "interval", "function", "start_time", "end_time"):
            if name not in call.query:
                raise error(400, "INVALID_ARGUMENT", "com.vmware.vapi.rest.fieldMissing", f"{name} is required.")
        start, end = (call.query.get(name, (timestamp(self.clock()),))[0] for name in ("start_time", "end_time"))
        return ok(monitoring(self.world.appliance, call.query.get("names", ()), start, end))

    def _pending(self, call: Call, _session: Session) -> Answer:
        if "source_type" not in call.query:
            raise error(400, "INVALID_ARGUMENT", "com.vmware.vapi.rest.fieldMissing", "source_type is required.")
        raise error(404, "NOT_FOUND", "com.vmware.appliance.update.pending", "No applicable update found")


def _decode(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode()
    except ValueError:
        return ""


def _session(session: Session) -> Json:
    return {
        "user": session.user,
        "created_time": timestamp(session.created),
        "last_accessed_time": timestamp(session.last_used),
    }


def _service(name: str, service: Service) -> Json:
    """Write a service; its health and the messages on it are given only while it runs."""
    row: dict[str, Json] = {
        "name_key": f"cis.{name}.ServiceName",
        "description_key": f"cis.{name}.ServiceDescription",
        "startup_type": service.startup,
        "state": service.state,
    }
    if service.state != "STARTED":
        return row
    messages = []
    if service.health == "HEALTHY_WITH_WARNINGS":
        text = f"{name} is healthy with warnings"
        messages = [{"id": f"{name}.health.warning", "default_message": text, "args": []}]
    return row | {"health_messages": messages} | ({"health": service.health} if service.health else {})


def unknown(path: str) -> Exception:
    """Refuse a path that `/api` does not have."""
    return error(404, "NOT_FOUND", "com.vmware.vapi.rest.httpNotFound", f"Not found: {path}")
