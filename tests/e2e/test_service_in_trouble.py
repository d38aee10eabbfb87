"""What is down, full or locked: the service stays up, says so, and makes up for it when it is over."""

import asyncio
import json
import resource
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from mocks.s3 import S3Fault
from mocks.smtp import SmtpFault
from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.e2e.estates import Estate, estate, get, until_delivered
from tests.e2e.service import Service, service


async def problems(running: Service) -> list[str]:
    """Ask for its health; it lives, whatever is wrong."""
    code, body = await get(running.address, "/healthz")
    assert code == 200
    found: list[str] = json.loads(body)["problems"]
    return found


def critical(vcenter: str) -> str:
    return f'vhealthd_check_status{{category="connectivity",check="vcenter-reachability",vcenter="{vcenter}"}} 3.0'


async def says(running: Service, words: str) -> None:
    async with asyncio.timeout(60):
        while not any(words in one for one in await problems(running)):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)
    assert (await get(running.address, "/readyz"))[0] == 503


async def all_is_well(one: Estate, running: Service, *, runs: int = 1) -> None:
    await until_delivered(running, 4 * runs)
    async with asyncio.timeout(60):
        while await problems(running):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)
    assert len({mail.message["Message-ID"] for mail in one.mta.mails}) == runs
    assert len(await one.s3.keys("reports")) == 3 * runs


async def retry_all(one: Estate, running: Service) -> None:
    """Do what an operator does who does not want to wait for the next attempt."""
    with closing(sqlite3.connect(one.state / "vhealthd.db")) as database:
        database.execute("UPDATE deliveries SET due = created WHERE state = 'pending'")
        database.commit()
    running.send(signal.SIGHUP)


async def test_mail_server_down_for_the_whole_scan(tmp_path: Path) -> None:
    async with estate(tmp_path, MockVCenter(default_world())) as one, service(one.site.config) as running:
        fault = SmtpFault("connect", "421 4.3.2 going down")
        one.mta.faults.append(fault)
        await running.ready()
        running.send(signal.SIGHUP)
        await running.until(lambda: running.logged("delivery failed", sink="mail"))
        await running.until(lambda: len(running.logged("delivered", sink="s3")) == 3)
        await says(running, "mail: 1 delivery waits")
        _, metrics = await get(running.address, "/metrics")
        assert 'vhealthd_outbox_pending{sink="mail"} 1.0' in metrics

        one.mta.faults.remove(fault)
        await retry_all(one, running)

        await all_is_well(one, running, runs=2)


async def test_store_that_answers_503_and_then_is_slow(tmp_path: Path) -> None:
    async with estate(tmp_path, MockVCenter(default_world())) as one, service(one.site.config) as running:
        slow = asyncio.Event()
        one.s3.faults += [
            S3Fault("PUT", status=503, code="SlowDown", headers={"Retry-After": "1"}, times=2),
            S3Fault("PUT", wait=slow, times=1),
        ]
        await running.ready()
        running.send(signal.SIGHUP)
        await running.until(lambda: len(running.logged("delivery failed", sink="s3")) == 2)
        await says(running, "s3: ")
        asyncio.get_running_loop().call_later(0.5, slow.set)
        await retry_all(one, running)
        await all_is_well(one, running, runs=2)


async def test_disk_full_in_the_middle_of_the_pdf(tmp_path: Path) -> None:
    """No file may grow over a limit: for who writes, that is a full disk. It is lifted later."""
    async with estate(tmp_path, MockVCenter(default_world())) as one, service(one.site.config) as running:
        await running.ready()
        running.send(signal.SIGHUP)
        await running.scanned()
        page, pdf = (next((one.state / "reports").glob(f"*/report.{form}")).stat().st_size for form in ("html", "pdf"))
        enough_for_all_else = (page + pdf) // 2
        free = resource.prlimit(
            running.process.pid, resource.RLIMIT_FSIZE, (enough_for_all_else, resource.RLIM_INFINITY)
        )
        running.send(signal.SIGHUP)

        await says(running, "storage: run ")
        assert "report.pdf cannot be written" in str(await problems(running))

        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, free)
        await running.scanned(2)
        await all_is_well(one, running, runs=2)


async def test_database_locked_by_somebody_else(tmp_path: Path) -> None:
    async with estate(tmp_path, MockVCenter(default_world())) as one, service(one.site.config) as running:
        await running.ready()
        with closing(sqlite3.connect(one.state / "vhealthd.db", isolation_level=None)) as somebody:
            somebody.execute("BEGIN IMMEDIATE")
            running.send(signal.SIGHUP)
            await says(running, "state")
            assert "locked" in str(await problems(running))
            somebody.execute("ROLLBACK")
        await running.scanned()
        await all_is_well(one, running)


async def test_vcenter_gone_and_back(tmp_path: Path) -> None:
    vcenter = MockVCenter(default_world())
    async with estate(tmp_path, vcenter) as one, service(one.site.config) as running:
        await running.ready()
        one.site.vcenters[0]["url"] = "https://127.0.0.1:9"  # where nobody listens
        _ = one.site.config  # written anew
        running.send(signal.SIGHUP)
        await running.scanned()
        _, metrics = await get(running.address, "/metrics")
        assert 'vhealthd_scans_total{result="unreachable",trigger="sighup"} 1.0' in metrics
        assert (
            'vhealthd_check_status{category="connectivity",check="vcenter-reachability",vcenter="prod"} 3.0' in metrics
        )

        one.site.vcenters[0]["url"] = vcenter.url
        _ = one.site.config
        running.send(signal.SIGHUP)
        await running.scanned(2)
        await all_is_well(one, running, runs=2)


async def test_a_password_that_is_gone_costs_its_vcenter_and_no_other(tmp_path: Path) -> None:
    async with (
        MockVCenter(default_world()) as other,
        estate(tmp_path, MockVCenter(default_world())) as one,
    ):
        one.site.add(other, "other")
        async with service(one.site.config) as running:
            await running.ready()
            (tmp_path / "other.password").unlink()
            running.send(signal.SIGHUP)
            await running.scanned()
            _, metrics = await get(running.address, "/metrics")
            assert critical("other") in metrics
            assert critical("prod") not in metrics
            (report,) = (one.state / "reports").glob("*/report.json")
            assert "other.password; create it with the secret in it" in report.read_text()
