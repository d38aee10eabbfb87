import pytest

from tests.builders import BYSTANDERS, LATE, Case, Says, findings, load, says, vm
from tests.builders_extras import extras
from vhealthd.checkapi import Need
from vhealthd.model import Question
from vhealthd.wording import english

SLUG = "pending-question"
ASKS = (Question(text="There is no more space for virtual disk web01.vmdk. Retry?"),)
FINE = Says(examined={"web01"})
MISSED = Says(missed={("web01", None)})

CASES = [
    Case("it asks nothing", extras(Need.VM_QUESTION, {vm(): ()}), FINE),
    Case(
        "a machine that runs stands still",
        extras(Need.VM_QUESTION, {vm(): ASKS}),
        Says(finds={("critical", "web01", None)}, examined={"web01"}),
    ),
    Case(
        "one that is to start waits",
        extras(Need.VM_QUESTION, {vm(power_state="poweredOff"): ASKS}),
        Says(finds={("warning", "web01", None)}, examined={"web01"}),
    ),
    Case(
        "so does one that is to be resumed",
        extras(Need.VM_QUESTION, {vm(power_state="suspended"): ASKS}),
        Says(finds={("warning", "web01", None)}, examined={"web01"}),
    ),
    Case(
        "one whose files are lost may ask as well",
        extras(Need.VM_QUESTION, {vm(connection_state="inaccessible"): ASKS}),
        Says(finds={("critical", "web01", None)}, examined={"web01"}),
    ),
    Case(
        "several questions are one finding",
        extras(Need.VM_QUESTION, {vm(): (*ASKS, Question(text="Copied or moved?"))}),
        Says(finds={("critical", "web01", None)}, examined={"web01"}),
    ),
    Case("what was not read is not examined", extras(Need.VM_QUESTION, {vm(): LATE}), MISSED),
    Case(
        "of a VM out of reach only old news is known",
        extras(Need.VM_QUESTION, {vm(connection_state="disconnected"): ASKS}),
        MISSED,
    ),
    Case(
        "templates, vCLS, agents and placeholders are no matter",
        extras(Need.VM_QUESTION, dict.fromkeys(BYSTANDERS, ASKS)),
        Says(),
    ),
    Case(
        "machines are judged apart from those before them",
        extras(Need.VM_QUESTION, {**dict.fromkeys(BYSTANDERS, ASKS), vm("db01"): LATE, vm(): ASKS}),
        Says(finds={("critical", "web01", None)}, examined={"web01"}, missed={("db01", None)}),
    ),
    Case("nothing is there", extras(Need.VM_QUESTION, {}), Says()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_pending_question(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_it_is_opt_in() -> None:
    assert load(SLUG).opt_in


def test_the_text_repeats_the_question() -> None:
    (found,) = findings(SLUG, extras(Need.VM_QUESTION, {vm(): ASKS}))
    assert english(found.text) == f'The virtual machine stands still until somebody answers: "{ASKS[0].text}"'


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("y" * 300, "y" * 300),
        ("y" * 301, "y" * 300 + " ..."),
        ("why " * 200, "why " * 74 + "why ..."),
    ],
    ids=["300 characters are told whole", "more are cut", "no space is left at the cut"],
)
def test_a_long_question_is_cut(asked: str, told: str) -> None:
    (found,) = findings(SLUG, extras(Need.VM_QUESTION, {vm(): (Question(text=asked),)}))
    assert found.text.params["question"] == told
