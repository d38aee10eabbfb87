"""The worlds: seeded, unambiguous, and what is planted in them is really there."""

from dataclasses import astuple
from datetime import UTC, datetime, timedelta

from mocks.plants import LONG_NAME
from mocks.world import Cluster, Datacenter, Datastore, Entity, Host, PortGroup, StoragePod, Switch, Vm, World, records
from mocks.worlds import big_world, default_world
from tests.integration.scans import timeless

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


def test_a_seed_and_an_instant_give_one_world() -> None:
    first, second = default_world(NOW, seed=7), default_world(NOW, seed=7)
    assert first.entities == second.entities
    assert first.truth == second.truth
    assert default_world(NOW, seed=8).entities != first.entities


def test_ages_follow_the_instant() -> None:
    later = default_world(NOW + timedelta(days=400))
    (snapshot,) = later.named(Vm, "ci-runner-01").snapshots
    assert later.now - snapshot.created == timedelta(days=6.9)
    assert timeless(later.truth) == timeless(default_world(NOW).truth)


def _count(world: World, kind: type[Entity]) -> int:
    return len(list(world.all(kind)))


def test_the_default_world_is_a_small_site() -> None:
    world = default_world(NOW)
    assert _count(world, Datacenter) == 1
    assert _count(world, Cluster) == 5
    assert 15 <= _count(world, Host) <= 25
    assert _count(world, Datastore) == 12
    assert _count(world, StoragePod) == 1
    assert 70 <= _count(world, Vm) <= 90
    assert len(LONG_NAME) == 80
    names = [vm.name for vm in world.all(Vm)]
    assert len(names) == len(set(names))


def test_every_planted_object_exists_once_and_every_defect_is_one_of_a_kind() -> None:
    world = default_world(NOW)
    kinds = {kind.kind: kind for kind in (Vm, Host, Cluster, Datacenter, StoragePod, Datastore, PortGroup, Switch)}
    for planted in world.truth:
        assert (planted.name is None) == (planted.type == "VirtualCenter")
        if planted.name is not None:
            assert world.named(kinds[planted.type], planted.name).kind == planted.type
    keys = [(each.check, each.type, each.name, each.key) for each in world.truth]
    assert len(keys) == len(set(keys))
    assert len({each.check for each in world.truth}) >= 17


def test_what_is_left_out_of_scope_is_not_in_the_truth() -> None:
    world = default_world(NOW)
    planted = {each.name for each in world.truth}
    left_out = [vm for vm in world.all(Vm) if vm.template or vm.managed_by or vm.name.startswith("vCLS-")]
    assert len(left_out) == 4
    assert not planted & {vm.name for vm in left_out}
    assert all(vm.consolidation_needed and vm.snapshots for vm in left_out)


def test_the_zone_agrees_with_itself_but_for_what_is_planted() -> None:
    world = default_world(NOW)
    zone = records(world)
    odd = {host.name for host in world.all(Host) if zone.get((host.address, "PTR")) != (host.name,)}
    assert odd == {"esx06.lab.example", "10.20.0.20"}
    nameless = {host.name for host in world.all(Host) if zone.get((host.name, "A")) != (host.address,)}
    assert nameless == {"esx05.lab.example", "10.20.0.20"}


def test_a_deleted_entity_is_gone_everywhere() -> None:
    world = default_world(NOW)
    vm = world.named(Vm, "web-01")
    world.remove(vm.moid)
    assert vm.moid not in {each.moid for each in world.all(Entity)}
    assert vm not in world.children(vm.parent or "")


def test_a_big_world_has_what_was_asked_for() -> None:
    world = big_world(hosts=70, vms=500, seed=3, now=NOW)
    assert _count(world, Host) == 70
    assert _count(world, Vm) == 500
    assert _count(world, Cluster) == 3
    assert len(world.truth) == 5
    assert len({astuple(host)[0] for host in world.all(Host)}) == 70
    assert len({host.address for host in world.all(Host)}) == 70
    macs = [nic.mac for vm in world.all(Vm) for nic in vm.nics]
    assert len(macs) == len(set(macs))
