"""VI JSON: vim25 over `/sdk/vim25/{release}/{type}/{moId}/{method or property}`.

Facts: faults are HTTP 500 with `_typeName` and `faultstring`; void is 204; a schema newer than the server's is 404; the
service's content, the current session and the property collector answer without a session, all else does not.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

from mocks.collector import Collector, demand_type_names, not_found, target_of
from mocks.encode.host_config import options
from mocks.encode.service import assigned_licences
from mocks.encode.value import timestamp
from mocks.schema import RELEASES, release_key, resolve
from mocks.sessions import Account, Reference, Session, Sessions, View, moref, not_authenticated
from mocks.wire import SESSION_HEADER, Answer, Call, Json, fault, no_content, ok
from mocks.world import Host

PATH = re.compile(r"/sdk/vim25/(?P<release>[^/]+)/(?P<type>\w+)/(?P<moid>[^/]+)/(?P<name>\w+)")
OLDEST, UNIFIED = (8, 0, 1, 0), (8, 0, 3, 0)
NOT_FOUND = Answer(404, b"<html><head><title>404 Not Found</title></head><body></body></html>", "text/html")
VERSIONS = """<?xml version="1.0" encoding="UTF-8" ?>
<namespaces version="1.0"><namespace><name>urn:vim25</name><version>{0}</version>
<priorVersions>{1}</priorVersions></namespace></namespaces>
"""
TOKEN_DIGITS = 40
Method: TypeAlias = Callable[[Session, Reference, Json], Answer]


class VimService:
    """VI JSON of one vCenter."""

    def __init__(
        self,
        collector: Collector,
        sessions: Sessions,
        account: Account,
        release: str,
        clock: Callable[[], datetime],
    ) -> None:
        self.collector = collector
        self.estate = collector.estate
        self.sessions = sessions
        self.account = account
        self.release = release
        self.clock = clock
        self.methods: dict[tuple[str, str], Method] = {
            ("ServiceInstance", "CurrentTime"): lambda _session, _target, _body: ok(timestamp(clock())),
            ("SessionManager", "Logout"): self._logout,
            ("ViewManager", "CreateContainerView"): self._create_view,
            ("ContainerView", "DestroyView"): self._destroy_view,
            ("PropertyCollector", "ContinueRetrievePropertiesEx"): self._proceed,
            ("PropertyCollector", "CancelRetrievePropertiesEx"): self._cancel,
            ("OptionManager", "QueryOptions"): self._query_options,
            ("HostDateTimeSystem", "QueryDateTime"): self._host_time,
            ("LicenseAssignmentManager", "QueryAssignedLicenses"): self._assigned_licences,
        }

    def answer(self, call: Call) -> Answer:
        """Answer a call below `/sdk`."""
        if call.path == "/sdk/vimServiceVersions.xml":
            return self._versions()
        match = PATH.fullmatch(call.path)
        if match is None or not self._speaks(match["release"]):
            return NOT_FOUND
        session = self.sessions.find(call.token, "vi", self.clock())
        if session:
            session.calls += 1
        target = match["type"], match["moid"]
        if call.method == "GET":
            return self._read(session, target, match["name"], release_key(match["release"]))
        return self._invoke(call, session, target, match["name"], release_key(match["release"]))

    def _versions(self) -> Answer:
        prior = "".join(
            f"<version>{each}</version>" for each in RELEASES if release_key(each) < release_key(self.release)
        )
        return Answer(body=VERSIONS.format(self.release, prior).encode(), content_type="text/xml")

    def _speaks(self, release: str) -> bool:
        return release in RELEASES and OLDEST <= release_key(release) <= release_key(self.release)

    def _read(self, session: Session | None, target: Reference, name: str, release: tuple[int, ...]) -> Answer:
        if target == ("SessionManager", "SessionManager") and name == "currentSession":
            return ok(session and self._user_session(session))
        declared = resolve(target[0], name)
        if declared is None or declared.since > release:
            return NOT_FOUND
        if target == ("ServiceInstance", "ServiceInstance") and name == "content":
            return ok(self.estate.property(target, name))
        if session is None:
            raise not_authenticated(target)
        if target == ("SessionManager", "SessionManager") and name == "sessionList":
            return self._session_list(target)
        if target[0] == "LicenseManager":
            self._demand_full(target, "Global.Licenses")
        return self.collector.read(session, target, name)

    def _demand_full(self, target: Reference, privilege: str) -> None:
        if self.account.level != "full":
            text = "Permission to perform this operation was denied."
            raise fault("NoPermission", text, object=moref(target), privilegeId=privilege)

    def _session_list(self, target: Reference) -> Answer:
        self._demand_full(target, "Sessions.TerminateSession")
        return ok([self._user_session(each) for each in self.sessions.open.values()])

    def _user_session(self, session: Session) -> Json:
        return {
            "_typeName": "UserSession",
            "key": session.key,
            "userName": session.user.upper(),
            "fullName": "Health Monitor",
            "loginTime": timestamp(session.created),
            "lastActiveTime": timestamp(session.last_used),
            "locale": "en",
            "messageLocale": "en",
            "extensionSession": False,
            "ipAddress": "127.0.0.1",
            "userAgent": "",
            "callCount": session.calls,
        }

    def _invoke(
        self, call: Call, session: Session | None, target: Reference, name: str, release: tuple[int, ...]
    ) -> Answer:
        body = call.json()
        if (target[0], name) == ("SessionManager", "Login"):
            return self._login(body)
        demand_type_names(body)
        if (target[0], name) == ("PropertyCollector", "RetrievePropertiesEx"):
            return self.collector.retrieve(session, body, release)
        method = self.methods.get((target[0], name))
        if method is None:
            return NOT_FOUND
        if session is None:
            raise not_authenticated(target)
        return method(session, target, body)

    def _login(self, body: Json) -> Answer:
        user = str(body.get("userName"))
        if not self.account.accepts(user, str(body.get("password"))):
            raise fault("InvalidLogin", "Cannot complete login due to an incorrect user name or password.")
        shared = release_key(self.release) >= UNIFIED
        session = self.sessions.login(user, frozenset({"api", "vi"} if shared else {"vi"}), self.clock(), TOKEN_DIGITS)
        cookie = f'vmware_soap_session="{session.token}"; Path=/; HttpOnly; Secure;'
        return Answer(
            body=ok(self._user_session(session)).body,
            headers={SESSION_HEADER: session.token, "Set-Cookie": cookie},
        )

    def _logout(self, session: Session, _target: Reference, _body: Json) -> Answer:
        self.sessions.logout(session)
        return no_content()

    def _create_view(self, session: Session, _target: Reference, body: Json) -> Answer:
        container = target_of(body.get("container") or {})
        if not self.estate.exists(container):
            raise not_found(container)
        moid = f"session[{session.key}]{self.sessions.identifier()}"
        session.views[moid] = View(container, tuple(body.get("type") or ()), bool(body.get("recursive")))
        self.sessions.views_created += 1
        return ok(moref(("ContainerView", moid)))

    def _destroy_view(self, session: Session, target: Reference, _body: Json) -> Answer:
        if session.views.pop(target[1], None) is None:
            raise not_found(target)
        self.sessions.views_destroyed += 1
        return no_content()

    def _proceed(self, session: Session, _target: Reference, body: Json) -> Answer:
        return self.collector.proceed(session, body)

    def _cancel(self, session: Session, _target: Reference, body: Json) -> Answer:
        session.cursors.pop(str(body.get("token")), None)
        return no_content()

    def _host_of(self, target: Reference) -> Host:
        """Find the host whose manager this is; the managers' names end in the host's number."""
        host = self.estate.world.entities.get(f"host-{target[1].rpartition('-')[2]}")
        if not isinstance(host, Host):
            raise not_found(target)
        if not host.answers:
            raise fault("HostNotConnected", "The operation is not allowed in the current connection state of the host.")
        return host

    def _query_options(self, _session: Session, target: Reference, body: Json) -> Answer:
        wanted = str(body.get("name") or "")
        settings = options(self._host_of(target))
        found = {key: value for key, value in settings.items() if key == wanted or key.startswith(wanted)}
        if wanted not in found and wanted and not wanted.endswith("."):
            found = {}
        if not found:
            raise fault("InvalidName", f"The name '{wanted}' is not valid.", name=wanted)
        return ok([{"_typeName": "OptionValue", "key": key, "value": value} for key, value in found.items()])

    def _host_time(self, _session: Session, target: Reference, _body: Json) -> Answer:
        return ok(timestamp(self.clock() + timedelta(seconds=self._host_of(target).clock_offset_seconds)))

    def _assigned_licences(self, _session: Session, target: Reference, body: Json) -> Answer:
        self._demand_full(target, "Global.Licenses")
        return ok(assigned_licences(self.estate.world, body.get("entityId")))
