import pytest

from tests.builders import LATE, Case, Says, findings, host, load, says
from tests.builders_estate import distributed, estate, network, port_group, security
from vhealthd.checkapi import Inventory
from vhealthd.model import DistributedPortGroup, HostPortGroup, SecurityPolicy, Severity
from vhealthd.wording import english

SLUG = "promiscuous-mode"
ESX = host()
AWAY = host("esx08", connection_state="disconnected")
HEARS, FORGES, CHANGES = security(promiscuous=True), security(forged_transmits=True), security(mac_changes=True)
ALL = security(promiscuous=True, forged_transmits=True, mac_changes=True)
UNSAID = security(promiscuous=None, forged_transmits=None, mac_changes=None)
QUIET = {"forged_transmits": False, "mac_changes": False}


def _standard(*groups: HostPortGroup) -> Inventory:
    return estate(networks={ESX: network(*groups)})


def _distributed(*groups: DistributedPortGroup) -> Inventory:
    return estate(port_groups=groups)


def _group(policy: SecurityPolicy, name: str = "VM Network") -> HostPortGroup:
    return port_group(name, policy=policy)


def _on_host(*found: tuple[str, str]) -> Says:
    return Says(finds={(severity, "esx01", key) for severity, key in found}, examined={"esx01"})


CASES = [
    Case("a port group that rejects is fine", _standard(port_group()), _on_host()),
    Case("one that accepts promiscuous mode warns", _standard(_group(HEARS)), _on_host(("warning", "VM Network"))),
    Case(
        "forged transmits are worth knowing",
        _standard(_group(FORGES)),
        _on_host(("info", "forged-transmits: VM Network")),
    ),
    Case(
        "so are changes of the MAC address", _standard(_group(CHANGES)), _on_host(("info", "mac-changes: VM Network"))
    ),
    Case(
        "each is a finding of its own",
        _standard(_group(ALL)),
        _on_host(
            ("warning", "VM Network"), ("info", "forged-transmits: VM Network"), ("info", "mac-changes: VM Network")
        ),
    ),
    Case(
        "each port group is judged",
        _standard(_group(HEARS, "a"), _group(HEARS, "b"), port_group("c")),
        _on_host(("warning", "a"), ("warning", "b")),
    ),
    Case(
        "the two lesser rules can be switched off", _standard(_group(ALL)), _on_host(("warning", "VM Network")), QUIET
    ),
    Case(
        "only one of them, too",
        _standard(_group(ALL)),
        _on_host(("warning", "VM Network"), ("info", "mac-changes: VM Network")),
        {"forged_transmits": False},
    ),
    Case(
        "a policy that vCenter does not tell is not examined",
        _standard(_group(UNSAID)),
        Says(
            examined={"esx01"},
            missed={
                ("esx01", "VM Network"),
                ("esx01", "forged-transmits: VM Network"),
                ("esx01", "mac-changes: VM Network"),
            },
        ),
    ),
    Case(
        "nor are rules that are switched off",
        _standard(_group(UNSAID)),
        Says(examined={"esx01"}, missed={("esx01", "VM Network")}),
        QUIET,
    ),
    Case("a distributed port group that rejects is fine", _distributed(distributed()), Says(examined={"pg-front"})),
    Case(
        "one that accepts all",
        _distributed(distributed(policy=ALL)),
        Says(
            finds={
                ("warning", "pg-front", None),
                ("info", "pg-front", "forged-transmits"),
                ("info", "pg-front", "mac-changes"),
            },
            examined={"pg-front"},
        ),
    ),
    Case("port groups of uplinks are no matter", _distributed(distributed(policy=ALL, carries_uplinks=True)), Says()),
    Case(
        "a distributed one whose policy is not told",
        _distributed(distributed(policy=security(promiscuous=None))),
        Says(examined={"pg-front"}, missed={("pg-front", None)}),
    ),
    Case(
        "sniffers may accept all",
        estate(
            networks={ESX: network(_group(ALL, "ids-tap"), _group(HEARS, "other"))},
            port_groups=[distributed("pg-ids", policy=ALL)],
        ),
        Says(finds={("warning", "esx01", "other")}, examined={"esx01", "pg-ids"}),
        {"accepted_port_groups": ["^ids-", "pg-(ids|tap)$"]},
    ),
    Case("a disconnected host is not examined", estate(hosts=[AWAY]), Says(missed={("esx08", None)})),
    Case("a network that was not read is not examined", estate(networks={ESX: LATE}), Says(missed={("esx01", None)})),
    Case("a host without standard switches", _standard(), _on_host()),
    Case("nothing is there", estate(), Says()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_promiscuous_mode(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_it_never_does_more_than_warn() -> None:
    assert load(SLUG).maximum is Severity.WARNING


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (HEARS, "accepts promiscuous mode: its machines can read the traffic of all others on it"),
        (FORGES, "accepts forged transmits: its machines can send under another MAC address"),
        (CHANGES, "accepts MAC address changes: its machines can receive under another MAC address"),
    ],
)
def test_the_text_names_the_port_group_and_what_it_allows(policy: SecurityPolicy, text: str) -> None:
    (standard,) = findings(SLUG, _standard(_group(policy, "DMZ")))
    (other,) = findings(SLUG, _distributed(distributed("DMZ", policy=policy)))
    assert english(standard.text) == english(other.text) == f"The port group DMZ {text}"
