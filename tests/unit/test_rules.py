"""Rules across checks: who is muted, who is silenced by whom, and where limits come from."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import CLUSTER, DATACENTER, LATE, NOW, VCENTER, datastore, entity, host, vm
from vhealthd import rules
from vhealthd.catalogue import BoundCheck
from vhealthd.checkapi import Check, Days, Field, Limits, Percent
from vhealthd.config import MuteSettings
from vhealthd.engine import conclude
from vhealthd.limits import overridable
from vhealthd.model import (
    Blind,
    Category,
    CheckResult,
    Entity,
    Examined,
    Finding,
    Message,
    Mute,
    MuteUse,
    Outcome,
    Param,
    Severity,
    Verdict,
)

CRITICAL, WARNING, INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO
WRONG = Message("test.wrong", "something is wrong")


class DaysLimits(Limits):
    warning_days: Days = Field(7, description="Older")
    critical_days: Days = Field(30, description="Older")
    warning_grace_days: Days = Field(30, description="Older")
    minimum_percent: Percent = Field(50, description="Less")


def check(slug: str, limits: type[Limits] = Limits) -> Check:
    return Check(
        slug=slug,
        title=slug,
        category=Category.VM,
        needs=frozenset(),
        limits=limits,
        judge=lambda _inventory, _limits: iter(()),
        what="",
        why="",
        fix="",
        blind_spots="",
    )


def finds(of: Entity, severity: Severity = CRITICAL, key: str | None = None, **params: Param) -> Finding:
    return Finding(severity, of, WRONG(**params), key)


def result(slug: str, *verdicts: Verdict) -> CheckResult:
    """Conclude what a check says, as the engine does; every object that it finds something on was examined."""
    examined = [Examined(one.object) for one in verdicts if isinstance(one, Finding)]
    return conclude(check(slug), [*verdicts, *examined])


def mute(check: str | list[str] = "*", *, until: str = "2026-12-31", **match: str | list[str]) -> MuteSettings:
    return MuteSettings.model_validate(
        {"check": check, "match": match, "until": until, "owner": "jd", "reason": "known"}
    )


def apply(
    results: Iterable[CheckResult], *mutes: MuteSettings, vcenter: str = "prod", now: datetime = NOW
) -> tuple[CheckResult, ...]:
    results = list(results)
    checks = [BoundCheck(check(one.check), Limits()) for one in results]
    return rules.apply(checks, results, mutes, vcenter=vcenter, now=now)


# --- mutes ----------------------------------------------------------------------------------------------------------

BACKUP = replace(vm("backup-01"), path="/DC0/vm/backup/backup-01", cluster=replace(CLUSTER, path="/DC0/host/prod"))
POOL = entity("StoragePod", "gold")


@pytest.mark.parametrize(
    ("of", "match", "fits"),
    [
        (BACKUP, {}, True),
        (BACKUP, {"name": "^backup-"}, True),
        (BACKUP, {"name": "up-0"}, True),
        (BACKUP, {"name": "^up-0"}, False),
        (BACKUP, {"name": "^BACKUP"}, False),
        # a folder holds what lies in it at any depth, by whole names
        (BACKUP, {"folder": "/DC0/vm/backup"}, True),
        (BACKUP, {"folder": "/DC0/vm/backup/"}, True),
        (BACKUP, {"folder": "DC0"}, True),
        (BACKUP, {"folder": "/"}, False),
        (BACKUP, {"folder": "/DC0/vm/back"}, False),
        (BACKUP, {"folder": "/vm/backup"}, False),
        (BACKUP, {"folder": "/DC0/vm/backup/backup-01"}, True),
        (vm(), {"folder": "/DC0"}, False),  # its path is not known
        # a cluster and a datacenter go by name or path, and lie in themselves
        (BACKUP, {"cluster": "prod"}, True),
        (BACKUP, {"cluster": "/DC0/host/prod"}, True),
        (BACKUP, {"cluster": "pro"}, False),
        (vm(), {"cluster": "prod"}, False),
        (CLUSTER, {"cluster": "prod"}, True),
        (host(), {"cluster": "prod"}, True),
        (host(cluster=None), {"cluster": "prod"}, False),
        (BACKUP, {"datacenter": "Berlin"}, True),
        (DATACENTER, {"datacenter": "Berlin"}, True),
        (POOL, {"datacenter": "Berlin"}, False),
        (BACKUP, {"datacenter": "berlin"}, False),
        # vCenter has a name and lies nowhere
        (VCENTER, {"name": "vc01"}, True),
        (VCENTER, {"folder": "/DC0"}, False),
        (VCENTER, {"datacenter": "Berlin"}, False),
        # all must agree
        (BACKUP, {"name": "^backup", "folder": "/DC0/vm", "cluster": "prod", "datacenter": "Berlin"}, True),
        (BACKUP, {"name": "^backup", "folder": "/DC0/vm", "cluster": "prod", "datacenter": "Paris"}, False),
        (BACKUP, {"name": "^web", "folder": "/DC0/vm", "cluster": "prod", "datacenter": "Berlin"}, False),
    ],
)
def test_what_a_mute_matches(of: Entity, match: dict[str, str], *, fits: bool) -> None:
    (one,) = apply([result("snapshot-age", finds(of))], mute("snapshot-age", **match))

    assert (one.findings[0].muted is not None) is fits
    assert one.outcome is (Outcome.PASS if fits else Outcome.CRITICAL)


@pytest.mark.parametrize(
    ("named", "fits"),
    [
        ("*", True),
        ("snapshot-age", True),
        (["snapshot-chain", "snapshot-age"], True),
        ("snapshot-chain", False),
        (["snapshot-chain", "*"], True),
    ],
)
def test_which_checks_a_mute_is_for(named: str | list[str], *, fits: bool) -> None:
    (one,) = apply([result("snapshot-age", finds(vm()))], mute(named))

    assert (one.findings[0].muted is not None) is fits


@pytest.mark.parametrize(
    ("named", "fits"),
    [("prod", True), (["lab", "prod"], True), ("lab", False), ("pro", False), ([], True)],
)
def test_which_vcenters_a_mute_is_for(named: str | list[str], *, fits: bool) -> None:
    (one,) = apply([result("snapshot-age", finds(vm()))], mute("snapshot-age", vcenter=named), vcenter="prod")

    assert (one.findings[0].muted is not None) is fits


def test_a_mute_says_in_words_which_vcenters_it_is_for() -> None:
    assert rules.mute_of(mute("snapshot-age", vcenter="lab")).rule == "snapshot-age: vcenter lab"
    assert rules.mute_of(mute(vcenter=["lab", "prod"], name="^a")).rule == "all checks: vcenter lab or prod, name ^a"


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        (datetime(2026, 12, 31, 0, 0, tzinfo=UTC), True),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), True),
        (datetime(2027, 1, 1, 0, 0, tzinfo=UTC), False),
        # the day ends in UTC, wherever the clock stands
        (datetime(2027, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), True),
        (datetime(2026, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-1))), False),
    ],
)
def test_a_mute_holds_through_its_last_day(now: datetime, *, holds: bool) -> None:
    results = [result("snapshot-age", finds(vm()))]
    one = mute("snapshot-age")

    (judged,) = apply(results, one, now=now)

    assert judged.outcome is (Outcome.PASS if holds else Outcome.CRITICAL)
    assert [use.expired for use in rules.uses([one], [judged], now=now)] == [not holds]


def test_a_muted_finding_stays_and_says_who_why_and_until_when() -> None:
    (one,) = apply([result("snapshot-age", finds(BACKUP))], mute(name="^backup-", cluster="prod"))

    assert [finding.muted for finding in one.findings] == [
        Mute(rule="all checks: name ^backup-, cluster prod", owner="jd", reason="known", until=date(2026, 12, 31))
    ]


def test_the_first_mute_that_fits_counts() -> None:
    first, second = mute("snapshot-age"), mute("*", until="2027-12-31")

    (one,) = apply([result("snapshot-age", finds(vm()))], first, second)

    assert rules.uses([first, second], [one], now=NOW) == (
        MuteUse(mute=rules.mute_of(first), findings=1, expired=False),
        MuteUse(mute=rules.mute_of(second), findings=0, expired=False),
    )


def test_the_same_mute_twice_is_one() -> None:
    assert len(rules.uses([mute(), mute()], [], now=NOW)) == 1


def test_the_outcome_is_taken_from_the_others() -> None:
    findings = [finds(BACKUP, CRITICAL), finds(vm("web"), WARNING), finds(vm("db"), INFO)]

    def outcome(*names: str) -> Outcome:
        return apply([result("test", *findings)], *(mute(name=name) for name in names))[0].outcome

    assert outcome() is Outcome.CRITICAL
    assert outcome("backup") is Outcome.WARNING
    assert outcome("backup", "web") is Outcome.INFO
    assert outcome("web") is Outcome.CRITICAL
    assert outcome(".") is Outcome.PASS


def test_what_was_not_seen_stays_unknown_when_all_that_was_seen_is_muted() -> None:
    (one,) = apply([result("test", finds(vm()), Blind(LATE))], mute())

    assert (one.outcome, one.reason) == (Outcome.UNKNOWN, LATE.reason)


# --- what explains what ---------------------------------------------------------------------------------------------

DOWN = host("esx01", connection_state="notResponding")
CUT_OFF = host("esx02", connection_state="disconnected")
UP = host("esx03")
GONE, THERE = datastore("gone", accessible=False), datastore("there")


def lost(state: str = "inaccessible", **where: Any) -> Entity:  # noqa: ANN401 - what the builder takes
    return vm("web01", connection_state=state, **where)


HOST_DOWN = ("host-connection", finds(DOWN))
GONE_FINDING = ("storage-paths", finds(GONE))
BY_HOST, BY_STORE = "host-connection: esx01", "storage-paths: gone"


@pytest.mark.parametrize(
    ("causes", "slug", "of", "by"),
    [
        # a host that is down explains what other checks find on it
        ([HOST_DOWN], "storage-paths", DOWN, BY_HOST),
        ([HOST_DOWN], "uplink-redundancy", DOWN, BY_HOST),
        ([HOST_DOWN], "check-of-a-site", DOWN, BY_HOST),
        ([("host-connection", finds(CUT_OFF))], "host-hardware", CUT_OFF, "host-connection: esx02"),
        ([HOST_DOWN], "storage-paths", UP, None),
        # but not what may be the cause of it
        ([HOST_DOWN], "dns-resolution", DOWN, None),
        ([HOST_DOWN], "certificate-expiry", DOWN, None),
        ([HOST_DOWN], "license-expiry", DOWN, None),
        ([HOST_DOWN], "esxi-version-consistency", DOWN, None),
        # and its virtual machines that are out of reach with it
        ([HOST_DOWN], "orphaned-vms", lost(on=DOWN), BY_HOST),
        ([HOST_DOWN], "tools-not-running", lost("connected", on=DOWN), BY_HOST),
        ([HOST_DOWN], "orphaned-vms", lost(on=UP), None),
        ([HOST_DOWN], "orphaned-vms", lost(), None),
        ([HOST_DOWN], "orphaned-vms", lost("orphaned", on=DOWN), None),
        ([HOST_DOWN], "orphaned-vms", lost("invalid", on=DOWN), None),
        # an old snapshot is as old as it was before
        ([HOST_DOWN], "snapshot-age", lost(on=DOWN), None),
        # only a finding silences, and only one on a host that is down
        ([], "storage-paths", DOWN, None),
        ([("host-connection", finds(UP))], "storage-paths", UP, None),
        ([("host-hardware", finds(DOWN))], "storage-paths", DOWN, None),
        ([("host-connection", finds(entity("HostSystem", "esx01")))], "storage-paths", DOWN, None),
        # a datastore that is gone explains the machines that lie on it
        ([GONE_FINDING], "orphaned-vms", lost(datastores=[GONE]), BY_STORE),
        ([GONE_FINDING], "orphaned-vms", lost(datastores=[THERE, GONE]), BY_STORE),
        ([("datastore-capacity", finds(GONE))], "orphaned-vms", lost(datastores=[GONE]), None),
        ([("storage-paths", finds(THERE))], "orphaned-vms", lost(datastores=[THERE]), None),
        ([GONE_FINDING], "orphaned-vms", lost(datastores=[THERE]), None),
        ([GONE_FINDING], "orphaned-vms", lost("orphaned", datastores=[GONE]), None),
        ([GONE_FINDING], "consolidation-needed", lost(datastores=[GONE]), None),
        # the host comes first
        ([GONE_FINDING, HOST_DOWN], "orphaned-vms", lost(on=DOWN, datastores=[GONE]), BY_HOST),
    ],
)
def test_what_silences_what(causes: list[tuple[str, Finding]], slug: str, of: Entity, by: str | None) -> None:
    *before, judged = apply([*(result(cause, found) for cause, found in causes), result(slug, finds(of))])

    assert [one.silenced_by for one in judged.findings] == [by]
    assert judged.outcome is (Outcome.CRITICAL if by is None else Outcome.PASS)
    assert all(one.outcome is Outcome.CRITICAL for one in before)


def test_no_order_of_checks_matters() -> None:
    effect, cause = apply([result("orphaned-vms", finds(lost(on=DOWN))), result(*HOST_DOWN)])

    assert (effect.outcome, cause.outcome) == (Outcome.PASS, Outcome.CRITICAL)


def test_a_cause_does_not_silence_itself_nor_other_findings_of_its_check() -> None:
    (one,) = apply([result("host-connection", finds(DOWN), finds(DOWN, WARNING, "quarantine"))])

    assert [finding.silenced_by for finding in one.findings] == [None, None]


def test_a_muted_cause_still_explains() -> None:
    cause, effect = apply(
        [result(*HOST_DOWN), result("orphaned-vms", finds(lost(on=DOWN)))], mute("host-connection", name="esx01")
    )

    assert (cause.outcome, effect.outcome) == (Outcome.PASS, Outcome.PASS)
    assert effect.findings[0].silenced_by == BY_HOST


def test_a_finding_may_be_muted_and_silenced() -> None:
    _, one = apply([result(*HOST_DOWN), result("storage-paths", finds(DOWN))], mute("storage-paths"))

    (finding,) = one.findings
    assert (finding.muted is not None, finding.silenced_by, finding.counts) == (True, BY_HOST, False)


# --- no rule makes anything worse, and none drops anything ---------------------------------------------------------

OBJECTS = [DOWN, CUT_OFF, UP, GONE, THERE, BACKUP, lost(on=DOWN), vm("db", on=UP, datastores=[GONE]), CLUSTER, VCENTER]
SLUGS = ["host-connection", "storage-paths", "datastore-capacity", "orphaned-vms", "tools-not-running", "snapshot-age"]

found = st.builds(finds, st.sampled_from(OBJECTS), st.sampled_from(Severity))
verdicts = st.lists(
    found | st.just(Blind(LATE)), max_size=6, unique_by=lambda one: one.object.ref if isinstance(one, Finding) else None
)
estates = st.lists(st.sampled_from(SLUGS), unique=True, max_size=5).flatmap(
    lambda slugs: st.tuples(*(st.builds(lambda said, slug=slug: result(slug, *said), verdicts) for slug in slugs))
)
mutes = st.lists(
    st.builds(
        lambda named, until, match: mute(named, until=until, **match),
        st.sampled_from(["*", *SLUGS]) | st.lists(st.sampled_from(SLUGS), min_size=1),
        st.sampled_from(["2026-03-01", "2026-03-02", "2027-01-01"]),
        st.dictionaries(st.sampled_from(["name", "folder", "cluster", "datacenter"]), st.sampled_from("abdeps/1P")),
    ),
    max_size=3,
)


@settings(deadline=None)
@given(estates, mutes)
def test_no_outcome_gets_worse_and_no_finding_is_lost(
    results: tuple[CheckResult, ...], configured: list[MuteSettings]
) -> None:
    judged = apply(results, *configured)

    assert [replace(one, outcome=was.outcome, findings=()) for one, was in zip(judged, results, strict=True)] == [
        replace(was, findings=()) for was in results
    ]
    for before, after in zip(results, judged, strict=True):
        assert after.outcome.rank >= before.outcome.rank
        assert [replace(one, muted=None, silenced_by=None) for one in after.findings] == list(before.findings)
        if after.counted == after.findings:
            assert after == before
        # what counts is never hidden by the outcome
        assert all(after.outcome.rank <= Outcome(one.severity.value).rank for one in after.counted)


@settings(deadline=None)
@given(estates)
def test_without_a_cause_nothing_is_silenced(results: tuple[CheckResult, ...]) -> None:
    without = [one for one in results if one.check not in {"host-connection", "storage-paths"}]

    assert apply(without) == tuple(without)


@settings(deadline=None)
@given(estates, mutes)
def test_applying_them_again_changes_nothing(results: tuple[CheckResult, ...], configured: list[MuteSettings]) -> None:
    once = apply(results, *configured)

    assert apply(once, *configured) == once


# --- where limits come from -----------------------------------------------------------------------------------------

OVERRIDDEN = overridable(DaysLimits).model_validate(
    {"critical_days": 60, "overrides": [{"match": "^backup-", "warning_days": 14, "critical_days": 90}]}
)
WEB = vm("web01")


@pytest.mark.parametrize(
    ("of", "severity", "params", "origin"),
    [
        (WEB, WARNING, {"threshold_days": 7}, "default"),
        (WEB, CRITICAL, {"threshold_days": 60}, "config"),
        (BACKUP, WARNING, {"threshold_days": 14}, "override"),
        (BACKUP, CRITICAL, {"age_days": 99.0, "threshold_days": 90}, "override"),
        # of equal limits the one of the finding's severity
        (WEB, WARNING, {"threshold_days": 30}, "default"),
        # demoted to info, it still was a limit of some severity
        (WEB, INFO, {"threshold_days": 60}, "config"),
        # a limit may be shown under its own name
        (WEB, WARNING, {"minimum_percent": 50}, "default"),
        # where no limit is named, nothing is said
        (WEB, WARNING, {"age_days": 7}, None),
        (WEB, WARNING, {"threshold_days": 8}, None),
        (WEB, WARNING, {"threshold_percent": 7}, None),
        # a measured value may bear the name of a limit
        (WEB, WARNING, {"minimum_percent": 51}, None),
    ],
)
def test_evidence_says_where_a_limit_comes_from(
    of: Entity, severity: Severity, params: dict[str, Param], origin: str | None
) -> None:
    results = [result("snapshot-age", finds(of, severity, None, **params))]

    (one,) = rules.apply(
        [BoundCheck(check("snapshot-age", DaysLimits), OVERRIDDEN)], results, [], vcenter="prod", now=NOW
    )

    assert one.findings[0].text.params.get("threshold_from") == origin
    assert {**params, "threshold_from": origin} == {"threshold_from": None, **one.findings[0].text.params}
