"""The life of a token: who logs in, when, how often, and what everybody hears when it ends."""

import asyncio
from dataclasses import dataclass, field

import pytest

from vhealthd.errors import LoginFailedError, SessionLostError, UnavailableError, VCenterError
from vhealthd.vcenter.session import IDLE_SECONDS, TokenSession, TokenState


@dataclass
class Door:
    """A vCenter's door: hands tokens out, counts, and can be told to refuse."""

    refusal: VCenterError | None = None
    logout_refusal: VCenterError | None = None
    logins: int = 0
    logged_out: list[str] = field(default_factory=list)
    now: float = 1000.0
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.opened.set()

    async def log_in(self) -> str:
        self.logins += 1
        await asyncio.sleep(0)
        await self.opened.wait()
        if self.refusal:
            raise self.refusal
        return f"token-{self.logins}"

    async def log_out(self, token: str) -> None:
        self.logged_out.append(token)
        if self.logout_refusal:
            raise self.logout_refusal

    def session(self) -> TokenSession:
        return TokenSession(login=self.log_in, logout=self.log_out, clock=lambda: self.now)


@pytest.fixture
def door() -> Door:
    return Door()


async def served(session: TokenSession) -> tuple[str, int]:
    """Use the session once, with success."""
    token, generation = await session.current()
    session.accepted(generation)
    return token, generation


async def test_nobody_logs_in_before_a_token_is_wanted(door: Door) -> None:
    assert door.session().state is TokenState.CREATED
    assert door.logins == 0


async def test_the_first_use_logs_in_and_the_next_uses_do_not(door: Door) -> None:
    session = door.session()

    assert [await served(session) for _ in range(3)] == [("token-1", 1)] * 3
    assert session.state is TokenState.AUTHENTICATED
    assert (door.logins, session.logins) == (1, 1)


async def test_fifty_first_uses_at_once_are_one_login(door: Door) -> None:
    session = door.session()

    found = await asyncio.gather(*(session.current() for _ in range(50)))

    assert set(found) == {("token-1", 1)}
    assert door.logins == 1


@pytest.mark.parametrize("has_served", [True, False])
async def test_fifty_refusals_at_once_are_one_login(door: Door, *, has_served: bool) -> None:
    session = door.session()
    _, generation = await served(session) if has_served else await session.current()

    await asyncio.gather(*(session.refused(generation) for _ in range(50)))

    assert door.logins == 2
    assert await session.current() == ("token-2", 2)


async def test_a_refusal_that_comes_late_does_not_end_the_new_session(door: Door) -> None:
    session = door.session()
    _, old = await served(session)
    await session.refused(old)

    await session.refused(old)

    assert door.logins == 2


async def test_success_with_an_old_token_says_nothing_of_the_new_one(door: Door) -> None:
    session = door.session()
    _, old = await session.current()
    await session.refused(old)

    session.accepted(old, "stale")

    assert await session.current() == ("token-2", 2)
    door.refusal = UnavailableError("down")
    with pytest.raises(UnavailableError):
        await session.refused(2)
    assert session.state is TokenState.INVALIDATED


@pytest.mark.parametrize(("has_served", "state"), [(True, TokenState.EXPIRED), (False, TokenState.INVALIDATED)])
async def test_a_token_that_served_expires_and_one_that_never_did_is_invalidated(
    door: Door, state: TokenState, *, has_served: bool
) -> None:
    session = door.session()
    _, generation = await served(session) if has_served else await session.current()
    door.refusal = UnavailableError("down")

    with pytest.raises(UnavailableError):
        await session.refused(generation)

    assert session.state is state


async def test_expiry_is_renewed_as_often_as_it_comes(door: Door) -> None:
    session = door.session()

    for round_ in range(1, 11):
        _, generation = await served(session)
        await session.refused(generation)
        assert door.logins == round_ + 1


async def test_two_rebuilds_in_a_row_and_no_third(door: Door) -> None:
    session = door.session()
    for _ in range(2):
        await session.refused((await session.current())[1])
    assert door.logins == 3

    with pytest.raises(SessionLostError, match="ended 3 new sessions in a row"):
        await session.refused((await session.current())[1])

    assert door.logins == 3


