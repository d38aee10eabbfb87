"""Weeks of scans of a changing world, against a plain model of who should have heard what."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.alerting.routing import (
    BROKEN,
    CRITICAL,
    DAY,
    MUTE,
    WHY,
    Memory,
    many,
    policy,
    route,
    thing,
)
from tests.report.scans import result, scan, unreachable, vcenter
from vhealthd.alerting.cases import rollup_key, unknown_key
from vhealthd.alerting.route import Decision
from vhealthd.model import (
    Alert,
    Category,
    CheckResult,
    Event,
    Finding,
    NotExamined,
    Outcome,
    ScanReport,
    Severity,
    Turn,
    VCenterReport,
    identity,
)

POLICY = policy(
    route("pager", severity="critical"),
    route("mail", severity="warning", collect="5m"),
    route("team", severity=["critical", "warning"], name="^[ab]$"),
    route("am"),
    everything=["am"],
)
EARLY = DAY / 24

UUIDS = {"prod": "uuid-of-prod", "lab": "uuid-of-lab"}
REACHABILITY, HOSTS, STORAGE = "vcenter-reachability", "host-connection", "storage-paths"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something may be wrong."""

    vcenter: str
    check: str
    name: str
    key: str | None = None


Judge = tuple[str, str]  # the vCenter and the check

NAMES = "abcdefg"
STORES = {Spot("prod", STORAGE, name): None for name in many(400)}  # in their order
JUDGES: list[Judge] = [("prod", HOSTS), ("prod", STORAGE), ("lab", HOSTS)]

judges, vcenters, names = (
    st.sampled_from(JUDGES),
    st.sampled_from(list(UUIDS)),
    st.sets(st.sampled_from(NAMES), min_size=1),
)


@dataclass
class World:
    """What there is to see, and what keeps a scan from it."""

    wrong: dict[Spot, Severity] = field(default_factory=dict)
    muted_until: dict[Spot, datetime] = field(default_factory=dict)
    silenced: set[Spot] = field(default_factory=set)
    missed: set[tuple[Judge, str]] = field(default_factory=set)  # objects by name
    unknown: set[Judge] = field(default_factory=set)
    in_part: set[Judge] = field(default_factory=set)
    down: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)  # vCenters with a scope that matches nothing
    left_out: set[str | Judge] = field(default_factory=set)

    def report(self, now: datetime) -> ScanReport:
        return replace(scan(*(self._vcenter(one, now) for one in UUIDS if one not in self.left_out)), started=now)

    def may_hide(self, spot: Spot) -> bool:
        """Whether a scan that does not show a spot leaves open what is there."""
        judge = (spot.vcenter, spot.check)
        if spot.vcenter in self.left_out or judge in self.left_out:
            return False
        blind = judge in self.unknown or judge in self.in_part or (judge, spot.name) in self.missed
        lost = spot.vcenter in self.lost and spot.check != REACHABILITY
        return spot.vcenter in self.down or lost or blind

    def _vcenter(self, name: str, now: datetime) -> VCenterReport:
        asked = [judge for judge in JUDGES if judge[0] == name and judge not in self.left_out]
        if name in self.down:
            reachability = unreachable(name)
            unseen = [
                result(check, outcome=Outcome.UNKNOWN, category=Category.STORAGE, reason="no") for _, check in asked
            ]
            return replace(reachability, results=(reachability.results[0], *unseen))
        fine = result(REACHABILITY, category=Category.CONNECTIVITY)
        judged = [self._result(judge, now) for judge in asked]
        unmatched = ("renamed",) if name in self.lost else ()
        return replace(vcenter(name, [fine, *judged]), instance_uuid=UUIDS[name], unmatched_scope=unmatched)

    def _result(self, judge: Judge, now: datetime) -> CheckResult:
        check = judge[1]
        if judge in self.unknown:
            return result(check, outcome=Outcome.UNKNOWN, category=Category.STORAGE, reason="it timed out")
        if judge[0] in self.lost:
            return result(check, category=Category.STORAGE)
        if judge in self.in_part:
            return replace(result(check, category=Category.STORAGE), whole=False)
        seen = [one for one in self.wrong if (one.vcenter, one.check) == judge and (judge, one.name) not in self.missed]
        missed = [NotExamined(thing(name), WHY) for where, name in sorted(self.missed) if where == judge]
        found = sorted((self._finding(one, now) for one in seen), key=lambda one: (-one.severity.rank, one.object.name))
        return result(check, found, category=Category.STORAGE, not_examined=missed)

    def _finding(self, spot: Spot, now: datetime) -> Finding:
        known = MUTE if spot in self.muted_until and now < self.muted_until[spot] else None
        explained = "host-connection: esx-9" if spot in self.silenced else None
        return Finding(self.wrong[spot], thing(spot.name), BROKEN(), spot.key, muted=known, silenced_by=explained)


