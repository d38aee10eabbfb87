"""What a scan says of the hosts themselves: version, connection, hardware, hardening, clocks."""

from datetime import UTC, datetime, timedelta

import pytest

from mocks.faults import DeniedPaths, Fault, Hang, InvalidPaths, Latency, Unavailable, When
from mocks.wire import Answer, ok
from mocks.world import Host, Planted, World
from mocks.worlds import default_world
from tests.integration.mock.vimschema import resolve_path
from tests.integration.scans import Scanned, scan_world
from tests.unit.vcenter.clients import Hears, Says
from vhealthd.model import Outcome
from vhealthd.vcenter.records.hosts import HOST_FACETS
from vhealthd.vcenter.records.hoststate import HOST_STATE_FACETS
from vhealthd.wording import english

HARDENING, DRIFT = "host-hardening", "ntp-drift"
CHECKS = ("esxi-version-consistency", "host-connection", "host-hardware", HARDENING, DRIFT)
RELEASES = ("8.0.1.0", "8.0.3.0", "9.1.0.0")
ESX06 = "esx06.lab.example"


def truth(world: World, *checks: str) -> set[Planted]:
    return {one for one in world.truth if one.check in (checks or CHECKS)}


def missed(scanned: Scanned, check: str) -> set[tuple[str, str | None]]:
    """Return what was not examined of hosts that answer."""
    away = {host.name for host in scanned.vc.world.all(Host) if not host.answers}
    return {(one.object.name, one.rule) for one in scanned.result(check).not_examined if one.object.name not in away}


def reasons(scanned: Scanned, check: str) -> set[str]:
    return {english(one.why.reason) for one in scanned.result(check).not_examined}


def manager(world: World, name: str, kind: str, method: str) -> When:
    """Strike the calls to a manager of one host."""
    number = world.named(Host, name).moid.rpartition("-")[2]
    return When(f"/{kind}-{number}/{method}")


def fault(name: str, /, **fields: object) -> Answer:
    return ok({"_typeName": name, **fields, "faultstring": "no"}, 500)


