"""A service that is served in tests: its runs are in memory, its files in a folder."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from vhealthd.config import HttpSettings
from vhealthd.errors import StateError
from vhealthd.metrics import Metrics
from vhealthd.model import Outcome, ScanReport, Severity
from vhealthd.web import Status, serve

RUN = "20261121T060000Z-7f3a"
OLDER = "20261120T060000Z-0b1c"
TOKEN = "pl4nted-t0ken-9f8e7d"
STARTED = datetime(2026, 11, 21, 6, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class KeptRun:
    """A run as the state has it."""

    run_id: str = RUN
    trigger: str = "schedule"
    state: str = "done"
    asked: datetime = STARTED
    due: datetime | None = STARTED
    started: datetime | None = STARTED
    finished: datetime | None = STARTED + timedelta(seconds=12)
    why: str | None = None
    vcenters: Sequence[str] = ("prod",)
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    findings: Mapping[Severity, int] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome | None:
        return min(self.outcomes, key=lambda one: one.rank, default=None)


@dataclass
class KeptRuns:
    """The runs, the newest first. `names` are those that were asked for."""

    runs: list[KeptRun] = field(default_factory=list)
    reports: dict[str, ScanReport] = field(default_factory=dict)
    broken: str = ""
    names: list[str] = field(default_factory=list)

    async def list(self, limit: int) -> Sequence[KeptRun]:
        self._check()
        return self.runs[:limit]

    async def find(self, name: str) -> KeptRun | None:
        self._check()
        self.names.append(name)
        # as the state does it: also by the begin of an id
        return next((one for one in self.runs if name == "latest" or one.run_id.startswith(name)), None)

    async def report(self, run_id: str) -> ScanReport | None:
        self._check()
        return self.reports.get(run_id)

    def _check(self) -> None:
        if self.broken:
            raise StateError(self.broken)


@dataclass
class Kept:
    runs: KeptRuns = field(default_factory=KeptRuns)


@dataclass
class Served:
    """A service that does what its test says."""

    metrics: Metrics = field(default_factory=Metrics)
    state: Kept = field(default_factory=Kept)
    wrong: list[str] = field(default_factory=list)
    not_ready: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    error: Exception | None = None
    now: Status = field(default_factory=lambda: Status(next_scan=STARTED + timedelta(days=1), running=None))

    async def problems(self) -> Sequence[str]:
        self._check()
        return self.wrong

    async def ready(self) -> Sequence[str]:
        self._check()
        return self.not_ready

    async def ask(self, trigger: str) -> str:
        self._check()
        self.asked.append(trigger)
        return RUN

    def status(self) -> Status:
        return self.now

    def _check(self) -> None:
        if self.error:
            raise self.error


@dataclass
class Clock:
    """Seconds that pass when the test says so."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Site:
    """A server and a client of it."""

    client: aiohttp.ClientSession
    host: str
    port: int
    url: str


def settings(listen: str = "127.0.0.1:0", *, token: Path | None = None) -> HttpSettings:
    return HttpSettings.model_validate({"listen": listen, **({"token": {"file": token}} if token else {})})


def token_file(folder: Path, secret: str = TOKEN) -> Path:
    file = folder / "token"
    file.write_text(secret + "\n")
    return file


def bearer(secret: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@asynccontextmanager
async def site(service: Served, http: HttpSettings | None = None, clock: Clock | None = None) -> AsyncIterator[Site]:
    """Serve on a free port."""
    async with serve(http or settings(), service, clock=clock or Clock()) as address:
        # whoever listens everywhere is asked on this machine
        host = "127.0.0.1" if address.host == "0.0.0.0" else address.host  # noqa: S104 - compared, not bound
        url = f"http://{host}:{address.port}"
        async with aiohttp.ClientSession(url) as client:
            yield Site(client, host, address.port, url)
