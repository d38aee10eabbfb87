"""Small builders of what was before a run."""

from tests.report.scans import finding, result, scan, vcenter, vm
from vhealthd.compare import Change, Changed, Comparison
from vhealthd.model import Severity
from vhealthd.report.background import Background

_SIDES = {
    Change.NEW: (None, Severity.CRITICAL),
    Change.WORSENED: (Severity.WARNING, Severity.CRITICAL),
    Change.IMPROVED: (Severity.CRITICAL, Severity.WARNING),
    Change.RESOLVED: (Severity.CRITICAL, None),
    Change.ONGOING: (Severity.CRITICAL, Severity.CRITICAL),
}


def changes(**numbers: int) -> Background:
    """Make a background in which so many findings are new, worsened, improved, resolved or ongoing."""
    found = [_changed(Change(name), place) for name, number in numbers.items() for place in range(number)]
    return Background(
        comparison=Comparison(old=scan(vcenter()), new=scan(vcenter()), changes=tuple(found), not_compared=())
    )


def _changed(change: Change, place: int) -> Changed:
    before, after = _SIDES[change]
    about = finding(vm(f"{change.value}-{place}", place), after or before or Severity.INFO)
    return Changed(
        change=change,
        vcenter=vcenter(),
        result=result(findings=[about]),
        finding=about,
        before=before,
        after=after,
        first_seen=None,
    )
