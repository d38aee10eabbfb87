"""The loop around the schedule: reloads, a state that cannot be used, a clock that was wrong for years."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from tests.unit.schedule.machines import Event, Machine
from vhealthd.errors import StateError
from vhealthd.schedule import Schedule, Trigger, keep

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def schedule(cron: str = "0 6 * * *", jitter: timedelta = timedelta(), zone: str = "UTC") -> Schedule:
    return Schedule(cron, ZoneInfo(zone), jitter, 6 * HOUR, "seed")


def at(clock: str, day: int = 10) -> datetime:
    return datetime.fromisoformat(f"2026-06-{day:02d}T{clock}:00+00:00")


async def runs(machine: Machine) -> list[tuple[datetime, str]]:
    await machine.live()
    return [(due, trigger) for due, trigger, _ in machine.asked]


@dataclass
class Desk:
    """What `keep` is given: a clock that the test moves, and a state that may fail."""

    now: datetime
    stored: datetime | None = None
    broken: bool = False
    asked: list[tuple[Trigger, datetime]] = field(default_factory=list)
    told: list[datetime] = field(default_factory=list)
    refuse: bool = False
    changes: asyncio.Queue[Schedule] = field(default_factory=asyncio.Queue)
    _sleepers: list[asyncio.Future[None]] = field(default_factory=list)

    async def load(self) -> datetime | None:
        self._fail_if(self.broken)
        return self.stored

    async def save(self, due: datetime) -> None:
        self._fail_if(self.broken)
        self.stored = due

    async def ask(self, trigger: Trigger, due: datetime) -> None:
        self._fail_if(self.refuse)
        self.asked.append((trigger, due))

    def _fail_if(self, broken: bool) -> None:  # noqa: FBT001 - one word at each call
        if broken:
            raise StateError("the database is locked")

    async def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 60
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers.append(sleeper)
        await sleeper

    async def settled(self) -> None:
        """Let the loop run until it sleeps."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def look(self, now: datetime) -> None:
        """Set the clock and wake the loop, as after a minute."""
        self.now = now
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        self._sleepers.clear()
        await self.settled()

    async def change(self, schedule: Schedule) -> None:
        self.changes.put_nowait(schedule)
        await self.settled()


async def keep_at(desk: Desk, plan: Schedule) -> None:
    await keep(
        plan,
        changes=desk.changes,
        ask=desk.ask,
        load_last_due=desk.load,
        save_last_due=desk.save,
        on_next=desk.told.append,
        clock=lambda: desk.now,
        sleep=desk.sleep,
    )


@asynccontextmanager
async def kept(desk: Desk, plan: Schedule) -> AsyncIterator[Desk]:
    task = asyncio.create_task(keep_at(desk, plan))
    try:
        await desk.settled()
        yield desk
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def test_next_scan_is_told_and_logged_once() -> None:
    with capture_logs() as logs:
        async with kept(Desk(at("03:59")), schedule(zone="Europe/Berlin")) as desk:
            await desk.look(at("03:59"))
            await desk.look(at("04:00"))

    assert desk.told == [at("04:00"), at("04:00", 11)]
    assert [one for one in logs if one["event"] == "next scan"] == [
        {
            "event": "next scan",
            "log_level": "info",
            "start": f"2026-06-{day} 06:00:00+02:00",
            "due": f"2026-06-{day} 06:00:00+02:00",
            "zone": "Europe/Berlin",
        }
        for day in (10, 11)
    ]


async def test_fresh_install_waits_through_the_jitter_of_its_first_moment() -> None:
    plan = schedule(jitter=5 * MINUTE)
    start = plan.start_of(at("06:00"))

    async with kept(Desk(at("05:59")), plan) as desk:
        await desk.look(at("06:00"))
        assert desk.asked == []
        await desk.look(start)

    assert desk.asked == [("schedule", at("06:00"))]
    assert desk.stored == at("06:00")


async def test_moment_that_was_missed_is_logged_and_never_looked_at_again() -> None:
    with capture_logs() as logs:
        async with kept(Desk(at("13:00"), stored=at("06:00", 9)), schedule()) as desk:
            await desk.look(at("13:01"))

    assert desk.asked == []
    assert desk.stored == at("06:00")
    assert [one["due"] for one in logs if one["event"] == "scheduled scan missed"] == ["2026-06-10 06:00:00+00:00"]


class TestReload:
    async def test_new_schedule_holds_at_once(self) -> None:
        async with kept(Desk(at("05:00"), stored=at("06:00", 9)), schedule()) as desk:
            await desk.change(schedule("0 7 * * *"))

            assert desk.told == [at("06:00"), at("07:00")]
            await desk.look(at("06:00"))
            assert desk.asked == []
            await desk.look(at("07:00"))
            assert desk.asked == [("schedule", at("07:00"))]

    async def test_next_scan_is_told_again_after_each_reload(self) -> None:
        async with kept(Desk(at("05:00")), schedule()) as desk:
            await desk.change(schedule())

            assert desk.told == [at("06:00"), at("06:00")]

    async def test_moments_that_the_new_one_has_in_the_past_are_not_made_up_for(self) -> None:
        async with kept(Desk(at("08:00"), stored=at("06:00")), schedule()) as desk:
            await desk.change(schedule("0 7 * * *"))
            assert desk.asked == []

            await desk.change(schedule("0 7 * * *", zone="Europe/Berlin"))
            assert desk.asked == []
            assert desk.told[-1] == at("05:00", 11)

    async def test_the_same_moments_keep_what_they_wait_for(self) -> None:
        """A reload inside of the jitter loses no scan."""
        plan = schedule(jitter=5 * MINUTE)
        async with kept(Desk(at("05:59"), stored=at("06:00", 9)), plan) as desk:
            await desk.look(at("06:01"))
            await desk.change(schedule(jitter=5 * MINUTE))
            assert desk.asked == []

            await desk.change(schedule(jitter=timedelta()))
            assert desk.asked == [("schedule", at("06:00"))]

    async def test_schedule_that_came_while_it_was_busy_is_not_lost(self) -> None:
        desk = Desk(at("05:00"))
        desk.changes.put_nowait(schedule("0 7 * * *"))
        desk.changes.put_nowait(schedule("0 8 * * *"))
        async with kept(desk, schedule()):
            assert desk.told[-1] == at("08:00")


