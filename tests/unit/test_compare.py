"""What changed between two runs: by finding, and without guessing about what one of them did not see."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.report.scans import finding, itself, unreachable, vcenter, vm
from tests.state.runs import CHECK, check, day, of, run
from vhealthd.compare import Change, Comparison, compare
from vhealthd.model import (
    Category,
    CheckResult,
    Finding,
    Message,
    Mute,
    NotExamined,
    Outcome,
    ScanReport,
    Severity,
    Unseen,
    identity,
)
from vhealthd.wording import english

WEB, DB, APP = (vm(name, number) for number, name in enumerate(("web-1", "db-1", "app-1"), start=1))
INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
LATE = Unseen(Message("test.late", "the read timed out")())
MUTED = Mute(rule="all", owner="jd", reason="known", until=day(99).date())


def at(severity: Severity = WARNING, **more: Any) -> Finding:  # noqa: ANN401 - fields of a finding
    return replace(finding(WEB, severity), **more)


def changes(comparison: Comparison) -> dict[str, str]:
    """Return what became of each object."""
    return {one.finding.object.name: one.change.value for one in comparison.changes}


def gaps(comparison: Comparison) -> list[tuple[str, tuple[str, ...], str, int, int]]:
    return [(one.vcenter, one.checks, english(one.why), one.before, one.after) for one in comparison.not_compared]


OLD, NEW = "run-001.0", "run-002.0"


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ([], [at()], "new"),
        ([at()], [at(CRITICAL)], "worsened"),
        ([at(CRITICAL)], [at(INFO)], "improved"),
        ([at()], [], "resolved"),
        ([at()], [at()], "ongoing"),
        ([at(key="a")], [at(key="a")], "ongoing"),
        ([at(CRITICAL)], [at(muted=MUTED)], "improved"),
        ([at(muted=MUTED)], [at()], "new"),
    ],
)
def test_what_became_of_a_finding(before: list[Finding], after: list[Finding], change: str) -> None:
    comparison = compare(run(1, check(*before)), run(2, check(*after)))
    assert changes(comparison) == {"web-1": change}
    assert gaps(comparison) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], []),
        ([], [at(muted=MUTED)]),
        ([at(silenced_by="host-connection: esx01")], []),
        ([at(muted=MUTED)], [at(CRITICAL, muted=MUTED)]),
    ],
)
def test_what_counts_in_neither_is_not_told(before: list[Finding], after: list[Finding]) -> None:
    assert changes(compare(run(1, check(*before)), run(2, check(*after)))) == {}


def test_the_severities_are_told() -> None:
    (one,) = compare(run(1, check(at())), run(2, check(at(CRITICAL)))).changes
    assert (one.before, one.after, one.counts) == (WARNING, CRITICAL, True)
    (gone,) = compare(run(1, check(at())), run(2, check())).changes
    assert (gone.before, gone.after, gone.finding) == (WARNING, None, at())


def test_another_key_is_another_finding() -> None:
    comparison = compare(run(1, check(at(key="a"))), run(2, check(at(key="b"))))
    assert {one.finding.key: one.change for one in comparison.changes} == {"a": Change.RESOLVED, "b": Change.NEW}


def test_the_worst_come_first() -> None:
    found = [finding(DB, INFO), finding(WEB, CRITICAL), finding(APP)]
    comparison = compare(run(1, check()), run(2, check(*found)))
    assert [one.finding.severity for one in comparison.of(Change.NEW)] == [CRITICAL, WARNING, INFO]
    assert comparison.of(Change.RESOLVED) == ()


# --- ages -----------------------------------------------------------------------------------------------------------


def known(report: ScanReport, since: datetime) -> dict[str, datetime]:
    return {
        identity(one, result, found): since
        for one in report.vcenters
        for result in one.results
        for found in result.findings
    }


def test_what_goes_on_has_an_age() -> None:
    new = run(9, check(at()))
    (one,) = compare(run(8, check(at())), new, first_seen=known(new, day(2))).changes
    assert one.first_seen == day(2)


def test_an_age_that_began_after_both_runs_is_none() -> None:
    new = run(9, check(at()))
    (one,) = compare(run(8, check(at())), new, first_seen=known(new, day(10))).changes
    assert one.first_seen is None


# --- what cannot be told --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (check(outcome=Outcome.UNKNOWN), "in run-002.0 it is unknown"),
        (check(outcome=Outcome.SKIPPED), "in run-002.0 it is skipped"),
        (check(whole=False), "run-002.0 saw only a part of it"),
    ],
)
def test_a_check_that_did_not_look_resolves_nothing(result: CheckResult, why: str) -> None:
    comparison = compare(run(1, check(at())), run(2, result))
    assert changes(comparison) == {}
    assert gaps(comparison) == [("prod", (CHECK,), why, 1, 0)]


def test_what_a_part_of_a_check_saw_goes_on() -> None:
    comparison = compare(run(1, check(at(), finding(DB))), run(2, check(at(), whole=False)))
    assert changes(comparison) == {"web-1": "ongoing"}
    assert gaps(comparison) == [("prod", (CHECK,), "run-002.0 saw only a part of it", 1, 0)]


def test_a_check_that_did_not_run_is_not_compared() -> None:
    assert gaps(compare(run(1, check(at())), run(2))) == [("prod", (CHECK,), "run-002.0 did not run this check", 1, 0)]
    assert gaps(compare(run(1), run(2, check(at())))) == [("prod", (CHECK,), "run-001.0 did not run this check", 0, 1)]


def test_what_is_skipped_in_both_is_no_news() -> None:
    skipped = check(outcome=Outcome.SKIPPED)
    assert gaps(compare(run(1, skipped), run(2, skipped))) == []


def test_what_was_unknown_before_is_not_new() -> None:
    comparison = compare(run(1, check(outcome=Outcome.UNKNOWN)), run(2, check(at())))
    assert changes(comparison) == {}
    assert gaps(comparison) == [("prod", (CHECK,), "in run-001.0 it is unknown", 0, 1)]


def test_but_goes_on_if_it_is_known_to_be_older() -> None:
    new = run(2, check(at()))
    comparison = compare(run(1, check(outcome=Outcome.UNKNOWN)), new, first_seen=known(new, day(0)))
    assert changes(comparison) == {"web-1": "ongoing"}


def test_objects_that_were_not_examined_are_not_compared() -> None:
    blind = check(finding(DB), not_examined=[NotExamined(WEB, LATE)])
    seeing = check(at(), finding(DB), finding(APP))
    gone, come = compare(run(1, seeing), run(2, blind)), compare(run(1, blind), run(2, seeing))

    assert changes(gone) == {"db-1": "ongoing", "app-1": "resolved"}
    assert gaps(gone) == [("prod", (CHECK,), "run-002.0 did not examine objects that have findings", 1, 0)]
    assert changes(come) == {"db-1": "ongoing", "app-1": "new"}
    assert gaps(come) == [("prod", (CHECK,), "run-001.0 did not examine objects that have findings", 0, 1)]


# --- vCenters -------------------------------------------------------------------------------------------------------


def test_a_vcenter_that_was_not_scanned_is_not_compared() -> None:
    both = of(1, vcenter("prod", [check(at())]), replace(vcenter("lab", [check(at())]), instance_uuid="lab"))
    one = of(2, vcenter("prod", [check(at())]))
    assert gaps(compare(both, one)) == [("lab", (), "run-002.0 did not scan this vCenter", 1, 0)]
    assert gaps(compare(one, both)) == [("lab", (), "run-002.0 did not scan this vCenter", 0, 1)]
    assert changes(compare(both, one)) == {"web-1": "ongoing"}


def test_a_vcenter_that_was_renamed_is_the_same() -> None:
    comparison = compare(run(1, check(at())), run(2, check(at()), name="production"))
    assert changes(comparison) == {"web-1": "ongoing"}
    assert gaps(comparison) == []


def test_a_vcenter_that_cannot_be_reached_is_the_same_by_name_and_one_line() -> None:
    slow = replace(check(finding(itself())), check="vcenter-reachability", category=Category.CONNECTIVITY)
    down = of(2, unreachable("prod"))
    checks = [replace(check(at()), check=one.check) for one in down.vcenters[0].results[2:4]]
    comparison = compare(run(1, slow, *checks), down)

    assert [one.change for one in comparison.changes] == [Change.WORSENED]
    (whole,) = [one for one in comparison.not_compared if one.before]
    assert english(whole.why) == "run-002.0 could not reach this vCenter"
    assert whole.before == 2
    assert len(whole.checks) == 10


def test_what_no_earlier_run_knows_is_new_though_the_last_one_did_not_look() -> None:
    """A critical that arose while a vCenter was down must not come in silently when it is back."""
    blind, sees = run(2, check(outcome=Outcome.UNKNOWN)), run(3, check(at(CRITICAL)))

    assert changes(compare(blind, sees, first_seen=known(sees, sees.started))) == {"web-1": "new"}
    assert changes(compare(blind, sees, first_seen=known(sees, day(1)))) == {"web-1": "ongoing"}
    assert changes(compare(blind, sees)) == {}, "nobody knows"


def test_what_a_scope_does_not_match_any_more_is_not_resolved() -> None:
    """A cluster that was renamed takes its objects out of a scope that names it."""
    renamed = run(2, check(), unmatched_scope=("production",))

    assert changes(compare(run(1, check(at())), renamed)) == {}
