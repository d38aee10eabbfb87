from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from vhealthd.state import State, open_state


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    async with open_state(tmp_path / "state") as opened:
        yield opened
