"""One run without the service: what ends it, and with which code."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from mocks.smtp import STALL, MockSmtp, SmtpFault
from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.alerting.notices import alert, notice
from tests.integration.daemons import write_config
from tests.integration.scans import CATALOGUE, account
from vhealthd import once
from vhealthd.alerting import notices
from vhealthd.config import MAIL_DIGEST
from vhealthd.model import DeliveryState, Parcel
from vhealthd.once import run_once
from vhealthd.runner import Plan, read_plan
from vhealthd.scan import utc_now
from vhealthd.state import open_state

QUIET = {"select": ["vcenter-reachability"]}


@pytest.fixture
async def mta() -> AsyncIterator[MockSmtp]:
    async with MockSmtp() as one:
        yield one


@pytest.fixture
async def vc() -> AsyncIterator[MockVCenter]:
    async with MockVCenter(default_world()) as one:
        yield one


def plan(folder: Path, vcenter: dict[str, object], mta: MockSmtp, **sections: Any) -> Plan:  # noqa: ANN401 - YAML
    mail = {"host": mta.host, "port": mta.port, "tls": "plain", "from": "v@example.com", "to": ["ops@example.com"]}
    rest = {"scan": QUIET, "report": {"formats": ["json"]}, "mail": mail, **sections}
    return read_plan(write_config(folder / "config.yaml", vcenter, **rest), CATALOGUE)


async def test_a_mail_server_that_hangs_holds_it_up_for_so_long_only(
    tmp_path: Path, vc: MockVCenter, mta: MockSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "_PATIENCE", timedelta(seconds=0.2))
    monkeypatch.setattr(once, "_GRACE", timedelta(seconds=0.1))
    mta.faults.append(SmtpFault("body", STALL))

    assert await run_once(plan(tmp_path, account(vc, monkeypatch), mta)) == 1


async def test_a_disk_that_stays_full_ends_it(
    tmp_path: Path, vc: MockVCenter, mta: MockSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "_PATIENCE", timedelta(seconds=0.2))
    (tmp_path / "no-folder").touch()
    report = {"formats": ["json"], "output_dir": str(tmp_path / "no-folder")}
    async with asyncio.timeout(30):
        code = await run_once(plan(tmp_path, account(vc, monkeypatch), mta, report=report))
    assert code == 74
    async with open_state(tmp_path / "state") as state:
        (run,) = await state.runs.list()
    assert run.why is not None
    assert "no-folder" in run.why


async def test_stopped_while_it_delivers_it_leaves_the_rest_to_the_next(
    tmp_path: Path, vc: MockVCenter, mta: MockSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "_GRACE", timedelta(seconds=0.1))
    stall = SmtpFault("body", STALL)
    mta.faults.append(stall)
    made = plan(tmp_path, account(vc, monkeypatch), mta)
    running = asyncio.create_task(run_once(made))
    async with asyncio.timeout(30):
        while not mta.heard:  # noqa: ASYNC110 - the mock has no event for it
            await asyncio.sleep(0.01)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

        mta.faults.remove(stall)
        assert await run_once(made) == 0
        async with open_state(tmp_path / "state") as state:
            assert {one.state for one in await state.outbox.deliveries()} == {DeliveryState.DELIVERED}
    assert len({mail.message["Message-ID"] for mail in mta.mails}) == 2


async def test_it_sends_what_an_earlier_run_collects_with_what_it_has_found_itself(
    tmp_path: Path, vc: MockVCenter, mta: MockSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = Parcel(
        id="earlier",
        run_id="earlier",
        sink=MAIL_DIGEST,
        what="alerts",
        payload=notices.written(notice(alert("esx-99"))),
        collect=timedelta(hours=6),
        chain=MAIL_DIGEST,
    )
    now = utc_now()
    async with open_state(tmp_path / "state") as state:
        await state.outbox.put([waiting], now=now, expires=now + timedelta(days=3))
    routes = [{"to": MAIL_DIGEST, "collect": "6h"}]
    finds = {"select": ["snapshot-age"]}

    assert await run_once(plan(tmp_path, account(vc, monkeypatch), mta, scan=finds, routes=routes)) == 0

    (digest,) = [one.message for one in mta.mails if "Alerts" in one.message["Subject"]]
    assert "2 CRITICAL" in digest["Subject"], "its own, and the one that waited"


async def test_it_does_not_wait_for_a_channel_that_nobody_serves(
    tmp_path: Path, vc: MockVCenter, mta: MockSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "new_run_id", lambda _now: "run-1")
    now = utc_now()
    async with open_state(tmp_path / "state") as state:
        parcel = Parcel(id="p", run_id="run-1", sink="gone", what="alerts")
        await state.outbox.put([parcel], now=now, expires=now + timedelta(days=3))
    with capture_logs() as logs:
        async with asyncio.timeout(30):
            assert await run_once(plan(tmp_path, account(vc, monkeypatch), mta)) == 1

    assert [(line["sink"], line["error"]) for line in logs if line["event"] == "not delivered"] == [
        ("gone", "it is not in the configuration")
    ]
    assert len(mta.mails) == 1
