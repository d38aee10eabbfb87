"""What the pages after the first show: risks, changes, trend and capacity, limits, where the time went."""

from dataclasses import replace
from typing import Any

import pytest

from tests.report.pasts import BERLIN, DAY, limits, past_run, told
from tests.report.scans import (
    ENGLISH,
    cluster,
    finding,
    host,
    itself,
    ordinary,
    result,
    say,
    scan,
    store,
    unreachable,
    usage,
    vcenter,
    vm,
)
from vhealthd.compare import compare
from vhealthd.model import CheckResult, Finding, LimitInForce, Resource, ScanReport, Severity, identity
from vhealthd.report import view
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.chapter import limit_line
from vhealthd.report.order import found, judged
from vhealthd.report.words import Words

CRITICAL, INFO = Severity.CRITICAL, Severity.INFO


def shown(report: ScanReport, background: Background = NO_BACKGROUND) -> view.View:
    return view.build(report, language=ENGLISH, background=background)


def prod(*results: CheckResult) -> ScanReport:
    return scan(vcenter("prod", results))


def after(old: ScanReport, new: ScanReport, **more: Any) -> Background:  # noqa: ANN401 - what a background has
    """Make the background of a report after an earlier one of the day before."""
    before = replace(old, run_id="before", started=old.started - DAY, finished=old.finished - DAY)
    first_seen = more.get("first_seen", {})
    return Background(comparison=compare(before, new, first_seen=first_seen), **more)


def text(pieces: list[str]) -> str:
    return "".join(pieces)


# --- risks


def test_the_ten_worst_findings_are_risks_and_one_check_does_not_hide_the_others() -> None:
    many = result("a", [finding(vm(f"vm-{n:02}", n), CRITICAL) for n in range(20)])
    risks = shown(prod(many, result("b", [finding(vm("other"), CRITICAL)]), result("c", [finding()])))["risks"]

    assert [row["check"] for row in risks["rows"]] == [*["a"] * 9, "b"]
    assert risks["note"] == "The worst 10 of 22 findings; the chapters that follow have the others."


def test_a_risk_says_what_to_do_and_where_to_read_on() -> None:
    one = replace(result(findings=[finding()], kb="318825"), remediation="Delete it. Then wait. Then look.")
    (row,) = shown(prod(one))["risks"]["rows"]

    assert text(row["advice"]) == "Delete it. Then wait. Then look.", "the sentence that is meant may be the last one"
    assert (row["article"], row["link"]) == (
        "KB 318825",
        "https://knowledge.broadcom.com/external/article/318825",
    )
    assert row["since"] == "—", "nothing is known of earlier runs"


def test_what_is_only_worth_knowing_is_no_risk() -> None:
    assert shown(prod(result(findings=[finding(severity=INFO)])))["risks"] == {"rows": [], "note": ""}


# --- changes


def test_without_an_earlier_run_there_is_nothing_to_compare_with() -> None:
    changes = shown(scan(ordinary()))["changes"]

    assert changes["intro"] == "There is no earlier run to compare with."
    assert (changes["sections"], changes["nothing"]) == ([], "")


def test_findings_are_new_worse_better_resolved_or_still_open() -> None:
    a, b, c, d = (finding(vm(name, n)) for n, name in enumerate("abcd"))
    old = prod(result(findings=[b, replace(c, severity=CRITICAL), d, finding(vm("gone", 9))]))
    new = prod(result(findings=[a, replace(b, severity=CRITICAL), c, d]))
    since = {identity(*one): new.started - 12 * DAY for one in found(judged(new)) if one.finding.object.name == "d"}
    changes = shown(new, after(old, new, first_seen=since))["changes"]

    rows = {
        part["title"]: [(text(one["object"]), one["was"], one["age"]) for one in part["rows"]]
        for part in changes["sections"]
    }
    assert rows == {
        "New (1)": [("a", "", "today")],
        "Worse (1)": [("b", "Warning → Critical", "—")],
        "Better (1)": [("c", "Critical → Warning", "—")],
        "Resolved (1)": [("gone", "", "—")],
        "Still open (1)": [("d", "", "12 days")],
    }
    assert changes["intro"] == "Compared with run before of 2026-11-20 06:00 UTC."


