"""The service and whoever is on call: who is told what, when and how often, from a defect to the end of its alert."""

import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mocks.faults import HtmlPage, When
from mocks.pagers import MockPagerDuty, MockSlack, MockTwilio
from mocks.receivers import MockAlertmanager
from mocks.smtp import MockSmtp
from mocks.vcenter import MockVCenter
from mocks.webhooks import Answer
from mocks.world import Snapshot, Vm
from mocks.worlds import default_world
from tests.e2e.commands import vhealthd
from tests.integration.daemons import Served, served, write_config
from tests.integration.scans import CATALOGUE, account
from vhealthd.model import Delivery
from vhealthd.once import run_once
from vhealthd.runner import read_plan

NOW = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
KEY, SID, TOKEN, NUMBER = "R0AB12CD34EF56GH78IJ90KL12MN34OP", "AC" + "0" * 32, "planted-Pa55word", "+4915112345678"
NOBODY: Mapping[str, Any] = {}

# In the default world of snapshot-age: one critical, one warning, one info.
CRITICAL, WARNING = "db-archive", "*_$@\\"


@dataclass
class Desk:
    """A service, the vCenter that it scans, and all who are told of alerts."""

    folder: Path
    vc: MockVCenter
    pager: MockPagerDuty
    sms: MockTwilio
    chat: MockSlack
    mta: MockSmtp
    vcenter: dict[str, object]
    env: dict[str, str]
    runs: int = field(default=0, init=False)
    one: Served = field(init=False)

    def configure(self, **sections: object) -> Path:
        """Write the configuration: with pager, SMS and mail, and with the default routes."""
        mail = {"host": self.mta.host, "port": self.mta.port, "tls": "plain", "from": "v@example.com"}
        given: dict[str, Any] = {
            "scan": {"select": ["snapshot-age"]},
            "report": {"formats": ["json"]},
            "schedule": {"cron": "0 0 1 1 *", "jitter": "0s"},
            "mail": {**mail, "to": ["ops@example.com"]},
            "routes": None,
            "channels": self.pagers,
            **sections,
        }
        vcenter = given.pop("vcenter", self.vcenter)
        return write_config(self.folder / "config.yaml", vcenter, **given)

    @property
    def pagers(self) -> dict[str, Any]:
        oncall = {"type": "pagerduty", "routing_key": self.secret("key", KEY), "url": self.pager.url}
        sms = {"type": "twilio", "account_sid": SID, "auth_token": self.secret("token", TOKEN), "url": self.sms.url}
        return {"oncall": oncall, "sms": {**sms, "from": "+15005550006", "to": [NUMBER]}}

    @property
    def slack(self) -> dict[str, Any]:
        return {"type": "slack", "url": self.secret("hook", self.chat.hook)}

    def secret(self, name: str, text: str) -> dict[str, str]:
        file = self.folder / name
        file.write_text(text)
        file.chmod(0o600)
        return {"file": str(file)}

    async def scan(self, after: timedelta = HOUR) -> None:
        """Let time pass, scan, and wait until all is told that is due."""
        self.vc.estate.forget()
        self.runs += 1
        self.one.clock.move(self.one.clock.now + after)
        self.one.daemon.hang_up.set()
        await self.one.done(self.runs)
        await self.told()

    async def wait(self, time: timedelta) -> None:
        """Let time pass, and wait until all is told that is due."""
        self.one.clock.move(self.one.clock.now + time)
        self.one.daemon._worker.wake()
        await self.told()

    async def told(self) -> None:
        async def nothing_is_due() -> bool:
            now = self.one.clock.now
            return all(one.settled or one.due > now for one in await self.one.deliveries())

        await self.one.until(nothing_is_due)

    async def left(self, sink: str) -> list[Delivery]:
        """Return what waits for a channel."""
        return [one for one in await self.one.deliveries() if one.parcel.sink == sink and not one.settled]

    async def command(self, *arguments: str) -> str:
        ended = await vhealthd("alerts", *arguments, "--config", self.one.config, env=self.env)
        assert (ended.code, ended.err) == (0, "")
        return ended.out

    # --- the world

    def vm(self, name: str) -> Vm:
        return self.vc.world.named(Vm, name)

    def age(self, name: str, days: float) -> None:
        """Give a virtual machine an old snapshot."""
        created = self.vc.world.now - timedelta(days=days)
        vm = self.vm(name)
        moid = f"snapshot-9{vm.moid.rpartition('-')[2]}"
        vm.snapshots = (Snapshot(moid=moid, name="before update", created=created),)

    def mend(self, name: str) -> None:
        self.vm(name).snapshots = ()

    # --- what was told

    @property
    def pages(self) -> list[str]:
        """All events of all incidents, in their order for each."""
        return [
            f"{event['event_action']} {incident.events[0]['payload']['component']}"
            for incident in self.pager.incidents
            for event in incident.events
        ]

    @property
    def texts(self) -> list[str]:
        """The lines of all SMS that say what is told."""
        return [one.body.splitlines()[1] for one in self.sms.messages]

    @property
    def digests(self) -> list[str]:
        """The subjects of mails about alerts."""
        return [str(one.message["Subject"]) for one in self.mta.mails if "Alerts" in str(one.message["Subject"])]

    def audited(self) -> list[tuple[str, str, str]]:
        lines = (self.folder / "state" / "audit.jsonl").read_text().splitlines()
        return [(one["event"], one["severity"], one["object"]["name"]) for one in map(json.loads, lines)]


