"""What signals do to a command."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")

_OF_THE_SERVICE = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


class TerminatedError(Exception):
    """SIGTERM came."""


async def until_terminated(work: Coroutine[None, None, T]) -> T:
    """Do something until SIGTERM, which ends it as SIGINT does: sessions are logged out. Raises TerminatedError."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel, "SIGTERM")
    try:
        return await task
    except asyncio.CancelledError as cancelled:
        if cancelled.args == ("SIGTERM",):
            raise TerminatedError from None
        raise


def hold_back() -> None:
    """Let the signals of a service wait until `hear`: none may end it half begun."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _OF_THE_SERVICE)


def hear(*, hang_up: asyncio.Event, stop: asyncio.Event) -> None:
    """Let SIGHUP set `hang_up`, SIGTERM and SIGINT `stop`; a second one of these ends the process at once."""
    loop = asyncio.get_running_loop()

    def end(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)  # what is left undone is taken up at the next start
        stop.set()

    loop.add_signal_handler(signal.SIGHUP, hang_up.set)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _OF_THE_SERVICE)
