"""One run without the service: what ends it, and with which code."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mocks.smtp import STALL, MockSmtp, SmtpFault
from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.integration.daemons import write_config
from tests.integration.scans import CATALOGUE, account
from vhealthd import once
from vhealthd.model import DeliveryState
from vhealthd.once import run_once
from vhealthd.runner import Plan, read_plan
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


def plan(folder: Path, vcenter: dict[str, object], mta: MockSmtp, **report: Any) -> Plan:  # noqa: ANN401 - YAML
    file = write_config(
        folder / "config.yaml",
        vcenter,
        scan=QUIET,
        report={"formats": ["json"], **report},
        mail={"host": mta.host, "port": mta.port, "tls": "plain", "from": "v@example.com", "to": ["ops@example.com"]},
    )
    return read_plan(file, CATALOGUE)


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
    async with asyncio.timeout(30):
        code = await run_once(plan(tmp_path, account(vc, monkeypatch), mta, output_dir=str(tmp_path / "no-folder")))
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
