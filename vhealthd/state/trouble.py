"""Makes one clear sentence of whatever the database complains of."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from vhealthd.errors import StateError

# How long one process waits for another one's change.
BUSY_SECONDS = 3.0

_DAMAGED = "is damaged or is no database ({why}); put a backup in its place, or move it away to begin anew"
# By the primary code of SQLite; of each code that has more than one cause, the likely ones.
_SENTENCES = {
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_FULL: "cannot grow ({why}); free some space on that disk",
    sqlite3.SQLITE_READONLY: "cannot be written ({why}); the account that runs vhealthd must own it and its folder",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened ({why}); the account that runs vhealthd must own it and its folder",
    sqlite3.SQLITE_IOERR: "cannot be read or written ({why}); look at the disk, and at the space that is left on it",
    sqlite3.SQLITE_BUSY: "is held by another process ({why}), and it does not let go; end that process",
}
_OTHER = "cannot be used ({why})"


@contextmanager
def state_errors(path: Path) -> Iterator[None]:
    """Turn errors of the database and of the file system, and of what stands there, into StateError."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DBAPIError) else None
        raise StateError(f"{path} {_sentence(cause or error)}") from error
    except sqlite3.Error as error:
        raise StateError(f"{path} {_sentence(error)}") from error
    except ValueError as error:
        # a value that is none, such as cut JSON: the database itself never looks into what it keeps
        raise StateError(damaged(path, f"{type(error).__name__}: {error}")) from error
    except OSError as error:
        raise StateError(f"{error.filename or path} cannot be used as state directory: {error.strerror}") from error


def damaged(path: Path, why: str) -> str:
    """Say that a file is no sound database."""
    return f"{path} {_DAMAGED.format(why=why)}"


def _sentence(error: BaseException) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    sentence = _OTHER if code is None else _SENTENCES.get(code & 0xFF, _OTHER)
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    return sentence.format(why=why)
