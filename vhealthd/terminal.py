"""What a person reads of a scan in a terminal: the progress while it runs, the summary when it is done.

Names come from vCenter and may hold anything. They are printed as `Text`, which rich does not take for markup, and
without control characters, which would reach the terminal.
"""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from vhealthd.doctor import Diagnosis, State
from vhealthd.model import CheckResult, Outcome, ScanReport, Severity, VCenterReport, VCenterState, VirtualCenter
from vhealthd.report.order import Judged, judged, quiet, tally, top, unexamined, unjudged, worst_results_first
from vhealthd.wording import english

_TOP = 10

_STYLES = {
    "critical": "bold red",
    "unknown": "magenta",
    "warning": "yellow",
    "info": "blue",
    "pass": "green",
    "skipped": "dim",
    State.FAILS: "bold red",
    State.LACKS: "magenta",
    State.ABSENT: "magenta",
    State.NOTE: "yellow",
    State.FINE: "green",
    VCenterState.SCANNED: "green",
    VCenterState.PARTIAL: "magenta",
    VCenterState.UNREACHABLE: "bold red",
}


def summarise(report: ScanReport, console: Console) -> None:
    """Print the vCenters, the checks that do not pass, the worst findings, and what was not judged."""
    seconds = (report.finished - report.started).total_seconds()
    console.print(_text(f"Run {report.run_id}: {_counted(len(report.vcenters), 'vCenter')} in {seconds:.1f} s"))
    console.print()
    console.print(_vcenters(report))
    _part(console, "", _checks(report))
    console.print(_text(_passes(report)))
    for line in _asides(report):
        console.print(_text(line))
    _part(console, "Top findings", _findings(report))
    _part(console, "Not judged, or not in full", _unjudged(report))


def diagnose(diagnoses: Iterable[Diagnosis], console: Console) -> None:
    """Print what was tried on each vCenter, worst first, with what to do."""
    for one in diagnoses:
        console.print(_text(f"{one.name}  {one.url}", "bold"))
        table = _table()
        for line in one.lines:
            table.add_row(_status(line.state), _text(line.about), _text(line.text))
            if line.advice:
                table.add_row("", "", _text(f"-> {line.advice}"))
            if line.checks:
                table.add_row("", "", _text(f"holds up {', '.join(line.checks)}", "dim"))
            if line.details:
                more = f" (and {len(line.details) - 1} more like it)" if len(line.details) > 1 else ""
                table.add_row("", "", _text(f"{line.details[0]}{more}", "dim"))
        console.print(table)
        console.print()


def _part(console: Console, title: str, table: Table) -> None:
    """Print a table with a title; nothing if it is empty."""
    if not table.row_count:
        return
    console.print()
    if title:
        console.print(Text(title, style="bold"))
    console.print(table)


def _vcenters(report: ScanReport) -> Table:
    table = _table()
    for one in report.vcenters:
        table.add_row(_text(one.name), _status(one.state), _text(_seen(one)))
    return table


def _seen(vcenter: VCenterReport) -> str:
    """Say what was seen of a vCenter, or why it was not."""
    counts = vcenter.counts
    kinds = ((counts.hosts, "host"), (counts.vms, "VM"), (counts.datastores, "datastore"))
    facts = [f"vCenter {vcenter.version}" if vcenter.version else ""]
    facts += [_counted(count, noun) for count, noun in kinds if count is not None]
    facts.append(_counted(vcenter.requests, "request"))
    if vcenter.tls in ("unverified", "plain"):
        facts.append(f"TLS {vcenter.tls}")
    if vcenter.unmatched_scope:
        facts.append(f"nothing in scope is named {', '.join(vcenter.unmatched_scope)}")
    said = ", ".join(fact for fact in facts if fact)
    return f"{vcenter.reason} ({said})" if vcenter.reason else said


def _checks(report: ScanReport) -> Table:
    """List the checks that judged and do not pass, or have findings; worst first. The rest have a line below."""
    several = len(report.vcenters) > 1
    table = _table("outcome", "check", *(["vCenter"] if several else []), "examined", "findings")
    for column in table.columns[-2:]:
        column.justify = "right"
    for vcenter, result in worst_results_first(judged(report)):
        if result.outcome in (Outcome.PASS, Outcome.UNKNOWN, Outcome.SKIPPED) and not result.findings:
            continue
        where = [_text(vcenter.name)] if several else []
        numbers = (f"{result.examined:,}", _number_of_findings(vcenter, result))
        table.add_row(_status(result.outcome), _text(result.check), *where, *map(Text, numbers))
    return table


