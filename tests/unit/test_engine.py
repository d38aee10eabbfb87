"""What comes of a check: its outcome, its order, and how little one check can do to the others."""

import asyncio
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import ANY

import pytest
from structlog.testing import capture_logs

from tests.builders import CLUSTER, FORBIDDEN, LATE, NOW, VCENTER, datastore, entity, host, vm
from vhealthd.catalogue import BoundCheck
from vhealthd.checkapi import Check, Inventory, Limits, Need
from vhealthd.engine import conclude, run_checks, without_session
from vhealthd.errors import (
    BadAnswerError,
    NotPermittedError,
    NotSupportedError,
    SessionLostError,
    UndeclaredNeedError,
    VCenterError,
)
from vhealthd.model import (
    Blind,
    Category,
    CheckResult,
    Entity,
    Examined,
    Finding,
    Message,
    NotExamined,
    Outcome,
    Severity,
    Unseen,
    Verdict,
)
from vhealthd.wording import english

Judge = Callable[[Inventory, Limits], Iterator[Verdict]]
WRONG = Message("test.wrong", "something is wrong")
CRITICAL, WARNING, INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO
A, B = entity("Datastore", "a"), entity("Datastore", "b")
AWAY = host("away", connection_state="disconnected")
DERIVED = Unseen(Message("test.derived", "none of its hosts was seen")(), derived=True)


def check(judge: Judge, slug: str = "test", *, needs: set[Need] | None = None, maximum: Severity = CRITICAL) -> Check:
    return Check(
        slug=slug,
        title=slug.title(),
        category=Category.VM,
        needs=frozenset(needs or ()),
        limits=Limits,
        judge=judge,
        what="",
        why="",
        fix="do this",
        blind_spots="",
        maximum=maximum,
    )


def finds(severity: Severity, of: Entity = A, key: str | None = None) -> Finding:
    return Finding(severity, of, WRONG(), key)


def says(*verdicts: Verdict) -> Judge:
    return lambda _inventory, _limits: iter(verdicts)


def of(*verdicts: Verdict, maximum: Severity = CRITICAL) -> CheckResult:
    return conclude(check(says(), maximum=maximum), verdicts)


@dataclass
class Parts:
    """A source of parts; an exception for a part is why there is none."""

    parts: Mapping[Need, object] = field(default_factory=dict)

    async def fetch(self, need: Need) -> object:
        await asyncio.sleep(0)
        part = self.parts[need]
        if isinstance(part, Exception):
            raise part
        return part


async def run(
    checks: Sequence[Check],
    parts: Mapping[Need, object] | None = None,
    *,
    concurrency: int = 8,
    check_timeout: float = 5,
    on_done: Callable[[str], None] = lambda _: None,
) -> tuple[CheckResult, ...]:
    return await run_checks(
        [BoundCheck(one, Limits()) for one in checks],
        Parts(parts or {}),
        now=NOW,
        vcenter=VCENTER,
        concurrency=concurrency,
        check_timeout=check_timeout,
        on_done=on_done,
    )


def reason(result: CheckResult) -> str | None:
    return english(result.reason) if result.reason else None


