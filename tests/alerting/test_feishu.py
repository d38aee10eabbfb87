"""Feishu through a socket: the card that arrives, how it is signed, and that only code 0 is a success."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientTimeout

from mocks.robots import TOKEN, MockFeishu
from tests.alerting.robot_notices import (
    ACTING,
    FAULTS,
    INFO,
    NOW,
    SHORT,
    WARNING,
    alert,
    answers,
    busy,
    failing,
    fault,
    notice,
    now,
    over,
    secret_in,
    shown,
)
from tests.report.scans import CHINESE, ENGLISH
from vhealthd.alerting.feishu import Feishu, message, signature
from vhealthd.alerting.post import TIMEOUT, Clock
from vhealthd.config import FeishuChannel
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from vhealthd.language import Language
from vhealthd.model import Notice

SECRET = "kq3Zb1fJ8Yx2"
LARGEST = 20_000

# key=$(printf '%s\n%s' 1795240860 kq3Zb1fJ8Yx2 | od -An -tx1 -v | tr -d ' \n')
# printf '' | openssl dgst -sha256 -mac HMAC -macopt hexkey:$key -binary | base64
SIGNATURE = "I1z1pt5btZbUcfbHX62Z9UkBN2FewiQm5HGxCHOqnAI="


def channel(
    folder: Path,
    robot: MockFeishu,
    *,
    secret: str | None = SECRET,
    language: Language = ENGLISH,
    clock: Clock = now,
    timeout: ClientTimeout = TIMEOUT,
) -> Feishu:
    settings = FeishuChannel(
        type="feishu",
        url=secret_in(folder, "url", robot.target),
        secret=secret_in(folder, "secret", secret) if secret else None,
    )
    return Feishu(settings, language=language, clock=clock, timeout=timeout)


def texts(value: object, tag: str) -> Iterator[str]:
    """Yield the texts in all parts of one kind."""
    match value:
        case {"tag": found, "content": str(text)} if found == tag:
            yield text
        case dict():
            for inner in value.values():
                yield from texts(inner, tag)
        case list():
            for inner in value:
                yield from texts(inner, tag)


def lines(about: Notice, language: Language = ENGLISH) -> list[str]:
    """Return what a card shows, from top to bottom."""
    card = message(about, language)["card"]
    parts = [card["header"], *card["elements"]]
    shown_ones = [text for part in parts for tag in ("plain_text", "markdown") for text in texts(part, tag)]
    return "\n".join(shown_ones).splitlines()


# --- the signature


def test_time_and_secret_are_the_key_of_the_signature() -> None:
    assert signature(SECRET, NOW) == {"timestamp": "1795240860", "sign": SIGNATURE}


async def test_a_signed_card_is_taken(tmp_path: Path) -> None:
    async with MockFeishu(clock=now, secret=SECRET) as robot:
        await channel(tmp_path, robot).send(notice(alert()), delivery_id="d-1")

    (taken,) = robot.messages
    assert taken["card"]["header"]["title"]["content"] == "vhealthd: 1 critical (prod)"


async def test_a_bot_without_signatures_gets_none(tmp_path: Path) -> None:
    async with MockFeishu(clock=now) as robot:
        await channel(tmp_path, robot, secret=None).send(notice(alert()), delivery_id="d-1")

    assert robot.messages[0].keys() == {"msg_type", "card"}


async def test_a_wrong_secret_is_for_good_and_says_what_to_compare(tmp_path: Path) -> None:
    async with MockFeishu(clock=now, secret="other") as robot:
        error = await failing(channel(tmp_path, robot))

    assert isinstance(error, DeliveryRefusedError)
    assert str(error).startswith("127.0.0.1 says 19021: sign match fail")
    assert str(error).endswith("compare secret with the bot's, and look at the clock of this machine")


async def test_a_clock_that_is_off_by_more_than_an_hour_is_not_taken(tmp_path: Path) -> None:
    def early() -> datetime:
        return NOW - timedelta(hours=1, seconds=1)

    async with MockFeishu(clock=now, secret=SECRET) as robot:
        error = await failing(channel(tmp_path, robot, clock=early))

    assert "says 19021" in str(error)


async def test_the_url_and_the_secret_are_read_for_each_attempt(tmp_path: Path) -> None:
    async with MockFeishu(clock=now, secret=SECRET) as robot:
        to = channel(tmp_path, robot, secret="old")
        await failing(to)
        (tmp_path / "secret").write_text(SECRET)
        await to.send(notice(alert()), delivery_id="d-1")
        (tmp_path / "url").unlink()
        with pytest.raises(ConfigError, match="there is no file"):
            await to.send(notice(alert()), delivery_id="d-1")

    assert len(robot.accepted) == 1


# --- what it says


def test_the_worst_comes_first_and_what_is_resolved_last() -> None:
    report = "https://vhealthd.example/runs/1"
    assert lines(notice(alert("a"), alert("b", WARNING, kb="https://kb.example/1"), over("d"), report=report)) == [
        "vhealthd: 1 critical, 1 warning, 1 resolved (prod)",
        "All findings of the run: 1 critical, 1 warning.",
        "<font color='red'>**Critical (1)**</font>",
        "New: a (prod)",
        "Host connection: The host does not respond to vCenter; virtual machines that were running on it: 12",
        "What to do: Look at the power, the network and the management agents of the host.",
        "<font color='orange'>**Warning (1)**</font>",
        "New: b (prod)",
        "Host connection: The host does not respond to vCenter; virtual machines that were running on it: 12",
        "What to do: Look at the power, the network and the management agents of the host.",
        "[Knowledge base article](https://kb.example/1)",
        "<font color='green'>**Resolved (1)**</font>",
        "d (prod, since 2026-11-20 21:01 UTC)",
        "Host connection: The host does not respond to vCenter; virtual machines that were running on it: 12",
        "Run 20261121T060000Z-7f3a (2026-11-21 06:01 UTC)",
        "[The full report](https://vhealthd.example/runs/1)",
    ]


@pytest.mark.parametrize(
    ("about", "colour"),
    [
        (notice(alert(), alert(severity=WARNING)), "red"),
        (notice(alert(severity=WARNING), over()), "orange"),
        (notice(alert(severity=INFO)), "blue"),
        (notice(over()), "green"),
        (notice(alert(), test=True), "green"),
    ],
)
def test_its_head_has_the_colour_of_the_worst(about: Notice, colour: str) -> None:
    assert message(about, ENGLISH)["card"]["header"]["template"] == colour


async def test_a_test_says_that_it_is_one_and_nothing_else(tmp_path: Path) -> None:
    about = notice(alert("db-1"), test=True)
    async with MockFeishu(clock=now, secret=SECRET) as robot:
        await channel(tmp_path, robot).send(about, delivery_id="d-1")

    assert lines(about) == [
        "This is a test of vhealthd. Nothing is wrong.",
        "Run 20261121T060000Z-7f3a (2026-11-21 06:01 UTC)",
    ]


def test_chinese_is_chinese() -> None:
    said = lines(notice(alert()), CHINESE)
    assert "<font color='red'>**严重（1）**</font>" in said
    assert any(line.startswith("处理方法：") for line in said)


@pytest.mark.parametrize("name", ACTING)
def test_a_name_is_plain_text_and_nothing_else(name: str) -> None:
    def about(foreign: str) -> dict[str, Any]:
        wrong = alert(foreign, message=f"Port group {foreign} is gone", examples=(foreign, "other"), count=3)
        report = f"https://vhealthd.example/{foreign}"
        return message(notice(wrong, over(foreign), vcenters=(foreign,), report=f"{report} )"), ENGLISH)

    hostile, tame = about(name), about("tame")
    assert list(texts(hostile, "markdown")) == list(texts(tame, "markdown"))
    assert [text.count("\n") for text in texts(hostile, "plain_text")] == [
        text.count("\n") for text in texts(tame, "plain_text")
    ]


# --- the limits


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
async def test_a_bad_day_of_two_vcenters_is_taken(tmp_path: Path, language: Language) -> None:
    async with MockFeishu(clock=now, secret=SECRET) as robot:
        await channel(tmp_path, robot, language=language).send(busy(), delivery_id="d-1")

    assert len(robot.messages) == 1


async def test_texts_without_end_leave_room_for_as_many_as_fit(tmp_path: Path) -> None:
    endless = [alert("😀" * 5000, message="😀" * 5000, advice=f"{n} " + "長" * 5000) for n in range(20)]
    async with MockFeishu(clock=now, secret=SECRET) as robot:
        await channel(tmp_path, robot).send(notice(*endless), delivery_id="d-1")

    (request,) = robot.accepted
    told = sum(line.startswith("New: ") for line in lines(notice(*endless)))
    assert LARGEST - 3000 < len(request.body) <= LARGEST
    assert f"Not shown here: {20 - told} critical; see the report." in lines(notice(*endless))


async def test_too_many_in_a_minute_wait(tmp_path: Path) -> None:
    async with MockFeishu(clock=now, secret=SECRET) as robot:
        robot.moments = [NOW] * 100
        error = await failing(channel(tmp_path, robot))

    assert isinstance(error, DeliveryDelayedError)


# --- what is a success


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ('{"code": 9499, "msg": "too many request"}', DeliveryDelayedError),
        ('{"StatusCode": 0, "StatusMessage": "", "code": 9499, "msg": "too many request"}', DeliveryDelayedError),
        ('{"code": 11232, "msg": "frequency limited psm[x]"}', DeliveryDelayedError),
        ('{"code": 9499, "msg": "Bad Request"}', DeliveryRefusedError),
        ('{"code": 19001, "msg": "param invalid"}', DeliveryRefusedError),
        ('{"code": 19021, "msg": "sign match fail"}', DeliveryRefusedError),
        ('{"StatusCode": 0, "StatusMessage": "", "code": 19024, "msg": "Key Words Not Found"}', DeliveryRefusedError),
        ('{"StatusCode": 19007, "StatusMessage": "Bot Not Enabled"}', DeliveryRefusedError),
    ],
)
async def test_a_success_that_the_body_denies_is_none(tmp_path: Path, answer: str, kind: type[DeliveryError]) -> None:
    async with MockFeishu(clock=now, faults=answers(answer)) as robot:
        error = await failing(channel(tmp_path, robot))

    assert type(error) is kind
    assert "None" not in str(error)


@pytest.mark.parametrize("answer", ['{"code": 0, "msg": "success"}', '{"StatusCode": 0, "StatusMessage": "success"}'])
async def test_code_0_is_a_success_and_so_is_status_code_0_alone(tmp_path: Path, answer: str) -> None:
    async with MockFeishu(clock=now, faults=answers(answer)) as robot:
        await channel(tmp_path, robot).send(notice(alert()), delivery_id="d-1")

    assert len(robot.requests) == 1


@pytest.mark.parametrize(("answer", "kind", "told"), FAULTS)
async def test_trouble_on_the_way(tmp_path: Path, answer: dict[str, Any], kind: type[DeliveryError], told: str) -> None:
    async with MockFeishu(clock=now, secret=SECRET, faults=[fault(**answer)]) as robot:
        error = await failing(channel(tmp_path, robot, timeout=SHORT if "wait" in answer else TIMEOUT))

    assert type(error) is kind
    assert told in str(error)
    assert len(robot.requests) == 1
    assert getattr(error, "retry_after", None) == (7 if answer.get("status") == 429 else None)


async def test_no_error_shows_the_url_or_the_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    echo = f'{{"code": 19001, "msg": "no bot {TOKEN} with {SECRET}"}}'
    async with MockFeishu(clock=now, faults=[*answers(echo), fault(reset=True)]) as robot:
        to = channel(tmp_path, robot)
        told = shown(await failing(to)) + shown(await failing(to)) + caplog.text

    assert TOKEN not in told
    assert SECRET not in told
    assert "/hook/" not in told
