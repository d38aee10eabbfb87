"""What follows a run: its place in the SLA, the end of old runs, and mails that tell what changed."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mocks.smtp import MockSmtp, SmtpFault
from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.integration.daemons import Served, served, write_config
from tests.integration.scans import account

NOW = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)


def _config(folder: Path, vc: MockVCenter, mta: MockSmtp, monkeypatch: pytest.MonkeyPatch) -> Path:
    mail = {"host": mta.host, "port": mta.port, "tls": "plain", "from": "v@example.com", "to": ["ops@example.com"]}
    return write_config(
        folder / "config.yaml",
        account(vc, monkeypatch),
        scan={"select": ["vm"]},
        report={"formats": ["json"]},
        state={"directory": str(folder / "state"), "retention": {"days": 400, "runs": 1}},
        mail=mail,
    )


async def _settled(one: Served, number: int) -> None:
    async def all_of_them() -> bool:
        found = [delivery for delivery in await one.deliveries() if delivery.settled]
        return len(found) >= number

    await one.until(all_of_them)


async def test_old_runs_go_and_the_sla_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with MockVCenter(default_world()) as vc, MockSmtp() as mta:
        config = _config(tmp_path, vc, mta, monkeypatch)
        async with served(config, NOW) as one:
            one.daemon.hang_up.set()
            (first,) = await one.done()
            await _settled(one, 1)
            share = await one.until(lambda: one.metric('vhealthd_sla_ratio{vcenter="prod",window="24h"}'))
            results = json.loads(Path(first.files["json"]).read_text())["results"]
            judged = [result for result in results if result["outcome"] not in {"unknown", "skipped"}]
            critical = [result for result in judged if result["outcome"] == "critical"]
            assert share == pytest.approx(1 - len(critical) / len(judged))

            one.clock.move(NOW.replace(minute=45))  # runs of one moment have no order
            one.daemon.hang_up.set()

            async def only_the_second() -> bool:
                left = await one.runs()
                return len(left) == 1 and left[0].run_id != first.run_id and left[0].state == "done"

            await one.until(only_the_second)
            assert not Path(first.files["json"]).parent.exists()


async def test_a_mail_tells_what_changed_and_what_did_not_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with MockVCenter(default_world()) as vc, MockSmtp() as mta:
        mta.faults.append(SmtpFault("mail", "550 5.7.1 not from you", times=1))
        config = _config(tmp_path, vc, mta, monkeypatch)
        async with served(config, NOW) as one:
            one.daemon.hang_up.set()
            await one.done()
            await _settled(one, 1)
            one.clock.move(NOW.replace(minute=45))
            one.daemon.hang_up.set()
            await one.until(lambda: _mails(mta))
        text = mta.mails[0].message.get_body(("plain",))
        assert text is not None
        assert "0 new, 0 worsened, 0 resolved" in text.get_content()
        assert "550 5.7.1 not from you" in text.get_content()


async def _mails(mta: MockSmtp) -> int:
    return len(mta.mails)
