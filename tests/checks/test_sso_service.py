from dataclasses import replace

import pytest

from tests.builders import FORBIDDEN, Case, Says, findings, hides, inventory, says, service
from vhealthd.wording import english

SLUG = "sso-service"
EXAMINED = frozenset({"vc01"})


def _finds(*found: tuple[str, str]) -> Says:
    return Says(finds={(severity, "vc01", key) for severity, key in found}, examined=EXAMINED)


CASES = [
    Case(
        "healthy services are fine",
        inventory(services=[service("sts"), service("lookupsvc"), service("trustmanagement")]),
        _finds(),
    ),
    Case(
        "a stopped token service is critical under each of its names",
        inventory(services=[service(name, "STOPPED") for name in ("sts", "vmware-stsd", "vmware-sts-idmd")]),
        _finds(("critical", "sts"), ("critical", "vmware-stsd"), ("critical", "vmware-sts-idmd")),
    ),
    Case(
        "a degraded lookup service is critical",
        inventory(services=[service("sts"), service("lookupsvc", health="DEGRADED")]),
        _finds(("critical", "lookupsvc")),
    ),
    Case(
        "health warnings warn",
        inventory(services=[service("sts", health="HEALTHY_WITH_WARNINGS"), service("lookupsvc")]),
        _finds(("warning", "sts")),
    ),
    Case(
        "a service on its way up or down warns, for tokens are still issued",
        inventory(services=[service("sts", "STARTING"), service("trustmanagement", "STOPPING")]),
        _finds(("warning", "sts"), ("warning", "trustmanagement")),
    ),
    Case(
        "a state that is not known here is no good one",
        inventory(services=[service("sts", "FAILED")]),
        _finds(("critical", "sts")),
    ),
    Case(
        "a service that nobody wants started may be down",
        inventory(
            services=[
                service("sts"),
                service("lookupsvc", "STOPPED", startup_type="MANUAL"),
                service("trustmanagement", "STOPPED", startup_type="DISABLED"),
            ]
        ),
        _finds(),
    ),
    Case(
        "a started service without a health is fine",
        inventory(services=[service("sts"), replace(service("vmware-stsd"), health=None)]),
        _finds(),
    ),
    Case(
        "other services are not its matter",
        inventory(services=[service("sts"), service("vsphere-ui", "STOPPED"), service("rbd", health="DEGRADED")]),
        _finds(),
    ),
    Case(
        "without a token service in the list that rule is not examined",
        inventory(services=[service("lookupsvc", "STOPPED")]),
        Says(finds={("critical", "vc01", "lookupsvc")}, examined=EXAMINED, missed={("vc01", "sts")}),
    ),
    Case("an empty list is no failure", inventory(), Says(examined=EXAMINED, missed={("vc01", "sts")})),
    Case(
        "a refused list leaves the login as proof",
        inventory(services=FORBIDDEN),
        Says(examined=EXAMINED, missed={("vc01", "services")}),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_sso_service(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_the_text_names_service_and_state() -> None:
    (found,) = findings(SLUG, inventory(services=[service("sts", "STOPPED")]))
    assert english(found.text) == "The service sts is STOPPED, though it should start with the appliance"


def test_a_refused_list_may_hide_any_service() -> None:
    assert hides(SLUG, inventory(services=FORBIDDEN), "vc01", "sts")