async def test_when_the_session_is_lost_everybody_hears_it_and_nobody_logs_in_again(door: Door) -> None:
    session = door.session()
    for _ in range(2):
        await session.refused((await session.current())[1])
    _, generation = await session.current()

    answers = await asyncio.gather(
        *(session.refused(generation) for _ in range(10)),
        *(session.current() for _ in range(10)),
        return_exceptions=True,
    )

    assert sum(isinstance(one, SessionLostError) for one in answers) >= 11
    with pytest.raises(SessionLostError):
        await session.current()
    assert door.logins == 3


async def test_a_token_that_serves_once_clears_the_count_of_rebuilds(door: Door) -> None:
    session = door.session()
    for _ in range(3):
        for _ in range(2):
            await session.refused((await session.current())[1])
        _, generation = await served(session)
        await session.refused(generation)

    assert await session.current() == ("token-10", 10)


async def test_a_refused_password_is_tried_once_however_many_ask(door: Door) -> None:
    door.refusal = LoginFailedError("wrong password")
    session = door.session()

    answers = await asyncio.gather(*(session.current() for _ in range(50)), return_exceptions=True)

    assert all(answer is door.refusal for answer in answers)
    with pytest.raises(LoginFailedError):
        await session.current()
    assert door.logins == 1


async def test_a_password_that_was_changed_during_the_scan_is_tried_once_too(door: Door) -> None:
    session = door.session()
    _, generation = await served(session)
    door.refusal = LoginFailedError("wrong password")

    answers = await asyncio.gather(*(session.refused(generation) for _ in range(50)), return_exceptions=True)

    # One hears it from the login; to the others the generation is simply over, and they hear it when they go on.
    assert any(answer is door.refusal for answer in answers)
    with pytest.raises(LoginFailedError):
        await session.current()
    assert door.logins == 2


@pytest.mark.parametrize(("idle", "logins"), [(IDLE_SECONDS, 1), (IDLE_SECONDS + 1, 2)])
async def test_a_token_that_idled_too_long_is_renewed_ahead_and_the_old_one_logged_out(
    door: Door, idle: float, logins: int
) -> None:
    session = door.session()
    await served(session)
    door.now += idle

    token, _ = await session.current()

    assert (token, door.logins) == (f"token-{logins}", logins)
    assert door.logged_out == ["token-1"][: logins - 1]


async def test_use_keeps_a_token_from_idling(door: Door) -> None:
    session = door.session()
    for _ in range(10):
        await served(session)
        door.now += IDLE_SECONDS

    assert door.logins == 1


async def test_an_idle_token_whose_logout_fails_is_renewed_all_the_same(door: Door) -> None:
    session = door.session()
    await served(session)
    door.now += IDLE_SECONDS + 1
    door.logout_refusal = UnavailableError("down")

    assert (await session.current())[0] == "token-2"


async def test_a_token_that_comes_with_an_answer_is_taken_over(door: Door) -> None:
    session = door.session()
    _, generation = await session.current()

    session.accepted(generation, "token-from-a-header")

    assert await session.current() == ("token-from-a-header", generation)
    await session.close()
    assert door.logged_out == ["token-from-a-header"]


async def test_close_logs_out_once(door: Door) -> None:
    session = door.session()
    await served(session)

    await asyncio.gather(session.close(), session.close())
    await session.close()

    assert door.logged_out == ["token-1"]


async def test_close_of_what_was_never_opened_asks_nothing(door: Door) -> None:
    await door.session().close()

    assert (door.logins, door.logged_out) == (0, [])


async def test_close_after_a_failed_login_asks_nothing(door: Door) -> None:
    door.refusal = LoginFailedError("wrong password")
    session = door.session()
    with pytest.raises(LoginFailedError):
        await session.current()

    await session.close()

    assert door.logged_out == []


async def test_a_logout_that_fails_is_forgotten(door: Door) -> None:
    door.logout_refusal = UnavailableError("down")
    session = door.session()
    await served(session)

    await session.close()

    assert door.logged_out == ["token-1"]


async def test_nobody_logs_in_after_the_end(door: Door) -> None:
    session = door.session()
    _, generation = await served(session)
    await session.close()

    with pytest.raises(SessionLostError, match="closed"):
        await session.current()
    await session.refused(generation)
    assert door.logins == 1


async def test_a_session_that_comes_after_its_asker_was_cancelled_is_logged_out_at_the_end(door: Door) -> None:
    door.opened.clear()
    session = door.session()
    asker = asyncio.create_task(session.current())
    await asyncio.sleep(0.001)
    asker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asker

    door.opened.set()
    await session.close()

    assert (door.logins, door.logged_out) == (1, ["token-1"])
