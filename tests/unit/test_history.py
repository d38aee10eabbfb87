"""What a check may know of earlier runs: its own past, and nothing where none is kept."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import CLUSTER, NOW, VCENTER, ago, datastore, host
from tests.unit.test_engine import Parts, check, finds, of
from vhealthd.catalogue import BoundCheck
from vhealthd.checkapi import Inventory, Limits, exceeded
from vhealthd.engine import conclude, run_checks
from vhealthd.model import (
    NO_HISTORY,
    Blind,
    Examined,
    History,
    Known,
    Message,
    Outcome,
    Reading,
    Severity,
    Unseen,
    Verdict,
)

DS, ESX = datastore(), host()
MONTH = timedelta(days=30)
PAST = History(
    findings={
        (DS.moref, None): Known(ago(days=3), Severity.WARNING),
        (DS.moref, "provisioned"): Known(ago(days=9), Severity.INFO),
        (None, None): Known(ago(days=1), Severity.CRITICAL),
    },
    readings={(DS.moref, None): ((ago(days=2), 1.0), (ago(days=1), 2.0))},
)


def test_a_finding_is_known_by_object_and_key() -> None:
    assert (PAST.since(DS), PAST.was(DS)) == (ago(days=3), Severity.WARNING)
    assert (PAST.since(DS, "provisioned"), PAST.was(DS, "provisioned")) == (ago(days=9), Severity.INFO)
    assert (PAST.since(ESX), PAST.was(ESX)) == (None, None)


def test_vcenter_itself_has_no_reference_of_its_own() -> None:
    assert PAST.was(VCENTER) is Severity.CRITICAL


def test_without_a_past_nothing_is_known() -> None:
    assert (NO_HISTORY.looked, NO_HISTORY.since(DS), NO_HISTORY.was(DS), NO_HISTORY.series(DS)) == (
        None,
        None,
        None,
        (),
    )
    assert NO_HISTORY.per_day(DS, None, now=NOW, value=1, over=MONTH) is None


def test_a_history_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        PAST.looked = NOW  # type: ignore[misc]


def rising(*points: tuple[float, float]) -> History:
    """Return a history of readings, each with its age in days."""
    return History(readings={(DS.moref, None): tuple((ago(days=age), value) for age, value in points)})


def test_growth_is_the_slope_of_the_closest_line() -> None:
    history = rising((6, 10), (5, 13), (4, 9), (3, 20), (2, 15), (1, 22))
    # by hand: sum((t - 3) * v) / sum((t - 3) ** 2) over t = 0 ... 6
    assert history.per_day(DS, None, now=NOW, value=24, over=MONTH) == pytest.approx(66 / 28)


@given(slope=st.floats(-1e9, 1e9), level=st.floats(-1e12, 1e12))
def test_growth_of_a_line_is_its_slope(slope: float, level: float) -> None:
    history = rising(*((age, level - age * slope) for age in range(9, 0, -1)))
    assert history.per_day(DS, None, now=NOW, value=level, over=MONTH) == pytest.approx(slope, rel=1e-3, abs=1)


@pytest.mark.parametrize(
    "ages",
    [
        pytest.param((5, 4, 3, 2, 1), id="too few"),
        pytest.param((2.9, 2, 1.5, 1, 0.5, 0.1), id="too close"),
        pytest.param((40, 39, 38, 37, 36, 35), id="too old"),
        pytest.param((-1, -2, -3, -4, -5, -6), id="from a clock that was wrong"),
    ],
)
def test_growth_is_not_guessed(ages: tuple[float, ...]) -> None:
    assert rising(*((age, age) for age in ages)).per_day(DS, None, now=NOW, value=9, over=MONTH) is None


# --- hysteresis -----------------------------------------------------------------------------------------------------

W, C = Severity.WARNING, Severity.CRITICAL


@pytest.mark.parametrize(
    ("value", "was", "margin", "grade"),
    [
        (85, None, 5, None),
        (85.1, None, 5, (W, 85)),
        (95.1, None, 5, (C, 95)),
        (80.1, W, 5, (W, 85)),
        (80, W, 5, None),
        (80.1, Severity.INFO, 5, None),
        (90.1, C, 5, (C, 95)),
        (90, C, 5, (W, 85)),
        (80, C, 5, None),
        (94, W, 5, (W, 85)),
        (84, C, 0, None),
    ],
)
def test_what_was_reported_is_held_for_a_margin(
    value: float, was: Severity | None, margin: float, grade: tuple[Severity, float] | None
) -> None:
    assert exceeded(value, warning=85, critical=95, was=was, hysteresis=margin) == grade


# --- the engine -----------------------------------------------------------------------------------------------------


async def test_each_check_sees_its_own_past() -> None:
    seen: dict[str, History] = {}

    def judge(slug: str) -> BoundCheck:
        def look(inventory: Inventory, _limits: Limits) -> Iterator[Verdict]:
            seen[slug] = inventory.history
            return iter(())

        return BoundCheck(check(look, slug), Limits())

    await run_checks(
        [judge("one"), judge("two")],
        Parts(),
        now=NOW,
        vcenter=VCENTER,
        concurrency=1,
        check_timeout=5,
        history={"one": PAST},
    )
    assert seen == {"one": PAST, "two": NO_HISTORY}


def test_readings_are_collected() -> None:
    result = of(Examined(DS), Reading(DS, None, 1.5), Reading(DS, "other", 2))
    assert result.readings == (Reading(DS, None, 1.5), Reading(DS, "other", 2))
    assert result.outcome is Outcome.PASS


def test_a_reading_alone_is_no_judgement() -> None:
    assert of(Reading(DS, None, 1.5)).outcome is Outcome.SKIPPED


def test_two_readings_of_one_name_are_the_checks_fault() -> None:
    with pytest.raises(Exception, match="says two things of ds01"):
        of(Reading(DS, None, 1), Reading(DS, None, 2))


def test_a_check_from_which_a_part_was_hidden_is_not_whole() -> None:
    why = Unseen(Message("test.why", "the privilege lacks")(), Outcome.SKIPPED)
    assert of(Examined(CLUSTER)).whole
    assert not of(Examined(CLUSTER), Blind(why)).whole


def test_what_is_said_of_maintenance_itself_is_not_demoted() -> None:
    resting = host(in_maintenance_mode=True)
    forgotten = replace(finds(W, resting, "maintenance"), even_at_rest=True)
    result = of(forgotten, finds(C, resting, "fan"))
    assert {one.key: one.severity for one in result.findings} == {"maintenance": W, "fan": Severity.INFO}
    assert conclude(check(lambda _i, _l: iter(()), maximum=Severity.INFO), [forgotten]).outcome is Outcome.INFO