@dataclass
class Model:
    """Who has heard what, told from scans and decisions alone."""

    spots: dict[str, Spot] = field(default_factory=dict)  # by identity
    last: dict[str, Severity] = field(default_factory=dict)  # how bad what counts was when it could be seen last
    has: set[tuple[str, str]] = field(default_factory=set)  # channel and key: told that it is there, and not its end
    paged: dict[str, datetime] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)  # of what was paged last
    acknowledged: set[str] = field(default_factory=set)
    unknown_before: set[Judge] = field(default_factory=set)
    stays_unknown: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def see(self, world: World, report: ScanReport) -> tuple[dict[str, Severity], set[str]]:
        """Return what counts in a report, and which of it is worse than it was, or was not there."""
        now: dict[str, Severity] = {}
        aside: set[str] = set()
        for one in report.vcenters:
            for checked in one.results:
                for finding in checked.findings:
                    key = identity(one, checked, finding)
                    self.spots[key] = Spot(one.name, checked.check, finding.object.name, finding.key)
                    if finding.counts:
                        now[key] = finding.severity
                    else:
                        aside.add(key)
        changed = {key for key, severity in now.items() if severity.rank > self._rank(key)}
        kept = {key: was for key, was in self.last.items() if key not in aside and world.may_hide(self.spots[key])}
        self.last = kept | now
        self._see_unknown(world, report)
        return now, changed

    def _rank(self, key: str) -> int:
        return self.last[key].rank if key in self.last else -1

    def _see_unknown(self, world: World, report: ScanReport) -> None:
        unknown = {
            (one.name, checked.check)
            for one in report.vcenters
            for checked in one.results
            if checked.outcome is Outcome.UNKNOWN
        }
        for name in UUIDS:
            if name in world.left_out:
                self.stays_unknown[name] = set()
            elif name not in world.down:
                told = self.unknown_before | {(name, check) for check in self.stays_unknown[name]}
                self.stays_unknown[name] = {check for vcenter, check in unknown & told if vcenter == name}
        self.unknown_before = unknown


