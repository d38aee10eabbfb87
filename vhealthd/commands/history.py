"""What earlier runs found: `vhealthd runs`, `show`, `diff`, `sla`. They change nothing, also while the service runs."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console

from vhealthd import terminal
from vhealthd.commands import diffview, runview, slaview, tables
from vhealthd.commands.options import config_option, json_option
from vhealthd.commands.picking import pick, pick_report
from vhealthd.commands.states import looking
from vhealthd.compare import Comparison, compare
from vhealthd.config.values import parse_duration
from vhealthd.model import Delivery, ScanReport
from vhealthd.report import jsonreport
from vhealthd.scan import utc_now
from vhealthd.sla import WINDOWS, Sla, levels, levels_of
from vhealthd.state import RunSummary, State


@click.command("runs")
@config_option
@json_option
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="So many, at most.")
@click.pass_context
def runs_command(context: click.Context, *, config_file: Path, as_json: bool, limit: int) -> None:
    """List the runs, the newest first."""
    found = looking(config_file, context.obj, lambda state: state.runs.list(limit))
    if as_json:
        tables.echo_json([runview.run_as_dict(one) for one in found])
    elif found:
        tables.show(runview.run_table(found, utc_now()))
    else:
        click.echo("There is no run yet.")


@click.command("show")
@config_option
@json_option
@click.argument("run", default="latest")
@click.pass_context
def show_run_command(context: click.Context, *, config_file: Path, as_json: bool, run: str) -> None:
    """Show what a run found, and what became of its files.

    RUN is its id or the beginning of it, `latest` or `previous`.
    """

    async def find(state: State) -> tuple[RunSummary, ScanReport | None, Sequence[Delivery]]:
        chosen = await pick(state, run)
        report = await state.runs.report(chosen.run_id)
        return chosen, report, await state.outbox.deliveries(run_id=chosen.run_id)

    chosen, report, deliveries = looking(config_file, context.obj, find)
    if as_json:
        told = None if report is None else jsonreport.as_dict(report)
        tables.echo_json({"run": runview.run_as_dict(chosen), "report": told})
        return
    tables.show(runview.run_facts(chosen, deliveries, utc_now()))
    if report is not None:
        click.echo()
        terminal.summarise(report, Console())


@click.command("diff")
@config_option
@json_option
@click.argument("old", metavar="RUN", default="previous")
@click.argument("new", metavar="RUN", default="latest")
@click.pass_context
def diff_command(context: click.Context, *, config_file: Path, as_json: bool, old: str, new: str) -> None:
    """Show what changed from one run to another: new, worsened, improved, resolved, ongoing.

    Without runs it is from the previous one to the latest. What could not be compared, because a check was unknown or
    did not run in one of them, is said.
    """

    async def find(state: State) -> tuple[RunSummary, RunSummary, Comparison]:
        (before, earlier), (after, later) = await pick_report(state, old), await pick_report(state, new)
        return before, after, compare(earlier, later, first_seen=await state.past.first_seen(later))

    before, after, comparison = looking(config_file, context.obj, find)
    if as_json:
        tables.echo_json(diffview.as_dict(before, after, comparison))
    else:
        tables.show(*diffview.parts(comparison))


@click.command("sla")
@config_option
@json_option
@click.option("--window", metavar="30d", help="Only this time, such as 12h or 90d.")
@click.pass_context
def sla_command(context: click.Context, *, config_file: Path, as_json: bool, window: str | None) -> None:
    """Show how much of what was judged was not critical: overall, by vCenter, category and check.

    Without a window it is the last run, 24 h, 7 d and 30 d. Warnings are tolerated. What was unknown or skipped was not
    judged; where nothing was, there is no data.
    """
    lengths = WINDOWS if window is None else {window: _length(window)}
    now = utc_now()

    async def count(state: State) -> dict[str, Sla]:
        last = await state.runs.last() if window is None else None
        of_the_run = await levels_of(state.runs, last.started) if last and last.started else {}
        return {**of_the_run, **await levels(state.runs, now=now, windows=lengths)}

    windows = looking(config_file, context.obj, count)
    if as_json:
        tables.echo_json(slaview.as_dict(windows))
    else:
        tables.show(slaview.table(windows))


def _length(window: str) -> timedelta:
    try:
        return parse_duration(window)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--window") from None
