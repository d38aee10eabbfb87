"""SMS through a real socket: who has a message, who cannot have it, and what 320 characters say."""

import asyncio
import math
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from pydantic import JsonValue

from mocks.pagers import MockTwilio
from mocks.webhooks import Answer
from tests.alerting.notices import GONE, alert, clock, estate, full, notice, over
from tests.report.scans import CHINESE, ENGLISH, HOSTILE
from vhealthd import daemon, once
from vhealthd.alerting.channel import Resumable
from vhealthd.alerting.twilio import LONGEST, Twilio, text
from vhealthd.config import TwilioChannel
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryError, DeliveryRefusedError, VhealthdError
from vhealthd.language import Language
from vhealthd.model import Notice, Severity, Turn

SID, TOKEN, SERVICE = "AC" + "1f" * 16, "5b1e0c7d2a9f4e638d70c1b2a3948576", "MG" + "2e" * 16
FROM, ANNA, BERND, CHEN = "+15005550006", "+4915112345678", "+4915187654321", "+8613800138000"
Progress = Mapping[str, JsonValue]
PATIENT, SHORT = aiohttp.ClientTimeout(total=10), aiohttp.ClientTimeout(total=0.05)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "auth-token"
    file.write_text(TOKEN + "\n")
    return file


def twilio(**changes: Any) -> MockTwilio:  # noqa: ANN401 - of the mock
    return MockTwilio(account=(SID, TOKEN), senders=[FROM, SERVICE, "vhealthd"], **changes)


def channel(
    token: Path,
    service: MockTwilio,
    *to: str,
    timeout: aiohttp.ClientTimeout = PATIENT,
    **changes: Any,  # noqa: ANN401 - settings
) -> Twilio:
    told = {"type": "twilio", "account_sid": SID, "auth_token": {"file": token}, "to": to or (ANNA,)}
    sender = {} if "messaging_service_sid" in changes else {"from": FROM}
    settings = TwilioChannel.model_validate({"url": service.url, **told, **sender, **changes})
    return Twilio(settings, language=ENGLISH, clock=clock, timeout=timeout)


async def failing(channel: Resumable, progress: Progress | None = None) -> VhealthdError:
    with pytest.raises(VhealthdError) as caught:
        await channel.resume(notice(), delivery_id="d-1", progress=progress or {})
    return caught.value


async def refusal(channel: Resumable, progress: Progress | None = None) -> DeliveryError:
    error = await failing(channel, progress)
    assert isinstance(error, DeliveryError)
    return error


def has(service: MockTwilio) -> list[str]:
    """Return who has a message, in order."""
    return sorted(one.to for one in service.messages)


# --- what arrives


async def test_each_number_has_one_message(token: Path) -> None:
    async with twilio() as service:
        await channel(token, service, ANNA, BERND).send(estate(), delivery_id="d-1")

    assert has(service) == [ANNA, BERND]
    assert {one.sender for one in service.messages} == {FROM}
    assert {one.body for one in service.messages} == {text(estate(), ENGLISH)}


async def test_a_number_that_is_configured_twice_has_one_message_too(token: Path) -> None:
    async with twilio() as service:
        await channel(token, service, ANNA, ANNA).send(notice(), delivery_id="d-1")

    assert has(service) == [ANNA]


@pytest.mark.parametrize(
    ("given", "sender"), [({"from": "vhealthd"}, "vhealthd"), ({"messaging_service_sid": SERVICE}, SERVICE)]
)
async def test_a_message_may_come_from_a_name_or_a_messaging_service(
    token: Path, given: dict[str, Any], sender: str
) -> None:
    async with twilio() as service:
        await channel(token, service, **given).send(notice(), delivery_id="d-1")

    assert service.messages[0].sender == sender


