"""The words of the PDF in English: labels for the template, and the sentences that count something.

Another language is another module with the same names.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

LANGUAGE = "en"

NOTHING = "—"

OUTCOMES = {
    "critical": "Critical",
    "unknown": "Unknown",
    "warning": "Warning",
    "info": "Info",
    "pass": "Pass",
    "skipped": "Skipped",
}

MEANINGS = {
    "critical": "Act now: something fails, or is about to.",
    "unknown": "It should have been seen and was not. It may be anything, so it is not fine.",
    "warning": "Plan a change: it is outside its limits, or will be.",
    "info": "Worth knowing; nothing has to be done.",
    "pass": "All that was examined is as it should be, or is muted or silenced.",
    "skipped": "There was nothing to examine, or this account or release cannot show it.",
}

CATEGORIES = {
    "connectivity": "Connectivity",
    "watermark": "Utilization",
    "infrastructure": "Infrastructure",
    "compute": "Compute",
    "storage": "Storage",
    "network": "Network",
    "vm": "Virtual machines",
}

STATES = {"scanned": "Scanned", "partial": "Seen in part", "unreachable": "Unreachable"}

TLS = {
    "verified": "Verified",
    "pinned": "Pinned certificate",
    "unverified": "Verification is switched off",
    "plain": "No TLS: plain HTTP",
}

TRIGGERS = {
    "manual": "Started by hand",
    "schedule": "On schedule",
    "catchup": "Caught up after a missed run",
    "sighup": "Reloaded configuration",
    "api": "Started through the API",
}

MUTED = "Muted"
SILENCED = "Silenced"
EXPIRED = "Expired: it mutes nothing"

LABELS = {
    "title": "vSphere health report",
    "page": "Page {page} of {pages}",
    "outcomes": OUTCOMES,
    "meanings": MEANINGS,
    "by-outcome": "Results by outcome",
    "by-category": "Results by category",
    "top": "Top findings",
    "status": "Status",
    "check": "Check",
    "checks": "Checks",
    "vcenter": "vCenter",
    "outcome": "Outcome",
    "examined": "Examined",
    "findings": "Findings",
    "object": "Object",
    "path": "Path",
    "finding": "Finding",
    "what-to-do": "What to do",
    "not-judged": "Not judged, or not in full",
    "reason": "Reason",
    "not-examined": "Objects that were not examined",
    "count": "Count",
    "objects": "Objects",
    "appendix": "Appendix",
    "vcenters": "vCenters",
    "state": "State",
    "version": "Version",
    "tls": "TLS",
    "requests": "Requests",
    "in-scope": "Objects in scope",
    "datacenters": "Datacenters",
    "clusters": "Clusters",
    "hosts": "Hosts",
    "vms": "VMs",
    "datastores": "Datastores",
    "unmatched": "Names in the configured scope that match nothing",
    "names": "Names",
    "mutes": "Mutes in the configuration",
    "mute": "What is muted",
    "owner": "Owner",
    "until": "Until",
    "meaning": "Meaning",
    "outcomes-explained": "What the outcomes mean",
    "this-run": "This run",
    "attachment": "All results, for machines",
}

RUN = {
    "run": "Run",
    "trigger": "Why it ran",
    "started": "Started",
    "finished": "Finished",
    "duration": "Duration",
    "version": "Made by",
}

TILES = {
    "vcenters": "vCenters",
    "hosts": "Hosts",
    "vms": "Virtual machines",
    "datastores": "Datastores",
    "affected": "Objects affected",
}

AFFECTED = "critical or warning"


def number(value: int) -> str:
    """Return a whole number with its thousands set apart."""
    return f"{value:,}"


def counted(value: int, noun: str) -> str:
    """Return `1 check`, `4,812 checks`."""
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


def of_outcome(count: int, outcome: str) -> str:
    """Return `2 critical`."""
    return f"{count:,} {OUTCOMES[outcome].lower()}"


def unit(count: int, *, several: bool) -> str:
    """Name what the donut counts; with several vCenters, checks count once for each."""
    noun = "result" if several else "check"
    return noun if count == 1 else f"{noun}s"


def day(when: date) -> str:
    """Return a date for people."""
    return f"{when:%Y-%m-%d}"


def moment(when: datetime) -> str:
    """Return a time for people, in UTC, to the minute."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def duration(span: timedelta) -> str:
    """Return `8.4 s`, `3 min 42 s` or `1 h 5 min`."""
    seconds = span.total_seconds()
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left} min" if hours else f"{minutes} min {rest} s"


