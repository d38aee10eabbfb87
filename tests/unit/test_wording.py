"""How numbers and times become words, and what machines get of them."""

from datetime import UTC, datetime, timedelta, timezone
from string import Formatter

import pytest

from vhealthd.catalogue import Catalogue
from vhealthd.model import Message, Param
from vhealthd.wording import _UNITS, english, evidence

MOMENT = datetime(2026, 3, 1, 23, 30, 59, 999, tzinfo=timezone(timedelta(hours=2)))


def said(hole: str, value: Param) -> str:
    return english(Message("test.one", f"{{value{hole}}}")(value=value))


@pytest.mark.parametrize(
    ("hole", "value", "words"),
    [
        ("", "text", "text"),
        ("", "{braces} %s", "{braces} %s"),
        ("", 7, "7"),
        ("", "", ""),
        ("", None, "unknown"),
        (":percent", 89.96, "90.0 %"),
        (":percent", 0, "0.0 %"),
        (":percent", None, "unknown"),
        (":limit", 85.0, "85 %"),
        (":limit", 97.5, "97.5 %"),
        (":bytes", 0, "0 B"),
        (":bytes", 1023, "1023 B"),
        (":bytes", 1023.4, "1023 B"),
        (":bytes", 1023.5, "1.0 KB"),
        (":bytes", 1024, "1.0 KB"),
        (":bytes", 1023.9 * 2**10, "1023.9 KB"),
        (":bytes", 2**20 - 1, "1.0 MB"),
        (":bytes", 2**30 - 1, "1.0 GB"),
        (":bytes", 2**40 - 1, "1.0 TB"),
        (":bytes", 2**50 - 1, "1.0 PB"),
        (":bytes", 1 - 2**30, "-1.0 GB"),
        (":bytes", 1536 * 1024, "1.5 MB"),
        (":bytes", 2**30, "1.0 GB"),
        (":bytes", 3 * 2**40, "3.0 TB"),
        (":bytes", 5000 * 2**50, "5000.0 PB"),
        (":bytes", -(2**30), "-1.0 GB"),
        (":bytes", None, "unknown"),
        (":days", 1, "1 day"),
        (":days", 1.04, "1 day"),
        (":days", 0.96, "1 day"),
        (":days", 0.5, "0.5 days"),
        (":days", 0, "0 days"),
        (":days", 10.0, "10 days"),
        (":days", 11.26, "11.3 days"),
        (":seconds", 0.25, "0.2 s"),
        (":seconds", 90, "90.0 s"),
        (":mhz", 2500, "2.5 GHz"),
        (":ratio", 2.04, "2.0"),
        (":time", MOMENT, "2026-03-01 21:30 UTC"),
        (":time", None, "unknown"),
    ],
)
def test_units(hole: str, value: Param, words: str) -> None:
    assert said(hole, value) == words


def test_a_parameter_without_a_hole_is_evidence_alone() -> None:
    text = Message("test.two", "{used:percent} used")(used=90, limit=85)

    assert english(text) == "90.0 % used"
    assert evidence(text) == {"used": 90, "limit": 85}


def test_evidence_is_plain_times_in_utc_and_three_decimals() -> None:
    text = Message("test.three", "")(a=1 / 3, b=7, c="x", d=None, e=True, f=MOMENT, g=datetime(2026, 1, 1, tzinfo=UTC))

    assert evidence(text) == {
        "a": 0.333,
        "b": 7,
        "c": "x",
        "d": None,
        "e": True,
        "f": "2026-03-01T21:30:59.000999Z",
        "g": "2026-01-01T00:00:00Z",
    }


def messages() -> list[Message]:
    """Return every message of every check that is installed."""
    return [
        one
        for check in Catalogue.discover().checks
        for one in check.judge.__globals__.values()
        if isinstance(one, Message)
    ]


@pytest.mark.parametrize("message", messages(), ids=lambda one: one.id)
def test_every_hole_of_every_message_has_a_unit_that_is_known(message: Message) -> None:
    units = {unit for _, name, unit, _ in Formatter().parse(message.english) if name}

    assert units <= {"", "g", *_UNITS}
