"""Alerts by mail: one mail with all that came together, through the server of the reports."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo

from pydantic import JsonValue

from vhealthd.alerting.channel import turns
from vhealthd.alerting.words import endings
from vhealthd.config import MailChannel, MailSettings
from vhealthd.delivery.payloads import MailPayload, written
from vhealthd.delivery.smtp import MailSink
from vhealthd.language import Language
from vhealthd.model import Alert, Delivery, DeliveryState, Notice, Outcome, Parcel, Severity, Turn, VirtualCenter
from vhealthd.report import mailhtml, mailtext
from vhealthd.report.mail import Letter
from vhealthd.report.mailbody import Body, Line, plain
from vhealthd.report.mailwords import MailWords
from vhealthd.report.words import NOTHING

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
    """Return the subject: how many alerts there are, the worst first, and in which vCenters."""
    say = words.language.words
    if notice.test:
        return say("[vhealthd] Test, nothing is wrong")
    named = {Severity.CRITICAL: say("CRITICAL"), Severity.WARNING: say("WARNING"), Severity.INFO: say("INFO")}
    counts = [(sum(one.severity is severity for one in notice.open), word) for severity, word in named.items()]
    said = [say("{count} {outcome}", count=words.number(count), outcome=word) for count, word in counts if count]
    over, elsewhere = endings(notice)
    if over:
        said.append(say("{count} resolved", count=words.number(len(over))))
    if elsewhere:
        said.append(say("{count} told elsewhere now", count=words.number(len(elsewhere))))
    concerned = {one.vcenter for one in notice.alerts}
    names = plain(words.vcenters([one for one in notice.vcenters if one in concerned] or sorted(concerned)), _SUBJECT)
    return say("[vhealthd] Alerts: {counts} – {names}", counts=words.listed(said), names=names)  # noqa: RUF001 - a dash


def _body(notice: Notice, words: MailWords, zone: tzinfo) -> Body:
    return Body(
        title=_title(notice, words),
        outcomes=words.outcomes,
        marks=dict.fromkeys(words.outcomes, ""),  # each section says in its heading how bad it is
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
    say = words.language.words
    counts = ((notice.critical, "critical"), (notice.warning, "warning"), (notice.info, "info"))
    said = [words.of_outcome(count, name) for count, name in counts if count]
    if notice.test:
        yield Line(say("This is a test of vhealthd. Nothing is wrong."))
    elif said:
        yield Line(say("All findings of the run: {counts}.", counts=words.listed(said)))
    else:
        yield Line(say("The run has no findings."))


def _sections(notice: Notice, words: MailWords) -> Iterator[tuple[str, tuple[Line, ...]]]:
    """Yield what is open, the worst first, then what is over for the reader. A test has told all with its heading."""
    if notice.test:
        return
    teller = _Teller(words, several=len({one.vcenter for one in notice.alerts}) > 1)
    for severity in reversed(Severity):
        yield from _section(
            words.outcomes[severity], [one for one in notice.open if one.severity is severity], teller.open, words
        )
    over, elsewhere = endings(notice)
    yield from _section(words.language.words("Resolved"), over, teller.over, words)
    yield from _section(words.language.words("Told elsewhere now"), elsewhere, teller.over, words)


def _section(
    name: str, alerts: Sequence[Alert], tell: Callable[[Sequence[Alert]], Iterator[Line]], words: MailWords
) -> Iterator[tuple[str, tuple[Line, ...]]]:
    if not alerts:
        return
    lines = list(tell(alerts[:_LINES]))
    if len(alerts) > _LINES:
        lines.append(Line(words.more_risks(_LINES, len(alerts))))
    yield words.in_brackets(name, words.number(len(alerts))), tuple(lines)


class _Teller:
    """Tells alerts, one a line; with several vCenters, each with the name of its own."""

    def __init__(self, words: MailWords, *, several: bool) -> None:
        self._words = words
        self._several = several
        self._turns = turns(words.language)

    def open(self, alerts: Sequence[Alert]) -> Iterator[Line]:
        """Say what is wrong, and what to do: once for several in a row that ask for the same."""
        advised = ""
        for one in alerts:
            said = self._words.risk(self._name(one), self._vcenter(one), plain(one.title), plain(one.message, _MESSAGE))
            more = "" if one.advice == advised else self._words.advice(plain(one.advice, _ADVICE))
            advised = one.advice
            yield Line(
                self._words.with_reason(self._turns[one.turn], f"{said}{self._affected(one)}"),
                Outcome(one.severity),
                more,
            )

    def over(self, alerts: Sequence[Alert]) -> Iterator[Line]:
        """Say what is over for the reader, and why where it is not just gone."""
        for one in alerts:
            said = self._words.risk(self._name(one), self._vcenter(one), plain(one.title), plain(one.message, _MESSAGE))
            yield Line(said if one.turn is Turn.RESOLVED else self._words.with_reason(self._turns[one.turn], said))

    def _name(self, one: Alert) -> str:
        return plain(one.object, _NAME) or NOTHING

    def _vcenter(self, one: Alert) -> str | None:
        return plain(one.vcenter, _NAME) if self._several and one.object_type != VirtualCenter.__name__ else None

    def _affected(self, one: Alert) -> str:
        """Name some of what a roll-up stands for."""
        names = [plain(name, _NAME) for name in one.examples]
        if all(name in one.message for name in names):
            return ""
        return ". " + self._words.language.words("Affected: {names}", names=self._words.named(names, one.count))


def _footer(notice: Notice, words: MailWords, zone: tzinfo) -> str:
    say, when = words.language.words, words.language.moment(notice.made, zone)
    if notice.report:
        return say("Run {run}, {when}. The report: {where}", run=notice.run_id, when=when, where=plain(notice.report))
    return say("Run {run}, {when}.", run=notice.run_id, when=when)
