"""Which alerts a scan gives, and who is told: from what is wrong now and what was told before. Pure.

An alert is told when it is new, is there again or is worse, and again after a time if nobody took it on. Whoever was
told that it is there is told once that it is over, or that it is not for them any more. What a run could not see is as
it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from vhealthd.alerting import words
from vhealthd.alerting.cases import Case, Cases
from vhealthd.alerting.policy import AT_ONCE, Policy, Ways
from vhealthd.alerting.sight import Sight, look
from vhealthd.alerting.words import Draft
from vhealthd.compare import Place
from vhealthd.model import AlertRecord, Event, Finding, ScanReport, Severity, Turn

# A daily scan ends now a little earlier in the day, now a little later. What comes so much of the time too early is
# told again all the same; otherwise it would be so only every other day.
_EARLY = 1 / 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """What one channel is told: the worst first, what is over at the end. What comes within `collect` goes with it."""

    channel: str
    collect: timedelta
    drafts: tuple[Draft, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a run makes of alerts: the records that are new or changed, and what is sent.

    There is one Send for each channel and time. A channel that was told of an alert is told that it is over even where
    no route leads to it any more.
    """

    records: tuple[AlertRecord, ...]
    sends: tuple[Send, ...]


def decide(
    report: ScanReport,
    *,
    known: Mapping[str, AlertRecord],
    places: Mapping[str, Place],
    unknown_before: AbstractSet[tuple[str, str]],
    first_seen: Mapping[str, datetime],
    policy: Policy,
    now: datetime,
) -> Decision:
    """Decide which alerts a run gives, and who is told.

    `known` are the records by key of all open alerts, and of those resolved lately: what is there again is told so.
    `places` says where the members of open alerts are, by identity: only so can a run tell that it did not look there.
    `unknown_before` are the checks that were unknown in the run before, each with its vCenter's configured name.
    `first_seen` is since when findings are open, by identity, where the state knows it.

    An alert is told again `policy.repeat_every` after it was told last, or up to a 24th of that earlier.
    """
    live = {key: record for key, record in known.items() if record.resolved is None}
    sight = look(report, known.values(), places)
    cases = Cases(
        sight=sight,
        live=live,
        unknown_before=unknown_before,
        roll_up_over=policy.roll_up_over,
        first_seen=first_seen,
        since=report.started,
    )
    found = {case.key: case for case in cases.all()}
    steps = [_step(case, known.get(key), policy, now) for key, case in found.items()]
    steps += [_left(record, sight, policy, now) for key, record in live.items() if key not in found]
    changed = (one.record for one in steps if one.record != known.get(one.record.key))
    return Decision(
        records=tuple(sorted(changed, key=lambda one: one.key)),
        sends=_sends(report, (word for one in steps for word in one.words)),
    )


class _Word(NamedTuple):
    """One alert for one channel."""

    channel: str
    collect: timedelta
    draft: Draft


class _Step(NamedTuple):
    """What becomes of one alert."""

    record: AlertRecord
    words: list[_Word]


# --- what is there --------------------------------------------------------------------------------------------------


def _step(case: Case, known: AlertRecord | None, policy: Policy, now: datetime) -> _Step:
    """Take an alert one step on whose case was seen."""
    ways = policy.ways(case.draft.alert, case.objects)
    turn = _turn(case, known)
    if known is None or known.resolved is not None:
        draft = case.draft.turned(turn or Turn.NEW)
        return _Step(_opened(case, draft, ways, now), _words(draft, ways, ways))
    if turn is None and ways and _is_due(known, policy, now):
        turn = Turn.REMINDER
    have = frozenset(known.channels)
    to, over = _whom(turn, have, ways.keys())
    draft = case.draft.turned(turn or known.alert.turn)
    also = (policy.everything & ways.keys()) - to
    record = replace(
        known,
        severity=case.severity,
        told=now if to else known.told,
        channels=tuple(sorted((have | to | also) - over)),
        members=case.members,
        # what was told last, but for the name that the vCenter has now: it is found by that
        alert=draft.alert if turn else replace(known.alert, vcenter=draft.alert.vcenter),
        ack=None if turn is Turn.WORSENED else known.ack,
    )
    return _Step(record, [*_words(draft, to | also, ways), *_endings(known, over, draft, policy)])


def _opened(case: Case, draft: Draft, ways: Ways, now: datetime) -> AlertRecord:
    return AlertRecord(
        key=case.key,
        vcenter=case.vcenter,
        check=draft.alert.check,
        severity=case.severity,
        opened=now,
        told=now,
        channels=tuple(sorted(ways)),
        members=case.members,
        alert=draft.alert,
    )


