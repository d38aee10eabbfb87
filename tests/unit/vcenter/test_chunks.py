"""How many objects are asked for at once: as many as keep an answer small, judged by the answers before it."""

import pytest

from vhealthd.vcenter.properties import CHUNK_BYTES, CHUNK_OBJECTS, FIRST_CHUNK_OBJECTS, ChunkSize


def test_the_first_chunk_is_small_for_nothing_is_known_yet() -> None:
    assert ChunkSize().objects == FIRST_CHUNK_OBJECTS == 50


@pytest.mark.parametrize(
    ("objects", "size", "next_objects"),
    [
        (50, 50 * 100, CHUNK_OBJECTS),  # small records: as many as allowed
        (50, 50 * 4_000, 100),
        (50, 50 * 8_000, 50),
        (50, CHUNK_BYTES, 50),
        (50, 10 * CHUNK_BYTES, 5),
        (1, 10 * CHUNK_BYTES, 1),  # one at a time at least
        (7, CHUNK_BYTES + 1, 6),
    ],
)
def test_the_next_chunk_should_weigh_what_a_chunk_may(objects: int, size: int, next_objects: int) -> None:
    chunk = ChunkSize()

    chunk.learn(objects, size)

    assert chunk.objects == next_objects


@pytest.mark.parametrize(("objects", "size"), [(0, 46), (50, 0), (0, 0)])
def test_an_empty_answer_teaches_nothing(objects: int, size: int) -> None:
    chunk = ChunkSize()
    chunk.learn(50, 50 * 4_000)

    chunk.learn(objects, size)

    assert chunk.objects == 100
