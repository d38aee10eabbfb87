"""What a report tells besides its scan: what was before it, and what comes next. Any of it may be missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import cached_property

from vhealthd.compare import Comparison
from vhealthd.figures import Figures
from vhealthd.model import CheckResult, Delivery, Finding, ScanReport, Severity, VCenterReport, identity
from vhealthd.sla import Sla


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """An earlier run: how many of its findings count, by severity, and its figures."""

    run_id: str
    started: datetime
    findings: Mapping[Severity, int]
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class Background:
    """What was before a run, and what comes next. `zone` is that of the schedule."""

    comparison: Comparison | None = None  # with the run before
    first_seen: Mapping[str, datetime] = field(default_factory=dict)  # by identity
    runs: tuple[PastRun, ...] = ()  # before it, the oldest first
    sla: Mapping[str, Sla] = field(default_factory=dict)  # by window, this run included
    next_scan: datetime | None = None
    failed: tuple[Delivery, ...] = ()  # given up since the run before
    zone: tzinfo = UTC

    def since(
        self, report: ScanReport, vcenter: VCenterReport, result: CheckResult, finding: Finding
    ) -> datetime | None:
        """Return when a finding was first seen: in this run if it is new.

        None where no earlier run is kept, and where the run before had it too and it is not known since when.
        """
        if self.comparison is None and not self.first_seen:
            return None
        name = identity(vcenter, result, finding)
        known = self.first_seen.get(name)
        if known is not None and known <= report.started:
            return known
        return None if name in self._found_before else report.started

    @cached_property
    def _found_before(self) -> frozenset[str]:
        """What the run before found, by identity."""
        return frozenset(
            identity(vcenter, result, finding)
            for vcenter in (self.comparison.old.vcenters if self.comparison else ())
            for result in vcenter.results
            for finding in result.findings
        )


NO_BACKGROUND = Background()
