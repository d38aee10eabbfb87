from dataclasses import replace

import pytest

from tests.builders import BYSTANDERS, LATE, Case, Says, ago, findings, host, says, vm
from tests.builders_history import earlier
from tests.builders_hosts import mode, of_hosts
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import Host, HostMode, Severity, Unseen, VirtualMachine
from vhealthd.wording import english

SLUG = "host-connection"

A = host("esx01")
SILENT = host("silent", connection_state="notResponding")
LOST = host("lost", connection_state="disconnected")
ASLEEP = replace(SILENT, power_state="standBy")
STRANGE = host("strange", connection_state="teleported")
RESTING = host("resting", in_maintenance_mode=True)


def _hosts(*hosts: Host, vms: tuple[VirtualMachine, ...] = (), **modes: HostMode | Unseen) -> Inventory:
    return of_hosts(*hosts, vms=vms, parts={Need.HOST_MODE: {one: modes.get(one.name, mode()) for one in hosts}})


def _resting(hours: float) -> Inventory:
    """Return a host that was first seen in maintenance mode so long ago."""
    return earlier(_hosts(RESTING), (RESTING, "maintenance", Severity.INFO, ago(hours=hours)))


CASES = [
    Case("a connected host is fine", _hosts(A, vms=(vm(on=A),)), Says(examined={"esx01"})),
    Case(
        "one that does not respond is critical with virtual machines on it",
        _hosts(SILENT, vms=(vm(on=SILENT),)),
        Says(finds={("critical", "silent", None)}, examined={"silent"}),
    ),
    Case(
        "and a warning without: switched off, on another host, or nobody's work",
        _hosts(
            SILENT,
            A,
            vms=(
                vm("off", on=SILENT, power_state="poweredOff"),
                vm("elsewhere", on=A),
                *(replace(one, host=SILENT.ref) for one in BYSTANDERS),
            ),
        ),
        Says(finds={("warning", "silent", None)}, examined={"silent", "esx01"}),
    ),
    Case(
        "a disconnected host is critical either way",
        _hosts(LOST),
        Says(finds={("critical", "lost", None)}, examined={"lost"}),
    ),
    Case("standby warns", _hosts(ASLEEP), Says(finds={("warning", "silent", None)}, examined={"silent"})),
    Case(
        "standby by the mode's own word, though it is still connected",
        _hosts(A, esx01=mode(standby_mode="in")),
        Says(finds={("warning", "esx01", None)}, examined={"esx01"}),
    ),
    Case(
        "a host on its way out of standby is fine",
        _hosts(A, esx01=mode(standby_mode="exiting")),
        Says(examined={"esx01"}),
    ),
    Case(
        "where virtual machines ran, standby is no excuse",
        _hosts(ASLEEP, vms=(vm(on=SILENT),)),
        Says(finds={("critical", "silent", None)}, examined={"silent"}),
    ),
    Case(
        "maintenance is information",
        _hosts(RESTING),
        Says(finds={("info", "resting", "maintenance")}, examined={"resting"}),
    ),
    Case(
        "quarantine warns",
        _hosts(A, esx01=mode(in_quarantine=True)),
        Says(finds={("warning", "esx01", "quarantine")}, examined={"esx01"}),
    ),
    Case(
        "an absent standby mode is none",
        _hosts(A, esx01=mode(standby_mode=None)),
        Says(examined={"esx01"}),
    ),
    Case(
        "without the modes the connection is judged all the same",
        _hosts(LOST, lost=LATE),
        Says(finds={("critical", "lost", None)}, examined={"lost"}, missed={("lost", "quarantine")}),
    ),
    Case("a state of a later release is not judged", _hosts(STRANGE), Says(missed={("strange", None)})),
    Case(
        "and it hides no host that follows",
        _hosts(STRANGE, LOST),
        Says(finds={("critical", "lost", None)}, examined={"lost"}, missed={("strange", None)}),
    ),
    Case(
        "at 72 h it is information",
        _resting(hours=72),
        Says(finds={("info", "resting", "maintenance")}, examined={"resting"}),
    ),
    Case(
        "longer than that it is forgotten",
        _resting(hours=72.1),
        Says(finds={("warning", "resting", "maintenance")}, examined={"resting"}),
    ),
    Case(
        "how long it may take is configurable",
        _resting(hours=100),
        Says(finds={("info", "resting", "maintenance")}, examined={"resting"}),
        {"warning_maintenance_hours": 100},
    ),
    Case(
        "what was found on the host otherwise is not its maintenance",
        earlier(_hosts(RESTING), (RESTING, "quarantine", Severity.WARNING, ago(days=30))),
        Says(finds={("info", "resting", "maintenance")}, examined={"resting"}),
    ),
    Case("nothing is there", _hosts(vms=BYSTANDERS), Says()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_host_connection(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            _hosts(SILENT, vms=(vm("a", on=SILENT), vm("b", on=SILENT))),
            "The host does not respond to vCenter; virtual machines that were running on it: 2",
        ),
        (_hosts(SILENT), "The host does not respond to vCenter; virtual machines that were running on it: 0"),
        (_hosts(LOST), "The host is disconnected from vCenter; virtual machines that were running on it: 0"),
        (_hosts(ASLEEP), "The host is in standby (standBy) and takes no work"),
    ],
)
def test_the_text_tells_the_state_and_counts_what_was_running(given: Inventory, text: str) -> None:
    (found,) = findings(SLUG, given)
    assert english(found.text) == text


def test_the_text_tells_how_long_a_host_was_seen_in_maintenance() -> None:
    (found,) = findings(SLUG, _resting(hours=96.5), {"warning_maintenance_hours": 48.5})
    assert english(found.text) == "The host has been seen in maintenance mode for 96.5 h; the limit is 48.5 h"


def test_forgotten_maintenance_is_not_demoted_for_being_maintenance() -> None:
    assert [one.even_at_rest for one in findings(SLUG, _resting(hours=96))] == [True]
    assert [one.even_at_rest for one in findings(SLUG, _resting(hours=1))] == [False]