class TestStateThatCannotBeUsed:
    async def test_what_was_handled_is_read_as_soon_as_it_can_be(self) -> None:
        async with kept(Desk(at("07:00"), stored=at("06:00", 9), broken=True), schedule()) as desk:
            await desk.look(at("07:01"))
            assert desk.asked == []

            desk.broken = False
            await desk.look(at("07:02"))
            assert desk.asked == [("catchup", at("06:00"))]

    async def test_moments_are_met_all_the_same(self) -> None:
        async with kept(Desk(at("05:59"), stored=at("06:00", 9), broken=True), schedule()) as desk:
            await desk.look(at("06:00"))
            await desk.look(at("06:01"))
            assert desk.asked == [("schedule", at("06:00"))]
            assert desk.stored == at("06:00", 9)

            desk.broken = False
            await desk.look(at("06:02"))
            assert desk.asked == [("schedule", at("06:00"))]
            assert desk.stored == at("06:00")

    async def test_nothing_is_written_over_what_was_not_read(self) -> None:
        class Unreadable(Desk):
            async def load(self) -> datetime | None:
                raise StateError("the database is locked")

        async with kept(Unreadable(at("05:59"), stored=at("06:00", 9)), schedule()) as desk:
            await desk.look(at("06:00"))
            await desk.look(at("06:01"))

            assert desk.asked == [("schedule", at("06:00"))]
            assert desk.stored == at("06:00", 9)

    async def test_what_cannot_be_saved_is_saved_later(self) -> None:
        async with kept(Desk(at("05:59"), stored=at("06:00", 9)), schedule()) as desk:
            desk.broken = True
            await desk.look(at("06:00"))
            desk.broken = False
            await desk.look(at("06:01"))

            assert desk.asked == [("schedule", at("06:00"))]
            assert desk.stored == at("06:00")

    async def test_scan_that_cannot_be_promised_is_asked_for_again(self) -> None:
        async with kept(Desk(at("05:59"), stored=at("06:00", 9)), schedule()) as desk:
            desk.refuse = True
            await desk.look(at("06:00"))
            await desk.look(at("06:01"))
            assert desk.stored == at("06:00", 9)

            desk.refuse = False
            await desk.look(at("06:04"))
            assert desk.asked == [("catchup", at("06:00"))]
            assert desk.stored == at("06:00")


class Careless(Desk):
    """A daemon with a fault in what it gives to `keep`."""

    async def ask(self, trigger: Trigger, due: datetime) -> None:
        raise ZeroDivisionError(trigger, due)


class Restless(Desk):
    """The same, elsewhere."""

    async def sleep(self, seconds: float) -> None:
        raise ZeroDivisionError(seconds)


@pytest.mark.parametrize("desk", [Careless(at("06:00"), at("06:00", 9)), Restless(at("05:00"))], ids=["ask", "sleep"])
async def test_any_other_error_ends_it(desk: Desk) -> None:
    with pytest.raises(ZeroDivisionError):
        await keep_at(desk, schedule())


class TestClockThatIsWrong:
    async def test_years_ahead_and_then_right_again(self) -> None:
        """It comes up years ahead, and is put right after two hours: the schedule goes on as if nothing had been."""
        ahead = 3 * 365 * DAY
        machine = Machine(
            schedule(), at("05:30") + ahead, lasts=2 * DAY + HOUR, events=[Event(2 * HOUR, "step", -ahead)]
        )

        assert await runs(machine) == [
            (at("06:00") + ahead, "schedule"),
            (at("06:00", 11), "schedule"),
            (at("06:00", 12), "schedule"),
        ]

    async def test_years_ahead_for_an_hour(self) -> None:
        ahead = 3 * 365 * DAY
        events = [Event(HOUR, "step", ahead), Event(2 * HOUR, "step", -ahead)]
        machine = Machine(schedule(), at("06:30", 9), lasts=3 * DAY, events=events)

        assert await runs(machine) == [
            (at("06:00", 9) + ahead, "catchup"),
            (at("06:00"), "schedule"),
            (at("06:00", 11), "schedule"),
            (at("06:00", 12), "schedule"),
        ]

    async def test_in_1970_until_the_network_is_there(self) -> None:
        epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        events = [Event(MINUTE, "step", at("07:00") - epoch)]
        machine = Machine(schedule(), epoch, lasts=DAY, events=events)
        machine.last_due = at("06:00", 9)

        assert await runs(machine) == [(at("06:00"), "catchup"), (at("06:00", 11), "schedule")]

    async def test_put_back_and_forth_around_a_moment(self) -> None:
        swings = [Event((30 + 10 * number) * MINUTE, "step", 40 * MINUTE * (-1) ** number) for number in range(1, 9)]
        machine = Machine(schedule(), at("05:30"), lasts=DAY, events=swings)

        assert await runs(machine) == [(at("06:00"), "schedule")]
