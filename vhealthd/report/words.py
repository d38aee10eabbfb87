"""What a report says, in one language: the sentences that count something. Its fixed words are in `labels`."""

from collections.abc import Sequence
from datetime import date, timedelta

from vhealthd.language import Language
from vhealthd.report import labels
from vhealthd.report.labels import NOTHING

__all__ = ["NOTHING", "Words"]


class Words:
    """The sentences of a report. `language` is for all that is said besides."""

    def __init__(self, language: Language) -> None:
        """Look up what is used again and again."""
        self.language = language
        self.number = language.number
        self.outcomes = labels.outcomes(language)
        self.categories = labels.categories(language)
        self.states = labels.states(language)
        self.tls = labels.tls(language)
        self.triggers = labels.triggers(language)
        self._inside = labels.outcomes_inside(language)

    # --- counts

    def checks(self, count: int) -> str:
        """Return `1 check`, `4,812 checks`."""
        return self.language.counted("{count} check", "{count} checks", count)

    def findings(self, count: int) -> str:
        """Return `1 finding`, `4,812 findings`."""
        return self.language.counted("{count} finding", "{count} findings", count)

    def where(self, objects: int, vcenters: int) -> str:
        """Return `14 objects in 2 vCenters`."""
        counted = self.language.counted
        return self.language.words(
            "{objects} in {vcenters}",
            objects=counted("{count} object", "{count} objects", objects),
            vcenters=counted("{count} vCenter", "{count} vCenters", vcenters),
        )

    def of_outcome(self, count: int, outcome: str) -> str:
        """Return `2 critical`."""
        return self.language.words("{count} {outcome}", count=self.number(count), outcome=self._inside[outcome])

    def grades(self, critical: int, warning: int) -> str:
        """Return `3 critical and 4 warning`, or the one that is there."""
        said = [
            self.of_outcome(count, outcome)
            for count, outcome in ((critical, "critical"), (warning, "warning"))
            if count
        ]
        return self.both(said)

    def both(self, said: Sequence[str]) -> str:
        """Join one or two parts of a sentence."""
        return self.language.special("between the last two of some words", " and ").join(said)

    def listed(self, said: Sequence[str]) -> str:
        """Join parts of a sentence, `2 critical, 1 unknown`."""
        return self.language.special("between the parts of a list", ", ").join(said)

    def named(self, names: Sequence[str], total: int) -> str:
        """List names and how many more there are."""
        listed = self.language.special("between names", ", ").join(names)
        more = total - len(names)
        return self.language.words("{names} and {more} more", names=listed, more=self.number(more)) if more else listed

    def some(self, names: Sequence[str], limit: int = 3) -> str:
        """List the first of some names and how many more there are."""
        return self.named(names[:limit], len(names))

    # --- the first page

    def unreachable(self, names: Sequence[str]) -> str:
        """Say which vCenters gave no session. `names` come with their reasons."""
        return self.language.counted(
            "{count} vCenter could not be reached: {names}.",
            "{count} vCenters could not be reached: {names}.",
            len(names),
            names=self.some(names),
        )

    def partial(self, names: Sequence[str]) -> str:
        """Say which vCenters were seen in part. `names` come with their reasons."""
        return self.language.counted(
            "{count} vCenter could be seen only in part: {names}.",
            "{count} vCenters could be seen only in part: {names}.",
            len(names),
            names=self.some(names),
        )

    def affected(self, critical: int, warning: int, objects: int, vcenters: int) -> str:
        """Say how much is wrong, and where."""
        where = self.where(objects, vcenters)
        if not critical + warning:
            return self.language.words("{where}: findings by checks that could not judge in full.", where=where)
        return self.language.counted(
            "{grades} check affects {where}.",
            "{grades} checks affect {where}.",
            critical + warning,
            grades=self.grades(critical, warning),
            where=where,
        )

    def passed(self, count: int, total: int) -> str:
        """Say how many checks found nothing to report."""
        language = self.language
        if not total:
            return language.words("No check was run.")
        if not count:
            return language.words("No check passes.")
        if count == total:
            return language.counted("The only check passes.", "All {count} checks pass.", total)
        return language.counted(
            "{count} of {checks} passes.", "{count} of {checks} pass.", count, checks=self.checks(total)
        )

    def unjudged(self, count: int) -> str:
        """Say how many checks are unknown."""
        return self.language.counted("{count} check could not be judged.", "{count} checks could not be judged.", count)

    def unexamined(self, count: int) -> str:
        """Say how many objects were not examined by checks that ran."""
        return self.language.counted(
            "{count} object was not examined, or not in full.",
            "{count} objects were not examined, or not in full.",
            count,
        )

    def quiet(self, muted: int, silenced: int) -> str:
        """Say how many findings count in no outcome."""
        words = self.language.words
        said = [
            muted and words("{count} muted", count=self.number(muted)),
            silenced and words("{count} silenced by others", count=self.number(silenced)),
        ]
        return self.language.counted(
            "{count} finding does not count: {parts}.",
            "{count} findings do not count: {parts}.",
            muted + silenced,
            parts=self.both([part for part in said if part]),
        )

    def unmatched(self, names: Sequence[str]) -> str:
        """Say which names of the scope are not in the inventory."""
        return self.language.counted(
            "{count} name in the configured scope matches nothing: {names}.",
            "{count} names in the configured scope match nothing: {names}.",
            len(names),
            names=self.some(names),
        )

    def untrusted(self, names: Sequence[str]) -> str:
        """Say for which vCenters the certificate is not looked at."""
        return self.language.words("The certificate is not verified for {names}.", names=self.some(names))

    def scanned_in(self, span: timedelta) -> str:
        """Say how long a run took."""
        return self.language.words("scanned in {duration}", duration=self.language.duration(span))

    # --- charts and tiles

    def unit(self, count: int, *, several: bool) -> str:
        """Name what the donut counts; with several vCenters, checks count once for each."""
        counted = self.language.counted
        return counted("result", "results", count) if several else counted("check", "checks", count)

    def donut(self, counts: Sequence[str]) -> str:
        """Describe the chart of outcomes for those who do not see it."""
        words = self.language.words
        return words("Donut chart: {counts}", counts=self.listed(counts) or words("no results"))

    def bars(self, rows: Sequence[str]) -> str:
        """Describe the chart of categories for those who do not see it."""
        words = self.language.words
        shown = self.language.special("between the rows of a chart", "; ").join(rows)
        return words("Stacked bars: {rows}", rows=shown or words("no results"))

    def bar(self, name: str, counts: Sequence[str]) -> str:
        """Describe one bar."""
        return self.language.words("{category}: {counts}", category=name, counts=self.listed(counts))

    def per_vcenter(self, count: int) -> str:
        """Say what is counted where a report has several vCenters."""
        return self.language.counted(
            "A check counts once for each of {count} vCenter.",
            "A check counts once for each of {count} vCenters.",
            count,
        )

    def reached(self, count: int, total: int) -> str:
        """Say how many vCenters did not answer."""
        words = self.language.words
        return (
            words("all reached") if count == total else words("{count} unreachable", count=self.number(total - count))
        )

    def in_clusters(self, count: int) -> str:
        """Say how many clusters hold what is counted."""
        return self.language.counted("in {count} cluster", "in {count} clusters", count)

    def in_datacenters(self, count: int) -> str:
        """Say how many datacenters hold what is counted."""
        return self.language.counted("in {count} datacenter", "in {count} datacenters", count)

    def read_of(self, read: int, total: int) -> str:
        """Say that a number is the sum of some vCenters only."""
        words = self.language.words
        shown = {"read": self.number(read), "total": self.number(total)}
        return words("read in {read} of {total}", **shown) if read else words("not read")

    # --- chapters and appendix

    def muted_by(self, owner: str, until: date, reason: str) -> str:
        """Say who muted a finding, until when and why."""
        return self.language.words(
            "Muted until {until} by {owner}: {reason}", until=self.language.day(until), owner=owner, reason=reason
        )

    def mute(self, rule: str) -> str:
        """Return which findings a mute is for: the names of checks and keys of the configuration, or all checks."""
        checks, colon, where = rule.partition(": ")
        said = self.language.words("all checks")
        return f"{said if checks == 'all checks' else checks}{colon}{where}"

    def silenced_by(self, finding: str) -> str:
        """Name the finding that explains another."""
        return self.language.words("Silenced by {finding}", finding=finding)

    def rows_shown(self, shown: int, total: int) -> str:
        """Say that a table is cut."""
        return self.language.words(
            "First {shown} of {total} rows shown; all of them are in the attached report.json.",
            shown=self.number(shown),
            total=self.number(total),
        )

    def top_shown(self, shown: int, total: int) -> str:
        """Say how many findings the chapters have in all."""
        return self.language.words(
            "The worst {shown} of {findings}; the chapters that follow have the others.",
            shown=self.number(shown),
            findings=self.findings(total),
        )

    def with_reason(self, what: str, reason: str) -> str:
        """Return `Unreachable: connection refused`."""
        return self.language.words("{what}: {reason}", what=what, reason=reason)

    def in_brackets(self, what: str, more: str) -> str:
        """Return `prod (connection refused)`."""
        return self.language.words("{what} ({more})", what=what, more=more)
