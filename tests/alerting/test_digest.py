"""The mail about alerts, as the person on call reads it, and through a real mail server."""

from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mocks.smtp import MockSmtp, SmtpFault
from tests.alerting.notices import CONNECT, FREE, FULL, GONE, NOW, alert, clock, estate, full, notice, over
from tests.delivery.deliveries import mail
from tests.report.scans import CHINESE, ENGLISH, HOSTILE
from vhealthd.alerting.digest import MailDigest, compose
from vhealthd.config import MailChannel
from vhealthd.errors import DeliveryDelayedError, DeliveryRefusedError
from vhealthd.language import Language
from vhealthd.model import Category, Notice, Severity, Turn
from vhealthd.report.mail import Letter

BERLIN = ZoneInfo("Europe/Berlin")
ID = "20261121T060000Z-7f3a-mail-digest-1c2d3e4f"
TO = ("ops@example.com",)


def letter(of: Notice, language: Language = ENGLISH, *, delivery_id: str = ID, to: tuple[str, ...] = TO) -> Letter:
    return compose(of, language=language, sender="v@example.com", to=to, zone=BERLIN, delivery_id=delivery_id)


def digest(server: MockSmtp, *to: str) -> MailDigest:
    channel = MailChannel.model_validate({"type": "mail", "to": to})
    server_settings = mail(host=server.host, port=server.port)
    return MailDigest(channel, server_settings, language=ENGLISH, zone=BERLIN, clock=clock)


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


class Page(HTMLParser):
    """What a mail program shows of a page, and the names of its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.shown = ""
        self.elements: set[str] = set()
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.shown += data

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ANN401, ARG002 - as its parent has it
        self.elements.add(tag)


# --- what it says


def test_it_says_how_much_what_where_and_what_to_do() -> None:
    told = notice(
        alert(),
        alert("vmfs-3", key="11" * 32, severity=Severity.WARNING, turn=Turn.REMINDER, title="Datastore capacity"),
        over(full()),
        report="/reports/report.pdf",
    )

    assert letter(told).subject == "[vhealthd] Alerts: 1 CRITICAL, 1 WARNING, 1 resolved – prod"  # noqa: RUF001 - a dash
    assert (
        letter(told).text
        == f"""\
Alerts of the vSphere health check
==================================
* All findings of the run: 1 critical, 1 warning.


Critical (1)
------------
* New: esx-04.ams.example.net, Host connection: {GONE}
  What to do: {CONNECT}

Warning (1)
-----------
* Still there: vmfs-3, Datastore capacity: {GONE}
  What to do: {CONNECT}

Resolved (1)
------------
* vmfs-gold-01, Datastore capacity: {FULL}

Run 20261121T060000Z-7f3a, 2026-11-21 07:00 CET. The report: /reports/report.pdf
"""
    )


def test_text_and_page_say_the_same() -> None:
    made = letter(estate())
    shown = " ".join(Page(made.html).shown.split())

    for line in made.text.splitlines():
        words = line.removeprefix("* ").strip()
        assert set(words) <= set("=-") or words in shown


def test_a_busy_morning_fits_on_a_screen_or_two() -> None:
    made = letter(estate())

    assert made.subject == "[vhealthd] Alerts: 3 CRITICAL, 40 WARNING, 200 INFO – prod, prod-2"  # noqa: RUF001 - a dash
    headings = [
        before
        for before, rule in zip(made.text.splitlines(), made.text.splitlines()[1:], strict=False)
        if rule[:3] == "---"
    ]
    assert headings == ["Critical (3)", "Warning (40)", "Info (200)"]
    assert "The worst 100 of 200; all of them are in the report." in made.text
    assert made.text.count("app-0") == 40
    assert made.text.count("What to do") == 4, "once for all that ask for the same"
    assert made.text.index(CONNECT) < made.text.index(FREE) < made.text.index("app-000 (prod)")
    assert len(made.html) < 100_000, "mail programs cut longer ones"


def test_with_one_vcenter_concerned_only_the_subject_names_it() -> None:
    made = letter(notice(alert(vcenter="dr"), vcenters=("prod", "dr", "lab")))

    assert made.subject.endswith("– dr")  # noqa: RUF001 - a dash
    assert "esx-04.ams.example.net, Host connection" in made.text


def test_a_roll_up_names_some_of_what_it_stands_for() -> None:
    many = alert(
        "prod",
        object_type="VirtualCenter",
        message="12 findings, such as on app-1: old",
        count=12,
        examples=("app-1", "app-2", "app-3"),
        category=Category.VM,
        title="Snapshot age",
    )
    assert (
        "* New: prod, Snapshot age: 12 findings, such as on app-1: old. Affected: app-1, app-2, app-3 and 9 more\n"
        in letter(notice(many)).text
    )


def test_what_is_over_for_this_reader_says_why() -> None:
    made = letter(notice(over(alert(), Turn.IMPROVED), over(full()), over(full("ds01"), Turn.WORSENED)))

    assert made.subject == "[vhealthd] Alerts: 1 resolved, 2 told elsewhere now – prod"  # noqa: RUF001 - a dash
    assert "* The run has no findings.\n" in made.text
    assert (
        f"""\
