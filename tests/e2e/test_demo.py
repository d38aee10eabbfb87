"""The demo: it ends well though its scan finds criticals, and leaves a month of runs that every command can look at."""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.e2e.commands import RAW, Ended, vhealthd

ROOT = Path(__file__).parents[2]
BERLIN = ZoneInfo("Europe/Berlin")


async def _demo(folder: Path) -> Ended:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tools.demo"),
        cwd=folder,
        env={**RAW, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def _asked(folder: Path, *command: str) -> Any:  # noqa: ANN401 - JSON
    ended = await vhealthd(*command, "--config", folder / "demo-out" / "config.yaml", "--json")
    assert ended.code == 0, ended.said
    return json.loads(ended.out)


async def test_the_demo_scans_a_month_ends_well_and_leaves_what_commands_can_look_at(tmp_path: Path) -> None:
    old = tmp_path / "demo-out" / "state" / "of-an-earlier-demo"
    old.mkdir(parents=True)
    beside = tmp_path / "demo-out" / "notes.txt"
    beside.write_text("mine")

    ended = await _demo(tmp_path)

    assert ended.code == 0, ended.said
    assert ended.err.count("\n") == 1  # nothing to warn of
    pdf = Path(ended.out.splitlines()[-1])
    assert pdf == tmp_path.resolve() / "demo-out" / "report.pdf"
    assert pdf.read_bytes().startswith(b"%PDF")
    assert not old.exists()
    assert beside.read_text() == "mine"
    _is_a_month(await _asked(tmp_path, "runs", "--limit", "100"))
    _has_a_past(json.loads((tmp_path / "demo-out" / "report.json").read_text()))
    _changed(await _asked(tmp_path, "diff"))
    status = await _asked(tmp_path, "status")
    assert (status["last_run"]["trigger"], status["deliveries"]) == ("manual", {})
    assert await _asked(tmp_path, "show", "latest")


def _is_a_month(listed: Any) -> None:  # noqa: ANN401 - JSON
    today, *earlier = listed
    assert (today["trigger"], today["outcome"]) == ("manual", "critical")
    assert {one["trigger"] for one in earlier} == {"schedule"}
    assert {one["state"] for one in earlier} == {"done"}
    starts = [datetime.fromisoformat(one["started"]).astimezone(BERLIN) for one in earlier]
    assert {start.hour for start in starts} == {6}
    assert len({start.date() for start in starts}) == len(starts) == 29


def _has_a_past(report: Any) -> None:  # noqa: ANN401 - JSON
    findings = [one for result in report["results"] for one in result["findings"]]
    assert len({one["first_seen"][:10] for one in findings}) > 15
    assert any("full in" in one["message"] for one in findings)
    assert not [one["check"] for one in report["results"] if one["outcome"] == "unknown"]


def _changed(diff: Any) -> None:  # noqa: ANN401 - JSON
    def named(change: str) -> set[tuple[str, str]]:
        return {(one["check"], one["object"]["name"]) for one in diff[change]}

    assert {("vcenter-backup", "demo"), ("host-hardware", "esx01.lab.example")} <= named("new")
    assert {("triggered-alarms", "queue-02"), ("consolidation-needed", "web-04")} <= named("resolved")
