"""Alerts by mail: one mail with all that came together, through the server of the reports."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, tzinfo

from pydantic import JsonValue

from vhealthd.config import MailChannel, MailSettings
from vhealthd.delivery.payloads import MailPayload, written
from vhealthd.delivery.smtp import MailSink
from vhealthd.language import Language
from vhealthd.model import Alert, Delivery, DeliveryState, Notice, Outcome, Parcel, Severity, VirtualCenter
from vhealthd.report import mailhtml, mailtext
from vhealthd.report.mail import Letter
from vhealthd.report.mailbody import Body, Line, plain
from vhealthd.report.mailwords import MailWords

_LINES = 100  # of a section; a mail is no report
_NAME, _MESSAGE, _ADVICE, _SUBJECT = 100, 400, 300, 120

Clock = Callable[[], datetime]


class MailDigest:
    """Sends mails about alerts, as reports are sent."""

    def __init__(
        self, settings: MailChannel, mail: MailSettings, *, language: Language, zone: tzinfo, clock: Clock
    ) -> None:
        self._to = settings.to or mail.to
        self._mail = mail
        self._language = language
        self._zone = zone
        self._clock = clock

    async def send(self, notice: Notice, *, delivery_id: str) -> None:
        """Send a mail."""
        await self.resume(notice, delivery_id=delivery_id, progress={})

    async def resume(self, notice: Notice, *, delivery_id: str, progress: Mapping[str, JsonValue]) -> None:
        """Send a mail to those who have it not yet."""
        letter = compose(
            notice,
            language=self._language,
            sender=self._mail.sender,
            to=self._to,
            zone=self._zone,
            delivery_id=delivery_id,
        )
        payload = MailPayload(language=self._language.code, letter=letter, attachments=(), pdf="not_wanted")
        parcel = Parcel(id=delivery_id, run_id=notice.run_id, sink="mail", what="alerts", payload=written(payload))
        now = self._clock()
        await MailSink(lambda: self._mail).deliver(
            Delivery(
                parcel=parcel,
                state=DeliveryState.SENDING,
                attempts=1,
                created=now,
                due=now,
                expires=now,
                progress=progress,
            )
        )


def compose(
    notice: Notice, *, language: Language, sender: str, to: tuple[str, ...], zone: tzinfo, delivery_id: str
) -> Letter:
    """Return the letter: the same notice gives the same bytes, and the same Message-ID."""
    words = MailWords(language)
    body = _body(notice, words, zone)
    digest = hashlib.sha256(f"{delivery_id} {sorted(to)}".encode()).hexdigest()
    return Letter(
        message_id=f"<{digest}@{sender.rpartition('@')[2]}>",
        date=notice.made.astimezone(zone),
        sender=sender,
        to=to,
        subject=subject(notice, words),
        language=language.code,
        text=mailtext.render(body),
        html=mailhtml.render(body, language.tag),
    )


def subject(notice: Notice, words: MailWords) -> str:
    """Return the subject: how many alerts there are, the worst first, and where."""
    say = words.language.words
    if notice.test:
        return say("[vhealthd] Test, nothing is wrong")
    counts = [(sum(one.severity is severity for one in notice.open), severity) for severity in reversed(Severity)]
    grades = [words.capital(number, severity.value) for number, severity in counts if number]
    over = [say("{count} resolved", count=words.number(len(notice.resolved)))] if notice.resolved else []
    names = plain(words.vcenters(notice.vcenters), _SUBJECT)
    return say("[vhealthd] Alerts: {counts} – {names}", counts=words.listed([*grades, *over]), names=names)  # noqa: RUF001 - a dash


def _body(notice: Notice, words: MailWords, zone: tzinfo) -> Body:
    return Body(
        title=_title(notice, words),
        outcomes=words.outcomes,
        marks={outcome: words.with_reason(word.upper(), "") for outcome, word in words.outcomes.items()},
        lead=tuple(_lead(notice, words)),
        columns=(),
        rows=(),
        sections=tuple(_sections(notice, words)),
        footer=_footer(notice, words, zone),
    )


def _title(notice: Notice, words: MailWords) -> str:
    say = words.language.words
    return say("Test of vhealthd: nothing is wrong") if notice.test else say("Alerts of the vSphere health check")


def _lead(notice: Notice, words: MailWords) -> Iterator[Line]:
    """Say how many findings the run has in all: an alert is about what changed."""
    said = [
        words.of_outcome(count, name)
        for count, name in ((notice.critical, "critical"), (notice.warning, "warning"), (notice.info, "info"))
        if count
    ]
    if said:
        yield Line(words.language.words("The run has {counts} findings in all.", counts=words.listed(said)))


def _sections(notice: Notice, words: MailWords) -> Iterator[tuple[str, tuple[Line, ...]]]:
    several = len(notice.vcenters) > 1
    parts = [
        (words.outcomes[severity.value], [one for one in notice.open if one.severity is severity])
        for severity in reversed(Severity)
    ]
    parts.append((words.language.words("Resolved"), list(notice.resolved)))
    for name, alerts in parts:
        if alerts:
            lines = [_line(one, words, several=several) for one in alerts[:_LINES]]
            if len(alerts) > _LINES:
                lines.append(Line(words.more_risks(_LINES, len(alerts))))
            yield words.in_brackets(name, words.number(len(alerts))), tuple(lines)


def _line(one: Alert, words: MailWords, *, several: bool) -> Line:
    named = one.vcenter if several and one.object_type != VirtualCenter.__name__ else None
    text = words.risk(
        plain(one.object, _NAME), plain(named, _NAME) if named else None, plain(one.title), plain(one.message, _MESSAGE)
    )
    return Line(text, Outcome(one.severity), words.advice(plain(one.advice, _ADVICE)) if one.advice else "")


def _footer(notice: Notice, words: MailWords, zone: tzinfo) -> str:
    say, when = words.language.words, words.language.moment(notice.made, zone)
    run = say("Run {run}, {when}.", run=notice.run_id, when=when)
    return f"{run} {say('The report: {where}', where=plain(notice.report))}" if notice.report else run
