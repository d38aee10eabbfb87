"""A tenth of what `make soak` does, with seeds of its own."""

from pathlib import Path

import pytest

from tests.soak.kills import storm


@pytest.mark.parametrize("seed", [11, 12])
async def test_nothing_is_lost_and_nothing_is_done_twice_however_the_service_dies(tmp_path: Path, seed: int) -> None:
    tally = await storm(tmp_path, kills=10, seed=seed)

    print("\n".join(tally.lines()))  # noqa: T201 - shown when it fails
    assert tally.problems == []
    assert tally.kills == 10
    assert tally.committed == tally.asked > 0
    assert tally.objects == 3 * tally.committed