@asynccontextmanager
async def desk(folder: Path, monkeypatch: pytest.MonkeyPatch, **sections: object) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        vc = await enter(MockVCenter(default_world()))
        made = Desk(
            folder=folder,
            vc=vc,
            pager=await enter(MockPagerDuty(routing_key=KEY)),
            sms=await enter(MockTwilio(account=(SID, TOKEN), senders=["+15005550006"])),
            chat=await enter(MockSlack(path="/services/T0/B0/abcdefghijklmnop")),
            mta=await enter(MockSmtp()),
            vcenter=account(vc, monkeypatch),
            env={"VHEALTHD_TEST_PASSWORD": vc.password},
        )
        made.one = await enter(served(made.configure(**sections), NOW))
        yield made


async def test_what_is_critical_pages_at_once_and_what_warns_is_mailed_a_little_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        await on_call.scan()

        assert on_call.pages == [f"trigger {CRITICAL}"]
        assert [one.to for one in on_call.sms.messages] == [NUMBER]
        assert on_call.texts[0].startswith(f"New: {CRITICAL} (prod), Snapshot age: ")
        assert on_call.digests == []
        assert on_call.audited() == [
            ("trigger", "critical", CRITICAL),
            ("trigger", "warning", WARNING),
            ("trigger", "info", "数据库-主"),
        ]
        for name in ("vhealthd_alert_latency_seconds", "webhook_delivery_duration_seconds"):
            assert await on_call.one.metric(f'{name}_count{{channel="oncall"}}') == 1
        assert await on_call.one.metric('vhealthd_alert_latency_seconds_count{channel="audit-log"}') == 1

        await on_call.wait(5 * MINUTE - timedelta(seconds=1))
        assert on_call.digests == []
        await on_call.wait(timedelta(seconds=1))
        assert on_call.digests == ["[vhealthd] Alerts: 1 WARNING – prod"]  # noqa: RUF001 - a dash
        assert await on_call.one.metric('vhealthd_alert_latency_seconds_sum{channel="mail-digest"}') == 300


async def test_what_is_as_it_was_tells_nobody_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        await on_call.scan()
        await on_call.scan()
        await on_call.wait(5 * MINUTE)

        assert on_call.pages == [f"trigger {CRITICAL}"]
        assert (len(on_call.sms.messages), len(on_call.digests), len(on_call.audited())) == (1, 1, 3)


async def test_two_scans_within_the_time_are_one_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        await on_call.scan()
        on_call.age("web-01", 12)
        await on_call.scan(after=2 * MINUTE)
        await on_call.wait(3 * MINUTE)

        assert on_call.digests == ["[vhealthd] Alerts: 2 WARNING – prod"]  # noqa: RUF001 - a dash
        await on_call.wait(HOUR)
        assert len(on_call.digests) == 1


async def test_what_came_and_went_within_the_time_is_told_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        await on_call.scan()
        on_call.mend(WARNING)
        await on_call.scan(after=2 * MINUTE)
        await on_call.wait(HOUR)

        assert on_call.digests == []
        assert on_call.audited()[-1] == ("resolve", "warning", WARNING), "whoever is told all at once was told"


