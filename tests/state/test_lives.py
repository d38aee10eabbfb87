"""The life of a finding: what ends it, what leaves it open though it was not seen, and what checks are told of it."""

from dataclasses import replace

import pytest

from tests.report.scans import UUID, finding, itself, say, vcenter, vm
from tests.state.runs import CHECK, check, day, keep, of, run
from vhealthd.model import (
    NOTHING,
    Category,
    CheckResult,
    Entity,
    Finding,
    History,
    Message,
    Mute,
    NotExamined,
    Outcome,
    Reading,
    ScanReport,
    Severity,
    Unseen,
    VCenterState,
)
from vhealthd.state import State

WEB, DB = vm("web-1", 1), vm("db-1", 2)
OLD = finding(WEB)
WORSE = replace(OLD, severity=Severity.CRITICAL)
OTHER = finding(DB)
WHY = Unseen(Message("test.late", "the read timed out")())


async def history(state: State, check: str = CHECK, name: str = "prod", uuid: str | None = UUID) -> History:
    return (await state.past.of(name, uuid)).get(check, History())


async def is_open(state: State, entity: Entity = WEB, key: str | None = None) -> bool:
    return (await history(state)).was(entity, key) is not None


async def test_it_begins_when_it_is_first_seen(state: State) -> None:
    await keep(state, run(1, check(OLD)), run(2, check(OLD)))

    past = await history(state)
    assert (past.since(WEB), past.was(WEB)) == (day(1), Severity.WARNING)
    assert (past.since(DB), past.was(DB), past.since(WEB, "other key")) == (None, None, None)


async def test_it_keeps_its_beginning_and_changes_its_severity(state: State) -> None:
    await keep(state, run(1, check(OLD)), run(2, check(WORSE)))

    past = await history(state)
    assert (past.since(WEB), past.was(WEB)) == (day(1), Severity.CRITICAL)


async def test_it_is_over_when_the_check_looks_and_does_not_find_it(state: State) -> None:
    await keep(state, run(1, check(OLD, OTHER)), run(2, check(OTHER)))

    assert not await is_open(state, WEB)
    assert await is_open(state, DB)


async def test_it_is_over_when_nothing_is_left_to_examine(state: State) -> None:
    nothing = replace(check(outcome=Outcome.SKIPPED, examined=0), reason=NOTHING())
    await keep(state, run(1, check(OLD)), run(2, nothing))

    assert not await is_open(state)


async def test_when_it_comes_back_it_begins_anew(state: State) -> None:
    await keep(state, run(1, check(OLD)), run(2, check()), run(3, check(OLD)), run(4, check(OLD)))

    assert (await history(state)).since(WEB) == day(3)


HIDDEN = [
    ("the check is unknown", run(2, check(outcome=Outcome.UNKNOWN))),
    ("the check is skipped", run(2, check(outcome=Outcome.SKIPPED))),
    ("a part was hidden from the check", run(2, check(OTHER, whole=False))),
    ("the check was not selected", run(2)),
    ("the vCenter was not selected", of(2, replace(vcenter("lab", [check()]), instance_uuid="another"))),
    ("the vCenter was unreachable", run(2, check(), state=VCenterState.UNREACHABLE)),
    ("the object was not examined", run(2, check(not_examined=[NotExamined(WEB, WHY)]))),
    ("this rule was not examined on it", run(2, check(not_examined=[NotExamined(WEB, WHY, "disks", hides_all=True)]))),
]


@pytest.mark.parametrize(("_why", "second"), HIDDEN, ids=[why for why, _ in HIDDEN])
async def test_it_is_not_over_where_nobody_looked(state: State, _why: str, second: ScanReport) -> None:
    await keep(state, run(1, check(OLD)), second)
    assert await is_open(state)

    await keep(state, run(3, check(OLD)))
    assert (await history(state)).since(WEB) == day(1), "it was never over"


async def test_it_is_not_over_while_a_name_in_the_scope_matches_nothing(state: State) -> None:
    await keep(state, run(1, check(OLD)), run(2, check(), unmatched_scope=("prod-a",)))
    assert await is_open(state)

    await keep(state, run(3, check()))
    assert not await is_open(state)


async def test_vcenter_itself_is_in_every_scope(state: State) -> None:
    await keep(state, run(1, check(finding(itself()))), run(2, check(), unmatched_scope=("prod-a",)))
    assert not await is_open(state, itself())


