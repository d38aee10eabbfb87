"""Writes files so that a reader finds the old one or the new one, never half of one."""

import os
import tempfile
from pathlib import Path

from vhealthd.errors import OutputError


def write(path: Path, data: bytes) -> None:
    """Write a whole file: temporary name beside it, fsync, rename. Raises OutputError that names the path."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=f".{path.name}.", dir=path.parent, delete=False) as file:
            temporary = Path(file.name)
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                temporary.chmod(0o640)
                temporary.replace(path)
            except BaseException:
                temporary.unlink()
                raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
