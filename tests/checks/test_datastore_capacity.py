from dataclasses import replace

import pytest
from pydantic import ValidationError

from tests.builders import GIB, Case, Says, ago, datastore, findings, inventory, load, says, verdicts
from tests.builders_history import earlier, was
from vhealthd.checkapi import Inventory
from vhealthd.model import Datastore, NotExamined, Reading, Severity
from vhealthd.wording import english

SLUG = "datastore-capacity"
FINE = Says(examined={"ds01"})
WARNING = Says(finds={("warning", "ds01", None)}, examined={"ds01"})
CRITICAL = Says(finds={("critical", "ds01", None)}, examined={"ds01"})


def _one(capacity: int = 2000, **more: float | bool | None) -> Inventory:
    """Return an estate of one datastore; `free` and `uncommitted` in GiB like the capacity."""
    free = more.pop("free", None)
    made = datastore(capacity=capacity * GIB, **more)  # type: ignore[arg-type]
    return inventory(datastores=[made if free is None else replace(made, free=int(free * GIB))])


def _filling(scans: int = 10, *, every: float = 24, step: float = 25, used: float = 1000, last: float = 0) -> Inventory:
    """Return a datastore that grew by so many GiB a scan, of which the last one was so many days ago."""
    given = _one(free=2000 - used)
    ages = range(scans, 0, -1)
    readings = [(ago(days=last, hours=every * age), (used - step * age) * GIB) for age in ages]
    return earlier(given, readings={(datastore(), None): readings})


SOON = Says(finds={("warning", "ds01", "days-to-full")}, examined={"ds01"})
SOON_FULL = Says(finds={("critical", "ds01", None), *SOON.finds}, examined={"ds01"})

CASES = [
    Case("a half-empty datastore is fine", _one(), FINE),
    Case("at 85 % all is fine", _one(used_percent=85), FINE),
    Case("over 85 % warns", _one(used_percent=85.1), WARNING),
    Case("95 % still warns", _one(used_percent=95), WARNING),
    Case("over 95 % is critical", _one(used_percent=95.1), CRITICAL),
    Case("a full one is critical", _one(used_percent=100), CRITICAL),
    Case("more in use than there is", _one(free=-5), CRITICAL),
    Case("datastores of a single host count like others", _one(used_percent=90, shared=False), WARNING),
    Case(
        "and those on NFS",
        inventory(datastores=[replace(datastore(used_percent=90), type="NFS")]),
        WARNING,
    ),
    Case("nobody knows whether it is shared: judged all the same", _one(used_percent=90, shared=None), WARNING),
    Case("a half-empty small one is fine", _one(100), FINE),
    Case("20 GiB free on a small one is fine", _one(100, free=20), FINE),
    Case("less than 20 GiB free on a small one is critical", _one(100, free=19.99), CRITICAL),
    Case("below 1 TiB a datastore is small", _one(1023, free=19), CRITICAL, {"critical_percent": 99}),
    Case(
        "from 1 TiB on only the percentage counts",
        _one(1024, free=19),
        WARNING,
        {"critical_percent": 99},
    ),
    Case("a full small one is one finding", _one(100, free=1), CRITICAL),
    Case("200 % provisioned is fine", _one(uncommitted=3000 * GIB), FINE),
    Case(
        "over 200 % provisioned is worth knowing",
        _one(uncommitted=3000 * GIB + 1),
        Says(finds={("info", "ds01", "provisioned")}, examined={"ds01"}),
    ),
    Case(
        "it may be full and provisioned too far",
        _one(used_percent=96, uncommitted=9000 * GIB),
        Says(finds={("critical", "ds01", None), ("info", "ds01", "provisioned")}, examined={"ds01"}),
    ),
    Case(
        "unknown growth leaves that rule out",
        _one(uncommitted=None),
        Says(examined={"ds01"}, missed={("ds01", "provisioned")}),
    ),
    Case(
        "the figures of an inaccessible one are old",
        _one(used_percent=99, accessible=False),
        Says(missed={("ds01", None)}),
    ),
    Case(
        "a capacity of 0 is no capacity", inventory(datastores=[datastore(capacity=0)]), Says(missed={("ds01", None)})
    ),
    Case("enough free space is enough", _one(60_000, used_percent=99), FINE, {"enough_free_gb": 600}),
    Case("so is more than that", _one(60_000, used_percent=98), FINE, {"enough_free_gb": 600}),
    Case("not quite enough is judged by percentage", _one(60_000, free=599), CRITICAL, {"enough_free_gb": 600}),
    Case("enough does not stand against scarce", _one(100, free=10), CRITICAL, {"enough_free_gb": 5}),
    Case(
        "a datastore that is not judged hides none that follows",
        inventory(datastores=[datastore("lost", accessible=False), datastore(used_percent=90)]),
        Says(finds=WARNING.finds, examined={"ds01"}, missed={("lost", None)}),
    ),
    Case(
        "what warned keeps warning until it is 5 points below the limit, where that is asked for",
        was(_one(used_percent=80.1), datastore(), Severity.WARNING),
        WARNING,
        {"hysteresis_percent": 5},
    ),
    Case(
        "there it is over", was(_one(used_percent=80), datastore(), Severity.WARNING), FINE, {"hysteresis_percent": 5}
    ),
    Case("what was not reported is not held", _one(used_percent=84.9), FINE, {"hysteresis_percent": 5}),
    Case(
        "nor is anything where nobody asked for it",
        was(_one(used_percent=84.9), datastore(), Severity.CRITICAL),
        FINE,
    ),
    Case("how soon it is full is not judged by itself", _filling(), FINE),
    Case("full within the limit warns", _filling(), SOON, {"warning_days_to_full": 45}),
    Case("in exactly so many days is fine", _filling(), FINE, {"warning_days_to_full": 40}),
    Case("later than that is fine", _filling(), FINE, {"warning_days_to_full": 39}),
    Case("one that empties is fine", _filling(step=-10), FINE, {"warning_days_to_full": 9999}),
    Case("one that stays as it is too", _filling(step=0), FINE, {"warning_days_to_full": 9999}),
    Case("five scans and this one are too few to say", _filling(scans=5), FINE, {"warning_days_to_full": 9999}),
    Case("six and this one are enough", _filling(scans=6), SOON, {"warning_days_to_full": 45}),
    Case("seven within one day are too close", _filling(scans=7, every=3), FINE, {"warning_days_to_full": 9999}),
    Case("scans of more than 30 days ago do not count", _filling(last=30), FINE, {"warning_days_to_full": 9999}),
    Case("the scan of 30 days ago does", _filling(scans=6, every=120), SOON, {"warning_days_to_full": 9999}),
    Case("one of half a day before does not", _filling(scans=6, every=122), FINE, {"warning_days_to_full": 9999}),
    Case(
        "without earlier scans nobody says so even of a full one",
        _one(used_percent=100),
        CRITICAL,
        {"warning_days_to_full": 1},
    ),
    Case("a full one is full in no time", _filling(used=2000), SOON_FULL, {"warning_days_to_full": 1}),
    Case("nothing is there", inventory(), Says()),
    Case("limits are configurable", _one(used_percent=90), FINE, {"warning_percent": 92}),
    Case("so is what is small", _one(100, free=15), FINE, {"small_below_gb": 0}),
    Case("and how much is promised", _one(uncommitted=3100 * GIB), FINE, {"info_provisioned_percent": 300}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_datastore_capacity(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (datastore(accessible=False), "the datastore is not accessible, so its figures are old"),
        (datastore(capacity=0, accessible=False), "the datastore is not accessible, so its figures are old"),
        (datastore(capacity=0), "vCenter does not know the capacity of the datastore"),
    ],
)
def test_the_reason_why_one_is_not_judged(one: Datastore, reason: str) -> None:
    (missed,) = verdicts(SLUG, inventory(datastores=[one]))
    assert isinstance(missed, NotExamined)
    assert english(missed.why.reason) == reason


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            _one(used_percent=90),
            "90.0 % of the datastore is used (200.0 GB of 2.0 TB are free); the limit is 85 %",
        ),
        (
            _one(100, free=15),
            "Only 15.0 GB of 100.0 GB are free (85.0 % is used); a datastore of this size needs 20.0 GB",
        ),
        (
            _one(uncommitted=4000 * GIB),
            "250.0 % of the datastore is promised to virtual machines (4.9 TB of 2.0 TB); the limit is 200 %",
        ),
    ],
)
def test_the_text_names_value_and_limit(given: Inventory, text: str) -> None:
    (found,) = findings(SLUG, given)
    assert english(found.text) == text