@pytest.mark.parametrize(
    ("rule", "key", "left_open"),
    [
        ("quarantine", "quarantine", True),
        ("health", "health:memory", True),
        ("quarantine", None, False),
        ("quarantine", "maintenance", False),
        ("health", "healthy", False),
    ],
)
async def test_a_rule_that_was_not_examined_leaves_its_own_findings_open(
    state: State,
    rule: str,
    key: str | None,
    left_open: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    found = finding(WEB, key=key)
    await keep(state, run(1, check(found)), run(2, check(not_examined=[NotExamined(WEB, WHY, rule)])))

    assert await is_open(state, WEB, key) is left_open


async def test_an_object_that_is_gone_takes_its_findings_with_it(state: State) -> None:
    await keep(state, run(1, check(OLD)), run(2, check(examined=0, outcome=Outcome.PASS)))
    assert not await is_open(state)


@pytest.mark.parametrize(
    "quiet",
    [
        replace(OLD, muted=Mute(rule="all", owner="jd", reason="known", until=day(9).date())),
        replace(OLD, silenced_by="host-connection: esx01"),
    ],
)
async def test_muted_and_silenced_findings_live_too(state: State, quiet: Finding) -> None:
    await keep(state, run(1, check(quiet)), run(2, check(quiet)), run(3, check(OLD)))
    assert (await history(state)).since(WEB) == day(1)


async def test_a_vcenter_goes_by_its_uuid_and_may_be_renamed(state: State) -> None:
    await keep(state, run(1, check(OLD)), run(2, check(OLD), name="production"))

    assert (await history(state, name="production")).since(WEB) == day(1)
    assert (await history(state, uuid="another")).since(WEB) is None


async def test_what_is_found_of_the_way_to_a_vcenter_goes_by_its_configured_name(state: State) -> None:
    slow = Finding(Severity.WARNING, itself(), say("slow"))
    way = replace(check(slow), check="vcenter-reachability", category=Category.CONNECTIVITY)
    down = replace(way, findings=(replace(slow, object=itself(uuid=""), severity=Severity.CRITICAL),))
    await keep(state, run(1, way), run(2, down, state=VCenterState.UNREACHABLE, instance_uuid=None))

    past = await history(state, "vcenter-reachability", uuid=None)
    assert (past.since(itself()), past.was(itself())) == (day(1), Severity.CRITICAL)


async def test_checks_and_vcenters_do_not_see_each_other(state: State) -> None:
    both = of(1, vcenter("prod", [check(OLD)]), replace(vcenter("lab", [check(WORSE)]), instance_uuid="lab-uuid"))
    await keep(state, both)

    assert (await history(state)).was(WEB) is Severity.WARNING
    assert (await history(state, name="lab", uuid="lab-uuid")).was(WEB) is Severity.CRITICAL
    assert (await history(state, "another-check")).was(WEB) is None


async def test_a_run_that_was_committed_late_changes_nothing_that_is_known(state: State) -> None:
    await keep(state, run(1, check(OLD)), run(3, check(OLD)))
    first_of_all = run(1, check())
    assert not await state.runs.commit(
        first_of_all, config_sha256=None, files={}, parcels=(), now=day(4), expires=day(7)
    )
    assert await is_open(state)


def reads(*values: float) -> CheckResult:
    return replace(check(), readings=tuple(Reading(WEB, None, value) for value in values))


async def test_readings_come_back_oldest_first(state: State) -> None:
    await keep(state, run(2, reads(2.5)), run(1, reads(1)), run(3, reads(float("nan"))))

    assert (await history(state)).series(WEB) == ((day(1), 1.0), (day(2), 2.5))
    assert (await history(state)).series(DB) == ()


async def test_readings_of_vcenter_itself_and_with_a_key(state: State) -> None:
    noted = replace(check(), readings=(Reading(itself(), None, 1), Reading(itself(), "cpu", 2)))
    await keep(state, run(1, noted))

    past = await history(state)
    assert past.series(itself()) == ((day(1), 1.0),)
    assert past.series(itself(uuid=""), "cpu") == ((day(1), 2.0),)


async def test_a_vcenter_that_is_configured_twice_is_no_trouble(state: State) -> None:
    noted = replace(check(OLD), readings=(Reading(WEB, None, 1),))
    await keep(state, of(1, vcenter("prod", [noted]), vcenter("prod-by-address", [noted])))

    assert (await history(state)).series(WEB) == ((day(1), 1.0),)


async def test_thousands_of_findings_come_and_go(state: State) -> None:
    many = [finding(vm(f"vm-{n}", n)) for n in range(1500)]
    await keep(state, run(1, check(*many)), run(2, check(*many[:100])), run(3, check(*many[50:])))

    past = await history(state)
    begun = {past.since(one.object) for one in many[50:100]}
    assert begun == {day(1)}
    assert {past.since(one.object) for one in many[:50]} == {None}
    assert {past.since(one.object) for one in many[100:]} == {day(3)}


async def test_a_check_knows_when_it_looked_last(state: State) -> None:
    await keep(state, run(1, check(OLD)), run(2, check(outcome=Outcome.UNKNOWN)), run(3))

    assert (await history(state)).looked == day(1)
    assert (await history(state, "another-check")).looked is None
    assert (await history(state, name="lab", uuid="lab-uuid")).looked is None


async def test_a_report_is_told_since_when_its_findings_are_open(state: State) -> None:
    first, second = run(1, check(OLD)), run(2, check(OLD, OTHER))
    await keep(state, first, second)

    (web,) = await state.past.first_seen(first)
    assert set((await state.past.first_seen(first)).values()) == {day(1)}
    since = await state.past.first_seen(second)
    assert since[web] == day(1)
    assert sorted(since.values()) == [day(1), day(2)]
