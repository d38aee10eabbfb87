from dataclasses import replace

import pytest

from tests.builders import BYSTANDERS, Case, Says, findings, inventory, says, vm
from vhealthd.wording import english

SLUG = "orphaned-vms"
CRITICAL = Says(finds={("critical", "web01", None)}, examined={"web01"})

CASES = [
    Case("a connected VM is fine", inventory(vms=[vm()]), Says(examined={"web01"})),
    Case(
        "one that is powered off is looked at too",
        inventory(vms=[vm(power_state="poweredOff")]),
        Says(examined={"web01"}),
    ),
    Case("orphaned is critical", inventory(vms=[vm(connection_state="orphaned")]), CRITICAL),
    Case("invalid is critical", inventory(vms=[vm(connection_state="invalid")]), CRITICAL),
    Case("inaccessible is critical", inventory(vms=[vm(connection_state="inaccessible")]), CRITICAL),
    Case(
        "vCenter cannot read the configuration of what is lost",
        inventory(vms=[vm(connection_state="inaccessible", template=None)]),
        CRITICAL,
    ),
    Case(
        "a VM of a disconnected host is not examined",
        inventory(vms=[vm(connection_state="disconnected")]),
        Says(missed={("web01", None)}),
    ),
    Case(
        "templates, vCLS, agents and placeholders are no matter",
        inventory(vms=[replace(one, connection_state="orphaned") for one in BYSTANDERS]),
        Says(),
    ),
    Case(
        "a state that nobody knows is not examined",
        inventory(vms=[vm(connection_state="changing")]),
        Says(missed={("web01", None)}),
    ),
    Case(
        "machines are judged apart from those before them",
        inventory(vms=[*BYSTANDERS, vm("db01", connection_state="disconnected"), vm(connection_state="orphaned")]),
        Says(finds={("critical", "web01", None)}, examined={"web01"}, missed={("db01", None)}),
    ),
    Case("nothing is there", inventory(), Says()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_orphaned_vms(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


@pytest.mark.parametrize("state", ["orphaned", "invalid", "inaccessible"])
def test_the_text_says_what_it_is(state: str) -> None:
    (found,) = findings(SLUG, inventory(vms=[vm(connection_state=state)]))
    assert state in english(found.text)
