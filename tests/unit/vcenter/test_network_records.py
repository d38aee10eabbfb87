"""What is made of a host's network and of distributed port groups, in the forms in which vCenter may give them."""

from typing import Any

import pytest

from vhealthd.inventory import Need
from vhealthd.model import DistributedPortGroup, HostNetwork, MoRef, PhysicalNic, SecurityPolicy, Uplink, VmKernelNic
from vhealthd.vcenter.records import FACETS, distributed_port_group
from vhealthd.vcenter.tree import Tree
from vhealthd.vcenter.wire import ObjectContent

(FACET,) = (facet for facet in FACETS if facet.need is Need.HOST_NETWORK)
GROUPS, SWITCHES, PROXIES, NICS, VMKERNELS = FACET.paths
REJECT = {"allowPromiscuous": False, "forgedTransmits": False, "macChanges": False}
REJECTS = SecurityPolicy(promiscuous=False, forged_transmits=False, mac_changes=False)
UNSAID = SecurityPolicy(promiscuous=None, forged_transmits=None, mac_changes=None)
GROUP, SWITCH = MoRef("DistributedVirtualPortgroup", "dvportgroup-1"), MoRef("VmwareDistributedVirtualSwitch", "dvs-1")


def network(**props: object) -> HostNetwork:
    made = FACET.make({GROUPS: [], **props})
    assert isinstance(made, HostNetwork)
    return made


def group(name: str = "VM Network", **policy: object) -> dict[str, Any]:
    return {"spec": {"name": name, "vswitchName": "vSwitch0"}, "computedPolicy": policy}


def switch(**policy: object) -> dict[str, Any]:
    bridge = {"_typeName": "HostVirtualSwitchBondBridge", "nicDevice": ["vmnic0", "vmnic1"]}
    return {"name": "vSwitch0", "spec": {"bridge": bridge, "policy": policy}}


def order(active: list[str] | None, standby: list[str] | None = None) -> dict[str, Any]:
    return {"nicOrder": {"activeNic": active, "standbyNic": standby}}


def test_nothing_is_not_seen() -> None:
    assert FACET.make({}) is None
    assert FACET.make({NICS: []}) is None


@pytest.mark.parametrize(
    ("computed", "of_switch", "security"),
    [
        (REJECT, {}, REJECTS),
        (REJECT, {"allowPromiscuous": True}, REJECTS),
        ({}, {"allowPromiscuous": True}, SecurityPolicy(promiscuous=True, forged_transmits=None, mac_changes=None)),
        (None, REJECT, REJECTS),
        (None, None, UNSAID),
    ],
)
def test_the_policy_in_effect_is_the_port_groups_then_the_switchs(
    computed: object, of_switch: object, security: SecurityPolicy
) -> None:
    (made,) = network(**{GROUPS: [group(security=computed)], SWITCHES: [switch(security=of_switch)]}).port_groups
    assert (made.name, made.switch, made.security) == ("VM Network", "vSwitch0", security)


@pytest.mark.parametrize(
    ("computed", "of_switch", "nics"),
    [
        (order(["vmnic0"], ["vmnic1"]), order(["vmnic5"]), ("vmnic0", "vmnic1")),
        (order(None, ["vmnic1"]), None, ("vmnic1",)),
        (order([], []), None, ()),
        (None, order(["vmnic5"]), ("vmnic5",)),
        (None, None, ("vmnic0", "vmnic1")),
    ],
)
def test_the_team_is_the_port_groups_then_the_switchs_then_all(
    computed: object, of_switch: object, nics: tuple[str, ...]
) -> None:
    given = {GROUPS: [group(nicTeaming=computed)], SWITCHES: [switch(nicTeaming=of_switch)]}
    (made,) = network(**given).port_groups
    assert made.nics == nics


def test_a_switch_without_adapters() -> None:
    (made,) = network(**{GROUPS: [group()], SWITCHES: [{"name": "vSwitch0", "spec": {}}]}).port_groups
    assert made.nics == ()


def test_a_link_that_is_down_has_no_speed() -> None:
    nics = [{"device": "vmnic0", "linkSpeed": {"speedMb": 25000}}, {"device": "vmnic1"}]
    assert network(**{NICS: nics}).nics == (PhysicalNic("vmnic0", 25000), PhysicalNic("vmnic1", None))


