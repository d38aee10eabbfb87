"""The seeded world, scanned by way of a mock vCenter, with a past in a state of its own."""

import asyncio
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mocks.worlds import default_world
from tests.integration.scans import scan_world, settings_for
from tests.report.gallery import Exhibit
from tests.report.pasts import the_day_before
from vhealthd.lookback import look_back
from vhealthd.model import ScanReport
from vhealthd.report.background import Background
from vhealthd.state import open_state


@cache
def seeded() -> Exhibit:
    """Scan the world once. Not for tests that run in an event loop."""
    return asyncio.run(_seeded())


async def _seeded() -> Exhibit:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        report = (await scan_world(default_world(), patch)).report
        return Exhibit(report, await _past(report, Path(folder)))


async def _past(report: ScanReport, folder: Path) -> Background:
    """Look back from a report to the run of the day before."""
    vcenter = {"name": "prod", "url": "https://prod.example.com", "username": "x", "password": {"env": "X"}}
    settings = settings_for(vcenter, schedule={"timezone": "Europe/Berlin"})
    earlier = the_day_before(report)
    async with open_state(folder) as state:
        at = earlier.finished
        assert await state.runs.commit(earlier, config_sha256=None, files={}, parcels=(), now=at, expires=at)
        return await look_back(state, report, settings)
