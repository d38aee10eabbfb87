"""Which run somebody means."""

import pytest

from tests.state.runs import day, keep, run
from vhealthd.commands.picking import pick, pick_report
from vhealthd.errors import UsageError
from vhealthd.state import State


async def test_latest_and_previous_are_runs_that_were_committed(state: State) -> None:
    await keep(state, run(1), run(2), run(3))
    await state.runs.ask("run-9", "api", due=None, now=day(9))

    assert [(await pick(state, name)).run_id for name in ("latest", "previous")] == ["run-003.0", "run-002.0"]
    assert (await pick(state, "run-9")).run_id == "run-9"
    _, report = await pick_report(state, "previous")
    assert report == run(2)


async def test_where_there_is_none_it_says_so(state: State) -> None:
    with pytest.raises(UsageError, match="no run has been committed yet"):
        await pick(state, "latest")
    await keep(state, run(1))
    with pytest.raises(UsageError, match=r"there is no run before run-001\.0"):
        await pick(state, "previous")


async def test_a_run_without_a_report_says_why(state: State) -> None:
    for name in ("asked", "failed"):
        await state.runs.ask(name, "api", due=None, now=day(1))
    await state.runs.give_up("failed", now=day(1), why="no luck")

    with pytest.raises(UsageError, match="run asked has no report: it is not done"):
        await pick_report(state, "asked")
    with pytest.raises(UsageError, match=r"run failed has no report: it failed \(no luck\)"):
        await pick_report(state, "failed")
