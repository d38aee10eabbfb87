"""By whose clock a scan judges: vCenter's own at the start of the scan; this machine's where that cannot be read."""

from datetime import UTC, datetime, timedelta

import pytest

from mocks.faults import Unavailable, When
from mocks.worlds import default_world
from tests.integration.scans import scan_world

MonkeyPatch = pytest.MonkeyPatch
BY_AGE = ("snapshot-age", "vcenter-backup", "root-password-expiry", "license-expiry", "tools-not-running")


@pytest.mark.parametrize("days", [-400, 400])
@pytest.mark.parametrize("release", ["8.0.1.0", "9.1.0.0"])
async def test_ages_are_told_by_vcenters_clock(days: int, release: str, monkeypatch: MonkeyPatch) -> None:
    world = default_world(datetime.now(UTC) + timedelta(days=days))

    scanned = await scan_world(world, monkeypatch, release=release, only=BY_AGE)

    assert scanned.found() == {one for one in world.truth if one.check in BY_AGE}
    assert {one.check for one in scanned.found()} == set(BY_AGE)
    assert abs(scanned.seen.now - world.now) < timedelta(minutes=5)


async def test_where_it_cannot_be_read_this_machines_clock_counts(monkeypatch: MonkeyPatch) -> None:
    world = default_world(datetime.now(UTC) - timedelta(days=400))
    silent = Unavailable(When("/CurrentTime"))

    scanned = await scan_world(world, monkeypatch, only=["snapshot-age", "vcenter-reachability"], faults=(silent,))

    assert abs(scanned.seen.now - datetime.now(UTC)) < timedelta(minutes=5)
    assert scanned.unknown() == {}
    ages = [one.text.params["age_days"] for one in scanned.result("snapshot-age").findings if one.key is None]
    assert all(isinstance(age, float) and age > 300 for age in ages)
