"""What a report is told of earlier runs: of those that can be put beside it, and the same whenever it is written."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.scans import settings_for
from tests.report.scans import ENGLISH, finding, result, vcenter, vm
from tests.state.runs import CHECK, check, keep, of, run
from vhealthd.lookback import RUNS, look_back
from vhealthd.model import CheckResult, Entity, ScanReport
from vhealthd.report.background import Background
from vhealthd.report.firstpage import lead
from vhealthd.report.jsonreport import as_dict
from vhealthd.report.reportwords import ReportWords
from vhealthd.state import State, open_state

SETTINGS = settings_for(
    {"name": "prod", "url": "https://prod.example.com", "username": "x", "password": {"env": "X"}},
    schedule={"timezone": "Europe/Berlin"},
)
WEB, DB, APP = (vm(name, number) for number, name in enumerate(("web-1", "db-1", "app-1"), start=1))
OTHERS = tuple(result(name) for name in ("tools-not-running", "orphaned-vms", "removable-media"))


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    async with open_state(tmp_path) as opened:
        yield opened


def whole(number: float, *found: Entity) -> ScanReport:
    """Make a run of all checks."""
    return run(number, old(*found), *OTHERS)


def old(*found: Entity) -> CheckResult:
    """Make the result of the one check that finds something."""
    return check(*map(finding, found))


def by_hand(report: ScanReport) -> ScanReport:
    return replace(report, trigger="manual")


async def keep_promised(state: State, report: ScanReport) -> None:
    await state.runs.ask(report.run_id, report.trigger, due=None, now=report.started - timedelta(seconds=1))
    await keep(state, report)


async def told(state: State, report: ScanReport) -> Background:
    return await look_back(state, report, SETTINGS)


async def before(state: State, report: ScanReport) -> list[str]:
    """Return the earlier runs that a report goes by, the newest first, as its parts agree on them."""
    background = await told(state, report)
    runs = [one.run_id for one in reversed(background.runs)]
    compared = background.comparison
    assert (compared.old.run_id if compared else None) == (runs[0] if runs else None)
    return runs


# --- which runs are earlier runs


async def test_a_scan_by_hand_of_one_check_comes_before_no_daily_run(state: State) -> None:
    yesterday, at_noon, today = whole(1, WEB), by_hand(run(1.5, old(WEB))), whole(2, WEB)
    await keep(state, yesterday, at_noon)

    assert await before(state, today) == [yesterday.run_id]
    background = await told(state, today)
    said = lead(today, background, ReportWords(ENGLISH, background.zone))
    assert not any("than in the last run" in one["text"] for one in said), "it is as healthy as it was yesterday"


async def test_a_scan_by_hand_of_one_vcenter_comes_before_no_daily_run(state: State) -> None:
    prod, lab = vcenter("prod", [old(WEB)]), replace(vcenter("lab", [old()]), instance_uuid="lab-uuid")
    await keep(state, of(1, prod, lab), by_hand(of(1.5, prod)))

    assert await before(state, of(2, prod, lab)) == [of(1, prod, lab).run_id]


async def test_where_there_are_only_scans_of_less_there_is_no_earlier_run(state: State) -> None:
    await keep(state, by_hand(run(0.5, old(WEB))), by_hand(run(0.6, old(WEB))))

    assert await before(state, whole(1, WEB)) == []


async def test_a_scan_by_hand_of_all_is_an_earlier_run(state: State) -> None:
    await keep(state, whole(1), by_hand(whole(1.5)))

    assert await before(state, whole(2)) == [whole(1.5).run_id, whole(1).run_id]


@pytest.mark.parametrize("trigger", ["schedule", "catchup", "sighup", "api", "manual"])
async def test_runs_of_the_service_follow_each_other_when_the_configuration_changes(state: State, trigger: str) -> None:
    """Those with the trigger `manual` are of `vhealthd run --once`."""
    fewer, more, fewer_again = (
        replace(one, trigger=trigger) for one in (run(1, old()), whole(2, WEB), run(3, old(), *OTHERS[:2]))
    )
    await keep_promised(state, fewer)
    await keep_promised(state, more)
    assert await before(state, more) == [fewer.run_id]

    await state.runs.ask(fewer_again.run_id, trigger, due=None, now=fewer_again.started - timedelta(seconds=1))
    await state.runs.begin(fewer_again.run_id, fewer_again.started)
    assert await before(state, fewer_again) == [more.run_id, fewer.run_id]


async def test_a_scan_by_hand_of_one_check_goes_by_scans_of_the_same_check(state: State) -> None:
    same, another = by_hand(run(1.5, old(WEB))), by_hand(run(1.6, OTHERS[0]))
    await keep(state, whole(1, WEB), same, another)

    assert await before(state, by_hand(run(2, old(WEB)))) == [same.run_id]


async def test_scans_by_hand_push_no_daily_run_out_of_the_trend(state: State) -> None:
    daily = [whole(day) for day in range(RUNS)]
    await keep(state, *daily, *(by_hand(run(RUNS + n / 10, old())) for n in range(RUNS + 5)))

    assert await before(state, whole(2 * RUNS)) == [one.run_id for one in reversed(daily[1:])]


# --- since when findings are open


def since(report: ScanReport, background: Background) -> dict[str, str | None]:
    """Return the days since which the findings of the one check are open, by object."""
    (found,) = (one["findings"] for one in as_dict(report, background)["results"] if one["check"] == CHECK)
    return {one["object"]["name"]: one["first_seen"] and one["first_seen"][:10] for one in found}


async def test_a_report_says_the_same_when_it_is_written_again(state: State) -> None:
    runs = [whole(1, WEB), whole(2, WEB, DB), whole(3, DB), whole(4, DB, APP)]
    at_the_time = []
    for one in runs:
        at_the_time.append(await told(state, one))
        await keep(state, one)

    again = [await told(state, one) for one in runs]
    assert again == at_the_time
    assert [since(*one) for one in zip(runs, again, strict=True)] == [
        {"web-1": None},
        {"web-1": "2026-11-02", "db-1": "2026-11-03"},
        {"db-1": "2026-11-03"},
        {"db-1": "2026-11-03", "app-1": "2026-11-05"},
    ]


async def test_of_what_came_back_later_it_is_not_told_since_when_it_was_open_before(state: State) -> None:
    second = whole(2, WEB, DB)
    await keep(state, whole(1, WEB), second, whole(3), whole(4, WEB, DB))

    assert since(second, await told(state, second)) == {
        "web-1": None,
        "db-1": "2026-11-03",  # new in this run, whatever became of it
    }


async def test_what_was_over_between_two_daily_runs_is_open_since_the_second(state: State) -> None:
    today = whole(2, WEB)
    await keep(state, whole(1, WEB), by_hand(run(1.5, old())))

    at_the_time = since(today, await told(state, today))
    assert at_the_time == {"web-1": "2026-11-03"}
    await keep(state, today)
    assert since(today, await told(state, today)) == at_the_time
