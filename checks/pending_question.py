"""pending-question: whether a virtual machine waits for somebody's answer."""

from collections.abc import Iterator

from vhealthd.checkapi import Inventory, Limits, Need, check
from vhealthd.model import Category, Examined, Finding, Message, NotExamined, Severity, Unseen, Verdict

STOPPED = Message("pending-question.stopped", 'The virtual machine stands still until somebody answers: "{question}"')
HELD = Message("pending-question.held", 'The virtual machine does not go on until somebody answers: "{question}"')
NOT_CONNECTED = Message("pending-question.not-connected", "the virtual machine is not connected ({connection_state})")

_LONGEST = 300


@check(
    title="Pending question",
    category=Category.VM,
    needs={Need.VMS, Need.VM_QUESTION},
    opt_in=True,
    what="Whether a virtual machine has asked a question that nobody has answered. It is critical for a machine that "
    "is powered on, and warns for another, which waits at its power-on.",
    why="Until the answer comes the machine executes nothing. From outside it looks powered on and healthy, and high "
    "availability does not restart it. The usual causes are a full datastore, a locked CD drive and copied files.",
    fix="Read the question in the vSphere Client (Actions > Guest OS > Answer Question) and remove its cause before "
    "you answer: make room on the datastore, for example.",
    blind_spots="Who asked when is not known: a question of this very moment looks like one of last week. Questions of "
    "the guest operating system are not seen.",
)
def pending_question(inventory: Inventory, limits: Limits) -> Iterator[Verdict]:  # noqa: ARG001 - every check takes limits
    """Judge each virtual machine."""
    for vm in inventory.vms:
        if not vm.is_workload:
            continue
        questions = inventory.vm_question[vm.ref]
        if not isinstance(questions, Unseen) and vm.connection_state == "disconnected":
            questions = Unseen(NOT_CONNECTED(connection_state=vm.connection_state))
        if isinstance(questions, Unseen):
            yield NotExamined(vm, questions)
            continue
        yield Examined(vm)
        for question in questions[:1]:
            severity, message = (Severity.CRITICAL, STOPPED) if vm.powered_on else (Severity.WARNING, HELD)
            yield Finding(severity, vm, message(question=_short(question.text)))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} ..."
