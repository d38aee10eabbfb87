import pytest

from tests.builders import (
    CONNECTED_TO,
    DNS_SERVERS,
    FORBIDDEN,
    LATE,
    Case,
    Says,
    findings,
    host,
    host_names,
    inventory,
    lookup,
    names,
    says,
    verdicts,
)
from vhealthd.checkapi import Inventory
from vhealthd.model import HostNames, Lookup, NotExamined, Outcome
from vhealthd.wording import english

SLUG = "dns-resolution"
ADDRESS = "10.0.0.21"
ESX = host("esx01.lab.example")


def _vcenter(found: Lookup) -> Inventory:
    return inventory(names=names(vcenter=found))


def _host(found: Lookup | None, dns_servers: tuple[str, ...] | None = DNS_SERVERS) -> Inventory:
    return inventory(names=names(hosts=[host_names(ESX, found=found, dns_servers=dns_servers)]))


def _good(name: str) -> HostNames:
    return host_names(host(name), found=lookup(name, pointers={ADDRESS: (name,)}))


def _back(name: str, *found: str) -> Lookup:
    return lookup(name, pointers={CONNECTED_TO: found})


VCENTER_FINE = Says(examined={"vc01"})
BOTH_FINE = Says(examined={"vc01", ESX.name})
VCENTER_FORWARD = Says(finds={("critical", "vc01", "forward")}, examined={"vc01"})
VCENTER_REVERSE = Says(finds={("warning", "vc01", "reverse")}, examined={"vc01"})


VCENTER_CASES = [
    Case("a name that leads there and back is fine", inventory(), VCENTER_FINE),
    Case("an absent name is critical", _vcenter(lookup(status="absent")), VCENTER_FORWARD),
    Case(
        "a name that leads elsewhere is critical, and its PTR record no matter",
        _vcenter(lookup(pointers={"10.9.9.9": ()})),
        VCENTER_FORWARD,
    ),
    Case(
        "one of several addresses is enough",
        _vcenter(lookup(pointers={"10.9.9.9": ("vc01.lab.example",), CONNECTED_TO: ("vc01.lab.example",)})),
        VCENTER_FINE,
    ),
    Case(
        "an address may be written in several ways",
        inventory(
            names=names(
                vcenter=lookup(pointers={"2001:db8::a": ("vc01.lab.example",)}), connected_to="2001:DB8:0:0:0:0:0:A"
            )
        ),
        VCENTER_FINE,
    ),
    Case(
        "without a connection nothing is elsewhere",
        inventory(names=names(vcenter=lookup(pointers={"10.9.9.9": ("vc01.lab.example",)}), connected_to=None)),
        VCENTER_FINE,
    ),
    Case("a missing PTR record warns", _vcenter(_back("vc01.lab.example")), VCENTER_REVERSE),
    Case("a PTR record of another name warns", _vcenter(_back("vc01.lab.example", "old.lab.example")), VCENTER_REVERSE),
    Case(
        "case and a trailing dot do not matter", _vcenter(_back("vc01.lab.example", "VC01.Lab.Example.")), VCENTER_FINE
    ),
    Case(
        "one of several PTR records is enough",
        _vcenter(_back("vc01.lab.example", "a.b", "vc01.lab.example")),
        VCENTER_FINE,
    ),
    Case("a short name is compared without domains", _vcenter(_back("vc01", "vc01.lab.example.")), VCENTER_FINE),
    Case("a short name may be another one", _vcenter(_back("vc01", "vc02.lab.example.")), VCENTER_REVERSE),
    Case("the domain of a full name matters", _vcenter(_back("vc01.lab.example", "vc01.old.example")), VCENTER_REVERSE),
    Case(
        "two bad addresses are one finding",
        inventory(names=names(vcenter=lookup(pointers={CONNECTED_TO: (), "10.0.0.11": ("old.lab.example",)}))),
        VCENTER_REVERSE,
    ),
    Case(
        "a PTR question without an answer is not examined",
        _vcenter(lookup(pointers={CONNECTED_TO: None})),
        Says(examined={"vc01"}, missed={("vc01", "reverse")}),
    ),
    Case(
        "no DNS server answers: blind, though the hosts are judged",
        inventory(names=names(vcenter=lookup(status="failed"), hosts=[_good("esx02.lab.example")])),
        Says(examined={"vc01", "esx02.lab.example"}, blind=True),
    ),
    Case(
        "no DNS server answers, and its own are hidden: vCenter is not examined",
        inventory(names=names(vcenter=lookup(status="failed"), appliance_dns_servers=FORBIDDEN)),
        Says(missed={("vc01", "dns-servers")}, blind=True),
    ),
    Case(
        "an address in the URL has no name to judge",
        inventory(names=names(by_address=True)),
        Says(examined={"vc01"}, missed={("vc01", "name")}),
    ),
    Case(
        "neither a name nor DNS servers: vCenter is not examined",
        inventory(names=names(by_address=True, appliance_dns_servers=FORBIDDEN)),
        Says(missed={("vc01", "name"), ("vc01", "dns-servers")}),
    ),
    Case(
        "one DNS server warns",
        inventory(names=names(appliance_dns_servers=("10.0.0.53",))),
        Says(finds={("warning", "vc01", "dns-servers")}, examined={"vc01"}),
    ),
    Case(
        "the same DNS server twice is one",
        inventory(names=names(appliance_dns_servers=("10.0.0.53", "10.0.0.53"))),
        Says(finds={("warning", "vc01", "dns-servers")}, examined={"vc01"}),
    ),
    Case(
        "more than two are fine",
        inventory(names=names(appliance_dns_servers=(*DNS_SERVERS, "10.0.2.53"))),
        VCENTER_FINE,
    ),
    Case(
        "one DNS server may be enough",
        inventory(names=names(appliance_dns_servers=("10.0.0.53",))),
        VCENTER_FINE,
        {"minimum_dns_servers": 1},
    ),
    Case(
        "hidden DNS servers are not examined",
        inventory(names=names(appliance_dns_servers=FORBIDDEN)),
        Says(examined={"vc01"}, missed={("vc01", "dns-servers")}),
    ),
    Case(
        "without a session an absent name is critical and the hosts are hidden",
        inventory(
            names=names(vcenter=lookup(status="absent"), connected_to=None, appliance_dns_servers=LATE, hosts=LATE)
        ),
        Says(finds={("critical", "vc01", "forward")}, examined={"vc01"}, missed={("vc01", "dns-servers")}, blind=True),
    ),
]

