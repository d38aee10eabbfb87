"""What a scan says when things go wrong: one sentence for each cause, and never an estate that merely looks healthy."""

import asyncio
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mocks.dns import MockDns
from mocks.faults import (
    CutBody,
    DeniedPaths,
    EmptyAnswers,
    Fault,
    Hang,
    HtmlPage,
    InvalidPaths,
    LostView,
    Reset,
    SessionEnds,
    Unavailable,
    When,
)
from mocks.vcenter import MockVCenter
from mocks.wire import Answer, Call, ok
from mocks.world import Vm
from mocks.worlds import default_world
from tests.integration.scans import ON, QUICK, Scanned, account, run, scan_world, settings_for, timeless
from tests.unit.vcenter.clients import Hears, Says
from vhealthd.errors import ConfigError
from vhealthd.inventory import Need
from vhealthd.model import CheckResult, Outcome, VCenterReport, VCenterState
from vhealthd.vcenter.transport import Pace
from vhealthd.wording import english

IMPATIENT = Pace(connect=1, answer=0.15, first_back_off=0, longest_back_off=0)
CONNECTIVITY = {"vcenter-reachability", "dns-resolution", "sso-service"}
# Checks that read managed objects; certificates put those of the hosts beside others, which are judged without them.
OF_INVENTORY = {check.slug for check in ON if check.needs & {"clusters", "hosts", "datastores", "vms"}}
OF_VMS = {check.slug for check in ON if "vms" in check.needs}
JUDGED = {Outcome.CRITICAL, Outcome.WARNING, Outcome.INFO, Outcome.PASS}
MonkeyPatch = pytest.MonkeyPatch


def reason(result: CheckResult) -> str:
    return "" if result.reason is None else english(result.reason)


def outcomes(scanned: Scanned) -> dict[str, Outcome]:
    return {one.check: one.outcome for one in scanned.vcenter.results}


def reasons(scanned: Scanned, slugs: set[str]) -> set[str]:
    return {reason(one) for one in scanned.vcenter.results if one.check in slugs}


def assert_logged_out(scanned: Scanned) -> None:
    assert len(scanned.vc.sessions.open) == 0


async def scan_with(monkeypatch: MonkeyPatch, *faults: Fault, release: str = "8.0.3.0", **more: Any) -> Scanned:  # noqa: ANN401 - what scan_world takes
    return await scan_world(default_world(), monkeypatch, release=release, faults=faults, **more)


async def hurried(monkeypatch: MonkeyPatch, *faults: Fault) -> tuple[VCenterReport, MockVCenter]:
    """Scan with little patience."""
    async with MockVCenter(default_world(), faults=faults) as vc:
        settings = settings_for(account(vc, monkeypatch), dns={"nameservers": ["127.0.0.1:9"], "timeout": "100ms"})
        report, _ = await run(settings, pace=IMPATIENT)
        return report.vcenters[0], vc


# --- half a vCenter -------------------------------------------------------------------------------------------------


