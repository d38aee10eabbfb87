"""`vhealthd test-notify`: a test for a channel of each kind, for mail and the archive; and what is said if it fails."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from mocks.pagers import MockPagerDuty, MockSlack, MockTwilio
from mocks.receivers import MockAlertmanager, MockJsonReceiver, MockWebhookReceiver
from mocks.robots import TOKEN, MockDingTalk, MockFeishu, MockWeCom
from mocks.s3 import MockS3
from mocks.smtp import MockSmtp, SmtpFault
from mocks.webhooks import Answer
from tests.e2e.commands import Ended, vhealthd

KEY, SID, PLANTED, NUMBER = "R0AB12CD34EF56GH78IJ90KL12MN34OP", "AC" + "0" * 32, "planted-Pa55word", "+4915112345678"
SIGNING = "whsec_cGxhbnRlZC1QYTU1d29yZA=="
HOOK = "/services/T0/B0/abcdefghijklmnop"
TEST = "This is a test of vhealthd. Nothing is wrong."


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Estate:
    """Whatever can be told, and a configuration that names it."""

    folder: Path
    pager: MockPagerDuty = field(default_factory=lambda: MockPagerDuty(routing_key=KEY))
    sms: MockTwilio = field(default_factory=lambda: MockTwilio(account=(SID, PLANTED), senders=["+15005550006"]))
    slack: MockSlack = field(default_factory=lambda: MockSlack(path=HOOK))
    dingtalk: MockDingTalk = field(default_factory=lambda: MockDingTalk(clock=now, secret=PLANTED))
    feishu: MockFeishu = field(default_factory=lambda: MockFeishu(clock=now, secret=PLANTED))
    wecom: MockWeCom = field(default_factory=lambda: MockWeCom(clock=now))
    receiver: MockWebhookReceiver = field(default_factory=lambda: MockWebhookReceiver(secret=SIGNING))
    alertmanager: MockAlertmanager = field(default_factory=MockAlertmanager)
    json: MockJsonReceiver = field(default_factory=MockJsonReceiver)
    mta: MockSmtp = field(default_factory=MockSmtp)
    s3: MockS3 = field(default_factory=MockS3)

    def secret(self, text: str) -> dict[str, str]:
        file = self.folder / f"{len(list(self.folder.iterdir()))}.secret"
        file.write_text(text)
        file.chmod(0o600)
        return {"file": str(file)}

    @property
    def channels(self) -> dict[str, dict[str, Any]]:
        secret = self.secret
        sms = {"account_sid": SID, "auth_token": secret(PLANTED), "from": "+15005550006", "to": [NUMBER]}
        return {
            "oncall": {"type": "pagerduty", "routing_key": secret(KEY), "url": self.pager.url},
            "ops-sms": {"type": "twilio", "url": self.sms.url, **sms},
            "ops-chat": {"type": "slack", "url": secret(self.slack.hook)},
            "dingtalk": {"type": "dingtalk", "url": secret(self.dingtalk.target), "secret": secret(PLANTED)},
            "feishu": {"type": "feishu", "url": secret(self.feishu.target), "secret": secret(PLANTED)},
            "wecom": {"type": "wecom", "url": secret(self.wecom.target)},
            "tickets": {"type": "webhook", "url": secret(self.receiver.url), "secret": secret(SIGNING)},
            "prometheus": {"type": "alertmanager", "urls": [self.alertmanager.url]},
            "anything": {"type": "apprise", "url": secret(self.json.url.replace("http", "json"))},
        }

    def configure(self) -> Path:
        vcenter = {"name": "prod", "url": "https://vc.invalid", "username": "u", "password": self.secret("unused")}
        mail = {"host": self.mta.host, "port": self.mta.port, "tls": "plain", "from": "v@example.com"}
        keys = {"access_key_id": self.secret("key"), "secret_access_key": self.secret(PLANTED)}
        state = self.folder / "state"
        state.mkdir()
        sections = {
            "vcenters": [vcenter],
            "state": {"directory": str(state)},
            "mail": {**mail, "to": ["ops@example.com"]},
            "s3": {"endpoint_url": self.s3.url, "bucket": "reports", "region": "us-east-1", **keys},
            "channels": self.channels,
        }
        file = self.folder / "config.yaml"
        file.write_text(json.dumps(sections))
        return file


@pytest.fixture
async def estate(tmp_path: Path) -> AsyncIterator[Estate]:
    made = Estate(tmp_path)
    async with AsyncExitStack() as stack:
        for server in vars(made).values():
            if not isinstance(server, Path):
                await stack.enter_async_context(server)
        await made.s3.make("reports")
        yield made


async def notify(config: Path, sink: str, *arguments: str) -> Ended:
    return await vhealthd("test-notify", "--config", config, "--sink", sink, *arguments)


async def test_each_kind_of_sink_accepts_a_test_that_says_that_nothing_is_wrong(estate: Estate) -> None:
    config = estate.configure()
    sinks = [*json.loads(config.read_text())["channels"], "mail", "mail-digest", "audit-log", "s3"]
    few = asyncio.Semaphore(2)

    async def one(sink: str) -> Ended:
        async with few:
            return await notify(config, sink)

    ended = await asyncio.gather(*map(one, sinks))

    assert [(one.code, one.out, one.err) for one in ended] == [(0, f"{sink}: accepted\n", "") for sink in sinks]
    (incident,) = estate.pager.incidents
    payload = incident.events[0]["payload"]
    assert (payload["summary"], payload["severity"]) == (TEST, "critical")
    assert [(one.to, one.body) for one in estate.sms.messages] == [(NUMBER, TEST)]
    assert [one["text"] for one in estate.slack.messages] == [TEST]
    for robot in (estate.dingtalk, estate.feishu, estate.wecom):
        assert TEST in json.dumps(robot.messages)
    assert estate.receiver.accepted[0].json["type"] == "vhealthd.test"
    assert [one["alertname"] for one in estate.alertmanager.firing(now())] == ["VhealthdTest"]
    assert "Nothing is wrong" in str(estate.json.accepted[0].json["message"])
    assert [str(one.message["Subject"]) for one in estate.mta.mails] == ["[vhealthd] Test, nothing is wrong"] * 2
    (line,) = (estate.folder / "state" / "audit.jsonl").read_text().splitlines()
    assert json.loads(line)["test"] is True
    (stored,) = await estate.s3.keys("reports")
    assert stored.startswith("vhealthd-test/")
    assert b"Somebody tried whether reports can be archived here" in (await estate.s3.get("reports", stored))[0]
    assert not list(estate.folder.glob("state/*.db")), "nothing is put into the outbox"


async def test_it_pretends_to_be_as_bad_as_is_asked_and_each_is_an_incident_of_its_own(estate: Estate) -> None:
    config = estate.configure()
    for severity in ("warning", "info"):
        assert (await notify(config, "oncall", "--severity", severity)).code == 0

    events = [one.events for one in estate.pager.incidents]
    assert [event["payload"]["severity"] for (event,) in events] == ["warning", "info"]


@pytest.mark.parametrize(
    ("sink", "reason"),
    [
        ("oncall", "127.0.0.1 answers 403: no ***"),
        ("ops-chat", "127.0.0.1 answers 403: no ***"),
        ("ops-sms", f"refused: {NUMBER} (127.0.0.1 answers 403: no ***)"),
        ("dingtalk", "127.0.0.1 answers 403: no ***"),
        ("prometheus", "127.0.0.1 answers 403: no"),
        ("mail", "550 5.7.1 not from you"),
    ],
)
async def test_a_refusal_is_told_with_its_reason_and_without_the_secret(estate: Estate, sink: str, reason: str) -> None:
    secrets = {"oncall": KEY, "ops-chat": HOOK, "ops-sms": PLANTED, "dingtalk": TOKEN}
    for server in (estate.pager, estate.sms, estate.slack, estate.dingtalk, estate.alertmanager):
        server.faults.append(Answer(status=403, body=f"no {secrets.get(sink, '')}".encode()))
    estate.mta.faults.append(SmtpFault("mail", "550 5.7.1 not from you"))

    ended = await notify(estate.configure(), sink)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"{sink}: not accepted: ")
    assert reason in ended.err
    assert not [secret for secret in (KEY, HOOK, PLANTED, TOKEN) if secret in ended.err]


async def test_a_bucket_that_is_not_there_is_told(estate: Estate) -> None:
    config = estate.configure()
    config.write_text(config.read_text().replace('"bucket": "reports"', '"bucket": "nowhere"'))
    ended = await notify(config, "s3")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("s3: not accepted: ")
    assert "nowhere" in ended.err
    assert PLANTED not in ended.err


async def test_nobody_listens(estate: Estate) -> None:
    config = estate.configure()
    config.write_bytes(config.read_bytes().replace(orjson.dumps(estate.pager.url), b'"http://127.0.0.1:1"'))
    ended = await notify(config, "oncall")

    assert ended.code == 1
    assert ended.err.startswith("oncall: not accepted: 127.0.0.1: no connection (")


async def test_a_secret_that_cannot_be_read_is_told_by_its_place(estate: Estate) -> None:
    config = estate.configure()
    place = json.loads(config.read_text())["channels"]["oncall"]["routing_key"]["file"]
    Path(place).unlink()
    ended = await notify(config, "oncall")

    assert ended.code == 1
    assert place in ended.err


async def test_a_sink_that_is_not_there_is_a_wrong_command(estate: Estate) -> None:
    config = estate.configure()
    ended = await notify(config, "on-call")

    assert (ended.code, ended.out) == (64, "")
    assert ended.err.startswith(
        "vhealthd: there is no sink 'on-call' in the configuration; did you mean \"oncall\"?; it has "
    )
    assert all(one in ended.err for one in ("audit-log", "mail-digest", "ops-chat", "mail", "s3"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((), "Missing option '--sink'"), (("--sink", "mail", "--severity", "bad"), "'bad' is not one of")],
)
async def test_wrong_options_are_a_wrong_command(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = await vhealthd("test-notify", "--config", tmp_path / "config.yaml", *arguments)
    assert ended.code == 64
    assert said in ended.err
