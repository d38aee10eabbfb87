"""What changed from one run to another: pure, over their two reports.

What the two cannot tell is said and not guessed: a finding of a check that did not look in one of them is neither new nor
resolved.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from vhealthd.model import (
    CheckResult,
    Finding,
    Message,
    Outcome,
    ScanReport,
    Severity,
    Text,
    VCenterReport,
    VCenterState,
    identity,
)

NOT_SCANNED = Message("compare.not-scanned", "{run} did not scan this vCenter")
UNREACHABLE = Message("compare.unreachable", "{run} could not reach this vCenter")
NOT_SELECTED = Message("compare.not-selected", "{run} did not run this check")
NOT_JUDGED = Message("compare.not-judged", "in {run} it is {outcome}")
IN_PART = Message("compare.in-part", "{run} saw only a part of it")
OBJECTS = Message("compare.objects", "{run} did not examine objects with findings before")

Place = tuple[str | None, str | None]  # the object's reference, and the key


class Change(StrEnum):
    """What became of a finding, most urgent first."""

    NEW = "new"
    WORSENED = "worsened"
    IMPROVED = "improved"
    RESOLVED = "resolved"
    ONGOING = "ongoing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One finding in the two runs, as the later one has it; one that is resolved as the earlier one had it."""

    change: Change
    vcenter: VCenterReport
    result: CheckResult
    finding: Finding
    before: Severity | None
    after: Severity | None
    first_seen: datetime | None  # of one that is still there, as far as it is known

    @property
    def counts(self) -> bool:
        """Whether it counts where it was seen last: it may have been muted meanwhile."""
        return self.finding.counts


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompared:
    """What the two runs do not tell of some checks on a vCenter; no checks means all. The findings are left out."""

    vcenter: str
    checks: tuple[str, ...]
    why: Text
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs, the earlier first, and what changed between them."""

    old: ScanReport
    new: ScanReport
    changes: tuple[Changed, ...]
    not_compared: tuple[NotCompared, ...]

    def of(self, change: Change) -> tuple[Changed, ...]:
        """Return the findings that changed so: the worst first, then in the order of the report."""
        found = (one for one in self.changes if one.change is change)
        return tuple(sorted(found, key=lambda one: -one.finding.severity.rank))


def compare(old: ScanReport, new: ScanReport, *, first_seen: Mapping[str, datetime] | None = None) -> Comparison:
    """Compare two runs. `first_seen` has the findings by identity that are known to be open, and since when."""
    said = [
        one for before, after in _pairs(old, new) for one in _vcenter(_Runs(old, new, first_seen or {}), before, after)
    ]
    return Comparison(
        old=old,
        new=new,
        changes=tuple(one for one in said if isinstance(one, Changed)),
        not_compared=_grouped(one for one in said if isinstance(one, NotCompared)),
    )


class _Runs(NamedTuple):
    old: ScanReport
    new: ScanReport
    first_seen: Mapping[str, datetime]


class _Side(NamedTuple):
    """What one run says of one check on one vCenter."""

    run: ScanReport
    vcenter: VCenterReport
    result: CheckResult | None

    @property
    def findings(self) -> dict[Place, Finding]:
        return {(one.object.moref, one.key): one for one in (self.result.findings if self.result else ())}

    @property
    def gap(self) -> Text | None:
        """Why the check did not look; None where it did."""
        run, result = self.run.run_id, self.result
        if result is None:
            return NOT_SELECTED(run=run)
        if result.looked:
            return None
        if self.vcenter.state is VCenterState.UNREACHABLE:
            return UNREACHABLE(run=run)
        unjudged = result.outcome in (Outcome.UNKNOWN, Outcome.SKIPPED)
        return NOT_JUDGED(run=run, outcome=result.outcome.value) if unjudged else IN_PART(run=run)

    def saw(self, place: Place) -> bool:
        """Whether a finding at this place would have been found."""
        missed = self.result.not_examined if self.result else ()
        return self.gap is None and not any(one.object.moref == place[0] and one.hides(place[1]) for one in missed)


def _pairs(old: ScanReport, new: ScanReport) -> Iterator[tuple[VCenterReport | None, VCenterReport | None]]:
    """Pair the vCenters of two runs: by instanceUuid where both know it, by name else."""
    left = list(old.vcenters)
    for after in new.vcenters:
        before = next((one for one in left if _is_same(one, after)), None)
        if before is not None:
            left.remove(before)
        yield before, after
    yield from ((before, None) for before in left)


def _is_same(one: VCenterReport, other: VCenterReport) -> bool:
    if one.instance_uuid and other.instance_uuid:
        return one.instance_uuid == other.instance_uuid
    return one.name == other.name


def _vcenter(
    runs: _Runs, before: VCenterReport | None, after: VCenterReport | None
) -> Iterator[Changed | NotCompared]:
    if before is None or after is None:
        there = before or after
        missing = runs.old if before is None else runs.new
        if there is not None:
            left_out = sum(len(result.counted) for result in there.results)
            number = {"before": left_out} if before else {"after": left_out}
            yield NotCompared(vcenter=there.name, checks=(), why=NOT_SCANNED(run=missing.run_id), **number)
        return
    earlier, later = ({one.check: one for one in vcenter.results} for vcenter in (before, after))
    for slug in dict.fromkeys([*later, *earlier]):
        yield from _check(
            runs, slug, _Side(runs.old, before, earlier.get(slug)), _Side(runs.new, after, later.get(slug))
        )


def _check(runs: _Runs, slug: str, old: _Side, new: _Side) -> Iterator[Changed | NotCompared]:
    before, after = old.findings, new.findings
    left_out: list[Finding] = []
    for place in dict.fromkeys([*after, *before]):
        pair = before.get(place), after.get(place)
        if not any(one.counts for one in pair if one):
            continue
        change = _change(runs, old, new, place)
        if change is None:
            left_out += [one for one in pair if one]
            continue
        side, finding = (new, after[place]) if place in after else (old, before[place])
        if side.result is not None:
            yield Changed(
                change=change,
                vcenter=side.vcenter,
                result=side.result,
                finding=finding,
                before=before[place].severity if place in before else None,
                after=after[place].severity if place in after else None,
                first_seen=_first_seen(runs, new, finding) if place in after else None,
            )
    if why := _why_not(old, new, left_out):
        gone = sum(one in before.values() for one in left_out)
        yield NotCompared(
            vcenter=new.vcenter.name, checks=(slug,), why=why, before=gone, after=len(left_out) - gone
        )
