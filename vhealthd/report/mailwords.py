"""What a mail says besides the words of the report, in one language."""

from collections.abc import Sequence
from datetime import date, tzinfo

from vhealthd.compare import Change
from vhealthd.model import ScanReport
from vhealthd.report.labels import changes, windows
from vhealthd.report.words import Words

_NAMED = 3


class MailWords(Words):
    """The sentences of a mail."""

    def title(self, day: date) -> str:
        """Return the heading."""
        words = self.language.words
        return words("{title}, {day}", title=words("vSphere health report"), day=self.language.day(day))

    # --- the subject

    def capital(self, count: int, outcome: str) -> str:
        """Return `3 CRITICAL`."""
        words = self.language.words
        named = {"critical": words("CRITICAL"), "warning": words("WARNING"), "unknown": words("UNKNOWN")}
        return words("{count} {outcome}", count=str(count), outcome=named[outcome])

    def fine(self) -> str:
        """Say that all is well."""
        return self.language.words("OK")

    def new(self, count: int) -> str:
        """Say how much is new."""
        return self.language.words("(+{count} new)", count=self.number(count))

    def vcenters(self, names: Sequence[str]) -> str:
        """Name the vCenters of a run; three of many."""
        return self.some(names, _NAMED) or self.language.words("no vCenter")

    # --- the dashboard

    def columns(self) -> tuple[str, ...]:
        """Name the columns of the table of vCenters."""
        words = self.language.words
        return (words("vCenter"), words("State"), words("Critical"), words("Warning"), words("Info"), words("Checks"))

    def found(self, critical: int, warning: int, objects: int, vcenters: int) -> str:
        """Say how many findings there are, and where."""
        if not critical + warning:
            return self.language.words("Nothing is critical, and nothing warns.")
        return self.language.counted(
            "{grades} finding: {where}.",
            "{grades} findings: {where}.",
            critical + warning,
            grades=self.grades(critical, warning),
            where=self.where(objects, vcenters),
        )

    def of_checks(self, passed: int, unknown: int, skipped: int, total: int) -> str:
        """Say what became of the checks of one vCenter."""
        said = [self.language.words("{count} of {total} pass", count=self.number(passed), total=self.number(total))]
        said += [self.of_outcome(count, what) for count, what in ((unknown, "unknown"), (skipped, "skipped")) if count]
        return self.listed(said)

    def state(self, state: str, version: str | None) -> str:
        """Say how much of a vCenter was seen, and which release it is."""
        return self.listed([self.states[state], version] if version else [self.states[state]])

    def score(self, score: int) -> str:
        """Say how healthy all is."""
        return self.language.words("The health score is {score} of 100.", score=str(score))

    def attained(self, levels: Sequence[tuple[str, float | None]]) -> str:
        """Say how much of what was judged was not critical: `SLA attainment: this run 90.62 %, 24 hours ...`."""
        words, names = self.language.words, windows(self.language)
        said = [
            words(
                "{window} {percent}",
                window=names.get(window, window),
                percent=words("no data") if percent is None else self.language.percent(percent, digits=2),
            )
            for window, percent in levels
        ]
        return self.with_reason(words("SLA attainment"), self.listed(said))

    # --- sections

    def changes_heading(self) -> str:
        """Head what changed."""
        return self.language.words("Since the last run")

    def risks_heading(self) -> str:
        """Head the worst findings."""
        return self.language.words("Top risks")

    def unseen_heading(self) -> str:
        """Head what was not seen."""
        return self.language.words("What could not be seen")

    def failed_heading(self) -> str:
        """Head the deliveries that failed."""
        return self.language.words("Deliveries that failed")

    def full_heading(self) -> str:
        """Head where the report is."""
        return self.language.words("The full report")

    def changes(self, new: int, worsened: int, resolved: int) -> str:
        """Say what is different from the last run."""
        return self.language.words(
            "{new} new, {worsened} worsened, {resolved} resolved.",
            new=self.number(new),
            worsened=self.number(worsened),
            resolved=self.number(resolved),
        )

    def became(self, change: Change, said: str) -> str:
        """Return `New: db-1, Snapshot age: ...`."""
        return self.with_reason(changes(self.language)[change], said)

    def risk(self, about: str, vcenter: str | None, check: str, message: str) -> str:
        """Say what was found: `db-1 (prod), Snapshot age: ...`."""
        where = self.in_brackets(about, vcenter) if vcenter else about
        return self.language.words("{where}, {check}: {message}", where=where, check=check, message=message)

    def advice(self, remediation: str) -> str:
        """Say what to do."""
        return self.language.words("What to do: {remediation}", remediation=remediation)

    def more_risks(self, shown: int, total: int) -> str:
        """Say that there are more."""
        return self.language.words(
            "The worst {shown} of {total}; all of them are in the report.",
            shown=self.number(shown),
            total=self.number(total),
        )

    def unjudged_by(self, vcenter: str, checks: Sequence[str], reason: str | None) -> str:
        """Say which checks of a vCenter could not be judged, and why."""
        words = self.language.words
        which = words("{vcenter}, {checks}", vcenter=vcenter, checks=self.some(checks, _NAMED))
        return self.with_reason(which, reason) if reason else which

    def more_unjudged(self, count: int) -> str:
        """Say that there are more reasons."""
        return self.language.counted(
            "... and {count} more reason in the report.", "... and {count} more reasons in the report.", count
        )

    def failed(self, what: str, sink: str, run: str, why: str) -> str:
        """Say which delivery failed."""
        return self.language.words("{what} of run {run} to {sink}: {why}", what=what, run=run, sink=sink, why=why)

    # --- the files

    def attached(self, names: Sequence[str]) -> str:
        """Say what is attached."""
        return self.language.words("Attached: {names}.", names=self.both(names))

    def elsewhere(self, name: str, size: float, where: str) -> str:
        """Say where a file is that is too large for a mail."""
        return self.language.words(
            "{name} ({size}) is too large for this mail. It is here: {where}",
            name=name,
            size=self.language.size(size),
            where=where,
        )

    def no_pdf(self, why: str) -> str:
        """Say why there is no PDF."""
        return self.language.words("There is no PDF: {why}", why=why)

    def folder(self, path: str) -> str:
        """Say where the files are."""
        return self.language.words("On the server: {path}", path=path)

    # --- the end

    def run(self, report: ScanReport, zone: tzinfo) -> str:
        """Tell what the mail is about, in the zone of the schedule and in UTC."""
        language = self.language
        when = language.moment(report.started, zone)
        if report.started.astimezone(zone).utcoffset():
            when = self.in_brackets(when, language.moment(report.started))
        return language.words(
            "Run {run}. {why}, {when}, in {duration}. Made by {product}.",
            run=report.run_id,
            why=self.triggers.get(report.trigger, report.trigger),
            when=when,
            duration=language.duration(report.finished - report.started),
            product=f"vhealthd {report.tool_version}",
        )
