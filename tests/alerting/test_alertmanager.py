"""Alertmanager, through real sockets: what an alert is known by, when it ends, and what each answer means."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from structlog.testing import capture_logs

from mocks.receivers import MockAlertmanager
from mocks.webhooks import Answer
from tests.alerting.machine_notices import ID, NOW, PLANTED, alert, failing, notice, over, secret
from tests.report.scans import HOSTILE
from vhealthd.alerting.alertmanager import Alertmanager, alerts_of
from vhealthd.config import AlertmanagerChannel
from vhealthd.errors import DeliveryDelayedError, DeliveryRefusedError
from vhealthd.model import Event, Notice, Severity, Turn

CRITICAL, WARNING, INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO
HOUR = timedelta(hours=1)
NO_ACCOUNT: Mapping[str, object] = {}


def channel(*members: MockAlertmanager, total: float = 5, account: Mapping[str, object] = NO_ACCOUNT) -> Alertmanager:
    told = {"type": "alertmanager", "urls": [one.url for one in members], **account}
    settings = AlertmanagerChannel.model_validate(told)
    return Alertmanager(settings, clock=lambda: NOW, timeout=aiohttp.ClientTimeout(total=total))


async def given(told: Notice) -> MockAlertmanager:
    """Return an Alertmanager that has taken a notice."""
    async with MockAlertmanager() as member:
        await channel(member).send(told, delivery_id=ID)
    return member


def only(told: Notice) -> dict[str, Any]:
    (one,) = alerts_of(told)
    return one


# --- what arrives


async def test_an_alert_arrives_with_all_that_belongs_to_it() -> None:
    member = await given(notice())

    (request,) = member.accepted
    assert orjson.loads(request.body) == [
        {
            "labels": {
                "alertname": "VhealthdDatastoreCapacity",
                "severity": "critical",
                "check": "datastore-capacity",
                "vcenter": "prod",
                "object": "ds-1",
                "key": alert().key[:12],
            },
            "annotations": {
                "summary": "Datastore capacity: ds-1",
                "description": "97.0 % of 1.0 TB is used; the limit is 95 %.",
                "advice": "Free space, or grow the datastore.",
                "runbook_url": "https://knowledge.broadcom.com/external/article/1003412",
            },
            "startsAt": "2026-11-21T06:00:00Z",
            "endsAt": "2026-11-22T12:01:00Z",
            "generatorURL": "https://reports.example.com/20261121T060000Z-7f3a/report.pdf",
        }
    ]


async def test_all_of_them_arrive_whatever_their_names() -> None:
    member = await given(notice(*(alert(name) for name in HOSTILE)))

    assert {one.get("object", "") for one in member.firing(NOW)} == set(HOSTILE), "an empty label is none"


@pytest.mark.parametrize("report", [None, "/var/lib/vhealthd/reports/run-1", "http://reports.example.com/run-1"])
def test_only_a_report_behind_https_is_linked(report: str | None) -> None:
    assert "generatorURL" not in only(notice(report=report))


def test_what_an_alert_does_not_have_is_no_annotation() -> None:
    assert "runbook_url" not in only(notice(alert(kb=None)))["annotations"]
    assert only(notice(alert(count=4, examples=("ds-1", "ds-2"))))["annotations"]["examples"] == "ds-1, ds-2"


def test_a_test_has_a_name_of_its_own_and_soon_ends() -> None:
    told = only(notice(alert(message="This is a test."), test=True))

    assert told["labels"]["alertname"] == "VhealthdTest"
    assert told["endsAt"] == "2026-11-21T06:06:00Z"


# --- what an alert is known by


def test_nothing_that_is_measured_is_in_a_label() -> None:
    first = notice(alert())
    other = notice(
        alert(message="99.9 % of 1.0 TB is used.", count=7, examples=("a",), advice="Hurry.", turn=Turn.REMINDER),
        made=NOW + HOUR,
        next_run=None,
        report=None,
        critical=12,
    )
    assert only(first)["labels"] == only(other)["labels"]


async def test_objects_of_one_name_are_two_alerts() -> None:
    member = await given(notice(alert("a", object="web"), alert("b", object="web")))

    assert len(member.firing(NOW)) == 2


def test_an_alert_stays_the_same_when_another_one_of_its_name_comes() -> None:
    alone, beside = only(notice(alert("a"))), next(alerts_of(notice(alert("a"), alert("b", object="a"))))

    assert alone["labels"] == beside["labels"]


@pytest.mark.parametrize("severity", Severity)
async def test_a_severity_that_changes_ends_the_alert_before_it(severity: Severity) -> None:
    others = [one for one in Severity if one is not severity]
    async with MockAlertmanager() as member:
        for before in others:
            turn = Turn.WORSENED if severity.rank > before.rank else Turn.IMPROVED
            await channel(member).send(notice(alert(severity=before)), delivery_id=ID)
            await channel(member).send(notice(alert(severity=severity, turn=turn), made=NOW + HOUR), delivery_id=ID)

            assert [one["severity"] for one in member.firing(NOW + HOUR)] == [severity]


def test_one_that_stands_for_several_grows_and_keeps_its_severity() -> None:
    assert len(list(alerts_of(notice(alert(turn=Turn.WORSENED, count=7, examples=("ds-1",)))))) == 1


async def test_one_that_improved_out_of_its_routes_ends_as_it_was_told() -> None:
    gone = alert(severity=WARNING, event=Event.RESOLVE, turn=Turn.IMPROVED)
    async with MockAlertmanager() as member:
        await channel(member).send(notice(alert(severity=CRITICAL)), delivery_id=ID)
        await channel(member).send(notice(gone, made=NOW + HOUR), delivery_id=ID)

    assert member.firing(NOW + HOUR) == []


# --- when it ends


@pytest.mark.parametrize(
    ("next_run", "ends"),
    [
        (timedelta(days=1), "2026-11-22T12:01:00Z"),
        (timedelta(hours=6), "2026-11-21T13:31:00Z"),
        (timedelta(minutes=15), "2026-11-21T07:16:00Z"),
        (None, "2026-11-22T08:01:00Z"),
    ],
    ids=["a quarter of a day after the next one", "of six hours", "an hour at least", "a day and two hours"],
)
def test_an_open_alert_ends_some_time_after_the_run_that_tells_it_again(next_run: timedelta | None, ends: str) -> None:
    assert only(notice(next_run=None if next_run is None else NOW + next_run))["endsAt"] == ends


async def test_one_that_is_over_has_ended() -> None:
    async with MockAlertmanager() as member:
        await channel(member).send(notice(alert("ds-1"), alert("ds-2")), delivery_id=ID)
        await channel(member).send(notice(alert("ds-2"), over("ds-1"), made=NOW + HOUR), delivery_id=ID)

    assert [one["object"] for one in member.firing(NOW + HOUR)] == ["ds-2"]


@pytest.mark.parametrize("since", [NOW + HOUR, NOW], ids=["ahead", "now"])
async def test_a_clock_that_is_ahead_makes_no_alert_that_ends_before_it_begins(since: datetime) -> None:
    member = await given(notice(alert(event=Event.RESOLVE, turn=Turn.RESOLVED, since=since)))

    assert member.firing(NOW) == []


# --- a cluster


async def test_every_member_is_told() -> None:
    async with MockAlertmanager() as one, MockAlertmanager() as other:
        await channel(one, other).send(notice(), delivery_id=ID)

    assert one.firing(NOW) == other.firing(NOW) != []


async def test_one_member_that_takes_it_is_enough_and_the_others_are_in_the_log() -> None:
    broken = MockAlertmanager(faults=[Answer(status=500, body=b"no disk")])
    async with broken, MockAlertmanager() as member:
        with capture_logs() as logs:
            await channel(broken, member).send(notice(), delivery_id=ID)

    assert len(member.firing(NOW)) == 1
    assert [(one["member"], one["error"]) for one in logs] == [(broken.url, "127.0.0.1 answers 500: no disk")]


async def test_a_member_that_may_take_it_later_is_tried_again() -> None:
    refusing = MockAlertmanager(faults=[Answer(status=400, body=b"no")])
    busy = MockAlertmanager(faults=[Answer(status=429, headers={"Retry-After": "7"})])
    async with refusing, busy:
        error = await failing(channel(refusing, busy))

    assert isinstance(error, DeliveryDelayedError)
    assert error.retry_after == 7


# --- who may post


async def test_an_account_is_shown_where_there_is_one(tmp_path: Path) -> None:
    account = {"username": "vhealthd", "password": secret(tmp_path, "password", PLANTED)}
    async with MockAlertmanager(account=("vhealthd", PLANTED)) as member:
        await channel(member, account=account).send(notice(), delivery_id=ID)
        error = await failing(channel(member))

    assert len(member.accepted) == 1
    assert isinstance(error, DeliveryRefusedError)
    assert str(error) == "127.0.0.1 answers 401: Unauthorized"


# --- what is answered


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"<html>Please log in</html>", headers={"Content-Type": "text/html"}),
        Answer(body=b'{"status":"error"}'),
        Answer(status=202),
    ],
    ids=["a page", "an error", "another status"],
)
async def test_a_success_that_is_none_of_alertmanager_is_not_believed(answer: Answer) -> None:
    async with MockAlertmanager(faults=[answer]) as member:
        error = await failing(channel(member))

    assert isinstance(error, DeliveryDelayedError)
    assert f"127.0.0.1 answers {answer.status} as no Alertmanager does" in str(error)


@pytest.mark.parametrize(
    ("status", "answer", "wait"), [(429, {"Retry-After": "7"}, 7.0), (500, {}, None), (503, {}, None)]
)
async def test_what_may_pass_is_tried_again(status: int, answer: dict[str, str], wait: float | None) -> None:
    async with MockAlertmanager(faults=[Answer(status=status, body=b"busy", headers=answer)]) as member:
        error = await failing(channel(member))
        await channel(member).send(notice(), delivery_id=ID)

    assert isinstance(error, DeliveryDelayedError)
    assert (str(error), error.retry_after) == (f"127.0.0.1 answers {status}: busy", wait)
    assert len(member.firing(NOW)) == 1


@pytest.mark.parametrize("status", [301, 307, 400, 413])
async def test_what_will_not_pass_is_for_good(status: int) -> None:
    async with MockAlertmanager() as elsewhere, MockAlertmanager() as member:
        member.faults.append(Answer(status=status, headers={"Location": elsewhere.url}))
        error = await failing(channel(member))

    assert isinstance(error, DeliveryRefusedError)
    assert elsewhere.requests == []


async def test_a_member_that_says_nothing_is_not_waited_for() -> None:
    async with MockAlertmanager(faults=[Answer(wait=asyncio.Event())]) as member:
        error = await failing(channel(member, total=0.05))

    assert isinstance(error, DeliveryDelayedError)
    assert str(error) == "127.0.0.1: no answer in time"