# --- the truth ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", RELEASES)
async def test_they_find_what_is_planted_and_nothing_else(release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()

    scanned = await scan_world(world, monkeypatch, release=release, only=CHECKS)

    assert scanned.unknown() == {}
    assert scanned.found() == truth(world)
    assert missed(scanned, "host-hardware") == {("10.20.0.20", None)}, "it has no sensors"
    assert not any(missed(scanned, check) for check in CHECKS if check != "host-hardware")


@pytest.mark.parametrize("release", ["8.0.1.0", "9.1.0.0"])
@pytest.mark.parametrize(
    "path", [path for facet in (*HOST_FACETS, *HOST_STATE_FACETS) for path in facet.paths if facet.kind == "HostSystem"]
)
def test_every_path_is_declared(path: str, release: str) -> None:
    resolve_path("HostSystem", path, release)


async def test_hosts_that_do_not_answer_are_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    world, heard = default_world(), Hears()

    await scan_world(world, monkeypatch, only=CHECKS, faults=(heard,))

    answering = sum(host.answers for host in world.all(Host))
    assert heard.to("/QueryDateTime") == answering
    assert heard.to("/QueryOptions") == 4 * answering


# --- what the account may not ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", RELEASES)
async def test_without_the_group_the_appliance_is_left_out_and_the_group_named(
    release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = default_world()

    scanned = await scan_world(world, monkeypatch, release=release, only=CHECKS, account="readonly")

    assert scanned.unknown() == {}
    assert scanned.found() == {one for one in truth(world) if one.name is not None}
    assert missed(scanned, HARDENING) == {("prod", "ssh"), ("prod", "shell"), ("prod", "syslog")}
    assert missed(scanned, DRIFT) == {("prod", "ntp-service"), ("prod", "ntp-servers")}
    for check in (HARDENING, DRIFT):
        unseen = [one for one in scanned.result(check).not_examined if one.object.name == "prod"]
        assert all("SystemConfiguration.ReadOnly" in english(one.why.reason) for one in unseen)
        assert {one.why.outcome for one in unseen} == {Outcome.SKIPPED}


async def test_settings_of_hosts_that_the_account_may_not_ask_cost_their_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    denied = Says(fault("NoPermission", privilegeId="System.View"), When("/QueryOptions"))

    scanned = await scan_world(world, monkeypatch, only=[HARDENING], faults=(denied,))

    expected = {one for one in truth(world, HARDENING) if one.key not in {"syslog", "shell-timeout"}}
    assert scanned.found() == expected
    assert "the account lacks the privilege System.View" in reasons(scanned, HARDENING)


@pytest.mark.parametrize(
    ("path", "check"),
    [
        ("summary.config.product", "esxi-version-consistency"),
        ("runtime.healthSystemRuntime", "host-hardware"),
    ],
)
async def test_a_part_that_the_account_may_not_read_is_skipped(
    path: str, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned = await scan_world(default_world(), monkeypatch, only=[check], faults=(DeniedPaths((path,)),))

    assert scanned.result(check).outcome is Outcome.SKIPPED, "that some hosts are disconnected is no read that failed"
    assert any(f"the account may not read {path}" in one for one in reasons(scanned, check))


async def test_a_path_that_a_release_does_not_know_costs_its_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    faults = (InvalidPaths(("runtime.inQuarantineMode", "config.lockdownMode")),)

    scanned = await scan_world(world, monkeypatch, only=["host-connection", HARDENING], faults=faults)

    lost = {"quarantine", "lockdown"}
    assert scanned.found() == {one for one in truth(world, "host-connection", HARDENING) if one.key not in lost}
    assert "this vCenter has no property runtime.inQuarantineMode" in reasons(scanned, "host-connection")
    assert "this vCenter has no property config.lockdownMode" in reasons(scanned, HARDENING)


# --- hosts that do not answer ---------------------------------------------------------------------------------------


async def test_a_host_whose_clock_hangs_costs_its_own_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    hang = Hang(manager(world, ESX06, "dateTimeSystem", "QueryDateTime"))

    scanned = await scan_world(world, monkeypatch, only=[DRIFT], faults=(hang,))

    assert scanned.found() == truth(world, DRIFT)
    assert missed(scanned, DRIFT) == {(ESX06, "clock")}
    assert any("did not answer within" in one for one in reasons(scanned, DRIFT))
    assert hang.when.struck == 1, "a host that is silent is asked once"


async def test_a_host_whose_settings_hang_costs_its_own_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    hang = Hang(manager(world, ESX06, "EsxHostAdvSettings", "QueryOptions"))

    scanned = await scan_world(world, monkeypatch, only=[HARDENING], faults=(hang,))

    assert scanned.found() == truth(world, HARDENING)
    assert missed(scanned, HARDENING) == {(ESX06, "syslog"), (ESX06, "shell-timeout")}
    assert hang.when.struck == 1, "one silence is enough"


async def test_a_setting_that_a_host_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    where = manager(world, ESX06, "EsxHostAdvSettings", "QueryOptions")

    scanned = await scan_world(
        world, monkeypatch, only=[HARDENING], faults=(Says(fault("InvalidName", name="x"), where),)
    )

    assert scanned.found() == truth(world, HARDENING)
    assert missed(scanned, HARDENING) == {(ESX06, "syslog"), (ESX06, "shell-timeout")}
    assert "the host does not tell its setting Syslog.global.logHost" in reasons(scanned, HARDENING)


@pytest.mark.parametrize("answer", [ok(None), ok("yesterday"), ok({"a": 1}), fault("HostNotConnected")])
async def test_a_clock_that_tells_no_time_is_not_judged(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    strange = Says(answer, manager(world, ESX06, "dateTimeSystem", "QueryDateTime"))

    scanned = await scan_world(world, monkeypatch, only=[DRIFT], faults=(strange,))

    assert scanned.found() == truth(world, DRIFT)
    assert missed(scanned, DRIFT) == {(ESX06, "clock")}


async def test_settings_of_a_strange_shape_cost_only_their_host(monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    strange = Says(ok({"a": 1}), manager(world, ESX06, "EsxHostAdvSettings", "QueryOptions"))

    scanned = await scan_world(world, monkeypatch, only=[HARDENING], faults=(strange,))

    assert scanned.found() == truth(world, HARDENING)
    assert missed(scanned, HARDENING) == {(ESX06, "syslog"), (ESX06, "shell-timeout")}


@pytest.mark.parametrize(
    ("path", "check", "rules"),
    [
        ("/api/appliance/access/ssh", HARDENING, {"ssh"}),
        ("/api/appliance/access/shell", HARDENING, {"shell"}),
        ("/api/appliance/logging/forwarding", HARDENING, {"syslog"}),
        ("/api/appliance/timesync", DRIFT, {"ntp-service"}),
        ("/api/appliance/ntp", DRIFT, {"ntp-servers"}),
    ],
)
@pytest.mark.parametrize(
    "say",
    [Unavailable, lambda when: Says(ok({"odd": [1]}), when), lambda when: Says(ok(None), when)],
    ids=["503", "another shape", "nothing"],
)
async def test_one_part_of_the_appliance_that_fails_costs_its_rule(
    path: str, check: str, rules: set[str], say: type[Fault], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = default_world()
    if rules == {"ntp-service"}:
        _give_servers(world)

    scanned = await scan_world(world, monkeypatch, only=[check], faults=(say(When(path)),))  # type: ignore[call-arg]

    assert missed(scanned, check) == {("prod", rule) for rule in rules}
    lost = {one for one in truth(world, check) if one.name is None and one.key in rules}
    assert scanned.found() == truth(world, check) - lost
    assert {one.why.outcome for one in scanned.result(check).not_examined if one.object.name == "prod"} == {
        Outcome.UNKNOWN
    }


def _give_servers(world: World) -> None:
    """Mend the appliance, whose servers cannot be judged while its mode is not known."""
    world.appliance.ntp_servers = ("ntp1.lab.example",)
    world.truth = tuple(one for one in world.truth if (one.check, one.name) != (DRIFT, None))


# --- clocks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [-400, 30])
async def test_a_wrong_clock_of_this_machine_is_one_finding(seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world(datetime.now(UTC) + timedelta(seconds=seconds))

    scanned = await scan_world(world, monkeypatch, only=[DRIFT])

    assert scanned.found() == truth(world, DRIFT) | {Planted(DRIFT, "warning", "VirtualCenter", None, "daemon-clock")}


async def test_what_a_slow_answer_leaves_open_is_no_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    for host in world.all(Host):
        host.clock_offset_seconds = 0
    late = world.named(Host, ESX06)
    late.clock_offset_seconds = 4.5  # with half of the delay it looks like 5.5
    slow = Latency(2, manager(world, ESX06, "dateTimeSystem", "QueryDateTime"))

    scanned = await scan_world(world, monkeypatch, only=[DRIFT], faults=(slow,))

    assert {one for one in scanned.found() if one.key is None} == set()
    assert missed(scanned, DRIFT) == set()


@pytest.mark.parametrize("seconds", [-8, 8])
async def test_waiting_for_a_free_slot_is_no_part_of_the_round_trip(
    seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = default_world()
    for host in world.all(Host):
        host.clock_offset_seconds = 0
    world.named(Host, ESX06).clock_offset_seconds = seconds

    scanned = await scan_world(
        world, monkeypatch, only=[DRIFT], in_flight=1, faults=(Latency(0.4, When("/QueryDateTime")),)
    )

    assert {one for one in scanned.found() if one.key is None} == {Planted(DRIFT, "warning", "HostSystem", ESX06)}
    (found,) = (one for one in scanned.result(DRIFT).findings if one.key is None)
    error = found.text.params["error_seconds"]
    assert isinstance(error, float)
    assert 0.2 <= error < 1.2
