"""A scan of a part of a vCenter: what is in it, what is not, and what is said of a name that matches nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from mocks.world import Cluster, Datacenter, Host, Vm, World
from mocks.worlds import default_world
from tests.integration.scans import Scanned, scan_world
from vhealthd.inventory import Need

# Two datacenters' worth of names: see the default world. DC0 lies in the folder Europe.
DC, PRODUCTION, TEST = "/Europe/DC0", "/Europe/DC0/host/production", "/Europe/DC0/host/test"
Lists = Mapping[str, Sequence[str]]


async def scanned(monkeypatch: pytest.MonkeyPatch, world: World, **scope: Sequence[str]) -> Scanned:
    return await scan_world(world, monkeypatch, scope=scope)


def names(seen: Scanned, need: Need) -> set[str]:
    part: Any = seen.seen.parts[need]
    return {one.name for one in part}


def hosts_of(world: World, cluster: str) -> set[str]:
    home = world.named(Cluster, cluster).moid
    return {host.name for host in world.all(Host) if host.parent == home}


def vms_of(world: World, cluster: str) -> set[str]:
    homes = {host.moid for host in world.all(Host) if host.name in hosts_of(world, cluster)}
    return {vm.name for vm in world.all(Vm) if vm.host in homes}


@pytest.mark.parametrize("scope", [{}, {"datacenters": ["DC0"]}, {"datacenters": [DC, "DC0"]}])
async def test_without_clusters_everything_of_the_datacenter_is_in(
    scope: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = default_world()
    seen = await scanned(monkeypatch, world, **scope)

    assert names(seen, Need.CLUSTERS) == {cluster.name for cluster in world.all(Cluster)}
    assert names(seen, Need.HOSTS) == {host.name for host in world.all(Host)}
    assert names(seen, Need.VMS) == {vm.name for vm in world.all(Vm)}
    assert seen.vcenter.counts.datacenters == 1


@pytest.mark.parametrize(
    "scope",
    [{"clusters": ["production"]}, {"clusters": [PRODUCTION]}, {"datacenters": [DC], "clusters": ["production"]}],
)
async def test_a_cluster_by_name_or_path_is_its_hosts_their_vms_and_their_datastores(
    scope: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = default_world()
    seen = await scanned(monkeypatch, world, **scope)

    assert names(seen, Need.CLUSTERS) == {"production"}
    assert names(seen, Need.HOSTS) == hosts_of(world, "production")
    assert names(seen, Need.VMS) == vms_of(world, "production")
    assert "vmfs-gold-01" in names(seen, Need.DATASTORES)
    assert not any(name.startswith("local-") for name in names(seen, Need.DATASTORES)), "of hosts out of scope"
    counts = seen.vcenter.counts
    assert (counts.clusters, counts.hosts) == (1, len(hosts_of(world, "production")))


async def test_where_clusters_are_named_hosts_that_stand_alone_are_out(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = await scanned(monkeypatch, default_world(), clusters=["production", "test"])

    assert "10.20.0.20" not in names(seen, Need.HOSTS)
    assert seen.vcenter.counts.hosts == 8
    assert "local-10.20.0.20" not in names(seen, Need.DATASTORES)


async def test_findings_are_those_of_the_scope_and_of_vcenter_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    seen = await scanned(monkeypatch, world, clusters=["test"])

    inside = hosts_of(world, "test") | vms_of(world, "test") | {"test"}
    found = seen.found()
    assert {
        one.name for one in found if one.type in {"HostSystem", "VirtualMachine", "ClusterComputeResource"}
    } <= inside
    assert any(one.check == "sso-service" for one in found), "vCenter itself is in every scope"
    everything = await scanned(monkeypatch, world)
    assert {one for one in everything.found() if one.name in inside - {"test"}} <= found


@pytest.mark.parametrize(
    ("scope", "unmatched"),
    [
        ({}, ()),
        ({"datacenters": ["DC0", "DC1"]}, ("DC1",)),
        ({"clusters": ["Production", "production"]}, ("Production",)),
        ({"clusters": ["production", "/DC0/host/test"]}, ("/DC0/host/test",)),
        ({"datacenters": ["Europe"], "clusters": ["nowhere"]}, ("Europe", "nowhere")),
    ],
)
async def test_names_that_match_nothing_are_told(
    scope: Lists, unmatched: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await scanned(monkeypatch, default_world(), **scope)).vcenter.unmatched_scope == unmatched


async def test_a_scope_that_holds_nothing_examines_nothing_and_passes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = await scanned(monkeypatch, default_world(), datacenters=["typo"])

    assert seen.vcenter.unmatched_scope == ("typo",)
    counts = seen.vcenter.counts
    assert (counts.datacenters, counts.clusters, counts.hosts, counts.vms, counts.datastores) == (0, 0, 0, 0, 0)
    # Checks on vCenter itself ignore the scope; certificates are vCenter's and the hosts'.
    of_vcenter = {"vcenter-appliance", "vcenter-backup", "root-password-expiry", "certificate-expiry", "license-expiry"}
    # An alarm on vCenter itself is no matter of scope, nor are the settings of its own machine.
    of_vcenter |= {"triggered-alarms", "host-hardening", "ntp-drift"}
    of_inventory = [
        one for one in seen.vcenter.results if one.category != "connectivity" and one.check not in of_vcenter
    ]
    assert {one.outcome for one in of_inventory} == {"skipped"}
    for slug in ("certificate-expiry", "triggered-alarms", "host-hardening", "ntp-drift"):
        assert {one.object.ref.type for one in seen.result(slug).findings} == {"VirtualCenter"}


async def test_names_are_those_that_people_see_and_vcenter_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    world.named(Cluster, "test").name = "50% a/b \\ c"
    next(world.all(Datacenter)).name = "DC/0"

    by_name = await scanned(monkeypatch, world, datacenters=["DC/0"], clusters=["50% a/b \\ c"])
    by_path = await scanned(monkeypatch, world, clusters=["/Europe/DC/0/host/50% a/b \\ c"])
    escaped = await scanned(monkeypatch, world, clusters=["50%25 a%2fb %5c c"])

    assert names(by_name, Need.CLUSTERS) == names(by_path, Need.CLUSTERS) == {"50% a/b \\ c"}
    assert by_name.vcenter.counts == by_path.vcenter.counts
    assert escaped.vcenter.unmatched_scope == ("50%25 a%2fb %5c c",)
