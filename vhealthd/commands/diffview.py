"""How the difference between two runs is shown, to people and to machines."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from vhealthd.commands import tables
from vhealthd.commands.runview import run_as_dict
from vhealthd.commands.tables import plain
from vhealthd.compare import Change, Changed, Comparison, NotCompared
from vhealthd.model import Severity, VirtualCenter
from vhealthd.report import jsonreport
from vhealthd.state import RunSummary
from vhealthd.wording import english

# What goes on is known; a person is shown the worst of it.
_ONGOING_SHOWN = 20


def as_dict(old: RunSummary, new: RunSummary, comparison: Comparison) -> dict[str, JsonValue]:
    """Return a comparison for machines."""
    changes: dict[str, JsonValue] = {
        change.value: [_changed(one) for one in comparison.of(change)] for change in Change
    }
    return {
        "from": run_as_dict(old),
        "to": run_as_dict(new),
        **changes,
        "not_compared": [_not_compared(one) for one in comparison.not_compared],
    }


def _changed(one: Changed) -> dict[str, JsonValue]:
    return {
        "vcenter": one.vcenter.name,
        "check": one.result.check,
        "before": one.before and one.before.value,
        "after": one.after and one.after.value,
        **jsonreport.of_finding(one.vcenter, one.result, one.finding, one.first_seen),
    }


def _not_compared(one: NotCompared) -> dict[str, JsonValue]:
    return {
        "vcenter": one.vcenter,
        "checks": list(one.checks) or None,
        "reason": english(one.why),
        "findings_before": one.before,
        "findings_after": one.after,
    }


def parts(comparison: Comparison) -> Iterator[Table | Text]:
    """Yield a comparison for people: what changed, what goes on and for how long, what cannot be told."""
    old, new = comparison.old, comparison.new
    apart = tables.span(abs(new.started - old.started))
    yield plain(f"From {old.run_id} to {new.run_id}, {apart} {'later' if new.started >= old.started else 'earlier'}")
    yield plain(", ".join(f"{len(comparison.of(change))} {change}" for change in Change))
    several = len({vcenter.name for run in (old, new) for vcenter in run.vcenters}) > 1
    for change in Change:
        if found := comparison.of(change):
            yield plain("")
            yield Text(change.value.capitalize(), style="bold")
            yield _table(found[:_ONGOING_SHOWN] if change is Change.ONGOING else found, new.started, several=several)
            if change is Change.ONGOING and len(found) > _ONGOING_SHOWN:
                yield plain(f"... and {len(found) - _ONGOING_SHOWN:,} more; --json lists them")
    if comparison.not_compared:
        yield plain("")
        yield Text("Not compared", style="bold")
        yield _gaps(comparison)


def _table(found: tuple[Changed, ...], now: datetime, *, several: bool) -> Table:
    table = tables.table("severity", "age", "check", "object", "finding", numbers=("age",))
    for one in found:
        where = f" ({one.vcenter.name})" if several and not isinstance(one.finding.object, VirtualCenter) else ""
        table.add_row(
            _severity(one),
            tables.age(one.first_seen, now),
            one.result.check,
            plain(f"{one.finding.object.name}{where}"),
            plain(english(one.finding.text)),
        )
    return table


def _severity(one: Changed) -> Text:
    """Return `warning -> critical`, or what there is of it."""
    shown = Text()
    if one.before and one.after and one.before is not one.after:
        shown.append_text(tables.status(one.before)).append(" -> ")
    shown.append_text(tables.status(one.after or one.before or Severity.INFO))
    return shown if one.counts else shown.append(" (muted)" if one.finding.muted else " (silenced)")


def _gaps(comparison: Comparison) -> Table:
    table = tables.table("vCenter", "checks", "why", "findings left out")
    for one in comparison.not_compared:
        left_out = ", ".join(
            f"{number:,} {when}" for number, when in ((one.before, "before"), (one.after, "after")) if number
        )
        checks = ", ".join(one.checks) or "all"
        table.add_row(plain(one.vcenter), plain(checks), plain(english(one.why)), left_out or tables.NOTHING)
    return table
