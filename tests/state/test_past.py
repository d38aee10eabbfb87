"""Since when the findings of a report were open when it began, whatever became of them later."""

from collections.abc import Mapping
from datetime import datetime

from tests.report.scans import finding, vm
from tests.state.runs import check, day, keep, run
from vhealthd.model import ScanReport, identity
from vhealthd.state import State

WEB, DB = finding(vm("web-1", 1)), finding(vm("db-1", 2))
FIRST, SECOND = run(1, check(WEB)), run(2, check(WEB, DB))


async def first_seen(state: State, report: ScanReport) -> Mapping[str, datetime]:
    """Return what is known, by the name of the object."""
    known = await state.past.first_seen(report)
    (one,) = report.vcenters
    places = {(identity(one, judged, found), found.object.name) for judged in one.results for found in judged.findings}
    return {name: known[place] for place, name in places if place in known}


async def test_it_goes_by_what_was_there_when_the_run_began(state: State) -> None:
    await keep(state, FIRST, SECOND)

    assert await first_seen(state, FIRST) == {"web-1": day(1)}
    assert await first_seen(state, SECOND) == {"web-1": day(1), "db-1": day(2)}


async def test_what_was_resolved_later_was_open(state: State) -> None:
    await keep(state, FIRST, SECOND, run(3, check()))

    assert await first_seen(state, SECOND) == {"web-1": day(1), "db-1": day(2)}


async def test_of_what_was_opened_again_later_it_is_not_known(state: State) -> None:
    await keep(state, FIRST, SECOND, run(3, check(DB)), run(4, check(WEB, DB)))

    assert await first_seen(state, SECOND) == {"db-1": day(2)}


async def test_what_a_run_finds_is_open_since_then_before_it_is_committed_and_after(state: State) -> None:
    over, again = run(2, check(DB)), run(3, check(WEB, DB))
    await keep(state, FIRST, over)

    assert await first_seen(state, again) == {"web-1": day(3), "db-1": day(2)}
    await keep(state, again)
    assert await first_seen(state, again) == {"web-1": day(3), "db-1": day(2)}
