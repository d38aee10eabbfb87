"""`vhealthd run`: the service, or with `--once` one run of it."""

import asyncio
from pathlib import Path

import click

from vhealthd import interpreter, logs
from vhealthd.catalogue import Catalogue
from vhealthd.commands import signals
from vhealthd.commands.options import config_option
from vhealthd.daemon import Daemon
from vhealthd.lockfile import lock
from vhealthd.once import run_once
from vhealthd.runner import Plan, read_plan
from vhealthd.state import open_state


@click.command("run")
@config_option
@click.option("--once", is_flag=True, help="Scan now, deliver, and end: for containers and cron.")
@click.pass_context
def run_command(context: click.Context, *, config_file: Path, once: bool) -> int:
    """Scan by schedule and on SIGHUP, mail and archive the reports, serve metrics.

    Ends with 0 when it is told to stop. With --once it ends with 0 when the run is stored and all is delivered, with 1
    when something is still to be delivered, whatever the scan found.
    """
    if not once:
        signals.hold_back()
    catalogue = Catalogue.discover()
    plan = read_plan(config_file, catalogue)
    logs.configure(context.obj or plan.settings.log.level, plan.settings.log.format)
    interpreter.tune()
    with lock(plan.settings.state.directory):
        if once:
            return asyncio.run(signals.until_terminated(run_once(plan)))
        asyncio.run(_serve(config_file, catalogue, plan, context.obj))
    return 0


async def _serve(file: Path, catalogue: Catalogue, plan: Plan, log_level: str | None) -> None:
    async with open_state(plan.settings.state.directory) as state:
        daemon = Daemon(file, catalogue, plan, state, log_level=log_level)
        await daemon.serve(lambda: signals.hear(hang_up=daemon.hang_up, stop=daemon.stop))
