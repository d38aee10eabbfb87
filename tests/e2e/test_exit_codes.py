"""Which of several truths an exit code tells."""

from pathlib import Path

from mocks.faults import Hang, When
from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.e2e.commands import site


async def test_critical_outranks_unknown_and_a_scope_that_matches_nothing(tmp_path: Path) -> None:
    hung = Hang(When("/api/vcenter/services"))
    async with site(tmp_path, MockVCenter(default_world(), faults=(hung,)), scan={"deadline": "5s"}) as one:
        one.vcenters[0]["scope"] = {"datacenters": ["DC0", "Payroll"]}
        ended = await one.scan("--check", "sso-service", "--check", "snapshot-age", "--format", "json")

    assert one.outcomes() == {"sso-service": "unknown", "snapshot-age": "critical"}
    assert one.report["vcenters"][0]["unmatched_scope"] == ["Payroll"]
    assert ended.code == 2
