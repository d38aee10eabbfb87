import pytest

from tests.builders import BYSTANDERS, LATE, Case, Says, datastore, findings, inventory, says, vm
from vhealthd.checkapi import Inventory
from vhealthd.model import Datastore
from vhealthd.wording import english

SLUG = "consolidation-needed"
WARNING = Says(finds={("warning", "web01", None)}, examined={"web01"})
CRITICAL = Says(finds={("critical", "web01", None)}, examined={"web01"})
UNJUDGED = Says(finds=WARNING.finds, examined={"web01"}, missed={("web01", "datastores")})

ROOMY = datastore("roomy", used_percent=50)
FULL = datastore("full", used_percent=85.1)


def _needed(*on: Datastore, seen: tuple[Datastore, ...] | None = None) -> Inventory:
    return inventory(vm_consolidation={vm(datastores=on): True}, datastores=on if seen is None else seen)


CASES = [
    Case(
        "disks that need none are fine, however full the datastore",
        inventory(vm_consolidation={vm(datastores=[FULL]): False}, datastores=[FULL]),
        Says(examined={"web01"}),
    ),
    Case("disks that need it warn", _needed(ROOMY), WARNING),
    Case("a datastore at 85 % is not short of space", _needed(datastore(used_percent=85)), WARNING),
    Case("one datastore over 85 % makes it critical", _needed(ROOMY, FULL), CRITICAL),
    Case("the datastores of others are no matter", _needed(ROOMY, seen=(ROOMY, FULL)), WARNING),
    Case("a VM without datastores warns", _needed(), WARNING),
    Case("a datastore that is not seen may be full", _needed(ROOMY, FULL, seen=(ROOMY,)), UNJUDGED),
    Case("a datastore without a capacity may be full", _needed(datastore(capacity=0)), UNJUDGED),
    Case(
        "the figures of an inaccessible datastore are old",
        _needed(datastore(used_percent=99, accessible=False)),
        UNJUDGED,
    ),
    Case("one full datastore is enough", _needed(FULL, ROOMY, seen=(FULL,)), CRITICAL),
    Case("what was not read is not examined", inventory(vm_consolidation={vm(): LATE}), Says(missed={("web01", None)})),
    Case(
        "templates, vCLS, agents and placeholders are no matter",
        inventory(vm_consolidation=dict.fromkeys(BYSTANDERS, True)),
        Says(),
    ),
    Case(
        "a VM that is not judged hides none that follows",
        inventory(vm_consolidation={BYSTANDERS[0]: True, vm("unread"): LATE, vm(): True}),
        Says(finds=WARNING.finds, examined={"web01"}, missed={("unread", None)}),
    ),
    Case("nothing is there", inventory(), Says()),
    Case("the limit is configurable", _needed(FULL), WARNING, {"critical_datastore_percent": 90}),
    Case(
        "a datastore that is not seen exceeds no limit, not even 0 %",
        _needed(FULL, seen=()),
        UNJUDGED,
        {"critical_datastore_percent": 0},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_consolidation_needed(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_the_text_names_the_fullest_datastore() -> None:
    fuller = datastore("fuller", used_percent=97)
    (found,) = findings(SLUG, _needed(FULL, fuller, ROOMY))
    assert english(found.text).endswith("and the datastore fuller is 97.0 % full; the limit is 85 %")
