from tests.report.scans import finding, itself, ordinary, result, scan, unreachable, vcenter, vm
from vhealthd.model import Category, Outcome, Severity
from vhealthd.report.order import (
    affected,
    found,
    judged,
    tally,
    top,
    unjudged,
    worst_findings_first,
    worst_results_first,
)


def test_findings_stand_by_severity_then_name_then_key() -> None:
    findings = [
        finding(vm("b"), key="2"),
        finding(vm("a"), Severity.INFO),
        finding(vm("b"), key="1"),
        finding(vm("z"), Severity.CRITICAL),
        finding(vm("b")),
        finding(vm("a")),
    ]
    ordered = [(one.severity.value, one.object.name, one.key) for one in worst_findings_first(findings)]
    assert ordered == [
        ("critical", "z", None),
        ("warning", "a", None),
        ("warning", "b", None),
        ("warning", "b", "1"),
        ("warning", "b", "2"),
        ("info", "a", None),
    ]


def test_of_one_severity_the_given_order_of_checks_comes_before_names() -> None:
    report = scan(
        vcenter("prod", [result("second-by-name", [finding(vm("z"))]), result("a-check", [finding(vm("a"))])]),
        vcenter("lab", [result("a-check", [finding(vm("b"), Severity.CRITICAL)])]),
    )
    ordered = [(one.result.check, one.finding.object.name) for one in found(judged(report))]
    assert ordered == [("a-check", "b"), ("second-by-name", "z"), ("a-check", "a")]


def test_results_stand_worst_first_unknown_before_warning() -> None:
    outcomes = [Outcome.SKIPPED, Outcome.PASS, Outcome.WARNING, Outcome.UNKNOWN, Outcome.INFO, Outcome.CRITICAL]
    report = scan(vcenter("prod", [result(f"check-{n}", outcome=outcome) for n, outcome in enumerate(outcomes)]))
    assert [row.result.outcome for row in worst_results_first(judged(report))] == list(Outcome)


def test_one_check_with_many_findings_does_not_hide_the_others() -> None:
    many = result("snapshot-age", [finding(vm(f"vm-{n:03}", n), Severity.CRITICAL) for n in range(500)])
    report = scan(
        vcenter("prod", [many, *(result(f"other-{n}", [finding(vm("x"), Severity.CRITICAL)]) for n in range(4))])
    )
    first = top(report, 10)
    assert [one.result.check for one in first].count("snapshot-age") == 6
    assert [one.result.check for one in first][6:] == ["other-0", "other-1", "other-2", "other-3"]


def test_a_critical_finding_always_comes_before_warnings() -> None:
    many = result("snapshot-age", [finding(vm(f"vm-{n}", n), Severity.CRITICAL) for n in range(20)])
    report = scan(vcenter("prod", [many, result("tools", [finding()])]))
    assert {one.finding.severity for one in top(report, 10)} == {Severity.CRITICAL}


def test_an_object_counts_once_however_many_checks_find_it_and_info_does_not_count() -> None:
    report = scan(
        vcenter(
            "prod",
            [
                result("a", [finding(vm("x", 1)), finding(vm("x", 1), key="2"), finding(vm("y", 2), Severity.INFO)]),
                result("b", [finding(vm("x", 1)), finding(itself())]),
            ],
        ),
        vcenter("lab", [result("a", [finding(vm("x", 1))])]),
    )
    assert len(affected(report)) == 3


def test_a_tally_has_every_outcome() -> None:
    counts = tally(judged(scan(ordinary())))
    assert list(counts) == list(Outcome)
    assert sum(counts.values()) == 15


def test_checks_of_an_unreachable_vcenter_share_one_reason() -> None:
    groups = unjudged(judged(scan(unreachable(), ordinary())))
    assert [(one.outcome, one.vcenter.name, len(one.results)) for one in groups] == [
        (Outcome.UNKNOWN, "prod-2", 10),
        (Outcome.UNKNOWN, "prod", 1),
        (Outcome.SKIPPED, "prod", 1),
        (Outcome.SKIPPED, "prod", 1),
    ]


def test_a_reason_is_kept_even_where_findings_decide_the_outcome() -> None:
    half_blind = result(findings=[finding(severity=Severity.CRITICAL)], reason="no answer", category=Category.VM)
    assert [one.outcome for one in unjudged(judged(scan(vcenter("prod", [half_blind]))))] == [Outcome.CRITICAL]
