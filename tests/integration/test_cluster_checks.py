"""The checks of clusters, compute and alarms against a whole vCenter: what they find, and what they miss by a fault."""

from dataclasses import replace

import pytest

from mocks.faults import DeniedPaths, EmptyAnswers, Fault, Hang, HtmlPage, InvalidPaths, Unavailable, When
from mocks.guards import Admission, Alarm, Triggered
from mocks.world import Cluster, Datastore, Host, Planted, Vm, World
from mocks.worlds import default_world
from tests.integration.mock.vimschema import resolve_path
from tests.integration.scans import CATALOGUE, Scanned, Steps, scan_world, settings_for
from vhealthd.model import NotExamined, Outcome
from vhealthd.scan import Scan, judge_again
from vhealthd.vcenter.records.alarms import ALARM_FACETS
from vhealthd.vcenter.records.clusters import CLUSTER_FACETS
from vhealthd.vcenter.records.compute import COMPUTE_FACETS
from vhealthd.wording import english

RELEASES = ("8.0.1.0", "8.0.3.0", "9.1.0.0")
CHECKS = ("cluster-ha-drs", "ha-failover-capacity", "overcommit-ratio", "numa-alignment", "triggered-alarms")
FACETS = (*ALARM_FACETS, *CLUSTER_FACETS, *COMPUTE_FACETS)
SINGLE = {("Folder", "triggeredAlarmState"), ("Alarm", "info.name"), ("Alarm", "info.systemName")}
PATHS = sorted({(facet.kind, path) for facet in FACETS for path in facet.paths} | SINGLE)
MonkeyPatch = pytest.MonkeyPatch
# Decoys that other checks tell of, as long as those run.
OWNERS = ("memory-utilization", "datastore-capacity")
LEFT = {
    Planted("triggered-alarms", "critical", Host.kind, "esx06.lab.example", "alarm-4"),
    Planted("triggered-alarms", "critical", Datastore.kind, "vmfs-gold-02", "alarm-7"),
}


async def scan(monkeypatch: MonkeyPatch, *faults: Fault, world: World | None = None, **more: object) -> Scanned:
    return await scan_world(world or default_world(), monkeypatch, faults=faults, only=CHECKS, **more)  # type: ignore[arg-type]


def truth(world: World) -> set[Planted]:
    """What these checks find where no others run."""
    return {one for one in world.truth if one.check in CHECKS} | LEFT


def alarms(scanned: Scanned) -> set[Planted]:
    return {one for one in scanned.found() if one.check == "triggered-alarms"}


def missed(scanned: Scanned, slug: str) -> dict[tuple[str, str | None], NotExamined]:
    return {(one.object.name, one.rule): one for one in scanned.result(slug).not_examined}


@pytest.mark.parametrize("release", RELEASES)
async def test_they_find_what_is_planted_and_nothing_else(release: str, monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    scanned = await scan(monkeypatch, world=world, release=release)

    assert scanned.unknown() == {}
    assert scanned.found() == truth(world)
    assert {one.check for one in scanned.found()} == set(CHECKS)
    assert scanned.vcenter.state == "scanned"


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("kind", "path"), PATHS)
def test_every_path_exists_in_every_release(kind: str, path: str, release: str) -> None:
    assert resolve_path(kind, path, release)