# --- outcomes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdicts", "outcome", "why"),
    [
        ([], Outcome.SKIPPED, "nothing to examine"),
        ([Examined(A)], Outcome.PASS, None),
        ([Examined(A), finds(INFO)], Outcome.INFO, None),
        ([Examined(A), finds(WARNING), finds(INFO, B)], Outcome.WARNING, None),
        ([finds(INFO), finds(CRITICAL, B), finds(WARNING, key="k")], Outcome.CRITICAL, None),
        # What was not judged inside a check that was, is listed and does not decide.
        ([Examined(A), NotExamined(B, LATE)], Outcome.PASS, None),
        ([Examined(A), finds(WARNING), NotExamined(B, LATE)], Outcome.WARNING, None),
        # Where nothing was judged, the worst reason decides: should have been seen, or cannot be.
        ([NotExamined(A, LATE)], Outcome.UNKNOWN, "none of 1 could be examined: the read timed out"),
        ([NotExamined(A, FORBIDDEN)], Outcome.SKIPPED, "none of 1 could be examined: the privilege lacks"),
        (
            [NotExamined(A, FORBIDDEN), NotExamined(B, LATE), NotExamined(CLUSTER, LATE)],
            Outcome.UNKNOWN,
            "none of 3 could be examined: the privilege lacks, the read timed out",
        ),
        # What is out of reach, or follows from what was not seen, decides only where nothing else does.
        ([NotExamined(AWAY, LATE)], Outcome.UNKNOWN, "none of 1 could be examined: the read timed out"),
        ([NotExamined(A, DERIVED)], Outcome.UNKNOWN, "none of 1 could be examined: none of its hosts was seen"),
        (
            [NotExamined(AWAY, LATE), NotExamined(A, FORBIDDEN), NotExamined(CLUSTER, DERIVED)],
            Outcome.SKIPPED,
            "none of 3 could be examined: the privilege lacks, the read timed out, none of its hosts was seen",
        ),
        ([NotExamined(vm(connection_state="inaccessible"), LATE), NotExamined(A, FORBIDDEN)], Outcome.SKIPPED, ANY),
        ([NotExamined(datastore(accessible=False), LATE), NotExamined(A, FORBIDDEN)], Outcome.SKIPPED, ANY),
        ([NotExamined(AWAY, LATE), NotExamined(A, FORBIDDEN), NotExamined(B, LATE)], Outcome.UNKNOWN, ANY),
        ([NotExamined(AWAY, LATE), Blind(FORBIDDEN)], Outcome.SKIPPED, ANY),
        ([NotExamined(AWAY, LATE), Blind(LATE)], Outcome.UNKNOWN, "the read timed out"),
        # A whole part that was hidden makes it unknown at least; a critical finding is still worse.
        ([Blind(LATE)], Outcome.UNKNOWN, "the read timed out"),
        ([Examined(A), Blind(LATE)], Outcome.UNKNOWN, "the read timed out"),
        ([Examined(A), finds(WARNING), Blind(LATE)], Outcome.UNKNOWN, "the read timed out"),
        ([Examined(A), finds(CRITICAL), Blind(LATE)], Outcome.CRITICAL, "the read timed out"),
        ([Blind(FORBIDDEN)], Outcome.SKIPPED, "none of 1 could be examined: the privilege lacks"),
        ([Blind(FORBIDDEN), Blind(LATE)], Outcome.UNKNOWN, "the read timed out"),
        ([Examined(A), Blind(FORBIDDEN)], Outcome.PASS, None),
        ([Examined(A), finds(INFO), Blind(FORBIDDEN)], Outcome.INFO, None),
    ],
)
def test_outcome(verdicts: list[Verdict], outcome: Outcome, why: str | None) -> None:
    result = of(*verdicts)

    assert (result.outcome, reason(result)) == (outcome, why)


def test_outcomes_have_an_order_worst_first() -> None:
    assert sorted(Outcome, key=lambda one: one.rank) == [
        Outcome.CRITICAL,
        Outcome.UNKNOWN,
        Outcome.WARNING,
        Outcome.INFO,
        Outcome.PASS,
        Outcome.SKIPPED,
    ]


def test_examined_counts_objects_and_not_how_often_they_were_looked_at() -> None:
    assert of(Examined(A), Examined(A), Examined(B), finds(INFO)).examined == 2


def test_a_result_carries_what_the_report_says_of_the_check() -> None:
    result = of(Examined(A))

    assert (result.check, result.title, result.category, result.remediation) == ("test", "Test", "vm", "do this")


@pytest.mark.parametrize("maximum", Severity)
def test_no_finding_is_worse_than_the_checks_maximum(maximum: Severity) -> None:
    result = of(finds(CRITICAL), finds(WARNING, B), finds(INFO, CLUSTER), maximum=maximum)

    assert max(one.severity.rank for one in result.findings) == maximum.rank
    assert result.outcome == maximum.value
    assert {one.object.name: one.severity for one in result.findings}["prod"] is INFO


def test_a_host_in_maintenance_is_worth_an_info_at_most() -> None:
    resting, working = host("resting", in_maintenance_mode=True), host("working")

    result = of(finds(CRITICAL, resting), finds(WARNING, resting, "k"), finds(CRITICAL, working), finds(WARNING, vm()))

    assert [(one.object.name, one.severity) for one in result.findings] == [
        ("working", CRITICAL),
        ("web01", WARNING),
        ("resting", INFO),
        ("resting", INFO),
    ]


def test_findings_come_worst_first_then_by_name_and_key() -> None:
    result = of(
        finds(INFO, A, "x"), finds(WARNING, B, "2"), finds(WARNING, B, "1"), finds(WARNING, A), finds(CRITICAL, B)
    )

    assert [(one.severity, one.object.name, one.key) for one in result.findings] == [
        (CRITICAL, "b", None),
        (WARNING, "a", None),
        (WARNING, "b", "1"),
        (WARNING, "b", "2"),
        (INFO, "a", "x"),
    ]


