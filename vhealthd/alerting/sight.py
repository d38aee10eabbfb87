"""What one run shows of the things that alerts are about, and what it may hide of them. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from vhealthd.compare import Place
from vhealthd.config import UNSEEN
from vhealthd.model import (
    AlertRecord,
    CheckResult,
    Finding,
    NotExamined,
    ScanReport,
    VCenterReport,
    VCenterState,
    identity,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding where it was found, with its identity."""

    key: str
    vcenter: VCenterReport
    result: CheckResult
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A run, to be asked about what earlier runs told of. `places` are those of findings, by identity."""

    seen: Mapping[str, Seen]  # all findings by identity, in the order of the report
    vcenters: Mapping[str, VCenterReport]  # by configured name
    by_uuid: Mapping[str, VCenterReport]
    results: Mapping[tuple[str, str], CheckResult]  # by configured name and check
    hidden: Mapping[tuple[str, str, str | None], Sequence[NotExamined]]  # the same, and the object
    places: Mapping[str, Place]

    def may_hide(self, record: AlertRecord, member: str) -> bool:
        """Whether a member of an alert may be there still, though this run does not show it.

        It is not where the check looked, where nobody asks for the check any more, and where the vCenter is not
        scanned any more.
        """
        vcenter = self._vcenter_of(record)
        if vcenter is None or member in self.seen:
            return False
        unreachable = vcenter.state is VCenterState.UNREACHABLE
        if record.check == UNSEEN:
            return unreachable
        result = self.results.get((vcenter.name, record.check))
        return result is not None and (
            unreachable
            or not result.looked
            or self._may_be_out_of_scope(vcenter, member)
            or self._hides(vcenter, result, member)
        )

    def _vcenter_of(self, record: AlertRecord) -> VCenterReport | None:
        """Find the vCenter of an alert. Another one may have its name now, and one may be scanned under two names."""
        named = self.vcenters.get(record.alert.vcenter)
        if named and named.instance_uuid == record.vcenter:
            return named
        return self.by_uuid.get(record.vcenter) or named

    def _may_be_out_of_scope(self, vcenter: VCenterReport, member: str) -> bool:
        """Whether a name in the scope matches nothing: what it named may have another name now, and be there still.

        vCenter itself is in every scope.
        """
        moref, _ = self.places.get(member, ("unknown", None))
        return bool(vcenter.unmatched_scope) and moref is not None

    def _hides(self, vcenter: VCenterReport, result: CheckResult, member: str) -> bool:
        if member not in self.places:
            return False
        moref, key = self.places[member]
        return any(one.hides(key) for one in self.hidden.get((vcenter.name, result.check, moref), ()))


def look(report: ScanReport, records: Iterable[AlertRecord], places: Mapping[str, Place]) -> Sight:
    """Look at a run, with what is remembered of vCenters."""
    uuids = {one.alert.vcenter: one.vcenter for one in records if one.vcenter != one.alert.vcenter}
    vcenters = [_as_known(one, uuids) for one in report.vcenters]
    rows = [(vcenter, result) for vcenter in vcenters for result in vcenter.results]
    found = [
        Seen(identity(vcenter, result, finding), vcenter, result, finding)
        for vcenter, result in rows
        for finding in result.findings
    ]
    hidden: dict[tuple[str, str, str | None], list[NotExamined]] = defaultdict(list)
    for vcenter, result in rows:
        for missed in result.not_examined:
            hidden[vcenter.name, result.check, missed.object.moref].append(missed)
    return Sight(
        seen={one.key: one for one in found},
        vcenters={one.name: one for one in vcenters},
        by_uuid={one.instance_uuid: one for one in vcenters if one.instance_uuid},
        results={(vcenter.name, result.check): result for vcenter, result in rows},
        hidden=hidden,
        places=places,
    )


def _as_known(vcenter: VCenterReport, uuids: Mapping[str, str]) -> VCenterReport:
    """Give a vCenter that does not tell its instanceUuid this time the one that it had: it is the same for alerts."""
    return replace(vcenter, instance_uuid=vcenter.instance_uuid or uuids.get(vcenter.name))
