"""What is to be done now: a table of clocks, and what was handled before."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from vhealthd.config import ScheduleSettings
from vhealthd.schedule import Decision, Missed, Run, Schedule, Wait

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def schedule(
    cron: str = "0 6 * * *", *, jitter: timedelta = timedelta(), zone: str = "UTC", seed: str = "a"
) -> Schedule:
    return Schedule(cron, ZoneInfo(zone), jitter, 6 * HOUR, seed)


def at(clock: str, day: int = 10) -> datetime:
    return datetime.fromisoformat(f"2026-06-{day:02d}T{clock}:00+00:00")


YESTERDAY, TODAY, TOMORROW = at("06:00", 9), at("06:00"), at("06:00", 11)


@pytest.mark.parametrize(
    ("now", "last_due", "decision"),
    [
        # as it goes day by day
        (at("05:00"), YESTERDAY, Wait(TODAY, TODAY)),
        (at("06:00"), YESTERDAY, Run(TODAY, "schedule")),
        (at("06:02"), YESTERDAY, Run(TODAY, "schedule")),
        (at("06:00"), TODAY, Wait(TOMORROW, TOMORROW)),
        (at("06:01"), TODAY, Wait(TOMORROW, TOMORROW)),
        # a fresh install makes up for nothing
        (at("06:01"), None, Wait(TOMORROW, TOMORROW)),
        (at("05:59"), None, Wait(TODAY, TODAY)),
        # off or asleep while it was due
        (at("06:03"), YESTERDAY, Run(TODAY, "catchup")),
        (at("12:00"), YESTERDAY, Run(TODAY, "catchup")),
        (at("12:01"), YESTERDAY, Missed(TODAY)),
        (at("07:00"), at("06:00", 1), Run(TODAY, "catchup")),  # the latest one alone
        (at("23:00"), at("06:00", 1), Missed(TODAY)),
        (at("05:00"), at("06:00", 1), Missed(YESTERDAY)),
        (at("07:00"), datetime(1996, 2, 1, 6, tzinfo=UTC), Run(TODAY, "catchup")),
        # what was handled last need not be a moment: the schedule was another one, or was new
        (at("05:00"), at("04:59"), Wait(TODAY, TODAY)),
        (at("06:30"), at("06:10"), Wait(TOMORROW, TOMORROW)),
        # the clock was put back after the scan
        (at("05:59"), TODAY, Wait(TOMORROW, TOMORROW)),
        (at("06:10", 9), TODAY, Wait(TOMORROW, TOMORROW)),
        (at("06:00", 9), TODAY, Wait(TOMORROW, TOMORROW)),  # by one day exactly
        # the clock had been far ahead, and is right again
        (at("05:00"), at("06:00") + 3 * 365 * DAY, Wait(TODAY, TODAY)),
        (at("07:00"), at("06:00") + 3 * 365 * DAY, Wait(TOMORROW, TOMORROW)),
        (at("05:00", 9), at("05:01"), Wait(YESTERDAY, YESTERDAY)),
    ],
)
def test_decision(now: datetime, last_due: datetime | None, decision: Decision) -> None:
    assert schedule().decide(now, last_due) == decision


def test_wildcards_of_a_minute_are_as_fast_after_a_year_off() -> None:
    assert schedule("* * * * *").decide(at("07:00"), at("07:00") - 365 * DAY) == Run(at("07:00"), "schedule")


class TestJitter:
    jittered = schedule(jitter=5 * MINUTE)
    start = jittered.start_of(TODAY)

    def test_start_is_the_same_each_time_and_differs_by_day_and_installation(self) -> None:
        days = [TODAY + number * DAY for number in range(200)]
        delays = [self.jittered.start_of(day) - day for day in days]
        other = schedule(jitter=5 * MINUTE, seed="b")

        assert delays == [schedule(jitter=5 * MINUTE).start_of(day) - day for day in days]
        assert delays != [other.start_of(day) - day for day in days]
        assert all(timedelta() <= delay <= 5 * MINUTE for delay in delays)
        assert max(delays) > 4 * MINUTE
        assert min(delays) < MINUTE
        assert all(delay.microseconds == 0 for delay in delays)

    def test_start_does_not_depend_on_the_zone_that_a_moment_is_written_in(self) -> None:
        assert self.jittered.start_of(TODAY.astimezone(ZoneInfo("Asia/Shanghai"))) == self.start

    def test_without_jitter_it_starts_when_it_is_due(self) -> None:
        assert schedule().start_of(TODAY) == TODAY

    def test_restart_before_the_start_loses_nothing(self) -> None:
        assert self.start - TODAY > MINUTE, "choose another seed"
        assert self.jittered.decide(TODAY + MINUTE, YESTERDAY) == Wait(self.start, TODAY)
        assert self.jittered.decide(self.start, YESTERDAY) == Run(TODAY, "schedule")

    def test_lateness_counts_from_the_start(self) -> None:
        assert self.jittered.decide(self.start + 2 * MINUTE, YESTERDAY) == Run(TODAY, "schedule")
        assert self.jittered.decide(self.start + 3 * MINUTE, YESTERDAY) == Run(TODAY, "catchup")

    def test_catch_up_counts_from_the_moment(self) -> None:
        assert self.jittered.decide(TODAY + 6 * HOUR, YESTERDAY) == Run(TODAY, "catchup")
        assert self.jittered.decide(TODAY + 6 * HOUR + MINUTE, YESTERDAY) == Missed(TODAY)

    def test_moment_whose_start_is_ahead_covers_the_missed_one_before(self) -> None:
        assert self.jittered.decide(TODAY + MINUTE, at("06:00", 8)) == Wait(self.start, TODAY)

    def test_longer_than_the_time_to_the_next_moment_it_skips_none(self) -> None:
        often = schedule("*/10 * * * *", jitter=2 * HOUR)
        due = at("06:00")
        for _ in range(100):
            following = often.due_after(due)
            assert due <= often.start_of(due) < following
            due = following


def test_schedule_is_made_of_settings() -> None:
    made = Schedule.of(ScheduleSettings(cron="30 2 * * *", timezone="Europe/Berlin"), seed="vc-monitor")

    assert made == Schedule("30 2 * * *", ZoneInfo("Europe/Berlin"), 5 * MINUTE, 6 * HOUR, "vc-monitor")


@pytest.mark.parametrize(
    ("zone", "cron", "after", "due"),
    [
        # ahead: what falls into the gap is due when it ends
        ("Europe/Berlin", "30 2 * * *", "2026-03-29T00:00Z", "2026-03-29T01:00Z"),
        ("America/New_York", "30 2 * * *", "2026-03-08T06:00Z", "2026-03-08T07:00Z"),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00Z", "2026-10-03T15:30Z"),
        ("Asia/Beirut", "0 0 * * *", "2026-03-28T12:00Z", "2026-03-28T22:00Z"),  # at midnight
        # back: in the first pass, and not in the second one
        ("Europe/Berlin", "30 2 * * *", "2026-10-25T00:00Z", "2026-10-25T00:30Z"),
        ("Europe/Berlin", "30 2 * * *", "2026-10-25T00:30Z", "2026-10-26T01:30Z"),
        ("Europe/Berlin", "30 2 * * *", "2026-10-25T01:10Z", "2026-10-26T01:30Z"),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T14:50Z", "2026-04-05T15:15Z"),
        # every hour: an hour after the last one
        ("Europe/Berlin", "30 * * * *", "2026-10-25T00:30Z", "2026-10-25T01:30Z"),
        ("Europe/Berlin", "30 * * * *", "2026-03-29T00:30Z", "2026-03-29T01:30Z"),
        # fractions of a second are none
        ("UTC", "0 6 * * *", "2026-06-10T05:59:59.999999Z", "2026-06-10T06:00Z"),
        ("UTC", "0 6 * * *", "2026-06-10T06:00:00.000001Z", "2026-06-11T06:00Z"),
    ],
)
def test_moments_where_clocks_are_changed(zone: str, cron: str, after: str, due: str) -> None:
    found = schedule(cron, zone=zone).due_after(datetime.fromisoformat(after))

    assert found == datetime.fromisoformat(due)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "cron",
    ["", "every day", "0 6 * *", "0 0 6 * * *", "60 6 * * *", "0 24 * * *", "0 6 30 2 *", "0 6 LW * */6", "@daily"],
)
def test_expression_that_makes_no_sense_is_refused(cron: str) -> None:
    with pytest.raises(ValueError, match=r"expected five fields|never comes"):
        ScheduleSettings(cron=cron)
