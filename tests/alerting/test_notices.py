"""What a channel is sent of a decision, and what becomes of several parts that were collected."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.alerting.notices import NOW, alert, full, notice, over
from tests.alerting.routing import Memory, check, critical
from tests.delivery.deliveries import mail, settings
from tests.report.scans import CHINESE, ordinary, scan
from vhealthd.alerting import notices
from vhealthd.alerting.policy import policy_of
from vhealthd.alerting.route import Decision, Send
from vhealthd.alerting.words import Draft
from vhealthd.config import Settings
from vhealthd.errors import DeliveryRefusedError
from vhealthd.model import Alert, Event, Notice, Parcel, ScanReport, Severity, Turn

MINUTES = timedelta(minutes=5)
PAGER = {"type": "pagerduty", "routing_key": {"env": "HOME"}}
CHAT = {"type": "slack", "url": {"env": "HOME"}}


def configured(**channels: dict[str, Any]) -> Settings:
    return settings(mail=mail(), channels=channels, report={"language": "zh"})


def send(channel: str, *alerts: Alert, collect: timedelta = timedelta()) -> Send:
    return Send(channel=channel, collect=collect, drafts=tuple(Draft(one) for one in alerts))


def parcels(*sends: Send, report: ScanReport | None = None, **channels: dict[str, Any]) -> tuple[Parcel, ...]:
    return notices.parcels(
        Decision(records=(), sends=sends),
        report or scan(ordinary()),
        configured(**channels),
        next_run=NOW + timedelta(days=1),
        where="/reports/report.pdf",
    )


def told(parcel: Parcel) -> Notice:
    read = notices.read(parcel)
    assert read is not None
    return read


def collected(*parts: Iterable[Alert]) -> Notice | None:
    """Return what is told of several runs that were collected, the oldest first."""
    written = [
        notices.written(notice(*part, run_id=f"run-{number}", made=NOW + number * MINUTES / 5))["parts"]
        for number, part in enumerate(parts)
    ]
    joined = [one for some in written if isinstance(some, list) for one in some]
    return notices.read(Parcel(id="p", run_id="run-0", sink="chat", what="alerts", payload={"parts": joined}))


def said(of: Notice | None) -> list[str]:
    return [] if of is None else [f"{one.event} {one.turn} {one.severity} {one.object}" for one in of.alerts]


# --- parcels


def test_a_channel_gets_one_parcel_with_all_that_it_is_told() -> None:
    (one,) = parcels(send("chat", alert(), full(), over(alert("esx-1", key="aa" * 32))), chat=CHAT)

    assert (one.sink, one.run_id, one.what) == ("chat", "20261121T060000Z-7f3a", "alerts: 2 critical, 1 resolved")
    assert said(told(one)) == [
        "trigger new critical esx-04.ams.example.net",
        "trigger new critical vmfs-gold-01",
        "resolve resolved critical esx-1",
    ]


def test_a_notice_says_what_run_it_is_of_and_how_much_that_found() -> None:
    report = scan(ordinary(), ordinary("dr"))
    (one,) = parcels(send("chat", alert()), report=report, chat=CHAT)

    of = told(one)
    assert (of.run_id, of.made, of.vcenters) == (report.run_id, report.finished, ("prod", "dr"))
    assert (of.critical, of.warning, of.info) == (4, 22, 2), "of the run, whatever this channel is told of"
    assert (of.next_run, of.report, of.test) == (NOW + timedelta(days=1), "/reports/report.pdf", False)


def test_a_pager_gets_each_alert_by_itself_and_has_nothing_to_collect() -> None:
    some = parcels(send("oncall", alert(), full(), collect=MINUTES), oncall=PAGER)

    assert [said(told(one)) for one in some] == [
        ["trigger new critical esx-04.ams.example.net"],
        ["trigger new critical vmfs-gold-01"],
    ]
    assert [one.collect for one in some] == [timedelta()] * 2
    assert len({one.id for one in some}) == 2


def test_the_same_decision_gives_the_same_parcels_and_another_one_others() -> None:
    one, again = parcels(send("chat", alert()), chat=CHAT), parcels(send("chat", alert()), chat=CHAT)
    others = [
        *parcels(send("chat", full()), chat=CHAT),
        *parcels(send("chat", over(alert())), chat=CHAT),
        *parcels(send("chat", alert(), collect=MINUTES), chat=CHAT),
        *parcels(send("other", alert()), chat=CHAT),
        *parcels(send("chat", alert()), report=replace(scan(ordinary()), run_id="another"), chat=CHAT),
    ]

    assert one == again
    assert len({each.id for each in (*one, *others)}) == 6


def test_each_channel_is_told_in_its_language_and_a_program_in_english() -> None:
    words = {"title": "Snapshot age", "advice": "Nothing has to be done."}
    some = parcels(
        send("english", alert(**words)),
        send("chat", alert(**words)),
        send("tickets", alert(**words)),
        send("audit-log", alert(**words)),
        english={**CHAT, "language": "en"},
        chat=CHAT,
        tickets={"type": "webhook", "url": {"env": "HOME"}},
    )

    assert CHINESE.words("Snapshot age") != "Snapshot age"
    titles = {one.sink: told(one).alerts[0].title for one in some}
    assert titles == {
        "english": "Snapshot age",
        "chat": CHINESE.words("Snapshot age"),
        "tickets": "Snapshot age",
        "audit-log": "Snapshot age",
    }


def test_for_whoever_left_the_configuration_there_is_nothing_that_would_wait() -> None:
    memory = Memory(policy=policy_of(configured(chat=CHAT)))
    memory.sees(check(critical("esx-1")))
    memory.policy = policy_of(configured())

    some = parcels(*memory.sees(check()).sends)

    assert [one.sink for one in some] == ["audit-log"]


@pytest.mark.parametrize("payload", [{}, {"parts": []}, {"parts": 7}, {"parts": [{"run_id": "r"}]}, {"letter": "x"}])
def test_what_another_version_has_put_in_is_refused_in_words(payload: dict[str, Any]) -> None:
    with pytest.raises(DeliveryRefusedError, match="by another version of vhealthd, and this one cannot read it"):
        notices.read(Parcel(id="p", run_id="r", sink="chat", what="alerts", payload=payload))


# --- several parts


def test_several_parts_become_one_notice_as_the_newest_run_has_it() -> None:
    of = collected([alert()], [full()])

    assert said(of) == ["trigger new critical esx-04.ams.example.net", "trigger new critical vmfs-gold-01"]
    assert of is not None
    assert (of.run_id, of.made) == ("run-1", NOW + MINUTES / 5)


def test_of_each_alert_the_last_word_counts() -> None:
    warned = alert(severity=Severity.WARNING)
    assert said(collected([warned], [alert(turn=Turn.WORSENED)])) == [
        "trigger worsened critical esx-04.ams.example.net"
    ]


def test_the_worst_comes_first_and_what_is_over_last_from_whichever_run() -> None:
    first = [
        alert("warns", key="01" * 32, severity=Severity.WARNING),
        alert("known", key="02" * 32, turn=Turn.REMINDER),
    ]
    second = [over(first[1]), full("full")]

    assert [one.split()[-1] for one in said(collected(first, second))] == ["full", "warns", "known"]


@pytest.mark.parametrize("turn", [Turn.NEW, Turn.REOPENED])
def test_of_what_came_and_went_before_anybody_was_told_nobody_is_told(turn: Turn) -> None:
    came = alert(turn=turn)

    assert collected([came], [over(came)]) is None
    assert said(collected([came, full()], [over(came)])) == ["trigger new critical vmfs-gold-01"]


@pytest.mark.parametrize("turn", [Turn.REMINDER, Turn.WORSENED, Turn.IMPROVED])
def test_whoever_knew_of_it_is_told_that_it_is_over(turn: Turn) -> None:
    known = alert(turn=turn)
    assert said(collected([known], [over(known)])) == ["resolve resolved critical esx-04.ams.example.net"]


def test_what_was_over_and_came_and_went_again_is_over() -> None:
    known = alert()
    assert said(collected([over(known)], [alert(turn=Turn.REOPENED)], [over(known)])) == [
        "resolve resolved critical esx-04.ams.example.net"
    ]


def test_what_was_over_and_is_there_again_is_there() -> None:
    back = alert(turn=Turn.REOPENED)
    assert said(collected([over(back)], [back])) == ["trigger reopened critical esx-04.ams.example.net"]


def test_a_notice_can_be_taken_apart() -> None:
    whole = notice(alert(), full(), report="/reports/report.pdf")
    parts = list(notices.one_by_one(whole))

    assert [one.alerts for one in parts] == [(alert(),), (full(),)]
    assert {replace(one, alerts=whole.alerts) for one in parts} == {whole}
    assert all(one.event is Event.TRIGGER for part in parts for one in part.alerts)
