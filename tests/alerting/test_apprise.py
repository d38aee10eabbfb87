"""Whatever apprise knows: what is said, what its answers mean, and that its process and its URL stay where they are."""

import asyncio
import sys
from pathlib import Path

import pytest

from mocks.receivers import MockJsonReceiver
from mocks.webhooks import Answer
from tests.alerting.machine_notices import ID, alert, failing, notice, over, secret
from tests.report.scans import HOSTILE
from vhealthd.alerting.anything import Apprise, Letter, message_of
from vhealthd.config import AppriseChannel
from vhealthd.errors import DeliveryDelayedError, DeliveryRefusedError
from vhealthd.language import language_of
from vhealthd.model import Notice, Severity
from vhealthd.report.mailwords import MailWords

DASH = "\N{EN DASH}"
WARNING, INFO = Severity.WARNING, Severity.INFO


def channel(url: str, folder: Path, *, timeout: float = 30) -> Apprise:
    settings = AppriseChannel.model_validate({"type": "apprise", "url": secret(folder, "url", url)})
    return Apprise(settings, language=language_of("en"), timeout=timeout)


def to(receiver: MockJsonReceiver) -> str:
    return receiver.url.replace("http://", "json://svc:planted-Pa55word@") + "/in/planted-t0ken"


def said(told: Notice, language: str = "en") -> Letter:
    return message_of(told, MailWords(language_of(language)))


# --- what is said


def test_it_says_what_is_wrong_and_what_to_do_worst_first() -> None:
    told = notice(alert("ds-1"), alert("ds-2", WARNING), over("ds-3"), vcenters=("prod", "lab"))
    assert said(told) == Letter(
        title=f"[vhealthd] 1 CRITICAL 1 WARNING {DASH} prod, lab",
        body="""\
CRITICAL: ds-1 (prod), Datastore capacity: 97.0 % of 1.0 TB is used; the limit is 95 %.
What to do: Free space, or grow the datastore.
WARNING: ds-2 (prod), Datastore capacity: 97.0 % of 1.0 TB is used; the limit is 95 %.
What to do: Free space, or grow the datastore.
Resolved: ds-3 (prod), Datastore capacity: 97.0 % of 1.0 TB is used; the limit is 95 %.
The full report: https://reports.example.com/20261121T060000Z-7f3a/report.pdf""",
        kind="failure",
    )


def test_a_vcenter_is_named_once() -> None:
    told = said(notice(alert("prod", object_type="VirtualCenter"), report=None))

    assert told.body.startswith("CRITICAL: prod, Datastore capacity: ")


@pytest.mark.parametrize(
    ("told", "title", "kind"),
    [
        (notice(alert(severity=WARNING)), f"[vhealthd] 1 WARNING {DASH} prod", "warning"),
        (notice(alert(severity=INFO)), f"[vhealthd] OK {DASH} prod", "info"),
        (notice(over()), f"[vhealthd] OK {DASH} prod", "success"),
        (notice(over(), critical=2), f"[vhealthd] 2 CRITICAL {DASH} prod", "success"),
    ],
    ids=["warning", "info", "over", "over, and others are not"],
)
def test_the_title_counts_all_that_is_wrong(told: Notice, title: str, kind: str) -> None:
    assert (said(told).title, said(told).kind) == (title, kind)


def test_a_test_says_plainly_that_it_is_one() -> None:
    told = said(notice(test=True))

    assert told.title == f"[vhealthd] TEST {DASH} prod"
    assert told.body.startswith("This is a test of vhealthd. Nothing is wrong.\n")
    assert told.kind == "info"


def test_of_many_the_worst_are_told_and_how_many_there_are() -> None:
    told = said(notice(*(alert(f"ds-{number}") for number in range(1, 244))))

    assert len(told.body) < 2000
    assert told.body.count("CRITICAL: ") == 11
    assert "\nThe worst 11 of 243; all of them are in the report.\n" in told.body


def test_the_longest_alert_finds_room() -> None:
    long = "W" * 5000
    told = said(notice(alert(long, title=long, vcenter=long, message=long, advice=long), report=long, vcenters=(long,)))

    assert told.body.startswith("CRITICAL: WWW")
    assert len(told.body) < 2000
    assert len(told.title) < 200


