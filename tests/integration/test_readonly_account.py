"""Accounts that may not read everything: a scan ends, judges the rest, and says what lacks, whatever the checks are."""

from collections.abc import Iterator

import pytest

from mocks.faults import DeniedPaths, When
from mocks.wire import ok
from mocks.worlds import default_world
from tests.integration.scans import CATALOGUE, EXTRAS, ON, Scanned, scan_world
from tests.unit.vcenter.clients import Says
from vhealthd.grants import APPLIANCE, LICENSES, READ_ONLY, grants_for
from vhealthd.model import CheckResult, Outcome, VCenterState
from vhealthd.report.jsonreport import as_dict
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


OF_GROUP = {
    ("dns-resolution", "dns-servers"),
    *(("host-hardening", rule) for rule in ("shell", "ssh", "syslog")),
    *(("ntp-drift", rule) for rule in ("ntp-servers", "ntp-service")),
    ("root-password-expiry", None),
    *(("vcenter-appliance", rule) for rule in ("health", "partitions")),
    *(("vcenter-backup", rule) for rule in ("job", "schedule")),
}
OF_PRIVILEGE = {("license-expiry", None)}


def lacking(scanned: Scanned) -> dict[tuple[str, str | None], str]:
    """Return the rules that were skipped for want of something, and what the account needs, as report.json says it."""
    return {
        (result["check"], one["rule"]): one["reason"].rpartition("; it needs ")[2]
        for result in as_dict(scanned.report)["results"]
        for one in result["not_examined"]
        if "may not" in one["reason"] or "lacks" in one["reason"]
    }


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("account", "skipped"),
    [
        ("full", {}),
        ("operator", dict.fromkeys(OF_PRIVILEGE, LICENSES.text)),
        ("readonly", dict.fromkeys(OF_PRIVILEGE, LICENSES.text) | dict.fromkeys(OF_GROUP, APPLIANCE.text)),
    ],
)
async def test_the_report_says_exactly_which_rules_were_skipped_and_what_they_need(
    account: str, skipped: dict[tuple[str, str | None], str], release: str, monkeypatch: MonkeyPatch
) -> None:
    scanned = await scan_world(default_world(), monkeypatch, release=release, account=account)

    assert scanned.vcenter.state is VCenterState.SCANNED
    assert scanned.unknown() == {}
    assert lacking(scanned) == skipped
    wholly = {slug for slug, _ in skipped} & {"root-password-expiry", "vcenter-backup", "license-expiry"}
    assert {one.check for one in scanned.vcenter.results if one.outcome is Outcome.SKIPPED} == wholly


async def test_without_the_list_of_services_the_login_proves_that_tokens_are_issued(monkeypatch: MonkeyPatch) -> None:
    body: dict[str, object] = {"error_type": "UNAUTHORIZED", "messages": [], "data": None}
    refused = Says(ok(body, 403), When("/vcenter/services"))

    scanned = await scan_world(default_world(), monkeypatch, faults=(refused,), account="readonly")

    sso, appliance = scanned.result("sso-service"), scanned.result("vcenter-appliance")
    assert (sso.outcome, sso.examined, [one.rule for one in sso.not_examined]) == (Outcome.PASS, 1, ["services"])
    assert APPLIANCE.text in why(sso)
    assert (appliance.outcome, appliance.examined) == (Outcome.SKIPPED, 0)
    assert {one.rule for one in appliance.not_examined} == {"health", "services", "partitions"}
    assert scanned.unknown() == {}


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
        assert result.outcome is not Outcome.UNKNOWN, f"{check.slug}: that some hosts are away is no read that failed"


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
