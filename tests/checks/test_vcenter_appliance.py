from dataclasses import replace

import pytest

from tests.builders import FORBIDDEN, LATE, Case, Says, findings, hides, load, says, service, verdicts
from tests.builders_appliance import appliance, estate_with, item, partition
from vhealthd.checkapi import Inventory, Need
from vhealthd.engine import conclude
from vhealthd.model import Appliance, Outcome
from vhealthd.wording import english

SLUG = "vcenter-appliance"
VC = frozenset({"vc01"})


def _of(given: Appliance) -> Inventory:
    return estate_with(Need.APPLIANCE, given)


def _finds(*found: tuple[str, str]) -> Says:
    return Says(finds={(severity, "vc01", key) for severity, key in found}, examined=VC)


def _misses(*rules: str) -> Says:
    return Says(examined=VC, missed={("vc01", rule) for rule in rules})


CASES = [
    Case(
        "a well appliance is fine",
        _of(appliance(health=[item()], services=[service("vpxd")], partitions=[partition()])),
        _finds(),
    ),
    Case("yellow warns", _of(appliance(health=[item("mem", "yellow")])), _finds(("warning", "health:mem"))),
    Case("orange warns", _of(appliance(health=[item("system", "orange")])), _finds(("warning", "health:system"))),
    Case("red is critical", _of(appliance(health=[item("load", "red")])), _finds(("critical", "health:load"))),
    Case("gray is not examined", _of(appliance(health=[item("swap", "gray")])), _misses("health:swap")),
    Case("so is a colour that nobody knows", _of(appliance(health=[item("mem", "mauve")])), _misses("health:mem")),
    Case(
        "updates that wait are told of",
        _of(appliance(health=[item("software-packages", "orange")])),
        _finds(("info", "health:software-packages")),
    ),
    Case(
        "security updates that wait warn",
        _of(appliance(health=[item("software-packages", "red")])),
        _finds(("warning", "health:software-packages")),
    ),
    Case(
        "an item that the release does not have is not examined, and the others are",
        _of(appliance(health=[item("mem", "red"), item("applmgmt", FORBIDDEN)])),
        Says(finds={("critical", "vc01", "health:mem")}, examined=VC, missed={("vc01", "health:applmgmt")}),
    ),
    Case(
        "an item that should have been seen makes the check unknown",
        _of(appliance(health=[item("mem", LATE), item("load", "red")])),
        Says(finds={("critical", "vc01", "health:load")}, examined=VC, missed={("vc01", "health:mem")}, blind=True),
    ),
    Case(
        "a stopped service that starts with the appliance is critical",
        _of(appliance(services=[service("vpxd", "STOPPED")])),
        _finds(("critical", "service:vpxd")),
    ),
    Case(
        "a degraded service warns",
        _of(appliance(services=[service("eam", health="DEGRADED")])),
        _finds(("warning", "service:eam")),
    ),
    Case(
        "a service with warnings is the matter of its own people",
        _of(appliance(services=[service("eam", health="HEALTHY_WITH_WARNINGS")])),
        _finds(),
    ),
    Case(
        "a service that nobody wants started may be down",
        _of(
            appliance(
                services=[
                    service("rbd", "STOPPED", startup_type="MANUAL"),
                    service("netdumper", "STOPPED", startup_type="DISABLED"),
                ]
            )
        ),
        _finds(),
    ),
    Case(
        "a service on its way up or down is not judged",
        _of(appliance(services=[service("eam", "STARTING"), service("sps", "STOPPING")])),
        _misses("service:eam", "service:sps"),
    ),
    Case(
        "nor is a state that is not known here",
        _of(appliance(services=[service("eam", "FAILED")])),
        _misses("service:eam"),
    ),
    Case(
        "a service that tells no health is fine as long as it runs",
        _of(appliance(services=[replace(service("eam"), health=None)])),
        _finds(),
    ),
    Case("exactly 80 per cent is fine", _of(appliance(partitions=[partition("log", 80)])), _finds()),
    Case("more warns", _of(appliance(partitions=[partition("log", 80.1)])), _finds(("warning", "partition:log"))),
    Case(
        "exactly 90 per cent warns",
        _of(appliance(partitions=[partition("log", 90)])),
        _finds(("warning", "partition:log")),
    ),
    Case(
        "more is critical", _of(appliance(partitions=[partition("log", 90.1)])), _finds(("critical", "partition:log"))
    ),
    Case(
        "a partition without figures is not examined",
        _of(appliance(partitions=[partition("lifecycle", None)])),
        _misses("partition:lifecycle"),
    ),
    Case(
        "a partition can be left out",
        _of(appliance(partitions=[partition("archive", 99), partition("core", None)])),
        _finds(),
        {"exempt_partitions": ["archive", "core"]},
    ),
    Case(
        "limits can be set",
        _of(appliance(partitions=[partition("log", 70)])),
        _finds(("critical", "partition:log")),
        {"warning_percent": 50, "critical_percent": 60},
    ),
    Case(
        "each part is judged apart from the others",
        _of(appliance(health=FORBIDDEN, services=[service("vpxd", "STOPPED")], partitions=LATE)),
        Says(
            finds={("critical", "vc01", "service:vpxd")},
            examined=VC,
            missed={("vc01", "health"), ("vc01", "partitions")},
            blind=True,
        ),
    ),
    Case(
        "an account that may not see any of it sees nothing",
        _of(appliance(health=FORBIDDEN, services=FORBIDDEN, partitions=FORBIDDEN)),
        Says(missed={("vc01", "health"), ("vc01", "services"), ("vc01", "partitions")}),
    ),
    Case("an appliance that lists nothing", _of(appliance()), _finds()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_vcenter_appliance(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (appliance(health=FORBIDDEN, services=FORBIDDEN, partitions=FORBIDDEN), Outcome.SKIPPED),
        (appliance(health=FORBIDDEN, services=[service()], partitions=FORBIDDEN), Outcome.PASS),
        (appliance(health=[item()], services=LATE, partitions=[partition("log", 85)]), Outcome.UNKNOWN),
        (appliance(health=[item("mem", "red")], services=LATE, partitions=LATE), Outcome.CRITICAL),
    ],
)
def test_what_was_not_seen_decides_the_outcome(given: Appliance, outcome: Outcome) -> None:
    check = load(SLUG)
    assert conclude(check, verdicts(SLUG, _of(given))).outcome is outcome


def test_the_text_gives_the_appliances_own_reasons_once() -> None:
    (found,) = findings(SLUG, _of(appliance(health=[item("mem", "red", "Low memory", "Low memory", "Add some")])))
    assert english(found.text) == "The appliance reports its health in mem as red: Low memory; Add some"


def test_the_text_gives_partition_value_and_limit() -> None:
    (found,) = findings(SLUG, _of(appliance(partitions=[partition("seat", 93.25)])))
    assert english(found.text) == "93.2 % of the partition seat is used; the limit is 90 %"


def test_a_part_that_was_not_read_may_hide_any_finding_of_it() -> None:
    assert hides(SLUG, _of(appliance(services=LATE)), "vc01", "service:vpxd")


def test_an_item_that_was_not_read_hides_nothing_of_the_others() -> None:
    given = _of(appliance(health=[item("mem", LATE)]))
    assert hides(SLUG, given, "vc01", "health:mem")
    assert not hides(SLUG, given, "vc01", "health:load")
