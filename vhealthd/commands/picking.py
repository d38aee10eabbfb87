"""Finds the run that somebody means: by its id, by the beginning of its id, as the latest or the one before."""

from vhealthd.errors import UsageError
from vhealthd.model import ScanReport
from vhealthd.state import RunState, RunSummary, State

LATEST, PREVIOUS = "latest", "previous"
_SEE_ALL = "`vhealthd runs` lists them"


async def pick(state: State, name: str) -> RunSummary:
    """Return the run that is meant. Raises UsageError where there is none, or more than one."""
    if name in (LATEST, PREVIOUS):
        return await _by_place(state, name)
    if found := await state.runs.find(name):
        return found
    several = await state.runs.matching(name)
    if several:
        raise UsageError(f"{name!r} is the beginning of several runs: {', '.join(one.run_id for one in several)}")
    raise UsageError(f"there is no run {name!r}; {_SEE_ALL}")


async def _by_place(state: State, name: str) -> RunSummary:
    place = (LATEST, PREVIOUS).index(name)
    done = await state.runs.list(place + 1, state=RunState.DONE)
    if len(done) <= place:
        raise UsageError("no run has been committed yet" if not done else f"there is no run before {done[0].run_id}")
    return done[place]


async def pick_report(state: State, name: str) -> tuple[RunSummary, ScanReport]:
    """Return the run that is meant with its report. Raises UsageError where there is none."""
    run = await pick(state, name)
    report = await state.runs.report(run.run_id)
    if report is None:
        how = f"it failed ({run.why})" if run.state is RunState.FAILED else "it is not done"
        raise UsageError(f"run {run.run_id} has no report: {how}")
    return run, report
