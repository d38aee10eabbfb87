"""Scans that know of earlier ones: what was committed is what the next scan's checks are told."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.integration.scans import CATALOGUE, QUICK, Steps, account, settings_for
from vhealthd.config import Settings
from vhealthd.errors import StateError
from vhealthd.model import CheckResult, History, Outcome, ScanReport
from vhealthd.scan import Past, Scan, scan
from vhealthd.state import State, open_state

CHECKS = ("host-connection", "datastore-capacity")


async def look(settings: Settings, run_id: str, past: Past) -> ScanReport:
    checks = CATALOGUE.bind(settings, only=CHECKS)
    plan = Scan(settings=settings, checks=checks, run_id=run_id, progress=Steps(), pace=QUICK, past=past)
    report, _ = await scan(plan, settings.vcenters)
    return report


async def keep(state: State, report: ScanReport, *, ago: timedelta) -> None:
    """Commit a report as if the scan had been so long ago."""
    dated = replace(report, run_id=f"{ago.days} days ago", started=report.started - ago)
    now = report.finished
    assert await state.runs.commit(dated, config_sha256=None, files={}, parcels=(), now=now, expires=now)


def severities(report: ScanReport, check: str, key: str) -> set[str]:
    results = (one for vcenter in report.vcenters for one in vcenter.results if one.check == check)
    return {finding.severity.value for result in results for finding in result.findings if finding.key == key}


def result(report: ScanReport, check: str) -> CheckResult:
    return next(one for one in report.vcenters[0].results if one.check == check)


async def test_a_host_that_was_left_in_maintenance_is_found_by_its_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with MockVCenter(default_world()) as vc, open_state(tmp_path) as state:
        settings = settings_for(account(vc, monkeypatch))
        first = await look(settings, "run-1", state.past.of)
        assert severities(first, "host-connection", "maintenance") == {"info"}

        await keep(state, first, ago=timedelta(days=4))
        assert severities(await look(settings, "run-2", state.past.of), "host-connection", "maintenance") == {"warning"}


async def test_the_readings_of_a_week_tell_when_a_datastore_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with MockVCenter(default_world()) as vc, open_state(tmp_path) as state:
        limits = {"datastore-capacity": {"warning_days_to_full": 3650}}
        settings = settings_for(account(vc, monkeypatch), checks=limits)
        report = await look(settings, "run-1", state.past.of)
        judged = result(report, "datastore-capacity")
        assert len(judged.readings) == judged.examined
        for day in range(7, 0, -1):
            fewer = [replace(one, value=one.value * (1 - 0.01 * day)) for one in judged.readings]
            vcenter = replace(report.vcenters[0], results=(replace(judged, readings=tuple(fewer)),))
            await keep(state, replace(report, vcenters=(vcenter,)), ago=timedelta(days=day))

        again = await look(settings, "run-2", state.past.of)
        assert severities(again, "datastore-capacity", "days-to-full") == {"warning"}


async def test_the_history_is_asked_for_by_name_and_uuid(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def past(name: str, instance_uuid: str | None) -> Mapping[str, History]:
        asked.append((name, instance_uuid))
        return {}

    async with MockVCenter(default_world()) as vc:
        report = await look(settings_for(account(vc, monkeypatch)), "run-1", past)
    assert asked == [("prod", report.vcenters[0].instance_uuid)]
    assert report.vcenters[0].instance_uuid


async def test_a_state_that_fails_costs_no_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_name: str, _instance_uuid: str | None) -> Mapping[str, History]:
        raise StateError("the disk is gone")

    async with MockVCenter(default_world()) as vc:
        with capture_logs() as logs:
            report = await look(settings_for(account(vc, monkeypatch)), "run-1", broken)
    assert [one for one in logs if one["event"] == "no history"] == [
        {"event": "no history", "log_level": "warning", "why": "the disk is gone"}
    ]
    assert result(report, "host-connection").outcome is not Outcome.UNKNOWN
