"""What changed from one run to another: pure, over their two reports.

What the two cannot tell is said and not guessed: a finding of a check that did not look in one of them is neither new
nor resolved.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from vhealthd.model import (
    CheckResult,
    Finding,
    Message,
    NotExamined,
    Outcome,
    ScanReport,
    Severity,
    Text,
    VCenterReport,
    VCenterState,
    identity,
)
from vhealthd.wording import english

NOT_SCANNED = Message("compare.not-scanned", "{run} did not scan this vCenter")
UNREACHABLE = Message("compare.unreachable", "{run} could not reach this vCenter")
NOT_SELECTED = Message("compare.not-selected", "{run} did not run this check")
NOT_JUDGED = Message("compare.not-judged", "in {run} it is {outcome}")
OUTCOMES = {one: Message(f"compare.{one}", one.value) for one in Outcome}
IN_PART = Message("compare.in-part", "{run} saw only a part of it")
OBJECTS = Message("compare.objects", "{run} did not examine objects that have findings")

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


@dataclass(frozen=True)
class _Side:
    """What one run says of one check on one vCenter."""

    run: ScanReport
    vcenter: VCenterReport
    result: CheckResult | None

    @cached_property
    def findings(self) -> dict[Place, Finding]:
        return {(one.object.moref, one.key): one for one in (self.result.findings if self.result else ())}

    @cached_property
    def gap(self) -> Text | None:
        """Why the check did not look; None where it did."""
        run, result = self.run.run_id, self.result
        if result is None:
            return NOT_SELECTED(run=run)
        if result.looked:
            return None
        if self.vcenter.state is VCenterState.UNREACHABLE:
            return UNREACHABLE(run=run)
        judged = result.outcome not in (Outcome.UNKNOWN, Outcome.SKIPPED)
        return IN_PART(run=run) if judged else NOT_JUDGED(run=run, outcome=OUTCOMES[result.outcome]())

    @cached_property
    def hidden(self) -> dict[str | None, list[NotExamined]]:
        hidden: dict[str | None, list[NotExamined]] = {}
        for one in self.result.not_examined if self.result else ():
            hidden.setdefault(one.object.moref, []).append(one)
        return hidden

    def saw(self, place: Place) -> bool:
        """Whether a finding at this place would have been found."""
        object_id, key = place
        if self.vcenter.unmatched_scope and object_id is not None:
            return False  # a name in the scope matches nothing: whatever it was for is not looked at
        return self.gap is None and not any(one.hides(key) for one in self.hidden.get(object_id, ()))

    @property
    def skipped(self) -> bool:
        return self.result is not None and self.result.outcome is Outcome.SKIPPED


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


def _vcenter(runs: _Runs, before: VCenterReport | None, after: VCenterReport | None) -> Iterator[Changed | NotCompared]:
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
    """Compare one check's findings, and say at the end what was left out and why."""
    gone = come = 0
    for place in dict.fromkeys([*new.findings, *old.findings]):
        before, after = old.findings.get(place), new.findings.get(place)
        if not any(one.counts for one in (before, after) if one):
            continue
        changed = _changed(runs, old, new, place)
        if changed is None:
            gone, come = gone + (after is None), come + (before is None)
        else:
            yield changed
    if why := _why_not(old, new, gone=gone, come=come):
        yield NotCompared(vcenter=new.vcenter.name, checks=(slug,), why=why, before=gone, after=come)


def _changed(runs: _Runs, old: _Side, new: _Side, place: Place) -> Changed | None:
    """Say what became of a finding; None where that cannot be told."""
    before, after = old.findings.get(place), new.findings.get(place)
    side, finding = (old, before) if after is None else (new, after)
    if side.result is None or finding is None:
        return None
    since = None if after is None else _known_since(runs, side.vcenter, side.result, finding)
    was, now = (None if one is None else one.severity for one in (before, after))
    change = _change(was, now)
    if before and after and after.counts and not before.counts:
        change = Change.NEW  # a mute has ended, or what explained it is over
    if change is Change.NEW and not old.saw(place):
        if since is None or runs.old.started < since < runs.new.started:
            return None
        if since <= runs.old.started:
            change = Change.ONGOING  # it was there already, unseen
    if change is Change.RESOLVED and not new.saw(place):
        return None
    return Changed(
        change=change,
        vcenter=side.vcenter,
        result=side.result,
        finding=finding,
        before=was,
        after=now,
        first_seen=since,
    )


def _change(was: Severity | None, now: Severity | None) -> Change:
    if was is None or now is None:
        return Change.NEW if was is None else Change.RESOLVED
    if was is now:
        return Change.ONGOING
    return Change.WORSENED if now.rank > was.rank else Change.IMPROVED


def _known_since(runs: _Runs, vcenter: VCenterReport, result: CheckResult, finding: Finding) -> datetime | None:
    """Return since when a finding is open. What is known now may have begun after the later run: that tells nothing."""
    since = runs.first_seen.get(identity(vcenter, result, finding)) if runs.first_seen else None
    return since if since is not None and since <= runs.new.started else None


def _why_not(old: _Side, new: _Side, *, gone: int, come: int) -> Text | None:
    if old.skipped and new.skipped:
        return None  # there is nothing to compare, and both reports say why
    if gap := new.gap or old.gap:
        return gap
    return OBJECTS(run=(new if gone else old).run.run_id) if gone or come else None


def _grouped(gaps: Iterable[NotCompared]) -> tuple[NotCompared, ...]:
    """Join what has the same reason on the same vCenter."""
    groups: dict[tuple[str, str], NotCompared] = {}
    for one in gaps:
        name = (one.vcenter, english(one.why))
        known = groups.get(name)
        groups[name] = (
            one
            if known is None
            else replace(
                known, checks=known.checks + one.checks, before=known.before + one.before, after=known.after + one.after
            )
        )
    return tuple(groups.values())
