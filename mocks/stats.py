"""Counts of what a mock vCenter was asked and gave."""

from collections import Counter
from dataclasses import dataclass, field

from mocks.sessions import Sessions
from mocks.wire import Call, Json

SDK = "/sdk/vim25/"


def path_kind(call: Call) -> str:
    """Group calls: `POST RetrievePropertiesEx`, `GET ContainerView/view`, `GET /api/vcenter/services`."""
    if not call.path.startswith(SDK):
        return f"{call.method} {call.path}"
    parts = call.path.removeprefix(SDK).split("/")
    name = parts[-1] if call.method == "POST" else f"{parts[1]}/{parts[-1]}" if len(parts) > 2 else parts[-1]
    return f"{call.method} {name}"


@dataclass(slots=True)
class Stats:
    """Counters; a read of the statistics is not counted itself. `bytes_sent` are bytes of bodies, as compressed."""

    sessions: Sessions
    requests: int = 0
    by_path_kind: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0
    bytes_sent: int = 0
    cookies_seen: int = 0
    user_agents: Counter[str] = field(default_factory=Counter)

    def begin(self, call: Call) -> None:
        """Count a call that has come in."""
        self.requests += 1
        self.by_path_kind[path_kind(call)] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.cookies_seen += "Cookie" in call.headers
        self.user_agents[call.headers.get("User-Agent", "")] += 1

    def end(self, sent: int) -> None:
        """Count a call that has been answered with so many bytes of body."""
        self.in_flight -= 1
        self.bytes_sent += sent

    def snapshot(self) -> dict[str, Json]:
        """Give the figures as JSON values."""
        return {
            "requests": self.requests,
            "by_path_kind": dict(self.by_path_kind),
            "logins": self.sessions.logins,
            "logouts": self.sessions.logouts,
            "sessions_open": len(self.sessions.open),
            "most_in_flight": self.most_in_flight,
            "views_created": self.sessions.views_created,
            "views_destroyed": self.sessions.views_destroyed,
            "views_open": self.sessions.views_open,
            "bytes_sent": self.bytes_sent,
            "cookies_seen": self.cookies_seen,
            "user_agents": dict(self.user_agents),
        }
