"""Sets up structlog: to stderr, as text for a terminal and as JSON lines for everything else."""

import logging
import sys

import structlog


def configure(level: str, form: str) -> None:
    """Log from `level` on; `form` is auto, json or text."""
    text = form == "text" or (form == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(_for_people() if text else _for_machines()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


# Traces show where, and never the values of variables: among them are passwords and tokens.


def _for_people() -> list[structlog.typing.Processor]:
    colors = sys.stderr.isatty()
    return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)]


def _for_machines() -> list[structlog.typing.Processor]:
    trace = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(trace), structlog.processors.JSONRenderer()]
