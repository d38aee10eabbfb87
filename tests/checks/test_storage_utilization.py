from dataclasses import replace

import pytest
from pydantic import ValidationError

from tests.builders import DATACENTER, GIB, Case, Says, datastore, entity, findings, inventory, load, says
from tests.builders_history import was
from vhealthd.checkapi import Inventory
from vhealthd.model import Datastore, Severity
from vhealthd.wording import english

SLUG = "storage-utilization"
POD = entity("StoragePod", "gold")
MUNICH = entity("Datacenter", "Munich")


def _datastores(*datastores: Datastore) -> Inventory:
    return inventory(datastores=datastores)


CASES = [
    Case(
        "half-empty pools are fine",
        _datastores(datastore(), datastore("ds02", pod=POD)),
        Says(examined={"Berlin", "gold"}),
    ),
    Case("at 85 % all is fine", _datastores(datastore(used_percent=85)), Says(examined={"Berlin"})),
    Case(
        "over 85 % warns",
        _datastores(datastore(used_percent=85.1)),
        Says(finds={("warning", "Berlin", None)}, examined={"Berlin"}),
    ),
    Case(
        "95 % still warns",
        _datastores(datastore(used_percent=95)),
        Says(finds={("warning", "Berlin", None)}, examined={"Berlin"}),
    ),
    Case(
        "over 95 % is critical",
        _datastores(datastore(used_percent=95.1)),
        Says(finds={("critical", "Berlin", None)}, examined={"Berlin"}),
    ),
    Case(
        "datastores on NFS are in the pool like others",
        _datastores(datastore(used_percent=80), replace(datastore("ds02", used_percent=96), type="NFS")),
        Says(finds={("warning", "Berlin", None)}, examined={"Berlin"}),
    ),
    Case(
        "the pool is judged, not its fullest datastore",
        _datastores(datastore(used_percent=99), datastore("ds02", used_percent=10)),
        Says(examined={"Berlin"}),
    ),
    Case(
        "a large datastore weighs more than a small one",
        _datastores(datastore(used_percent=10), datastore("ds02", capacity=30_000 * GIB, used_percent=90)),
        Says(finds={("warning", "Berlin", None)}, examined={"Berlin"}),
    ),
    Case(
        "a datastore cluster is a pool of its own",
        _datastores(datastore(used_percent=10), datastore("ds02", pod=POD, used_percent=99)),
        Says(finds={("critical", "gold", None)}, examined={"Berlin", "gold"}),
    ),
    Case(
        "each datacenter is a pool of its own",
        _datastores(datastore(used_percent=10), datastore("ds02", datacenter=MUNICH, used_percent=90)),
        Says(finds={("warning", "Munich", None)}, examined={"Berlin", "Munich"}),
    ),
    Case(
        "datastores of one host are no matter, accessible or not",
        _datastores(datastore(shared=False, used_percent=99), datastore("ds02", shared=False, accessible=False)),
        Says(),
    ),
    Case(
        "the others are judged without them",
        _datastores(datastore(shared=False, used_percent=10), datastore("ds02", used_percent=90)),
        Says(finds={("warning", "Berlin", None)}, examined={"Berlin"}),
    ),
    Case(
        "the figures of an inaccessible datastore are old and count nowhere",
        _datastores(datastore(), datastore("ds02", used_percent=100, capacity=9000 * GIB, accessible=False)),
        Says(examined={"Berlin"}, missed={("ds02", None)}),
    ),
    Case(
        "without a capacity a datastore is not examined",
        _datastores(datastore(capacity=0)),
        Says(missed={("ds01", None)}),
    ),
    Case(
        "nobody knows whether it is shared: not examined",
        _datastores(datastore(shared=None, used_percent=99)),
        Says(missed={("ds01", None)}),
    ),
    Case(
        "a datastore without a datacenter has no pool",
        _datastores(datastore(datacenter=None)),
        Says(missed={("ds01", None)}),
    ),
    Case(
        "200 % provisioned is fine",
        _datastores(datastore(uncommitted=1500 * GIB)),
        Says(examined={"Berlin"}),
    ),
    Case(
        "over 200 % provisioned is worth knowing",
        _datastores(datastore(uncommitted=1500 * GIB + 1)),
        Says(finds={("info", "Berlin", "provisioned")}, examined={"Berlin"}),
    ),
    Case(
        "a full pool may be provisioned too far as well",
        _datastores(datastore(used_percent=96, uncommitted=9000 * GIB)),
        Says(finds={("critical", "Berlin", None), ("info", "Berlin", "provisioned")}, examined={"Berlin"}),
    ),
    Case(
        "unknown growth leaves that rule out",
        _datastores(datastore(), datastore("ds02", uncommitted=None)),
        Says(examined={"Berlin"}, missed={("Berlin", "provisioned")}),
    ),
    Case(
        "known growth may be too much already",
        _datastores(datastore(uncommitted=9000 * GIB), datastore("ds02", uncommitted=None)),
        Says(finds={("info", "Berlin", "provisioned")}, examined={"Berlin"}),
    ),
    Case(
        "what warned keeps warning until it is 5 points below the limit, where that is asked for",
        was(_datastores(datastore(used_percent=80.1)), DATACENTER, Severity.WARNING),
        Says(finds={("warning", "Berlin", None)}, examined={"Berlin"}),
        {"hysteresis_percent": 5},
    ),
    Case(
        "there it is over",
        was(_datastores(datastore(used_percent=80)), DATACENTER, Severity.WARNING),
        Says(examined={"Berlin"}),
        {"hysteresis_percent": 5},
    ),
    Case(
        "without being asked for nothing is held",
        was(_datastores(datastore(used_percent=85)), DATACENTER, Severity.WARNING),
        Says(examined={"Berlin"}),
    ),
    Case(
        "what was not reported is not held",
        _datastores(datastore(used_percent=84.9)),
        Says(examined={"Berlin"}),
        {"hysteresis_percent": 5},
    ),
    Case("nothing is there", inventory(), Says()),
    Case(
        "limits are configurable",
        _datastores(datastore(used_percent=90, uncommitted=1500 * GIB)),
        Says(examined={"Berlin"}),
        {"warning_percent": 92, "info_provisioned_percent": 300},
    ),
    Case(
        "at 0 every promise is told",
        _datastores(datastore(used_percent=0.5)),
        Says(finds={("info", "Berlin", "provisioned")}, examined={"Berlin"}),
        {"info_provisioned_percent": 0},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_storage_utilization(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_the_text_names_value_and_limit() -> None:
    (found,) = findings(SLUG, _datastores(datastore(used_percent=90), datastore("ds02", used_percent=90)))
    assert english(found.text) == (
        "90.0 % of the shared storage is used (1.8 TB of 2.0 TB; number of datastores: 2); the limit is 85 %"
    )


@pytest.mark.parametrize("percent", [82, 85])
def test_the_text_says_why_a_value_up_to_the_limit_is_reported(percent: int) -> None:
    given = was(_datastores(datastore(used_percent=percent)), DATACENTER, Severity.WARNING)
    (found,) = findings(SLUG, given, {"hysteresis_percent": 5})
    assert english(found.text) == (
        f"{percent}.0 % of the shared storage is used ({percent}0.0 GB of 1000.0 GB; number of datastores: 1); "
        "the limit is 85 %, and as it was reported before, it is reported while above 80 %"
    )


def test_the_text_says_how_much_is_promised() -> None:
    (found,) = findings(SLUG, _datastores(datastore(uncommitted=2005 * GIB)))
    assert english(found.text) == (
        "250.5 % of the shared storage is promised to virtual machines (2.4 TB of 1000.0 GB); the limit is 200 %"
    )


def test_a_limit_below_0_is_refused() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        load(SLUG).limits.model_validate({"info_provisioned_percent": -0.5})
