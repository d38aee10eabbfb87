"""A real Alertmanager on a loopback port, with an account, that posts what it groups to a receiver of ours."""

import asyncio
import json
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from mocks.webhooks import Answer, MockService, Request
from tests.peers.ports import answers, free_port

PROGRAM = "/usr/bin/prometheus-alertmanager"
USERNAME, PASSWORD = "vhealthd", "Peer-Pa55word"
_HASH = "$2b$04$bOKmezPRytZvs7cu.s84CuIiOf1bR7MEXceG46w/BYGbH5NYvc1X6"  # bcrypt of that password
_PATIENCE, _EVERY = 30.0, 0.05

Alerts = list[dict[str, Any]]


class Notified(MockService):
    """Takes what Alertmanager tells its receivers."""

    async def accept(self, request: Request) -> Answer:  # noqa: ARG002 - all is taken
        """Take all."""
        return Answer()

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The notifications so far, each about one group."""
        return [dict(one.json) for one in self.accepted]


@dataclass(frozen=True)
class Alertmanager:
    """A server that runs. It tells `notified`."""

    port: int
    client: aiohttp.ClientSession
    notified: Notified

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"http://127.0.0.1:{self.port}"

    async def firing(self) -> Alerts:
        """Return what it shows as firing."""
        async with self.client.get(f"{self.url}/api/v2/alerts", raise_for_status=True) as answer:
            return list(await answer.json())

    async def answer(self, url: str, alerts: object) -> tuple[int, str]:
        """Post alerts as they are, to it or to one like it; return the status and the body."""
        async with self.client.post(f"{url}/api/v2/alerts", json=alerts) as answer:
            return answer.status, await answer.text()

    async def until(self, holds: Callable[[Alerts], bool]) -> Alerts:
        """Return what fires as soon as something holds for it."""
        async with asyncio.timeout(_PATIENCE):
            while not holds(found := await self.firing()):  # noqa: ASYNC110 - another process tells nothing
                await asyncio.sleep(_EVERY)
        return found

    async def tells(self, holds: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Return the notifications as soon as something holds for them."""
        async with asyncio.timeout(_PATIENCE):
            while not holds(self.notified.groups):  # noqa: ASYNC110 - another process tells when it likes
                await asyncio.sleep(_EVERY)
        return self.notified.groups


@asynccontextmanager
async def alertmanager() -> AsyncIterator[Alertmanager]:
    """Run Alertmanager; it groups by name and vCenter, and waits for next to nothing."""
    assert Path(PROGRAM).exists(), f"{PROGRAM} is not installed; make test-peers installs it"
    account = {"Authorization": f"Basic {b64encode(f'{USERNAME}:{PASSWORD}'.encode()).decode()}"}
    with tempfile.TemporaryDirectory(prefix="alertmanager-") as name:
        async with Notified() as notified, aiohttp.ClientSession(headers=account) as client:
            server = Alertmanager(free_port(), client, notified)
            process = await asyncio.create_subprocess_exec(
                *(PROGRAM, "--config.file", _written(Path(name, "alertmanager.yml"), _configuration(notified.url))),
                *("--web.config.file", _written(Path(name, "web.yml"), {"basic_auth_users": {USERNAME: _HASH}})),
                *("--storage.path", Path(name, "data"), "--web.listen-address", f"127.0.0.1:{server.port}"),
                "--cluster.listen-address=",
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                await answers(server.port)
                yield server
            finally:
                process.terminate()
                await process.wait()


def _configuration(receiver: str) -> object:
    return {
        "route": {
            "receiver": "ours",
            "group_by": ["alertname", "vcenter"],
            "group_wait": "100ms",
            "group_interval": "100ms",
            "repeat_interval": "1h",
        },
        "receivers": [{"name": "ours", "webhook_configs": [{"url": receiver, "send_resolved": True}]}],
    }


def _written(path: Path, content: object) -> Path:
    """Write a file in JSON, which is YAML too."""
    path.write_text(json.dumps(content))
    return path
