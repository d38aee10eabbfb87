"""Small reports in a row, each said in terms of what one check found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.report.scans import result, scan, vcenter
from vhealthd.model import CheckResult, Finding, ScanReport, VCenterReport
from vhealthd.state import State

START = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CHECK = "snapshot-age"


def day(number: float) -> datetime:
    return START + number * DAY


def check(*findings: Finding, **more: Any) -> CheckResult:  # noqa: ANN401 - fields of a result
    whole = more.pop("whole", True)
    return replace(result(CHECK, findings, **more), whole=whole)


def run(number: float, *results: CheckResult, **vcenter_fields: Any) -> ScanReport:  # noqa: ANN401 - of a vCenter
    one = replace(vcenter("prod", results), **vcenter_fields)
    return of(number, one)


def of(number: float, *vcenters: VCenterReport) -> ScanReport:
    at = day(number)
    return replace(
        scan(*vcenters),
        run_id=f"run-{number:05.1f}",
        started=at,
        finished=at + timedelta(seconds=12),
        trigger="schedule",
    )


async def keep(state: State, *reports: ScanReport) -> None:
    for report in reports:
        now = report.finished
        assert await state.runs.commit(report, config_sha256=None, files={}, parcels=(), now=now, expires=now + 3 * DAY)
