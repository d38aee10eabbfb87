"""Walks over views, which are plain dicts and lists."""

from collections.abc import Iterator
from typing import Any


def strings(value: Any) -> Iterator[str]:  # noqa: ANN401 - walks any view
    """Yield all strings of a view."""
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(one)
