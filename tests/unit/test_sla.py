"""Service levels: judged results that are not critical, in per cent; nothing judged is no data."""

import pytest

from vhealthd.model import Category, Outcome
from vhealthd.sla import Attainment, Results, sla

CRITICAL, UNKNOWN, WARNING, PASS, SKIPPED = (
    Outcome.CRITICAL,
    Outcome.UNKNOWN,
    Outcome.WARNING,
    Outcome.PASS,
    Outcome.SKIPPED,
)


@pytest.mark.parametrize(
    ("outcomes", "percent"),
    [
        ({}, None),
        ({UNKNOWN: 3, SKIPPED: 4}, None),
        ({PASS: 1}, 100.0),
        ({CRITICAL: 1}, 0.0),
        ({PASS: 1, WARNING: 1, Outcome.INFO: 1, CRITICAL: 1}, 75.0),
        ({PASS: 2, CRITICAL: 1, UNKNOWN: 9, SKIPPED: 9}, 66.66),
        ({PASS: 99_999, CRITICAL: 1}, 99.99),
        ({PASS: 29, CRITICAL: 71}, 29.0),
    ],
)
def test_attainment(outcomes: dict[Outcome, int], percent: float | None) -> None:
    assert Attainment(outcomes).percent == percent


def test_what_is_not_judged_is_counted_beside_it() -> None:
    one = Attainment({PASS: 5, CRITICAL: 1, UNKNOWN: 2, SKIPPED: 3})
    assert (one.judged, one.critical, one.unknown, one.skipped) == (6, 1, 2, 3)
    assert one.ratio == pytest.approx(5 / 6)
    assert Attainment({}).ratio is None


def test_results_are_summed_up_by_part() -> None:
    whole = sla(
        [
            Results("prod", "vm-age", Category.VM, PASS, 9),
            Results("prod", "vm-age", Category.VM, CRITICAL, 1),
            Results("lab", "vm-age", Category.VM, UNKNOWN, 5),
            Results("lab", "dns", Category.CONNECTIVITY, WARNING, 10),
        ]
    )
    assert whole.overall.percent == 95.0
    assert {name: one.percent for name, one in whole.vcenters.items()} == {"lab": 100.0, "prod": 90.0}
    assert [(name.value, one.percent) for name, one in whole.categories.items()] == [
        ("connectivity", 100.0),
        ("vm", 90.0),
    ]
    assert {name: one.unknown for name, one in whole.checks.items()} == {"dns": 0, "vm-age": 5}


def test_no_results_are_no_data() -> None:
    whole = sla([])
    assert whole.overall.percent is None
    assert (whole.vcenters, whole.categories, whole.checks) == ({}, {}, {})
