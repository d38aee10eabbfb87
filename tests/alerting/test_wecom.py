"""WeCom through a socket: what arrives in 4,096 bytes, and that only errcode 0 is a success."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientTimeout

from mocks.robots import TOKEN, MockWeCom
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
    markup,
    notice,
    now,
    over,
    secret_in,
    shown,
)
from tests.report.scans import CHINESE, ENGLISH
from vhealthd.alerting.post import TIMEOUT
from vhealthd.alerting.wecom import WeCom, message
from vhealthd.config import WeComChannel
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from vhealthd.language import Language
from vhealthd.model import Notice

LARGEST = 4096


def channel(folder: Path, robot: MockWeCom, *, language: Language = ENGLISH, timeout: ClientTimeout = TIMEOUT) -> WeCom:
    settings = WeComChannel(type="wecom", url=secret_in(folder, "url", robot.target))
    return WeCom(settings, language=language, clock=now, timeout=timeout)


def text(about: Notice, language: Language = ENGLISH) -> str:
    written = message(about, language)["markdown"]["content"]
    assert isinstance(written, str)
    return written


# --- what it says


async def test_a_message_arrives(tmp_path: Path) -> None:
    async with MockWeCom(clock=now) as robot:
        await channel(tmp_path, robot).send(notice(alert()), delivery_id="d-1")

    (taken,) = robot.messages
    assert taken == {"msgtype": "markdown", "markdown": {"content": text(notice(alert()))}}


def test_the_worst_comes_first_and_in_colour() -> None:
    said = text(notice(alert("a"), alert("b", WARNING), alert("c", INFO), over("d")))
    order = (
        "### vhealthd: 1 critical, 1 warning, 1 info, 1 resolved (prod)",
        "All findings of the run: 1 critical, 1 warning, 1 info.",
        '#### <font color="warning">Critical (1)</font>',
        "**New: a (prod)**\nHost connection: The host does not respond to vCenter",
        "\nWhat to do: Look at the power",
        '#### <font color="warning">Warning (1)</font>',
        '#### <font color="comment">Info (1)</font>',
        '#### <font color="info">Resolved (1)</font>',
        "**d (prod, since 2026-11-20 21:01 UTC)**\nHost connection",
        "Run 20261121T060000Z-7f3a (2026-11-21 06:01 UTC)",
    )
    assert all(said.index(first) < said.index(second) for first, second in pairwise(order))


def test_a_test_says_that_it_is_one_and_nothing_else() -> None:
    assert text(notice(alert("db-1"), test=True)) == (
        "### This is a test of vhealthd. Nothing is wrong.\n\nRun 20261121T060000Z-7f3a (2026-11-21 06:01 UTC)"
    )


@pytest.mark.parametrize("name", ACTING)
def test_a_name_acts_as_nothing(name: str) -> None:
    def about(foreign: str) -> Notice:
        wrong = alert(foreign, message=f"Port group {foreign} is gone", examples=(foreign, "other"), count=3)
        return notice(wrong, over(foreign), vcenters=(foreign,), report=f"/reports/{foreign}")

    assert markup(text(about(name))) == markup(text(about("tame")))


# --- the limit


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
async def test_a_bad_day_of_two_vcenters_is_taken(tmp_path: Path, language: Language) -> None:
    async with MockWeCom(clock=now) as robot:
        await channel(tmp_path, robot, language=language).send(busy(), delivery_id="d-1")

    said = robot.messages[0]["markdown"]["content"]
    assert all(f"esx-0{n}.ams.example.net" in said for n in range(3))


@pytest.mark.parametrize("letter", ["x", "虚", "😀", "\u202e"])
@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
def test_whatever_is_cut_is_whole_alerts_and_their_number(letter: str, language: Language) -> None:
    told = [alert(f"{n}-{letter * 500}", message=letter * 5000, advice=f"{n} {letter * 5000}") for n in range(30)]
    said = text(notice(*told, vcenters=(letter * 500,) * 9, report=f"/{letter * 5000}"), language)
    heads = said.count("\n**")

    assert len(said.encode()) <= LARGEST
    assert 1 <= heads < 30
    assert f"{30 - heads} " in said.rsplit("\n\n", 1)[1]


def test_nothing_is_left_out_that_would_fit() -> None:
    def heads(about: Notice) -> int:
        return text(about).count("\n**")

    told = [alert(f"{n:02}", message="m" * 200, advice=f"{n}") for n in range(20)]
    fit = heads(notice(*told))
    assert heads(notice(*told[:fit])) == fit
    assert len(text(notice(*told)).encode()) + 260 > LARGEST  # one alert has about 240 bytes


async def test_the_message_after_twenty_in_a_minute_waits_for_the_next(tmp_path: Path) -> None:
    async with MockWeCom(clock=now) as robot:
        robot.moments = [NOW] * 20
        error = await failing(channel(tmp_path, robot))

    assert isinstance(error, DeliveryDelayedError)
    assert error.retry_after == 60


# --- what is a success


@pytest.mark.parametrize(
    ("code", "kind", "wait"),
    [
        (-1, DeliveryDelayedError, None),
        (45009, DeliveryDelayedError, 60),
        (93000, DeliveryRefusedError, None),
        (40058, DeliveryRefusedError, None),
    ],
)
async def test_a_success_that_the_body_denies_is_none(
    tmp_path: Path, code: int, kind: type[DeliveryError], wait: float | None
) -> None:
    async with MockWeCom(clock=now, faults=answers(f'{{"errcode": {code}, "errmsg": "why not"}}')) as robot:
        error = await failing(channel(tmp_path, robot))

    assert type(error) is kind
    assert f"127.0.0.1 says {code}: why not" in str(error)
    assert getattr(error, "retry_after", None) == wait


async def test_a_url_that_it_does_not_know_is_to_be_copied_anew(tmp_path: Path) -> None:
    async with MockWeCom(clock=now) as robot:
        to = channel(tmp_path, robot)
        (tmp_path / "url").write_text(robot.target[:-1])
        error = await failing(to)

    assert isinstance(error, DeliveryRefusedError)
    assert str(error).endswith("copy the robot's URL anew")


@pytest.mark.parametrize(("answer", "kind", "told"), FAULTS)
async def test_trouble_on_the_way(tmp_path: Path, answer: dict[str, Any], kind: type[DeliveryError], told: str) -> None:
    async with MockWeCom(clock=now, faults=[fault(**answer)]) as robot:
        error = await failing(channel(tmp_path, robot, timeout=SHORT if "wait" in answer else TIMEOUT))

    assert type(error) is kind
    assert told in str(error)
    assert len(robot.requests) == 1
    assert getattr(error, "retry_after", None) == (7 if answer.get("status") == 429 else None)


async def test_a_url_that_cannot_be_read_is_the_configurations_fault(tmp_path: Path) -> None:
    async with MockWeCom(clock=now) as robot:
        to = channel(tmp_path, robot)
        (tmp_path / "url").unlink()
        with pytest.raises(ConfigError, match="there is no file"):
            await to.send(notice(alert()), delivery_id="d-1")


async def test_no_error_shows_the_url(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    echo = f'{{"errcode": 93000, "errmsg": "no robot {TOKEN}"}}'
    async with MockWeCom(clock=now, faults=[*answers(echo), fault(reset=True)]) as robot:
        to = channel(tmp_path, robot)
        told = shown(await failing(to)) + shown(await failing(to)) + caplog.text

    assert TOKEN not in told
    assert "key=" not in told
