import pytest

from tests.builders import LATE, Case, Says, findings, host, says
from tests.builders_estate import DOWN, SLOW, UP, distributed, estate, network, port_group
from vhealthd.checkapi import Inventory
from vhealthd.model import DistributedPortGroup, HostPortGroup
from vhealthd.wording import english

SLUG = "uplink-redundancy"
ESX = host()
AWAY = host("esx08", connection_state="disconnected")
PAIR = ("vmnic0", "vmnic1")
KEY = "vmnic0+vmnic1"
FINE = Says(examined={"esx01"})


def _standard(*groups: HostPortGroup, **nics: int | None) -> Inventory:
    return estate(networks={ESX: network(*groups, nics=nics)})


def _distributed(*groups: DistributedPortGroup, **nics: int | None) -> Inventory:
    uplinks = {"Uplink 1": ("vmnic2",), "Uplink 2": ("vmnic3",), "Uplink 3": (), "lag1": ("vmnic4", "vmnic5")}
    return estate(networks={ESX: network(nics=nics, uplinks=uplinks)}, port_groups=groups)


def _one(severity: str, key: str = KEY) -> Says:
    return Says(finds={(severity, "esx01", key)}, examined={"esx01"})


TEAM = port_group("VM Network", *PAIR)
FRONT = distributed("pg-front", "Uplink 1", "Uplink 2")

