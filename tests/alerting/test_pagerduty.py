"""PagerDuty through a real socket: one incident an alert, for as long as it is wrong."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from mocks.pagers import MockPagerDuty
from mocks.webhooks import Answer
from tests.alerting.notices import CONNECT, GONE, NOW, alert, clock, estate, full, notice, over
from tests.report.scans import CHINESE, ENGLISH, HOSTILE
from vhealthd.alerting.pagerduty import PagerDuty, event
from vhealthd.config import PagerDutyChannel
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryRefusedError, VhealthdError
from vhealthd.language import Language
from vhealthd.model import Alert, Notice, Severity, Turn

KEY = "R0AB12CD34EF56GH78IJ90KL12MN34OP"
HIDDEN = set("\x00\x1b\n\u200b\u2028\u202e")
PATIENT, SHORT = aiohttp.ClientTimeout(total=10), aiohttp.ClientTimeout(total=0.05)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "routing-key"
    file.write_text(KEY + "\n")
    return file


def channel(
    key: Path,
    *,
    language: Language = ENGLISH,
    timeout: aiohttp.ClientTimeout = PATIENT,
    **changes: Any,  # noqa: ANN401 - settings
) -> PagerDuty:
    settings = PagerDutyChannel.model_validate({"type": "pagerduty", "routing_key": {"file": key}, **changes})
    return PagerDuty(settings, language=language, clock=clock, timeout=timeout)


async def failing(channel: PagerDuty, told: Notice | None = None) -> VhealthdError:
    with pytest.raises(VhealthdError) as caught:
        await channel.send(told or notice(), delivery_id="d-1")
    return caught.value


def made(*alerts: Alert, language: Language = ENGLISH, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - of a notice
    return event(notice(*alerts, **changes), routing_key=KEY, language=language)


def texts(value: object) -> Iterator[str]:
    """Return all texts within a value."""
    match value:
        case str():
            yield value
        case dict():
            yield from texts(list(value.values()))
        case list():
            for one in value:
                yield from texts(one)


# --- what arrives


async def test_an_alert_arrives_with_all_that_whoever_is_called_needs(key: Path) -> None:
    async with MockPagerDuty(routing_key=KEY) as service:
        await channel(key, url=service.url).send(
            notice(alert(kb="https://knowledge.example.com/1003409"), report="https://reports.example.com/latest.pdf"),
            delivery_id="d-1",
        )

    (incident,) = service.incidents
    assert incident.open
    assert incident.events == [
        {
            "routing_key": KEY,
            "event_action": "trigger",
            "dedup_key": "5f" * 32,
            "client": "vhealthd",
            "client_url": "https://reports.example.com/latest.pdf",
            "payload": {
                "summary": f"esx-04.ams.example.net (prod), Host connection: {GONE}",
                "severity": "critical",
                "source": "prod",
                "component": "esx-04.ams.example.net",
                "group": "compute",
                "class": "host-connection",
                "timestamp": NOW.isoformat(),
                "custom_details": {
                    "message": GONE,
                    "advice": CONNECT,
                    "since": "2026-11-20T21:04:00+00:00",
                    "turn": "new",
                    "count": 1,
                    "path": "/DC0/host/prod-a/esx-04.ams.example.net",
                    "run": "20261121T060000Z-7f3a",
                },
            },
            "links": [
                {"href": "https://knowledge.example.com/1003409", "text": "Knowledge base article"},
                {"href": "https://reports.example.com/latest.pdf", "text": "The full report"},
            ],
        }
    ]


async def test_what_is_told_again_is_the_same_incident_until_it_is_resolved(key: Path) -> None:
    async with MockPagerDuty(routing_key=KEY) as service:
        to = channel(key, url=service.url)
        for one in (alert(), alert(), alert(turn=Turn.REMINDER), over(alert()), alert(turn=Turn.REOPENED)):
            await to.send(notice(one), delivery_id="d-1")

    first, second = service.incidents
    assert [one["event_action"] for one in first.events] == ["trigger", "trigger", "trigger", "resolve"]
    assert (first.open, second.open) == (False, True)


async def test_other_alerts_are_other_incidents(key: Path) -> None:
    async with MockPagerDuty(routing_key=KEY) as service:
        to = channel(key, url=service.url)
        await to.send(notice(alert()), delivery_id="d-1")
        await to.send(notice(full()), delivery_id="d-2")

    assert [one.key for one in service.incidents] == ["5f" * 32, "d5" * 32]


async def test_each_alert_of_a_large_notice_is_taken(key: Path) -> None:
    async with MockPagerDuty(routing_key=KEY) as service:
        to = channel(key, url=service.url)
        await asyncio.gather(*(to.send(notice(one), delivery_id=one.key) for one in estate().alerts[:43]))

    assert len(service.incidents) == 43


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
@pytest.mark.parametrize("name", HOSTILE)
async def test_names_are_text_whatever_is_in_them(key: Path, name: str, language: Language) -> None:
    told = alert(name, path=f"/DC0/{name}", title=name, message=f"{name} is gone", examples=(name,), advice=name * 40)
    async with MockPagerDuty(routing_key=KEY) as service:
        await channel(key, url=service.url, language=language).send(notice(told), delivery_id="d-1")

    (incident,) = service.incidents
    assert incident.events[0]["payload"]["component"]
    assert not HIDDEN & set("".join(texts(incident.events)))


def test_a_notice_of_several_alerts_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="too many values"):
        made(alert(), full())


# --- what an event says


@pytest.mark.parametrize("severity", list(Severity))
def test_pagerduty_has_our_words_for_how_bad_it_is(severity: Severity) -> None:
    assert made(alert(severity=severity))["payload"]["severity"] == severity.value


def test_a_resolve_says_which_incident_and_no_more() -> None:
    assert made(over(alert())) == {"routing_key": KEY, "event_action": "resolve", "dedup_key": "5f" * 32}


def test_vcenter_itself_is_named_once() -> None:
    told = alert("prod", object_type="VirtualCenter", title="vCenter reachability", message="connection refused")

    assert made(told)["payload"]["summary"] == "prod, vCenter reachability: connection refused"


def test_a_long_summary_is_cut_to_what_pagerduty_takes() -> None:
    summary = made(alert("n" * 400, title="t" * 300, message="m" * 5000))["payload"]["summary"]

    assert len(summary) == 1024
    assert summary.startswith("n" * 254 + "… (prod), ")
    assert summary.endswith("m…")


def test_many_at_once_are_named_in_part() -> None:
    details = made(alert(count=412, examples=("ds-1", "ds-2")))["payload"]["custom_details"]

    assert (details["count"], details["examples"]) == (412, ["ds-1", "ds-2"])


def test_links_lead_to_the_web_only() -> None:
    assert "links" not in made(alert(kb="http://knowledge.example.com/1"), report="/var/lib/vhealthd/reports/x")
    assert "client_url" not in made(report="/var/lib/vhealthd/reports/x")


def test_a_test_says_that_nothing_is_wrong() -> None:
    assert made(test=True)["payload"]["summary"] == "This is a test of vhealthd. Nothing is wrong."


def test_it_is_said_in_the_language_of_the_channel() -> None:
    assert made(alert(title="主机连接", message="无响应"), language=CHINESE)["payload"]["summary"] == (
        "esx-04.ams.example.net（prod），主机连接：无响应"
    )


# --- where it goes


@pytest.mark.parametrize(("region", "host"), [("us", "events.pagerduty.com"), ("eu", "events.eu.pagerduty.com")])
async def test_each_region_has_a_host_of_its_own(key: Path, region: str, host: str) -> None:
    # a proxy that lets nothing through
    async with MockPagerDuty(routing_key=KEY) as proxy:
        error = await failing(channel(key, region=region, proxy=proxy.url))

    assert str(error) == f"{host}: the proxy answers 404 Not Found"


async def test_the_key_is_read_for_each_attempt(key: Path) -> None:
    key.write_text("0" * 32)
    async with MockPagerDuty(routing_key=KEY) as service:
        to = channel(key, url=service.url)
        error = await failing(to)
        key.write_text(KEY)
        await to.send(notice(), delivery_id="d-1")

    assert isinstance(error, DeliveryRefusedError)
    assert str(error).startswith("127.0.0.1 answers 400: ")
    assert "Invalid routing key" in str(error)
    assert len(service.incidents) == 1


async def test_a_key_that_is_not_there_is_the_configurations_fault(tmp_path: Path) -> None:
    error = await failing(channel(tmp_path / "gone"))

    assert isinstance(error, ConfigError)
    assert "there is no file" in str(error)


# --- what is no success


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (202, {"status": "invalid event", "message": "Event object is invalid"}),
        (202, {}),
        (200, {"status": "success"}),
    ],
)
async def test_only_202_with_success_is_one(key: Path, status: int, body: dict[str, str]) -> None:
    async with MockPagerDuty(routing_key=KEY, faults=[Answer(status=status, body=orjson.dumps(body))]) as service:
        error = await failing(channel(key, url=service.url))

    assert isinstance(error, DeliveryDelayedError)
    assert str(error).startswith(f"127.0.0.1 answers {status}, but not that it has the event: {{")


async def test_the_page_of_a_proxy_is_none(key: Path) -> None:
    async with MockPagerDuty(routing_key=KEY, faults=[Answer(status=202, body=b"<html>hello</html>")]) as service:
        error = await failing(channel(key, url=service.url))

    assert isinstance(error, DeliveryDelayedError)
    assert "<html>hello</html>" in str(error)


async def test_an_event_that_is_invalid_is_never_tried_again(key: Path) -> None:
    body = {"status": "invalid event", "errors": [f"routing key {KEY} is not of this region"]}
    async with MockPagerDuty(routing_key=KEY, faults=[Answer(status=400, body=orjson.dumps(body))]) as service:
        error = await failing(channel(key, url=service.url))

    assert isinstance(error, DeliveryRefusedError)
    assert "is not of this region" in str(error)
    assert KEY not in str(error)


@pytest.mark.parametrize(
    ("fault", "kind", "wait"),
    [
        (Answer(status=429, headers={"Retry-After": "7"}), DeliveryDelayedError, 7.0),
        (Answer(status=500), DeliveryDelayedError, None),
        (Answer(wait=asyncio.Event()), DeliveryDelayedError, None),
        (Answer(status=302, headers={"Location": "https://elsewhere.example.com"}), DeliveryRefusedError, None),
    ],
)
async def test_trouble_at_pagerduty(key: Path, fault: Answer, kind: type[VhealthdError], wait: float | None) -> None:
    async with MockPagerDuty(routing_key=KEY, faults=[fault]) as service:
        error = await failing(channel(key, url=service.url, timeout=SHORT if fault.wait else PATIENT))
        service.faults.clear()  # a stall that came too early is still there
        await channel(key, url=service.url).send(notice(), delivery_id="d-1")

    assert type(error) is kind
    assert getattr(error, "retry_after", None) == wait
    assert len(service.incidents) == 1
