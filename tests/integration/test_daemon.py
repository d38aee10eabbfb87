"""The service from inside: schedule, orders, reload, trouble. Every scan is one of a mock vCenter."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.integration.daemons import Served, served, write_config
from tests.integration.scans import account

QUIET = {"select": ["vcenter-reachability", "snapshot-age"]}
HALF_PAST_FIVE = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.combine(HALF_PAST_FIVE.date(), time.fromisoformat(text), UTC)


@pytest.fixture
async def vc() -> AsyncIterator[MockVCenter]:
    async with MockVCenter(default_world()) as one:
        yield one


@pytest.fixture
def config(tmp_path: Path, vc: MockVCenter, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write_config(
        tmp_path / "config.yaml",
        account(vc, monkeypatch),
        scan=QUIET,
        report={"formats": ["json"]},
        schedule={"cron": "0 6 * * *", "jitter": "0s"},
    )


async def test_it_scans_when_a_scan_is_due(config: Path) -> None:
    async with served(config, HALF_PAST_FIVE) as one:
        assert await one.until(lambda: next_scan(one)) == "2026-03-02T06:00:00Z"
        assert await one.runs() == ()

        one.clock.move(at("06:00"))

        (run,) = await one.done()
        assert (run.trigger, run.due) == ("schedule", at("06:00"))
        assert await one.metric("vhealthd_next_scan_timestamp_seconds") == (at("06:00") + timedelta(days=1)).timestamp()


async def test_what_was_missed_while_it_was_off_is_made_up_for_once(config: Path) -> None:
    async with served(config, HALF_PAST_FIVE) as one:
        one.clock.move(at("06:00"))
        await one.done()
    tomorrow = timedelta(days=1)
    async with served(config, at("08:00") + tomorrow) as one:
        runs = await one.done(2)
        assert [(run.trigger, run.due) for run in runs] == [
            ("catchup", at("06:00") + tomorrow),
            ("schedule", at("06:00")),
        ]
        one.clock.move(at("08:30") + tomorrow)
    async with served(config, at("09:00") + tomorrow) as one:
        await asyncio.sleep(0.05)
        assert len(await one.runs()) == 2


async def test_hang_ups_during_a_scan_are_one_more(config: Path, vc: MockVCenter) -> None:
    async with served(config, HALF_PAST_FIVE) as one:
        one.daemon.hang_up.set()
        await one.until(lambda: _true(vc.stats.requests > 0))
        for _ in range(5):
            one.daemon.hang_up.set()
            await asyncio.sleep(0)
        await one.done(2)
        await asyncio.sleep(0.1)
        assert [run.trigger for run in await one.runs()] == ["sighup", "sighup"]


async def test_a_wrong_configuration_is_not_taken_over(config: Path) -> None:
    good = config.read_text()
    async with served(config, HALF_PAST_FIVE) as one:
        config.write_text(good.replace('"scan"', '"scam"'))
        one.daemon.hang_up.set()
        await one.done()  # all the same
        code, health = await one.get("/healthz")
        assert (code, len(health["problems"])) == (200, 1)
        assert "unknown key" in health["problems"][0]
        assert (await one.get("/readyz"))[0] == 503

        config.write_text(good.replace("0 6 * * *", "0 7 * * *"))
        one.daemon.hang_up.set()
        await one.done(2)
        assert (await one.get("/readyz"))[0] == 200
        assert await next_scan(one) == "2026-03-02T07:00:00Z"


async def next_scan(one: Served) -> str | None:
    _, status = await one.get("/api/v1/status")
    found: str | None = status["next_scan"]
    return found


async def _true(value: object) -> object:
    return value
