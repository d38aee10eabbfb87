"""The generic webhook, through real sockets: what is sent, how it is signed, and what each answer means."""

import asyncio
import json
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from pathlib import Path

import aiohttp
import jsonschema  # type: ignore[import-untyped]
import orjson
import pytest

from mocks.receivers import MockWebhookReceiver
from mocks.webhooks import Answer
from tests.alerting.machine_notices import ID, NOW, alert, failing, notice, over, secret
from tests.report.scans import HOSTILE
from vhealthd.alerting.event import as_event
from vhealthd.alerting.webhook import Webhook, headers
from vhealthd.config import WebhookChannel
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryRefusedError
from vhealthd.model import Notice

SIGNING = "whsec_dGhpcnR5LXR3byBieXRlcyBvZiBwbGFudGVkIGtleSE="  # "thirty-two bytes of planted key!"
PATH = "/in/planted-Pa55word"


def channel(
    receiver: MockWebhookReceiver, folder: Path, *, signing: str | None = None, now: datetime = NOW, total: float = 5
) -> Webhook:
    told = {"type": "webhook", "url": secret(folder, "url", receiver.url + PATH)}
    if signing:
        told["secret"] = secret(folder, "signing", signing)
    settings = WebhookChannel.model_validate(told)
    return Webhook(settings, clock=lambda: now, timeout=aiohttp.ClientTimeout(total=total))


# --- what arrives


async def test_a_notice_arrives_as_an_event(tmp_path: Path) -> None:
    async with MockWebhookReceiver() as receiver:
        await channel(receiver, tmp_path).send(notice(), delivery_id=ID)

    (request,) = receiver.accepted
    assert request.path == PATH
    assert request.json == {
        "type": "vhealthd.alerts",
        "timestamp": "2026-11-21T06:01:00Z",
        "data": {
            "run_id": "20261121T060000Z-7f3a",
            "vcenters": ["prod"],
            "critical": 1,
            "warning": 0,
            "info": 0,
            "next_run": "2026-11-22T06:01:00Z",
            "report": "https://reports.example.com/20261121T060000Z-7f3a/report.pdf",
            "alerts": [
                {
                    "key": alert().key,
                    "event": "trigger",
                    "turn": "new",
                    "severity": "critical",
                    "check": "datastore-capacity",
                    "title": "Datastore capacity",
                    "category": "storage",
                    "vcenter": "prod",
                    "object": {"type": "Datastore", "name": "ds-1", "path": "/DC0/datastore/ds-1"},
                    "message": "97.0 % of 1.0 TB is used; the limit is 95 %.",
                    "advice": "Free space, or grow the datastore.",
                    "since": "2026-11-21T06:00:00Z",
                    "count": 1,
                    "examples": [],
                    "kb": "https://knowledge.broadcom.com/external/article/1003412",
                }
            ],
        },
    }


@pytest.mark.parametrize(
    "told",
    [
        notice(),
        notice(test=True),
        notice(alert(), over("ds-2"), next_run=None, report=None),
        notice(alert(path=None, kb=None, count=412, examples=("ds-1", "ds-2", "ds-3"))),
        notice(*(alert(name) for name in HOSTILE)),
    ],
    ids=["one alert", "a test", "one that is over", "a roll-up", "hostile names"],
)
async def test_what_is_sent_keeps_to_the_schema(told: Notice, tmp_path: Path) -> None:
    schema = json.loads((files("vhealthd.alerting") / "event.schema.json").read_text())
    async with MockWebhookReceiver() as receiver:
        await channel(receiver, tmp_path).send(told, delivery_id=ID)

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(receiver.accepted[0].json, schema)
    assert [one["object"]["name"] for one in as_event(told)["data"]["alerts"]] == [one.object for one in told.alerts]


async def test_a_test_has_a_type_of_its_own(tmp_path: Path) -> None:
    async with MockWebhookReceiver() as receiver:
        await channel(receiver, tmp_path).send(notice(test=True), delivery_id=ID)

    assert receiver.accepted[0].json["type"] == "vhealthd.test"


def test_times_are_in_utc_wherever_they_come_from() -> None:
    berlin = timezone(timedelta(hours=1))
    assert as_event(notice(made=NOW.astimezone(berlin)))["timestamp"] == "2026-11-21T06:01:00Z"


# --- the signature


async def test_the_receiver_can_verify_the_signature(tmp_path: Path) -> None:
    async with MockWebhookReceiver(secret=SIGNING) as receiver:
        now = datetime.now(UTC)  # the verifier looks at the clock of this machine
        await channel(receiver, tmp_path, signing=SIGNING, now=now).send(notice(), delivery_id=ID)

    (request,) = receiver.accepted
    assert request.headers["webhook-id"] == ID
    assert request.headers["webhook-timestamp"] == str(int(now.timestamp()))


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8))], ids=str)
def test_the_signature_is_that_of_the_specification(zone: timezone) -> None:
    # printf '%s' 'run-1-hook.1795240860.{"type":"vhealthd.test"}' |
    #   openssl dgst -sha256 -hmac 'thirty-two bytes of planted key!' -binary | base64
    assert headers(b'{"type":"vhealthd.test"}', "run-1-hook", NOW.astimezone(zone), SIGNING) == {
        "Content-Type": "application/json",
        "webhook-id": "run-1-hook",
        "webhook-timestamp": "1795240860",
        "webhook-signature": "v1,6cnWurL9KHXy2G4rpix0pQSLq3vghlOSestaxg8QVNs=",
    }