@pytest.mark.parametrize("name", ["critical_free_gb", "small_below_gb", "enough_free_gb", "info_provisioned_percent"])
def test_a_limit_may_be_0_and_not_less(name: str) -> None:
    limits = load(SLUG).limits
    limits.model_validate({name: 0})
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        limits.model_validate({name: -0.5})


def test_the_text_says_in_how_many_days_it_is_full() -> None:
    by_rule, full = (
        {one.key: english(one.text) for one in findings(SLUG, given, {"warning_days_to_full": 45})}
        for given in (_filling(), _filling(used=1800))
    )
    assert by_rule == {
        "days-to-full": "At the rate of the last 30 days the datastore is full in 40 days (1000.0 GB of 2.0 TB are "
        "free, 25.0 GB are added a day); the limit is 45 days"
    }
    assert full[None] == (
        "90.0 % of the datastore is used (200.0 GB of 2.0 TB are free); the limit is 85 %. At the rate of the last 30 "
        "days it is full in 8 days"
    )


@pytest.mark.parametrize(
    ("used", "step", "text"),
    [
        (2005, 25, "it is full in 0 days"),
        (1810, 25, "it is full in 7.6 days"),
        (1817.5, 0.5, "it is full in 365 days"),
        (1817, 0.5, "the limit is 85 %"),  # what fills it in more than a year is not told
    ],
)
def test_the_text_ends_with_a_rate_that_says_something(used: float, step: float, text: str) -> None:
    (found,) = findings(SLUG, _filling(used=used, step=step))
    assert english(found.text).endswith(text)


def test_the_text_says_why_a_value_below_the_limit_is_reported() -> None:
    (found,) = findings(SLUG, was(_one(used_percent=82), datastore(), Severity.WARNING), {"hysteresis_percent": 5})
    assert english(found.text) == (
        "82.0 % of the datastore is used (360.0 GB of 2.0 TB are free); the limit is 85 %, and as it was reported "
        "before, it is reported while above 80 %"
    )


def test_at_the_limit_it_is_reported_only_because_it_was_before() -> None:
    (found,) = findings(SLUG, was(_one(used_percent=85), datastore(), Severity.WARNING), {"hysteresis_percent": 5})
    assert "as it was reported before" in english(found.text)


def test_what_is_used_is_noted_for_later_scans() -> None:
    (noted,) = [one for one in verdicts(SLUG, _one(used_percent=25)) if isinstance(one, Reading)]
    assert (noted.object.name, noted.key, noted.value) == ("ds01", None, 500 * GIB)
