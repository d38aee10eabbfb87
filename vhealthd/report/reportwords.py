"""What the report says of history, capacity and the run itself, in one language."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

from vhealthd.compare import Change
from vhealthd.language import Language
from vhealthd.model import Resource
from vhealthd.report.labels import changes, resources, windows
from vhealthd.report.words import Words

_DAY = timedelta(days=1)


class ReportWords(Words):
    """The sentences of a report. `zone` is where its readers are."""

    def __init__(self, language: Language, zone: tzinfo) -> None:
        super().__init__(language)
        self.zone = zone
        self.changes = changes(language)
        self.resources = resources(language)
        self.windows = windows(language)

    # --- times

    def moment(self, when: datetime) -> str:
        """Return a time in the zone of the readers, and in UTC where that is another."""
        local, *utc = self.times(when)
        return self.in_brackets(local, *utc) if utc else local

    def times(self, when: datetime) -> list[str]:
        """Return the one or two times that `moment` puts together."""
        local = self.language.moment(when, self.zone)
        return [local, self.clock(when)] if when.astimezone(self.zone).utcoffset() else [local]

    def facts(self, started: datetime, span: timedelta) -> list[str]:
        """Return what the title says of the run: lines that are short enough to stand beside it."""
        return [*self.times(started), self.scanned_in(span)]

    def clock(self, when: datetime) -> str:
        """Return a time in UTC."""
        return self.language.moment(when)

    def day_of(self, when: datetime) -> str:
        """Return the day of a time, in the zone of the readers."""
        return self.language.day(when.astimezone(self.zone).date())

    def short_day(self, when: datetime) -> str:
        """Return the day of a time as tables have it: as narrow in every language."""
        return self._date(when).isoformat()

    def age(self, since: datetime, now: datetime) -> str:
        """Return how long something is there: `today`, `12 days`."""
        days = (self._date(now) - self._date(since)).days
        return self.language.words("today") if days < 1 else self.language.days(days)

    def _date(self, when: datetime) -> date:
        return when.astimezone(self.zone).date()

    # --- the first page

    def score(self, score: int, change: int | None) -> str:
        """Say how healthy all is, and how it was at the begin of the line."""
        words = self.language.words
        if not change:
            return words("The health score is {score} of 100.", score=str(score))
        points = self.language.counted("{count} point", "{count} points", abs(change))
        said = {"score": str(score), "points": points}
        if change > 0:
            return words("The health score is {score} of 100, {points} higher than in the last run.", **said)
        return words("The health score is {score} of 100, {points} lower than in the last run.", **said)

    def score_line(self, first: datetime, scores: Sequence[int]) -> str:
        """Describe the line of scores for those who do not see it."""
        return self.language.words(
            "Line of the health score since {day}: from {first} to {last}, lowest {low}, highest {high}",
            day=self.day_of(first),
            first=str(scores[0]),
            last=str(scores[-1]),
            low=str(min(scores)),
            high=str(max(scores)),
        )

    def since_then(self, change: int, then: datetime) -> str:
        """Say how the score differs from that of a day."""
        words, day = self.language.words, self.day_of(then)
        if not change:
            return words("as on {day}", day=day)
        points = self.language.counted("{count} point", "{count} points", abs(change))
        if change > 0:
            return words("{points} more than on {day}", points=points, day=day)
        return words("{points} less than on {day}", points=points, day=day)

    def no_line(self) -> str:
        """Say why there is no line."""
        return self.language.words("The line begins with the second run.")

    def heat(self, rows: Sequence[str]) -> str:
        """Describe the heat map for those who do not see it."""
        words = self.language.words
        shown = self.language.special("between the rows of a chart", "; ").join(rows)
        return words("Critical and warning findings by category and cluster: {rows}", rows=shown or words("none"))

    def others(self) -> str:
        """Name the column of the clusters that have none of their own."""
        return self.language.words("others")

    def outside(self) -> str:
        """Name the column of what lies in no cluster."""
        return self.language.words("no cluster")

    def judged_of(self, judged: int, beside: int) -> str:
        """Say how many results an attainment is made of."""
        counted = self.language.counted
        said = counted("{count} result judged", "{count} results judged", judged)
        return self.listed([said, counted("{count} not", "{count} not", beside)]) if beside else said

    def no_data(self) -> str:
        """Say that nothing was judged."""
        return self.language.words("no data")

    # --- changes

    def compared(self, run: str, when: datetime) -> str:
        """Say with which run this one is compared."""
        return self.language.words("Compared with run {run} of {when}.", run=run, when=self.moment(when))

    def results_not_compared(self, count: int) -> str:
        """Say how many results could not be compared."""
        return self.language.counted(
            "{count} result could not be compared.", "{count} results could not be compared.", count
        )

    def nothing_before(self) -> str:
        """Say that there is nothing to compare with."""
        return self.language.words("There is no earlier run to compare with.")

    def unchanged(self) -> str:
        """Say that nothing is different."""
        return self.language.words("Nothing is new, worse, better or resolved.")

    def change_heading(self, change: Change, count: int) -> str:
        """Return `New (4)`."""
        return self.in_brackets(self.changes[change], self.number(count))

    def was(self, before: str, after: str) -> str:
        """Return `Warning → Critical`."""
        return self.language.special("what it was, what it is", "{before} → {after}").format(before=before, after=after)

    def left_out(self, before: int, after: int) -> str:
        """Say how many findings a comparison leaves out."""
        words = self.language.words
        parts = [
            before and words("{findings} before", findings=self.findings(before)),
            after and words("{findings} now", findings=self.findings(after)),
        ]
        return self.listed([part for part in parts if part])

    def all_checks(self) -> str:
        """Name all checks of a vCenter."""
        return self.language.words("all checks")

    def more_changes(self, shown: int, total: int) -> str:
        """Say that a table of changes is cut."""
        return self.language.words(
            "First {shown} of {total} rows shown; findings.csv has all that is there now.",
            shown=self.number(shown),
            total=self.number(total),
        )

    # --- trend and capacity

    def runs_line(self, first: datetime, critical: Sequence[int], warning: Sequence[int]) -> str:
        """Describe the columns of findings by run for those who do not see them."""
        return self.language.words(
            "Findings by run since {day}: critical from {critical} to {critical_now}, warning from {warning} to "
            "{warning_now}",
            day=self.day_of(first),
            critical=self.number(critical[0]),
            critical_now=self.number(critical[-1]),
            warning=self.number(warning[0]),
            warning_now=self.number(warning[-1]),
        )

    def used_line(self, resource: Resource, first: datetime, percents: Sequence[float]) -> str:
        """Describe the line of a resource for those who do not see it."""
        return self.language.words(
            "{resource} used since {day}: from {first} to {last}",
            resource=self.resources[resource],
            day=self.day_of(first),
            first=self.language.percent(percents[0]),
            last=self.language.percent(percents[-1]),
        )

    def bar_of(self, percent: float) -> str:
        """Describe a bar for those who do not see it."""
        return self.language.words("Bar: {percent} used", percent=self.language.percent(percent))

    def full_in(self, days: float) -> str:
        """Say when something is full."""
        return self.language.days(days) if days < 365 else self.language.words("over a year")  # noqa: PLR2004 - days

    def fullest(self, shown: int, total: int) -> str:
        """Say that only the fullest are shown."""
        return self.language.words(
            "The fullest {shown} of {total}.", shown=self.number(shown), total=self.number(total)
        )

    # --- chapters and appendix

    def cut(self, shown: int, total: int) -> str:
        """Say that a table is cut."""
        return self.rows_shown(shown, total)

    def limit(self, name: str, value: str, unit: str) -> str:
        """Return a limit as the configuration writes it: `warning_days: 7`."""
        said = f"{name}: {value}"
        return self.in_brackets(said, unit) if unit else said

    def override(self, match: str) -> str:
        """Say for which objects a limit holds."""
        return self.language.words("override for {match}", match=match)
