"""Sets up the log: to stderr, as text for a terminal and as JSON lines for everything else, without secrets.

What libraries log with the standard library takes the same way, from `warning` on: their debug lines show requests.
"""

import logging
import sys
from collections.abc import Sequence

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from vhealthd import redaction


def configure(level: str, form: str) -> None:
    """Log from `level` on; `form` is auto, json or text."""
    text = form == "text" or (form == "auto" and sys.stderr.isatty())
    least = logging.getLevelNamesMapping()[level.upper()]
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = _for_people() if text else _for_machines()
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _route_libraries(first, last, max(least, logging.WARNING))


# Traces show where, and never the values of variables: among them are passwords and tokens. They are made before the
# secrets are taken out, because the text of an exception may hold one.


def _for_people() -> list[Processor]:
    renderer = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    return [structlog.processors.format_exc_info, redact, renderer]


def _for_machines() -> list[Processor]:
    trace = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(trace), redact, structlog.processors.JSONRenderer()]


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take secrets out of a line: the last step before it becomes text."""
    return redaction.hide_all(event)


class _LibraryLines(logging.Handler):
    """Writes what libraries log, as our own lines are written."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            # stderr as it is now, not as it was: whoever replaced it meant it
            sys.stderr.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - a line that cannot be written must not end what it tells of
            # The standard way would print the arguments of the line, and with them what was to be hidden.
            structlog.get_logger(record.name).warning("a line of this library cannot be written")


def _route_libraries(first: Sequence[Processor], last: Sequence[Processor], least: int) -> None:
    handler = _LibraryLines(least)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *first],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    for one in [one for one in root.handlers if isinstance(one, _LibraryLines)]:
        root.removeHandler(one)
    root.addHandler(handler)
    root.setLevel(least)