def _passes(report: ScanReport) -> str:
    count, total = tally(judged(report))[Outcome.PASS], len(judged(report))
    if not total:
        return "No check was run."
    return f"{_counted(count, 'check')} {'passes' if count == 1 else 'pass'}."


def _number_of_findings(vcenter: VCenterReport, result: CheckResult) -> str:
    """Return `3`, or `3 (2 muted, 1 silenced)` where some do not count."""
    aside = _in_words(*quiet([Judged(vcenter, result)]))
    return f"{len(result.counted):,} ({aside})" if aside else f"{len(result.counted):,}"


def _asides(report: ScanReport) -> Iterator[str]:
    """Say what was not looked at, which findings do not count, and which mutes no longer hold."""
    if missed := unexamined(judged(report)):
        yield f"{_counted(missed, 'object')} not examined, or not in full; the report lists them."
    number = quiet(judged(report))
    if aside := _in_words(*number):
        yield f"{_counted(sum(number), 'finding')} not counted: {aside}."
    for use in report.mutes:
        if use.expired:
            yield f"The mute of {use.mute.owner} expired on {use.mute.until}: {use.mute.rule}"


def _in_words(muted: int, silenced: int) -> str:
    parts = ((muted, "muted"), (silenced, "silenced"))
    return ", ".join(f"{count:,} {word}" for count, word in parts if count)


def _findings(report: ScanReport) -> Table:
    several = len(report.vcenters) > 1
    table = _table()
    for vcenter, result, finding in top(report, _TOP):
        where = f" ({vcenter.name})" if several and not isinstance(finding.object, VirtualCenter) else ""
        said = Text.assemble(_text(f"{finding.object.name}{where}", "bold"), ": ", _text(english(finding.text)))
        table.add_row(_status(finding.severity), _text(result.check), said)
    more = sum(len(row.result.counted) for row in judged(report)) - table.row_count
    if more > 0:
        table.add_row("", "", _text(f"... and {_counted(more, 'finding')} more in the report"))
    return table


def _unjudged(report: ScanReport) -> Table:
    several = len(report.vcenters) > 1
    table = _table()
    for group in unjudged(judged(report)):
        checks = ", ".join(result.check for result in group.results)
        where = f"{group.vcenter.name}: " if several else ""
        reason = english(group.reason) if group.reason else "no reason was given"
        table.add_row(_status(group.outcome), _text(checks), _text(f"{where}{reason}"))
    return table


def _table(*titles: str) -> Table:
    """Make a table without a frame; long names are folded, never cut."""
    table = Table(box=None, show_header=bool(titles), header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for title in titles or ("", "", ""):
        table.add_column(title, overflow="fold")
    return table


def _status(value: Outcome | Severity | VCenterState | State) -> Text:
    return Text(value.value, style=_STYLES[value])


def _text(words: str, style: str = "") -> Text:
    """Return words that are printed as they are, with control characters written out."""
    shown = (one if one.isprintable() else one.encode("unicode_escape").decode() for one in words)
    return Text("".join(shown), style=style, overflow="fold")


def _counted(value: int, noun: str) -> str:
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


class Progress:
    """A line for each vCenter on stderr while a scan runs; silent where stderr is no terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        # Drawn on each update and by no thread: a scan reports often enough.
        self._bars = Bars(
            TextColumn("{task.fields[name]}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            auto_refresh=False,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._lines: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bars.stop()

    def update(self, vcenter: str, done: int, total: int, doing: str) -> None:
        """Show that `done` of `total` collectors and checks of a vCenter have ended, and what is going on now."""
        if vcenter not in self._lines:
            self._lines[vcenter] = self._bars.add_task("", total=total, name=_text(vcenter).plain)
        line = self._lines[vcenter]
        self._bars.update(line, completed=done, total=total, description=_text(doing).plain, refresh=True)
