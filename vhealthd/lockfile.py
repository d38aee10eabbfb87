"""One process a state directory: a lock that the kernel holds and that ends with the process, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vhealthd.errors import StateError

NAME = "vhealthd.lock"


@contextmanager
def lock(directory: Path) -> Iterator[None]:
    """Hold a directory for this process. Raises StateError if another one has it, or if it cannot be written."""
    try:
        directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        file = os.open(directory / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise StateError(f"{directory} cannot be used: {error.strerror}; let the service's user write there") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        yield
    except BlockingIOError:
        raise StateError(
            f"{directory} is in use by another vhealthd (process {_holder(file)}); stop it first, "
            "or set another state.directory"
        ) from None
    finally:
        os.close(file)


def holder(directory: Path) -> str | None:
    """Return the number of the process that holds a directory, "?" if it cannot be told, or None if none does."""
    try:
        file = os.open(directory / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        return "?"
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(file)
    else:
        return None
    finally:
        with suppress(OSError):
            os.close(file)


def _holder(file: int) -> str:
    return os.pread(file, 32, 0).decode(errors="replace").strip() or "?"
