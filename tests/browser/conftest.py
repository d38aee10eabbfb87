"""These tests want a Chromium that `make test-browser` installs. They run only where they are named."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave this folder alone unless the command line names it."""
    del collection_path
    named = any("browser" in Path(argument.partition("::")[0]).parts for argument in config.args)
    return None if named else True
