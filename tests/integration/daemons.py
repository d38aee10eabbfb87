"""A service in this process: real sockets, real files, and a clock that is moved by hand."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from tests.integration.scans import CATALOGUE
from vhealthd.daemon import Daemon
from vhealthd.model import Delivery
from vhealthd.runner import read_plan
from vhealthd.state import RunSummary, open_state

PATIENCE = 60  # seconds; far more than anything takes on an idle machine


class HandClock:
    """A wall clock that stands still until it is moved; whoever sleeps sleeps by it."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._moved = asyncio.Event()

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            await self._moved.wait()

    def move(self, to: datetime) -> None:
        self.now = to
        self._moved.set()
        self._moved = asyncio.Event()


@dataclass
class Served:
    """A service that runs, and its address."""

    daemon: Daemon
    clock: HandClock
    config: Path
    address: str = ""

    async def get(self, path: str) -> tuple[int, Any]:
        async with aiohttp.ClientSession() as http, http.get(f"http://{self.address}{path}") as answer:
            body = await answer.text()
            return answer.status, json.loads(body) if "json" in answer.content_type else body

    async def metric(self, line: str) -> float | None:
        _, text = await self.get("/metrics")
        found = [one for one in text.splitlines() if one.startswith(f"{line} ")]
        return float(found[0].split()[-1]) if found else None

    async def runs(self) -> tuple[RunSummary, ...]:
        return await self.daemon.state.runs.list()

    async def deliveries(self) -> tuple[Delivery, ...]:
        return await self.daemon.state.outbox.deliveries()

    async def until(self, true: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is waited for
        """Ask again and again until the answer is something true, and return it."""
        async with asyncio.timeout(PATIENCE):
            while not (answer := await true()):  # noqa: ASYNC110 - what is asked is on disk, or in another process
                await asyncio.sleep(0.01)
            return answer

    async def done(self, times: int = 1) -> tuple[RunSummary, ...]:
        async def enough() -> tuple[RunSummary, ...]:
            found = tuple(one for one in await self.runs() if one.state == "done")
            return found if len(found) >= times else ()

        found: tuple[RunSummary, ...] = await self.until(enough)
        return found


def write_config(file: Path, *vcenters: Mapping[str, object], **sections: object) -> Path:
    """Write a configuration whose service keeps its state beside it and listens on any free port."""
    given = {
        "vcenters": list(vcenters),
        "state": {"directory": str(file.parent / "state")},
        "http": {"listen": "127.0.0.1:0"},
        "routes": [],  # alerts have tests of their own
        **sections,
    }
    file.write_text(json.dumps(given))
    return file


@asynccontextmanager
async def served(config: Path, now: datetime, **more: Any) -> AsyncIterator[Served]:  # noqa: ANN401 - what Daemon takes
    """Run a service until the block ends."""
    clock = HandClock(now)
    plan = read_plan(config, CATALOGUE)
    began = asyncio.Event()
    async with open_state(plan.settings.state.directory) as state:
        daemon = Daemon(config, CATALOGUE, plan, state, clock=clock, sleep=clock.sleep, **more)
        serving = asyncio.create_task(daemon.serve(began.set), name="service")
        try:
            waiting = asyncio.create_task(began.wait())
            await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
            yield Served(daemon, clock, config, str(daemon.address))
        finally:
            waiting.cancel()
            daemon.stop.set()
            async with asyncio.timeout(PATIENCE):
                await serving
