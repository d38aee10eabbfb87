"""What the outbox holds for a channel goes to that channel, as it is configured at that moment."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mocks.pagers import MockPagerDuty, MockSlack
from mocks.receivers import MockAlertmanager, MockWebhookReceiver
from mocks.robots import MockDingTalk, MockFeishu, MockWeCom
from mocks.smtp import MockSmtp
from mocks.webhooks import Answer
from tests.alerting.notices import NOW, alert, clock, full, notice, over
from tests.delivery.deliveries import mail, pending, settings
from vhealthd.alerting import notices
from vhealthd.alerting.sink import ChannelSink, try_out
from vhealthd.alerting.sinks import all_sinks
from vhealthd.config import Settings
from vhealthd.delivery.outbox import NoObserver
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryRefusedError
from vhealthd.model import Alert, Delivery, Notice, Parcel

KEY = "R0AB12CD34EF56GH78IJ90KL12MN34OP"
HOUR = timedelta(hours=1)


def configured(**channels: dict[str, Any]) -> Settings:
    return settings(mail=mail(), channels=channels)


class Heard(NoObserver):
    """What a sink tells of its work."""

    def __init__(self) -> None:
        self.alerts: list[tuple[str, float]] = []
        self.posts: list[str] = []

    def alerted(self, channel: str, seconds: float) -> None:
        self.alerts.append((channel, seconds))

    def posted(self, channel: str, seconds: float) -> None:
        assert seconds > 0
        self.posts.append(channel)


def secret(folder: Path, text: str) -> dict[str, str]:
    file = folder / f"{abs(hash(text))}.secret"
    file.write_text(text)
    file.chmod(0o600)
    return {"file": str(file)}


def pager(folder: Path, server: MockPagerDuty, **more: object) -> dict[str, Any]:
    return {"type": "pagerduty", "routing_key": secret(folder, KEY), "url": server.url, **more}


def members(server: MockAlertmanager) -> dict[str, Any]:
    return {"type": "alertmanager", "urls": [server.url]}


def delivery(*parts: Notice, name: str = "one", sink: str = "oncall") -> Delivery:
    written = [notices.written(one)["parts"] for one in parts]
    joined = [one for some in written if isinstance(some, list) for one in some]
    return pending(Parcel(id=name, run_id=parts[-1].run_id, sink=sink, what="alerts", payload={"parts": joined}))


def sink(name: str, now: Callable[[], datetime] = clock, observer: Heard | None = None, **channels: Any) -> ChannelSink:  # noqa: ANN401 - settings
    given = configured(**channels)
    return ChannelSink(name, lambda: given, clock=now, observer=observer)


# --- each kind of channel


async def test_what_is_delivered_arrives_and_is_heard_of(tmp_path: Path) -> None:
    heard = Heard()
    async with MockPagerDuty(routing_key=KEY) as server:
        to = sink("oncall", lambda: NOW + timedelta(seconds=7), heard, oncall=pager(tmp_path, server))
        await to.deliver(delivery(notice(alert())))

    assert [one.key for one in server.incidents] == [alert().key]
    assert (heard.alerts, heard.posts) == ([("oncall", 7.0)], ["oncall"])


async def test_an_attempt_that_fails_took_its_time_and_told_nobody(tmp_path: Path) -> None:
    heard = Heard()
    async with MockPagerDuty(routing_key=KEY, faults=[Answer(status=503)]) as server:
        to = sink("oncall", observer=heard, oncall=pager(tmp_path, server))
        with pytest.raises(DeliveryDelayedError):
            await to.deliver(delivery(notice(alert())))

    assert (heard.alerts, heard.posts) == ([], ["oncall"])


async def test_every_kind_that_is_posted_to_is_served_by_its_name(tmp_path: Path) -> None:
    async with (
        MockSlack(path="/services/T0/B0/abcdefghijklmnop") as slack,
        MockDingTalk(clock=clock) as dingtalk,
        MockFeishu(clock=clock) as feishu,
        MockWeCom(clock=clock) as wecom,
        MockWebhookReceiver() as receiver,
        MockAlertmanager() as alertmanager,
    ):
        channels: dict[str, Any] = {
            "slack": {"type": "slack", "url": secret(tmp_path, slack.hook)},
            "dingtalk": {"type": "dingtalk", "url": secret(tmp_path, dingtalk.target)},
            "feishu": {"type": "feishu", "url": secret(tmp_path, feishu.target)},
            "wecom": {"type": "wecom", "url": secret(tmp_path, wecom.target)},
            "tickets": {"type": "webhook", "url": secret(tmp_path, receiver.url)},
            "prometheus": members(alertmanager),
        }
        for name in channels:
            await sink(name, **channels).deliver(delivery(notice(alert()), sink=name))

        servers = (slack, dingtalk, feishu, wecom, receiver, alertmanager)
        assert [len(one.accepted) for one in servers] == [1] * 6
        assert receiver.accepted[0].headers["webhook-id"] == "one", "the delivery's own"


async def test_the_channels_that_are_there_without_being_written(tmp_path: Path) -> None:
    heard = Heard()
    async with MockSmtp() as server:
        given = settings(mail=mail(host=server.host, port=server.port), state={"directory": tmp_path})
        for name in ("mail-digest", "audit-log"):
            to = ChannelSink(name, lambda: given, clock=clock, observer=heard)
            await to.deliver(delivery(notice(alert()), sink=name))

    assert [one.recipients for one in server.mails] == [("ops@example.com",)]
    assert '"object":{"type":"HostSystem"' in (tmp_path / "audit.jsonl").read_text()
    assert (len(heard.alerts), heard.posts) == (2, []), "neither is spoken to over HTTP"


async def test_a_mail_goes_on_where_its_last_attempt_ended() -> None:
    async with MockSmtp() as server:
        given = settings(mail=mail(host=server.host, port=server.port, to=["a@example.com", "b@example.com"]))
        one = delivery(notice(alert()), sink="mail-digest")
        again = pending(one.parcel, {"taken": ["a@example.com"], "refused": {}})
        await ChannelSink("mail-digest", lambda: given, clock=clock).deliver(again)

    assert [one.recipients for one in server.mails] == [("b@example.com",)]


# --- the configuration as it is by then


async def test_the_settings_are_those_of_the_moment(tmp_path: Path) -> None:
    async with MockPagerDuty(routing_key=KEY) as old, MockPagerDuty(routing_key=KEY) as new:
        given = [configured(oncall=pager(tmp_path, old))]
        to = ChannelSink("oncall", lambda: given[-1], clock=clock)
        await to.deliver(delivery(notice(alert())))
        given.append(configured(oncall=pager(tmp_path, new)))
        await to.deliver(delivery(notice(full())))

    assert [len(one.incidents) for one in (old, new)] == [1, 1]


async def test_a_channel_that_left_the_configuration_waits() -> None:
    with pytest.raises(DeliveryDelayedError, match="oncall is no longer in the configuration; the delivery waits"):
        await sink("oncall").deliver(delivery(notice(alert())))


async def test_mail_that_left_the_configuration_waits() -> None:
    with pytest.raises(DeliveryDelayedError, match="mail-digest is no longer in the configuration"):
        await ChannelSink("mail-digest", settings, clock=clock).deliver(delivery(notice(alert())))


async def test_a_secret_that_cannot_be_read_is_told_by_its_place_alone(tmp_path: Path) -> None:
    async with MockPagerDuty(routing_key=KEY) as server:
        channel = pager(tmp_path, server)
        to = sink("oncall", oncall=channel)
        Path(channel["routing_key"]["file"]).unlink()
        # the worker takes it for a delay, as it does for every sink
        with pytest.raises(ConfigError) as caught:
            await to.deliver(delivery(notice(alert())))

    assert channel["routing_key"]["file"] in str(caught.value)
    assert (server.requests, KEY in str(caught.value)) == ([], False)


async def test_what_was_meant_for_another_kind_of_channel_goes_to_a_pager_one_by_one(tmp_path: Path) -> None:
    async with MockPagerDuty(routing_key=KEY) as server:
        to = sink("oncall", oncall=pager(tmp_path, server))
        await to.deliver(delivery(notice(alert(), full())))

    assert [one.key for one in server.incidents] == [alert().key, full().key]


def test_there_is_a_sink_for_mail_archive_and_each_channel(tmp_path: Path) -> None:
    chat = {"type": "slack", "url": secret(tmp_path, "https://hooks.slack.com/services/T0/B0/abcdefghijklmnop")}
    bare = all_sinks(lambda: settings(channels={"chat": chat}), clock=clock)
    whole = all_sinks(lambda: configured(chat=chat), clock=clock)

    assert {one.name for one in whole} - {one.name for one in bare} == {"mail-digest"}
    assert {"mail", "s3", "audit-log", "chat"} <= {one.name for one in bare}


# --- what is not told


async def test_what_is_over_before_it_was_told_is_delivered_and_nobody_is_told(tmp_path: Path) -> None:
    came, went = notice(alert()), notice(over(alert()))
    heard = Heard()
    async with MockSlack(path="/services/T0/B0/abcdefghijklmnop") as server:
        chat = {"type": "slack", "url": secret(tmp_path, server.hook)}
        await sink("chat", observer=heard, chat=chat).deliver(delivery(came, went, sink="chat"))

    assert (server.requests, heard.alerts) == ([], [])


def made(at: datetime, *alerts: Alert) -> Delivery:
    return delivery(notice(*alerts, made=at, next_run=at + 24 * HOUR), sink="prometheus")


async def test_an_alertmanager_is_told_nothing_that_is_older_than_what_it_was_told() -> None:
    async with MockAlertmanager() as server:
        to = sink("prometheus", lambda: NOW + 2 * HOUR, prometheus=members(server))
        await to.deliver(made(NOW + HOUR, over(alert())))
        await to.deliver(made(NOW, alert()))

    assert server.firing(NOW + 2 * HOUR) == []
    assert len(server.requests) == 1


async def test_what_failed_is_not_what_it_was_told() -> None:
    async with MockAlertmanager(faults=[Answer(status=503)]) as server:
        to = sink("prometheus", lambda: NOW + 2 * HOUR, prometheus=members(server))
        with pytest.raises(DeliveryDelayedError):
            await to.deliver(made(NOW + HOUR, alert()))
        await to.deliver(made(NOW, alert()))

    assert len(server.firing(NOW + 2 * HOUR)) == 1


async def test_a_clock_that_was_wrong_for_a_run_makes_nothing_old() -> None:
    async with MockAlertmanager() as server:
        to = sink("prometheus", prometheus=members(server))
        await to.deliver(made(NOW + 1000 * HOUR, full()))
        await to.deliver(made(NOW, alert()))

    assert {one["object"] for one in server.firing(NOW)} == {alert().object, full().object}


async def test_any_other_channel_is_told_late_rather_than_never(tmp_path: Path) -> None:
    async with MockPagerDuty(routing_key=KEY) as server:
        to = sink("oncall", lambda: NOW + 2 * HOUR, oncall=pager(tmp_path, server))
        await to.deliver(delivery(notice(full(), made=NOW + HOUR)))
        await to.deliver(delivery(notice(alert(), made=NOW)))

    assert len(server.incidents) == 2


# --- how fast


class Ahead:
    """Sets the clock of the event loop ahead."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        real = loop.time
        self.by = 0.0
        monkeypatch.setattr(loop, "time", lambda: real() + self.by)

    async def go(self, seconds: float) -> None:
        self.by += seconds
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.mark.parametrize("per_minute", [1, 2, 5, 20])
async def test_no_minute_has_more_than_is_allowed(monkeypatch: pytest.MonkeyPatch, per_minute: int) -> None:
    ahead, moments = Ahead(monkeypatch), list[float]()

    async def paced(to: ChannelSink) -> None:
        while True:
            await to._pace(per_minute)
            moments.append(ahead.by)

    task = asyncio.create_task(paced(sink("oncall")))
    for _ in range(300):
        await ahead.go(1)
    task.cancel()

    busiest = max(sum(first <= one < first + 60 for one in moments) for first in moments)
    assert per_minute / 2 <= busiest <= per_minute
    assert len(moments) >= 2 * per_minute, "and in 5 minutes there is time for many"


