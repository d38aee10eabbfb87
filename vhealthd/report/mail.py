"""The mail about a run: what it says, and how it is written.

A letter is composed once, when the run is stored, and written anew for each attempt to send it. The same letter gives
the same bytes, so that a repeat is recognised by its Message-ID and differs in nothing.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from vhealthd.compare import Change, Comparison
from vhealthd.language import Language
from vhealthd.model import Outcome, ScanReport, Severity
from vhealthd.report import mailhtml, mailtext
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.glyphs import clip
from vhealthd.report.mailbody import Enclosed, build, changed, count, plain
from vhealthd.report.mailwords import MailWords
from vhealthd.report.names import day
from vhealthd.report.order import judged, tally

__all__ = ["Attachment", "Enclosed", "Letter", "compose", "message_id", "size_in_mail", "write"]

_NAMES = 120  # characters of the subject that name vCenters
_LINE, _HEAD = 57, 512  # bytes in one line of base64; what the head of an attachment takes at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail without what is attached to it. `language` is that of its words."""

    message_id: str
    date: datetime
    sender: str
    to: tuple[str, ...]
    subject: str
    language: str
    text: str
    html: str

    @property
    def wide(self) -> bool:
        """Whether an address has letters outside of ASCII, which not every server takes."""
        return not all(one.isascii() for one in (self.sender, *self.to))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file as it goes into a mail. `kind` is its content type."""

    name: str
    kind: str
    data: bytes


def compose(
    report: ScanReport,
    *,
    language: Language,
    sender: str,
    to: Sequence[str],
    zone: tzinfo,
    enclosed: Enclosed,
    background: Background = NO_BACKGROUND,
) -> Letter:
    """Return the letter about a run."""
    body = build(report, language=language, zone=zone, enclosed=enclosed, background=background)
    return Letter(
        message_id=message_id(report.run_id, to, sender),
        date=report.finished.astimezone(zone),
        sender=sender,
        to=tuple(to),
        subject=subject(report, zone, background.comparison, MailWords(language)),
        language=language.code,
        text=mailtext.render(body),
        html=mailhtml.render(body, language.tag),
    )


def subject(report: ScanReport, zone: tzinfo, comparison: Comparison | None, words: MailWords) -> str:
    """Return the subject: how many findings are bad and how many checks unknown, what is new, where, and when."""
    found = count(report.vcenters)
    unmatched = sum(len(one.unmatched_scope) for one in report.vcenters)
    counts = (
        (found[Severity.CRITICAL], "critical"),
        (found[Severity.WARNING], "warning"),
        (tally(judged(report))[Outcome.UNKNOWN] + unmatched, "unknown"),
    )
    grades = [words.capital(number, outcome) for number, outcome in counts if number] or [words.fine()]
    new = changed(comparison, Change.NEW) if comparison else ()
    if number := sum(one.finding.severity is not Severity.INFO for one in new):
        grades.append(words.new(number))
    names = clip(plain(words.vcenters([one.name for one in report.vcenters])), _NAMES)
    return f"[vhealthd] {' '.join(grades)} – {names} – {words.language.day(day(report, zone))}"  # noqa: RUF001 - a dash


def message_id(run_id: str, to: Sequence[str], sender: str) -> str:
    """Return a Message-ID that is the same whenever the same run is mailed to the same recipients."""
    named = json.dumps([run_id, sorted(to)]).encode()
    return f"<{hashlib.sha256(named).hexdigest()}@{sender.rpartition('@')[2]}>"


def write(letter: Letter, attachments: Sequence[Attachment]) -> EmailMessage:
    """Return the mail: text and HTML as alternatives, then what is attached."""
    message = EmailMessage(policy=SMTPUTF8 if letter.wide else SMTP)
    # Not as the others: where it breaks lines, Python's new way loses blanks between words outside of ASCII.
    message.set_raw("Subject", Header(letter.subject, "utf-8", header_name="Subject").encode(linesep="\r\n"))
    message["From"] = _address(letter.sender)
    message["To"] = [_address(one) for one in letter.to]
    message["Date"] = format_datetime(letter.date)
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    # Seven bits, so that every server passes them on unchanged.
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    for one in attachments:
        main, _, sub = one.kind.partition("/")
        message.add_attachment(one.data, maintype=main, subtype=sub, filename=one.name)
    _fix_boundaries(message, letter.message_id)
    return message


def _address(bare: str) -> Address:
    name, _, domain = bare.rpartition("@")
    return Address(username=name, domain=domain)


def _fix_boundaries(message: EmailMessage, named: str) -> None:
    """Replace the random boundaries. `=_` stands neither in base64 nor in quoted-printable text."""
    seed = hashlib.sha256(named.encode()).hexdigest()[:24]
    for number, part in enumerate(one for one in message.walk() if one.is_multipart()):
        part.set_boundary(f"=_{seed}_{number}")


def size_in_mail(letter: Letter, sizes: Mapping[str, int]) -> int:
    """Return the most bytes that a letter takes with attachments of these names and sizes."""
    attached = sum(-(-size // _LINE) * (_LINE // 3 * 4 + 2) + len(name) * 12 + _HEAD for name, size in sizes.items())
    return len(write(letter, ()).as_bytes()) + attached