HOST_CASES = [
    Case("a host whose name leads there and back is fine", _host(lookup(ESX.name)), BOTH_FINE),
    Case("a host known by address is not looked up", _host(None), BOTH_FINE),
    Case(
        "nothing is known of it: only its DNS servers are missed",
        _host(None, None),
        Says(examined={"vc01"}, missed={(ESX.name, "dns-servers")}),
    ),
    Case(
        "an absent host name warns",
        _host(lookup(ESX.name, status="absent")),
        Says(finds={("warning", ESX.name, "forward")}, examined=BOTH_FINE.examined),
    ),
    Case(
        "a missing PTR record warns",
        _host(lookup(ESX.name, pointers={ADDRESS: ()})),
        Says(finds={("warning", ESX.name, "reverse")}, examined=BOTH_FINE.examined),
    ),
    Case(
        "a wrong PTR record warns",
        _host(lookup(ESX.name, pointers={ADDRESS: ("esx99.lab.example",)})),
        Says(finds={("warning", ESX.name, "reverse")}, examined=BOTH_FINE.examined),
    ),
    Case(
        "no DNS server answers for its name",
        _host(lookup(ESX.name, status="failed")),
        Says(examined=BOTH_FINE.examined, missed={(ESX.name, "name")}),
    ),
    Case(
        "no DNS server answers, and its own are not known: the host is not examined",
        _host(lookup(ESX.name, status="failed"), None),
        Says(examined={"vc01"}, missed={(ESX.name, "name"), (ESX.name, "dns-servers")}),
    ),
    Case(
        "a host without DNS servers warns",
        _host(lookup(ESX.name), ()),
        Says(finds={("warning", ESX.name, "dns-servers")}, examined=BOTH_FINE.examined),
    ),
    Case(
        "a host with one DNS server warns",
        _host(lookup(ESX.name), ("10.0.0.53",)),
        Says(finds={("warning", ESX.name, "dns-servers")}, examined=BOTH_FINE.examined),
    ),
    Case(
        "the name of a disconnected host is judged, its DNS servers are not",
        _host(lookup(ESX.name), None),
        Says(examined=BOTH_FINE.examined, missed={(ESX.name, "dns-servers")}),
    ),
]

CASES = VCENTER_CASES + HOST_CASES


@pytest.mark.parametrize("case", CASES, ids=str)
def test_dns_resolution(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_an_address_in_the_url_is_nobodys_fault() -> None:
    given = inventory(names=names(by_address=True))
    (missed,) = [one for one in verdicts(SLUG, given) if isinstance(one, NotExamined)]
    assert missed.why.outcome is Outcome.SKIPPED


def test_where_a_host_name_was_not_answered_for_no_old_fault_of_it_counts_as_mended() -> None:
    given = _host(lookup(ESX.name, status="failed"))
    (missed,) = [one for one in verdicts(SLUG, given) if isinstance(one, NotExamined)]
    assert [key for key in ("forward", "reverse") if missed.hides(key)] == ["forward", "reverse"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (_vcenter(lookup(status="absent")), "DNS has no address for the name vc01.lab.example"),
        (
            _vcenter(lookup(pointers={"10.9.9.9": ()})),
            "DNS leads the name vc01.lab.example to 10.9.9.9, but vCenter was reached at 10.0.0.10",
        ),
        (
            _vcenter(lookup(pointers={CONNECTED_TO: (), "10.0.0.11": ()})),
            "There is no PTR record for 10.0.0.10, 10.0.0.11; it should name vc01.lab.example",
        ),
        (
            _vcenter(lookup(pointers={CONNECTED_TO: (), "10.0.0.11": ("old.lab.example",)})),
            "The PTR record of 10.0.0.11 names old.lab.example; it should name vc01.lab.example",
        ),
        (
            inventory(names=names(appliance_dns_servers=("10.0.0.53",))),
            "Number of DNS servers that it asks: 1; there should be at least 2",
        ),
    ],
)
def test_the_text_names_what_was_found_and_what_should_be(given: Inventory, text: str) -> None:
    (found,) = findings(SLUG, given)
    assert english(found.text) == text
