"""Alerts in a real Alertmanager: what it takes, how long they fire there, how it groups them, and how they end."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mocks.receivers import MockAlertmanager
from tests.alerting.machine_notices import ID, alert, failing, notice, over, secret
from tests.peers.alertmanager import PASSWORD, USERNAME, Alertmanager, alertmanager
from tests.report.scans import HOSTILE
from vhealthd.alerting.alertmanager import Alertmanager as Channel
from vhealthd.alerting.alertmanager import alerts_of
from vhealthd.config import AlertmanagerChannel
from vhealthd.errors import DeliveryRefusedError
from vhealthd.model import Alert, Notice, Severity, Turn

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


@pytest.fixture
async def server() -> AsyncIterator[Alertmanager]:
    async with alertmanager() as running:
        yield running


def channel(server: Alertmanager, folder: Path, password: str = PASSWORD) -> Channel:
    account = {"username": USERNAME, "password": secret(folder, "password", password)}
    settings = AlertmanagerChannel.model_validate({"type": "alertmanager", "urls": [server.url], **account})
    return Channel(settings, clock=lambda: datetime.now(UTC))


def now(*alerts: Alert, ago: timedelta = timedelta(), **changes: object) -> Notice:
    """Make a notice of a moment ago: Alertmanager looks at the clock of this machine."""
    made = datetime.now(UTC) - ago
    return notice(*alerts, **{"made": made, "next_run": made + DAY, **changes})


def names(alerts: list[dict[str, dict[str, str]]]) -> list[str]:
    return sorted(one["labels"]["object"] for one in alerts)


async def test_what_is_told_fires_until_some_time_after_the_next_run(server: Alertmanager, tmp_path: Path) -> None:
    told = now(alert(since=datetime.now(UTC) - HOUR))
    await channel(server, tmp_path).send(told, delivery_id=ID)

    (expected,) = alerts_of(told)
    (one,) = await server.firing()
    assert one["labels"] == expected["labels"]
    assert one["annotations"] == expected["annotations"]
    assert one["generatorURL"] == expected["generatorURL"]
    assert one["status"]["state"] in {"active", "unprocessed"}
    times = {name: datetime.fromisoformat(one[name]) for name in ("startsAt", "endsAt")}
    assert times == {name: datetime.fromisoformat(expected[name]) for name in times}
    assert times["endsAt"] - told.made > DAY + 5 * HOUR


async def test_what_is_not_told_again_ends_by_itself(server: Alertmanager, tmp_path: Path) -> None:
    """A run of more than a day ago has told it, and its time is up in two seconds."""
    ago = 26 * HOUR - timedelta(seconds=2)
    made = datetime.now(UTC) - ago
    await channel(server, tmp_path).send(now(alert(since=made), ago=ago, next_run=None), delivery_id=ID)

    assert names(await server.until(bool)) == ["ds-1"]
    assert await server.until(lambda firing: not firing) == []


async def test_what_is_over_ends_and_its_receiver_is_told(server: Alertmanager, tmp_path: Path) -> None:
    to = channel(server, tmp_path)
    await to.send(now(alert("ds-1"), alert("ds-2"), ago=HOUR), delivery_id=ID)
    (fired,) = await server.tells(bool)
    await to.send(now(alert("ds-2"), over("ds-1"), ago=MINUTE), delivery_id=ID)
    *_, ended = await server.tells(lambda groups: len(groups) > 1)

    assert names(await server.firing()) == ["ds-2"]
    assert {one["labels"]["object"]: one["status"] for one in fired["alerts"]} == {"ds-1": "firing", "ds-2": "firing"}
    assert {one["labels"]["object"]: one["status"] for one in ended["alerts"]} == {"ds-1": "resolved", "ds-2": "firing"}


async def test_alerts_of_one_check_and_vcenter_are_one_group(server: Alertmanager, tmp_path: Path) -> None:
    told = now(alert("ds-1"), alert("ds-2"), alert("ds-3", vcenter="lab"), alert("vm-1", WARNING, check="snapshot-age"))
    await channel(server, tmp_path).send(told, delivery_id=ID)
    groups = await server.tells(lambda groups: len(groups) == 3)

    assert {tuple(one["groupLabels"].values()): names(one["alerts"]) for one in groups} == {
        ("VhealthdDatastoreCapacity", "prod"): ["ds-1", "ds-2"],
        ("VhealthdDatastoreCapacity", "lab"): ["ds-3"],
        ("VhealthdSnapshotAge", "prod"): ["vm-1"],
    }


async def test_telling_it_again_changes_nothing(server: Alertmanager, tmp_path: Path) -> None:
    to = channel(server, tmp_path)
    told = now(alert("ds-1"), alert("ds-2"))
    await to.send(told, delivery_id=ID)
    before = {one["fingerprint"]: (one["startsAt"], one["endsAt"]) for one in await server.firing()}
    await to.send(told, delivery_id=ID)

    assert {one["fingerprint"]: (one["startsAt"], one["endsAt"]) for one in await server.firing()} == before


async def test_the_next_run_lets_it_fire_longer(server: Alertmanager, tmp_path: Path) -> None:
    to = channel(server, tmp_path)
    await to.send(now(alert(), ago=HOUR), delivery_id=ID)
    (before,) = await server.firing()
    await to.send(now(alert(message="99.9 % is used.", turn=Turn.REMINDER)), delivery_id=ID)
    (after,) = await server.firing()

    assert after["fingerprint"] == before["fingerprint"]
    assert datetime.fromisoformat(after["endsAt"]) - datetime.fromisoformat(before["endsAt"]) >= HOUR - MINUTE
    assert after["annotations"]["description"] == "99.9 % is used."


@pytest.mark.parametrize(
    ("before", "turn", "after"), [(WARNING, "worsened", CRITICAL), (CRITICAL, "improved", WARNING)]
)
async def test_a_severity_that_changes_leaves_one_alert(
    server: Alertmanager, tmp_path: Path, before: Severity, turn: str, after: Severity
) -> None:
    to = channel(server, tmp_path)
    await to.send(now(alert(severity=before), ago=HOUR), delivery_id=ID)
    await to.send(now(alert(severity=after, turn=Turn(turn)), ago=MINUTE), delivery_id=ID)

    assert [one["labels"]["severity"] for one in await server.firing()] == [after]


async def test_it_takes_every_name(server: Alertmanager, tmp_path: Path) -> None:
    await channel(server, tmp_path).send(now(*(alert(name) for name in HOSTILE)), delivery_id=ID)

    assert sorted(one["labels"].get("object", "") for one in await server.firing()) == sorted(HOSTILE)


async def test_it_takes_a_thousand_at_once(server: Alertmanager, tmp_path: Path) -> None:
    await channel(server, tmp_path).send(now(*(alert(f"vm-{number}") for number in range(1000))), delivery_id=ID)

    assert len(await server.firing()) == 1000


async def test_a_wrong_password_is_for_good(server: Alertmanager, tmp_path: Path) -> None:
    error = await failing(channel(server, tmp_path, "wrong-Pa55word"), now())

    assert isinstance(error, DeliveryRefusedError)
    assert str(error) == "127.0.0.1 answers 401: Unauthorized"


@pytest.mark.parametrize(
    "wrong",
    [
        {"labels": {}},
        {"labels": {"a-b": "x"}},
        {"endsAt": "2020-01-01T00:00:00Z"},
        {"startsAt": "yesterday"},
        {"generatorURL": "not a URL"},
        {"annotations": {"a": 1}},
    ],
    ids=str,
)
async def test_it_refuses_what_the_mock_refuses(server: Alertmanager, wrong: dict[str, object]) -> None:
    (right,) = alerts_of(now())

    async with MockAlertmanager() as mock:
        for one in (server.url, mock.url):
            assert await server.answer(one, [right]) == (200, "")
            assert (await server.answer(one, [{**right, **wrong}]))[0] in {400, 422}
