"""The health score and the used shares, by example and by law."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.scans import cluster, finding, host, itself, result, scan, store, unreachable, usage, vcenter, vm
from vhealthd.figures import figures, health_score, used_percent
from vhealthd.model import CheckResult, Entity, Finding, Outcome, Resource, Severity

PASS, CRITICAL, WARNING, INFO = result("passes"), Severity.CRITICAL, Severity.WARNING, Severity.INFO
UNKNOWN = result("unknown", outcome=Outcome.UNKNOWN, examined=0)
SKIPPED = result("skipped", outcome=Outcome.SKIPPED, examined=0)


def found(count: int, severity: Severity, examined: int = 10) -> CheckResult:
    return result(findings=[finding(vm(f"vm-{n}", n), severity) for n in range(count)], examined=examined)


@pytest.mark.parametrize(
    ("results", "score"),
    [
        ([PASS], 100),
        ([found(3, INFO)], 100),
        ([UNKNOWN], 50),
        ([found(1, WARNING)], 83),  # 100 - (15 + 15 / 10), rounded down
        ([found(10, WARNING)], 70),
        ([found(1, CRITICAL)], 36),
        ([found(10, CRITICAL)], 0),
        ([PASS, PASS, PASS, found(10, CRITICAL)], 75),
        ([PASS] * 99 + [found(1, WARNING, 1000)], 99),
        ([PASS, UNKNOWN], 75),
    ],
    ids=[
        "all passes",
        "what is only worth knowing costs nothing",
        "unknown may be anything",
        "a warning",
        "everything warns",
        "a critical",
        "everything is critical",
        "the mean over all results",
        "100 is said of nothing that warns",
        "half is unknown",
    ],
)
def test_a_score_is_100_less_the_mean_cost(results: list[CheckResult], score: int) -> None:
    assert health_score(results) == score


def test_what_was_skipped_costs_nothing() -> None:
    some = [PASS, found(2, WARNING)]

    assert health_score([*some, SKIPPED, SKIPPED]) == health_score([*some, PASS, PASS])


def test_where_nothing_was_judged_there_is_no_score() -> None:
    assert health_score([]) is None
    assert health_score([SKIPPED]) is None
    assert figures(scan()).score is None


def test_an_object_that_is_critical_twice_is_one_object() -> None:
    twice = [finding(vm("a"), CRITICAL, key="x"), finding(vm("a"), CRITICAL, key="y")]

    assert health_score([result(findings=twice, examined=10)]) == health_score([found(1, CRITICAL)])


def test_more_bad_objects_than_examined_ones_are_all_of_them() -> None:
    assert health_score([found(3, CRITICAL, examined=1)]) == 0


def test_findings_that_do_not_count_cost_nothing() -> None:
    silent = replace(finding(vm("a"), CRITICAL), silenced_by="host-connection: esx04")

    assert health_score([result(findings=[silent], outcome=Outcome.PASS)]) == 100
    loud = finding(vm("b", 2), CRITICAL)
    assert health_score([result(findings=[silent, loud], examined=10)]) == health_score([found(1, CRITICAL)])


def test_the_figures_of_a_run_are_over_all_vcenters() -> None:
    one, other = vcenter("a", [PASS]), vcenter("b", [UNKNOWN])

    assert figures(scan(one, other)).score == 75
    assert (figures(scan(unreachable())).score or 0) < 50


# --- laws

OBJECTS = [*(vm(f"vm-{n}", n) for n in range(10)), host(), itself()]
FINDINGS = st.builds(finding, st.sampled_from(OBJECTS), st.sampled_from(Severity), key=st.sampled_from([None, "k"]))


@st.composite
def results(draw: st.DrawFn) -> CheckResult:
    some = draw(st.lists(FINDINGS, max_size=12))
    counted = Outcome(max((one.severity for one in some), key=lambda one: one.rank)) if some else Outcome.PASS
    # A check that could not judge in full is unknown, whatever it found besides; a critical finding says more.
    blind = draw(st.booleans()) and counted is not Outcome.CRITICAL
    nothing = draw(st.booleans()) and not some
    outcome = Outcome.SKIPPED if nothing else Outcome.UNKNOWN if blind else counted
    examined = 0 if nothing else draw(st.integers(len({one.object.ref for one in some}), 13))
    return result(findings=some, outcome=outcome, examined=examined)


# What hypothesis would seldom come upon: so many of ten objects are bad, and perhaps all of them.
ALIKE = st.builds(found, st.integers(1, 10), st.sampled_from([WARNING, CRITICAL]))
ANY = results() | ALIKE


def worse(one: CheckResult, more: Finding) -> CheckResult:
    """Return what a check says when it finds one thing more, on an object that it examines already or not."""
    known = {finding.object.ref for finding in one.findings}
    rank = Outcome(more.severity).rank
    return replace(
        one,
        findings=(*one.findings, more),
        outcome=Outcome(more.severity) if rank < one.outcome.rank else one.outcome,
        examined=max(one.examined, len(known | {more.object.ref})),
    )


@given(st.lists(ANY, min_size=1, max_size=6), st.data())
def test_a_new_critical_finding_never_raises_the_score(before: list[CheckResult], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(before) - 1))
    critical = finding(data.draw(st.sampled_from(OBJECTS)), CRITICAL, key=data.draw(st.sampled_from([None, "new"])))
    after = [worse(one, critical) if n == at else one for n, one in enumerate(before)]

    score = health_score(before)
    assert (health_score(after) or 0) <= (100 if score is None else score)


@given(st.lists(ANY, max_size=6), st.integers(1, 12), st.sampled_from(OBJECTS))
def test_a_warning_costs_more_than_a_pass(others: list[CheckResult], examined: int, about: Entity) -> None:
    passed = result(examined=examined)
    warns = worse(passed, finding(about, WARNING))

    assert (health_score([*others, warns]) or 0) <= (health_score([*others, passed]) or 0)
    assert (health_score([warns]) or 0) < 100


@given(st.lists(ANY))
def test_a_score_is_between_0_and_100(some: list[CheckResult]) -> None:
    score = health_score(some)

    assert (score is None) == all(one.outcome is Outcome.SKIPPED for one in some)
    assert score is None or 0 <= score <= 100


# --- how full everything is


def test_the_used_share_is_that_of_all_together() -> None:
    small = usage(store("small", 1), Resource.STORAGE, 100, capacity=1 << 40)
    large = usage(store("large", 2), Resource.STORAGE, 20, capacity=3 << 40)
    cpu = usage(cluster(), Resource.CPU, 12.5, capacity=1000)

    used = used_percent([result(usages=[small]), result(usages=[large, cpu])])
    assert used == {Resource.CPU: 12.5, Resource.STORAGE: 40}
    assert figures(scan(vcenter("a", [result(usages=[small])]), vcenter("b", [result(usages=[large])]))).used == {
        Resource.STORAGE: 40
    }


def test_what_was_not_read_has_no_share() -> None:
    nothing = usage(cluster(), Resource.MEMORY, 0, capacity=1)

    assert used_percent([PASS]) == {}
    assert used_percent([result(usages=[replace(nothing, capacity=0)])]) == {}
