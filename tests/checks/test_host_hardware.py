import pytest

from tests.builders import BYSTANDERS, FORBIDDEN, LATE, Case, Says, ago, findings, host, says, verdicts
from tests.builders_history import YESTERDAY, earlier
from tests.builders_hosts import of_hosts, part
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import Entity, HardwarePart, Reading, Severity
from vhealthd.wording import english

SLUG = "host-hardware"

A = host("esx01")
BARE = host("bare")
OFF = host("off", connection_state="notResponding")
RESTING = host("resting", in_maintenance_mode=True)
ROLLUP = "VMware Rollup Health State"
YELLOW, RED = 1, 2
FAN: tuple[Entity, str | None] = (A, "Fan1A")


def _parts(*parts: HardwarePart) -> Inventory:
    return of_hosts(A, parts={Need.HOST_HARDWARE: {A: parts}})


def _finds(*found: tuple[str, str]) -> Says:
    return Says(finds={(severity, "esx01", key) for severity, key in found}, examined={"esx01"})


def _before(now: str, *states: int) -> Inventory:
    """Return a sensor that was bad in the scans before, each a day after the other."""
    days = range(len(states), 0, -1)
    readings = {FAN: [(ago(days=day), state) for day, state in zip(days, states, strict=True)]}
    return earlier(_parts(part(now)), (*FAN, Severity.WARNING, YESTERDAY), readings=readings)


CONFIRM = {"confirm_critical": True}

CASES = [
    Case("green is fine", _parts(part(), part(name="PS 1")), _finds()),
    Case("yellow warns", _parts(part("yellow"), part(name="PS 1")), _finds(("warning", "Fan1A"))),
    Case(
        "red is critical",
        _parts(part("red"), part("yellow", "PS 1")),
        _finds(("critical", "Fan1A"), ("warning", "PS 1")),
    ),
    Case(
        "unknown, gray and words of later releases are ignored",
        _parts(part(), part("unknown", "a"), part("gray", "b"), part("purple", "c")),
        _finds(),
    ),
    Case(
        "of parts of one name the worst one counts",
        _parts(part(), part("red"), part("yellow")),
        _finds(("critical", "Fan1A")),
    ),
    Case("yellow is worse than green", _parts(part(), part("yellow")), _finds(("warning", "Fan1A"))),
    Case("red is worse than yellow", _parts(part("yellow"), part("red")), _finds(("critical", "Fan1A"))),
    Case(
        "of two sensors that differ in their present state alone as well",
        _parts(part("green", "A1 - Deassert", sensor="A1"), part("red", "A1 - Assert", sensor="A1")),
        _finds(("critical", "A1")),
    ),
    Case(
        "the sum of all sensors is silent when one of them tells why",
        _parts(part("red"), part("red", ROLLUP, "rollup")),
        _finds(("critical", "Fan1A")),
    ),
    Case(
        "it is silent too where it is less bad than they are",
        _parts(part("red"), part("yellow", ROLLUP, "rollup")),
        _finds(("critical", "Fan1A")),
    ),
    Case(
        "and speaks when none does",
        _parts(part("yellow"), part("red", ROLLUP, "rollup")),
        _finds(("warning", "Fan1A"), ("critical", ROLLUP)),
    ),
    Case(
        "parts of every kind tell why",
        _parts(part("red", "CPU 1", "cpu"), part("yellow", "12 V", "voltage"), part("red", ROLLUP, "rollup")),
        _finds(("critical", "CPU 1"), ("warning", "12 V")),
    ),
    Case("the sum alone", _parts(part("green", ROLLUP, "rollup")), _finds()),
    Case("a host without sensors is not examined", _parts(), Says(missed={("esx01", None)})),
    Case(
        "nor is one that knows the state of none",
        _parts(part("unknown"), part("", "PS 1")),
        Says(missed={("esx01", None)}),
    ),
    Case(
        "the old readings of a host that does not respond count nowhere",
        of_hosts(OFF, parts={Need.HOST_HARDWARE: {OFF: (part("red"),)}}),
        Says(missed={("off", None)}),
    ),
    Case(
        "what could not be read is not examined",
        of_hosts(A, RESTING, parts={Need.HOST_HARDWARE: {A: LATE, RESTING: FORBIDDEN}}),
        Says(missed={("esx01", None), ("resting", None)}),
    ),
    Case(
        "a host that is not judged hides none that follows",
        of_hosts(RESTING, BARE, A, parts={Need.HOST_HARDWARE: {RESTING: LATE, BARE: (), A: (part("red"),)}}),
        Says(
            finds={("critical", "esx01", "Fan1A")},
            examined={"esx01"},
            missed={("resting", None), ("bare", None)},
        ),
    ),
    Case("red is critical at once where nothing is kept", _parts(part("red")), _finds(("critical", "Fan1A")), CONFIRM),
    Case(
        "where the last scan did not see it, red is a warning, if that is asked for",
        earlier(_parts(part("red"))),
        _finds(("warning", "Fan1A")),
        CONFIRM,
    ),
    Case("and else critical", earlier(_parts(part("red"))), _finds(("critical", "Fan1A"))),
    Case("red in two scans is critical", _before("red", RED), _finds(("critical", "Fan1A")), CONFIRM),
    Case("yellow in the scan before is no proof", _before("red", YELLOW), _finds(("warning", "Fan1A")), CONFIRM),
    Case("nor is red before that", _before("red", RED, YELLOW), _finds(("warning", "Fan1A")), CONFIRM),
    Case("yellow warns as ever", _before("yellow", RED), _finds(("warning", "Fan1A")), CONFIRM),
    Case(
        "red of old, that was green in between, is no proof",
        earlier(_parts(part("red")), readings={FAN: [(ago(days=9), RED)]}),
        _finds(("warning", "Fan1A")),
        CONFIRM,
    ),
    Case("nothing is there", of_hosts(vms=BYSTANDERS), Says()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_host_hardware(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_the_text_names_part_kind_and_colour() -> None:
    (found,) = findings(SLUG, _parts(part("yellow", "PS 1 --- Failed", "power")))
    assert english(found.text) == 'The hardware reports yellow for "PS 1 --- Failed" (power); it should be green'


def test_the_text_names_the_first_of_equally_bad_parts() -> None:
    twins = (part("red", "A1 - Assert", sensor="A1"), part("red", "A1 - Fault", sensor="A1"))
    (found,) = findings(SLUG, _parts(*twins))
    assert '"A1 - Assert"' in english(found.text)


def test_the_text_says_that_a_fault_is_not_sure_yet() -> None:
    (found,) = findings(SLUG, earlier(_parts(part("red"))), CONFIRM)
    assert english(found.text) == (
        'The hardware reports red for "Fan1A" (fan); it should be green, and it is critical if the next scan finds it '
        "so as well"
    )


def test_of_a_warning_nothing_has_to_be_sure() -> None:
    (found,) = findings(SLUG, earlier(_parts(part("yellow"))), CONFIRM)
    assert english(found.text) == 'The hardware reports yellow for "Fan1A" (fan); it should be green'


def test_the_state_of_bad_parts_is_noted_for_the_next_scan() -> None:
    said = verdicts(SLUG, _parts(part("red"), part("yellow", "PS 1"), part(name="PS 2")))
    assert [one for one in said if isinstance(one, Reading)] == [Reading(A, "Fan1A", RED), Reading(A, "PS 1", YELLOW)]