def test_interfaces_of_the_host_lie_on_a_name_or_on_a_key() -> None:
    port = {"distributedVirtualPort": {"switchUuid": "u", "portgroupKey": "dvportgroup-1"}}
    nics = [
        {"device": "vmk0", "portgroup": "Management Network"},
        {"device": "vmk1", "portgroup": "", "spec": port},
        {"device": "vmk2"},
    ]
    assert network(**{VMKERNELS: nics}).vmkernels == (
        VmKernelNic("vmk0", "Management Network"),
        VmKernelNic("vmk1", "dvportgroup-1"),
    )


def test_uplinks_and_aggregation_groups_lead_to_adapters() -> None:
    pnics = [
        {"pnicDevice": "vmnic2", "uplinkPortKey": "10"},
        {"pnicDevice": "vmnic3", "uplinkPortKey": "11"},
        {"pnicDevice": "vmnic4", "uplinkPortKey": "20"},
        {"pnicDevice": "vmnic5", "uplinkPortKey": "21"},
    ]
    proxy = {
        "dvsUuid": "50 2a",
        "dvsName": "dvs%2fcore",
        "spec": {"backing": {"_typeName": "DistributedVirtualSwitchHostMemberPnicBacking", "pnicSpec": pnics}},
        "uplinkPort": [{"key": "10", "value": "U1"}, {"key": "11", "value": "U2"}, {"key": "12", "value": "U3"}],
        "hostLag": [{"lagKey": "l", "lagName": "lag1", "uplinkPort": [{"key": "20"}, {"key": "21"}]}],
    }
    (made,) = network(**{PROXIES: [proxy]}).proxies
    assert (made.switch_uuid, made.switch) == ("50 2a", "dvs/core")
    assert made.uplinks == (
        Uplink(name="U1", nics=("vmnic2",)),
        Uplink(name="U2", nics=("vmnic3",)),
        Uplink(name="U3", nics=()),
        Uplink(name="lag1", nics=("vmnic4", "vmnic5")),
    )


def test_a_distributed_switch_without_adapters_on_this_host() -> None:
    (made,) = network(**{PROXIES: [{"dvsUuid": "50 2a", "spec": {}}]}).proxies
    assert made.uplinks == ()


# --- distributed port groups ----------------------------------------------------------------------------------------


def distributed(port: object = None, **config: object) -> DistributedPortGroup:
    link = {"_typeName": "ManagedObjectReference", "type": SWITCH.type, "value": SWITCH.value}
    whole = {"key": GROUP.value, "distributedVirtualSwitch": link, "defaultPortConfig": port, **config}
    return distributed_port_group(
        ObjectContent(GROUP, {"name": "a%2fb", "config": whole}, {}), Tree(MoRef("Folder", "f")), {SWITCH: "50 2a"}
    )


def test_a_distributed_port_group() -> None:
    made = distributed(
        {
            "securityPolicy": {"allowPromiscuous": {"value": True}, "macChanges": {"value": False}},
            "uplinkTeamingPolicy": {"uplinkPortOrder": {"activeUplinkPort": ["U1"], "standbyUplinkPort": ["U2"]}},
        }
    )
    assert (made.name, made.key, made.switch_uuid, made.carries_uplinks) == ("a/b", GROUP.value, "50 2a", False)
    assert made.security == SecurityPolicy(promiscuous=True, forged_transmits=None, mac_changes=False)
    assert made.uplinks == ("U1", "U2")


@pytest.mark.parametrize(
    ("older", "newer", "accepts"),
    [(True, None, True), (None, True, True), (True, False, True), (False, True, True), (False, None, False)],
)
def test_what_either_policy_accepts_is_accepted(older: bool | None, newer: bool | None, *, accepts: bool) -> None:  # noqa: FBT001 - a table
    made = distributed(
        {
            "securityPolicy": {"allowPromiscuous": {"_typeName": "BoolPolicy", "value": older}},
            "macManagementPolicy": {"allowPromiscuous": newer},
        }
    )
    assert made.security.promiscuous is accepts


def test_a_port_group_that_says_little() -> None:
    made = distributed(uplink=True, distributedVirtualSwitch=None)
    assert made.carries_uplinks
    assert (made.switch_uuid, made.security, made.uplinks) == (None, UNSAID, ())


def test_a_port_group_without_configuration() -> None:
    made = distributed_port_group(ObjectContent(GROUP, {}, {}), Tree(MoRef("Folder", "f")), {})
    assert (made.name, made.key, made.security) == (GROUP.value, GROUP.value, UNSAID)
