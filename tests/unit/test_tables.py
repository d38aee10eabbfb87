"""Words in tables for people."""

from datetime import UTC, datetime, timedelta

import pytest

from vhealthd.commands.tables import age, count, iso, moment, plain, span

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (47 * 3600, "47 h"),
        (48 * 3600, "2 d"),
        (400 * 86400, "400 d"),
    ],
)
def test_a_duration_in_its_largest_unit(seconds: float, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_an_age_that_is_not_known() -> None:
    assert age(None, NOW) == "-"
    assert age(NOW - timedelta(days=3), NOW) == "3 d"


def test_times() -> None:
    assert moment(NOW) == "2026-11-22 06:00 UTC"
    assert iso(NOW) == "2026-11-22T06:00:00Z"
    assert iso(None) is None


def test_nothing_to_count_is_nothing_to_read() -> None:
    assert (count(0).plain, count(12345).plain) == ("-", "12,345")


def test_what_a_terminal_would_obey_is_written_out() -> None:
    assert plain("\x1b[31m[red]x[/red]\n").plain == "\\x1b[31m[red]x[/red]\\n"
