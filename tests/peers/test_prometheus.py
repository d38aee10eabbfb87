"""What is served at /metrics goes to a real Prometheus: its tool finds no fault, and a server scrapes and answers."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mocks.dns import MockDns
from mocks.vcenter import MockVCenter
from mocks.world import records
from mocks.worlds import default_world
from tests.integration.scans import CATALOGUE, QUICK, Steps, account, settings_for
from tests.web.services import TOKEN, Served, bearer, settings, site, token_file
from vhealthd.metrics import Metrics
from vhealthd.scan import Scan, scan

PATIENCE = 60.0
EVERY = 0.2


@pytest.fixture
def tool() -> str:
    return _installed("promtool")


@pytest.fixture
def prometheus() -> str:
    return _installed("prometheus")


def _installed(program: str) -> str:
    path = shutil.which(program)
    assert path, f"{program} is not installed; make test-peers installs it"
    return path


async def scanned(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    """Return metrics that have heard of a full scan, and of all that comes after one."""
    metrics = Metrics()
    world = default_world()
    async with MockVCenter(world) as vc, MockDns(records(world)) as dns:
        configured = settings_for(
            account(vc, monkeypatch), dns={"nameservers": [f"{dns.host}:{dns.port}"], "timeout": "10s"}
        )
        plan = Scan(
            settings=configured,
            checks=CATALOGUE.bind(configured),
            run_id="run-1",
            trigger="schedule",
            progress=Steps(),
            pace=QUICK,
            observer=metrics,
        )
        metrics.config("0" * 64, ["prod"])
        metrics.scan_started()
        report, _ = await scan(plan, configured.vcenters)
    metrics.scan_finished(report)
    metrics.sla({("prod", "24h"): 0.9375, ("prod", "30d"): None})
    metrics.next_scan(report.finished)
    metrics.delivered("mail", 0.3)
    metrics.attachment("attached")
    metrics.failed("s3", 12.0)
    metrics.webhook("ops", 0.2)
    metrics.alert("ops", 3.0)
    metrics.problems(["s3"])
    return metrics


async def said_by(program: str, *arguments: str, reads: bytes = b"") -> tuple[int | None, str]:
    """Run a program; return its exit code and all that it says."""
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(reads)
    return process.returncode, said.decode()


async def test_its_own_tool_finds_no_fault(tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Served(metrics=await scanned(monkeypatch))
    async with site(service) as here, here.client.get("/metrics") as answer:
        served = await answer.read()

    assert await said_by(tool, "check", "metrics", reads=served) == (0, "")
    assert served.count(b"\nvhealthd_check_status{") == len([one for one in CATALOGUE.checks if not one.opt_in])


async def test_the_rules_to_start_from_are_rules(tool: str, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/metrics.md").read_text()
    indented = page.partition("## Rules to start from")[2].splitlines()
    rules = tmp_path / "rules.yml"
    rules.write_text("\n".join(line[4:] for line in indented if line.startswith("    ")) + "\n")

    code, said = await said_by(tool, "check", "rules", "--lint-fatal", str(rules))
    assert code == 0, said
    assert "7 rules found" in said


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "0.0.0.0:0"])
async def test_a_server_scrapes_and_answers(
    prometheus: str, listen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Served(metrics=await scanned(monkeypatch))
    http = settings(listen, token=token_file(tmp_path))
    async with site(service, http) as here, running(prometheus, f"{here.host}:{here.port}", tmp_path) as ask:
        status = await ask('vhealthd_check_status{vcenter="prod"}')
        ratio = await ask("vhealthd_sla_ratio")
        slow = await ask("histogram_quantile(0.9, sum by (le) (vhealthd_vcenter_request_duration_seconds_bucket))")
        up = await ask('up{job="vhealthd"}')
        async with here.client.get("/metrics", headers=bearer()) as answer:
            assert answer.status == 200

    assert {one["metric"]["check"] for one in status} == {one.slug for one in CATALOGUE.checks if not one.opt_in}
    assert {one["value"][1] for one in status} <= set("012345")
    assert "3" in {one["value"][1] for one in status}, "the mock world has criticals"
    assert [(one["metric"]["window"], one["value"][1]) for one in ratio] == [("24h", "0.9375")]
    assert 0 < float(slow[0]["value"][1]) < 60
    assert up[0]["value"][1] == "1"


@asynccontextmanager
async def running(program: str, target: str, folder: Path) -> AsyncIterator[Any]:
    """Run Prometheus on a free port, with a vhealthd to scrape, and give a function that queries it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    config = folder / "prometheus.yml"
    config.write_text(
        json.dumps(
            {
                "scrape_configs": [
                    {
                        "job_name": "vhealthd",
                        "scrape_interval": "500ms",
                        "scrape_timeout": "500ms",
                        "authorization": {"credentials": TOKEN},
                        "static_configs": [{"targets": [target]}],
                    }
                ]
            }
        )
    )
    process = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={address}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with aiohttp.ClientSession(f"http://{address}") as client:
            yield lambda query: _ask(client, query)
    finally:
        process.terminate()
        await process.wait()


async def _ask(client: aiohttp.ClientSession, query: str) -> list[dict[str, Any]]:
    """Return the answer to a query as soon as there is one."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                async with client.get("/api/v1/query", params={"query": query}) as answer:
                    if answer.status == 200 and (found := (await answer.json())["data"]["result"]):
                        return list(found)
            except aiohttp.ClientError:
                pass  # it is still starting
            await asyncio.sleep(EVERY)
