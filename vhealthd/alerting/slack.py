"""Slack, by an incoming webhook: one message a run.

The wire format is that of Slack's documentation: "Sending messages using incoming webhooks", the Block Kit reference
(a message has at most 50 blocks, a section 3,000 characters, a header 150) and "Formatting message text".
"""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import accumulate, takewhile
from types import MappingProxyType
from urllib.parse import quote

import aiohttp

from vhealthd.alerting.channel import turns
from vhealthd.alerting.post import TIMEOUT, Clock, Post, said
from vhealthd.alerting.words import endings
from vhealthd.config import SlackChannel
from vhealthd.errors import DeliveryDelayedError
from vhealthd.language import Language
from vhealthd.model import Alert, Event, Notice, Severity, Turn, VirtualCenter
from vhealthd.report.glyphs import clip
from vhealthd.report.mailbody import plain
from vhealthd.report.mailwords import MailWords
from vhealthd.report.words import NOTHING

Block = dict[str, object]

_SHOWN = 10  # alerts, as many that are over, and as many that are told elsewhere
_HEADER = 150  # characters, as all that follow
_NAME, _VCENTER, _TITLE = 90, 60, 70  # so that the lines of what is over fit into their sections
_MESSAGE, _ADVICE, _URL = 900, 700, 2000
_SEPARATOR = " · "
_MARKS = MappingProxyType({Severity.CRITICAL: "🔴", Severity.WARNING: "🟠", Severity.INFO: "🔵"})
_IN_URLS = ":/?#[]@!$&'()*+,;=%~"
_EXAMPLES = 3
_LINES, _SHORT = 5, 240  # lines of a section about what is over, and what each says of it
_OVER, _ELSEWHERE = "✅", "➡️"
# Slack asks for these three; a backtick would end the code that a name is set in.
_ESCAPES = MappingProxyType({"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "\N{MODIFIER LETTER GRAVE ACCENT}"})


class Slack:
    """Sends messages. Slack knows no repeats: one whose answer is lost on the way may come twice."""

    def __init__(
        self, settings: SlackChannel, *, language: Language, clock: Clock, timeout: aiohttp.ClientTimeout = TIMEOUT
    ) -> None:
        self._settings = settings
        self._language = language
        self._post = Post(settings, clock=clock, timeout=timeout)

    async def send(self, notice: Notice, *, delivery_id: str) -> None:  # noqa: ARG002 - there is no place for it
        """Send. Raises DeliveryError, or ConfigError if the URL cannot be read or used."""
        url = await asyncio.to_thread(self._settings.url.read)
        answer = await self._post(url, json=message(notice, self._language))
        if answer.text != "ok":
            raise DeliveryDelayedError(
                f"{answer.host} answers {answer.status}, but not that it has the message: {said(answer.text)}"
            )


def message(notice: Notice, language: Language) -> dict[str, object]:
    """Return what is posted; `text` is for notifications, which show no blocks."""
    writer = _Writer(language)
    heading = writer.heading(notice)
    head = {"type": "header", "text": {"type": "plain_text", "text": clip(heading, _HEADER), "emoji": False}}
    if notice.test:
        return {"text": heading, "blocks": [head, writer.footer(notice)]}
    return {
        "text": f"{heading}\n{writer.notification(notice.alerts[0])}",
        "blocks": [head, *writer.alerts(notice), *writer.over(notice), writer.footer(notice)],
    }


class _Writer:
    """Writes the parts of a message in one language."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._words = MailWords(language)
        self._turns = turns(language)

    def heading(self, notice: Notice) -> str:
        """Say how much there is. It names nothing, so there is nothing to escape."""
        words = self._language.words
        if notice.test:
            return words("This is a test of vhealthd. Nothing is wrong.")
        counts = ((notice.critical, "critical"), (notice.warning, "warning"), (notice.info, "info"))
        said = self._words.listed([self._words.of_outcome(count, outcome) for count, outcome in counts if count])
        if not notice.open and not (notice.critical or notice.warning):
            said = words("Nothing is critical, and nothing warns.")
        return self._words.with_reason("vhealthd", said or words("no findings"))

    def notification(self, alert: Alert) -> str:
        """Say what an alert is about in one line; of one that is over no more than that."""
        where, title = plain(alert.object) or NOTHING, plain(alert.title)
        if alert.object_type != VirtualCenter.__name__:
            where = self._words.in_brackets(where, plain(alert.vcenter))
        over = alert.event is Event.RESOLVE
        said = (
            self._words.listed([where, title]) if over else self._words.risk(where, None, title, plain(alert.message))
        )
        return _escaped(self._words.with_reason(self._turns[alert.turn], said), _MESSAGE)

    def alerts(self, notice: Notice) -> Iterator[Block]:
        """Tell the worst alerts, and how many more there are. What to do is said once a check."""
        advised: set[str] = set()
        for alert in notice.open[:_SHOWN]:
            yield _section(self._alert(alert, advise=alert.check not in advised))
            advised.add(alert.check)
        if (more := len(notice.open) - _SHOWN) > 0:
            yield _section(
                [
                    self._language.counted(
                        "... and {count} more alert in the report.", "... and {count} more alerts in the report.", more
                    )
                ]
            )

    def over(self, notice: Notice) -> Iterator[Block]:
        """Tell what is over, then what is told elsewhere now."""
        over, elsewhere = endings(notice)
        for lines in (self._over(over), self._elsewhere(elsewhere)):
            for start in range(0, len(lines), _LINES):
                yield _section(lines[start : start + _LINES])

    def _over(self, alerts: Sequence[Alert]) -> list[str]:
        lines = [self._end(_OVER, self._turns[one.turn], one) for one in alerts[:_SHOWN]]
        if (more := len(alerts) - _SHOWN) > 0:
            lines.append(
                self._language.counted("... and {count} more is over.", "... and {count} more are over.", more)
            )
        return lines

    def _elsewhere(self, alerts: Sequence[Alert]) -> list[str]:
        where = self._language.words("Told elsewhere now")
        lines = [self._end(_ELSEWHERE, f"{self._turns[one.turn]}{_SEPARATOR}{where}", one) for one in alerts[:_SHOWN]]
        if (more := len(alerts) - _SHOWN) > 0:
            lines.append(
                self._language.counted(
                    "... and {count} more is told elsewhere now.",
                    "... and {count} more are told elsewhere now.",
                    more,
                )
            )
        return lines

    def _end(self, mark: str, why: str, alert: Alert) -> str:
        said = f"{mark} *{why}*{_SEPARATOR}{self._about(alert)}"
        message = _escaped(alert.message, _SHORT)
        return f"{said}{_SEPARATOR}{message}" if message else said

    def footer(self, notice: Notice) -> Block:
        """Say which run it is, and where the report is."""
        words = self._language.words
        names = _escaped(self._words.vcenters(notice.vcenters), _MESSAGE)
        said = [names, words("Run {run}", run=_escaped(notice.run_id, _NAME))]
        if notice.next_run:
            said.append(words("Next run: {time}", time=self._language.moment(notice.next_run)))
        if notice.report:
            said.append(_link(notice.report, words("The full report")))
        return {"type": "context", "elements": [_mrkdwn(_SEPARATOR.join(said))]}

    def _alert(self, alert: Alert, *, advise: bool) -> list[str]:
        words = self._language.words
        why = f"{self._words.outcomes[alert.severity]}{_SEPARATOR}{self._turns[alert.turn]}"
        head = [f"{_MARKS[alert.severity]} *{why}*", self._about(alert)]
        if alert.turn is not Turn.NEW:
            head.append(words("since {when}", when=self._language.moment(alert.since)))
        lines = [_SEPARATOR.join(head), _escaped(alert.message, _MESSAGE)]
        if any(name not in alert.message for name in alert.examples):
            some = [_escaped(name, _NAME) for name in alert.examples[:_EXAMPLES]]
            lines.append(words("Affected: {names}", names=self._words.named(some, alert.count)))
        if advise:
            lines.append(self._words.advice(_escaped(alert.advice, _ADVICE)))
            if alert.kb and alert.kb.startswith("https://"):
                lines.append(_link(alert.kb, words("Knowledge base article")))
        return lines

    def _about(self, alert: Alert) -> str:
        name = f"`{_escaped(alert.object, _NAME) or NOTHING}`"
        if alert.object_type != VirtualCenter.__name__:
            name = self._words.in_brackets(name, _escaped(alert.vcenter, _VCENTER))
        return f"{name}{_SEPARATOR}{_escaped(alert.title, _TITLE)}"


def _section(lines: list[str]) -> Block:
    return {"type": "section", "text": _mrkdwn("\n".join(lines))}


def _mrkdwn(text: str) -> dict[str, object]:
    # verbatim: what looks like a link or a mention in a name becomes none
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _link(where: str, text: str) -> str:
    """Return a link; a path is shown as it is."""
    if not where.startswith(("https://", "http://")):
        return f"`{_escaped(where, _URL)}`"
    return f"<{_escaped(quote(where, safe=_IN_URLS), _URL)}|{text}>"


def _escaped(text: str, limit: int) -> str:
    """Return text that is text to Slack, and at most `limit` characters long so."""
    pieces = [_ESCAPES.get(letter, letter) for letter in plain(text, limit)]
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    room = limit - 1
    kept = takewhile(lambda length: length <= room, accumulate(map(len, pieces)))
    return "".join(pieces[: len(list(kept))]) + "…"
