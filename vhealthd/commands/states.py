"""Opens the state for a command."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from vhealthd.commands.options import settings_to_look
from vhealthd.state import State, open_state

T = TypeVar("T")


def looking(file: Path, log_level: str | None, work: Callable[[State], Awaitable[T]]) -> T:
    """Look into the state that a configuration names, without changing it. Raises StateError."""
    directory = settings_to_look(file, log_level).state.directory

    async def look() -> T:
        async with open_state(directory, read_only=True) as state:
            return await work(state)

    return asyncio.run(look())