def unreachable(names: Sequence[str]) -> str:
    """Say which vCenters gave no session. `names` come with their reasons."""
    return f"{counted(len(names), 'vCenter')} could not be reached: {_listed(names)}."


def partial(names: Sequence[str]) -> str:
    """Say which vCenters were seen in part. `names` come with their reasons."""
    return f"{counted(len(names), 'vCenter')} could be seen only in part: {_listed(names)}."


def affected(critical: int, warning: int, objects: int, vcenters: int) -> str:
    """Say how much is wrong, and where."""
    grades = [f"{number(count)} {word}" for count, word in ((critical, "critical"), (warning, "warning")) if count]
    where = f"{counted(objects, 'object')} in {counted(vcenters, 'vCenter')}"
    if not grades:
        return f"{where}: findings by checks that could not judge in full."
    total = critical + warning
    return f"{' and '.join(grades)} {'check affects' if total == 1 else 'checks affect'} {where}."


def passed(count: int, total: int) -> str:
    """Say how many checks found nothing to report."""
    if not total:
        return "No check was run."
    if not count:
        return "No check passes."
    if count == total:
        return "The only check passes." if total == 1 else f"All {counted(total, 'check')} pass."
    return f"{number(count)} of {counted(total, 'check')} {'passes' if count == 1 else 'pass'}."


def unjudged(count: int) -> str:
    """Say how many checks are unknown."""
    return f"{counted(count, 'check')} could not be judged."


def unexamined(count: int) -> str:
    """Say how many objects were not examined by checks that ran."""
    return f"{counted(count, 'object')} {'was' if count == 1 else 'were'} not examined, or not in full."


def quiet(muted: int, silenced: int) -> str:
    """Say how many findings count in no outcome."""
    parts = [f"{number(muted)} muted" if muted else "", f"{number(silenced)} silenced by others" if silenced else ""]
    verb = "does" if muted + silenced == 1 else "do"
    said = " and ".join(part for part in parts if part)
    return f"{counted(muted + silenced, 'finding')} {verb} not count: {said}."


def muted_by(owner: str, until: date, reason: str) -> str:
    """Say who muted a finding, until when and why."""
    return f"Muted until {day(until)} by {owner}: {reason}"


def silenced_by(finding: str) -> str:
    """Name the finding that explains another."""
    return f"Silenced by {finding}"


def unmatched(names: Sequence[str]) -> str:
    """Say which names of the scope are not in the inventory."""
    verb = "matches" if len(names) == 1 else "match"
    return f"{counted(len(names), 'name')} in the configured scope {verb} nothing: {_listed(names)}."


def untrusted(names: Sequence[str]) -> str:
    """Say for which vCenters the certificate is not looked at."""
    return f"The certificate is not verified for {_listed(names)}."


def rows_shown(shown: int, total: int) -> str:
    """Say that a table is cut."""
    return f"First {number(shown)} of {number(total)} rows shown; all of them are in the attached report.json."


def named(names: Sequence[str], total: int) -> str:
    """List names and how many more there are."""
    more = total - len(names)
    return ", ".join(names) + (f" and {number(more)} more" if more else "")


def top_shown(shown: int, total: int) -> str:
    """Say how many findings the chapters have in all."""
    return f"The worst {number(shown)} of {counted(total, 'finding')}; the chapters that follow have the others."


def donut(counts: Sequence[str]) -> str:
    """Describe the chart of outcomes for those who do not see it."""
    return f"Donut chart: {', '.join(counts) or 'no results'}"


def run_facts(finished: datetime, span: timedelta) -> list[str]:
    """Return what the title says of the run."""
    return [moment(finished), f"scanned in {duration(span)}"]


def bars(rows: Sequence[str]) -> str:
    """Describe the chart of categories for those who do not see it."""
    return f"Stacked bars: {'; '.join(rows) or 'no results'}"


def per_vcenter(count: int) -> str:
    """Say what is counted where a report has several vCenters."""
    return f"A check counts once for each of {counted(count, 'vCenter')}."


def reached(count: int, total: int) -> str:
    """Say how many vCenters did not answer."""
    return "all reached" if count == total else f"{number(total - count)} unreachable"


def inside(count: int, noun: str) -> str:
    """Say how many larger things hold the objects that are counted."""
    return f"in {counted(count, noun)}"


def read_of(read: int, total: int) -> str:
    """Say that a number is the sum of some vCenters only."""
    return f"read in {number(read)} of {number(total)}" if read else "not read"


def _listed(names: Sequence[str], limit: int = 3) -> str:
    return named(names[:limit], len(names))