class Weeks(RuleBasedStateMachine):
    """The world changes, and is scanned."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.model = Model()
        self.memory = Memory(policy=POLICY)
        self.pace: int | None = 24  # hours from scan to scan; None: there are none

    # --- what happens

    @rule(judge=judges, some=names, severity=st.sampled_from(Severity), key=st.sampled_from([None, None, "nic"]))
    def something_breaks(self, judge: Judge, some: set[str], severity: Severity, key: str | None) -> None:
        self.world.wrong |= {Spot(*judge, name, key): severity for name in sorted(some)}

    @rule(severity=st.sampled_from([None, None, Severity.WARNING, Severity.CRITICAL]))
    def all_storage_breaks_or_is_mended(self, severity: Severity | None) -> None:
        stores = dict.fromkeys(STORES, severity) if severity else {}
        self.world.wrong = {one: bad for one, bad in self.world.wrong.items() if one not in STORES} | stores

    @precondition(lambda self: self.world.wrong)
    @rule(part=st.sampled_from([1, 2, 5]), severity=st.sampled_from(Severity))
    def some_is_worse_or_better(self, part: int, severity: Severity) -> None:
        self.world.wrong |= dict.fromkeys(list(self.world.wrong)[::part], severity)

    @precondition(lambda self: self.world.wrong)
    @rule(part=st.sampled_from([1, 2, 5]))
    def some_is_mended(self, part: int) -> None:
        for spot in list(self.world.wrong)[::part]:
            del self.world.wrong[spot]

    @precondition(lambda self: self.world.wrong and self.pace)
    @rule(part=st.sampled_from([2, 5, 100]), times=st.integers(1, 2))
    def some_comes_and_goes(self, part: int, times: int) -> None:
        wrong = self.world.wrong
        gone = list(wrong)[::part]
        for _ in range(times):
            self.world.wrong = {spot: severity for spot, severity in wrong.items() if spot not in gone}
            self.it_is_scanned()
            self.world.wrong = wrong
            self.it_is_scanned()

    @rule(judge=judges, some=names, days=st.integers(1, 4))
    def some_is_muted(self, judge: Judge, some: set[str], days: int) -> None:
        self.world.muted_until |= {Spot(*judge, name): self.memory.now + days * DAY for name in some}

    @rule(judge=judges, some=names)
    def something_explains_others(self, judge: Judge, some: set[str]) -> None:
        self.world.silenced = {Spot(*judge, name) for name in some}

    @rule(judge=judges, some=names)
    def some_objects_are_not_examined(self, judge: Judge, some: set[str]) -> None:
        self.world.missed = {(judge, name) for name in some}

    @rule()
    def all_is_counted_and_seen(self) -> None:
        self.world = World(wrong=self.world.wrong)

    @rule(unknown=st.sets(judges), in_part=st.sets(judges, max_size=1))
    def some_checks_do_not_look(self, unknown: set[Judge], in_part: set[Judge]) -> None:
        self.world.unknown, self.world.in_part = unknown, in_part

    @rule(down=st.sets(vcenters))
    def some_vcenters_are_down(self, down: set[str]) -> None:
        self.world.down = down

    @rule(lost=st.sets(vcenters))
    def some_scopes_match_nothing(self, lost: set[str]) -> None:
        self.world.lost = lost

    @rule(left_out=st.sets(st.one_of(vcenters, judges), max_size=1))
    def somebody_configures(self, left_out: set[str | Judge]) -> None:
        self.world.left_out = left_out

    @precondition(lambda self: self.memory.open)
    @rule(data=st.data())
    def somebody_takes_it_on(self, data: st.DataObject) -> None:
        keys = sorted(one.key for one in self.memory.open)
        key = data.draw(st.sampled_from(keys))
        self.memory.acknowledge(key)
        self.model.acknowledged.add(key)

    @rule(pace=st.sampled_from([None, 1, 12, 22, 23, 24, 48]))
    def scans_come_at_another_pace(self, pace: int | None) -> None:
        self.pace = pace

    @invariant()
    def it_is_scanned(self) -> None:
        if self.pace:
            self.scan(timedelta(hours=self.pace))

    def teardown(self) -> None:
        self.world = World()
        self.scan(DAY)
        assert self.memory.open == []
        assert self.model.has == set()

    # --- what must hold

    def scan(self, after: timedelta) -> None:
        self.memory.now += after
        report = self.world.report(self.memory.now)
        before = {one.key: set(one.members) for one in self.memory.open}
        now, changed = self.model.see(self.world, report)
        decision = self.memory.hears(report)
        self.nobody_is_told_twice(decision)
        self.pages_have_a_reason(decision, now, changed)
        self.what_is_worse_is_told(decision, now, changed, before)
        self.what_is_there_long_is_told_again(decision, now)
        self.ends_follow_begins(decision, now)
        self.records_are_what_there_is()
        self.unknown_is_a_warning(decision)
        self.those_who_want_everything_have_it(decision)

    def nobody_is_told_twice(self, decision: Decision) -> None:
        ways = [(one.channel, one.collect) for one in decision.sends]
        told = [(send.channel, draft.alert.key) for send in decision.sends for draft in send.drafts]
        assert len(set(ways)) == len(ways)
        assert len(set(told)) == len(told)

    def pages_have_a_reason(self, decision: Decision, now: dict[str, Severity], changed: set[str]) -> None:
        """A page is for what is critical now: because it is so for the first time, or was told long ago."""
        grown = {self.rollup_of(key, CRITICAL) for key in changed if now[key] is CRITICAL}
        there = {key for key, severity in now.items() if severity is CRITICAL}
        rolled_up = {self.rollup_of(key, CRITICAL) for key in there}
        for alert in triggers(decision, "pager"):
            assert alert.key in there | rolled_up
            new = alert.key in changed | grown
            if not new:
                assert alert.turn is Turn.REMINDER
                assert alert.key not in self.model.acknowledged
                assert self.memory.now - self.model.paged[alert.key] >= DAY - EARLY

    def what_is_worse_is_told(
        self, decision: Decision, now: dict[str, Severity], changed: set[str], before: dict[str, set[str]]
    ) -> None:
        """All that is critical for the first time is paged; more than five of a kind are one page.

        What adds to an open roll-up is paged with it, if it has more members than it was paged with, or mostly others.
        """
        pages = {alert.key for alert in triggers(decision, "pager") if alert.turn is not Turn.REMINDER}
        kinds: dict[str, set[str]] = defaultdict(set)
        for key in changed:
            if now[key] is CRITICAL:
                kinds[self.rollup_of(key, CRITICAL)].add(key)
        after = {one.key: set(one.members) for one in self.memory.open}
        for rollup, keys in kinds.items():
            if rollup in before:
                known, there = before[rollup], after[rollup]
                grown = len(there) > self.model.count[rollup] or len(there - known) > len(there & known)
                assert pages & (keys | {rollup}) == ({rollup} if grown else set())
            else:
                one_page = len(keys) > POLICY.roll_up_over
                assert ({rollup} if one_page else keys) == pages & (keys | {rollup})

    def what_is_there_long_is_told_again(self, decision: Decision, now: dict[str, Severity]) -> None:
        paged = {alert.key for alert in triggers(decision, "pager")}
        for channel, key in self.model.has:
            if channel == "pager" and now.get(key) is CRITICAL and key not in self.model.acknowledged:
                assert key in paged or self.memory.now - self.model.paged[key] < DAY

    def ends_follow_begins(self, decision: Decision, now: dict[str, Severity]) -> None:
        for send in decision.sends:
            for alert in (draft.alert for draft in send.drafts):
                place = (send.channel, alert.key)
                if alert.event is Event.TRIGGER:
                    assert alert.turn is not Turn.IMPROVED or place not in self.model.has or send.channel == "am"
                    self.model.has.add(place)
                    continue
                assert place in self.model.has
                self.model.has.remove(place)
                assert alert.turn is not Turn.RESOLVED or alert.key not in now
        for alert in triggers(decision, "pager"):
            self.model.paged[alert.key] = self.memory.now
            self.model.count[alert.key] = alert.count
        changed = [one for one in decision.records if one.told == self.memory.now]
        worse = {one.key for one in changed if one.alert.turn is Turn.WORSENED}
        self.model.acknowledged -= worse | {one.key for one in decision.records if one.resolved}

    def records_are_what_there_is(self) -> None:
        """Each finding that is there, or may be, has one open alert; nothing else has, and those who know are noted."""
        findings = {
            member: one.severity for one in self.memory.open if one.check != "unknown" for member in one.members
        }
        members = [member for one in self.memory.open if one.check != "unknown" for member in one.members]
        assert findings == self.model.last
        assert len(members) == len(findings)
        assert {(name, one.key) for one in self.memory.open for name in one.channels} == self.model.has
        for one in self.memory.open:
            assert ("pager" in one.channels) is (one.severity is CRITICAL)
            assert ("mail" in one.channels) is (one.severity is Severity.WARNING)
        assert {one.key for one in self.memory.open if one.ack} == self.model.acknowledged

    def unknown_is_a_warning(self, decision: Decision) -> None:
        alerts = [draft.alert for send in decision.sends for draft in send.drafts if draft.alert.check == "unknown"]
        assert {alert.severity for alert in alerts} <= {Severity.WARNING}
        told = {one.key: set(one.members) for one in self.memory.open if one.check == "unknown"}
        assert told == {unknown_key(name): checks for name, checks in self.model.stays_unknown.items() if checks}

    def those_who_want_everything_have_it(self, decision: Decision) -> None:
        assert {alert.key for alert in triggers(decision, "am")} == {one.key for one in self.memory.open}

    def rollup_of(self, key: str, severity: Severity) -> str:
        spot = self.model.spots[key]
        name = spot.vcenter if spot.check == REACHABILITY else UUIDS[spot.vcenter]
        return rollup_key((name, spot.check, severity))


def triggers(decision: Decision, channel: str) -> list[Alert]:
    return [
        draft.alert
        for send in decision.sends
        for draft in send.drafts
        if send.channel == channel and draft.alert.event is Event.TRIGGER
    ]


TestWeeks = Weeks.TestCase
TestWeeks.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
