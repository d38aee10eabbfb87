"""The words of the mail in English. Another language is another module with the same names."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from vhealthd.report import english

LANGUAGE = english.LANGUAGE

COLUMNS = ("vCenter", "State", "Critical", "Warning", "Info", "Checks")
CHANGES = "Since the last run"
RISKS = "Top risks"
UNSEEN = "What could not be seen"
FAILED = "Deliveries that failed"
FULL = "The full report"

# In capitals, for the subject; nothing else is named there.
CRITICAL, WARNING, UNKNOWN, FINE = "CRITICAL", "WARNING", "UNKNOWN", "OK"

_NAMED = 3


def title(day: date) -> str:
    """Return the heading."""
    return f"{english.LABELS['title']}, {english.day(day)}"


def new(count: int) -> str:
    """Say in the subject how much is new."""
    return f"(+{english.number(count)} new)"


def names(vcenters: Sequence[str]) -> str:
    """Name the vCenters of a run; three of many."""
    return english.named(vcenters[:_NAMED], len(vcenters)) or "no vCenter"


def found(critical: int, warning: int, objects: int, vcenters: int) -> str:
    """Say how many findings there are, and where."""
    if not critical + warning:
        return "Nothing is critical, and nothing warns."
    grades = [
        f"{english.number(count)} {word}" for count, word in ((critical, "critical"), (warning, "warning")) if count
    ]
    noun = "finding" if critical + warning == 1 else "findings"
    where = f"{english.counted(objects, 'object')} in {english.counted(vcenters, 'vCenter')}"
    return f"{' and '.join(grades)} {noun}: {where}."


def checks(passed: int, unknown: int, skipped: int, total: int) -> str:
    """Say what became of the checks of one vCenter."""
    parts = [f"{english.number(passed)} of {english.number(total)} pass"]
    parts += [english.of_outcome(count, what) for count, what in ((unknown, "unknown"), (skipped, "skipped")) if count]
    return ", ".join(parts)


def changes(new: int, worsened: int, resolved: int) -> str:
    """Say what is different from the last run."""
    return f"{english.number(new)} new, {english.number(worsened)} worsened, {english.number(resolved)} resolved."


def risk(about: str, vcenter: str | None, check: str, message: str) -> str:
    """Say what was found: `db-1 (prod), Snapshot age: ...`."""
    where = f"{about} ({vcenter})" if vcenter else about
    return f"{where}, {check}: {message}"


def advice(remediation: str) -> str:
    """Say what to do."""
    return f"What to do: {remediation}"


def more_risks(shown: int, total: int) -> str:
    """Say that there are more."""
    return f"The worst {english.number(shown)} of {english.number(total)}; all of them are in the report."


def unjudged(vcenter: str, checks: Sequence[str], reason: str | None) -> str:
    """Say which checks of a vCenter could not be judged, and why."""
    listed = english.named(checks[:_NAMED], len(checks))
    return f"{vcenter}, {listed}: {reason}" if reason else f"{vcenter}, {listed}"


def more_unjudged(count: int) -> str:
    """Say that there are more reasons."""
    return f"... and {english.counted(count, 'more reason')} in the report."


def failed(what: str, sink: str, run: str, why: str) -> str:
    """Say which delivery failed."""
    return f"{what} of run {run} to {sink}: {why}"


def attached(names: Sequence[str]) -> str:
    """Say what is attached."""
    return f"Attached: {' and '.join(names)}."


def elsewhere(name: str, size: str, where: str) -> str:
    """Say where a file is that is too large for a mail."""
    return f"{name} ({size}) is too large for this mail. It is here: {where}"


def no_pdf(why: str) -> str:
    """Say why there is no PDF."""
    return f"There is no PDF: {why}"


def folder(path: str) -> str:
    """Say where the files are."""
    return f"On the server: {path}"


def run(*, run_id: str, trigger: str, started: datetime, local: datetime, span: timedelta, version: str) -> str:
    """Tell what the mail is about, in the zone of the schedule and in UTC."""
    why = english.TRIGGERS.get(trigger, trigger)
    when = f"{local:%Y-%m-%d %H:%M} {local.tzname()}"
    if local.utcoffset():
        when += f" ({english.moment(started)})"
    return f"Run {run_id}. {why}, {when}, in {english.duration(span)}. Made by vhealthd {version}."
