"""The service from start to stop, as systemd and an operator see it."""

import hashlib
import json
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from mocks.faults import Latency
from mocks.smtp import STALL, SmtpFault
from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.e2e.commands import site, vhealthd
from tests.e2e.estates import estate, get, until_delivered
from tests.e2e.service import service


async def test_a_day_in_its_life(tmp_path: Path) -> None:
    """It starts, scans when it is told to, mails, archives, shows its metrics, and leaves nothing behind."""
    async with estate(tmp_path, MockVCenter(default_world())) as one, service(one.site.config) as running:
        await running.ready()
        assert await get(running.address, "/readyz") == (200, '{"status": "ready", "problems": []}')

        running.send(signal.SIGHUP)
        run_id = await running.scanned()
        await until_delivered(running, 4)

        (mail,) = one.mta.mails
        attached = {part.get_filename(): part.get_content() for part in mail.message.iter_attachments()}
        assert str(mail.message["Subject"]).startswith("[vhealthd] ")
        folder = one.state / "reports" / run_id
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert set(files) == {"report.pdf", "report.html", "report.json", "findings.csv"}
        assert files["report.pdf"] in attached.values()
        stored = [(await one.s3.get("reports", key))[0] for key in await one.s3.keys("reports")]
        assert {hashlib.sha256(one).digest() for one in stored} == {
            hashlib.sha256(data).digest() for name, data in files.items() if name != "report.html"
        }

        _, metrics = await get(running.address, "/metrics")
        assert 'vhealthd_scans_total{result="scanned",trigger="sighup"} 1.0' in metrics
        assert 'vhealthd_deliveries_total{result="delivered",sink="s3"} 3.0' in metrics
        _, runs = await get(running.address, "/api/v1/runs")
        assert [run["run_id"] for run in json.loads(runs)["runs"]] == [run_id]
        assert (await get(running.address, f"/api/v1/runs/{run_id}/report.json"))[1].encode() == files["report.json"]

        running.send(signal.SIGTERM)
        assert await running.ended() == 0
        assert running.told[0].startswith("READY=1")
        assert any(told.startswith("RELOADING=1\nMONOTONIC_USEC=") for told in running.told)
        assert any(told.startswith("STATUS=scan") and "prod" in told for told in running.told)
        assert running.told[-1].startswith("STOPPING=1")
    stats = one.vcenter.stats.snapshot()
    assert (stats["sessions_open"], stats["logins"]) == (0, stats["logouts"])
    assert "Traceback" not in "\n".join(running.raw)


async def test_stopped_in_the_middle_of_a_scan_it_logs_out_and_goes_on_after_the_next_start(tmp_path: Path) -> None:
    slow = MockVCenter(default_world(), faults=(Latency(0.2),))
    async with estate(tmp_path, slow) as one:
        async with service(one.site.config) as running:
            await running.ready()
            running.send(signal.SIGHUP)
            await running.until(lambda: any("STATUS=scan" in told and "/" in told for told in running.told))
            running.send(signal.SIGTERM)
            assert await running.ended() == 0
            (started,) = running.logged("run started")
        stats = slow.stats.snapshot()
        assert stats["logins"] == stats["logouts"] > 0
        slow.faults = ()
        async with service(one.site.config) as again:
            assert await again.scanned() == started["run_id"]
            assert again.logged("interrupted run is taken up again", run_id=started["run_id"], trigger="sighup")


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    async with estate(tmp_path, MockVCenter(default_world())) as one, service(one.site.config) as running:
        one.mta.faults.append(SmtpFault("body", STALL))
        await running.ready()
        running.send(signal.SIGHUP)
        await running.until(lambda: one.mta.heard)
        running.send(signal.SIGINT)
        await running.until(lambda: running.logged("stopping"))
        running.send(signal.SIGINT)
        assert await running.ended() == 128 + signal.SIGINT


async def test_asked_over_http(tmp_path: Path) -> None:
    async with estate(tmp_path, MockVCenter(default_world())) as one, service(one.site.config) as running:
        await running.ready()
        assert (await get(running.address, "/api/v1/scan", method="POST"))[0] == 401
        code, answer = await get(running.address, "/api/v1/scan", method="POST", token="no secret")
        assert code == 202
        assert await running.scanned() == json.loads(answer)["run_id"]


async def test_a_scheduled_run_by_the_real_clock(tmp_path: Path) -> None:
    schedule = {"cron": "* * * * *", "jitter": "0s"}
    async with (
        estate(tmp_path, MockVCenter(default_world()), schedule=schedule) as one,
        service(one.site.config) as running,
    ):
        await running.ready()
        await running.until(lambda: running.logged("run committed"), patience=120)
        assert running.logged("run started")[0]["trigger"] == "schedule"


async def test_two_services_do_not_share_a_state_directory(tmp_path: Path) -> None:
    async with estate(tmp_path, MockVCenter(default_world())) as one, service(one.site.config) as running:
        await running.ready()
        ended = await vhealthd("run", "--config", one.site.config)
        assert ended.code == 74
        assert f"is in use by another vhealthd (process {running.process.pid})" in ended.err


@pytest.mark.parametrize(
    ("sections", "code", "words"),
    [
        ({"schedule": {"cron": "0 25 * * *"}}, 78, 'schedule.cron: expected five fields as in "0 6 * * *"'),
        ({"schedule": {"timezone": "Europe/Atlantis"}}, 78, "schedule.timezone: expected the IANA name of a time zone"),
        ({"http": {"listen": "0.0.0.0:9108"}}, 78, "can be reached from other machines, so a token is needed"),
    ],
)
async def test_a_wrong_configuration_ends_it_before_it_begins(
    tmp_path: Path, sections: Mapping[str, object], code: int, words: str
) -> None:
    async with site(tmp_path, MockVCenter(default_world()), **sections) as one:
        ended = await vhealthd("run", "--config", one.config)
        assert ended.code == code
        assert words in ended.err


async def test_once_for_cron_and_containers(tmp_path: Path) -> None:
    async with estate(tmp_path, MockVCenter(default_world())) as one:
        ended = await vhealthd("run", "--once", "--config", one.site.config)
        assert ended.code == 0, ended.err
        assert len(one.mta.mails) == 1
        assert len(await one.s3.keys("reports")) == 3
        again = await vhealthd("run", "--once", "--config", one.site.config)
        assert again.code == 0
        assert len({mail.message["Message-ID"] for mail in one.mta.mails}) == 2


async def test_once_says_what_is_left(tmp_path: Path) -> None:
    async with estate(tmp_path, MockVCenter(default_world())) as one:
        one.mta.faults.append(SmtpFault("mail", "550 5.7.1 not from you"))
        ended = await vhealthd("run", "--once", "--config", one.site.config)
        assert ended.code == 1
        assert "not delivered" in ended.err