@pytest.mark.parametrize("name", HOSTILE)
async def test_names_are_text_whatever_is_in_them(token: Path, name: str) -> None:
    told = notice(alert(name, title=name, message=f"{name} is gone", advice=name))
    async with twilio() as service:
        await channel(token, service).send(told, delivery_id="d-1")

    body = service.messages[0].body
    assert len(body) <= LONGEST
    assert body.splitlines()[0] == "vhealthd: 1 critical"
    assert len(body.splitlines()) <= 3
    assert "\u202e" not in body
    assert "\x1b" not in body


async def test_it_goes_to_twilio_unless_there_is_a_relay(token: Path) -> None:
    # a proxy that lets nothing through
    async with twilio() as proxy:
        error = await failing(channel(token, proxy, url=None, proxy=proxy.url))

    assert "api.twilio.com: the proxy answers 404 Not Found" in str(error)


# --- who has it


def test_an_attempt_ends_before_the_service_does_so_that_who_has_it_is_noted(token: Path) -> None:
    told = {"type": "twilio", "account_sid": SID, "auth_token": {"file": token}, "to": [ANNA], "from": FROM}
    sends = Twilio(TwilioChannel.model_validate(told), language=ENGLISH, clock=clock)
    longest = timedelta(seconds=sends._post._timeout.total or math.inf)
    assert longest < min(daemon._GRACE, once._GRACE)


async def test_one_number_that_is_refused_does_not_stop_the_others(token: Path) -> None:
    async with twilio(refuses={BERND: 21614}) as service:
        error = await refusal(channel(token, service, ANNA, BERND, CHEN))

    assert has(service) == [ANNA, CHEN]
    assert isinstance(error, DeliveryRefusedError)
    assert str(error).startswith(f"refused: {BERND} (127.0.0.1 answers 400: ")
    assert "'To' number is not a valid mobile number" in str(error)
    assert str(error).endswith("; 2 of the others have it")
    assert error.progress == {"taken": [ANNA, CHEN], "refused": {}}


@pytest.mark.parametrize("code", [21211, 21610, 21614])
async def test_what_is_wrong_with_a_number_is_for_good(token: Path, code: int) -> None:
    async with twilio(refuses={ANNA: code}) as service:
        error = await refusal(channel(token, service))

    assert isinstance(error, DeliveryRefusedError)
    assert f'"code":{code}' in str(error)


async def test_who_has_it_gets_it_no_second_time(token: Path) -> None:
    too_many = MockTwilio.error(429, 20429, "Too Many Requests")
    too_many.headers = {**too_many.headers, "Retry-After": "7"}
    async with twilio() as service:
        await channel(token, service, ANNA).send(notice(), delivery_id="d-0")
        service.faults.append(too_many)
        first = await refusal(channel(token, service, BERND), progress={"taken": [ANNA], "refused": {}})
        await channel(token, service, ANNA, BERND).resume(notice(), delivery_id="d-1", progress=first.progress or {})

    assert isinstance(first, DeliveryDelayedError)
    assert str(first).startswith(f"not taken yet: {BERND} (127.0.0.1 answers 429: ")
    assert first.retry_after == 7.0
    assert has(service) == [ANNA, BERND]


async def test_of_several_only_those_without_it_are_tried_again(token: Path) -> None:
    async with twilio(faults=[Answer(status=503)]) as service:
        to = channel(token, service, ANNA, BERND, CHEN)
        first = await refusal(to)
        assert isinstance(first.progress, dict)
        taken = first.progress["taken"]
        await to.resume(notice(), delivery_id="d-1", progress=first.progress)

    assert isinstance(taken, list)
    assert len(taken) == 2
    assert has(service) == [ANNA, BERND, CHEN]


async def test_who_was_refused_is_told_once_all_others_have_it(token: Path) -> None:
    async with twilio() as service:
        remembered: Progress = {"taken": [ANNA], "refused": {BERND: "unsubscribed"}}
        error = await refusal(channel(token, service, ANNA, BERND, CHEN), progress=remembered)

    assert has(service) == [CHEN]
    assert isinstance(error, DeliveryRefusedError)
    assert str(error) == f"refused: {BERND} (unsubscribed); 2 of the others have it"


