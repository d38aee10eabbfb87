"""What is served at /metrics goes to a real Prometheus: its tool finds no fault, and a server scrapes and answers."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
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
from vhealthd.model import Severity
from vhealthd.scan import Scan, scan

DEPLOY = Path(__file__).parents[2] / "deploy"
PATIENCE = 60.0
EVERY = 0.2


@pytest.fixture
def tool() -> str:
    return installed("promtool")


@pytest.fixture
def prometheus() -> str:
    return installed("prometheus")


def installed(program: str) -> str:
    path = shutil.which(program)
    assert path, f"{program} is not installed; make test-peers installs it"
    return path


@dataclass(frozen=True)
class _Backlog:
    pending: int = 0
    failed: int = 0
    oldest: datetime | None = None


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
    metrics.sla({("prod", "30d"): 0.9375, ("prod", "7d"): None})
    metrics.open_alerts([("prod", Severity.CRITICAL)])
    metrics.next_scan(report.finished)
    metrics.delivered("mail", 0.3)
    metrics.attachment("attached")
    metrics.failed("s3", 12.0)
    metrics.outbox({"mail": _Backlog(pending=1), "s3": _Backlog(failed=1)}, report.finished)
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
    assert [(one["metric"]["window"], one["value"][1]) for one in ratio] == [("30d", "0.9375")]
    assert 0 < float(slow[0]["value"][1]) < 60
    assert up[0]["value"][1] == "1"


async def test_the_dashboard_has_data_and_the_alerts_meet_it(
    prometheus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard = json.loads((DEPLOY / "grafana/vhealthd.json").read_text())
    queries = [
        target["expr"].replace("$vcenter", ".*") for panel in dashboard["panels"] for target in panel.get("targets", ())
    ]
    service = Served(metrics=await scanned(monkeypatch))
    async with (
        site(service, settings("127.0.0.1:0", token=token_file(tmp_path))) as here,
        running(prometheus, f"{here.host}:{here.port}", tmp_path) as ask,
    ):
        for query in queries:
            assert await ask(query)
        for alert in ("VsphereSlaMissed", "VhealthdDeliveryFailed", "VhealthdProblem"):
            assert await ask(f'ALERTS{{alertname="{alert}"}}')
        critical = await ask('ALERTS{alertname="VsphereCritical"}')

    assert {one["metric"]["vcenter"] for one in critical} == {"prod"}
    assert {one["metric"]["check"] for one in critical} < {one.slug for one in CATALOGUE.checks}


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
                "global": {"evaluation_interval": "500ms"},
                "rule_files": [str(DEPLOY / "prometheus/rules.yml")],
                "scrape_configs": [
                    {
                        "job_name": "vhealthd",
                        "scrape_interval": "500ms",
                        "scrape_timeout": "500ms",
                        "authorization": {"credentials": TOKEN},
                        "static_configs": [{"targets": [target]}],
                    }
                ],
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
