"""Which alerts a scan gives, and who is told: one rule a test."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.alerting.routing import (
    BROKEN,
    CRITICAL,
    DAY,
    INFO,
    MINUTE,
    WARNING,
    WHY,
    Memory,
    alerts,
    check,
    critical,
    finds,
    heard,
    info,
    many,
    muted,
    policy,
    route,
    silenced,
    thing,
    unknown,
    warning,
)
from tests.report.scans import CHINESE, ENGLISH, UUID, itself, result, unreachable, vcenter
from vhealthd.alerting.cases import rollup_key, unknown_key
from vhealthd.model import (
    NOTHING,
    Category,
    CheckResult,
    Event,
    Finding,
    NotExamined,
    Outcome,
    Severity,
    Turn,
    VCenterReport,
    VirtualCenter,
    identity,
)

Aside = Callable[[Iterable[Finding]], list[Finding]]

WEEK = 7 * DAY
NOBODY: dict[str, list[str]] = {}


# --- one finding ----------------------------------------------------------------------------------------------------


def test_what_is_new_is_told_by_the_identity_of_its_finding() -> None:
    memory, seen = Memory(), check(critical("esx-1"))

    decision = memory.sees(seen)

    assert heard(decision) == {"pager": ["new esx-1"]}
    assert memory.record.key == identity(vcenter("prod"), seen, seen.findings[0])
    assert (memory.record.channels, memory.record.members) == (("pager",), (memory.record.key,))
    assert (memory.record.vcenter, memory.record.alert.vcenter) == (UUID, "prod")


def test_an_alert_says_what_the_report_says() -> None:
    memory = Memory()
    (alert,) = alerts(memory.sees(check(critical("esx-1"))))

    assert alert == memory.record.alert
    assert (alert.title, alert.object, alert.object_type) == ("Host connection", "esx-1", "HostSystem")
    assert (alert.message, alert.advice[:16]) == ("it is broken", "Delete snapshots")
    assert alert.since == memory.now - MINUTE, "the scan saw it before it was told"


def test_an_article_is_told_by_its_url() -> None:
    (alert,) = alerts(Memory().sees(replace(check(critical("esx-1")), kb="318825")))
    assert alert.kb == "https://knowledge.broadcom.com/external/article/318825"


@pytest.mark.parametrize("aside", [muted, silenced])
def test_what_does_not_count_is_not_told(aside: Aside) -> None:
    memory = Memory()
    assert heard(memory.sees(check(aside(critical("esx-1"))))) == NOBODY
    assert memory.records == {}


def test_what_is_there_still_is_not_told_again_before_its_time() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    decision = memory.sees(check(critical("esx-1")), after=timedelta(hours=12))
    assert (decision.records, decision.sends) == ((), ())


def test_it_is_told_again_a_day_after_the_last_time() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    assert heard(memory.sees(check(critical("esx-1")))) == {"pager": ["reminder esx-1"]}
    assert heard(memory.sees(check(critical("esx-1")), after=timedelta(hours=12))) == NOBODY
    assert heard(memory.sees(check(critical("esx-1")), after=timedelta(hours=12))) == {"pager": ["reminder esx-1"]}


@pytest.mark.parametrize(("early", "told"), [(60 * MINUTE, True), (61 * MINUTE, False)])
def test_a_scan_that_ends_a_little_earlier_in_the_day_counts_as_a_day_later(early: timedelta, told: bool) -> None:  # noqa: FBT001
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    assert bool(heard(memory.sees(check(critical("esx-1")), after=DAY - early))) is told


def test_what_a_wrong_clock_told_in_the_future_is_told_again() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")), after=365 * DAY)
    assert heard(memory.sees(check(critical("esx-1")), after=-364 * DAY)) == {"pager": ["reminder esx-1"]}
    assert heard(memory.sees(check(critical("esx-1")), after=MINUTE)) == NOBODY


def test_what_was_there_before_anybody_was_told_says_since_when() -> None:
    memory, seen = Memory(), check(critical("esx-1", "esx-2"))
    old, _ = (identity(vcenter("prod"), seen, one) for one in seen.findings)
    memory.first_seen = {old: memory.now - WEEK}

    since = {one.object: one.since for one in alerts(memory.sees(seen))}

    assert since == {"esx-1": memory.now - DAY - WEEK, "esx-2": memory.now - MINUTE}


def test_what_a_wrong_clock_saw_first_in_the_future_is_there_since_it_is_seen() -> None:
    memory, seen = Memory(), check(critical("esx-1"))
    memory.first_seen = {identity(vcenter("prod"), seen, seen.findings[0]): memory.now + WEEK}
    (alert,) = alerts(memory.sees(seen))
    assert alert.since == memory.now - MINUTE


def test_what_somebody_took_on_is_not_told_again() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    memory.acknowledge()
    assert heard(memory.sees(check(critical("esx-1")), after=WEEK)) == NOBODY
    assert heard(memory.sees(check(critical("esx-1")), after=WEEK)) == NOBODY


def test_that_somebody_took_it_on_ends_when_it_worsens() -> None:
    memory = Memory()
    memory.sees(check(warning("esx-1")))
    memory.acknowledge()
    assert heard(memory.sees(check(critical("esx-1"))))["pager"] == ["worsened esx-1"]
    assert heard(memory.sees(check(critical("esx-1"))))["pager"] == ["reminder esx-1"]


def test_that_somebody_took_it_on_ends_when_it_is_over() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    memory.acknowledge()
    memory.sees(check())
    assert memory.record.ack is None


def test_info_is_told_once() -> None:
    memory = Memory(policy=policy(route("audit")))
    assert heard(memory.sees(check(info("esx-1")))) == {"audit": ["new esx-1"]}
    assert heard(memory.sees(check(info("esx-1")), after=WEEK)) == NOBODY


def test_what_nobody_is_told_of_is_remembered_all_the_same() -> None:
    memory = Memory()
    assert heard(memory.sees(check(info("esx-1")))) == NOBODY
    assert (memory.record.channels, memory.record.severity) == ((), INFO)
    assert heard(memory.sees(check())) == NOBODY
    assert memory.record.resolved == memory.now


# --- worse and better -----------------------------------------------------------------------------------------------


def test_what_worsens_is_told_to_those_who_are_to_know_now_and_is_over_for_the_others() -> None:
    memory = Memory()
    memory.sees(check(warning("esx-1")))
    since = memory.record.alert.since

    decision = memory.sees(check(critical("esx-1")))

    assert heard(decision) == {"mail": ["over: worsened esx-1"], "pager": ["worsened esx-1"]}
    assert (memory.record.channels, memory.record.severity) == (("pager",), CRITICAL)
    assert memory.record.alert.since == since


def test_what_improves_is_over_for_those_who_need_not_know_any_more() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    assert heard(memory.sees(check(warning("esx-1")))) == {
        "mail": ["improved esx-1"],
        "pager": ["over: improved esx-1"],
    }
    assert memory.record.channels == ("mail",)


def test_those_who_have_it_and_keep_it_are_not_told_that_it_improved() -> None:
    memory = Memory(policy=policy(route("chat", severity=["critical", "warning"]), route("mail", severity="warning")))
    memory.sees(check(critical("esx-1")))
    told = memory.record.told
    assert heard(memory.sees(check(warning("esx-1")))) == {"mail": ["improved esx-1"]}
    assert memory.record.channels == ("chat", "mail")
    assert memory.record.told > told


def test_where_nobody_new_is_told_that_it_improved_the_time_goes_on() -> None:
    memory = Memory(policy=policy(route("chat")))
    memory.sees(check(critical("esx-1")))
    assert heard(memory.sees(check(warning("esx-1")), after=DAY / 2)) == NOBODY
    assert heard(memory.sees(check(warning("esx-1")), after=DAY / 2)) == {"chat": ["reminder esx-1"]}


# --- the end --------------------------------------------------------------------------------------------------------


def test_what_is_gone_is_over_once() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))

    decision = memory.sees(check())

    assert heard(decision) == {"pager": ["over: resolved esx-1"]}
    (alert,) = alerts(decision)
    assert (alert.message, alert.severity) == ("it is broken", CRITICAL)
    assert (memory.record.resolved, memory.record.alert) == (memory.now, alert)
    assert heard(memory.sees(check())) == NOBODY


@pytest.mark.parametrize(
    ("aside", "why"),
    [(muted, "Muted until 2026-12-31 by jd: known"), (silenced, "Silenced by host-connection: esx-9")],
)
def test_what_does_not_count_any_more_is_over_and_says_why(aside: Aside, why: str) -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))

    decision = memory.sees(check(aside(critical("esx-1"))))

    assert heard(decision) == {"pager": ["over: resolved esx-1"]}
    assert [one.message for one in alerts(decision)] == [why]


def test_what_is_there_again_is_told_so() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    memory.sees(check())

    assert heard(memory.sees(check(critical("esx-1")))) == {"pager": ["reopened esx-1"]}
    assert (memory.record.resolved, memory.record.opened) == (None, memory.now)
    assert memory.record.alert.since == memory.now - MINUTE


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.SKIPPED])
def test_a_check_that_did_not_judge_changes_nothing(outcome: Outcome) -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    unseen = result("host-connection", outcome=outcome, reason="no", category=Category.COMPUTE)

    decision = memory.sees(unseen, after=WEEK)

    assert (decision.records, decision.sends) == ((), ())
    assert heard(memory.sees(check())) == {"pager": ["over: resolved esx-1"]}


def test_a_check_that_saw_a_part_only_changes_what_it_saw() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1", "esx-2")))
    blind = replace(check(critical("esx-1")), whole=False)
    assert heard(memory.sees(blind)) == {"pager": ["reminder esx-1"]}


def test_a_finding_that_is_muted_is_over_even_where_the_check_saw_a_part_only() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    blind = replace(check(muted(critical("esx-1"))), whole=False)
    assert heard(memory.sees(blind)) == {"pager": ["over: resolved esx-1"]}


def test_an_object_that_was_not_examined_changes_nothing() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1", "esx-2")))
    assert heard(memory.sees(check(unseen=[NotExamined(thing("esx-1"), WHY)]))) == {"pager": ["over: resolved esx-2"]}
    assert heard(memory.sees(check())) == {"pager": ["over: resolved esx-1"]}


def test_a_rule_that_was_not_examined_hides_its_own_finding_only() -> None:
    memory = Memory()
    memory.sees(check([*finds(CRITICAL, "esx-1", key="lun:1"), *finds(CRITICAL, "esx-1", key="nic")]))
    memory.sees(check(unseen=[NotExamined(thing("esx-1"), WHY, rule="lun")]))
    assert [memory.places[one.key] for one in memory.open] == [("ref-esx-1", "lun:1")]


def test_a_vcenter_that_cannot_be_reached_pages_at_once_and_keeps_what_it_had() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))

    assert heard(memory.scans(unreachable("prod"))) == {"pager": ["new prod"]}
    assert heard(memory.scans(unreachable("prod"))) == {"pager": ["reminder prod"]}
    back = vcenter("prod", [check(category=Category.CONNECTIVITY, slug="vcenter-reachability"), check()])
    assert heard(memory.scans(back)) == {"pager": ["over: resolved prod", "over: resolved esx-1"]}


def test_a_check_of_a_vcenter_that_cannot_be_reached_closes_nothing_even_if_it_found_the_cause() -> None:
    memory = Memory()
    names = check(critical("esx-1"), slug="dns-resolution", category=Category.CONNECTIVITY)
    memory.sees(names)
    cause = check([Finding(CRITICAL, itself(), BROKEN())], slug="dns-resolution", category=Category.CONNECTIVITY)
    down = unreachable("prod")
    memory.scans(replace(down, results=(down.results[0], cause)))
    assert [one.alert.object for one in memory.open] == ["esx-1", "prod", "prod"]


def test_what_is_not_checked_any_more_is_over() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    assert heard(memory.sees(check(slug="ntp-drift"))) == {"pager": ["over: resolved esx-1"]}


def test_a_scope_with_a_name_that_matches_nothing_closes_nothing() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1", *many(6)) + warning("esx-2")))
    out_of_scope = replace(vcenter("prod", [check()]), unmatched_scope=("prod-a",))

    assert heard(memory.scans(out_of_scope, after=MINUTE)) == NOBODY
    assert len(memory.open) == 2
    assert heard(memory.sees(check())) == {"mail": ["over: resolved esx-2"], "pager": ["over: resolved prod"]}


def test_a_scope_with_a_name_that_matches_nothing_hides_neither_what_is_muted_nor_vcenter_itself() -> None:
    memory = Memory()
    memory.sees(check([*critical("esx-1"), Finding(CRITICAL, itself(), BROKEN())]))
    in_part = replace(vcenter("prod", [check(muted(critical("esx-1")))]), unmatched_scope=("prod-a",))
    assert heard(memory.scans(in_part)) == {"pager": ["over: resolved esx-1", "over: resolved prod"]}


def test_a_check_that_nobody_asks_for_is_over_whatever_the_scope() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    out_of_scope = replace(vcenter("prod", [check(slug="ntp-drift")]), unmatched_scope=("prod-a",))
    assert heard(memory.scans(out_of_scope)) == {"pager": ["over: resolved esx-1"]}


def test_what_is_not_scanned_any_more_is_over() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    assert heard(memory.scans(other("lab"))) == {"pager": ["over: resolved esx-1"]}


def test_a_vcenter_that_gets_another_name_is_the_same() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    assert heard(memory.scans(vcenter("paris", [check(critical("esx-1"))]), after=MINUTE)) == NOBODY
    assert heard(memory.scans(vcenter("london", [unknown()]))) == NOBODY
    assert heard(memory.scans(vcenter("paris", [check(critical("esx-1"))]), after=MINUTE)) == {
        "pager": ["reminder esx-1"]
    }
    assert heard(memory.scans(unreachable("paris"))) == {"pager": ["new paris"]}
    assert {one.alert.object for one in memory.open} == {"esx-1", "paris"}


def test_a_vcenter_that_does_not_tell_its_uuid_this_time_is_the_same() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    shy = replace(vcenter("prod", [check(critical("esx-1"))]), instance_uuid=None)
    assert heard(memory.scans(shy, after=MINUTE)) == NOBODY


def test_another_vcenter_under_the_same_name_is_another() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    assert heard(memory.scans(other("prod", check(critical("esx-2"))))) == {
        "pager": ["new esx-2", "over: resolved esx-1"]
    }


def test_a_vcenter_whose_name_another_one_has_now_is_still_the_same() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    assert heard(memory.scans(other("prod", check()), vcenter("prod-old", [unknown()]), after=MINUTE)) == NOBODY
    assert heard(memory.scans(other("prod", unknown()), vcenter("prod-old", [check()]), after=MINUTE)) == {
        "pager": ["over: resolved esx-1"]
    }


def test_a_vcenter_that_is_scanned_under_two_names_is_judged_by_the_one_that_found_it() -> None:
    memory = Memory()
    memory.scans(vcenter("east", [check(critical("esx-1"))]), vcenter("west", [check()]))
    for east in (vcenter("east", [unknown()]), unreachable("east")):
        memory.scans(east, vcenter("west", [check()]), after=MINUTE)
        assert "esx-1" in {one.alert.object for one in memory.open}
    memory.scans(vcenter("east", [check()]), vcenter("west", [unknown()]), after=MINUTE)
    assert "esx-1" not in {one.alert.object for one in memory.open}


def other(name: str, *results: CheckResult) -> VCenterReport:
    return replace(vcenter(name, results), instance_uuid="other-uuid")


# --- many at once ---------------------------------------------------------------------------------------------------


def test_more_than_five_new_findings_of_a_check_are_one_alert() -> None:
    memory = Memory()

    decision = memory.sees(check(critical(*many(412))))

    (alert,) = alerts(decision)
    assert heard(decision) == {"pager": ["new prod"]}
    assert alert.key == rollup_key((UUID, "host-connection", CRITICAL))
    assert (alert.count, alert.examples) == (412, ("store-000", "store-001", "store-002"))
    assert alert.message == "412 findings, such as on store-000: it is broken"
    assert (alert.object, alert.object_type) == ("prod", VirtualCenter.__name__)
    assert len(memory.record.members) == 412


def test_five_are_five() -> None:
    assert len(alerts(Memory().sees(check(critical(*many(5)))))) == 5


def test_findings_of_two_kinds_are_not_added_up() -> None:
    memory = Memory()
    one, another = many(6)[:3], many(6)[3:]
    decision = memory.sees(check(critical(*one) + warning(*another)), check(critical(*another), slug="ntp-drift"))
    assert {alert.count for alert in alerts(decision)} == {1}


def test_a_finding_with_an_alert_of_its_own_keeps_it() -> None:
    memory = Memory()
    memory.sees(check(critical("store-000")))
    assert heard(memory.sees(check(critical(*many(7))), after=MINUTE)) == {"pager": ["new prod"]}
    assert heard(memory.sees(check(critical(*many(7)[1:])), after=MINUTE)) == {"pager": ["over: resolved store-000"]}


def test_members_that_go_are_not_told() -> None:
    memory = Memory()
    memory.sees(check(critical(*many(7))))
    assert heard(memory.sees(check(critical(*many(2))), after=MINUTE)) == NOBODY
    assert len(memory.record.members) == 2


def test_members_that_come_are_told_under_the_same_key() -> None:
    memory = Memory()
    memory.sees(check(critical(*many(6))))
    since = memory.record.alert.since
    decision = memory.sees(check(critical(*many(8))), after=MINUTE)
    assert heard(decision) == {"pager": ["worsened prod"]}
    assert [(one.key, one.count, one.since) for one in alerts(decision)] == [(memory.record.key, 8, since)]


def test_a_roll_up_is_there_since_its_oldest_member() -> None:
    memory, seen = Memory(), check(critical(*many(6)))
    ages = {identity(vcenter("prod"), seen, one): memory.now - day * DAY for day, one in enumerate(seen.findings)}
    memory.first_seen = ages
    (alert,) = alerts(memory.sees(seen))
    assert alert.since == min(ages.values())


def test_a_member_that_comes_and_goes_is_told_once_and_leaves_it_taken_on() -> None:
    memory = Memory()
    memory.sees(check(critical(*many(7))))
    memory.acknowledge()
    for count in (6, 7, 6, 7):
        assert heard(memory.sees(check(critical(*many(count))))) == NOBODY
        assert len(memory.record.members) == count
    assert memory.record.ack is not None


def test_one_member_more_than_was_told_ends_that_somebody_took_it_on() -> None:
    memory = Memory()
    memory.sees(check(critical(*many(7))))
    memory.acknowledge()
    memory.sees(check(critical(*many(6))))
    assert heard(memory.sees(check(critical(*many(8))))) == {"pager": ["worsened prod"]}
    assert memory.record.ack is None


def test_a_roll_up_that_is_for_the_most_part_new_is_told_whatever_its_size() -> None:
    memory = Memory()
    memory.sees(check(critical(*many(7))))
    memory.acknowledge()
    memory.sees(check(critical("store-000")))
    assert heard(memory.sees(check(critical(*many(20)[-2:], "store-000")))) == {"pager": ["worsened prod"]}
    assert memory.record.ack is None


def test_a_roll_up_is_over_once_when_no_member_is_left() -> None:
    memory = Memory()
    memory.sees(check(critical(*many(6))))
    memory.sees(check(critical(*many(1))), after=MINUTE)
    assert heard(memory.sees(check())) == {"pager": ["over: resolved prod"]}
    assert heard(memory.sees(check())) == NOBODY
    assert heard(memory.sees(check(critical(*many(6))))) == {"pager": ["reopened prod"]}


def test_members_that_were_not_examined_stay() -> None:
    memory = Memory()
    memory.sees(check(critical(*many(6))))
    hidden = [NotExamined(thing("store-000"), WHY)]

    assert heard(memory.sees(check(critical("store-005"), unseen=hidden))) == {"pager": ["reminder prod"]}
    assert memory.record.alert.count == 2
    assert heard(memory.sees(check(unseen=hidden))) == NOBODY
    assert len(memory.record.members) == 1
    assert heard(memory.sees(check())) == {"pager": ["over: resolved prod"]}


def test_a_member_that_is_worse_or_better_now_leaves_the_roll_up() -> None:
    memory = Memory()
    memory.sees(check(warning(*many(8))))
    since = memory.record.alert.since
    worse, better, *rest = many(8)

    decision = memory.sees(check(critical(worse) + warning(*rest) + info(better)), after=MINUTE)

    assert heard(decision) == {"pager": ["worsened store-000"]}
    assert {(one.alert.object, one.alert.turn) for one in memory.open} == {
        ("prod", Turn.NEW),
        ("store-000", Turn.WORSENED),
        ("store-001", Turn.IMPROVED),
    }
    assert {one.alert.since for one in memory.open} == {since}
    assert [len(one.members) for one in memory.open if one.alert.object == "prod"] == [6]


def test_a_roll_up_that_worsens_as_a_whole_is_one_of_the_other_severity() -> None:
    memory = Memory()
    memory.sees(check(warning(*many(8))))
    assert heard(memory.sees(check(critical(*many(8))))) == {
        "mail": ["over: worsened prod"],
        "pager": ["worsened prod"],
    }
    assert heard(memory.sees(check(warning(*many(8))))) == {
        "mail": ["improved prod"],
        "pager": ["over: improved prod"],
    }


def test_many_that_worsen_at_once_become_one() -> None:
    memory = Memory()
    memory.sees(check(warning(*many(4))), after=MINUTE)
    memory.sees(check(warning(*many(8))), after=MINUTE)
    assert len(memory.open) == 8

    decision = memory.sees(check(critical(*many(8))))

    assert heard(decision)["pager"] == ["worsened prod"]
    assert heard(decision)["mail"] == [f"over: worsened {name}" for name in many(8)]
    assert [one.alert.object for one in memory.open] == ["prod"]


def test_what_worsens_goes_to_the_roll_up_that_is_open() -> None:
    memory = Memory()
    memory.sees(check(critical(*many(6)) + warning("store-100")))
    decision = memory.sees(check(critical(*many(6), "store-100")), after=MINUTE)
    assert heard(decision) == {"pager": ["worsened prod"], "mail": ["over: worsened store-100"]}
    assert len(memory.open) == 1


# --- what stays unknown ---------------------------------------------------------------------------------------------


def test_unknown_once_is_not_told() -> None:
    memory = Memory()
    assert heard(memory.sees(unknown())) == NOBODY
    assert heard(memory.sees(check())) == NOBODY
    assert heard(memory.sees(unknown())) == NOBODY


def test_unknown_twice_is_one_warning_for_a_vcenter() -> None:
    memory = Memory()
    memory.sees(unknown("ntp-drift"), unknown("vaai-status"))

    decision = memory.sees(unknown("ntp-drift", "HTTP 500"), unknown("vaai-status"), unknown("cpu-ready"))

    (alert,) = alerts(decision)
    assert heard(decision) == {"mail": ["new prod"]}
    assert (alert.key, alert.check, alert.severity) == (unknown_key("prod"), "unknown", WARNING)
    assert alert.message == "Not judged in two scans in a row: ntp-drift, vaai-status. ntp-drift: HTTP 500"
    assert (alert.count, alert.examples) == (2, ("ntp-drift", "vaai-status"))


def test_more_checks_that_stay_unknown_are_worse() -> None:
    memory = Memory()
    memory.sees(unknown("ntp-drift"))
    memory.sees(unknown("ntp-drift"), unknown("vaai-status"))
    assert heard(memory.sees(unknown("ntp-drift"), unknown("vaai-status"), after=MINUTE)) == {"mail": ["worsened prod"]}
    assert heard(memory.sees(unknown("ntp-drift"), check(slug="vaai-status"), after=MINUTE)) == NOBODY
    assert memory.record.members == ("ntp-drift",)
    assert heard(memory.sees(unknown("ntp-drift"))) == {"mail": ["reminder prod"]}


def test_another_check_that_stays_unknown_in_place_of_the_one_that_was_told_is_told() -> None:
    memory = Memory()
    memory.sees(unknown("ntp-drift"))
    memory.sees(unknown("ntp-drift"), unknown("vaai-status"))
    assert heard(memory.sees(check(slug="ntp-drift"), unknown("vaai-status"), after=MINUTE)) == {
        "mail": ["worsened prod"]
    }


def test_what_stayed_unknown_is_over_when_it_is_judged() -> None:
    memory = Memory()
    memory.sees(unknown())
    memory.sees(unknown())
    assert heard(memory.sees(check())) == {"mail": ["over: resolved prod"]}


def test_checks_of_a_vcenter_that_cannot_be_reached_are_not_told_as_unknown() -> None:
    memory = Memory()
    memory.scans(unreachable("prod"))
    memory.scans(unreachable("prod"))
    assert {one.check for one in memory.open} == {"vcenter-reachability"}


def test_what_stayed_unknown_stays_while_its_vcenter_cannot_be_reached() -> None:
    memory = Memory()
    memory.sees(unknown("ntp-drift"))
    memory.sees(unknown("ntp-drift"))
    assert heard(memory.scans(unreachable("prod"), after=MINUTE)) == {"pager": ["new prod"]}
    assert heard(memory.sees(unknown("ntp-drift"), after=MINUTE)) == {"pager": ["over: resolved prod"]}
    assert heard(memory.scans(other("lab"))) == {"mail": ["over: resolved prod"]}


# --- routes ---------------------------------------------------------------------------------------------------------


def test_the_end_comes_as_fast_as_the_begin() -> None:
    memory = Memory()
    memory.sees(check(warning("esx-1")))
    assert [one.collect for one in memory.sees(check()).sends] == [5 * MINUTE]


def test_a_channel_that_has_no_route_any_more_is_told_the_end_at_once() -> None:
    memory = Memory()
    memory.sees(check(warning("esx-1")))
    memory.policy = policy(route("pager"))
    decision = memory.sees(check())
    assert [(one.channel, one.collect) for one in decision.sends] == [("mail", timedelta())]


@pytest.mark.parametrize("then", [check(), check(warning("esx-1"))])
def test_a_channel_that_is_not_there_any_more_is_not_told_the_end(then: CheckResult) -> None:
    memory = Memory(policy=policy(route("pager", "chat", severity="critical")))
    memory.sees(check(critical("esx-1")))
    memory.policy = policy(route("chat", severity="critical"), channels=["chat"])
    assert heard(memory.sees(then)).keys() == {"chat"}
    assert heard(memory.sees(check())) == NOBODY


def test_a_channel_that_was_away_is_told_the_end() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    memory.policy, before = policy(channels=[]), memory.policy
    memory.sees(check(critical("esx-1")))
    memory.policy = before
    assert heard(memory.sees(check())) == {"pager": ["over: resolved esx-1"]}


def test_a_channel_that_has_a_route_now_is_told_with_the_next_reminder() -> None:
    memory = Memory()
    memory.sees(check(info("esx-1"), slug="ntp-drift"), check(warning("esx-1")))
    memory.policy = policy(route("chat"))
    assert heard(memory.sees(check(info("esx-1"), slug="ntp-drift"), check(warning("esx-1")))) == {
        "chat": ["reminder esx-1"]
    }
    assert heard(memory.sees(check(slug="ntp-drift"), check())) == {
        "chat": ["over: resolved esx-1"],
        "mail": ["over: resolved esx-1"],
    }


def test_the_worst_comes_first_then_the_order_of_the_report_then_names_and_at_the_end_what_is_over() -> None:
    memory = Memory(policy=policy(route("chat")))
    memory.sees(check(critical("gone"), slug="a-check"), check(slug="b-check"))
    decision = memory.sees(
        check(warning("x") + info("y"), slug="z-check"),
        check(warning("b", "a"), slug="b-check"),
        check(critical("c"), slug="a-check"),
    )
    assert heard(decision) == {"chat": ["new c", "new x", "new a", "new b", "new y", "over: resolved gone"]}


# --- channels that want everything ----------------------------------------------------------------------------------

WITH_ALL = policy(route("am"), route("pager", severity="critical"), everything=["am"])


def test_a_channel_that_wants_everything_gets_each_open_alert_on_every_run() -> None:
    memory = Memory(policy=WITH_ALL)
    memory.sees(check(critical("esx-1")))
    told = memory.record.told
    assert heard(memory.sees(check(critical("esx-1")), after=MINUTE)) == {"am": ["new esx-1"]}
    assert memory.record.told == told
    assert heard(memory.sees(check(warning("esx-1")), after=MINUTE)) == {
        "am": ["improved esx-1"],
        "pager": ["over: improved esx-1"],
    }
    assert heard(memory.sees(check(), after=MINUTE)) == {"am": ["over: resolved esx-1"]}
    assert heard(memory.sees(check(), after=MINUTE)) == NOBODY


def test_it_gets_what_the_check_did_not_look_at_too() -> None:
    memory = Memory(policy=WITH_ALL)
    memory.sees(check(critical("esx-1")))
    assert heard(memory.sees(unknown(), after=WEEK)) == {"am": ["new esx-1"]}


def test_it_gets_what_somebody_took_on_and_what_is_only_info() -> None:
    memory = Memory(policy=WITH_ALL)
    memory.sees(check(info("esx-1")))
    memory.acknowledge()
    assert heard(memory.sees(check(info("esx-1")))) == {"am": ["new esx-1"]}


def test_one_that_is_new_gets_what_is_open_and_its_end() -> None:
    memory = Memory()
    memory.sees(check(critical("esx-1")))
    memory.policy = WITH_ALL
    assert heard(memory.sees(check(critical("esx-1")), after=MINUTE)) == {"am": ["new esx-1"]}
    assert heard(memory.sees(check()))["am"] == ["over: resolved esx-1"]


# --- drafts ---------------------------------------------------------------------------------------------------------


def test_an_alert_is_said_in_the_language_of_its_channel() -> None:
    named = replace(check([Finding(CRITICAL, thing("esx-1"), NOTHING())]), title="Snapshot age")
    ((draft,),) = (send.drafts for send in Memory().sees(named).sends)

    assert draft.in_language(ENGLISH) == draft.alert
    chinese = draft.in_language(CHINESE)
    assert (chinese.title, chinese.message) == (CHINESE.words("Snapshot age"), CHINESE.say(NOTHING()))
    assert chinese.title != "Snapshot age"
    assert chinese.message != draft.alert.message


def test_what_is_over_says_what_it_said_last() -> None:
    memory = Memory()
    memory.sees(check([Finding(CRITICAL, thing("esx-1"), NOTHING())]))
    ((draft,),) = (send.drafts for send in memory.sees(check()).sends)
    assert (draft.in_language(CHINESE).message, draft.alert.event) == ("nothing to examine", Event.RESOLVE)


def test_the_same_input_gives_the_same_decision() -> None:
    runs = [
        [check(critical(*many(9)) + warning("a", "b"), slug="a"), unknown("b")],
        [check(warning(*many(9)), slug="a"), unknown("b")],
    ]
    first, second = ([memory.sees(*results) for results in runs] for memory in (Memory(), Memory()))
    assert first == second


def test_two_vcenters_are_two() -> None:
    memory = Memory()
    memory.scans(vcenter("prod", [check(critical("esx-1"))]), other("lab", check(critical("esx-1"))))
    assert sorted(one.alert.vcenter for one in memory.open) == ["lab", "prod"]


def test_a_finding_on_the_vcenter_itself_is_like_any_other() -> None:
    memory = Memory()
    memory.sees(check([Finding(Severity.WARNING, itself(), BROKEN())]))
    assert heard(memory.sees(check(unseen=[NotExamined(itself(), WHY)]))) == NOBODY
    assert heard(memory.sees(check())) == {"mail": ["over: resolved prod"]}