def test_no_name_hides_or_turns_around_anything() -> None:
    told = said(notice(*(alert(name, message="") for name in HOSTILE[3:6])))

    assert "CRITICAL: [U+001B][31mred[U+001B][0m [U+0000][U+0007]" in told.body


# --- what becomes of it


async def test_it_arrives(tmp_path: Path) -> None:
    async with MockJsonReceiver() as receiver:
        await channel(to(receiver), tmp_path).send(notice(alert("生产 😀")), delivery_id=ID)

    (request,) = receiver.accepted
    expected = said(notice(alert("生产 😀")))
    assert request.path == "/in/planted-t0ken"
    assert (request.json["title"], request.json["message"]) == (expected.title, expected.body)
    assert request.json["type"] == "failure"


@pytest.mark.parametrize("status", [429, 500])
async def test_what_is_not_sent_is_tried_again(status: int, tmp_path: Path) -> None:
    async with MockJsonReceiver(faults=[Answer(status=status, headers={"Retry-After": "7"})]) as receiver:
        error = await failing(channel(to(receiver), tmp_path))

    assert isinstance(error, DeliveryDelayedError)
    assert str(error).startswith("apprise could not send it: Failed to send")
    assert f"error={status}" in str(error)


async def test_a_url_that_apprise_does_not_know_is_for_good(tmp_path: Path) -> None:
    error = await failing(channel("pigeon://planted-Pa55word@loft/planted-t0ken", tmp_path))

    assert isinstance(error, DeliveryRefusedError)
    assert str(error).startswith("apprise does not know this kind of URL, or parts of it lack: ")
    assert "planted" not in str(error)


async def test_a_service_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    async with MockJsonReceiver(faults=[Answer(wait=asyncio.Event())]) as receiver:
        error = await failing(channel(to(receiver) + "?rto=0.05", tmp_path))  # apprise's own time-out, in seconds

    assert isinstance(error, DeliveryDelayedError)
    assert str(error) == "apprise could not send it: A Connection error occurred sending JSON notification to ***."


def worker(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a script of our own run in place of Python."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))


async def test_where_apprise_is_not_installed_it_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = "import runpy, sys; sys.modules['apprise'] = None; runpy.run_module(sys.argv[1], run_name='__main__')"
    worker(tmp_path, f'exec {sys.executable} -I -c "{without}" "$3"', monkeypatch)
    error = await failing(channel("json://127.0.0.1:9", tmp_path))

    assert isinstance(error, DeliveryRefusedError)
    assert str(error) == "apprise is not installed; install it with: pip install 'vhealthd[apprise]'"


async def test_a_process_that_is_not_done_in_time_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker(tmp_path, "exec sleep 600", monkeypatch)
    error = await failing(channel("json://127.0.0.1:9", tmp_path, timeout=0.05))

    assert isinstance(error, DeliveryDelayedError)
    assert str(error) == "apprise was not done after 0.05 s and was ended"
    assert children() == set()


async def test_a_delivery_that_is_given_up_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker(tmp_path, "exec sleep 600", monkeypatch)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await channel("json://127.0.0.1:9", tmp_path).send(notice(), delivery_id=ID)

    assert children() == set()


def children() -> set[str]:
    """Return the numbers of the processes that this one has started and that are there."""
    return {pid for one in Path("/proc/self/task").glob("*/children") for pid in one.read_text().split()}


async def test_the_url_is_in_no_command_line_and_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen"
    trace = "printf 'planted-Pa55word is not planted/t0ken: ' >&2; cat >&2"
    worker(tmp_path, f'echo "$@" > {seen}; env >> {seen}; {trace}; exit 7', monkeypatch)
    error = await failing(channel("json://svc:planted-Pa55word@127.0.0.1:9/planted%2Ft0ken", tmp_path))

    assert isinstance(error, DeliveryDelayedError)
    assert str(error).startswith("apprise ended with status 7: ")
    for text in (str(error), seen.read_text()):
        assert "Pa55word" not in text
        assert "t0ken" not in text


async def test_a_python_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    error = await failing(channel("json://127.0.0.1:9", tmp_path))

    assert str(error) == "apprise cannot be started: No such file or directory"
