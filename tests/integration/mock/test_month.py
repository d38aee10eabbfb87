"""The month before the default world: it leads up to it day by day, and some of what was there is over by now."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mocks.certificates import certificate_of, signing_certificate
from mocks.month import BEGAN, DAYS, Day, days, depth, healthy, went_wrong, world_on
from mocks.world import Cluster, Datastore, Entity, Host, Snapshot, Vm, World
from mocks.worlds import default_world
from tests.integration.scans import scan_world
from vhealthd.model import Severity

TODAY = datetime(2026, 11, 27, 13, 40, tzinfo=UTC)  # a Friday
BERLIN = ZoneInfo("Europe/Berlin")
MONTH = {day.ago: day for day in days(TODAY, BERLIN)}


def _world(ago: int) -> World:
    return world_on(MONTH[ago], today=TODAY)


def _beginnings() -> Iterator[tuple[type[Entity], str, str, int]]:
    for kind, names in BEGAN.items():
        for name, began in names.items():
            yield from ((kind, name, field, ago) for field, ago in went_wrong(began))


def test_a_month_is_thirty_days_that_begin_at_six_by_the_clock_of_the_zone_and_end_now() -> None:
    month = days(datetime(2026, 11, 7, 3, 0, tzinfo=UTC), BERLIN)  # clocks went back on 25 October
    assert [day.ago for day in month] == list(range(DAYS - 1, -1, -1))
    assert month[0].at == datetime(2026, 10, 9, 4, 0, tzinfo=UTC)
    assert month[-2].at == datetime(2026, 11, 6, 5, 0, tzinfo=UTC)
    assert month[-1] == Day(0, datetime(2026, 11, 7, 3, 0, tzinfo=UTC))


def test_today_is_the_default_world() -> None:
    today, default = _world(0), default_world(TODAY)
    assert (today.entities, today.appliance, today.triggered, today.truth) == (
        default.entities,
        default.appliance,
        default.triggered,
        default.truth,
    )


def test_a_seed_gives_one_month() -> None:
    assert _world(9).entities == _world(9).entities
    other = world_on(MONTH[9], today=TODAY, seed=2)
    assert [host.memory_usage_mb for host in other.all(Host)] != [host.memory_usage_mb for host in _world(9).all(Host)]


@pytest.mark.parametrize("ago", [1, 14, 29])
def test_every_object_keeps_its_reference_its_name_and_its_certificate(ago: int) -> None:
    then, now = _world(ago), _world(0)
    assert then.instance_uuid == now.instance_uuid
    assert {one.moid: one.name for one in then.entities.values()} == {
        one.moid: one.name for one in now.entities.values()
    }
    assert signing_certificate(then) == signing_certificate(now)
    for host in now.all(Host):
        assert certificate_of(then, then.named(Host, host.name)) == certificate_of(now, host)


def test_every_defect_that_has_a_beginning_is_there_today_and_was_not_before() -> None:
    worlds = {ago: _world(ago) for ago in range(DAYS)}
    for kind, name, field, ago in _beginnings():
        then, before = (worlds[day].named(kind, name) for day in (ago, ago + 1))
        today = worlds[0].named(kind, name)
        good = healthy(today, field)
        assert getattr(today, field) != good, f"{name}: {field} is well today"
        assert getattr(then, field) != good, f"{name}: {field} is well on the day on which it goes wrong"
        assert getattr(before, field) == good, f"{name}: {field} is ill before its day"


def test_the_beginnings_are_spread_over_the_month() -> None:
    assert len({ago for *_, ago in _beginnings()}) > DAYS / 2


def _used(ago: int, name: str) -> float:
    return _world(ago).named(Datastore, name).used


def test_datastores_fill_and_one_was_cleaned_up() -> None:
    for name in ("vmfs-gold-01", "vmfs-gold-02", "nfs-media", "scratch-esx06"):
        used = [_used(ago, name) for ago in range(DAYS - 1, -1, -5)]
        assert used == sorted(used)
        assert used[0] < used[-1]
    assert _used(17, "vmfs-test-01") > _used(16, "vmfs-test-01") + 0.1


def test_hosts_do_less_at_weekends() -> None:
    load = {
        ago: sum(host.cpu_usage_mhz for host in world_on(day, today=TODAY).all(Host))
        for ago, day in MONTH.items()
        if ago
    }
    weekend = [load[ago] for ago in load if MONTH[ago].at.weekday() >= 5]
    working = [load[ago] for ago in load if MONTH[ago].at.weekday() < 5]
    assert max(weekend) < 0.8 * min(working)


def _all_of(snapshots: tuple[Snapshot, ...]) -> Iterator[Snapshot]:
    for one in snapshots:
        yield one
        yield from _all_of(one.children)


@pytest.mark.parametrize("ago", range(1, DAYS))
def test_nothing_comes_from_a_later_day(ago: int) -> None:
    world, at = _world(ago), MONTH[ago].at
    for vm in world.all(Vm):
        assert all(one.created <= at for one in _all_of(vm.snapshots))
        assert vm.booted is None or vm.booted <= at
    assert all(one.since <= at for one in world.triggered)
    assert all(one.ended is not None and one.ended <= at for one in world.appliance.backups)


def test_a_disk_loses_the_deltas_of_the_snapshots_that_were_not_taken_yet() -> None:
    for ago, snapshots in ((0, 2), (10, 1), (29, 1)):
        vm = _world(ago).named(Vm, "db-archive")
        assert depth(vm.snapshots) == snapshots
        assert {len(disk.files) for disk in vm.disks} == {1 + snapshots}


def test_a_host_was_down_for_two_days() -> None:
    def state(ago: int) -> tuple[str, set[str]]:
        world = _world(ago)
        host = world.named(Host, "esx03.lab.example")
        return host.connection_state, {vm.connection_state for vm in world.all(Vm) if vm.host == host.moid}

    assert [state(ago) for ago in (21, 20, 19, 18)] == [
        ("connected", {"connected"}),
        ("notResponding", {"disconnected"}),
        ("notResponding", {"disconnected"}),
        ("connected", {"connected"}),
    ]


def test_one_backup_failed_before_today() -> None:
    failed = [ago for ago in range(1, DAYS) if _world(ago).appliance.backups[-1].status == "FAILED"]
    assert failed == [17]


def test_some_of_yesterday_is_over_today() -> None:
    yesterday, today = _world(1), _world(0)
    for world, ill in ((yesterday, True), (today, False)):
        assert world.named(Vm, "web-04").consolidation_needed is ill
        assert (world.named(Host, "esx11.lab.example").log_host == "") is ill
        queue = world.named(Vm, "queue-02").moid
        assert any(one.entity == queue for one in world.triggered) is ill
    assert yesterday.named(Cluster, "dmz").ha


async def test_the_array_that_was_lost_two_weeks_ago_makes_many_criticals(monkeypatch: pytest.MonkeyPatch) -> None:
    async def criticals(ago: int) -> int:
        scanned = await scan_world(_world(ago), monkeypatch)
        assert not scanned.unknown()
        return sum(one.severity is Severity.CRITICAL for result in scanned.vcenter.results for one in result.counted)

    before, then, after = [await criticals(ago) for ago in (15, 14, 12)]
    assert then > before + 10
    assert then > after + 10


async def test_a_defect_is_found_from_its_day_on(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        ago: {
            (one.check, one.name, one.key)
            for one in (await scan_world(_world(ago), monkeypatch, only=["host-hardware", "storage-paths"])).found()
        }
        for ago in (8, 7, 1, 0)
    }
    path = next(one for one in found[7] - found[8] if one[:2] == ("storage-paths", "esx01.lab.example"))
    power = ("host-hardware", "esx01.lab.example", "Power Supply 1 Status")
    assert [path in found[ago] for ago in (8, 7, 1, 0)] == [False, True, True, True]
    assert [power in found[ago] for ago in (8, 7, 1, 0)] == [False, False, False, True]