def test_where_nothing_changed_that_is_said() -> None:
    same = prod(result(findings=[finding()]))

    assert shown(same, after(same, same))["changes"]["nothing"] == "Nothing is new, worse, better or resolved."


def test_still_open_findings_stand_worst_first_then_by_age_and_are_cut() -> None:
    findings = [finding(vm(f"vm-{n:02}", n), CRITICAL if n == 7 else Severity.WARNING) for n in range(30)]
    same = prod(result(findings=findings))
    since = {identity(*one): same.started - int(one.finding.object.name[3:]) * DAY for one in found(judged(same))}
    (part,) = shown(same, after(same, same, first_seen=since))["changes"]["sections"]

    assert [text(one["object"]) for one in part["rows"]] == ["vm-07", *(f"vm-{n}" for n in range(29, 10, -1))]
    assert part["note"] == "First 20 of 30 rows shown; findings.csv has all that is there now."


def test_what_cannot_be_compared_is_said_and_not_guessed() -> None:
    up, down = scan(ordinary("prod")), scan(unreachable("prod"))
    (row, *_) = shown(down, after(up, down))["changes"]["not-compared"]

    assert text(row["vcenter"]) == "prod"
    assert "could not reach this vCenter" in text(row["reason"])


def test_what_was_muted_or_silenced_since_is_not_shown_as_still_open() -> None:
    silent = replace(finding(), silenced_by="host-connection: esx04")
    old, new = prod(result(findings=[finding()])), prod(result(findings=[silent]))
    page = shown(new, after(old, new))

    assert page["changes"]["sections"] == []
    assert {one["value"] for one in page["delta"]} == {"0"}


# --- first seen


def test_first_seen_is_a_local_day_and_that_of_the_run_for_what_is_new() -> None:
    report = prod(result(findings=[finding(vm("new", 1)), finding(vm("old", 2))]))
    one = next(one for one in found(judged(report)) if one.finding.object.name == "old")
    late = report.started.replace(day=10, hour=23, minute=30)
    page = shown(report, Background(zone=BERLIN, first_seen={identity(*one): late}))

    rows = page["chapters"][0]["sections"][0]["rows"]
    assert {text(row["object"]): row["since"] for row in rows} == {"new": "2026-11-21", "old": "2026-11-11"}


# --- trend and capacity


def test_runs_are_columns_and_one_run_is_none() -> None:
    report = prod(result(findings=[finding(vm("a", 1), CRITICAL), finding(vm("b", 2)), finding(vm("c", 3), INFO)]))
    runs = tuple(past_run(report.started - n * DAY, critical=n, warning=5) for n in (2, 1))

    told = shown(report, Background(runs=runs))["trends"]["runs"]
    assert told["columns"] == [
        {"critical": 2, "warning": 5},
        {"critical": 1, "warning": 5},
        {"critical": 1, "warning": 1},
    ]
    assert (told["most"], told["first"], told["last"]) == ("7", "2026-11-19", "2026-11-21")
    assert shown(report)["trends"]["runs"] is None


def test_a_resource_is_a_line_with_the_limits_that_most_of_it_has() -> None:
    small = replace(usage(store("a", 1), Resource.STORAGE, 50, capacity=10), warning_percent=1, critical_percent=2)
    large = usage(store("b", 2), Resource.STORAGE, 90, capacity=990)
    report = prod(result(usages=[small, large]))
    (storage,) = shown(report, Background(runs=(past_run(report.started - DAY),)))["trends"]["resources"]

    assert (storage["value"], storage["status"], storage["guides"]) == ("89.6 %", "warning", [85, 95])
    assert storage["points"] == [74, 89.6]
    (alone,) = shown(report)["trends"]["resources"]
    assert alone["points"] == []


def test_clusters_stand_by_what_they_have_least_of_and_miss_what_was_not_read() -> None:
    a, b = cluster("a", 1), cluster("b", 2)
    cpu = result("cpu", usages=[usage(a, Resource.CPU, 20, capacity=1000), usage(b, Resource.CPU, 60, capacity=1000)])
    memory = result("memory", [finding(a, CRITICAL)], usages=[usage(a, Resource.MEMORY, 96)])
    rows = shown(prod(cpu, memory))["trends"]["clusters"]["rows"]

    assert [text(row["name"]) for row in rows] == ["a", "b"]
    assert [(row["cpu"]["text"], row["memory"] and row["memory"]["text"]) for row in rows] == [
        ("20.0 %", "96.0 %"),
        ("60.0 %", None),
    ]
    assert (rows[0]["memory"]["status"], rows[0]["cpu"]["status"]) == ("critical", "pass"), "as the checks say"