async def test_without_a_secret_nothing_is_signed(tmp_path: Path) -> None:
    async with MockWebhookReceiver() as receiver:
        await channel(receiver, tmp_path).send(notice(), delivery_id=ID)

    assert "webhook-signature" not in receiver.accepted[0].headers


async def test_another_secret_is_refused_by_the_receiver(tmp_path: Path) -> None:
    async with MockWebhookReceiver(secret="whsec_b3RoZXI=") as receiver:
        error = await failing(channel(receiver, tmp_path, signing=SIGNING, now=datetime.now(UTC)))

    assert isinstance(error, DeliveryRefusedError)
    assert str(error) == "127.0.0.1 answers 401: No matching signature found"


@pytest.mark.parametrize(
    "wrong", ["whsec_planted-Pa55word", "whsec_planted-Pa55word-x", "whsec_", "planted Pa55word", "whsec_schlüssel"]
)
async def test_a_secret_that_is_none_is_told_and_not_repeated(wrong: str, tmp_path: Path) -> None:
    async with MockWebhookReceiver() as receiver:
        with pytest.raises(ConfigError) as caught:
            await channel(receiver, tmp_path, signing=wrong).send(notice(), delivery_id=ID)

    assert str(caught.value) == "the signing secret is not whsec_ and base64 text; copy it from the receiver again"
    assert receiver.requests == []


async def test_a_repeat_has_the_same_id_and_body_and_a_new_time(tmp_path: Path) -> None:
    later = NOW + timedelta(hours=6)
    async with MockWebhookReceiver() as receiver:
        await channel(receiver, tmp_path, signing=SIGNING).send(notice(), delivery_id=ID)
        await channel(receiver, tmp_path, signing=SIGNING, now=later).send(notice(), delivery_id=ID)

    first, second = receiver.accepted
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 6 * 3600
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


async def test_secrets_are_read_anew_for_each_delivery(tmp_path: Path) -> None:
    async with MockWebhookReceiver() as receiver:
        hook = channel(receiver, tmp_path)
        secret(tmp_path, "url", receiver.url + "/elsewhere")
        await hook.send(notice(), delivery_id=ID)

    assert receiver.accepted[0].path == "/elsewhere"


# --- what is answered


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_a_success_whatever_the_body_says(status: int, tmp_path: Path) -> None:
    body = b"" if status == 204 else b'{"error": "no"}'
    async with MockWebhookReceiver(faults=[Answer(status=status, body=body)]) as receiver:
        await channel(receiver, tmp_path).send(notice(), delivery_id=ID)

    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("status", "answer", "wait"), [(429, {"Retry-After": "7"}, 7.0), (500, {}, None), (503, {"Retry-After": "0"}, 0.0)]
)
async def test_what_may_pass_is_tried_again(
    status: int, answer: dict[str, str], wait: float | None, tmp_path: Path
) -> None:
    async with MockWebhookReceiver(faults=[Answer(status=status, body=b"busy", headers=answer)]) as receiver:
        hook = channel(receiver, tmp_path)
        error = await failing(hook)
        await hook.send(notice(), delivery_id=ID)

    assert isinstance(error, DeliveryDelayedError)
    assert (str(error), error.retry_after) == (f"127.0.0.1 answers {status}: busy", wait)
    assert len(receiver.accepted) == 1


@pytest.mark.parametrize("status", [302, 307, 400, 404, 410])
async def test_what_will_not_pass_is_for_good(status: int, tmp_path: Path) -> None:
    async with MockWebhookReceiver() as elsewhere, MockWebhookReceiver() as receiver:
        receiver.faults.append(Answer(status=status, body=PATH.encode(), headers={"Location": elsewhere.url}))
        error = await failing(channel(receiver, tmp_path))

    assert isinstance(error, DeliveryRefusedError)
    assert f"127.0.0.1 answers {status}" in str(error)
    assert elsewhere.requests == [], "what is sent is for one receiver"
    assert "Pa55word" not in str(error)


async def test_a_receiver_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    async with MockWebhookReceiver(faults=[Answer(wait=asyncio.Event())]) as receiver:
        error = await failing(channel(receiver, tmp_path, total=0.05))

    assert isinstance(error, DeliveryDelayedError)
    assert str(error) == "127.0.0.1: no answer in time"


async def test_a_body_is_what_was_signed_byte_for_byte(tmp_path: Path) -> None:
    async with MockWebhookReceiver() as receiver:
        await channel(receiver, tmp_path, signing=SIGNING).send(notice(alert("生产 😀")), delivery_id=ID)

    (request,) = receiver.accepted
    assert request.body == orjson.dumps(as_event(notice(alert("生产 😀"))))
    assert request.headers["webhook-signature"] == headers(request.body, ID, NOW, SIGNING)["webhook-signature"]
