"""One process a state directory: a lock that the kernel holds and that ends with the process, however it ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vhealthd.errors import StateError

NAME = "vhealthd.lock"
# Whoever asks who has it (see `holder`) has it for a moment.
_TRIES, _PAUSE = 20, 0.05  # seconds


@contextmanager
def lock(directory: Path) -> Iterator[None]:
    """Hold a directory for this process. Raises StateError if another one has it, or if it cannot be written."""
    try:
        directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        file = os.open(directory / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise StateError(f"{directory} cannot be used: {error.strerror}; let the service's user write there") from error
    try:
        _take(file, directory)
        with suppress(OSError):  # the number is for people; a disk that is full keeps nobody from the lock
            os.ftruncate(file, 0)
            os.write(file, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(file)


def _take(file: int, directory: Path) -> None:
    for _ in range(_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        except OSError as error:
            raise StateError(f"{directory} cannot be locked: {error.strerror}; put it on a local disk") from error
        else:
            return
    raise StateError(
        f"{directory} is in use by another vhealthd (process {_holder(file)}); stop it first, "
        "or set another state.directory"
    )


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