async def test_what_is_too_fast_waits_before_it_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with MockPagerDuty(routing_key=KEY) as server:
        to = sink("oncall", oncall=pager(tmp_path, server, per_minute=1))
        await to.deliver(delivery(notice(alert())))
        ahead = Ahead(monkeypatch)
        second = asyncio.create_task(to.deliver(delivery(notice(full()))))
        await ahead.go(50)
        assert len(server.requests) == 1
        await ahead.go(10)
        await second

    assert len(server.incidents) == 2


async def test_a_rate_that_is_raised_holds_at_once(tmp_path: Path) -> None:
    async with MockPagerDuty(routing_key=KEY) as server:
        given = [configured(oncall=pager(tmp_path, server, per_minute=1))]
        to = ChannelSink("oncall", lambda: given[-1], clock=clock)
        await to.deliver(delivery(notice(alert())))
        given.append(configured(oncall=pager(tmp_path, server, per_minute=60)))
        async with asyncio.timeout(10):
            await to.deliver(delivery(notice(full())))

    assert len(server.incidents) == 2


# --- a test


async def test_a_channel_can_be_tried_past_the_outbox(tmp_path: Path) -> None:
    async with MockPagerDuty(routing_key=KEY) as server:
        given = configured(oncall=pager(tmp_path, server))
        await try_out("oncall", given, notice(test=True), clock=clock)
        server.faults.append(Answer(status=400))
        with pytest.raises(DeliveryRefusedError):
            await try_out("oncall", given, notice(test=True), clock=clock)

    assert len(server.incidents) == 1
