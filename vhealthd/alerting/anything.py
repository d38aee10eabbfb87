"""Whatever else the library apprise knows, in a process of its own: see `anything_worker`."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson

from vhealthd import redaction, workers
from vhealthd.alerting.post import said
from vhealthd.alerting.words import is_told_elsewhere
from vhealthd.config import AppriseChannel
from vhealthd.errors import DeliveryDelayedError, DeliveryRefusedError
from vhealthd.language import Language
from vhealthd.model import Alert, Event, Notice, Severity, VirtualCenter
from vhealthd.report.glyphs import clip
from vhealthd.report.mailbody import plain
from vhealthd.report.mailwords import MailWords

_TIMEOUT = 60.0  # seconds; apprise itself waits 8 for each answer, and some services want several requests
_WORKER = ("-I", "-m", "vhealthd.alerting.anything_worker")
_SHORTEST = 4  # characters of a part of the URL that may be a secret
# Characters. With all that is around the alerts it is less than 2,000, which is what chats such as Discord take.
_ROOM = 1500
_NAMES, _NAME, _MESSAGE, _ADVICE, _WHERE = 120, 100, 400, 400, 200


class Apprise:
    """Sends one message with apprise, and never leaves its process running. `timeout` is in seconds."""

    def __init__(self, settings: AppriseChannel, *, language: Language, timeout: float = _TIMEOUT) -> None:
        self._settings = settings
        self._language = language
        self._timeout = timeout

    async def send(self, notice: Notice, *, delivery_id: str) -> None:
        """Send, or raise DeliveryRefusedError, DeliveryDelayedError or ConfigError."""
        del delivery_id  # no service that apprise knows takes one
        url = await asyncio.to_thread(self._settings.url.read)
        message = message_of(notice, MailWords(self._language))
        request = {"url": url, "title": message.title, "body": message.body, "kind": message.kind}
        status, out, err = await self._run(orjson.dumps(request))
        if status:
            raise DeliveryDelayedError(f"apprise ended with status {status}: {_harmless(_last_line(err), url)}")
        _judge(orjson.loads(out), url)

    async def _run(self, request: bytes) -> tuple[int, bytes, bytes]:
        """Return the exit status, stdout and stderr of a worker."""
        try:
            return await workers.serve(_WORKER, request, seconds=self._timeout)
        except TimeoutError:
            raise DeliveryDelayedError(f"apprise was not done after {self._timeout:g} s and was ended") from None
        except OSError as error:
            raise DeliveryDelayedError(f"apprise cannot be started: {error.strerror}") from error


def _judge(answer: dict[str, Any], url: str) -> None:
    """Raise what an answer of the worker means, if it is no success."""
    match answer["result"]:
        case "missing":
            raise DeliveryRefusedError("apprise is not installed; install it with: pip install 'vhealthd[apprise]'")
        case "unknown":
            raise DeliveryRefusedError(
                f"apprise does not know this kind of URL, or parts of it lack: {_harmless(answer['said'], url)}"
            )
        case "failed":
            raise DeliveryDelayedError(f"apprise could not send it: {_harmless(answer['said'], url)}")


def _harmless(text: str, url: str) -> str:
    """Return what was said without any part of a URL: tokens stand anywhere in those of apprise."""
    address = url.partition("://")[2]
    parts = {part for form in (address, unquote(address)) for part in re.split(r"[^\w.-]+", form)}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORTEST:
            text = text.replace(part, redaction.HIDDEN)
    return said(text)


def _last_line(err: bytes) -> str:
    return err.decode(errors="replace").strip().rpartition("\n")[2]


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent, as plain text; `kind` is one of apprise's: info, success, warning, failure."""

    title: str
    body: str
    kind: str


def message_of(notice: Notice, words: MailWords) -> Letter:
    """Return a notice as a message."""
    counts = ((notice.critical, "critical"), (notice.warning, "warning"))
    grades = [words.capital(count, outcome) for count, outcome in counts if count] or [words.fine()]
    if notice.test:
        grades = [words.language.words("TEST")]
    names = clip(plain(words.vcenters(notice.vcenters)), _NAMES)
    title = f"[vhealthd] {' '.join(grades)} – {names}"  # noqa: RUF001 - a dash
    return Letter(title, "\n".join(_body(notice, words)), _kind(notice))


def _kind(notice: Notice) -> str:
    if notice.test:
        return "info"
    worst = {one.severity for one in notice.open}
    if Severity.CRITICAL in worst:
        return "failure"
    if Severity.WARNING in worst:
        return "warning"
    return "info" if worst else "success"


def _body(notice: Notice, words: MailWords) -> Iterator[str]:
    if notice.test:
        yield words.language.words("This is a test of vhealthd. Nothing is wrong.")
    told = [_told(one, words) for one in (*notice.open, *notice.resolved)]
    shown = list(_fitting(told, _ROOM))
    yield from shown
    if len(told) > len(shown):
        yield words.more_risks(len(shown), len(told))
    if notice.report:
        yield words.with_reason(words.full_heading(), plain(notice.report, _WHERE))


def _told(alert: Alert, words: MailWords) -> str:
    """Say what is wrong and what to do, or that it is over."""
    elsewhere = alert.object_type != VirtualCenter.__name__
    vcenter = plain(alert.vcenter, _NAME) if elsewhere else None
    text = words.risk(plain(alert.object, _NAME), vcenter, plain(alert.title, _NAME), plain(alert.message, _MESSAGE))
    if is_told_elsewhere(alert):
        return words.with_reason(words.language.words("Told elsewhere now"), text)
    if alert.event is Event.RESOLVE:
        return words.with_reason(words.language.words("Resolved"), text)
    graded = words.with_reason(words.outcomes[alert.severity].upper(), text)
    return f"{graded}\n{words.advice(plain(alert.advice, _ADVICE))}"


def _fitting(texts: Sequence[str], room: int) -> Iterator[str]:
    """Yield the first texts, as many as there is room for."""
    for text in texts:
        room -= len(text) + 1
        if room < 0:
            return
        yield text