async def test_7_0_is_seen_in_part_and_what_needs_vi_json_is_skipped_for_that_reason(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_with(monkeypatch, release="7.0.3.0")

    sentence = "this vCenter has no VI JSON API (it came with 8.0 U1); update vCenter to have all checks"
    assert (scanned.vcenter.state, scanned.vcenter.reason) == (VCenterState.PARTIAL, sentence)
    needing = OF_INVENTORY | {"license-expiry"}
    assert {slug for slug, outcome in outcomes(scanned).items() if outcome is Outcome.SKIPPED} == needing
    assert reasons(scanned, needing) == {sentence}
    assert {outcomes(scanned)[slug] for slug in CONNECTIVITY} <= JUDGED
    assert scanned.vcenter.counts.vms is None
    assert_logged_out(scanned)


async def test_7_0_is_seen_in_part_whatever_is_asked_of_it(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_with(monkeypatch, release="7.0.3.0", only=["vcenter-reachability"])

    assert scanned.vcenter.state is VCenterState.PARTIAL


@pytest.mark.parametrize("release", ["8.0.1.0", "8.0.3.0", "9.1.0.0"])
async def test_where_api_is_down_the_checks_of_the_inventory_judge(release: str, monkeypatch: MonkeyPatch) -> None:
    well = await scan_with(monkeypatch, release=release)
    scanned = await scan_with(monkeypatch, Unavailable(When("/api")), release=release)

    assert (scanned.vcenter.state, scanned.vcenter.reason) == (
        VCenterState.PARTIAL,
        "vCenter answers 503: no healthy upstream",
    )
    for slug in OF_INVENTORY | {"vcenter-reachability"}:
        assert outcomes(scanned)[slug] == outcomes(well)[slug], slug
    assert outcomes(scanned)["sso-service"] is Outcome.UNKNOWN
    assert reasons(scanned, {"sso-service"}) == {"vCenter answers 503: no healthy upstream"}
    assert scanned.vcenter.version == well.vcenter.version
    assert_logged_out(scanned)


@pytest.mark.parametrize("release", ["8.0.1.0", "8.0.3.0", "9.1.0.0"])
async def test_where_vi_json_is_down_the_checks_of_connectivity_judge(release: str, monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_with(monkeypatch, Unavailable(When("/sdk")), release=release)

    assert scanned.vcenter.state is VCenterState.PARTIAL
    assert {slug for slug, outcome in outcomes(scanned).items() if outcome is Outcome.UNKNOWN} >= OF_INVENTORY
    assert reasons(scanned, OF_INVENTORY) == {"vCenter answers 503: no healthy upstream"}
    assert outcomes(scanned)["vcenter-reachability"] in JUDGED
    assert outcomes(scanned)["sso-service"] in JUDGED
    assert_logged_out(scanned)


async def test_an_account_without_the_appliance_has_the_rest(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_with(monkeypatch, account="readonly")

    assert scanned.vcenter.state is VCenterState.SCANNED
    assert Outcome.UNKNOWN not in outcomes(scanned).values()
    missed = {(one.rule, one.why.outcome) for one in scanned.result("dns-resolution").not_examined if one.rule}
    assert ("dns-servers", Outcome.SKIPPED) in missed


# --- no vCenter at all ----------------------------------------------------------------------------------------------


def assert_unreachable(vcenter: VCenterReport, why: str) -> None:
    """The check of the way is critical, all others are unknown for one shared reason."""
    assert vcenter.state is VCenterState.UNREACHABLE
    assert why in (vcenter.reason or "")
    first, others = vcenter.results[0], vcenter.results[1:]
    by_slug = {one.check: one for one in vcenter.results}
    assert by_slug["vcenter-reachability"].outcome is Outcome.CRITICAL
    rest = [one for one in (first, *others) if one.check not in {"vcenter-reachability", "dns-resolution"}]
    assert {one.outcome for one in rest} == {Outcome.UNKNOWN}
    assert {reason(one) for one in rest} == {f"there is no session with this vCenter: {vcenter.reason}"}
    assert by_slug["dns-resolution"].outcome in {Outcome.UNKNOWN, Outcome.CRITICAL}


@pytest.mark.parametrize("release", ["7.0.3.0", "8.0.1.0", "8.0.3.0", "9.1.0.0"])
async def test_a_refused_password_is_one_attempt_and_one_reason(release: str, monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_with(monkeypatch, release=release, locked_after=0)

    assert_unreachable(scanned.vcenter, "neither locked nor disabled")
    (finding,) = scanned.result("vcenter-reachability").findings
    assert finding.key == "login"
    # The name is well, and the token service as well as anybody knows.
    for slug in ("dns-resolution", "sso-service"):
        assert outcomes(scanned)[slug] is Outcome.UNKNOWN
        assert reasons(scanned, {slug}) == {f"there is no session with this vCenter: {scanned.vcenter.reason}"}
    kinds = scanned.vc.stats.by_path_kind
    assert kinds["POST /api/session"] + kinds["POST Login"] == 1


async def test_a_port_that_nobody_listens_on(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setenv("VHEALTHD_TEST_PASSWORD", "x")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{taken.getsockname()[1]}"
        settings = settings_for(
            {"name": "gone", "url": url, "username": "x", "password": {"env": "VHEALTHD_TEST_PASSWORD"}}
        )
        report, _ = await run(settings)

    assert_unreachable(report.vcenters[0], "refuses the connection (Connection refused)")


async def test_a_name_that_is_the_cause_is_critical_too(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setenv("VHEALTHD_TEST_PASSWORD", "x")
    gone = {
        "name": "gone",
        "url": "https://vc.gone.invalid",
        "username": "x",
        "password": {"env": "VHEALTHD_TEST_PASSWORD"},
    }
    async with MockDns({}) as server:
        report, _ = await run(settings_for(gone, dns={"nameservers": [f"{server.host}:{server.port}"]}))

    (vcenter,) = report.vcenters
    assert_unreachable(vcenter, "vc.gone.invalid")
    critical = {one.check: [found.key for found in one.findings] for one in vcenter.results if one.findings}
    assert critical == {"vcenter-reachability": ["connect"], "dns-resolution": ["forward"]}
    assert {one.outcome for one in vcenter.results if one.check in critical} == {Outcome.CRITICAL}


async def test_one_vcenter_that_is_down_hurts_no_other(monkeypatch: MonkeyPatch) -> None:
    async with MockVCenter(default_world()) as well, MockVCenter(default_world(), faults=(HtmlPage(),)) as ill:
        settings = settings_for(
            account(ill, monkeypatch, name="ill"),
            account(well, monkeypatch, name="well"),
            dns={"nameservers": ["127.0.0.1:9"], "timeout": "100ms"},
        )
        report, _ = await run(settings)

    assert [one.name for one in report.vcenters] == ["ill", "well"]
    assert_unreachable(report.vcenters[0], "the server answers with an HTML page in place of JSON")
    assert report.vcenters[1].state is VCenterState.SCANNED


async def test_a_secret_that_cannot_be_read_is_found_before_anything_is_sent(monkeypatch: MonkeyPatch) -> None:
    async with MockVCenter(default_world()) as vc:
        one, other = account(vc, monkeypatch), account(vc, monkeypatch, name="other", password={"env": "NOT_SET"})
        with pytest.raises(ConfigError, match="NOT_SET is not set"):
            await run(settings_for(one, other))
        assert vc.stats.requests == 0


# --- a vCenter that does not answer ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "blind"),
    [
        ("ContainerView/", OF_INVENTORY),
        ("/RetrievePropertiesEx", OF_INVENTORY),
        ("/vcenter/services", {"sso-service"}),
        ("/CurrentTime", set()),
    ],
)
async def test_one_hung_endpoint_is_one_sentence_and_the_scan_ends(
    where: str, blind: set[str], monkeypatch: MonkeyPatch
) -> None:
    vcenter, vc = await hurried(monkeypatch, Hang(When(where)))

    unknown = {one.check for one in vcenter.results if one.outcome is Outcome.UNKNOWN} - {"dns-resolution"}
    assert unknown == blind
    assert {reason(one) for one in vcenter.results if one.check in unknown} == (
        {f"localhost:{vc.port} did not answer within 0.15 s"} if blind else set()
    )
    assert vcenter.state is (VCenterState.PARTIAL if blind else VCenterState.SCANNED)
    assert len(vc.sessions.open) == 0


async def test_a_vcenter_that_hangs_from_the_first_request_on_is_unreachable(monkeypatch: MonkeyPatch) -> None:
    vcenter, vc = await hurried(monkeypatch, Hang())

    assert_unreachable(vcenter, f"localhost:{vc.port} did not answer within 0.15 s")


async def test_the_deadline_ends_a_scan_that_crawls(monkeypatch: MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()

    scanned = await scan_with(monkeypatch, Hang(When("/RetrievePropertiesEx")), deadline=timedelta(seconds=1))

    assert loop.time() - started < 4
    assert scanned.vcenter.state is VCenterState.PARTIAL
    assert {one for slug, one in outcomes(scanned).items() if slug in OF_INVENTORY} == {Outcome.UNKNOWN}
    assert any("not read before the deadline of the scan" in one for one in reasons(scanned, OF_INVENTORY))
    assert_logged_out(scanned)


# --- answers that say nothing, or something else --------------------------------------------------------------------

NONSENSE: dict[str, Callable[[When], Fault]] = {
    "an HTML page": HtmlPage,
    "cut bodies": CutBody,
    "resets": Reset,
    "503s": Unavailable,
    "nothing": EmptyAnswers,
    "a number": lambda when: Says(ok(7), when),
    "a list of numbers": lambda when: Says(ok([7]), when),
    "an object of another kind": lambda when: Says(ok({"objects": [{"obj": {"type": "X"}}]}), when),
    "another fault": lambda when: Says(ok({"_typeName": "RuntimeFault", "faultstring": "oops"}, 500), when),
    "a refusal without a fault": lambda when: Says(Answer(500, b"oops", "text/plain"), when),
}


@pytest.mark.parametrize("nonsense", NONSENSE)
@pytest.mark.parametrize("where", ["/CreateContainerView", "/view", "/RetrievePropertiesEx"])
async def test_whatever_comes_in_place_of_the_inventory_it_is_unknown_with_a_reason(
    nonsense: str, where: str, monkeypatch: MonkeyPatch
) -> None:
    scanned = await scan_with(monkeypatch, NONSENSE[nonsense](When(where)))

    assert {outcomes(scanned)[slug] for slug in OF_INVENTORY} == {Outcome.UNKNOWN}
    assert all(reasons(scanned, OF_INVENTORY))
    assert scanned.vcenter.state is VCenterState.PARTIAL
    assert outcomes(scanned)["vcenter-reachability"] in JUDGED
    assert outcomes(scanned)["sso-service"] in JUDGED
    assert_logged_out(scanned)


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_whatever_comes_in_place_of_virtual_machines_no_check_of_them_passes(
    nonsense: str, monkeypatch: MonkeyPatch
) -> None:
    class OfVms(When):
        def strikes(self, call: Call) -> bool:
            return b'"type":"VirtualMachine","pathSet"' in call.body and super().strikes(call)

    scanned = await scan_with(monkeypatch, NONSENSE[nonsense](OfVms("/RetrievePropertiesEx")))

    assert {outcomes(scanned)[slug] for slug in OF_VMS} == {Outcome.UNKNOWN}
    assert outcomes(scanned)["cpu-utilization"] in JUDGED
    assert_logged_out(scanned)


@pytest.mark.parametrize("nonsense", sorted(NONSENSE.keys() - {"an object of another kind"}))
async def test_whatever_comes_in_place_of_the_services_only_their_check_is_unknown(
    nonsense: str, monkeypatch: MonkeyPatch
) -> None:
    scanned = await scan_with(monkeypatch, NONSENSE[nonsense](When("/vcenter/services")))

    assert {slug for slug, outcome in outcomes(scanned).items() if outcome is Outcome.UNKNOWN} == {"sso-service"}
    assert_logged_out(scanned)


async def test_an_inventory_without_a_datacenter_is_unknown_and_says_what_the_account_needs(
    monkeypatch: MonkeyPatch,
) -> None:
    scanned = await scan_with(monkeypatch, EmptyAnswers(When("/view")))

    (why,) = reasons(scanned, OF_INVENTORY)
    assert why.startswith("the inventory is empty: the account sees no datacenter; give it the Read-only role")


async def test_an_empty_list_is_asked_for_again_before_it_is_believed(monkeypatch: MonkeyPatch) -> None:
    well = await scan_with(monkeypatch)
    scanned = await scan_with(monkeypatch, EmptyAnswers(When("/view", times=3)))

    assert timeless(scanned.found()) == timeless(well.found())
    assert scanned.vcenter.counts == well.vcenter.counts
    assert scanned.vc.stats.by_path_kind["GET SessionManager/currentSession"] > 1


async def test_an_empty_chunk_is_asked_for_again_before_it_is_believed(monkeypatch: MonkeyPatch) -> None:
    well = await scan_with(monkeypatch)
    scanned = await scan_with(monkeypatch, EmptyAnswers(When("/RetrievePropertiesEx", every=3)))

    assert timeless(scanned.found()) == timeless(well.found())
    assert scanned.vcenter.counts == well.vcenter.counts


async def test_views_that_are_always_lost_are_unknown_and_say_so(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_with(monkeypatch, LostView(When("/view")))

    assert {outcomes(scanned)[slug] for slug in OF_INVENTORY} == {Outcome.UNKNOWN}
    assert any("was lost 3 times" in one for one in reasons(scanned, OF_INVENTORY))


# --- sessions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", ["8.0.1.0", "9.1.0.0"])
@pytest.mark.parametrize("read", range(7))
async def test_a_dead_session_that_answers_200_is_renewed_and_is_no_empty_inventory(
    read: int, release: str, monkeypatch: MonkeyPatch
) -> None:
    ends = SessionEnds(When("/RetrievePropertiesEx", skip=read, times=1))
    world = default_world()
    scanned = await scan_world(world, monkeypatch, release=release, faults=(ends,))

    assert ends.when.struck == 1
    assert scanned.found() == {one for one in world.truth if one.check in outcomes(scanned)}
    assert scanned.vcenter.counts.vms == len(list(world.all(Vm)))
    # The VI session of 8.0.1 ends alone: nobody asks /api again.
    assert scanned.vc.sessions.logins >= (3 if release == "8.0.1.0" else 2)
    assert_logged_out(scanned)


@pytest.mark.parametrize("release", ["8.0.1.0", "8.0.3.0"])
async def test_sessions_that_somebody_ends_all_the_time_end_the_attempts(
    release: str, monkeypatch: MonkeyPatch
) -> None:
    scanned = await scan_with(monkeypatch, SessionEnds(When("/sdk", skip=4)), release=release)

    assert {outcomes(scanned)[slug] for slug in OF_INVENTORY} == {Outcome.UNKNOWN}
    assert any("terminate" in one for one in reasons(scanned, OF_INVENTORY))
    assert scanned.vc.sessions.logins <= 8


@pytest.mark.parametrize("moment", [3, 6, 9, 12, 15, 20, 25])
async def test_a_scan_that_is_cancelled_logs_out_and_leaves_no_view(moment: int, monkeypatch: MonkeyPatch) -> None:
    running: list[asyncio.Task[Any]] = []
    hears = Hears(lambda _: running[0].cancel(), When(skip=moment, times=1))
    async with MockVCenter(default_world(), release="8.0.1.0", faults=(hears,)) as vc:
        settings = settings_for(account(vc, monkeypatch), dns={"nameservers": ["127.0.0.1:9"], "timeout": "100ms"})
        running.append(asyncio.create_task(run(settings, pace=QUICK)))
        with pytest.raises(asyncio.CancelledError):
            await running[0]

        assert hears.when.struck == 1
        assert vc.sessions.logins == vc.sessions.logouts
        assert (len(vc.sessions.open), vc.sessions.views_open) == (0, 0)


# --- properties that cannot be had ----------------------------------------------------------------------------------

TOOLS = ("guest.toolsRunningStatus", "guest.toolsVersionStatus2", "runtime.bootTime")


@pytest.mark.parametrize("soft", [False, True])
async def test_a_path_that_the_release_does_not_know_costs_its_check_alone_and_is_named(
    monkeypatch: MonkeyPatch, *, soft: bool
) -> None:
    well = await scan_with(monkeypatch)
    scanned = await scan_with(monkeypatch, InvalidPaths(("runtime.consolidationNeeded",), soft=soft))

    result = scanned.result("consolidation-needed")
    assert result.outcome is Outcome.SKIPPED
    assert "this vCenter has no property runtime.consolidationNeeded" in reason(result)
    others = {slug: one for slug, one in outcomes(scanned).items() if slug != "consolidation-needed"}
    assert others == {slug: one for slug, one in outcomes(well).items() if slug != "consolidation-needed"}


@pytest.mark.parametrize("wrapped", [False, True])
async def test_a_path_that_the_account_may_not_read_costs_its_check_alone_and_is_named(
    monkeypatch: MonkeyPatch, *, wrapped: bool
) -> None:
    well = await scan_with(monkeypatch)
    scanned = await scan_with(monkeypatch, DeniedPaths(("snapshot",), wrapped=wrapped))

    for slug in ("snapshot-age",):
        result = scanned.result(slug)
        assert (result.outcome, result.examined) == (Outcome.SKIPPED, 0)
        assert "the account may not read snapshot (System.View and System.Read)" in reason(result)
        assert len(result.not_examined) == well.result(slug).examined + len(well.result(slug).not_examined)
    assert Outcome.UNKNOWN not in outcomes(scanned).values()
    for slug in OF_INVENTORY - {"snapshot-age", "snapshot-chain"}:
        assert outcomes(scanned)[slug] == outcomes(well)[slug]


async def test_one_path_of_several_that_lacks_is_not_examined_and_no_finding(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_with(monkeypatch, DeniedPaths((TOOLS[0],)))

    result = scanned.result("tools-not-running")
    # That some VMs are disconnected besides is no read that failed.
    assert (result.outcome, result.examined, result.findings) == (Outcome.SKIPPED, 0, ())
    assert f"the account may not read {TOOLS[0]}" in reason(result)
    assert "the virtual machine is not connected" in reason(result)


@pytest.mark.parametrize("soft", [False, True])
async def test_one_path_of_several_that_the_release_does_not_know_counts_as_nothing_seen_and_not_as_zero(
    monkeypatch: MonkeyPatch, *, soft: bool
) -> None:
    path = "summary.quickStats.balloonedMemory"
    scanned = await scan_with(monkeypatch, InvalidPaths((path,), soft=soft))

    gaps = scanned.seen.parts[Need.VM_MEMORY].gaps.values()  # type: ignore[attr-defined]
    assert {(english(one.reason), one.outcome) for one in gaps} == {
        (f"this vCenter has no property {path}", Outcome.SKIPPED)
    }
    assert not scanned.seen.parts[Need.VM_MEMORY].records  # type: ignore[attr-defined]


async def test_a_privilege_that_lacks_for_the_whole_read_is_skipped_and_named(monkeypatch: MonkeyPatch) -> None:
    denied = ok({"_typeName": "NoPermission", "privilegeId": "System.View", "faultstring": "denied"}, 500)
    scanned = await scan_with(monkeypatch, Says(denied, When("/CreateContainerView")))

    assert {outcomes(scanned)[slug] for slug in OF_INVENTORY} == {Outcome.SKIPPED}
    assert reasons(scanned, OF_INVENTORY) == {"the account lacks the privilege System.View"}
