"""The log: one form for our lines and for those of libraries, no secret in either, and the run on every line."""

import asyncio
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from vhealthd import logs, redaction

SECRET = "pl4nted-s3cret"
log = structlog.get_logger("vhealthd.test")
library = logging.getLogger("some.library")


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(redaction, "_known", redaction._Known())
    redaction.remember(SECRET)
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def deep(text: str) -> None:
    """Raise what a library might: the secret in an error, in its cause, in a note and in a group."""
    error = ConnectionError(f"cannot log in with {text}")
    error.add_note(f"the password was {text}")
    raise ExceptionGroup("several", [error, ValueError(text)]) from KeyError(text)


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("logger", [log, library], ids=["ours", "a library's"])
def test_no_trace_tells_a_secret(logger: Any, form: str, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN401
    logs.configure("debug", form)

    password = SECRET
    try:
        deep(password)
    except ExceptionGroup:
        logger.exception("login failed")

    written = capsys.readouterr().err
    assert "ConnectionError" in written
    assert "cannot log in with ***" in written
    assert "pl4nted" not in written


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_field_tells_a_secret(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", form)

    said = f"logging in with {SECRET}"
    log.info(
        said,
        nested={"deep": [{"Authorization": "Bearer x"}, SECRET]},
        raw=SECRET.encode(),
        password="short",
        headers={b"vmware-api-session-id": b"abc"},
        error=ValueError(SECRET),
        url=f"https://svc:{SECRET}@vc01/api",
    )
    library.warning("%s and %r: %s", SECRET, {"token": "short"}, ValueError(f"password={SECRET}"))
    with bound_contextvars(bound=SECRET):
        log.info("bound")
        library.warning("bound")

    written = capsys.readouterr().err
    for part in ("pl4nted", "short", "Bearer", "abc"):
        assert part not in written


def test_the_run_and_the_vcenter_stay_on_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")

    with bound_contextvars(run_id="20261122T060000Z-7f3a", vcenter="prod"):
        log.info("login", why="it was time")
        library.error("connection of %s lost", "pool")

    ours, theirs = lines(capsys)
    assert ours.pop("timestamp")
    assert theirs.pop("timestamp")
    bound = {"run_id": "20261122T060000Z-7f3a", "vcenter": "prod"}
    assert ours == {"event": "login", "why": "it was time", "level": "info", **bound}
    assert theirs == {"event": "connection of pool lost", "level": "error", "logger": "some.library", **bound}


@pytest.mark.parametrize(
    ("level", "ours", "theirs"),
    [
        ("debug", ["debug", "info", "warning", "error"], ["warning", "error"]),
        ("warning", ["warning", "error"], ["warning", "error"]),
        ("error", ["error"], ["error"]),
    ],
)
def test_libraries_are_heard_from_warning_on(
    level: str, ours: list[str], theirs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(level, "json")
    chatty = logging.getLogger("botocore.test")
    chatty.setLevel(logging.DEBUG)

    for logger in (log, chatty, library):
        for name in ("debug", "info", "warning", "error"):
            getattr(logger, name)("a line")

    written = lines(capsys)
    assert [one["level"] for one in written if "logger" not in one] == ours
    assert [one["level"] for one in written if one.get("logger") == "some.library"] == theirs
    assert [one["level"] for one in written if one.get("logger") == "botocore.test"] == theirs


def test_setting_up_twice_does_not_write_twice(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "json")
    logs.configure("info", "json")

    library.warning("once")

    assert len(lines(capsys)) == 1


def test_a_line_that_cannot_be_made_costs_no_more_than_itself(capsys: pytest.CaptureFixture[str]) -> None:
    # the one of the test runner insists on whole lines
    logging.getLogger().handlers.clear()
    logs.configure("debug", "json")

    library.warning("%d parts", SECRET)

    (said,) = lines(capsys)
    assert said["event"] == "a line of this library cannot be written"
    assert said["level"] == "warning"


async def test_what_the_event_loop_complains_of_takes_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "json")

    asyncio.get_running_loop().call_exception_handler({"message": "broken", "exception": ValueError(SECRET)})

    (said,) = lines(capsys)
    assert (said["event"], said["logger"]) == ("broken", "asyncio")
    assert said["exception"][0]["exc_value"] == "***"


def test_text_is_for_terminals(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    logs.configure("info", "auto")

    log.warning("watch out", check="snapshot-age")

    assert "watch out" in capsys.readouterr().err
