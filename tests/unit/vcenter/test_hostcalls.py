"""How hosts are asked one by one."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.builders import host
from tests.unit.vcenter.servers import AT_ONCE as QUICK
from tests.unit.vcenter.servers import is_silent, says, server, transport
from vhealthd.errors import BadAnswerError, ConnectionFailedError, NotPermittedError, VCenterError
from vhealthd.model import Host, Message, Outcome, Unseen
from vhealthd.vcenter.hostcalls import AT_ONCE, ask_each
from vhealthd.vcenter.wire import rounding
from vhealthd.wording import english

HOSTS = [host(f"esx{number:02}") for number in range(10)]
GAP = Unseen(Message("test.gap", "it has no manager")())


async def test_every_connected_host_is_asked_a_few_at_a_time() -> None:
    busy = most = 0

    async def ask(one: Host) -> str:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1
        return one.name

    found = await ask_each(HOSTS, ask)

    assert {found[one.ref] for one in HOSTS} == {one.name for one in HOSTS}
    assert most == AT_ONCE


@pytest.mark.parametrize("state", ["disconnected", "notResponding", "unknown"])
async def test_a_host_that_is_not_connected_is_not_asked(state: str) -> None:
    away = host("away", connection_state=state)

    async def ask(_: Host) -> str:
        raise AssertionError

    gap = (await ask_each([away], ask))[away.ref]

    assert isinstance(gap, Unseen)
    assert english(gap.reason) == f"the host is not connected ({state})"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NotPermittedError("the account lacks the privilege System.Read"), Outcome.SKIPPED),
        (BadAnswerError("odd"), Outcome.UNKNOWN),
        (VCenterError("broken"), Outcome.UNKNOWN),
    ],
)
async def test_what_goes_wrong_with_one_host_is_its_own_gap(error: VCenterError, outcome: Outcome) -> None:
    async def ask(one: Host) -> str | Unseen:
        if one is HOSTS[0]:
            raise error
        return GAP if one is HOSTS[1] else "fine"

    found = await ask_each(HOSTS, ask)

    assert found.gaps.keys() == {HOSTS[0].ref, HOSTS[1].ref}
    assert english(found.gaps[HOSTS[0].ref].reason) == str(error)
    assert found.gaps[HOSTS[0].ref].outcome is outcome
    assert found.gaps[HOSTS[1].ref] is GAP
    assert len(found.records) == len(HOSTS) - 2


async def test_no_hosts_are_no_gaps() -> None:
    async def ask(_: Host) -> str:
        raise AssertionError

    assert (await ask_each([], ask)).records == {}


# --- requests with a time-out of their own --------------------------------------------------------------------------


async def test_a_request_with_its_own_patience_is_given_up_once_and_soon() -> None:
    async with server(is_silent) as silent, transport(silent.url) as way:
        with pytest.raises(ConnectionFailedError, match=r"did not answer within 0\.1 s"):
            await way.send("GET", "/", seconds=0.1)

        assert way.traffic.requests == 1


async def test_it_is_never_more_patient_than_usual() -> None:
    async with server(is_silent) as silent, transport(silent.url, pace=replace(QUICK, answer=0.1)) as way:
        with pytest.raises(ConnectionFailedError, match=r"did not answer within 0\.1 s"):
            await way.send("GET", "/", seconds=60)


async def test_other_failures_are_tried_again_all_the_same() -> None:
    async with server(says(503, "no healthy upstream"), says()) as ailing, transport(ailing.url) as way:
        answer = await way.send("GET", "/", seconds=5)

        assert answer.ok
        assert answer.seconds > 0
        assert way.traffic.requests == 2


# --- times ----------------------------------------------------------------------------------------------------------


def test_a_time_without_a_fraction_may_be_a_second_late() -> None:
    assert rounding(datetime(2026, 3, 2, 6, 0, 1, tzinfo=UTC)) == 1
    assert rounding(datetime(2026, 3, 2, 6, 0, 1, 500_000, tzinfo=UTC)) == 0