@pytest.mark.parametrize(
    ("per_day", "said"),
    [(None, "—"), (-5, "—"), (0, "—"), (10, "10 days"), (100, "1 day"), (0.25, "over a year")],
    ids=["not known", "it empties", "it stands still", "days", "a day", "long"],
)
def test_a_datastore_says_when_it_is_full(per_day: float | None, said: str) -> None:
    one = usage(store(), Resource.STORAGE, 90, capacity=1000, per_day=per_day)
    (row,) = shown(prod(result(usages=[one])))["trends"]["datastores"]["rows"]

    assert row["days"] == said


def test_only_the_fullest_are_shown() -> None:
    stores = [usage(store(f"store-{n:02}", n), Resource.STORAGE, n) for n in range(45)]
    shown_stores = shown(prod(result(usages=stores)))["trends"]["datastores"]

    assert [text(row["name"]) for row in shown_stores["rows"]] == [f"store-{n}" for n in range(44, 24, -1)]
    assert shown_stores["note"] == "The fullest 20 of 45."


# --- chapters and appendix


@pytest.mark.parametrize(
    ("limits_in_force", "line"),
    [
        ([], "—"),
        ([("warning_days", "7", "days")], "7 days"),
        ([("warning_percent", "85", "%"), ("critical_percent", "95", "%")], "85 / 95 %"),
        ([("warning_days", "7", "days"), ("critical_days", "null", "days")], "7 days"),
        ([("warning_chain", "5", ""), ("critical_chain", "15", ""), ("warning_days", "7", "days")], "5 / 15"),
        ([("ignore_names", '["a"]', "")], "—"),
    ],
)
def test_a_row_of_a_check_has_its_first_limits(limits_in_force: list[tuple[str, str, str]], line: str) -> None:
    assert limit_line([LimitInForce("a", *one, "default") for one in limits_in_force], Words(ENGLISH)) == line


def measured(one: Finding) -> tuple[str, str]:
    (row,) = shown(prod(result(findings=[one])))["chapters"][0]["sections"][0]["rows"]
    return row["measured"], row["limit"]


def test_what_was_measured_stands_beside_its_limit() -> None:
    full = say(
        "{used:percent} of {size:bytes} is used; the limit is {threshold_percent:limit}",
        used=96.34,
        size=4 << 40,
        threshold_percent=95,
    )

    assert measured(finding(text=full)) == ("96.3 %", "95 %")
    assert measured(finding(host(), text=say("it is gone"))) == ("—", "—")


def test_limits_are_told_by_check_and_origin() -> None:
    report = prod(result("a-check", title="A check"))
    rows = shown(replace(report, limits=limits(report)))["appendix"]["limits"]

    assert [(text(row["title"]), text(row["limits"]), text(row["origin"]), row["changed"]) for row in rows] == [
        ("A check", "warning_percent: 85 (%)", "default", False),
        ("A check", "critical_percent: 95 (%)", "configuration", True),
        ("A check", "warning_percent: 75 (%)", "override for ^db-", True),
    ]


def test_the_slowest_parts_stand_first() -> None:
    slow = replace(result("slow", [finding(itself())]), seconds=3)
    one = replace(vcenter("prod", [slow, result("quick")]), collecting={"hosts": 12.3456, "names": 0.5})
    rows = shown(scan(one))["appendix"]["seconds"]

    assert [(row["kind"], text(row["name"]), row["seconds"]) for row in rows] == [
        ("reading", "hosts", "12.346"),
        ("judging", "slow", "3.000"),
        ("reading", "names", "0.500"),
        ("judging", "quick", "0.002"),
    ]


def test_deliveries_that_failed_are_told_with_their_reason() -> None:
    (row,) = shown(*told(scan(ordinary())))["appendix"]["failed"]

    assert (text(row["what"]), text(row["sink"])) == ("report.pdf", "s3")
    assert text(row["reason"]) == "the bucket reports denied the write: the privilege s3:PutObject lacks"
    assert row["when"] == "2026-11-20 19:00 CET (2026-11-20 18:00 UTC)"
