"""A year of simulated time: the list of runs is exactly right, whatever the clock and the machine do."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.unit.schedule.machines import Event, Machine, stretches
from tests.unit.schedule.oracle import Rules, Times, every_day, last_of_month, moments, runs, weekdays
from vhealthd.schedule import Schedule

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

IN_THE_GAP = Times("30 2 * * *", (30,), (2,))
HOURLY = Times("0 * * * *", (0,))
RULES = Rules(jitter=5 * MINUTE, catch_up=6 * HOUR, seed="vhealthd.example.com")


def schedule(times: Times, zone: str, rules: Rules = RULES) -> Schedule:
    return Schedule(times.cron, ZoneInfo(zone), rules.jitter, rules.catch_up, rules.seed)


ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "Asia/Beirut", "Antarctica/Troll")
ALL_TIMES = (
    Times("0 6 * * *", (0,), (6,)),
    IN_THE_GAP,
    Times("15,45 0-3 * * *", (15, 45), (0, 1, 2, 3)),
    Times("*/20 2 * * *", (0, 20, 40), (2,)),  # wildcard minutes of a named hour: no exception
    Times("30 */2 * * *", (30,), tuple(range(0, 24, 2))),
    Times("0 0 * * *", (0,), (0,)),
    HOURLY,
    Times("30 0-23 * * *", (30,)),
    Times("0 6 * * 1-5", (0,), (6,), weekdays),
    Times("30 1 L * *", (30,), (1,), last_of_month),
)


@pytest.mark.parametrize("zone", ZONES)
def test_moments_are_those_that_the_clock_on_the_wall_shows(zone: str) -> None:
    for times in ALL_TIMES:
        made, moment = [], BEGIN - MINUTE
        plan = schedule(times, zone)
        while (moment := plan.due_after(moment)) < BEGIN + YEAR:
            made.append(moment)

        assert made == moments(times, ZoneInfo(zone), BEGIN, BEGIN + YEAR), times


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_next_moment_is_the_same_from_wherever_one_looks(zone: str) -> None:
    """Also from the second pass of a repeated hour, where the wall shows times that are over."""
    for times in (IN_THE_GAP, Times("45 1 * * *", (45,), (1,)), HOURLY):
        plan, dues = schedule(times, zone), moments(times, ZoneInfo(zone), BEGIN, BEGIN + YEAR)
        changes = [day for day in _days() if _offset(zone, day) != _offset(zone, day + DAY)]
        assert len(changes) == 2
        for change in changes:
            for minutes in range(0, 48 * 60, 10):
                moment = change - 12 * HOUR + minutes * MINUTE
                assert plan.due_after(moment) == next(due for due in dues if due > moment)


def _days() -> list[datetime]:
    return [BEGIN + number * DAY for number in range(1, 364)]


def _offset(zone: str, moment: datetime) -> timedelta | None:
    return moment.astimezone(ZoneInfo(zone)).utcoffset()


@pytest.mark.parametrize(
    ("times", "zone"),
    [
        (IN_THE_GAP, "Europe/Berlin"),
        (HOURLY, "Europe/Berlin"),
        (Times("30 1 * * *", (30,), (1,)), "America/New_York"),  # in the repeated hour
        (Times("0 6 * * 1-5", (0,), (6,), weekdays), "America/New_York"),
        (Times("45 1,2 * * *", (45,), (1, 2)), "Australia/Lord_Howe"),  # clocks are changed by half an hour
        (Times("0 6 * * *", (0,), (6,)), "Asia/Shanghai"),
    ],
    ids=str,
)
async def test_year_of_steps_nights_and_restarts(times: Times, zone: str) -> None:
    dues = moments(times, ZoneInfo(zone), BEGIN, BEGIN + YEAR + 40 * DAY)
    events = list(befalls(dues, random.Random(f"{times} {zone}")))  # noqa: S311 - seeded, not secret
    machine = Machine(schedule(times, zone), BEGIN, lasts=YEAR, events=events)

    await machine.live()

    watched = stretches(BEGIN, YEAR, events)
    assert [(due, trigger) for due, trigger, _ in machine.asked] == runs(dues, watched, RULES)
    assert {trigger for _, trigger, _ in machine.asked} == {"schedule", "catchup"}
    assert all(
        timedelta() <= at - due <= RULES.jitter + 2 * MINUTE
        for due, trigger, at in machine.asked
        if trigger == "schedule"
    )
    awake = sum(((end - begin) for begin, end in watched), timedelta())
    assert machine.looks >= awake / MINUTE


def befalls(dues: list[datetime], chance: random.Random) -> Iterator[Event]:
    """Yield what befalls the machine in a year: at random, and at the moments that hurt most."""
    hurting = sorted(chance.sample([due for due in dues if BEGIN + 3 * DAY < due < BEGIN + YEAR - 3 * DAY][::5], k=9))
    planted = [
        (MINUTE, "off", MINUTE),  # inside of the jitter
        (-MINUTE, "off", timedelta(seconds=90)),
        (-5 * HOUR, "suspend", 10 * HOUR),  # a night, made up for in the morning
        (-5 * HOUR, "suspend", 14 * HOUR),  # a night that was too long
        (20 * MINUTE, "step", -2 * HOUR),  # back over the run
        (-30 * MINUTE, "step", 2 * HOUR),  # ahead over the moment
        (2 * MINUTE, "step", -10 * MINUTE),
        (-30 * HOUR, "off", 60 * HOUR),
        (-2 * HOUR, "suspend", 4 * HOUR),
    ]
    chance.shuffle(planted)
    chosen = [(due + offset, kind, by) for due, (offset, kind, by) in zip(hurting, planted, strict=True)]
    for _ in range(100):
        at, by = BEGIN + YEAR * chance.random(), timedelta(minutes=chance.randrange(1, 600))
        if all(other + abs(length) + HOUR < at or at + by + HOUR < other for other, _, length in chosen):
            chosen.append((at, "off", by))
    assert len(chosen) > 50
    shift = timedelta()
    for at, kind, by in sorted(chosen):
        yield Event(at - shift - BEGIN, kind, by)
        shift += by if kind == "step" else timedelta()


async def test_quiet_year_has_a_run_a_day() -> None:
    times = Times("0 6 * * *", (0,), (6,), every_day)
    machine = Machine(schedule(times, "Europe/Berlin"), BEGIN, lasts=YEAR, events=[])

    await machine.live()

    assert len(machine.asked) == 365
    assert {trigger for _, trigger, _ in machine.asked} == {"schedule"}
