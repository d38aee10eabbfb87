"""Scans judge storage and network as they are planted, and say what they could not see."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from mocks.faults import DeniedPaths, Fault, Hang, Inside, InvalidPaths, SessionEnds, When
from mocks.wire import Answer, Call
from mocks.world import Datastore, Host, Planted, World
from mocks.worlds import default_world
from tests.integration.scans import Scanned, scan_world
from vhealthd.model import CheckResult, Outcome
from vhealthd.vcenter import hostcalls
from vhealthd.wording import english

SLUGS = ("datastore-capacity", "vaai-status", "storage-paths", "promiscuous-mode", "uplink-redundancy")
RELEASES = ("8.0.1.0", "8.0.3.0", "9.1.0.0")
MonkeyPatch = pytest.MonkeyPatch

DISKS = "config.storageDevice.scsiLun"
PORT_GROUPS = "config.network.portgroup"


async def scan(monkeypatch: MonkeyPatch, *faults: Fault, only: Sequence[str] = SLUGS, **more: Any) -> Scanned:  # noqa: ANN401 - as scan_world takes it
    return await scan_world(default_world(), monkeypatch, faults=faults, only=only, **more)


def truth(world: World, *slugs: str) -> set[Planted]:
    return {one for one in world.truth if one.check in (slugs or SLUGS)}


def missed(result: CheckResult) -> dict[tuple[str, str | None], str]:
    """Return what was not examined, and why."""
    return {(one.object.name, one.rule): english(one.why.reason) for one in result.not_examined}


def not_connected(world: World) -> dict[tuple[str, str | None], str]:
    """Return what every check of hosts says of those that vCenter cannot talk to."""
    away = [one for one in world.all(Host) if not one.answers]
    return {(one.name, None): f"the host is not connected ({one.connection_state})" for one in away}


@pytest.mark.parametrize("release", RELEASES)
async def test_a_scan_finds_what_is_planted(release: str, monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    scanned = await scan_world(world, monkeypatch, release=release, only=SLUGS)

    assert scanned.unknown() == {}
    assert scanned.found() == truth(world)
    assert {one.check for one in scanned.found()} == set(SLUGS)
    assert scanned.vcenter.state == "scanned"


@pytest.mark.parametrize("slug", SLUGS)
async def test_each_finds_the_same_alone(slug: str, monkeypatch: MonkeyPatch) -> None:
    scanned = await scan(monkeypatch, only=[slug])

    assert scanned.found() == truth(scanned.vc.world, slug)


async def test_what_was_not_judged_is_named(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan(monkeypatch)

    away = not_connected(scanned.vc.world)
    assert ("esx08.lab.example", None) in away
    assert missed(scanned.result("vaai-status")) == away
    assert missed(scanned.result("promiscuous-mode")) == away
    assert missed(scanned.result("uplink-redundancy")) == away
    nobody = {("scratch-esx08", None): "no connected host mounts it"}
    assert missed(scanned.result("storage-paths")) == away | nobody
    old = "the datastore is not accessible, so its figures are old"
    assert missed(scanned.result("datastore-capacity")) == {("nfs-archive", None): old, ("scratch-esx08", None): old}


async def test_a_read_only_account_is_enough(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan(monkeypatch, account="readonly")

    assert scanned.found() == truth(scanned.vc.world)


@pytest.mark.parametrize("release", RELEASES)
async def test_sessions_that_end_cost_nothing(release: str, monkeypatch: MonkeyPatch) -> None:
    scanned = await scan(monkeypatch, SessionEnds(When(skip=12, every=9, times=3)), release=release)

    assert scanned.unknown() == {}
    assert scanned.found() == truth(scanned.vc.world)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("path", "slugs"),
    [
        (DISKS, {"storage-paths", "vaai-status"}),
        ("config.fileSystemVolume.mountInfo", {"vaai-status"}),
        ("host", {"storage-paths"}),
        (PORT_GROUPS, {"promiscuous-mode", "uplink-redundancy"}),
    ],
)
@pytest.mark.parametrize("fault", [DeniedPaths, InvalidPaths])
async def test_a_path_that_cannot_be_read_is_skipped_by_name(
    fault: type[DeniedPaths | InvalidPaths], path: str, slugs: set[str], release: str, monkeypatch: MonkeyPatch
) -> None:
    scanned = await scan(monkeypatch, fault((path,)), release=release)

    for slug in SLUGS:
        unseen = [one.why for one in scanned.result(slug).not_examined if one.why.reason.params.get("path") == path]
        assert bool(unseen) == (slug in slugs), slug
        assert {one.outcome for one in unseen} <= {Outcome.SKIPPED}
    unharmed = set(SLUGS) - slugs
    assert {one for one in scanned.found() if one.check in unharmed} == truth(scanned.vc.world, *unharmed)


async def test_port_groups_that_cannot_be_read_are_skipped_with_all_that_needs_them(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan(monkeypatch, DeniedPaths((PORT_GROUPS, DISKS)), only=["promiscuous-mode", "storage-paths"])

    reasons = set(missed(scanned.result("promiscuous-mode")).values())
    assert f"the account may not read {PORT_GROUPS} (System.View and System.Read)" in reasons
    # The distributed ones and the datastores were judged all the same.
    assert {one.type for one in scanned.found()} == {"DistributedVirtualPortgroup", "Datastore"}


async def test_a_host_that_hangs_costs_its_switches_and_nothing_else(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(hostcalls, "SECONDS", 0.2)
    world = default_world()
    host = next(one for one in world.all(Host) if one.name == "esx02.lab.example")
    number = host.moid.rpartition("-")[2]
    hang = Hang(When(f"/EsxHostAdvSettings-{number}/"))

    scanned = await scan_world(world, monkeypatch, faults=(hang,), only=SLUGS)

    result = scanned.result("vaai-status")
    assert set(missed(result)) == {(host.name, "switches"), *not_connected(world)}
    assert {one.why.outcome for one in result.not_examined if one.rule} == {Outcome.UNKNOWN}
    lost = Planted("vaai-status", "warning", "HostSystem", host.name, "DataMover.HardwareAcceleratedMove")
    assert scanned.found() == truth(world) - {lost}


@dataclass
class Without(Fault):
    """Leaves out properties, as vCenter does with what is not set."""

    names: tuple[bytes, ...]
    seen: int = field(default=0)

    def after(self, call: Call, answer: Answer, inside: Inside) -> Answer:
        del inside
        if not call.path.endswith("/RetrievePropertiesEx"):
            return answer
        body = answer.body
        for name in self.names:
            self.seen += body.count(name)
            body = body.replace(name, b'"x-gone"')
        return Answer(answer.status, body, answer.content_type, answer.headers)


async def test_optional_data_that_is_absent_is_not_examined_and_never_a_fault(monkeypatch: MonkeyPatch) -> None:
    names = (
        b'"vStorageSupport"',
        b'"uncommitted"',
        b'"accessible"',
        b'"computedPolicy"',
        b'"defaultPortConfig"',
        b'"transport"',
        b'"localDisk"',
        b'"uplinkPort"',
    )
    gone = Without(names)

    scanned = await scan(monkeypatch, gone)

    assert gone.seen > 100
    assert scanned.unknown() == {}
    assert {one.check for one in scanned.found()} <= set(SLUGS)
    naa = {one.key for one in scanned.found() if one.check == "vaai-status" and (one.key or "").startswith("naa.")}
    assert naa == set()
    assert {one.type for one in scanned.found() if one.check == "promiscuous-mode"} == set()


async def test_where_clusters_are_named_only_what_their_hosts_use_is_judged(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan(monkeypatch, scope={"clusters": ["test"]})

    world = scanned.vc.world
    hosts = {"esx05.lab.example", "esx06.lab.example", "esx07.lab.example"}
    wanted = {one for one in truth(world) if one.type != "HostSystem" or one.name in hosts}
    wanted = {one for one in wanted if one.name != "local-10.20.0.20"}
    # Only hosts of the other cluster have lost these two.
    wanted -= {one for one in wanted if one.check == "storage-paths" and one.name in {"vmfs-test-01", "nfs-media"}}
    assert scanned.found() == wanted


async def test_where_another_datacenter_is_named_there_is_nothing_to_examine(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan(monkeypatch, scope={"datacenters": ["elsewhere"]})

    assert {scanned.result(slug).outcome for slug in SLUGS} == {Outcome.SKIPPED}


async def test_nothing_heavy_is_read_for_a_check_that_is_light(monkeypatch: MonkeyPatch) -> None:
    alone = await scan(monkeypatch, only=["datastore-capacity"])
    with_paths = await scan(monkeypatch, only=["datastore-capacity", "storage-paths"])

    assert alone.vcenter.requests < with_paths.vcenter.requests
    assert {need.value for need in alone.seen.parts} == {"datastores"}


async def test_a_datastore_without_capacity_is_not_examined(monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    world.named(Datastore, "boot-esx07").capacity = 0

    scanned = await scan_world(world, monkeypatch, only=["datastore-capacity"])

    said = missed(scanned.result("datastore-capacity"))
    assert said["boot-esx07", None] == "vCenter does not know the capacity of the datastore"
