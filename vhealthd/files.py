"""Writes files so that a reader finds the old one or the new one, never half of one, after a power cut too."""

import errno
import os
import tempfile
from pathlib import Path

from vhealthd.errors import OutputError

# Some file systems sync no folders, and some folders may be written but not read.
_CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EACCES}


def write(path: Path, data: bytes) -> None:
    """Write a whole file: temporary name beside it, fsync, rename, fsync of the folder.

    Raises OutputError that names the path.
    """
    try:
        _make(path.parent)
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
        sync(path.parent)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def _make(folder: Path) -> None:
    """Make a folder, and those above it, each known to the one that it is in before anything is put into it."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def sync(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
