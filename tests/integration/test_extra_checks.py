"""The opt-in checks against a whole vCenter: they find what is planted, and run only if somebody asks for them."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from mocks.faults import DeniedPaths, InvalidPaths
from mocks.vcenter import MockVCenter
from mocks.world import Vm
from mocks.worlds import default_world
from tests.integration.mock.vimschema import resolve_path
from tests.integration.scans import CATALOGUE, EXTRAS, ON, Steps, account, run, scan_world, settings_for
from vhealthd import saved
from vhealthd.model import CheckResult, Outcome
from vhealthd.scan import Scan, judge_again
from vhealthd.vcenter.records.extras import EXTRA_FACETS
from vhealthd.wording import english

RELEASES = ("8.0.1.0", "8.0.3.0", "9.1.0.0")
PATHS = sorted({(facet.kind, path) for facet in EXTRA_FACETS for path in facet.paths})


def test_there_are_six() -> None:
    assert set(EXTRAS) == {
        "cpu-ready",
        "duplicate-identity",
        "guest-disk-space",
        "memory-pressure",
        "pending-question",
        "vm-hardware-version",
    }


@pytest.mark.parametrize("release", RELEASES)
async def test_they_find_what_is_planted_and_nothing_else(release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()

    scanned = await scan_world(world, monkeypatch, release=release, only=EXTRAS)

    assert scanned.unknown() == {}
    assert scanned.found() == {one for one in world.truth if one.check in EXTRAS}
    assert Counter(one.check for one in scanned.found()).keys() == set(EXTRAS)


async def test_without_a_word_none_of_them_runs_and_nothing_of_theirs_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = await scan_world(default_world(), monkeypatch)

    assert {one.check for one in scanned.vcenter.results} == {check.slug for check in ON}
    theirs = {facet.need for facet in EXTRA_FACETS} - {need for check in ON for need in check.needs}
    assert theirs
    assert theirs.isdisjoint(scanned.seen.parts)


async def test_one_that_is_switched_on_runs_besides_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async with MockVCenter(default_world()) as vc:
        settings = settings_for(account(vc, monkeypatch), scan={"also": ["cpu-ready"]})
        report, _ = await run(settings)

    assert {one.check for one in report.vcenters[0].results} == {check.slug for check in ON} | {"cpu-ready"}


@pytest.mark.parametrize("release", RELEASES)
async def test_a_release_that_lacks_a_figure_costs_that_check_alone(
    release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "summary.quickStats.overallCpuReadiness"
    scanned = await scan_world(
        default_world(), monkeypatch, release=release, faults=(InvalidPaths((path,)),), only=EXTRAS
    )

    result = scanned.result("cpu-ready")
    assert result.outcome is Outcome.SKIPPED
    assert result.reason is not None
    assert path in english(result.reason)
    assert scanned.result("memory-pressure").outcome is Outcome.CRITICAL


async def test_a_path_that_is_denied_skips_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = await scan_world(
        default_world(), monkeypatch, faults=(DeniedPaths(("guest.disk",)),), only=["guest-disk-space", "cpu-ready"]
    )

    result = scanned.result("guest-disk-space")
    assert result.outcome is Outcome.SKIPPED
    assert result.reason is not None
    assert "guest.disk" in english(result.reason)
    assert scanned.result("cpu-ready").outcome is Outcome.CRITICAL


async def test_machines_that_tell_nothing_are_not_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    silent = world.named(Vm, "web-04")
    silent.tools_running = False

    scanned = await scan_world(world, monkeypatch, only=["guest-disk-space"])

    result = scanned.result("guest-disk-space")
    assert "web-04" in {one.object.name for one in result.not_examined}
    assert result.outcome is Outcome.CRITICAL


async def test_the_second_half_of_a_fault_tolerant_pair_shares_everything_and_is_no_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = default_world()
    primary, secondary = world.named(Vm, "files-01"), world.named(Vm, "files-02")
    assert (primary.uuid, primary.nics) == (secondary.uuid, secondary.nics)
    secondary.secondary_of = None

    scanned = await scan_world(world, monkeypatch, only=["duplicate-identity"])

    assert {"files-01", "files-02"} <= {one.name for one in scanned.found()}


@pytest.mark.parametrize("release", ["8.0.1.0", "9.1.0.0"])
@pytest.mark.parametrize(("kind", "path"), PATHS)
def test_every_path_exists(kind: str, path: str, release: str) -> None:
    resolve_path(kind, path, release)


@pytest.mark.parametrize("redact", [False, True])
async def test_a_saved_inventory_gives_the_same_verdicts(
    *, redact: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scanned = await scan_world(default_world(), monkeypatch, only=EXTRAS)
    file = tmp_path / "seen.json"
    file.write_bytes(saved.encode((scanned.seen,), redact=redact))

    settings = settings_for({"name": "prod", "url": "https://a", "username": "b", "password": {"env": "C"}})
    plan = Scan(settings=settings, checks=CATALOGUE.bind(settings, only=EXTRAS), run_id="run-2", progress=Steps())
    again = (await judge_again(plan, saved.read(file))).vcenters[0].results

    def gist(results: Iterable[CheckResult]) -> list[object]:
        return [(one.check, one.outcome, one.examined, [f.severity for f in one.findings]) for one in results]

    assert gist(again) == gist(scanned.vcenter.results)