CASES = [
    Case("two links are fine", _standard(TEAM, vmnic0=UP, vmnic1=UP), FINE),
    Case("one of two warns", _standard(TEAM, vmnic0=UP, vmnic1=DOWN), _one("warning")),
    Case("none is critical", _standard(TEAM, vmnic0=DOWN, vmnic1=DOWN), _one("critical")),
    Case("an adapter that is gone has no link", _standard(TEAM, vmnic0=UP), _one("warning")),
    Case(
        "one of three warns",
        _standard(port_group("a", *PAIR, "vmnic2"), vmnic0=UP, vmnic1=DOWN, vmnic2=DOWN),
        _one("warning", "vmnic0+vmnic1+vmnic2"),
    ),
    Case(
        "two of three are enough",
        _standard(port_group("a", *PAIR, "vmnic2"), vmnic0=UP, vmnic1=UP, vmnic2=DOWN),
        FINE,
    ),
    Case(
        "a single adapter by design is worth knowing",
        _standard(port_group("a", "vmnic0"), vmnic0=UP),
        _one("info", "vmnic0"),
    ),
    Case(
        "without its link it is critical", _standard(port_group("a", "vmnic0"), vmnic0=DOWN), _one("critical", "vmnic0")
    ),
    Case("links of different speed are worth knowing", _standard(TEAM, vmnic0=UP, vmnic1=SLOW), _one("info")),
    Case("a link that is down has no speed", _standard(TEAM, vmnic0=SLOW, vmnic1=DOWN), _one("warning")),
    Case("adapters of no team are no matter", _standard(TEAM, vmnic0=UP, vmnic1=UP, vmnic4=DOWN, vmnic5=SLOW), FINE),
    Case("a switch without adapters is no matter", _standard(port_group("internal"), vmnic0=DOWN), FINE),
    Case(
        "port groups of one team are one finding",
        _standard(TEAM, port_group("vMotion", "vmnic1", "vmnic0"), vmnic0=UP, vmnic1=DOWN),
        _one("warning"),
    ),
    Case(
        "port groups of several teams are several",
        _standard(port_group("a", "vmnic0"), port_group("b", "vmnic1"), TEAM, vmnic0=UP, vmnic1=DOWN),
        Says(
            finds={("info", "esx01", "vmnic0"), ("critical", "esx01", "vmnic1"), ("warning", "esx01", KEY)},
            examined={"esx01"},
        ),
    ),
    Case("two links of a distributed switch are fine", _distributed(FRONT, vmnic2=UP, vmnic3=UP), FINE),
    Case("one of two warns there too", _distributed(FRONT, vmnic2=DOWN, vmnic3=UP), _one("warning", "vmnic2+vmnic3")),
    Case("none is critical there too", _distributed(FRONT, vmnic2=DOWN), _one("critical", "vmnic2+vmnic3")),
    Case(
        "an uplink without an adapter on this host is not in the team",
        _distributed(distributed("a", "Uplink 1", "Uplink 3"), vmnic2=UP),
        _one("info", "vmnic2"),
    ),
    Case(
        "nor is one that the port group does not use",
        _distributed(distributed("a", "Uplink 1"), vmnic2=UP),
        _one("info", "vmnic2"),
    ),
    Case(
        "a link aggregation group is a team",
        _distributed(distributed("a", "lag1"), vmnic4=UP),
        _one("warning", "vmnic4+vmnic5"),
    ),
    Case("an isolated port group has no team", _distributed(distributed("a"), distributed("b", "Uplink 9")), FINE),
    Case(
        "port groups of uplinks are no matter", _distributed(distributed("up", "Uplink 1", carries_uplinks=True)), FINE
    ),
    Case(
        "port groups of other switches are no matter",
        _distributed(distributed("a", "Uplink 1", switch="other"), distributed("b", "Uplink 1", switch=None)),
        FINE,
    ),
    Case("a distributed switch without port groups is no matter", _distributed(vmnic2=DOWN), FINE),
    Case(
        "a disconnected host is not examined", estate(hosts=[AWAY], port_groups=[FRONT]), Says(missed={("esx08", None)})
    ),
    Case("a network that was not read is not examined", estate(networks={ESX: LATE}), Says(missed={("esx01", None)})),
    Case("nothing is there", estate(), Says()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_uplink_redundancy(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            _standard(TEAM, vmnic0=DOWN, vmnic1=DOWN),
            "No network adapter of vmnic0, vmnic1 on vSwitch0 has a link; it carries VM Network",
        ),
        (
            _standard(TEAM, vmnic0=DOWN, vmnic1=UP),
            "Only vmnic1 of the team vmnic0, vmnic1 on vSwitch0 has a link, vmnic0 is down; it carries VM Network",
        ),
        (
            _distributed(distributed("a", "Uplink 1"), vmnic2=UP),
            "vmnic2 is the only network adapter of a on dvs-core, so a fault cuts it",
        ),
        (
            _standard(TEAM, vmnic0=UP, vmnic1=SLOW),
            "The links of the team vmnic0, vmnic1 on vSwitch0 differ in speed (vmnic0: 10000, vmnic1: 1000 Mbit/s)",
        ),
    ],
)
def test_the_text_names_adapters_and_what_hangs_on_them(given: Inventory, text: str) -> None:
    (found,) = findings(SLUG, given)
    assert english(found.text) == text


@pytest.mark.parametrize(
    ("others", "shown"),
    [("abc", "Management Network (vmk0), a, b, c"), ("abcd", "Management Network (vmk0), a, b, c ...")],
)
def test_four_port_groups_are_named_those_of_the_host_itself_first(others: str, shown: str) -> None:
    groups = [port_group(name, "vmnic0", "vmnic1") for name in (*others, "Management Network")]
    given = network(*groups, nics={"vmnic0": UP, "vmnic1": DOWN}, vmkernels={"vmk0": "Management Network"})
    (found,) = findings(SLUG, estate(networks={ESX: given}))
    assert english(found.text).endswith(f"it carries {shown}")


def test_so_it_is_on_a_distributed_switch() -> None:
    uplinks = {"Uplink 1": ("vmnic2",), "Uplink 2": ("vmnic3",)}
    given = network(nics={"vmnic2": UP}, uplinks=uplinks, vmkernels={"vmk1": FRONT.key})
    other = distributed("pg-back", "Uplink 1", "Uplink 2")
    (found,) = findings(SLUG, estate(networks={ESX: given}, port_groups=[other, FRONT]))
    assert english(found.text).endswith("it carries pg-front (vmk1), pg-back")
