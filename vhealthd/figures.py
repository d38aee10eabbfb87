"""The few numbers that stand for a whole run: its health score, and how full everything is. Pure.

The score is 100 less the mean cost of all results. A result costs

    pass, info, skipped   0
    warning              15 to 30   the more, the larger the share of the examined objects that warn
    unknown              50         it may be anything
    critical             60 to 100  the more, the larger the share of the examined objects that are critical

The costs of the outcomes do not overlap, and within one a further object only adds; and what was skipped is a result
too. So a new critical finding never raises the score, whatever result it takes the place of.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import floor

from vhealthd.model import CheckResult, Outcome, Resource, ScanReport, Severity

# What an outcome costs at least, and what the share of objects adds at most.
_COSTS: Mapping[Outcome, tuple[int, int]] = {
    Outcome.CRITICAL: (60, 40),
    Outcome.UNKNOWN: (50, 0),
    Outcome.WARNING: (15, 15),
    Outcome.INFO: (0, 0),
    Outcome.PASS: (0, 0),
    Outcome.SKIPPED: (0, 0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`score` is 0 to 100, None where nothing was judged; `used` is in per cent of what was read of a resource."""

    score: int | None = None
    used: Mapping[Resource, float] = field(default_factory=dict)


def figures(report: ScanReport) -> Figures:
    """Sum a run up."""
    results = [result for vcenter in report.vcenters for result in vcenter.results]
    return Figures(score=health_score(results), used=used_percent(results))


def health_score(results: Iterable[CheckResult]) -> int | None:
    """Return the score, rounded down: 100 is said of nothing that warns. None where nothing was judged."""
    costs = [(one.outcome, _cost(one)) for one in results]
    if all(outcome is Outcome.SKIPPED for outcome, _ in costs):
        return None
    return floor(100 - sum(cost for _, cost in costs) / len(costs))


def _cost(result: CheckResult) -> float:
    least, more = _COSTS[result.outcome]
    return least + more * _share(result) if more else least


def _share(result: CheckResult) -> float:
    """Return the share of the examined objects that are as bad as the outcome says."""
    bad = {
        (one.object.ref.type, one.object.moref) for one in result.counted if one.severity is Severity(result.outcome)
    }
    return len(bad) / max(result.examined, len(bad), 1)


def used_percent(results: Iterable[CheckResult]) -> dict[Resource, float]:
    """Return the used share of each resource over all that was read of it."""
    used, capacity = dict.fromkeys(Resource, 0.0), dict.fromkeys(Resource, 0.0)
    for usage in (usage for result in results for usage in result.usages):
        used[usage.resource] += usage.used
        capacity[usage.resource] += usage.capacity
    return {one: 100 * used[one] / capacity[one] for one in Resource if capacity[one]}