async def test_who_was_refused_is_not_asked_again_while_others_wait(token: Path) -> None:
    async with twilio(faults=[Answer(status=503)]) as service:
        error = await refusal(channel(token, service, ANNA, BERND), {"refused": {ANNA: "unsubscribed"}})

    assert isinstance(error, DeliveryDelayedError)
    assert ANNA not in str(error)
    assert error.progress == {"taken": [], "refused": {ANNA: "unsubscribed"}}


async def test_a_retry_by_hand_asks_those_again_who_were_refused(token: Path) -> None:
    async with twilio(refuses={BERND: 21610}) as service:
        to = channel(token, service, ANNA, BERND)
        error = await refusal(to)
        service.refuses.clear()
        await to.resume(notice(), delivery_id="d-1", progress=error.progress or {})

    assert has(service) == [ANNA, BERND]


async def test_when_everybody_has_it_nothing_is_sent(token: Path) -> None:
    async with twilio() as service:
        await channel(token, service).resume(notice(), delivery_id="d-1", progress={"taken": [ANNA], "refused": {}})

    assert service.requests == []


# --- what is no success


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"sid": "SM1", "status": "queued"}, DeliveryDelayedError),
        (201, {"code": 21211, "message": "not valid"}, DeliveryDelayedError),
        (201, {"sid": "SM1", "status": "failed", "error_code": 30008}, DeliveryRefusedError),
    ],
)
async def test_only_201_with_a_message_that_has_not_failed_is_one(
    token: Path, status: int, body: dict[str, object], kind: type[VhealthdError]
) -> None:
    async with twilio(faults=[Answer(status=status, body=orjson.dumps(body))]) as service:
        error = await refusal(channel(token, service))

    assert type(error) is kind
    assert f"answers {status}, but not that it sends the message" in str(error)
    assert error.progress == {"taken": [], "refused": {}}


async def test_a_wrong_token_is_for_good_and_shown_to_nobody(token: Path) -> None:
    token.write_text("wr0ng-but-a-secret")
    async with twilio() as service:
        error = await failing(channel(token, service))

    assert isinstance(error, DeliveryRefusedError)
    assert "401" in str(error)
    assert "Authenticate" in str(error)
    assert "wr0ng" not in str(error)


async def test_a_token_that_is_not_there_is_the_configurations_fault(tmp_path: Path) -> None:
    async with twilio() as service:
        error = await failing(channel(tmp_path / "gone", service))

    assert isinstance(error, ConfigError)


async def test_so_is_a_relay_where_nothing_may_be_sent(token: Path) -> None:
    async with twilio() as service:
        error = await failing(channel(token, service, url="https://10.0.0.7", refuse_private=True))

    assert isinstance(error, ConfigError)


@pytest.mark.parametrize(
    ("fault", "kind", "wait"),
    [
        (Answer(status=429, headers={"Retry-After": "7"}), DeliveryDelayedError, 7.0),
        (Answer(status=500), DeliveryDelayedError, None),
        (Answer(wait=asyncio.Event()), DeliveryDelayedError, None),
        (Answer(status=302, headers={"Location": "https://elsewhere.example.com"}), DeliveryRefusedError, None),
    ],
)
async def test_trouble_at_twilio(token: Path, fault: Answer, kind: type[VhealthdError], wait: float | None) -> None:
    async with twilio(faults=[fault]) as service:
        error = await failing(channel(token, service, timeout=SHORT if fault.wait else PATIENT))
        service.faults.clear()  # a stall that came too early is still there
        await channel(token, service).send(notice(), delivery_id="d-1")

    assert type(error) is kind
    assert getattr(error, "retry_after", None) == wait
    assert has(service) == [ANNA]


# --- what it says


