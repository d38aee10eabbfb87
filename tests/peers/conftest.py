"""These tests need real programs: `make test-peers` installs and names them. Whoever runs all tests goes without."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests alone unless this folder, or a file in it, was asked for by name."""
    asked_for = [(config.invocation_params.dir / one.partition("::")[0]).resolve() for one in config.args]
    if any(one == HERE or HERE in one.parents for one in asked_for):
        return None
    return HERE in collection_path.parents
