"""A scan finds what is planted in a world and nothing else, whatever the network does meanwhile."""

from collections.abc import Callable

import pytest

from mocks.faults import (
    CutBody,
    Fault,
    Latency,
    LostView,
    Reset,
    SessionEnds,
    SessionExpires,
    Unavailable,
    Vanishes,
    When,
)
from mocks.world import Planted, World
from mocks.worlds import default_world
from tests.integration.scans import ON, Scanned, scan_world

RELEASES = ("8.0.1.0", "8.0.3.0", "9.1.0.0")

WEATHER: dict[str, Callable[[], Fault]] = {
    "the session expires in the middle": lambda: SessionExpires(40),
    "every session ends once, in the middle": lambda: SessionEnds(When(skip=15, times=1)),
    "every 7th request is reset": lambda: Reset(When(every=7)),
    "503s rain as text": lambda: Unavailable(When(every=5)),
    "503s rain as JSON, with Retry-After": lambda: Unavailable(When(every=6), json=True, retry_after=0),
    "bodies are cut": lambda: CutBody(When(every=6)),
    "views are lost": lambda: LostView(When("/view", times=2)),
    "answers take their time": lambda: Latency(0.01),
}


def truth(world: World) -> set[Planted]:
    """What is planted for the checks that run."""
    slugs = {check.slug for check in ON}
    return {one for one in world.truth if one.check in slugs}


def assert_true(scanned: Scanned, world: World) -> None:
    assert scanned.unknown() == {}
    assert scanned.found() == truth(world)


@pytest.mark.parametrize("release", RELEASES)
async def test_undisturbed_scan(release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    scanned = await scan_world(world, monkeypatch, release=release)

    assert_true(scanned, world)
    assert scanned.vcenter.state == "scanned"
    stats = scanned.vc.stats.snapshot()
    assert stats["logins"] == (1 if release >= "8.0.3" else 2)
    assert stats["logouts"] == stats["logins"]
    assert stats["sessions_open"] == 0
    assert stats["views_created"] == stats["views_destroyed"]
    assert stats["cookies_seen"] == 0
    assert stats["requests"] == scanned.vcenter.requests
    assert list(scanned.vc.stats.user_agents) == ["vhealthd/0.1.0"]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("weather", WEATHER)
async def test_scan_in_bad_weather(weather: str, release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    fault = WEATHER[weather]()

    scanned = await scan_world(world, monkeypatch, release=release, faults=(fault,))

    assert_true(scanned, world)
    if not isinstance(fault, Latency):
        quiet = await scan_world(default_world(), monkeypatch, release=release)
        assert scanned.vcenter.requests > quiet.vcenter.requests, "the fault never struck"


@pytest.mark.parametrize("release", RELEASES)
async def test_vm_that_vanishes_between_list_and_read_is_simply_gone(
    release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = default_world()
    victim = next(one for one in world.truth if one.check == "snapshot-age")
    moid = next(moid for moid, one in world.entities.items() if one.name == victim.name)

    scanned = await scan_world(world, monkeypatch, release=release, faults=(Vanishes(moid),))

    assert scanned.unknown() == {}
    assert victim.name not in {one.name for one in scanned.found()}
    assert {one for one in truth(world) if one.name != victim.name} == scanned.found()


@pytest.mark.parametrize("in_flight", [1, 3])
async def test_never_more_in_flight_than_configured(in_flight: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = await scan_world(
        default_world(), monkeypatch, in_flight=in_flight, faults=(Latency(0.005),), page_size=20
    )

    assert scanned.vc.stats.most_in_flight == in_flight
