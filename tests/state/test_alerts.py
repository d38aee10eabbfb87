"""What is remembered of alerts: kept with the run or not at all, and found again; and the mutes set by command."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from pydantic import JsonValue
from sqlalchemy import create_engine
from structlog.testing import capture_logs

from tests.alerting.notices import alert
from tests.report.scans import finding, host, vm
from tests.state.runs import check, day, keep, run
from vhealthd.errors import StateError
from vhealthd.model import Ack, AlertRecord, DeliveryState, Parcel, Severity, Turn, identity
from vhealthd.state import State, open_state, schema

TAKEN_ON = Ack(owner="jd", reason="the part is ordered", at=day(2))
MUTE: dict[str, JsonValue] = {
    "check": ["snapshot-age"],
    "match": {"name": "^backup-"},
    "until": "2026-12-31",
    "owner": "jd",
    "reason": "known",
}


def record(key: str = "5f" * 32, number: float = 1, **changes: Any) -> AlertRecord:  # noqa: ANN401 - fields of a record
    made = AlertRecord(
        key=key,
        vcenter="uuid",
        check="host-connection",
        severity=Severity.CRITICAL,
        opened=day(number),
        told=day(number),
        channels=("chat", "oncall"),
        members=(key,),
        alert=alert(key=key),
    )
    return replace(made, **changes)


async def commit(state: State, *records: AlertRecord, number: float = 1, parcels: tuple[Parcel, ...] = ()) -> bool:
    """Commit a run with alerts."""
    report = run(number)
    now = report.finished
    return await state.runs.commit(
        report, config_sha256=None, files={}, parcels=parcels, alerts=records, now=now, expires=now + timedelta(days=3)
    )


async def known(state: State, since: float = 0) -> Mapping[str, AlertRecord]:
    return await state.alerts.known(resolved_since=day(since))


def key(number: int) -> str:
    return f"{number:064x}"


# --- kept with a run


async def test_a_record_comes_out_as_it_went_in(state: State) -> None:
    whole = record(ack=TAKEN_ON, members=(key(1), key(2)), resolved=day(3))
    assert await commit(state, whole)
    assert await known(state) == {whole.key: whole}


async def test_a_newer_record_takes_the_place_of_the_one_before(state: State) -> None:
    await commit(state, record(), record(key(1)))
    await commit(state, record(severity=Severity.WARNING), number=2)

    assert {one.key: one.severity for one in (await known(state)).values()} == {
        record().key: Severity.WARNING,
        key(1): Severity.CRITICAL,
    }


async def test_alerts_are_kept_with_their_run_and_their_deliveries_or_not_at_all(state: State) -> None:
    parcel = Parcel(id="p", run_id="r", sink="chat", what="alerts")
    with closing(sqlite3.connect(state.directory / "vhealthd.db", isolation_level=None)) as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'full'); END")
        with pytest.raises(StateError, match="full"):
            await commit(state, record(), parcels=(parcel,))
        assert (await known(state), await state.runs.list()) == ({}, ())
        database.execute("DROP TRIGGER full")

    assert await commit(state, record(), parcels=(parcel,))
    assert list(await known(state)) == [record().key]
    assert len(await state.outbox.deliveries()) == 1


async def test_a_run_that_is_committed_already_changes_no_alert(state: State) -> None:
    await commit(state, record())
    assert not await commit(state, record(severity=Severity.INFO), record(key(1)))
    assert await known(state) == {record().key: record()}


async def test_thousands_of_alerts_are_kept_at_once(state: State) -> None:
    await commit(state, *(record(key(number)) for number in range(1200)))
    await commit(state, *(record(key(number), resolved=day(2)) for number in range(700)), number=2)

    assert len(await state.alerts.open()) == 500
    assert len(await known(state)) == 1200


# --- found again


async def test_what_is_open_is_listed_the_oldest_first(state: State) -> None:
    await commit(state, record(key(1), 2), record(key(2), 1), record(key(3), 1, resolved=day(2)), record(key(4), 3))
    assert [one.key for one in await state.alerts.open()] == [key(2), key(1), key(4)]


async def test_what_was_resolved_lately_is_known_beside_what_is_open(state: State) -> None:
    await commit(state, record(key(1)), record(key(2), resolved=day(3)), record(key(3), resolved=day(5)))
    assert set(await known(state, since=4)) == {key(1), key(3)}
    assert set(await known(state, since=5)) == {key(1), key(3)}, "from that time on"


async def test_an_open_alert_is_found_by_the_beginning_of_its_key(state: State) -> None:
    await commit(state, record("ab1" + "0" * 61), record("ab2" + "0" * 61), record("ab3" + "0" * 61, resolved=day(2)))

    assert [one.key[:3] for one in await state.alerts.matching("ab1")] == ["ab1"]
    assert {one.key[:3] for one in await state.alerts.matching("ab")} == {"ab1", "ab2"}
    for nothing in ("ab3", "b", "a_", "%", "ab1%"):
        assert await state.alerts.matching(nothing) == ()


async def test_where_findings_are_is_known_of_those_that_were_ever_found(state: State) -> None:
    first = run(1, check(finding(vm("web-1", 1)), finding(host("esx-1", 2), key="vmnic0")))
    await keep(state, first, run(2, check()))
    (vcenter,) = first.vcenters
    (result,) = vcenter.results
    web, esx = (identity(vcenter, result, one) for one in result.findings)

    strangers = [key(number) for number in range(500)]
    assert await state.alerts.places([web, *strangers, esx]) == {web: ("vm-1", None), esx: ("host-2", "vmnic0")}


async def test_an_alert_that_another_version_stored_is_taken_for_none_and_costs_nothing(state: State) -> None:
    await commit(state, record(key(1)), record(key(2)))
    with closing(sqlite3.connect(state.directory / "vhealthd.db", isolation_level=None)) as database:
        database.execute("UPDATE alerts SET record = '{\"key\": 1}' WHERE key = ?", (key(1),))

    with capture_logs() as logs:
        assert list(await known(state)) == [key(2)]
        assert [one.key for one in await state.alerts.open()] == [key(2)]
        assert await state.alerts.acknowledge(key(1), TAKEN_ON) is None
    assert [line["key"] for line in logs] == [key(1)], "it is said once a run, however often somebody looks"

    await commit(state, record(key(1)), number=2)
    assert set(await known(state)) == {key(1), key(2)}, "the next run has told it again"


# --- taken on, and forgotten


async def test_somebody_takes_an_alert_on(state: State) -> None:
    await commit(state, record(key(1)), record(key(2)))
    taken = await state.alerts.acknowledge(key(1), TAKEN_ON)

    assert taken == record(key(1), ack=TAKEN_ON)
    assert (await known(state))[key(1)] == taken
    assert (await known(state))[key(2)].ack is None


async def test_what_is_over_or_was_never_there_is_taken_on_by_nobody(state: State) -> None:
    await commit(state, record(key(1), resolved=day(2)))
    for name in (key(1), key(2)):
        assert await state.alerts.acknowledge(name, TAKEN_ON) is None
    assert (await known(state))[key(1)].ack is None


async def test_whoever_takes_an_alert_on_while_a_run_is_stored_has_it_afterwards(state: State) -> None:
    await commit(state, record(key(1)), record(key(2)))
    before = await known(state)
    await state.alerts.acknowledge(key(1), TAKEN_ON)
    await commit(state, *(replace(one, told=day(2)) for one in before.values()), number=2)

    after = await known(state)
    assert (after[key(1)].ack, after[key(1)].told) == (TAKEN_ON, day(2))
    assert after[key(2)].ack is None


WORSE = alert(key=key(1), turn=Turn.WORSENED)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"resolved": day(2)}, id="it is over"),
        pytest.param({"alert": WORSE, "told": day(2)}, id="it has worsened"),
        pytest.param({"alert": WORSE}, id="it has worsened, and nobody is told"),
    ],
)
async def test_what_is_over_or_has_worsened_meanwhile_is_taken_on_by_nobody(
    state: State, change: dict[str, Any]
) -> None:
    await commit(state, record(key(1)))
    await state.alerts.acknowledge(key(1), TAKEN_ON)
    await commit(state, record(key(1), **change), number=2)
    assert (await known(state))[key(1)].ack is None


async def test_what_had_worsened_before_it_was_taken_on_stays_taken_on(state: State) -> None:
    worse = record(key(1), alert=WORSE, told=day(2))
    await commit(state, worse)
    await state.alerts.acknowledge(key(1), TAKEN_ON)
    await commit(state, replace(worse, members=(key(1), key(2))), number=2)
    assert (await known(state))[key(1)].ack == TAKEN_ON


async def test_what_is_there_again_is_taken_on_anew(state: State) -> None:
    await commit(state, record(key(1), ack=TAKEN_ON, resolved=day(2)))
    await commit(state, record(key(1), 3), number=3)
    assert (await known(state))[key(1)].ack is None


async def test_somebody_else_takes_an_alert_on(state: State) -> None:
    await commit(state, record(key(1), ack=TAKEN_ON))
    other = replace(TAKEN_ON, owner="kim")
    await state.alerts.acknowledge(key(1), other)
    assert (await known(state))[key(1)].ack == other


async def test_what_was_resolved_long_ago_is_forgotten_and_nothing_else(state: State) -> None:
    await commit(state, record(key(1)), record(key(2), resolved=day(3)), record(key(3), resolved=day(5)))
    await state.alerts.drop_resolved(day(5))
    assert set(await known(state)) == {key(1), key(3)}


# --- mutes


async def test_mutes_are_kept_in_the_order_in_which_they_were_set_and_end_one_by_one(state: State) -> None:
    first = await state.alerts.mute(MUTE, now=day(1))
    second = await state.alerts.mute({**MUTE, "owner": "kim"}, now=day(2))

    assert [(one.id, one.mute["owner"], one.created) for one in await state.alerts.mutes()] == [
        (first, "jd", day(1)),
        (second, "kim", day(2)),
    ]
    assert (await state.alerts.mutes())[0].mute == MUTE
    assert await state.alerts.unmute(first)
    assert not await state.alerts.unmute(first)
    assert [one.id for one in await state.alerts.mutes()] == [second]


# --- files of earlier versions


def older(folder: Path, revision: str) -> None:
    """Make the state of an earlier version, with a run that was promised and two deliveries in it."""
    engine = create_engine(f"sqlite:///{folder / 'vhealthd.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.exec_driver_sql(
            "INSERT INTO runs (id, trigger, state, asked, attempts, vcenters, outcomes, findings, files) "
            "VALUES ('run-1', 'manual', 'asked', '2026-11-01 06:00:00.000000', 0, '[]', '{}', '{}', '{}')"
        )
        connection.exec_driver_sql(
            "INSERT INTO deliveries "
            "(id, run_id, sink, what, payload, state, attempts, created, due, expires, progress) VALUES "
            "('mail-0', 'run-1', 'mail', 'mail to 1 (zh)', '{\"n\": 0}', 'pending', 0, "
            "'2026-11-01 06:00:01.000000', '2026-11-01 06:00:00.000000', '2026-11-04 06:00:00.000000', '{}'), "
            "('mail-1', 'run-1', 'mail', 'mail to 1 (en)', '{\"n\": 1}', 'pending', 2, "
            "'2026-11-01 06:00:00.000000', '2026-11-01 06:00:00.000000', '2026-11-04 06:00:00.000000', '{}')"
        )
    engine.dispose()


@pytest.mark.parametrize("revision", ["0001", "0002"])
async def test_what_an_earlier_version_has_kept_is_there_and_alerts_can_come(tmp_path: Path, revision: str) -> None:
    older(tmp_path, revision)
    async with open_state(tmp_path) as state:
        assert [one.run_id for one in await state.runs.unfinished()] == ["run-1"]
        _, delivery = await state.outbox.deliveries()
        assert (delivery.parcel.id, delivery.attempts, delivery.state) == ("mail-1", 2, DeliveryState.PENDING)
        assert (await state.alerts.open(), await state.alerts.mutes()) == ((), ())

        collecting = Parcel(
            id="a", run_id="r", sink="mail", what="alerts", payload={"parts": []}, collect=timedelta(minutes=5)
        )
        assert await commit(state, record(), parcels=(collecting,))
        assert await state.alerts.mute(MUTE, now=day(2))
    async with open_state(tmp_path) as state:
        assert await known(state) == {record().key: record()}
        assert {one.parcel.id: one.parcel.payload for one in await state.outbox.deliveries()} == {
            "mail-1": {"n": 1},
            "mail-0": {"n": 0},
            "a": {"parts": []},
        }, "none has joined what was put in by an earlier version"
        taken = [await state.outbox.take("mail", day(2)) for _ in range(3)]
        assert [one.parcel.id for one in taken if one] == ["mail-1", "mail-0", "a"], "the oldest first"
