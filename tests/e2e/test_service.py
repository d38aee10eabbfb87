"""The service from start to stop, as systemd and an operator see it."""

import asyncio
import json
import signal
import urllib.request
from pathlib import Path

from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.e2e.commands import site
from tests.e2e.service import service


async def get(address: str, path: str) -> tuple[int, str]:
    def fetch() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return await asyncio.to_thread(fetch)


async def test_it_starts_scans_on_sighup_and_stops(tmp_path: Path) -> None:
    async with (
        MockVCenter(default_world()) as vc,
        site(tmp_path) as one,
    ):
        one.add(vc)
        one.sections |= {
            "state": {"directory": str(tmp_path / "state")},
            "http": {"listen": "127.0.0.1:0"},
            "log": {"level": "debug"},
        }
        async with service(one.config) as running:
            await running.ready()
            running.send(signal.SIGHUP)
            run_id = await running.scanned()
            code, body = await get(running.address, "/api/v1/runs")
            print(code, body)
            code, body = await get(running.address, "/healthz")
            print(code, body)
            code, body = await get(running.address, "/metrics")
            print(code, body[:3000])
            running.send(signal.SIGTERM)
            assert await running.ended() == 0
            print("\n".join(running.raw[-40:]))
            print(running.told[-8:])
            print(vc.stats)
    assert run_id == 1
