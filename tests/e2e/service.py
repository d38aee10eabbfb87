"""Runs `vhealthd run` as systemd does: a process of its own, NOTIFY_SOCKET, signals."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.commands import RAW

PATIENCE = 60  # seconds; far more than anything takes on an idle machine


@dataclass
class Service:
    """A service that runs, what it told systemd and what it logged."""

    process: asyncio.subprocess.Process
    told: list[str] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def news(self) -> None:
        self._news.set()

    async def until(self, true: Callable[[], Any], *, patience: float = PATIENCE) -> Any:  # noqa: ANN401 - whatever is waited for
        """Wait until something holds of what was told or logged, and return it."""
        try:
            async with asyncio.timeout(patience):
                while not (value := true()):
                    self._news.clear()
                    await self._news.wait()
                return value
        except TimeoutError:
            raise AssertionError("\n".join(["this never came true; the log:", *self.raw[-40:]])) from None

    def logged(self, event: str, **fields: object) -> list[dict[str, Any]]:
        return [
            line
            for line in self.lines
            if line.get("event") == event and all(line.get(name) == value for name, value in fields.items())
        ]

    async def ready(self) -> None:
        await self.until(lambda: self.logged("ready") and any("READY=1" in one for one in self.told))

    async def scanned(self, times: int = 1) -> str:
        """Wait for so many committed runs; return the id of the last."""
        lines = await self.until(lambda: self.logged("run committed")[times - 1 :])
        return str(lines[0]["run_id"])

    @property
    def address(self) -> str:
        return str(self.logged("ready")[-1]["http"])

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def service(config: Path, *arguments: str, env: dict[str, str] | None = None) -> AsyncIterator[Service]:
    """Start a service; kill it at the end if it still runs."""
    folder = config.parent
    with _notify_socket(folder / "notify") as receiver:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vhealthd", "run", "--config", str(config), *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 22,
            env={**RAW, "NOTIFY_SOCKET": str(folder / "notify"), **(env or {})},
        )
        one = Service(process)
        loop = asyncio.get_running_loop()
        loop.add_reader(receiver, _hear, one, receiver)
        reading = asyncio.create_task(_read(one), name="log of the service")
        try:
            yield one
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await reading
            loop.remove_reader(receiver)


def _notify_socket(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    receiver.bind(os.fspath(path))
    return receiver


def _hear(one: Service, receiver: socket.socket) -> None:
    one.told.append(receiver.recv(4096).decode())
    one.news()


async def _read(one: Service) -> None:
    assert one.process.stderr
    async for line in one.process.stderr:
        one.raw.append(line.decode(errors="replace").rstrip())
        try:
            one.lines.append(json.loads(line))
        except ValueError:
            continue
        finally:
            one.news()
