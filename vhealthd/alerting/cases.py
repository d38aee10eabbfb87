"""What is wrong in a run, as alerts tell it: single findings, many of a kind as one, checks that stay unknown. Pure."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from vhealthd.alerting import words
from vhealthd.alerting.sight import Seen, Sight
from vhealthd.alerting.words import Draft
from vhealthd.model import AlertRecord, Category, Entity, Outcome, Severity, VCenterReport, VCenterState, lasting_name

Kind = tuple[str, str, Severity]  # the vCenter as identities name it, the check, and how bad it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What one alert is about.

    `was` is how bad all of it was until now, were it as part of another alert; None if any of it was not there.
    """

    vcenter: str  # as identities name it
    members: tuple[str, ...]
    objects: tuple[Entity, ...]  # that routes may select
    draft: Draft
    was: Severity | None = None

    @property
    def key(self) -> str:
        """The key of the alert."""
        return self.draft.alert.key

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.draft.alert.severity


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Finds the cases of a run. `live` are the open alerts by key.

    `first_seen` is since when findings are open, by identity; `since` is when all others were seen first.
    """

    sight: Sight
    live: Mapping[str, AlertRecord]
    unknown_before: AbstractSet[tuple[str, str]]
    roll_up_over: int
    first_seen: Mapping[str, datetime]
    since: datetime

    def all(self) -> Iterator[Case]:
        """Yield all cases; no finding is in two of them."""
        teller = {member: record for record in self.live.values() for member in record.members}
        kinds: dict[Kind, list[Seen]] = defaultdict(list)
        for one in self.sight.seen.values():
            if one.finding.counts:
                if _keeps_its_own(one, teller.get(one.key)):
                    yield self._single(one, teller)
                else:
                    kinds[_kind(one)].append(one)
        for kind, some in kinds.items():
            if rollup_key(kind) in self.live or len(some) > self.roll_up_over:
                yield self._rolled_up(kind, some, teller)
            else:
                yield from (self._single(one, teller) for one in some)
        for vcenter in self.sight.vcenters.values():
            yield from self._unknown(vcenter)

    def _single(self, one: Seen, teller: Mapping[str, AlertRecord]) -> Case:
        before = teller.get(one.key)
        since = before.alert.since if before else self._since(one)
        return Case(
            vcenter=_kind(one)[0],
            members=(one.key,),
            objects=(one.finding.object,),
            draft=words.of_finding(one.key, one.vcenter, one.result, one.finding, since),
            was=before.severity if before else None,
        )

    def _rolled_up(self, kind: Kind, some: Sequence[Seen], teller: Mapping[str, AlertRecord]) -> Case:
        """Make one case of many, and of what its alert stood for already and may be there unseen."""
        key, first = rollup_key(kind), some[0]
        record = self.live.get(key)
        unseen = tuple(one for one in record.members if self.sight.may_hide(record, one)) if record else ()
        before = [teller[one.key] for one in some if one.key in teller]
        told = [one.alert.since for one in (*before, *([record] if record else []))]
        since = min([*told, *(self._since(one) for one in some)])
        return Case(
            vcenter=kind[0],
            members=tuple(sorted((*(one.key for one in some), *unseen))),
            objects=tuple(one.finding.object for one in some),
            draft=words.of_many(
                words.of_finding(key, first.vcenter, first.result, first.finding, since),
                names=[one.finding.object.name for one in some],
                count=len(some) + len(unseen),
            ),
            was=max((one.severity for one in before), key=lambda one: one.rank) if len(before) == len(some) else None,
        )

    def _since(self, one: Seen) -> datetime:
        """Return since when a finding is there. One that the clock has put behind this run is as old as this run."""
        return min(self.first_seen.get(one.key, self.since), self.since)

    def _unknown(self, vcenter: VCenterReport) -> Iterator[Case]:
        """Yield one case of all checks that were unknown twice, or once more. An unreachable vCenter has its own."""
        name = lasting_name(vcenter, Category.CONNECTIVITY)
        key = unknown_key(name)
        record = self.live.get(key)
        told = frozenset(record.members if record else ())
        again = [
            one
            for one in vcenter.results
            if one.outcome is Outcome.UNKNOWN
            and (one.check in told or (vcenter.name, one.check) in self.unknown_before)
        ]
        if again and vcenter.state is not VCenterState.UNREACHABLE:
            yield Case(
                vcenter=name,
                members=tuple(one.check for one in again),
                objects=(),
                draft=words.of_unknown(key, vcenter, again, record.alert.since if record else self.since),
            )


def rollup_key(kind: Kind) -> str:
    """Name the alert that tells many findings of a kind."""
    return _digest("rollup", *kind)


def unknown_key(vcenter: str) -> str:
    """Name the alert that tells which checks of a vCenter stay unknown."""
    return _digest("unknown", vcenter)


def _digest(*named: str) -> str:
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def _kind(one: Seen) -> Kind:
    return lasting_name(one.vcenter, one.result.category), one.result.check, one.finding.severity


def _keeps_its_own(one: Seen, before: AlertRecord | None) -> bool:
    """Whether a finding has an alert of its own, and is not worse than that says."""
    return before is not None and before.key == one.key and before.severity.rank >= one.finding.severity.rank
