"""How much of what was judged was not critical: counts in, shares out.

Warnings are tolerated, criticals are not. What is unknown or was skipped is not judged, and is counted beside it. Where
nothing was judged there is no share: that is neither 0 nor 100.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar

from vhealthd.model import Category, Outcome, ScanReport

T = TypeVar("T")

# The windows that are always told, besides the last run by itself.
THE_RUN = "run"
WINDOWS: Mapping[str, timedelta] = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}


class Results(NamedTuple):
    """So many results of one check on one vCenter had this outcome."""

    vcenter: str
    check: str
    category: Category
    outcome: Outcome
    number: int


@dataclass(frozen=True, slots=True)
class Attainment:
    """Results by outcome, and the share of those judged that are not critical."""

    outcomes: Mapping[Outcome, int]

    @property
    def judged(self) -> int:
        """How many results are a judgement."""
        return sum(self.outcomes.values()) - self.unknown - self.skipped

    @property
    def critical(self) -> int:
        """How many of them are critical."""
        return self.outcomes.get(Outcome.CRITICAL, 0)

    @property
    def unknown(self) -> int:
        """How many should have been judgements."""
        return self.outcomes.get(Outcome.UNKNOWN, 0)

    @property
    def skipped(self) -> int:
        """How many could not be."""
        return self.outcomes.get(Outcome.SKIPPED, 0)

    @property
    def ratio(self) -> float | None:
        """The share, from 0 to 1; None where nothing was judged."""
        return (self.judged - self.critical) / self.judged if self.judged else None

    @property
    def percent(self) -> float | None:
        """The share in per cent with two decimals, rounded down: 100 is said of nothing that was critical once."""
        return (self.judged - self.critical) * 10_000 // self.judged / 100 if self.judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sla:
    """The attainment of one window, overall and by part."""

    overall: Attainment
    vcenters: Mapping[str, Attainment]
    categories: Mapping[Category, Attainment]
    checks: Mapping[str, Attainment]


def sla(results: Iterable[Results]) -> Sla:
    """Sum results up. vCenters and checks come by name, categories in their order."""
    rows = list(results)
    categories = _by(rows, lambda row: row.category)
    return Sla(
        overall=_attainment(rows),
        vcenters=dict(sorted(_by(rows, lambda row: row.vcenter).items())),
        categories={one: categories[one] for one in Category if one in categories},
        checks=dict(sorted(_by(rows, lambda row: row.check).items())),
    )


def results_of(report: ScanReport) -> list[Results]:
    """Return the results of one run."""
    return [
        Results(vcenter.name, result.check, result.category, result.outcome, 1)
        for vcenter in report.vcenters
        for result in vcenter.results
    ]


class Kept(Protocol):
    """Where results are kept."""

    async def results(self, *, since: datetime, until: datetime) -> Sequence[Results]:
        """Count the results of the runs that began after one time and up to another."""


async def levels(kept: Kept, *, now: datetime, windows: Mapping[str, timedelta] = WINDOWS) -> dict[str, Sla]:
    """Return the attainment of windows that end now."""
    return {name: sla(await kept.results(since=now - length, until=now)) for name, length in windows.items()}


async def levels_of(kept: Kept, started: datetime) -> dict[str, Sla]:
    """Return the attainment of the run that began then, as a window of its own."""
    return {THE_RUN: sla(await kept.results(since=started - timedelta.resolution, until=started))}


def _by(rows: Iterable[Results], part: Callable[[Results], T]) -> dict[T, Attainment]:
    parts: dict[T, list[Results]] = {}
    for row in rows:
        parts.setdefault(part(row), []).append(row)
    return {name: _attainment(some) for name, some in parts.items()}


def _attainment(rows: Iterable[Results]) -> Attainment:
    counts: Counter[Outcome] = Counter()
    for row in rows:
        counts[row.outcome] += row.number
    return Attainment(counts)
