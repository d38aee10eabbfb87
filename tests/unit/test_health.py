from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from vhealthd.health import Health, delivery_problems, is_stale
from vhealthd.model import Delivery, DeliveryState, Parcel
from vhealthd.schedule import Schedule

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_problems_stand_until_they_are_over() -> None:
    health = Health()
    assert list(health.problems) == []
    health.wrong("storage", "disk full")
    health.wrong("configuration", "line 3")
    assert list(health.problems) == ["configuration: line 3", "storage: disk full"]
    health.well("storage")
    health.well("never wrong")
    assert list(health.problems) == ["configuration: line 3"]


def test_a_problem_is_logged_when_it_comes_changes_and_goes_and_not_between() -> None:
    health = Health()
    with capture_logs() as logs:
        for what in ("disk full", "disk full", "read-only"):
            health.wrong("storage", what)
        health.well("storage")
        health.well("storage")
    assert [(line["event"], line.get("problem")) for line in logs] == [
        ("problem", "disk full"),
        ("problem", "read-only"),
        ("problem is over", None),
    ]


# --- deliveries


def delivery(sink: str, state: DeliveryState, error: str) -> Delivery:
    now = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
    return Delivery(
        parcel=Parcel(id="one", run_id="run-1", sink=sink, what="a mail"),
        state=state,
        attempts=1,
        created=now,
        due=now,
        expires=now,
        error=error,
    )


def test_each_sink_in_trouble_is_one_sentence_with_the_newest_error() -> None:
    assert list(
        delivery_problems(
            [
                delivery("mail", DeliveryState.PENDING, "newer"),
                delivery("mail", DeliveryState.SENDING, "older"),
                delivery("s3", DeliveryState.FAILED, "no bucket"),
            ]
        )
    ) == ["mail: 2 deliveries wait: newer", "s3: 1 delivery was given up: no bucket"]


# --- the age of the last scan


def schedule(cron: str = "0 6 * * *", jitter: timedelta = 5 * MINUTE) -> Schedule:
    return Schedule(cron, ZoneInfo("Europe/Berlin"), jitter, 6 * HOUR, "")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


LONG_AGO = at("2026-01-01T00:00")
# jitter, deadline and a little more after 06:00
LATE = "06:35:01"


@pytest.mark.parametrize(
    ("why", "cron", "last", "began", "now", "stale"),
    [
        ("in time", "0 6 * * *", "2026-03-02T06:10", None, "2026-03-03T06:34", False),
        ("late", "0 6 * * *", "2026-03-02T06:10", None, f"2026-03-03T{LATE}", True),
        ("a week is a week", "0 6 * * 1", "2026-03-02T06:10", None, "2026-03-09T05:59", False),
        ("a week is over", "0 6 * * 1", "2026-03-02T06:10", None, f"2026-03-09T{LATE}", True),
        ("a day of 23 hours", "0 6 * * *", "2026-03-28T06:10", None, "2026-03-29T06:34", False),
        ("a day of 23 hours is over", "0 6 * * *", "2026-03-28T06:10", None, f"2026-03-29T{LATE}", True),
        ("a day of 25 hours", "0 6 * * *", "2026-10-24T06:10", None, "2026-10-25T06:34", False),
        ("a new installation", "0 6 * * *", None, "2026-03-02T07:00", "2026-03-03T06:00", False),
        ("a new installation that never scanned", "0 6 * * *", None, "2026-03-02T07:00", f"2026-03-03T{LATE}", True),
        ("off over night", "0 6 * * *", "2026-03-01T06:10", "2026-03-02T08:00", "2026-03-02T08:35", False),
        ("nor made up for", "0 6 * * *", "2026-03-01T06:10", "2026-03-02T08:00", "2026-03-02T08:36", True),
    ],
)
def test_a_scan_is_missed(why: str, cron: str, last: str | None, began: str | None, now: str, *, stale: bool) -> None:
    finished, since = last and at(last), at(began) if began else LONG_AGO
    assert is_stale(finished or None, since, at(now), schedule(cron), 15 * MINUTE) is stale, why
