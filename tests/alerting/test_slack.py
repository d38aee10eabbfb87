"""Slack through a real socket: one message a run that pings nobody, links nowhere and fits."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from mocks.pagers import MockSlack
from mocks.webhooks import Answer
from tests.alerting.notices import CONNECT, FREE, FULL, GONE, alert, clock, estate, full, notice, over
from tests.report.scans import CHINESE, ENGLISH, HOSTILE
from vhealthd.alerting.slack import Slack, message
from vhealthd.config import SlackChannel
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryRefusedError, VhealthdError
from vhealthd.language import Language
from vhealthd.model import Notice, Severity, Turn

TOKEN = "Xk9mQ2rT5vW8yB1dF4gH7jL0"
PATH = f"/services/T0AB12CD3/B0EF45GH6/{TOKEN}"
PATIENT, SHORT = aiohttp.ClientTimeout(total=10), aiohttp.ClientTimeout(total=0.05)
REPORT = "https://reports.example.com/vhealthd/latest.pdf"


@pytest.fixture
def hook(tmp_path: Path) -> Path:
    return tmp_path / "webhook-url"


def channel(
    hook: Path,
    service: MockSlack,
    *,
    language: Language = ENGLISH,
    timeout: aiohttp.ClientTimeout = PATIENT,
    **changes: Any,  # noqa: ANN401 - settings
) -> Slack:
    hook.write_text(service.hook + "\n")
    settings = SlackChannel.model_validate({"type": "slack", "url": {"file": hook}, **changes})
    return Slack(settings, language=language, clock=clock, timeout=timeout)


async def failing(channel: Slack) -> VhealthdError:
    with pytest.raises(VhealthdError) as caught:
        await channel.send(notice(), delivery_id="d-1")
    return caught.value


def said(told: Notice, language: Language = ENGLISH) -> list[str]:
    """Return the texts of the blocks, in order."""
    blocks: Any = message(told, language)["blocks"]
    return [block["text"]["text"] if "text" in block else block["elements"][0]["text"] for block in blocks]


# --- what arrives


async def test_a_message_arrives(hook: Path) -> None:
    async with MockSlack(path=PATH) as service:
        await channel(hook, service).send(estate(), delivery_id="d-1")

    assert service.messages == [message(estate(), ENGLISH)]
    assert service.links == [REPORT]
    assert service.pings == []


ATTACKS = (
    "<!channel>",
    "<!here|here>",
    "<@U012AB3CD>",
    "<https://evil.example.com|vcenter>",
    "`<!channel>`",
    "&lt;!channel&gt;",
    "@channel",
)


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
@pytest.mark.parametrize("name", [*HOSTILE, *ATTACKS])
async def test_names_ping_nobody_and_link_nowhere(hook: Path, name: str, language: Language) -> None:
    told = alert(
        name, vcenter=name or "x", title=name, message=f"{name} is gone", advice=name, count=9, examples=(name + "x",)
    )
    async with MockSlack(path=PATH) as service:
        await channel(hook, service, language=language).send(
            notice(told, over(told), vcenters=(name,), run_id=name, report=f"/reports/{name}"), delivery_id="d-1"
        )

    assert (service.pings, service.links) == ([], [])
    assert "\u202e" not in orjson.dumps(service.messages).decode()


def test_nothing_is_made_a_link_or_a_mention_by_itself() -> None:
    blocks: Any = message(estate(), ENGLISH)["blocks"]
    texts = [part for block in blocks for part in [block.get("text"), *block.get("elements", [])] if part]

    assert all(one["verbatim"] for one in texts if one["type"] == "mrkdwn")


def test_a_name_is_shown_as_it_is() -> None:
    assert "`a&lt;b&amp;c*_~` (prod)" in said(notice(alert("a<b&c*_~")))[1]
    assert "`a\N{MODIFIER LETTER GRAVE ACCENT}b` (prod)" in said(notice(alert("a`b")))[1]


@pytest.mark.parametrize("letter", ["m", "&", "<", "`", "字"])
async def test_the_longest_texts_fit(hook: Path, letter: str) -> None:
    long = letter * 3000
    told = alert(long, vcenter=long, title=long, message=long, advice=long, count=9, examples=(f"{long}x",) * 3)
    async with MockSlack(path=PATH) as service:
        await channel(hook, service).send(
            notice(
                *[told] * 20, *[over(told)] * 20, *[over(told, Turn.WORSENED)] * 20, vcenters=(long,) * 3, run_id=long
            ),
            delivery_id="d-1",
        )

    assert len(service.messages) == 1


# --- what it says


def test_counts_come_first_then_the_worst_and_what_to_do_once_a_check() -> None:
    heading, first, second, third, fourth = said(estate())[:5]

    assert heading == "vhealthd: 3 critical, 40 warning, 200 info"
    assert first.splitlines() == [
        "🔴 *Critical · New* · `esx-04.ams.example.net` (prod) · Host connection",
        GONE,
        f"What to do: {CONNECT}",
    ]
    assert second.splitlines() == [
        "🔴 *Critical · New* · `vmfs-gold-01` (prod) · Datastore capacity",
        FULL,
        f"What to do: {FREE}",
    ]
    assert third.splitlines() == [
        "🔴 *Critical · New* · `nfs-backup` (prod-2) · Datastore capacity",
        "99.1 % of 60.0 TB is used; the limit is 95 %",
    ]
    assert fourth.startswith("🟠 *Warning · New* · `app-000` (prod) · Snapshot age\n")


def test_of_many_the_worst_are_shown_and_the_others_counted() -> None:
    *_, more, footer = said(estate())

    assert len(said(estate())) == 13
    assert more == "... and 233 more alerts in the report."
    assert footer == (
        f"prod, prod-2 · Run 20261121T060000Z-7f3a · Next run: 2026-11-22 06:00 UTC · <{REPORT}|The full report>"
    )


def test_ten_are_all_shown() -> None:
    assert len(said(notice(*[full()] * 10))) == 12


def test_a_notification_shows_how_much_there_is_and_the_worst() -> None:
    assert message(estate(), ENGLISH)["text"] == (
        f"vhealthd: 3 critical, 40 warning, 200 info\nNew: esx-04.ams.example.net (prod), Host connection: {GONE}"
    )


def test_what_is_over_comes_last() -> None:
    told = notice(full(turn=Turn.REMINDER), over(alert()), over(full("vmfs-2"), Turn.IMPROVED))

    assert said(told)[1].splitlines()[0] == (
        "🔴 *Critical · Still there* · `vmfs-gold-01` (prod) · Datastore capacity · since 2026-11-20 21:04 UTC"
    )
    assert said(told)[2:4] == [
        f"✅ *Resolved* · `esx-04.ams.example.net` (prod) · Host connection · {GONE}",
        f"➡️ *Improved · Told elsewhere now* · `vmfs-2` (prod) · Datastore capacity · {FULL}",
    ]


def test_of_many_that_are_told_elsewhere_some_are_named_and_the_others_counted() -> None:
    told = notice(*[over(full(), Turn.WORSENED)] * 12, critical=12)

    _, *elsewhere, _ = said(told)
    assert "\n".join(elsewhere).splitlines() == [
        *[f"➡️ *Worsened · Told elsewhere now* · `vmfs-gold-01` (prod) · Datastore capacity · {FULL}"] * 10,
        "... and 2 more are told elsewhere now.",
    ]


def test_it_says_that_nothing_is_wrong_any_more() -> None:
    told = notice(*[over(alert())] * 12)

    assert message(told, ENGLISH)["text"] == (
        "vhealthd: Nothing is critical, and nothing warns.\nResolved: esx-04.ams.example.net (prod), Host connection"
    )
    assert said(told)[-2] == "... and 2 more are over."


def test_alerts_that_are_no_findings_do_not_make_all_well() -> None:
    assert said(notice(alert(severity=Severity.WARNING), warning=0))[0] == "vhealthd: no findings"


def test_many_at_once_are_named_in_part() -> None:
    told = full(
        "prod", object_type="VirtualCenter", message="412 objects are full", count=412, examples=("ds-1", "ds-2")
    )

    assert said(notice(told))[1].splitlines()[:3] == [
        "🔴 *Critical · New* · `prod` · Datastore capacity",
        "412 objects are full",
        "Affected: ds-1, ds-2 and 410 more",
    ]


def test_names_that_the_message_has_are_not_said_again() -> None:
    told = full(message="ds-1 and ds-2 are full", count=2, examples=("ds-1", "ds-2"))

    assert said(notice(told))[1].splitlines()[2].startswith("What to do: ")


def test_an_article_is_linked_over_https_only() -> None:
    assert (
        "\n<https://kb.example.com/1?a=1&amp;b=%7C|Knowledge base article>"
        in said(notice(alert(kb="https://kb.example.com/1?a=1&b=|")))[1]
    )
    assert "kb.example.com" not in said(notice(alert(kb="http://kb.example.com/1")))[1]


def test_a_report_that_is_a_file_is_no_link() -> None:
    assert said(notice(report="/var/lib/vhealthd/reports/x"))[-1].endswith(" · `/var/lib/vhealthd/reports/x`")


def test_a_test_says_that_nothing_is_wrong() -> None:
    told = notice(test=True)

    assert message(told, ENGLISH)["text"] == "This is a test of vhealthd. Nothing is wrong."
    assert said(told) == ["This is a test of vhealthd. Nothing is wrong.", "prod · Run 20261121T060000Z-7f3a"]


def test_it_is_said_in_the_language_of_the_channel() -> None:
    lines = said(notice(alert(title="主机连接", message="无响应"), warning=40), CHINESE)

    assert lines[0] == "vhealthd：1 项严重，40 项警告"
    assert lines[1].startswith("🔴 *严重 · ")
    assert "`esx-04.ams.example.net`（prod） · 主机连接\n无响应\n处理方法：" in lines[1]


# --- what is no success


@pytest.mark.parametrize("body", [b"invalid_payload", b"no_service", b"<html>hello</html>", b"", b"ok but not here"])
async def test_only_ok_is_one(hook: Path, body: bytes) -> None:
    async with MockSlack(path=PATH, faults=[Answer(body=body)]) as service:
        error = await failing(channel(hook, service))

    assert isinstance(error, DeliveryDelayedError)
    assert str(error) == (f"127.0.0.1 answers 200, but not that it has the message: {body.decode() or 'nothing'}")


@pytest.mark.parametrize(
    ("status", "word"),
    [(400, "invalid_payload"), (403, "action_prohibited"), (404, "no_service"), (410, "channel_is_archived")],
)
async def test_what_slack_does_not_take_is_for_good(hook: Path, status: int, word: str) -> None:
    async with MockSlack(path=PATH, faults=[MockSlack.error(status, word)]) as service:
        error = await failing(channel(hook, service))

    assert isinstance(error, DeliveryRefusedError)
    assert str(error) == f"127.0.0.1 answers {status}: {word}"


async def test_a_wrong_url_is_for_good_and_shown_to_nobody(hook: Path) -> None:
    async with MockSlack(path="/services/T1/B1/another") as service:
        to = channel(hook, service)
        hook.write_text(service.url + PATH)
        error = await failing(to)

    assert isinstance(error, DeliveryRefusedError)
    assert str(error) == "127.0.0.1 answers 403: invalid_token"
    assert TOKEN not in repr(error)


async def test_a_url_that_is_not_there_is_the_configurations_fault(hook: Path) -> None:
    async with MockSlack(path=PATH) as service:
        to = channel(hook, service)
        hook.unlink()
        error = await failing(to)

    assert isinstance(error, ConfigError)
    assert "there is no file" in str(error)


@pytest.mark.parametrize(
    ("fault", "kind", "wait"),
    [
        (Answer(status=429, headers={"Retry-After": "7"}), DeliveryDelayedError, 7.0),
        (Answer(status=500, body=b"rollup_error"), DeliveryDelayedError, None),
        (Answer(wait=asyncio.Event()), DeliveryDelayedError, None),
        (Answer(status=302, headers={"Location": "https://elsewhere.example.com"}), DeliveryRefusedError, None),
    ],
)
async def test_trouble_at_slack(hook: Path, fault: Answer, kind: type[VhealthdError], wait: float | None) -> None:
    async with MockSlack(path=PATH, faults=[fault]) as service:
        error = await failing(channel(hook, service, timeout=SHORT if fault.wait else PATIENT))
        service.faults.clear()  # a stall that came too early is still there
        await channel(hook, service).send(notice(), delivery_id="d-1")

    assert type(error) is kind
    assert getattr(error, "retry_after", None) == wait
    assert len(service.messages) == 1
