import pytest

from tests.builders import BYSTANDERS, LATE, Case, Says, ago, findings, inventory, load, says, tools, vm
from vhealthd.checkapi import Inventory
from vhealthd.model import Severity, Unseen, VmTools
from vhealthd.wording import english

SLUG = "tools-not-running"
FINE = Says(examined={"web01"})
WARNING = Says(finds={("warning", "web01", None)}, examined={"web01"})
INFO = Says(finds={("info", "web01", None)}, examined={"web01"})
MISSED = Says(missed={("web01", None)})
STOPPED = tools("guestToolsNotRunning")


def _guest(one: VmTools | Unseen) -> Inventory:
    return inventory(vm_tools={vm(): one})


CASES = [
    Case("running tools are fine", _guest(tools()), FINE),
    Case("tools that run scripts are fine", _guest(tools("guestToolsExecutingScripts")), FINE),
    Case("open-vm-tools that run are fine", _guest(tools(version_status="guestToolsUnmanaged")), FINE),
    Case("installed tools that do not run warn", _guest(STOPPED), WARNING),
    Case(
        "open-vm-tools that do not run warn",
        _guest(tools("guestToolsNotRunning", version_status="guestToolsUnmanaged")),
        WARNING,
    ),
    Case(
        "nobody knows whether they are installed: still they do not run",
        _guest(tools("guestToolsNotRunning", version_status=None)),
        WARNING,
    ),
    Case(
        "tools that are not installed are worth knowing",
        _guest(tools("guestToolsNotRunning", version_status="guestToolsNotInstalled")),
        INFO,
    ),
    Case("a guest may take 15 minutes", _guest(tools("guestToolsNotRunning", boot_time=ago(minutes=15))), FINE),
    Case("and not a second more", _guest(tools("guestToolsNotRunning", boot_time=ago(minutes=15, seconds=1))), WARNING),
    Case("a clock behind is no reason to warn", _guest(tools("guestToolsNotRunning", boot_time=ago(minutes=-3))), FINE),
    Case("an unknown start is judged", _guest(tools("guestToolsNotRunning", boot_time=None)), WARNING),
    Case("an unknown state is not examined", _guest(tools(None)), MISSED),
    Case("what was not read is not examined", _guest(LATE), MISSED),
    Case(
        "VMs that are off or suspended are no matter",
        inventory(
            vm_tools={vm("off", power_state="poweredOff"): STOPPED, vm("asleep", power_state="suspended"): STOPPED}
        ),
        Says(),
    ),
    Case(
        "of a VM out of reach only old news is known",
        inventory(vm_tools={vm(connection_state="disconnected"): STOPPED}),
        MISSED,
    ),
    Case(
        "so of one in a state that nobody knows",
        inventory(vm_tools={vm(connection_state="changing"): STOPPED}),
        MISSED,
    ),
    Case(
        "templates, vCLS, agents and placeholders are no matter",
        inventory(vm_tools=dict.fromkeys(BYSTANDERS, STOPPED)),
        Says(),
    ),
    Case(
        "machines are judged apart from those before them",
        inventory(
            vms=[*BYSTANDERS, vm("off", power_state="poweredOff"), vm("db01"), vm()],
            vm_tools={vm("db01"): LATE, vm(): STOPPED},
        ),
        Says(finds=WARNING.finds, examined={"web01"}, missed={("db01", None)}),
    ),
    Case("nothing is there", inventory(), Says()),
    Case(
        "the grace is configurable",
        _guest(tools("guestToolsNotRunning", boot_time=ago(minutes=50))),
        FINE,
        {"grace_minutes": 60},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_tools_not_running(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_it_never_does_more_than_warn() -> None:
    assert load(SLUG).maximum is Severity.WARNING


def test_the_text_says_since_when_the_machine_runs() -> None:
    (found,) = findings(SLUG, _guest(tools("guestToolsNotRunning", boot_time=ago(minutes=90, seconds=30))))
    assert english(found.text) == (
        "VMware Tools do not run, though the machine has run since 2026-03-02 04:29 UTC; they are given 15 minutes"
    )
    assert found.text.params["uptime_minutes"] == 90.5
