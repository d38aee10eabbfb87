"""What a report tells besides its scan: what was before it, and what comes next. Any of it may be missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What was before a run, and what comes next. `zone` is that of the schedule."""

    comparison: Comparison | None = None  # with the run before
    first_seen: Mapping[str, datetime] = field(default_factory=dict)  # by identity, of what was open before the run
    runs: tuple[PastRun, ...] = ()  # before it, the oldest first
    sla: Mapping[str, Sla] = field(default_factory=dict)  # by window, this run included
    next_scan: datetime | None = None
    failed: tuple[Delivery, ...] = ()  # given up since the run before
    zone: tzinfo = UTC

    def since(
        self, report: ScanReport, vcenter: VCenterReport, result: CheckResult, finding: Finding
    ) -> datetime | None:
        """Return when a finding was first seen: in this run if it is new; None where no earlier one is kept."""
        if self.comparison is None and not self.first_seen:
            return None
        known = self.first_seen.get(identity(vcenter, result, finding))
        return known if known is not None and known <= report.started else report.started


NO_BACKGROUND = Background()
