from collections.abc import Callable
from pathlib import Path

import pytest

from vhealthd.config import InvalidConfigError, load

Write = Callable[[str], Path]
Complaints = Callable[[str], list[str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration beside a password file."""

    def to_file(text: str) -> Path:
        secret = tmp_path / "password"
        secret.write_text("planted\n")
        secret.chmod(0o600)
        file = tmp_path / "config.yaml"
        file.write_text(text)
        return file

    return to_file


@pytest.fixture
def complaints(write: Write) -> Complaints:
    """What load says of a text, line by line and without the folder; nothing if it is fine."""

    def of(text: str) -> list[str]:
        file = write(text)
        try:
            load(file)
        except InvalidConfigError as error:
            return str(error).replace(f"{file.parent}/", "").split("\n")
        return []

    return of