Resolved (1)
------------
* vmfs-gold-01, Datastore capacity: {FULL}

Told elsewhere now (2)
----------------------
* Improved: esx-04.ams.example.net, Host connection: {GONE}
* Worsened: ds01, Datastore capacity: {FULL}
"""
        in made.text
    )
    assert "What to do" not in made.text, "nothing has to be done"


def test_what_only_worsened_is_not_told_as_resolved() -> None:
    made = letter(notice(over(full("ds01"), Turn.WORSENED), critical=1))

    assert made.subject == "[vhealthd] Alerts: 1 told elsewhere now – prod"  # noqa: RUF001 - a dash
    assert "esolved" not in made.text + made.html


def test_a_test_says_that_it_is_one_and_nothing_else() -> None:
    made = letter(notice(test=True))

    assert made.subject == "[vhealthd] Test, nothing is wrong"
    assert "This is a test of vhealthd. Nothing is wrong." in made.text
    assert "ritical" not in made.text
    assert GONE not in made.text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_breaks_hides_and_starts_nothing(name: str) -> None:
    plain = letter(notice(alert()))
    made = letter(notice(alert(name, title=name, message=name, advice=name, vcenter=name), vcenters=(name,)))

    assert len(made.subject.splitlines()) == 1
    assert len(made.text.splitlines()) <= len(plain.text.splitlines())
    assert Page(made.html).elements <= Page(plain.html).elements
    assert not set(made.subject + made.text + made.html) & set("\x00\x1b\u200b\u2028\u202e")


def test_it_speaks_chinese() -> None:
    made = letter(notice(alert(), over(full())), CHINESE)

    assert made.subject == "[vhealthd] 告警：1 项严重，1 项已解决 – prod"  # noqa: RUF001 - a dash
    assert "严重（1）\n" in made.text
    assert 'lang="zh-CN"' in made.html


# --- how it is sent


async def test_it_goes_to_those_of_the_channel_or_else_to_those_of_the_report() -> None:
    async with MockSmtp() as server:
        await digest(server).send(notice(), delivery_id=ID)
        await digest(server, "night@example.com", "boss@example.com").send(notice(), delivery_id=ID)

    assert [one.recipients for one in server.mails] == [TO, ("night@example.com", "boss@example.com")]
    message = server.mails[0].message
    assert message["Subject"] == "[vhealthd] Alerts: 1 CRITICAL – prod"  # noqa: RUF001 - a dash
    assert text_of(message) == letter(notice()).text
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


async def test_a_repeat_is_the_same_mail() -> None:
    async with MockSmtp() as server:
        for _ in range(2):
            await digest(server).send(notice(), delivery_id=ID)
        await digest(server).send(notice(), delivery_id="another")
        await digest(server, "b@example.com").send(notice(), delivery_id=ID)

    first, again, other, elsewhere = server.mails
    assert first.data == again.data
    assert len({one.message["Message-ID"] for one in (first, other, elsewhere)}) == 3


async def test_who_has_it_gets_it_no_second_time() -> None:
    later = SmtpFault("rcpt", "450 4.2.1 busy", about="b@", times=1)
    async with MockSmtp(faults=[later]) as server:
        to = digest(server, "a@example.com", "b@example.com")
        with pytest.raises(DeliveryDelayedError) as caught:
            await to.send(notice(), delivery_id=ID)
        await to.resume(notice(), delivery_id=ID, progress=caught.value.progress or {})

    assert [one.recipients for one in server.mails] == [("a@example.com",), ("b@example.com",)]


async def test_a_refusal_is_one() -> None:
    async with MockSmtp(faults=[SmtpFault("mail", "550 5.7.1 not from you")]) as server:
        with pytest.raises(DeliveryRefusedError, match=r"550 5\.7\.1 not from you"):
            await digest(server).send(notice(), delivery_id=ID)


def test_its_time_is_that_of_the_run() -> None:
    assert letter(notice()).date == NOW