def test_counts_come_first_then_the_worst_and_what_to_do() -> None:
    assert text(estate(), ENGLISH).splitlines() == [
        "vhealthd: 3 critical and 40 warning",
        f"New: esx-04.ams.example.net (prod), Host connection: {GONE}",
        "242 more alerts",
        "What to do: Look at the host's console and at its management network; then reconnect it in vCenter.",
    ]


def test_what_to_do_is_cut_or_left_out_where_there_is_no_room() -> None:
    cut = text(notice(alert(message="m" * 160)), ENGLISH)
    left_out = text(notice(alert(message="m" * 225)), ENGLISH)

    assert len(cut) == LONGEST
    assert (
        cut.splitlines()[-1] == "What to do: Look at the host's console and at its management network; then reconne..."
    )
    assert left_out.splitlines()[-1].endswith("mmm")


def test_a_long_message_is_cut_where_the_alphabet_of_sms_has_a_letter_for_it() -> None:
    told = text(
        notice(alert("n" * 100, title="t" * 100, vcenter="v" * 100, message="m" * 500), full(), over(full())), ENGLISH
    )

    assert len(told) == LONGEST
    assert told.splitlines()[1].startswith(f"New: {'n' * 57}... ({'v' * 27}...), {'t' * 47}...: mmm")
    assert told.splitlines()[1].endswith("mmm...")
    assert told.splitlines()[2:] == ["1 more alert", "1 alert is over"]
    assert told.isascii()


def test_it_says_that_nothing_is_wrong_any_more() -> None:
    assert text(notice(over(alert())), ENGLISH).splitlines() == [
        "vhealthd: Nothing is critical, and nothing warns.",
        "Resolved: esx-04.ams.example.net (prod), Host connection",
    ]


def test_what_is_over_for_the_reader_need_not_be_over() -> None:
    told = notice(over(alert(), Turn.IMPROVED), over(full()), warning=1)

    assert text(told, ENGLISH).splitlines() == [
        "vhealthd: 1 warning",
        "Improved: esx-04.ams.example.net (prod), Host connection",
        "1 more alert",
    ]


def test_what_is_told_elsewhere_is_not_counted_as_over() -> None:
    told = notice(alert(), over(full()), *[over(full("ds01"), Turn.WORSENED)] * 2)

    assert text(told, ENGLISH).splitlines()[2:4] == ["1 alert is over", "2 alerts are told elsewhere now"]


@pytest.mark.parametrize(
    "told",
    [
        notice(alert(severity=Severity.INFO)),
        notice(alert(severity=Severity.WARNING), warning=0),  # checks that stay unknown are no finding
    ],
)
def test_without_findings_that_weigh_it_counts_alerts(told: Notice) -> None:
    assert text(told, ENGLISH).splitlines()[0] == "vhealthd: 1 alert"


def test_vcenter_itself_is_named_once() -> None:
    told = alert("prod", object_type="VirtualCenter", title="vCenter reachability", message="connection refused")

    assert "New: prod, vCenter reachability: connection refused" in text(notice(told), ENGLISH).splitlines()


def test_a_test_says_that_nothing_is_wrong() -> None:
    assert text(notice(test=True), ENGLISH) == "This is a test of vhealthd. Nothing is wrong."


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
@pytest.mark.parametrize("told", [estate(), notice(over(alert())), notice(*[full("数据存储" * 30)] * 7, over(alert()))])
def test_it_is_never_longer_than_320_characters(told: Notice, language: Language) -> None:
    assert len(text(told, language)) <= LONGEST


def test_it_is_said_in_the_language_of_the_channel() -> None:
    lines = text(notice(alert(title="主机连接", message="无响应"), full(), warning=40), CHINESE).splitlines()

    assert lines[0] == "vhealthd：2 项严重、40 项警告"
    assert lines[1].endswith("esx-04.ams.example.net（prod），主机连接：无响应")
    assert lines[3].startswith("处理方法：")
