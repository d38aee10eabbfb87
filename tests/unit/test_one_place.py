"""Rules that hold for every check live in one place each: the model says whose work counts, the engine who rests."""

import ast
from pathlib import Path

import pytest

from tests.builders import BYSTANDERS, host, vm
from vhealthd.checkapi import Check, Limits
from vhealthd.engine import conclude
from vhealthd.model import Category, Finding, Message, Outcome, Severity, VirtualMachine

ROOT = Path(__file__).parents[2]
OWNERS = ("vCLS", "com.vmware.vim.eam", "com.vmware.vcDr", "com.vmware.vcls")
WRONG = Message("test.wrong", "something is wrong")


@pytest.mark.parametrize("one", BYSTANDERS, ids=lambda one: one.name)
def test_nobodys_work(one: VirtualMachine) -> None:
    assert not one.is_workload


@pytest.mark.parametrize(
    "one",
    [
        vm(),
        vm("powered-off", power_state="poweredOff"),
        vm("lost", connection_state="inaccessible", template=None),
        vm("my-vCLS-notes"),
        vm("vcls-lower"),
        vm("managed-by-somebody", managed_by="com.example.backup"),
        vm("fault-tolerant", managed_by="com.vmware.vim.ft"),
    ],
    ids=lambda one: one.name,
)
def test_somebodys_work(one: VirtualMachine) -> None:
    assert one.is_workload


@pytest.mark.parametrize("place", ["checks", "vhealthd/vcenter", "vhealthd/engine.py", "vhealthd/rules.py"])
def test_nobody_else_knows_whose_vms_are_nobodys_work(place: str) -> None:
    folder = ROOT / place
    for file in folder.rglob("*.py") if folder.is_dir() else [folder]:
        literals = [node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant)]
        words = [text for text in literals if isinstance(text, str) and len(text.split()) == 1]
        assert [text for text in words if text.startswith(OWNERS)] == [], file


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("key", [None, "vmnic0"])
def test_the_engine_demotes_every_finding_on_a_host_in_maintenance(severity: Severity, key: str | None) -> None:
    check = Check(
        slug="test",
        title="Test",
        category=Category.VM,
        needs=frozenset(),
        limits=Limits,
        judge=lambda _inventory, _limits: iter(()),
        what="",
        why="",
        fix="",
        blind_spots="",
    )

    resting = conclude(check, [Finding(severity, host(in_maintenance_mode=True), WRONG(), key)])
    working = conclude(check, [Finding(severity, host(), WRONG(), key)])

    assert (resting.findings[0].severity, resting.outcome) == (Severity.INFO, Outcome.INFO)
    assert working.findings[0].severity is severity
