"""The order in which a report shows its results, and what is counted over them.

Worst first; of equals, in the order of the checks as the report has them; then by name.
"""

from collections.abc import Iterable
from typing import NamedTuple

from vhealthd.model import (
    CheckResult,
    Finding,
    MoRef,
    Outcome,
    ScanReport,
    Severity,
    Text,
    VCenterReport,
    VirtualCenter,
)
from vhealthd.wording import english


class Judged(NamedTuple):
    """What one check says of one vCenter."""

    vcenter: VCenterReport
    result: CheckResult


class Found(NamedTuple):
    """A finding and where it was found."""

    vcenter: VCenterReport
    result: CheckResult
    finding: Finding


def judged(report: ScanReport) -> list[Judged]:
    """List all results in the order of the report."""
    return [Judged(vcenter, result) for vcenter in report.vcenters for result in vcenter.results]


def worst_results_first(rows: Iterable[Judged]) -> list[Judged]:
    """Sort results by outcome, then by check in the order of first appearance, then by vCenter as given."""
    rows = list(rows)
    place = _places(rows)
    return sorted(rows, key=lambda row: (row.result.outcome.rank, place[row.result.check]))


def worst_findings_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sort the findings of one result by severity, then by the name of the object, then by key."""
    return sorted(findings, key=lambda one: (-one.severity.rank, one.object.name, one.key or ""))


def found(rows: Iterable[Judged]) -> list[Found]:
    """List the findings of many results: by severity, then by check in the order of first appearance, then by name."""
    rows = list(rows)
    place = _places(rows)
    everything = [Found(*row, finding) for row in rows for finding in row.result.findings]
    return sorted(
        everything,
        key=lambda one: (
            -one.finding.severity.rank,
            place[one.result.check],
            one.finding.object.name,
            one.finding.key or "",
        ),
    )


def top(report: ScanReport, limit: int) -> list[Found]:
    """Return the findings that are read first.

    Of one severity, each check gives its first finding before any check gives its second, so that one check with
    hundreds of findings does not hide the others. What is muted or silenced is not among them.
    """
    everything = [one for one in found(judged(report)) if one.finding.counts]
    turns: list[tuple[int, int, int]] = []
    seen: dict[tuple[Severity, str], int] = {}
    for place, one in enumerate(everything):
        group = (one.finding.severity, one.result.check)
        seen[group] = seen.get(group, 0) + 1
        turns.append((-one.finding.severity.rank, seen[group], place))
    return [everything[place] for place in sorted(place for *_, place in sorted(turns)[:limit])]


class Unjudged(NamedTuple):
    """Checks of one vCenter that did not judge, or not in full, for one reason (None: the outcome says it all)."""

    outcome: Outcome
    vcenter: VCenterReport
    reason: Text | None
    results: list[CheckResult]


def unjudged(rows: Iterable[Judged]) -> list[Unjudged]:
    """Group the results that have a reason, or that are unknown or skipped; worst first."""
    groups: dict[tuple[Outcome, str, str], Unjudged] = {}
    for vcenter, result in worst_results_first(rows):
        if result.reason is None and result.outcome not in (Outcome.UNKNOWN, Outcome.SKIPPED):
            continue
        said = english(result.reason) if result.reason else ""
        group = groups.setdefault(
            (result.outcome, vcenter.name, said), Unjudged(result.outcome, vcenter, result.reason, [])
        )
        group.results.append(result)
    return list(groups.values())


def affected(report: ScanReport) -> set[tuple[str, MoRef | None]]:
    """Return the objects with a critical or warning finding: vCenter's name and reference; None for vCenter itself."""
    return {
        (row.vcenter.name, None if isinstance(finding.object, VirtualCenter) else finding.object.ref)
        for row in judged(report)
        for finding in row.result.counted
        if finding.severity is not Severity.INFO
    }


class Quiet(NamedTuple):
    """How many findings do not count: those that are muted, and of the others those that are silenced."""

    muted: int
    silenced: int


def quiet(rows: Iterable[Judged]) -> Quiet:
    """Count the findings that do not count."""
    rest = [one for row in rows for one in row.result.findings if not one.counts]
    muted = sum(one.muted is not None for one in rest)
    return Quiet(muted, len(rest) - muted)


def tally(rows: Iterable[Judged]) -> dict[Outcome, int]:
    """Count results by outcome; every outcome has a number, worst first."""
    counts = dict.fromkeys(Outcome, 0)
    for row in rows:
        counts[row.result.outcome] += 1
    return counts


def _places(rows: Iterable[Judged]) -> dict[str, int]:
    """Return the place of each check, by first appearance."""
    return {slug: place for place, slug in enumerate(dict.fromkeys(row.result.check for row in rows))}


def unexamined(rows: Iterable[Judged]) -> int:
    """Count the objects that some check which ran did not examine, or not in full."""
    return len({(row.vcenter.name, one.object.ref) for row in rows for one in row.result.not_examined})
