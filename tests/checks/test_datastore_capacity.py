from dataclasses import replace

import pytest
from pydantic import ValidationError

from tests.builders import GIB, Case, Says, datastore, findings, inventory, load, says, verdicts
from vhealthd.checkapi import Inventory
from vhealthd.model import Datastore, NotExamined
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


CASES = [
    Case("a half-empty datastore is fine", _one(), FINE),
    Case("at 85 % all is fine", _one(used_percent=85), FINE),
    Case("over 85 % warns", _one(used_percent=85.1), WARNING),
    Case("95 % still warns", _one(used_percent=95), WARNING),
    Case("over 95 % is critical", _one(used_percent=95.1), CRITICAL),
    Case("a full one is critical", _one(used_percent=100), CRITICAL),
    Case("more in use than there is", _one(free=-5), CRITICAL),
    Case("datastores of a single host count like others", _one(used_percent=90, shared=False), WARNING),
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