def _turn(case: Case, known: AlertRecord | None) -> Turn | None:
    """Say what is different from what was told last; None if nothing is."""
    if known is None or known.resolved is not None:
        new = Turn.REOPENED if known else Turn.NEW
        return _compared(case.severity, case.was) or new if case.was else new
    return Turn.WORSENED if _has_grown(case, known) else _compared(case.severity, known.severity)


def _has_grown(case: Case, known: AlertRecord) -> bool:
    """Whether there is more of it than was told, or most of it is something else. What comes and goes is no news."""
    come = len(set(case.members) - set(known.members))
    return come > 0 and (len(case.members) > known.alert.count or come > len(case.members) - come)


def _compared(severity: Severity, was: Severity) -> Turn | None:
    if severity is was:
        return None
    return Turn.WORSENED if severity.rank > was.rank else Turn.IMPROVED


def _is_due(record: AlertRecord, policy: Policy, now: datetime) -> bool:
    """Whether it is told again, though nothing changed. One that was told in the future was told by a wrong clock."""
    quiet = record.ack is not None or record.severity is Severity.INFO
    return not quiet and not timedelta() <= now - record.told < policy.repeat_every * (1 - _EARLY)


def _whom(
    turn: Turn | None, have: AbstractSet[str], ways: AbstractSet[str]
) -> tuple[AbstractSet[str], AbstractSet[str]]:
    """Return the channels that are told that it is there, and those that are told that it is over for them."""
    match turn:
        case None:
            return frozenset(), frozenset()
        case Turn.REMINDER:
            return ways, frozenset()
        case Turn.IMPROVED:
            return ways - have, have - ways
        case _:
            return ways, have - ways


# --- what is not there ----------------------------------------------------------------------------------------------


def _left(record: AlertRecord, sight: Sight, policy: Policy, now: datetime) -> _Step:
    """Keep an alert as it is that may be there unseen; close any other."""
    unseen = tuple(one for one in record.members if sight.may_hide(record, one))
    draft = Draft(record.alert)
    if unseen:
        to = policy.everything.intersection(record.channels)
        return _Step(replace(record, members=unseen), _words(draft, to, policy.ways(record.alert, None)))
    found = [sight.seen[one].finding for one in record.members if one in sight.seen]
    if found and not any(one.counts for one in found):
        draft = words.of_quiet(draft, found[0])
    over = draft.turned(_ending(record, found), Event.RESOLVE)
    return _Step(
        replace(record, resolved=now, ack=None, alert=over.alert), _endings(record, record.channels, over, policy)
    )


def _ending(record: AlertRecord, found: Sequence[Finding]) -> Turn:
    """Say why an alert is over: nothing of it is there or counts, or other alerts tell now what it told."""
    worst = max((one.severity for one in found if one.counts), key=lambda one: one.rank, default=record.severity)
    return _compared(worst, record.severity) or Turn.RESOLVED


# --- what is sent ---------------------------------------------------------------------------------------------------


def _words(draft: Draft, channels: Iterable[str], ways: Ways) -> list[_Word]:
    return [_Word(name, ways.get(name, AT_ONCE), draft) for name in channels]


def _endings(record: AlertRecord, channels: Iterable[str], draft: Draft, policy: Policy) -> list[_Word]:
    """Tell channels that an alert is over, as fast as it came to them. One that is there no more cannot be told."""
    there = policy.channels.intersection(channels)
    return _words(draft.turned(draft.alert.turn, Event.RESOLVE), there, policy.ways(record.alert, None))


def _sends(report: ScanReport, words: Iterable[_Word]) -> tuple[Send, ...]:
    checks = dict.fromkeys(result.check for vcenter in report.vcenters for result in vcenter.results)
    order = {check: number for number, check in enumerate(checks)}

    def rank(draft: Draft) -> tuple[bool, int, int, str, str, str]:
        one = draft.alert
        place = order.get(one.check, len(order))
        return one.event is Event.RESOLVE, -one.severity.rank, place, one.object, one.vcenter, one.key

    together: dict[tuple[str, timedelta], list[Draft]] = defaultdict(list)
    for word in words:
        together[word.channel, word.collect].append(word.draft)
    return tuple(
        Send(channel=channel, collect=collect, drafts=tuple(sorted(drafts, key=rank)))
        for (channel, collect), drafts in sorted(together.items(), key=lambda one: one[0])
    )