async def test_what_is_mended_closes_its_incident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        await on_call.scan()
        on_call.mend(CRITICAL)
        await on_call.scan()

        assert on_call.pages == [f"trigger {CRITICAL}", f"resolve {CRITICAL}"]
        assert on_call.texts[1] == f"Resolved: {CRITICAL} (prod), Snapshot age"
        await on_call.scan()
        assert len(on_call.pages) == 2, "the end is told once"


async def test_what_is_there_again_is_a_new_incident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        before = on_call.vm(CRITICAL).snapshots
        await on_call.scan()
        on_call.mend(CRITICAL)
        await on_call.scan()
        on_call.vm(CRITICAL).snapshots = before
        await on_call.scan()

        first, second = on_call.pager.incidents
        assert (first.open, second.open, first.key) == (False, True, second.key)
        assert on_call.texts[-1].startswith(f"Back again: {CRITICAL}")


async def test_a_warning_that_becomes_critical_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        on_call.mend(CRITICAL)
        await on_call.scan()
        await on_call.wait(5 * MINUTE)
        assert on_call.pages == []
        on_call.vm(WARNING).snapshots = ()
        on_call.age(WARNING, 60)
        await on_call.scan()
        await on_call.wait(5 * MINUTE)

        assert on_call.pages == [f"trigger {WARNING}"]
        assert on_call.digests[1] == "[vhealthd] Alerts: 1 told elsewhere now – prod", "it warns no longer"  # noqa: RUF001 - a dash


async def test_a_mute_set_by_command_holds_from_the_next_scan_and_closes_the_incident(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        await on_call.scan()
        (incident,) = on_call.pager.incidents
        until = ("--until", "2999-12-31", "--owner", "jd", "--reason", "it is archived")
        muted = json.loads(await on_call.command("mute", incident.key[:12], *until, "--json"))
        assert incident.open

        await on_call.scan()
        assert not incident.open
        assert {one.alert.object for one in await on_call.one.daemon.state.alerts.open()} == {WARNING, "数据库-主"}

        await on_call.command("unmute", muted["id"])
        await on_call.scan()
        assert [one.open for one in on_call.pager.incidents] == [False, True]


async def test_whoever_takes_an_alert_on_is_not_reminded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        await on_call.scan()
        await on_call.scan(after=DAY)
        assert on_call.pages == [f"trigger {CRITICAL}"] * 2, "the same incident"
        assert on_call.texts[1].startswith(f"Still there: {CRITICAL}")

        (incident,) = on_call.pager.incidents
        await on_call.command("ack", incident.key[:12], "--owner", "jd", "--reason", "on it")
        await on_call.scan(after=DAY)
        assert len(on_call.pages) == 2

        on_call.mend(CRITICAL)
        await on_call.scan()
        assert not incident.open, "its end is told all the same"


async def test_a_vcenter_that_cannot_be_reached_pages_at_once_and_gives_no_storm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        await on_call.scan()
        await on_call.wait(5 * MINUTE)
        both = {"select": ["snapshot-age", "vcenter-reachability"]}
        on_call.configure(scan=both, vcenter={**on_call.vcenter, "url": "http://localhost:1"})
        await on_call.scan()
        await on_call.scan()
        await on_call.wait(5 * MINUTE)

        assert on_call.pages == [f"trigger {CRITICAL}", "trigger prod"]
        assert all(one.open for one in on_call.pager.incidents), "what nobody saw is as it was"
        assert len(on_call.digests) == 1

        on_call.configure()
        await on_call.scan()
        assert on_call.pages == [f"trigger {CRITICAL}", "trigger prod", "resolve prod"]


async def test_a_channel_that_comes_into_the_configuration_is_served_at_once_and_one_that_left_is_told_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        await on_call.scan()
        on_call.configure(channels={**on_call.pagers, "chat": on_call.slack})
        on_call.age("web-01", 60)
        await on_call.scan()
        (message,) = on_call.chat.messages
        assert "web-01" in message["text"]
        assert CRITICAL not in str(message), "it is told when it is told again"

        on_call.configure()
        on_call.mend("web-01")
        await on_call.scan()
        assert await on_call.left("chat") == [], "nothing would ever take it"

        on_call.configure(channels={**on_call.pagers, "chat": on_call.slack})
        await on_call.scan()
        assert on_call.chat.messages == [message]


async def test_what_was_open_before_there_was_a_channel_is_told_when_it_is_due_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, monkeypatch, routes=[], channels=NOBODY) as on_call:
        await on_call.scan()
        on_call.configure()
        await on_call.scan()
        assert on_call.pages == []

        await on_call.scan(after=DAY - HOUR)
        assert on_call.pages == [f"trigger {CRITICAL}"]
        assert on_call.texts[0].startswith(f"Still there: {CRITICAL}")


