"""What alerts say: those of a finding, of many at once, and of checks that stay unknown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from vhealthd.config import UNSEEN
from vhealthd.language import Language, language_of
from vhealthd.model import (
    Alert,
    Category,
    CheckResult,
    Event,
    Finding,
    Message,
    Notice,
    Severity,
    Text,
    Turn,
    VCenterReport,
    VirtualCenter,
)
from vhealthd.wording import english

ROLLED_UP = Message("alert.rolled-up", "{count} findings, such as on {name}: {worst}")
MUTED = Message("alert.muted", "Muted until {until} by {owner}: {reason}")
SILENCED = Message("alert.silenced", "Silenced by {finding}")
STAYS_UNKNOWN = Message("alert.stays-unknown", "Not judged in two scans in a row: {checks}. {first}: {why}")

_ENGLISH = language_of("en")
UNKNOWN_TITLE = _ENGLISH.words("Checks that stay unknown")
UNKNOWN_ADVICE = _ENGLISH.words(
    "See the reasons in the report. Until these checks can judge again, nobody knows how their part of the vCenter is."
)

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Draft:
    """An alert in English, and what it takes to say it in another language.

    Without a text it is over, or was not looked at: it says what it said last, in English.
    """

    alert: Alert
    text: Text | None = None

    def in_language(self, language: Language) -> Alert:
        """Return the alert in a language."""
        return replace(
            self.alert,
            title=language.words(self.alert.title),
            message=self.alert.message if self.text is None else language.say(self.text),
            advice=language.words(self.alert.advice),
        )

    def turned(self, turn: Turn, event: Event = Event.TRIGGER) -> "Draft":
        """Return the same, sent for another reason."""
        return replace(self, alert=replace(self.alert, turn=turn, event=event))


def is_told_elsewhere(alert: Alert) -> bool:
    """Whether it ends for its reader though it is not over.

    It is worse or better now: that is told to others, or by another alert.
    """
    return alert.event is Event.RESOLVE and alert.turn in {Turn.WORSENED, Turn.IMPROVED}


def endings(notice: Notice) -> tuple[tuple[Alert, ...], tuple[Alert, ...]]:
    """Return the alerts that are over, and those that are told elsewhere now."""
    elsewhere = tuple(one for one in notice.resolved if is_told_elsewhere(one))
    return tuple(one for one in notice.resolved if not is_told_elsewhere(one)), elsewhere


def of_finding(key: str, vcenter: VCenterReport, result: CheckResult, finding: Finding, since: datetime) -> Draft:
    """Say what one finding says."""
    alert = Alert(
        key=key,
        event=Event.TRIGGER,
        turn=Turn.NEW,
        severity=finding.severity,
        check=result.check,
        title=result.title,
        category=result.category,
        vcenter=vcenter.name,
        object=finding.object.name,
        object_type=finding.object.ref.type,
        path=finding.object.path,
        message=english(finding.text),
        advice=result.remediation,
        since=since,
        kb=result.kb_url,
    )
    return Draft(alert, finding.text)


def of_quiet(one: Draft, finding: Finding) -> Draft:
    """Say why a finding is told no more though it is still there."""
    if mute := finding.muted:
        text = MUTED(until=mute.until.isoformat(), owner=mute.owner, reason=mute.reason)
    else:
        text = SILENCED(finding=finding.silenced_by)
    return Draft(replace(one.alert, message=english(text)), text)


def of_many(one: Draft, names: Sequence[str], count: int) -> Draft:
    """Say that there are `count` findings like `one`, on objects of these names among others.

    Its object is the vCenter. A receiver may take it for part of the alert's name, and members come and go.
    """
    text = ROLLED_UP(count=count, name=one.alert.object, worst=one.text)
    alert = replace(
        one.alert,
        object=one.alert.vcenter,
        object_type=VirtualCenter.__name__,
        path=None,
        message=english(text),
        count=count,
        examples=tuple(dict.fromkeys(names))[:_NAMED],
    )
    return Draft(alert, text)


def of_unknown(key: str, vcenter: VCenterReport, results: Sequence[CheckResult], since: datetime) -> Draft:
    """Say that checks of a vCenter were unknown again; there is at least one."""
    checks = tuple(one.check for one in results)
    text = STAYS_UNKNOWN(checks=", ".join(checks), first=checks[0], why=results[0].reason)
    alert = Alert(
        key=key,
        event=Event.TRIGGER,
        turn=Turn.NEW,
        severity=Severity.WARNING,
        check=UNSEEN,
        title=UNKNOWN_TITLE,
        category=Category.CONNECTIVITY,  # it is about the way to what should have been seen
        vcenter=vcenter.name,
        object=vcenter.name,
        object_type=VirtualCenter.__name__,
        path=None,
        message=english(text),
        advice=UNKNOWN_ADVICE,
        since=since,
        count=len(checks),
        examples=checks[:_NAMED],
    )
    return Draft(alert, text)
