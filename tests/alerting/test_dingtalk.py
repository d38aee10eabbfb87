"""DingTalk through a socket: what arrives, how it is signed, and that only errcode 0 is a success."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientTimeout

from mocks.robots import TOKEN, MockDingTalk
from tests.alerting.robot_notices import (
    ACTING,
    CRITICAL,
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
from vhealthd.alerting.dingtalk import DingTalk, message, signed
from vhealthd.alerting.markdown import MOST
from vhealthd.alerting.post import TIMEOUT, Clock
from vhealthd.config import DingTalkChannel
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from vhealthd.language import Language
from vhealthd.model import Event, Notice, Turn

SECRET = "SECf00d13"
MOBILE = "13800000000"

# printf '%s\n%s' 1795240860000 SECf00d13 | openssl dgst -sha256 -hmac SECf00d13 -binary | base64
SIGNATURE = "s+9e2e/Hu7jvhiyHZN2QkOdFQ65v7AJJcVuaFXXKCdc="


def channel(
    folder: Path,
    robot: MockDingTalk,
    *,
    secret: str | None = SECRET,
    language: Language = ENGLISH,
    clock: Clock = now,
    timeout: ClientTimeout = TIMEOUT,
) -> DingTalk:
    settings = DingTalkChannel(
        type="dingtalk",
        url=secret_in(folder, "url", robot.target),
        secret=secret_in(folder, "secret", secret) if secret else None,
        at_mobiles=(MOBILE,),
    )
    return DingTalk(settings, language=language, clock=clock, timeout=timeout)


def text(about: Notice, language: Language = ENGLISH) -> str:
    written = message(about, language, [MOBILE])["markdown"]["text"]
    assert isinstance(written, str)
    return written


# --- the signature


def test_time_and_signature_are_encoded_once_and_appended() -> None:
    encoded = SIGNATURE.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    query = f"timestamp=1795240860000&sign={encoded}"
    assert signed("https://oapi.example/robot/send?access_token=t", SECRET, NOW) == (
        f"https://oapi.example/robot/send?access_token=t&{query}"
    )
    assert signed("https://relay.example/ding", SECRET, NOW) == f"https://relay.example/ding?{query}"


async def test_a_signed_message_is_taken(tmp_path: Path) -> None:
    async with MockDingTalk(clock=now, secret=SECRET) as robot:
        await channel(tmp_path, robot).send(notice(alert()), delivery_id="d-1")

    (taken,) = robot.messages
    assert taken["markdown"]["title"] == "vhealthd: 1 critical (prod)"


async def test_a_robot_without_signatures_gets_none(tmp_path: Path) -> None:
    async with MockDingTalk(clock=now) as robot:
        await channel(tmp_path, robot, secret=None).send(notice(alert()), delivery_id="d-1")

    (request,) = robot.accepted
    assert request.path == f"/robot/send?access_token={TOKEN}"


async def test_a_wrong_secret_is_for_good_and_says_what_to_compare(tmp_path: Path) -> None:
    async with MockDingTalk(clock=now, secret="SECother") as robot:
        error = await failing(channel(tmp_path, robot))

    assert isinstance(error, DeliveryRefusedError)
    assert "310000: sign not match; compare secret, the clock of this machine" in str(error)


async def test_a_clock_that_is_off_by_more_than_an_hour_is_not_taken(tmp_path: Path) -> None:
    def late() -> datetime:
        return NOW + timedelta(hours=1, seconds=1)

    async with MockDingTalk(clock=now, secret=SECRET) as robot:
        error = await failing(channel(tmp_path, robot, clock=late))

    assert "sign not match" in str(error)


async def test_the_url_and_the_secret_are_read_for_each_attempt(tmp_path: Path) -> None:
    async with MockDingTalk(clock=now, secret=SECRET) as robot:
        to = channel(tmp_path, robot, secret="SECold")
        await failing(to)
        (tmp_path / "secret").write_text(SECRET)
        await to.send(notice(alert()), delivery_id="d-1")
        (tmp_path / "url").unlink()
        with pytest.raises(ConfigError, match="there is no file"):
            await to.send(notice(alert()), delivery_id="d-1")

    assert len(robot.accepted) == 1


# --- what it says


def test_the_worst_comes_first_and_what_is_resolved_last() -> None:
    said = text(notice(alert("a"), alert("b", WARNING), alert("c", INFO), over("d"), vcenters=("prod", "dr")))
    order = (
        "### vhealthd: 1 critical, 1 warning, 1 info, 1 resolved (prod, dr)",
        "All findings of the run: 1 critical, 1 warning, 1 info.",
        "#### 🔴 Critical (1)",
        "**New: a (prod)**  \nHost connection: The host does not respond to vCenter",
        "What to do: Look at the power",
        "#### 🟠 Warning (1)",
        "**New: b (prod)**",
        "#### 🔵 Info (1)",
        "#### ✅ Resolved (1)",
        "**d (prod, since 2026-11-20 21:01 UTC)**",
        "Run 20261121T060000Z-7f3a (2026-11-21 06:01 UTC)",
    )
    assert all(said.index(first) < said.index(second) for first, second in pairwise(order))


def test_what_is_told_elsewhere_now_comes_after_what_is_resolved() -> None:
    worse = alert("d", event=Event.RESOLVE, turn=Turn.WORSENED)
    better = alert("f", WARNING, event=Event.RESOLVE, turn=Turn.IMPROVED)
    said = text(notice(worse, over("e"), better))
    order = (
        "### vhealthd: 1 resolved, 2 told elsewhere now (prod)",
        "#### ✅ Resolved (1)",
        "**e (prod, since 2026-11-20 21:01 UTC)**",
        "#### 🔵 Told elsewhere now (2)",
        "**Worsened: d (prod, since 2026-11-20 21:01 UTC)**",
        "**Improved: f (prod, since 2026-11-20 21:01 UTC)**",
    )
    assert all(said.index(first) < said.index(second) for first, second in pairwise(order))


def test_what_is_not_shown_is_counted_as_what_it_is() -> None:
    worse = alert("worse", event=Event.RESOLVE, turn=Turn.WORSENED)
    gone = [over(f"gone-{number}") for number in range(MOST)]
    assert "Not shown here: 1 told elsewhere now; see the report." in text(notice(worse, *gone))


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        (Turn.NEW, "New: db-1 (prod)"),
        (Turn.WORSENED, "Worsened: db-1 (prod, since 2026-11-20 21:01 UTC)"),
        (Turn.REOPENED, "Back again: db-1 (prod)"),
        (Turn.REMINDER, "Still there: db-1 (prod, since 2026-11-20 21:01 UTC)"),
        (Turn.IMPROVED, "Improved: db-1 (prod, since 2026-11-20 21:01 UTC)"),
    ],
)
def test_it_says_why_it_is_told_now(turn: Turn, told: str) -> None:
    assert f"**{told}**" in text(notice(alert("db-1", turn=turn)))


def test_a_vcenter_is_not_said_to_be_in_itself() -> None:
    assert "**New: prod**" in text(notice(alert("prod", object_type="VirtualCenter")))


def test_what_to_do_is_said_once_for_alerts_in_a_row_that_want_the_same() -> None:
    said = text(notice(alert("a"), alert("b"), alert("c", advice="Replace the disk.")))
    assert said.count("What to do: Look at the power") == 1
    assert said.count("What to do: Replace the disk.") == 1


def test_a_roll_up_names_some_and_counts_the_others() -> None:
    many = alert("prod", object_type="VirtualCenter", message="41 findings", count=41, examples=("a", "b_1", "[c]"))
    assert "Affected: a, b_1, \uff3bc\uff3d and 38 more" in text(notice(many))


def test_names_that_the_message_has_are_not_said_again() -> None:
    assert "Affected" not in text(notice(alert(message="on a and b", count=2, examples=("a", "b"))))


def test_an_article_and_a_report_on_the_web_are_links() -> None:
    article = "https://knowledge.broadcom.com/external/article/318825"
    said = text(notice(alert(kb=article), report="https://vhealthd.example/runs/1?a=b&c=d"))
    assert f"[Knowledge base article]({article})" in said
    assert "[The full report](https://vhealthd.example/runs/1?a=b&c=d)" in said


@pytest.mark.parametrize("place", ["/var/lib/vhealthd/report.pdf", "https://x.example/a)[b](http://evil.example"])
def test_a_report_elsewhere_is_said_and_no_link(place: str) -> None:
    said = text(notice(alert(), report=place))
    assert "The full report: " in said
    assert "](" not in said


def test_more_than_twenty_are_counted_in_place_of_told() -> None:
    said = text(busy())
    assert "Not shown here: 23 warning, 200 info, 2 resolved; see the report." in said
    assert said.count("\n**") == 20


def test_a_run_without_findings_says_so_beside_what_is_resolved() -> None:
    said = text(notice(over()))
    assert "### vhealthd: 1 resolved (prod)" in said
    assert "The run has no findings." in said


def test_chinese_is_chinese() -> None:
    said = text(notice(alert()), CHINESE)
    assert "#### 🔴 严重（1）" in said
    assert "处理方法：" in said


def test_the_next_run_is_told_where_it_is_known() -> None:
    said = text(notice(alert(), next_run=NOW + timedelta(days=1)))
    assert "Next run: 2026-11-22 06:01 UTC" in said


def test_a_test_says_that_it_is_one_and_nothing_else() -> None:
    made = message(notice(alert("db-1"), test=True), ENGLISH, [MOBILE])
    assert made["markdown"]["title"] == "This is a test of vhealthd. Nothing is wrong."
    assert made["markdown"]["text"] == (
        "### This is a test of vhealthd. Nothing is wrong.\n\nRun 20261121T060000Z-7f3a (2026-11-21 06:01 UTC)"
    )
    assert made["at"]["atMobiles"] == []


# --- who is mentioned


def test_something_critical_mentions_those_who_are_configured() -> None:
    made = message(notice(alert(), alert("b", WARNING)), ENGLISH, [MOBILE, "+8613900000000"])
    assert made["at"] == {"atMobiles": [MOBILE, "+8613900000000"], "isAtAll": False}
    assert made["markdown"]["text"].endswith(f"\n\n@{MOBILE} @+8613900000000")


@pytest.mark.parametrize("quiet", [alert(severity=WARNING), over(severity=CRITICAL)])
def test_anything_else_mentions_nobody(quiet: Any) -> None:  # noqa: ANN401 - an alert
    made = message(notice(quiet), ENGLISH, [MOBILE])
    assert made["at"] == {"atMobiles": [], "isAtAll": False}
    assert "@" not in made["markdown"]["text"]


# --- hostile names


@pytest.mark.parametrize("name", ACTING)
def test_a_name_acts_as_nothing(name: str) -> None:
    def about(foreign: str) -> Notice:
        wrong = alert(foreign, WARNING, message=f"Port group {foreign} is gone", examples=(foreign, "other"), count=3)
        return notice(wrong, over(foreign), vcenters=(foreign,), report=f"/reports/{foreign}")

    assert markup(text(about(name))) == markup(text(about("tame")))


def test_a_name_without_letters_is_a_dash() -> None:
    assert "**New: — (prod)**" in text(notice(alert(" ")))


def test_ordinary_names_stay_as_they_are() -> None:
    assert "**New: web_01-a.example.net R&D #3 (prod)**" in text(notice(alert("web_01-a.example.net R&D #3")))


# --- the limits


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
async def test_a_bad_day_of_two_vcenters_is_taken(tmp_path: Path, language: Language) -> None:
    async with MockDingTalk(clock=now, secret=SECRET) as robot:
        await channel(tmp_path, robot, language=language).send(busy(), delivery_id="d-1")

    assert len(robot.messages) == 1


async def test_texts_without_end_leave_room_for_as_many_as_fit(tmp_path: Path) -> None:
    endless = [alert("😀" * 5000, message="😀" * 5000, advice=f"{n} " + "長" * 5000) for n in range(20)]
    async with MockDingTalk(clock=now, secret=SECRET) as robot:
        await channel(tmp_path, robot).send(notice(*endless), delivery_id="d-1")

    said = robot.messages[0]["markdown"]["text"]
    assert 5 < said.count("\n**") < 20
    assert f"Not shown here: {20 - said.count(chr(10) + '**')} critical" in said


async def test_the_message_after_twenty_in_a_minute_waits_for_ten_minutes(tmp_path: Path) -> None:
    async with MockDingTalk(clock=now, secret=SECRET) as robot:
        robot.moments = [NOW] * 20
        error = await failing(channel(tmp_path, robot))

    assert isinstance(error, DeliveryDelayedError)
    assert error.retry_after == 600


# --- what is a success


@pytest.mark.parametrize(
    ("code", "kind", "wait"),
    [
        (-1, DeliveryDelayedError, None),
        (130101, DeliveryDelayedError, 600),
        (410100, DeliveryDelayedError, 600),
        (300001, DeliveryRefusedError, None),
        (310000, DeliveryRefusedError, None),
        (460101, DeliveryRefusedError, None),
    ],
)
async def test_a_success_that_the_body_denies_is_none(
    tmp_path: Path, code: int, kind: type[DeliveryError], wait: float | None
) -> None:
    async with MockDingTalk(clock=now, faults=answers(f'{{"errcode": {code}, "errmsg": "why not"}}')) as robot:
        error = await failing(channel(tmp_path, robot))

    assert type(error) is kind
    assert f"127.0.0.1 says {code}: why not" in str(error)
    assert getattr(error, "retry_after", None) == wait


@pytest.mark.parametrize(("answer", "kind", "told"), FAULTS)
async def test_trouble_on_the_way(tmp_path: Path, answer: dict[str, Any], kind: type[DeliveryError], told: str) -> None:
    async with MockDingTalk(clock=now, secret=SECRET, faults=[fault(**answer)]) as robot:
        error = await failing(channel(tmp_path, robot, timeout=SHORT if "wait" in answer else TIMEOUT))

    assert type(error) is kind
    assert told in str(error)
    assert len(robot.requests) == 1
    assert getattr(error, "retry_after", None) == (7 if answer.get("status") == 429 else None)


async def test_no_error_shows_the_url_or_the_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    echo = f'{{"errcode": 300001, "errmsg": "no robot {TOKEN} with {SECRET}"}}'
    async with MockDingTalk(clock=now, faults=[*answers(echo), fault(reset=True)]) as robot:
        to = channel(tmp_path, robot)
        told = shown(await failing(to)) + shown(await failing(to)) + caplog.text

    assert TOKEN not in told
    assert SECRET not in told
    assert "access_token" not in told
