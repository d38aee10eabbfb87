"""Runs `vhealthd` as a user does: a process of its own, a configuration file, real sockets."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mocks.dns import MockDns
from mocks.vcenter import MockVCenter
from mocks.world import records
from mocks.worlds import default_world

RAW = os.environ | {"NO_COLOR": "1", "COLUMNS": "120"}


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


async def vhealthd(*arguments: object, env: dict[str, str] | None = None) -> Ended:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "vhealthd",
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**RAW, **(env or {})},
    )
    out, err = await process.communicate()
    ended = Ended(process.returncode or 0, out.decode(), err.decode())
    assert "Traceback" not in ended.said
    return ended


@dataclass
class Site:
    """A folder with a configuration in it, and the reports that a scan leaves there."""

    folder: Path
    sections: dict[str, Any] = field(default_factory=dict)
    vcenters: list[dict[str, Any]] = field(default_factory=list)

    def add(self, vc: MockVCenter, name: str = "prod", **more: object) -> None:
        secret = self.folder / f"{name}.password"
        secret.write_text(vc.password)
        secret.chmod(0o600)
        self.vcenters.append(
            {"name": name, "url": vc.url, "username": vc.user, "password": {"file": str(secret)}, **more}
        )

    @property
    def config(self) -> Path:
        path = self.folder / "config.yaml"
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        written = {"routes": [], "state": {"directory": str(state)}, "vcenters": self.vcenters, **self.sections}
        # JSON is YAML
        path.write_text(json.dumps(written, indent=1))
        return path

    async def scan(self, *arguments: object) -> Ended:
        return await vhealthd("scan", "--config", self.config, "--output-dir", self.folder / "out", *arguments)

    @property
    def report(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.folder / "out" / "report.json").read_text())
        return data

    def outcomes(self) -> dict[str, str]:
        return {one["check"]: one["outcome"] for one in self.report["results"]}


@asynccontextmanager
async def site(folder: Path, *vcenters: MockVCenter, **sections: Any) -> AsyncIterator[Site]:  # noqa: ANN401 - YAML
    """Serve vCenters and their DNS, and configure them as prod, prod-2, ..."""
    async with AsyncExitStack() as stack:
        dns = await stack.enter_async_context(MockDns(records(default_world())))
        made = Site(folder, {"dns": {"nameservers": [f"{dns.host}:{dns.port}"], "timeout": "10s"}, **sections})
        for number, vc in enumerate(vcenters, start=1):
            await stack.enter_async_context(vc)
            made.add(vc, "prod" if number == 1 else f"prod-{number}")
        yield made
