"""What is answered under which address."""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import structlog
from aiohttp import web

from vhealthd import redaction
from vhealthd.web.dashboard import Dashboard
from vhealthd.web.guard import Refusal, Token
from vhealthd.web.limit import RateLimit
from vhealthd.web.service import Run, Service

log = structlog.get_logger(__name__)

# Names that a run may have in an address. What is found is looked up; nothing of an address becomes part of a path.
_RUN_ID = re.compile(r"latest|[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4,16}")
# address -> format, type, whether a browser may show it
_FILES = {
    "report.pdf": ("pdf", "application/pdf", "inline"),
    "report.html": ("html", "text/html; charset=utf-8", "inline"),
    "report.json": ("json", "application/json", "attachment"),
    "findings.csv": ("csv", "text/csv; charset=utf-8", "attachment"),
}
# A page among them has its own style and pictures, and may do nothing.
_POLICY = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
_MOST_RUNS, _USUAL_RUNS = 1000, 100
_PATIENCE = 5.0  # seconds that finding out what is wrong may take


class Routes:
    """The answers."""

    def __init__(self, service: Service, token: Token, limit: RateLimit, *, patience: float = _PATIENCE) -> None:
        self._service = service
        self._token = token
        self._limit = limit
        self._patience = patience
        self._dashboard = Dashboard(service, self._problems)

    def table(self) -> list[web.RouteDef]:
        """Return which method answers what."""
        return [
            web.get("/", self._dashboard.page),
            web.get("/metrics", self.metrics),
            web.get("/healthz", self.health),
            web.get("/readyz", self.readiness),
            web.get("/api/v1/status", self.status),
            web.get("/api/v1/runs", self.runs),
            web.get("/api/v1/runs/{id}", self.run),
            web.get("/api/v1/runs/{id}/{file}", self.file),
            web.post("/api/v1/scan", self.scan),
        ]

    # --- for machines that watch

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """Return the metrics."""
        accept = ",".join(request.headers.getall("Accept", []))
        # in a thread: with many vCenters it takes some tens of milliseconds
        said = await asyncio.to_thread(self._service.metrics.exposition, accept)
        return web.Response(body=said.body, headers={"Content-Type": said.content_type})

    async def health(self, _request: web.Request) -> web.StreamResponse:
        """Say that the service lives, and what is wrong nevertheless."""
        problems = await self._problems()
        return _json({"status": "problems" if problems else "ok", "problems": problems})

    async def readiness(self, _request: web.Request) -> web.StreamResponse:
        """Say whether all is as it should be."""
        problems = await self._ask(self._service.ready)
        return _json({"status": "not ready" if problems else "ready", "problems": problems}, 503 if problems else 200)

    async def _problems(self) -> list[str]:
        return await self._ask(self._service.problems)

    async def _ask(self, question: Callable[[], Awaitable[Sequence[str]]]) -> list[str]:
        """Return problems. That they cannot be found out is one of them."""
        try:
            async with asyncio.timeout(self._patience):
                return [redaction.clean(one) for one in await question()]
        except TimeoutError:
            return [f"what is wrong could not be found out within {self._patience:g} s"]
        except Exception as error:
            log.exception("problems not known")
            return [f"what is wrong could not be found out ({type(error).__name__}); the log has the details"]

    # --- runs

    async def status(self, _request: web.Request) -> web.StreamResponse:
        """Return how the service stands."""
        now = self._service.status()
        last = await self._service.state.runs.find("latest")
        return _json(
            {
                "version": version("vhealthd"),
                "next_scan": _moment(now.next_scan),
                "running": now.running,
                "last_run": None if last is None else _run(last),
                "problems": await self._problems(),
            }
        )

    async def runs(self, request: web.Request) -> web.StreamResponse:
        """Return the newest runs."""
        limit = request.query.get("limit", str(_USUAL_RUNS))
        if not re.fullmatch("[0-9]{1,4}", limit) or not 1 <= int(limit) <= _MOST_RUNS:
            raise Refusal(400, f"limit is a number from 1 to {_MOST_RUNS}")
        return _json({"runs": [_run(one) for one in await self._service.state.runs.list(int(limit))]})

    async def run(self, request: web.Request) -> web.StreamResponse:
        """Return what is known of one run."""
        return _json(_run(await self._find(request)))

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Return a file of a run."""
        name = request.match_info["file"]
        if name not in _FILES:
            raise web.HTTPNotFound
        form, kind, disposition = _FILES[name]
        run = await self._find(request)
        path = run.files.get(form)
        if path is None:
            raise Refusal(404, f"run {run.run_id} has no {name}")
        if not await asyncio.to_thread(path.is_file):
            raise Refusal(404, f"{name} of run {run.run_id} is no longer on the disk")
        # the id is one that the pattern let through, so it may stand in a header
        headers = {
            "Content-Type": kind,
            "Content-Security-Policy": _POLICY,
            "Content-Disposition": f'{disposition}; filename="vhealthd-{run.run_id}-{name}"',
        }
        return web.FileResponse(path, headers=headers)

    async def _find(self, request: web.Request) -> Run:
        name = request.match_info["id"]
        found = await self._service.state.runs.find(name) if _RUN_ID.fullmatch(name) else None
        if found is None or not _RUN_ID.fullmatch(found.run_id):
            raise Refusal(404, "there is no such run; see /api/v1/runs")
        return found

    async def scan(self, request: web.Request) -> web.StreamResponse:
        """Ask for a scan."""
        self._token.check(request)
        if wait := self._limit.take():
            later = {"Retry-After": str(math.ceil(wait))}
            raise Refusal(429, "a scan was asked for several times just now; try again later", later)
        await self._swallow(request)
        run_id = await self._service.ask("api")
        log.info("scan asked for", run_id=run_id, peer=request.remote)
        return _json({"run_id": run_id}, 202, {"Location": f"/api/v1/runs/{run_id}"})

    async def _swallow(self, request: web.Request) -> None:
        """Read a body that nobody needs, if it is small and comes soon."""
        try:
            async with asyncio.timeout(self._patience):
                await request.read()
        except TimeoutError:
            raise Refusal(408, "the body of this request did not come; none is needed") from None


def _run(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "trigger": run.trigger,
        "state": str(run.state),
        "asked": _moment(run.asked),
        "due": _moment(run.due),
        "started": _moment(run.started),
        "finished": _moment(run.finished),
        "why": None if run.why is None else redaction.clean(run.why),
        "vcenters": list(run.vcenters),
        "outcome": None if run.outcome is None else run.outcome.value,
        "outcomes": {outcome.value: count for outcome, count in run.outcomes.items()},
        "findings": {severity.value: count for severity, count in run.findings.items()},
        "files": {
            name: f"/api/v1/runs/{run.run_id}/{name}" for name, (form, *_) in _FILES.items() if form in run.files
        },
    }


def _moment(when: datetime | None) -> str | None:
    return None if when is None else when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _json(data: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(data, status=status, headers=headers)
