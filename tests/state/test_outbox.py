"""The outbox: each step is on the disk before the next, and no parcel is lost or taken twice."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from vhealthd.errors import StateError
from vhealthd.model.deliveries import Delivery, DeliveryState, Parcel
from vhealthd.state import Backlog, State, open_state

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
EXPIRES = NOW + timedelta(hours=72)


def parcel(number: int = 1, sink: str = "mail", chain: str | None = None) -> Parcel:
    return Parcel(
        chain=chain,
        id=f"{sink}-{number}",
        run_id="run-1",
        sink=sink,
        what="mail to 3 (en)",
        file=Path("/r/report.pdf"),
        payload={"to": ["a@example.com"], "n": 1.5},
    )


async def put(state: State, *parcels: Parcel, now: datetime = NOW) -> None:
    await state.outbox.put(parcels, now=now, expires=EXPIRES)


async def take(state: State, now: datetime = NOW, sink: str = "mail") -> Delivery:
    taken = await state.outbox.take(sink, now)
    assert taken is not None
    return taken


async def only(state: State) -> Delivery:
    (one,) = await state.outbox.deliveries()
    return one


async def test_a_parcel_comes_out_as_it_went_in(state: State) -> None:
    await put(state, parcel())

    taken = await take(state)

    assert taken.parcel == parcel()
    assert (taken.state, taken.attempts, taken.created, taken.due, taken.expires) == (
        DeliveryState.SENDING,
        1,
        NOW,
        NOW,
        EXPIRES,
    )
    assert await only(state) == taken


async def test_the_same_parcel_is_put_in_once(state: State) -> None:
    await put(state, parcel(), parcel())
    taken = await take(state)
    await put(state, parcel(), parcel(2), now=LATER)

    assert {one.parcel.id: one.state for one in await state.outbox.deliveries()} == {
        taken.parcel.id: DeliveryState.SENDING,
        "mail-2": DeliveryState.PENDING,
    }


async def test_the_oldest_is_taken_first_and_none_twice(state: State) -> None:
    await put(state, parcel(3))
    await put(state, parcel(1), parcel(2), now=LATER)

    taken = await asyncio.gather(*(state.outbox.take("mail", LATER) for _ in range(5)))

    assert [one.parcel.id for one in taken if one] == ["mail-3", "mail-1", "mail-2"]


async def test_a_sink_takes_its_own(state: State) -> None:
    await put(state, parcel(sink="mail"), parcel(sink="s3"))

    assert (await take(state, sink="s3")).parcel.sink == "s3"
    assert await state.outbox.take("s3", NOW) is None
    assert await state.outbox.next_due("s3") is None
    assert await state.outbox.next_due("mail") == NOW


async def test_what_failed_waits_until_it_is_due_and_remembers(state: State) -> None:
    await put(state, parcel())
    one = await take(state)
    await state.outbox.postpone(one.parcel.id, due=LATER, error="451 try later", progress={"done": ["a"]})

    assert await state.outbox.take("mail", NOW) is None
    assert await state.outbox.next_due("mail") == LATER
    again = await take(state, LATER)
    assert (again.attempts, again.error, again.progress) == (2, "451 try later", {"done": ["a"]})
    await state.outbox.postpone(one.parcel.id, due=LATER, error="451 still")
    assert (await only(state)).progress == {"done": ["a"]}


async def test_what_was_put_off_by_a_clock_that_was_wrong_is_due_when_it_is_right_again(state: State) -> None:
    years = timedelta(days=1000)
    await state.outbox.put([parcel()], now=NOW + years, expires=EXPIRES + years)
    assert (await take(state)).attempts == 1


async def test_a_pause_of_a_day_is_no_wrong_clock(state: State) -> None:
    await put(state, parcel())
    await state.outbox.postpone((await take(state)).parcel.id, due=NOW + timedelta(days=1), error="429")
    assert await state.outbox.take("mail", NOW) is None


async def test_what_is_in_trouble_however_much_arrived_since(state: State) -> None:
    await put(state, *(parcel(number) for number in (1, 2, 3, 4)))
    await state.outbox.postpone("mail-1", due=LATER, error="451")
    await state.outbox.give_up("mail-2", now=NOW, error="550 long ago")
    await state.outbox.give_up("mail-3", now=LATER, error="550")
    await state.outbox.delivered("mail-4", now=LATER)
    await put(state, parcel(5), now=LATER)
    await state.outbox.delivered("mail-5", now=LATER)

    some = await state.outbox.in_trouble(failed_since=NOW)
    assert [(one.parcel.id, one.error) for one in some] == [("mail-1", "451"), ("mail-3", "550")]
    assert [one.parcel.id for one in await state.outbox.in_trouble(failed_since=NOW, limit=1)] == ["mail-1"]


async def test_a_row_that_is_cut_is_told_in_words(state: State) -> None:
    await put(state, parcel())
    with closing(sqlite3.connect(state.directory / "vhealthd.db", isolation_level=None)) as database:
        database.execute("UPDATE deliveries SET payload = '{'")
    with pytest.raises(StateError, match=r"vhealthd\.db is damaged .* put a backup in its place"):
        await state.outbox.take("mail", NOW)
    with pytest.raises(StateError, match="is damaged"):
        await state.outbox.deliveries()


async def test_what_arrived_is_settled(state: State) -> None:
    await put(state, parcel())
    one = await take(state)
    await state.outbox.postpone(one.parcel.id, due=NOW, error="451 try later")
    await take(state)
    await state.outbox.delivered(one.parcel.id, now=LATER)

    settled = await only(state)
    assert (settled.state, settled.settled, settled.error) == (DeliveryState.DELIVERED, LATER, None)
    assert await state.outbox.take("mail", LATER) is None


async def test_what_is_given_up_says_why(state: State) -> None:
    await put(state, parcel())
    one = await take(state)
    await state.outbox.give_up(one.parcel.id, now=LATER, error="550 no such user")

    failed = await only(state)
    assert (failed.state, failed.settled, failed.error) == (DeliveryState.FAILED, LATER, "550 no such user")


async def test_what_was_being_sent_when_the_process_died_is_tried_again(tmp_path: Path) -> None:
    async with open_state(tmp_path) as state:
        await put(state, parcel(), parcel(2))
        await take(state)

    async with open_state(tmp_path) as state:
        assert await state.outbox.release(LATER) == 1
        taken = [await take(state, LATER), await take(state, LATER)]
        assert [(one.parcel.id, one.attempts) for one in taken] == [("mail-1", 2), ("mail-2", 1)]


async def test_what_is_too_old_is_given_up_and_says_so(state: State) -> None:
    await put(state, parcel(1), parcel(2), parcel(3))
    first, second = await take(state), await take(state)
    await state.outbox.postpone(first.parcel.id, due=LATER, error="451 try later")
    await state.outbox.delivered(second.parcel.id, now=NOW)

    assert await state.outbox.expire(EXPIRES - timedelta(seconds=1)) == ()
    assert await state.outbox.take("mail", EXPIRES) is None, "what is too old is not sent any more"
    expired = await state.outbox.expire(EXPIRES)

    assert {one.parcel.id: one.error for one in expired} == {
        "mail-1": "given up after 1 attempt, because it is too old; the last error was: 451 try later",
        "mail-3": "given up after 0 attempts, because it is too old",
    }
    assert {one.state for one in expired} == {DeliveryState.FAILED}
    assert [await state.outbox.find(one.parcel.id) for one in expired] == list(expired)
    assert [one.parcel.id for one in await state.outbox.deliveries(state=DeliveryState.DELIVERED)] == ["mail-2"]


async def test_what_failed_can_be_tried_again_by_hand(state: State) -> None:
    await put(state, parcel())
    await take(state)
    await state.outbox.give_up("mail-1", now=NOW, error="550 no such user")

    assert await state.outbox.retry("mail-1", now=EXPIRES, expires=EXPIRES + timedelta(hours=72))

    again = await take(state, EXPIRES)
    assert (again.attempts, again.settled, again.expires) == (2, None, EXPIRES + timedelta(hours=72))


async def test_what_waits_can_be_tried_at_once(state: State) -> None:
    await put(state, parcel())
    await take(state)
    await state.outbox.postpone("mail-1", due=EXPIRES, error="451 try later")

    assert await state.outbox.retry("mail-1", now=LATER, expires=EXPIRES)
    assert await state.outbox.next_due("mail") == LATER


@pytest.mark.parametrize("step", ["sending", "delivered", "not there"])
async def test_nothing_else_can_be_tried_again(state: State, step: str) -> None:
    if step != "not there":
        await put(state, parcel())
        await take(state)
    if step == "delivered":
        await state.outbox.delivered("mail-1", now=NOW)

    assert not await state.outbox.retry("mail-1", now=LATER, expires=EXPIRES)


async def overtaken(state: State, *, chain: str | None) -> None:
    """Put in two of a chain, of which the first fails for good and the second arrives."""
    await put(state, parcel(1, chain=chain), parcel(2, chain=chain))
    await state.outbox.give_up((await take(state)).parcel.id, now=NOW, error="400")
    await state.outbox.delivered((await take(state)).parcel.id, now=NOW)


async def test_what_was_overtaken_in_its_chain_is_not_tried_again(state: State) -> None:
    await overtaken(state, chain="esx01")
    assert not await state.outbox.retry("mail-1", now=LATER, expires=EXPIRES)
    assert await state.outbox.take("mail", LATER) is None


async def test_what_is_in_no_chain_or_was_only_delivered_before_can_be_tried_again(state: State) -> None:
    await overtaken(state, chain=None)
    assert await state.outbox.retry("mail-1", now=LATER, expires=EXPIRES)
    await put(state, parcel(3, chain="esx02"), parcel(4, chain="esx02"), parcel(5, "s3", chain="esx02"))
    await state.outbox.delivered("mail-3", now=NOW)
    await state.outbox.delivered("s3-5", now=NOW)
    await state.outbox.give_up("mail-4", now=NOW, error="400")
    assert await state.outbox.retry("mail-4", now=LATER, expires=EXPIRES)


async def test_deliveries_are_listed_newest_first_by_run_sink_and_state(state: State) -> None:
    await put(state, parcel(1))
    await put(state, parcel(2), parcel(1, sink="s3"), now=LATER)
    await take(state)
    box = state.outbox

    assert [one.parcel.id for one in await box.deliveries()] == ["mail-2", "s3-1", "mail-1"]
    assert [one.parcel.id for one in await box.deliveries(limit=1)] == ["mail-2"]
    assert [one.parcel.id for one in await box.deliveries(sink="s3")] == ["s3-1"]
    assert [one.parcel.id for one in await box.deliveries(state=DeliveryState.SENDING)] == ["mail-1"]
    assert [one.parcel.id for one in await box.deliveries(run_id="run-2")] == []


async def test_the_backlog_of_each_sink(state: State) -> None:
    await put(state, parcel(1))
    await put(state, parcel(2), parcel(3), parcel(1, sink="s3"), now=LATER)
    await take(state)
    await state.outbox.give_up((await take(state, LATER)).parcel.id, now=LATER, error="550")
    await take(state, LATER, sink="s3")
    await state.outbox.delivered("s3-1", now=LATER)

    assert await state.outbox.backlog() == {
        "mail": Backlog(pending=2, oldest=NOW, failed=1),
        "s3": Backlog(pending=0, oldest=None, failed=0),
    }


async def test_what_only_collects_waits_for_nobody_until_it_is_due(state: State) -> None:
    await put(state, alerts("a", "1"), parcel())
    await state.outbox.postpone((await take(state)).parcel.id, due=LATER, error="503")
    await put(state, parcel(2), now=LATER)

    assert await state.outbox.backlog() == {
        "chat": Backlog(pending=1, oldest=NOW + FIVE),
        "mail": Backlog(pending=2, oldest=NOW),
    }


# --- what is collected ----------------------------------------------------------------------------------------------

FIVE = timedelta(minutes=5)


def alerts(name: str, *parts: str, sink: str = "chat", chain: str | None = "chat", collect: timedelta = FIVE) -> Parcel:
    return Parcel(
        chain=chain,
        id=name,
        run_id=f"run-{name}",
        sink=sink,
        what=f"alerts: {name}",
        payload={"parts": list(parts)},
        collect=collect,
    )


async def held(state: State) -> dict[str, JsonValue]:
    """Return by id what the deliveries have for parts."""
    return {one.parcel.id: one.parcel.payload["parts"] for one in await state.outbox.deliveries()}


async def test_what_is_collected_is_due_when_its_time_is_over(state: State) -> None:
    await put(state, alerts("a", "1"))

    assert await state.outbox.take("chat", NOW + FIVE - timedelta(seconds=1)) is None
    assert await state.outbox.next_due("chat") == NOW + FIVE
    assert (await take(state, NOW + FIVE, sink="chat")).parcel.payload == {"parts": ["1"]}


async def test_two_runs_within_the_time_are_one_delivery_with_both_parts(state: State) -> None:
    await put(state, alerts("a", "1"))
    await put(state, alerts("b", "2", "3"), now=LATER)

    one = await only(state)
    assert (one.parcel.id, one.parcel.payload, one.due) == ("a", {"parts": ["1", "2", "3"]}, NOW + FIVE)
    assert one.parcel.what == "alerts: a + alerts: b"


@pytest.mark.parametrize("collect", [FIVE, timedelta()])
async def test_each_sink_and_each_chain_collects_its_own(state: State, collect: timedelta) -> None:
    await put(state, alerts("a", "1"))
    await put(state, alerts("b", "2", sink="mail-digest", collect=collect), now=LATER)
    await put(state, alerts("c", "3", chain="esx01", collect=collect), now=LATER)
    await put(state, alerts("d", "4", chain=None, collect=collect), now=LATER)
    assert await held(state) == {"a": ["1"], "b": ["2"], "c": ["3"], "d": ["4"]}


async def test_what_is_sent_at_once_takes_along_what_waits_so_that_nothing_is_overtaken(state: State) -> None:
    await put(state, alerts("new", "1", collect=timedelta(hours=6)))
    await put(state, alerts("resolved", "2", collect=timedelta()), now=LATER)

    one = await take(state, LATER, sink="chat")
    assert (one.parcel.id, one.parcel.payload, one.due) == ("new", {"parts": ["1", "2"]}, LATER)
    assert await state.outbox.next_due("chat") is None


async def test_what_is_to_be_sent_at_once_is_joined_by_nothing(state: State) -> None:
    await put(state, alerts("now", "1", collect=timedelta()))
    await put(state, alerts("a", "2"))
    await put(state, alerts("at once", "3", collect=timedelta()), now=LATER)
    await put(state, alerts("b", "4"), now=LATER)
    assert await held(state) == {"now": ["1"], "a": ["2", "3"], "b": ["4"]}


async def test_what_has_less_time_than_the_one_that_waits_hurries_it(state: State) -> None:
    await put(state, alerts("patient", "1", collect=3 * FIVE))
    await put(state, alerts("hasty", "2", collect=FIVE), now=LATER)
    await put(state, alerts("patient too", "3", collect=3 * FIVE), now=LATER)

    one = await only(state)
    assert (one.parcel.payload, one.due) == ({"parts": ["1", "2", "3"]}, LATER + FIVE)


async def test_what_was_joined_is_a_delivery_of_the_newer_run(state: State) -> None:
    await put(state, alerts("a", "1"))
    await put(state, alerts("b", "2"), now=LATER)
    (one,) = await state.outbox.deliveries(run_id="run-b")
    assert one.parcel.id == "a"


async def test_the_time_to_try_it_begins_when_it_is_due(state: State) -> None:
    await put(state, alerts("a", "1", collect=timedelta(hours=24)), parcel())
    assert {one.parcel.id: one.expires for one in await state.outbox.deliveries()} == {
        "a": EXPIRES + timedelta(hours=24),
        "mail-1": EXPIRES,
    }


async def test_what_is_collected_for_a_day_is_not_taken_for_the_fault_of_a_clock(state: State) -> None:
    await put(state, alerts("a", "1", collect=timedelta(hours=24)))
    assert await state.outbox.take("chat", NOW) is None


@pytest.mark.parametrize("step", ["due", "sending", "failed once", "delivered", "given up", "retried by hand"])
async def test_what_is_due_or_was_attempted_is_joined_by_nobody(state: State, step: str) -> None:
    await put(state, alerts("a", "1"))
    now = NOW + FIVE if step == "due" else LATER
    if step not in {"due", "retried by hand"}:
        await take(state, NOW + FIVE, sink="chat")
    match step:
        case "failed once":
            await state.outbox.postpone("a", due=NOW + FIVE, error="503")
        case "delivered":
            await state.outbox.delivered("a", now=LATER)
        case "given up":
            await state.outbox.give_up("a", now=LATER, error="403")
        case "retried by hand":
            await state.outbox.retry("a", now=LATER, expires=EXPIRES)

    await put(state, alerts("b", "2"), now=now)

    assert await held(state) == {"a": ["1"], "b": ["2"]}


async def test_a_repeat_adds_nothing_twice(state: State) -> None:
    for _ in range(2):
        await put(state, alerts("a", "1"))
        await put(state, alerts("b", "2"), now=LATER)

    one = await only(state)
    assert (one.parcel.payload, one.parcel.what) == ({"parts": ["1", "2"]}, "alerts: a + alerts: b")


async def test_a_clock_that_was_set_back_makes_nobody_wait_for_what_was_put_in_before(state: State) -> None:
    await put(state, alerts("a", "1"), now=NOW + timedelta(days=1))
    await put(state, alerts("b", "2"))

    one = await only(state)
    assert (one.parcel.payload, one.due) == ({"parts": ["1", "2"]}, NOW + FIVE)


async def test_a_clock_that_was_set_back_makes_nobody_join_what_is_to_be_sent_at_once(state: State) -> None:
    await put(state, alerts("now", "1", collect=timedelta()), now=LATER)
    await put(state, alerts("a", "2"))
    assert await held(state) == {"now": ["1"], "a": ["2"]}


async def test_what_was_joined_survives_a_restart(tmp_path: Path) -> None:
    async with open_state(tmp_path) as state:
        await put(state, alerts("a", "1"))
    async with open_state(tmp_path) as state:
        assert await state.outbox.release(LATER) == 0
        await put(state, alerts("b", "2"), now=LATER)
        assert (await take(state, NOW + FIVE, sink="chat")).parcel.payload == {"parts": ["1", "2"]}


# --- what keeps its order


async def test_in_a_chain_nothing_goes_before_what_waits_for_another_attempt(state: State) -> None:
    await put(state, parcel(1, chain="esx01"))
    await state.outbox.postpone((await take(state)).parcel.id, due=LATER, error="503")
    await put(state, parcel(2, chain="esx01"), now=NOW + timedelta(seconds=1))

    assert await state.outbox.take("mail", NOW + timedelta(seconds=2)) is None
    assert await state.outbox.next_due("mail") == LATER
    assert (await take(state, LATER)).parcel.id == "mail-1"
    await state.outbox.delivered("mail-1", now=LATER)
    assert (await take(state, LATER)).parcel.id == "mail-2"


async def test_what_was_given_up_holds_up_nothing(state: State) -> None:
    await put(state, parcel(1, chain="esx01"))
    await state.outbox.give_up((await take(state)).parcel.id, now=NOW, error="400")
    await put(state, parcel(2, chain="esx01"), now=LATER)

    assert (await take(state, LATER)).parcel.id == "mail-2"


async def test_a_chain_keeps_its_order_though_the_clock_was_set_back(state: State) -> None:
    await put(state, parcel(1, chain="esx01"), now=LATER)
    await state.outbox.postpone((await take(state, LATER)).parcel.id, due=LATER, error="503")
    await put(state, parcel(2, chain="esx01"), parcel(3), now=NOW)

    assert (await take(state)).parcel.id == "mail-3"
    assert await state.outbox.take("mail", NOW) is None
    assert [(await take(state, LATER)).parcel.id] == ["mail-1"]


async def test_what_was_put_in_first_is_taken_first_though_the_clock_was_set_back(state: State) -> None:
    await put(state, parcel(9), now=LATER)
    await put(state, parcel(1), now=NOW)
    assert [(await take(state, LATER)).parcel.id for _ in range(2)] == ["mail-9", "mail-1"]


async def test_other_chains_sinks_and_what_has_none_do_not_wait(state: State) -> None:
    await put(state, parcel(1, chain="esx01"))
    await state.outbox.postpone((await take(state)).parcel.id, due=LATER, error="503")
    await put(state, parcel(2, chain="esx02"), parcel(3), parcel(4, sink="s3", chain="esx01"))

    assert {(await take(state)).parcel.id for _ in range(2)} == {"mail-2", "mail-3"}
    assert (await take(state, sink="s3")).parcel.id == "s3-4"