async def test_what_is_not_judged_is_told(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan(monkeypatch)

    assert ("edge", None) in missed(scanned, "cluster-ha-drs")
    assert {("lab", None), ("edge", None)} <= missed(scanned, "ha-failover-capacity").keys()
    assert ("esx14.lab.example", None) in missed(scanned, "numa-alignment")


async def test_alarms_are_left_to_the_checks_that_judge_the_same(monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    scanned = await scan_world(world, monkeypatch, only=[*OWNERS, "triggered-alarms"])

    assert alarms(scanned) == {one for one in world.truth if one.check == "triggered-alarms"}
    (left,) = (one for (_, rule), one in missed(scanned, "triggered-alarms").items() if rule == "owned")
    assert english(left.why.reason).endswith("2, namely datastore-capacity (1), memory-utilization (1)")


async def test_alarms_of_a_check_that_is_switched_off_are_told(monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    scanned = await scan_world(world, monkeypatch, ignore=["memory-utilization"])

    told = {one for one in LEFT if one.key == "alarm-4"}
    assert alarms(scanned) == {one for one in world.truth if one.check == "triggered-alarms"} | told
    assert "memory-utilization" not in {one.check for one in scanned.vcenter.results}


async def test_a_saved_inventory_is_judged_the_same_way(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_world(default_world(), monkeypatch)
    vcenter = {"name": "prod", "url": "https://vc.example", "username": "x", "password": {"env": "X"}}
    settings = settings_for(vcenter, scan={"ignore": ["storage"]})
    plan = Scan(settings=settings, checks=CATALOGUE.bind(settings), run_id="again", progress=Steps())

    again = Scanned(await judge_again(plan, [scanned.seen]), scanned.seen, scanned.vc)

    assert {one.key for one in alarms(again) & LEFT} == {"alarm-7"}


@pytest.mark.parametrize("fault", [DeniedPaths, InvalidPaths])
async def test_so_are_those_of_a_check_that_saw_nothing(
    fault: type[DeniedPaths | InvalidPaths], monkeypatch: MonkeyPatch
) -> None:
    scanned = await scan_world(
        default_world(),
        monkeypatch,
        faults=(fault(("summary.quickStats.overallMemoryUsage",)),),
        only=[*OWNERS, "triggered-alarms"],
    )

    assert scanned.result("memory-utilization").outcome is Outcome.SKIPPED
    assert {one.key for one in alarms(scanned) & LEFT} == {"alarm-4"}


async def test_so_is_that_of_an_expired_password_where_the_account_may_not_see_it(monkeypatch: MonkeyPatch) -> None:
    def expired() -> World:
        world = default_world()
        world.alarms["alarm-500"] = Alarm(moid="alarm-500", name="Root user password expired.", watches="Folder")
        world.triggered.append(Triggered(alarm="alarm-500", entity="group-d1", status="red", since=world.now))
        return world

    async def keys(account: str) -> set[str | None]:
        return {one.key for one in alarms(await scan_world(expired(), monkeypatch, account=account))}

    assert "alarm-500" not in await keys("operator")
    assert "alarm-500" in await keys("readonly")


async def test_a_readonly_account_judges_all_of_it(monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    assert (await scan(monkeypatch, world=world, account="readonly")).found() == truth(world)


@pytest.mark.parametrize(
    ("ready", "severity"), [(("green", "yellow"), None), (("green", "red"), "critical"), ((), None)]
)
async def test_dedicated_failover_hosts(ready: tuple[str, ...], severity: str | None, monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    moids = [world.named(Host, f"esx0{number}.lab.example").moid for number in (5, 6)]
    hosts = tuple(zip(moids, ready, strict=False))
    world.named(Cluster, "test").admission = Admission(policy="hosts", hosts=hosts)

    scanned = await scan(monkeypatch, world=world)

    of_test = {one for one in scanned.found() if (one.check, one.name) == ("ha-failover-capacity", "test")}
    found = {(one.severity, one.key) for one in of_test}
    assert found == ({(severity, "failover-hosts")} if severity else set())


async def test_a_level_that_is_not_kept(monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    dmz = world.named(Cluster, "dmz")
    dmz.admission = replace(dmz.admission, level=2, level_now=1)

    scanned = await scan(monkeypatch, world=world)

    assert Planted("ha-failover-capacity", "critical", Cluster.kind, "dmz", "host-failures") in scanned.found()


# --- privileges and releases ----------------------------------------------------------------------------------------


async def test_alarms_that_may_not_be_read_are_skipped_and_say_so(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan(monkeypatch, DeniedPaths(("triggeredAlarmState",)))

    result = scanned.result("triggered-alarms")
    assert result.outcome is Outcome.SKIPPED
    assert result.reason is not None
    assert "triggeredAlarmState" in english(result.reason)


async def test_names_that_may_not_be_read_cost_no_alarm(monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    unnamed = DeniedPaths(("info.name", "info.systemName"))
    scanned = await scan_world(world, monkeypatch, faults=(unnamed,), only=[*CHECKS, *OWNERS])

    # Without names, those that are other checks' stand as well.
    assert alarms(scanned) == {one for one in truth(world) if one.check == "triggered-alarms"}
    assert ("prod", "names") in missed(scanned, "triggered-alarms")


async def test_clusters_that_may_not_be_read_are_skipped(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan(monkeypatch, DeniedPaths(("configurationEx",)))

    assert scanned.result("ha-failover-capacity").outcome is Outcome.SKIPPED
    assert scanned.result("cluster-ha-drs").outcome is Outcome.SKIPPED
    assert scanned.result("overcommit-ratio").outcome is Outcome.CRITICAL


@pytest.mark.parametrize("release", RELEASES)
async def test_a_release_without_a_property_costs_what_needs_it_alone(release: str, monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    scanned = await scan(monkeypatch, InvalidPaths(("config.numaInfo",)), world=world, release=release)

    why = missed(scanned, "numa-alignment")["numa-hot", None].why
    assert (english(why.reason), why.outcome) == ("this vCenter has no property config.numaInfo", Outcome.SKIPPED)
    assert scanned.found() == {one for one in truth(world) if one.check != "numa-alignment"}


async def test_optional_data_that_is_absent_is_not_examined(monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    for vm in world.all(Vm):
        if vm.name == "numa-hot":
            vm.connection_state = "inaccessible"
    scanned = await scan(monkeypatch, world=world)

    assert ("numa-hot", None) in missed(scanned, "numa-alignment")
    assert ("numa-hot", "size") in missed(scanned, "overcommit-ratio")
    assert scanned.found() == {one for one in truth(world) if one.name != "numa-hot"}


# --- failures -------------------------------------------------------------------------------------------------------


class Of(When):
    """Strikes reads of one managed type."""

    def __init__(self, kind: str) -> None:
        super().__init__("/RetrievePropertiesEx")
        self.wanted = f'"type":"{kind}","pathSet"'.encode()

    def strikes(self, call: object) -> bool:
        return self.wanted in call.body and super().strikes(call)  # type: ignore[attr-defined, arg-type]


@pytest.mark.parametrize("fault", [Unavailable, HtmlPage, EmptyAnswers], ids=lambda one: one.__name__)
async def test_names_that_cannot_be_read_cost_no_alarm(fault: type[Fault], monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    scanned = await scan(monkeypatch, fault(Of("Alarm")), world=world)  # type: ignore[call-arg]

    assert scanned.unknown() == {}
    assert truth(world) <= scanned.found()
    assert ("prod", "names") in missed(scanned, "triggered-alarms")


@pytest.mark.parametrize("fault", [Unavailable, HtmlPage, EmptyAnswers], ids=lambda one: one.__name__)
async def test_without_virtual_machines_alarms_are_still_told(fault: type[Fault], monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    scanned = await scan(monkeypatch, fault(Of("VirtualMachine")), world=world)  # type: ignore[call-arg]

    assert set(scanned.unknown()) == {"ha-failover-capacity", "overcommit-ratio", "numa-alignment"}
    left = {"cluster-ha-drs", "triggered-alarms"}
    assert scanned.found() == {one for one in truth(world) if one.check in left}


@pytest.mark.parametrize("fault", [Unavailable, HtmlPage, EmptyAnswers], ids=lambda one: one.__name__)
async def test_without_clusters_what_needs_their_settings_is_unknown(
    fault: type[Fault], monkeypatch: MonkeyPatch
) -> None:
    world = default_world()
    scanned = await scan(monkeypatch, fault(Of("ClusterComputeResource")), world=world)  # type: ignore[call-arg]

    blind = {"cluster-ha-drs", "ha-failover-capacity", "triggered-alarms"}
    assert set(scanned.unknown()) == blind
    assert scanned.found() == {one for one in truth(world) if one.check not in blind}


async def test_a_read_of_alarms_that_hangs_costs_no_other_verdict(monkeypatch: MonkeyPatch) -> None:
    world = default_world()

    class OfRoot(Of):
        def strikes(self, call: object) -> bool:
            return b"triggeredAlarmState" in call.body and super().strikes(call)  # type: ignore[attr-defined]

    scanned = await scan(monkeypatch, Hang(OfRoot("Folder")), world=world)

    assert set(scanned.unknown()) == {"triggered-alarms"}
    assert scanned.found() == {one for one in truth(world) if one.check != "triggered-alarms"}


# --- scope ----------------------------------------------------------------------------------------------------------


async def test_alarms_out_of_scope_are_no_matter(monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    scanned = await scan(monkeypatch, world=world, scope={"clusters": ["production"]})

    found = {(one.name, one.key) for one in scanned.found() if one.check == "triggered-alarms"}
    assert found == {
        (None, "alarm-402"),
        ("esx02.lab.example", "alarm-11"),
        ("esx04.lab.example", "alarm-11"),
        ("esx04.lab.example", "alarm-actions"),
        ("nfs-media", "alarm-actions"),
        ("vmfs-gold-02", "alarm-7"),  # its owner does not run
    }
    assert {one.name for one in scanned.found() if one.type == Cluster.kind} == {"production"}


async def test_a_datacenter_in_scope_holds_its_switches(monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    assert (await scan(monkeypatch, world=world, scope={"datacenters": ["DC0"]})).found() == truth(world)


def test_the_checks_are_on_by_default() -> None:
    assert set(CHECKS) <= {check.slug for check in CATALOGUE.checks if not check.opt_in}