def test_namesakes_keep_an_order_whatever_came_first() -> None:
    twins = [replace(A, ref=replace(A.ref, value=value)) for value in ("2", "1", "3")]

    for some in (twins, twins[::-1]):
        result = of(*(finds(WARNING, one) for one in some), *(NotExamined(one, LATE) for one in some))
        assert [one.object.ref.value for one in result.findings] == ["1", "2", "3"]
        assert [one.object.ref.value for one in result.not_examined] == ["1", "2", "3"]


# --- one check and the others ---------------------------------------------------------------------------------------


def raising(error: BaseException) -> Judge:
    def judge(_inventory: Inventory, _limits: Limits) -> Iterator[Verdict]:
        raise error

    return judge


@pytest.mark.parametrize(
    "error",
    [
        ValueError("web-1"),
        KeyError("x"),
        TimeoutError(),
        StopIteration(),
        RecursionError(),
        MemoryError(),
        VCenterError("none of a check's business"),
        asyncio.CancelledError(),
        SystemExit(3),
        KeyboardInterrupt(),
    ],
    ids=lambda one: type(one).__name__,
)
async def test_whatever_one_check_raises_is_its_own_verdicts_loss(error: BaseException) -> None:
    with capture_logs() as logged:
        broken, well = await run([check(raising(error), "broken"), check(says(Examined(A)), "well")])

    assert well.outcome is Outcome.PASS
    assert broken.outcome is Outcome.UNKNOWN
    assert reason(broken) == f"the check failed with {type(error).__name__}; the log has the details"
    (line,) = (one for one in logged if one["event"] == "check failed")
    assert (line["check"], line["exc_info"]) == ("broken", error)


async def test_a_check_that_raises_midway_loses_what_it_has_said() -> None:
    def judge(_inventory: Inventory, _limits: Limits) -> Iterator[Verdict]:
        yield finds(CRITICAL)
        raise ValueError

    (result,) = await run([check(judge)])

    assert (result.outcome, result.findings) == (Outcome.UNKNOWN, ())


async def test_two_findings_that_share_object_and_key_are_the_checks_fault() -> None:
    (result,) = await run([check(says(finds(INFO), finds(CRITICAL)))])

    assert reason(result) == "the check failed with CheckDefinitionError; the log has the details"


async def test_a_check_that_takes_too_long_loses_its_verdict_alone() -> None:
    released = threading.Event()

    def endless(_inventory: Inventory, _limits: Limits) -> Iterator[Verdict]:
        released.wait(10)
        yield finds(CRITICAL)

    try:
        late, well = await run([check(endless, "late"), check(says(Examined(A)), "well")], check_timeout=0.1)
    finally:
        released.set()

    assert (late.outcome, late.findings) == (Outcome.UNKNOWN, ())
    assert reason(late) == "it did not finish within 0.1 s; this is a fault of the check"
    assert late.seconds >= 0.1
    assert well.outcome is Outcome.PASS


def test_a_check_that_never_returns_does_not_keep_the_process_from_ending() -> None:
    program = """
        import asyncio, time
        from datetime import UTC, datetime
        from tests.unit.test_engine import check, run
        results = asyncio.run(run([check(lambda inventory, limits: time.sleep(60))], check_timeout=0.05))
        print(results[0].outcome.value)
    """
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == "unknown"
    assert time.monotonic() - started < 20


async def test_cancellation_passes_through_a_check_that_judges() -> None:
    began, released = threading.Event(), threading.Event()

    def slow(_inventory: Inventory, _limits: Limits) -> Iterator[Verdict]:
        began.set()
        released.wait(10)
        yield finds(CRITICAL)

    task = asyncio.create_task(run([check(slow)]))
    assert await asyncio.to_thread(began.wait, 5)
    task.cancel()
    try:
        with pytest.raises(asyncio.CancelledError):
            await task
    finally:
        released.set()


async def test_reading_what_was_not_declared_is_unknown_and_named() -> None:
    def judge(inventory: Inventory, _limits: Limits) -> Iterator[Verdict]:
        yield Examined(inventory.vms[0])

    (result,) = await run([check(judge, needs={Need.HOSTS})], {Need.HOSTS: (), Need.VMS: (vm(),)})

    assert result.outcome is Outcome.UNKNOWN
    assert reason(result) == f"the check failed with {UndeclaredNeedError.__name__}; the log has the details"


# --- what a check is given ------------------------------------------------------------------------------------------


