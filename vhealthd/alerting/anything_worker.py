"""The process that sends one message with apprise and ends; started as `python -I -m ...anything_worker` by `anything`.

Reads JSON from stdin, {"url": ..., "title": ..., "body": ..., "kind": "info", "success", "warning" or "failure"}.
Writes JSON to stdout, {"result": "sent", "failed", "unknown" for a URL that apprise does not know, or "missing"
where apprise is not installed, "said": what apprise has said of it}. `said` may have parts of the URL.

A process, because a thread that waits for some service cannot be cancelled.
"""

import json
import logging
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout


def main() -> None:
    """Serve one request."""
    request = json.load(sys.stdin.buffer)
    heard = _Heard(logging.WARNING)
    logging.getLogger("apprise").addHandler(heard)
    with redirect_stdout(sys.stderr):
        result = _send(request)
    json.dump({"result": result, "said": " ".join(heard.lines)}, sys.stdout)


def _send(request: Mapping[str, str]) -> str:
    try:
        import apprise  # noqa: PLC0415 - it is an extra
    except ImportError:
        return "missing"
    service = apprise.Apprise()
    if not service.add(request["url"]):
        return "unknown"
    sent = service.notify(
        title=request["title"],
        body=request["body"],
        notify_type=request["kind"],
        body_format="text",
    )
    return "sent" if sent else "failed"


class _Heard(logging.Handler):
    """Keeps what is said."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


if __name__ == "__main__":
    main()
