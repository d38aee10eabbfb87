"""Accounts that may not read everything: a scan ends, judges the rest, and says what lacks, whatever the checks are."""

from collections.abc import Iterator

import pytest

from mocks.faults import DeniedPaths
from mocks.world import Host
from mocks.worlds import default_world
from tests.integration.scans import CATALOGUE, EXTRAS, ON, Scanned, scan_world
from vhealthd.grants import APPLIANCE, LICENSES, READ_ONLY, grants_for
from vhealthd.model import CheckResult, Outcome, VCenterState
from vhealthd.vcenter.records import FACETS
from vhealthd.wording import english

RELEASES = ("8.0.1.0", "8.0.3.0", "9.1.0.0")
MonkeyPatch = pytest.MonkeyPatch
HOST_CONFIG = {f.need for f in FACETS if f.kind == "HostSystem" and any(p.startswith("config.") for p in f.paths)}
JUDGED = {Outcome.CRITICAL, Outcome.WARNING, Outcome.INFO, Outcome.PASS}


def why(result: CheckResult) -> str:
    """All that a result says of what was not seen."""
    reason = english(result.reason) if result.reason else ""
    return "; ".join([reason, *(english(one.why.reason) for one in result.not_examined)])


def refused(scanned: Scanned) -> Iterator[CheckResult]:
    """Yield the results with a part that could not be read for good."""
    for one in scanned.vcenter.results:
        if one.outcome is Outcome.SKIPPED or any(gap.why.outcome is Outcome.SKIPPED for gap in one.not_examined):
            yield one


@pytest.mark.parametrize("release", RELEASES)
async def test_without_the_group_what_the_appliance_alone_tells_is_skipped_with_the_groups_name(
    release: str, monkeypatch: MonkeyPatch
) -> None:
    scanned = await scan_world(default_world(), monkeypatch, release=release, account="readonly")

    assert scanned.vcenter.state is VCenterState.SCANNED
    assert scanned.unknown() == {}
    for check in ON:
        result = scanned.result(check.slug)
        if grants_for(check.needs) == (APPLIANCE,) and check.slug not in {"sso-service", "vcenter-appliance"}:
            assert result.outcome is Outcome.SKIPPED, check.slug
            assert APPLIANCE.text in why(result), check.slug
            assert result.findings == ()


@pytest.mark.parametrize("release", RELEASES)
async def test_what_a_check_was_refused_is_among_what_it_is_said_to_need(
    release: str, monkeypatch: MonkeyPatch
) -> None:
    scanned = await scan_world(default_world(), monkeypatch, release=release, account="readonly")

    found = {result.check: why(result) for result in refused(scanned) if "needs" in why(result)}
    assert len(found) >= 3
    for slug, said in found.items():
        named = [grant for grant in (APPLIANCE, LICENSES, READ_ONLY) if grant.text in said]
        assert set(named) <= set(grants_for(CATALOGUE[slug].needs)), f"{slug}: {said}"


@pytest.mark.parametrize("release", RELEASES)
async def test_what_needs_no_group_is_judged_as_by_an_administrator(release: str, monkeypatch: MonkeyPatch) -> None:
    full = await scan_world(default_world(), monkeypatch, release=release)
    less = await scan_world(default_world(), monkeypatch, release=release, account="readonly")

    for check in ON:
        if grants_for(check.needs) in {(), (READ_ONLY,)} and less.result(check.slug).outcome in JUDGED:
            mine, theirs = less.result(check.slug), full.result(check.slug)
            assert (mine.outcome, len(mine.findings)) == (theirs.outcome, len(theirs.findings)), check.slug


async def test_with_the_group_nothing_of_the_appliance_lacks(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_world(default_world(), monkeypatch, account="operator")

    assert scanned.unknown() == {}
    assert [one.check for one in refused(scanned) if APPLIANCE.text in why(one)] == []


@pytest.mark.parametrize("release", RELEASES)
async def test_a_role_that_hides_the_configuration_of_hosts(release: str, monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    for host in world.all(Host):
        host.connection_state = "connected"  # what a disconnected one hides is another matter
    blind = DeniedPaths(("config",), kind="HostSystem")

    sighted = await scan_world(world, monkeypatch, release=release)
    scanned = await scan_world(world, monkeypatch, release=release, faults=(blind,))

    assert scanned.vcenter.state is VCenterState.SCANNED
    assert scanned.found() <= sighted.found(), "what cannot be read is no finding"
    for check in ON:
        if check.needs.isdisjoint(HOST_CONFIG):
            continue
        result = scanned.result(check.slug)
        assert "the account may not read config." in why(result), check.slug
        assert "System.View" in why(result), check.slug
        assert result.outcome is not Outcome.PASS or result.not_examined, check.slug


async def test_the_configuration_of_machines_is_still_seen_then(monkeypatch: MonkeyPatch) -> None:
    blind = DeniedPaths(("config",), kind="HostSystem")

    scanned = await scan_world(default_world(), monkeypatch, faults=(blind,), only=[*EXTRAS, "removable-media"])

    assert {one.outcome for one in scanned.vcenter.results} <= JUDGED


async def test_a_role_that_hides_guests_makes_their_checks_skipped(monkeypatch: MonkeyPatch) -> None:
    blind = DeniedPaths(("guest", "summary.quickStats"), kind="VirtualMachine")

    scanned = await scan_world(default_world(), monkeypatch, faults=(blind,), only=EXTRAS)

    for slug in ("guest-disk-space", "memory-pressure", "cpu-ready"):
        result = scanned.result(slug)
        assert result.outcome is Outcome.SKIPPED
        assert "the account may not read" in why(result)
    assert scanned.result("pending-question").outcome in JUDGED
