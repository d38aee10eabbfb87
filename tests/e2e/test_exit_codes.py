"""Which of several truths an exit code tells, and that the demo ends well though its scan finds criticals."""

import asyncio
import json
import sys
from pathlib import Path

from mocks.faults import Hang, When
from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.e2e.commands import RAW, site

ROOT = Path(__file__).parents[2]


async def test_critical_outranks_unknown_and_a_scope_that_matches_nothing(tmp_path: Path) -> None:
    hung = Hang(When("/api/vcenter/services"))
    async with site(tmp_path, MockVCenter(default_world(), faults=(hung,)), scan={"deadline": "5s"}) as one:
        one.vcenters[0]["scope"] = {"datacenters": ["DC0", "Payroll"]}
        ended = await one.scan("--check", "sso-service", "--check", "snapshot-age", "--format", "json")

    assert one.outcomes() == {"sso-service": "unknown", "snapshot-age": "critical"}
    assert one.report["vcenters"][0]["unmatched_scope"] == ["Payroll"]
    assert ended.code == 2


async def test_the_demo_finds_criticals_and_ends_well(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mocks.demo"),
        cwd=tmp_path,
        env={**RAW, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()

    report = json.loads((tmp_path / "demo-out" / "report.json").read_text())
    assert "critical" in {one["outcome"] for one in report["results"]}
    assert process.returncode == 0
    pdf = Path(out.decode().splitlines()[-1])
    assert pdf.read_bytes().startswith(b"%PDF")
    assert pdf == tmp_path.resolve() / "demo-out" / "report.pdf"