async def test_a_check_gets_the_parts_it_declared_and_the_time_and_the_vcenter() -> None:
    got: list[Inventory] = []

    def judge(inventory: Inventory, _limits: Limits) -> Iterator[Verdict]:
        got.append(inventory)
        yield from ()

    await run([check(judge, needs={Need.HOSTS})], {Need.HOSTS: (host(),), Need.VMS: (vm(),)})

    assert got == [Inventory(now=NOW, vcenter=VCENTER, parts={Need.HOSTS: (host(),)})]


async def test_a_check_that_judges_after_the_others_is_told_what_they_say() -> None:
    told: dict[str, Mapping[str, CheckResult]] = {}

    def hearing(slug: str, *, after_others: bool) -> Check:
        def judge(inventory: Inventory, _limits: Limits) -> Iterator[Verdict]:
            told[slug] = inventory.others
            yield Examined(A)

        return replace(check(judge, slug), after_others=after_others)

    results = await run(
        [
            hearing("last", after_others=True),
            check(says(finds(CRITICAL)), "well"),
            hearing("first", after_others=False),
            check(raising(ValueError()), "broken"),
            check(says(Examined(A)), "blind", needs={Need.VMS}),
            hearing("also-last", after_others=True),
        ],
        {Need.VMS: VCenterError("late")},
    )

    assert [one.check for one in results] == ["last", "well", "first", "broken", "blind", "also-last"]
    assert told["first"] == {}
    assert told["last"] == told["also-last"]
    assert {slug: one.outcome for slug, one in told["last"].items()} == {
        "well": Outcome.CRITICAL,
        "first": Outcome.PASS,
        "broken": Outcome.UNKNOWN,
        "blind": Outcome.UNKNOWN,
    }


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (BadAnswerError("cut short"), Outcome.UNKNOWN),
        (SessionLostError("gone"), Outcome.UNKNOWN),
        (VCenterError("late"), Outcome.UNKNOWN),
        (NotPermittedError("the account lacks the privilege X"), Outcome.SKIPPED),
        (NotSupportedError("no VI JSON"), Outcome.SKIPPED),
    ],
)
async def test_a_part_that_is_not_there_is_the_reason(error: VCenterError, outcome: Outcome) -> None:
    judged: list[str] = []

    def judge(_inventory: Inventory, _limits: Limits) -> Iterator[Verdict]:
        judged.append("judged")
        yield from ()

    blind, well = await run(
        [check(judge, "blind", needs={Need.HOSTS, Need.VMS}), check(says(Examined(A)), "well", needs={Need.VMS})],
        {Need.HOSTS: error, Need.VMS: ()},
    )

    assert (blind.outcome, reason(blind), judged) == (outcome, str(error), [])
    assert well.outcome is Outcome.PASS


# --- all of them ----------------------------------------------------------------------------------------------------


async def test_results_come_in_the_order_of_the_checks_and_each_end_is_told() -> None:
    done: list[str] = []
    slugs = [f"check-{number}" for number in range(20)]

    results = await run([check(says(Examined(A)), slug) for slug in slugs], on_done=done.append)

    assert [one.check for one in results] == slugs
    assert sorted(done) == sorted(slugs)


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_no_more_checks_run_at_once_than_configured(concurrency: int) -> None:
    at_work, most = 0, 0
    lock = threading.Lock()

    def judge(_inventory: Inventory, _limits: Limits) -> Iterator[Verdict]:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.002)
        with lock:
            at_work -= 1
        yield Examined(A)

    await run([check(judge, f"check-{number}") for number in range(9)], concurrency=concurrency)

    assert 1 <= most <= concurrency


async def test_the_event_loop_is_free_while_a_check_judges() -> None:
    released = threading.Event()

    def judge(_inventory: Inventory, _limits: Limits) -> Iterator[Verdict]:
        assert released.wait(5), "the loop did not run meanwhile"
        yield Examined(A)

    async def release() -> None:
        released.set()

    (result,), _ = await asyncio.gather(run([check(judge)]), release())

    assert result.outcome is Outcome.PASS


async def test_no_checks_are_no_results() -> None:
    assert await run([]) == ()


# --- a vCenter that gave no session ---------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [Examined(A), finds(INFO), finds(WARNING), NotExamined(A, FORBIDDEN)])
def test_without_a_session_a_check_is_unknown_with_the_shared_reason(verdict: Verdict) -> None:
    result = without_session(of(verdict), WRONG())

    assert (result.outcome, reason(result)) == (Outcome.UNKNOWN, "something is wrong")


def test_without_a_session_what_is_critical_stays_so() -> None:
    result = of(finds(CRITICAL))

    assert without_session(result, WRONG()) == result
