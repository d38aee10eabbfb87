"""How runs are shown, to people and to machines."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import JsonValue
from rich.table import Table

from vhealthd.commands import tables
from vhealthd.commands.tables import iso, plain
from vhealthd.model import Delivery, Severity
from vhealthd.state import RunState, RunSummary

_WORST_FIRST = tuple(reversed(Severity))


def run_table(found: Sequence[RunSummary], now: datetime) -> Table:
    """List runs."""
    titles = ("run", "age", "trigger", "outcome", "took", *_WORST_FIRST, "vCenters")
    table = tables.table(*titles, numbers=("age", "took", *_WORST_FIRST))
    for one in found:
        table.add_row(
            plain(one.run_id),
            tables.age(one.started or one.asked, now),
            one.trigger,
            tables.status(_word_for(one)),
            _took(one),
            *(tables.count(one.findings.get(severity, 0)) for severity in _WORST_FIRST),
            plain(one.why or ", ".join(one.vcenters)),
        )
    return table


def run_facts(run: RunSummary, deliveries: Sequence[Delivery], now: datetime) -> Table:
    """Tell what is known of a run besides its report."""
    table = tables.facts()
    began = run.started or run.asked
    table.add_row("run", plain(run.run_id))
    table.add_row("state", tables.status(_word_for(run)))
    if run.why:
        table.add_row("why", plain(run.why))
    table.add_row("began", f"{tables.moment(began)} ({tables.age(began, now)} ago)")
    table.add_row("trigger", run.trigger if run.due is None else f"{run.trigger}, for {tables.moment(run.due)}")
    if run.attempts > 1:
        table.add_row("attempts", str(run.attempts))
    if run.finished:
        table.add_row("took", _took(run))
    if run.config_sha256:
        table.add_row("configuration", f"SHA-256 {run.config_sha256[:16]}")
    for path in run.files.values():
        table.add_row("file", plain(path))
    for one in deliveries:
        words = plain(f"{one.parcel.what} to {one.parcel.sink}: ")
        table.add_row("delivery", words.append_text(tables.status(one.state)).append(f" {one.error or ''}".rstrip()))
    return table


def run_as_dict(run: RunSummary) -> dict[str, JsonValue]:
    """Return a run for machines."""
    return {
        "run_id": run.run_id,
        "trigger": run.trigger,
        "state": run.state.value,
        "why": run.why,
        "due": iso(run.due),
        "asked": iso(run.asked),
        "attempts": run.attempts,
        "started": iso(run.started),
        "finished": iso(run.finished),
        "tool_version": run.tool_version,
        "config_sha256": run.config_sha256,
        "vcenters": list(run.vcenters),
        "outcome": run.outcome.value if run.outcome else None,
        "outcomes": {one.value: number for one, number in run.outcomes.items()},
        "findings": {one.value: number for one, number in run.findings.items()},
        "files": {name: str(path) for name, path in run.files.items()},
    }


def _word_for(run: RunSummary) -> str:
    """Return the run's outcome, or how far it is."""
    if run.state is not RunState.DONE:
        return run.state.value
    return run.outcome.value if run.outcome else tables.NOTHING


def _took(run: RunSummary) -> str:
    return tables.span(run.finished - run.started) if run.started and run.finished else tables.NOTHING