async def test_an_outage_of_a_pager_delays_a_page_and_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        on_call.pager.faults.append(Answer(status=503))
        await on_call.scan()
        assert (on_call.pages, len(on_call.sms.messages)) == ([], 1)
        assert [one.error for one in await on_call.left("oncall")] == ["127.0.0.1 answers 503: nothing"]

        await on_call.wait(MINUTE)
        assert on_call.pages == [f"trigger {CRITICAL}"]


async def test_a_storm_is_one_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        on_call.mend(CRITICAL)
        names = [one.name for one in on_call.vc.world.all(Vm) if not one.snapshots][:20]
        for name in names:
            on_call.age(name, 60)
        await on_call.scan()

        (incident,) = on_call.pager.incidents
        details = incident.events[0]["payload"]["custom_details"]
        assert details["count"] >= 6
        for name in names:
            on_call.mend(name)
        await on_call.scan()
        assert not incident.open


async def test_a_fault_of_ours_costs_the_alerts_of_a_run_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    async with desk(tmp_path, monkeypatch) as on_call:
        with monkeypatch.context() as patch:
            patch.setattr("vhealthd.alerts.decide", broken)
            await on_call.scan()
            problems = (await on_call.one.get("/healthz"))[1]["problems"]
            assert "alerts: of the last run nothing is sent: unexpected ZeroDivisionError; see the log" in problems
        await on_call.scan()

        assert on_call.pages == [f"trigger {CRITICAL}"]
        assert (await on_call.one.get("/healthz"))[1]["problems"] == []


async def test_a_check_that_stays_unknown_warns_the_second_time_and_pages_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        on_call.vc.faults = (HtmlPage(When("/sdk/")),)
        await on_call.scan()
        await on_call.wait(5 * MINUTE)
        assert on_call.digests == []
        await on_call.scan()
        await on_call.wait(5 * MINUTE)
        assert on_call.digests == ["[vhealthd] Alerts: 1 WARNING – prod"]  # noqa: RUF001 - a dash
        assert on_call.pages == []

        on_call.vc.faults = ()
        await on_call.scan()
        await on_call.wait(5 * MINUTE)
        assert on_call.digests[1] == "[vhealthd] Alerts: 1 WARNING, 1 resolved – prod"  # noqa: RUF001 - a dash
        assert on_call.pages == [f"trigger {CRITICAL}"]


async def test_an_alertmanager_has_all_that_is_open_after_every_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with MockAlertmanager() as server:
        channels = {"prometheus": {"type": "alertmanager", "urls": [server.url]}}
        async with desk(tmp_path, monkeypatch, channels=channels) as on_call:
            await on_call.scan()
            await on_call.scan()
            assert {one["object"] for one in server.firing(on_call.one.clock.now)} == {CRITICAL, WARNING, "数据库-主"}
            assert len(server.requests) == 2
            on_call.mend(CRITICAL)
            await on_call.scan()
            assert {one["object"] for one in server.firing(on_call.one.clock.now)} == {WARNING, "数据库-主"}


async def test_a_mute_that_cannot_be_read_mutes_nothing_and_stops_no_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        await on_call.one.daemon.state.alerts.mute({"check": "*", "owner": 7}, now=NOW)
        await on_call.scan()

        assert on_call.pages == [f"trigger {CRITICAL}"]


async def test_mutes_that_cannot_be_looked_up_stop_no_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        with closing(sqlite3.connect(tmp_path / "state" / "vhealthd.db", isolation_level=None)) as database:
            database.execute("DROP TABLE mutes")
        await on_call.scan()

        assert on_call.pages == [f"trigger {CRITICAL}"]


async def test_a_single_run_collects_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path, monkeypatch) as on_call:
        state = {"directory": str(tmp_path / "another")}
        assert await run_once(read_plan(on_call.configure(state=state), CATALOGUE)) == 0

        assert on_call.pages == [f"trigger {CRITICAL}"]
        assert on_call.digests == ["[vhealthd] Alerts: 1 WARNING – prod"]  # noqa: RUF001 - a dash
