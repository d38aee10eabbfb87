"""The commands and their exit codes.

0 fine, 1 warnings, 2 criticals, 3 something unknown, 64 usage, 70 a fault of vhealthd, 74 a report cannot be written,
78 configuration, 130 interrupted, 143 terminated.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click
import structlog
from click.core import ParameterSource
from rich.console import Console
from rich.table import Table

from vhealthd import artefacts, configcli, doctor, files, interpreter, logs, redaction, saved, terminal
from vhealthd.catalogue import BoundCheck, Catalogue
from vhealthd.checkdocs import check_page, check_rows, legend, limits_line, needs_line
from vhealthd.commands import memory
from vhealthd.commands.alerts import alerts_command
from vhealthd.commands.deliveries import deliveries_command
from vhealthd.commands.history import diff_command, runs_command, show_run_command, sla_command
from vhealthd.commands.notify import test_notify_command
from vhealthd.commands.options import config_option, formats_of, load_configuration
from vhealthd.commands.report import report_command
from vhealthd.commands.run import run_command
from vhealthd.commands.signals import TerminatedError, until_terminated
from vhealthd.commands.status import status_command
from vhealthd.config import InvalidConfigError, Settings, VCenterSettings
from vhealthd.errors import ConfigError, ListenError, OutputError, StateError, UsageError, VhealthdError
from vhealthd.model import Outcome, ScanReport
from vhealthd.saved import Sighting
from vhealthd.scan import Scan, judge_again, new_run_id, scan, utc_now

log = structlog.get_logger(__name__)

T = TypeVar("T")

USAGE, SOFTWARE, IO_ERROR, CONFIG, INTERRUPTED, TERMINATED = 64, 70, 74, 78, 130, 143


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. No traceback reaches a user."""
    try:
        return int(cli.main(argv, prog_name="vhealthd", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt, asyncio.CancelledError):
        click.echo("vhealthd: interrupted", err=True)
        return INTERRUPTED
    except TerminatedError:
        return TERMINATED
    except Exception as error:
        log.debug("unexpected error", exc_info=not isinstance(error, VhealthdError))
        sentence, code = _last_words(error)
        click.echo(sentence, err=True)
        return code


def _last_words(error: Exception) -> tuple[str, int]:
    """Return what to say of an error that ends the program, and the exit code."""
    match error:
        case InvalidConfigError():
            return str(error), CONFIG  # lines that begin with the file's name
        case ConfigError():
            return f"vhealthd: {error}", CONFIG
        case UsageError():
            return f"vhealthd: {error}", USAGE
        case OutputError() | StateError() | ListenError():
            return f"vhealthd: {error}", IO_ERROR
        case VhealthdError():
            return f"vhealthd: {error}", SOFTWARE
        case _:
            what = redaction.clean(str(error))
            return (
                f"vhealthd: unexpected {type(error).__name__}: {what}. This is a fault of vhealthd; "
                "run it again as vhealthd --log-level debug ... and report what it says"
            ), SOFTWARE


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vhealthd")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Overrides log.level.")
@click.pass_context
def cli(context: click.Context, log_level: str | None) -> None:
    """Examine VMware vCenters and say plainly what is wrong, what is fine and what could not be seen."""
    context.obj = log_level
    logs.configure(log_level or "warning", "auto")


# --- scan


@cli.command("scan")
@config_option
@click.option("--vcenter", "names", multiple=True, metavar="NAME", help="Only this vCenter; may be repeated.")
@click.option("--check", "slugs", multiple=True, metavar="SLUG", help="Only this check; may be repeated.")
@click.option("--output-dir", type=click.Path(path_type=Path, resolve_path=True), help="Write the reports there.")
@click.option(
    "--format", "formats", metavar="pdf,html,json,csv", help="Which reports to write; overrides report.formats."
)
@click.option("--save-inventory", type=click.Path(path_type=Path, dir_okay=False), help="Keep what was seen.")
@click.option("--redact", is_flag=True, help="With --save-inventory: replace every name and address.")
@click.option("--from-inventory", type=click.Path(path_type=Path, dir_okay=False), help="Judge what was kept.")
@click.pass_context
def scan_command(
    context: click.Context,
    *,
    config_file: Path,
    names: tuple[str, ...],
    slugs: tuple[str, ...],
    output_dir: Path | None,
    formats: str | None,
    save_inventory: Path | None,
    redact: bool,
    from_inventory: Path | None,
) -> int:
    """Scan now, write the reports and summarise them.

    Exits with 2 if anything is critical, else with 3 if anything could not be judged, else with 1 if anything warns.
    """
    if redact and not save_inventory:
        raise click.UsageError("--redact goes with --save-inventory")
    catalogue = Catalogue.discover()
    given = context.get_parameter_source("config_file") is not ParameterSource.DEFAULT
    optional = from_inventory is not None and not given
    settings = load_configuration(config_file, catalogue, context.obj, optional=optional).settings
    wanted = formats_of(formats, settings)
    vcenters = _choose(settings, names)
    checks = catalogue.bind(settings, only=slugs)
    interpreter.tune()
    # What was kept is judged as of its own time: to that, the runs of today are no history.
    kept = from_inventory is None and memory.keeps_state(settings)
    report, seen = asyncio.run(until_terminated(_scan(settings, checks, vcenters, from_inventory, kept=kept)))
    if save_inventory:
        _save(save_inventory, seen, redact=redact)
    # The summary first: it is worth most where the reports cannot be written.
    terminal.summarise(report, Console())
    files_made: Mapping[str, Path] = {}
    try:
        folder = output_dir or settings.reports / report.run_id
        made = asyncio.run(_write(settings, report, folder, wanted, kept=kept))
        files_made = made.files
    finally:
        if kept:
            memory.record(settings, report, files_made, config_file)
    for path in made.files.values():
        click.echo(path)
    if made.pdf_error:
        raise OutputError(made.pdf_error)
    return exit_code(report)


async def _write(
    settings: Settings, report: ScanReport, folder: Path, formats: tuple[str, ...], *, kept: bool
) -> artefacts.Artefacts:
    background = await memory.background_of(settings, report) if kept else memory.no_background(settings)
    return await artefacts.write(report, background, folder, formats, settings.report)


def _choose(settings: Settings, names: Sequence[str]) -> list[VCenterSettings]:
    known = {one.name: one for one in settings.vcenters}
    if strangers := [name for name in names if name not in known]:
        raise UsageError(f"there is no vCenter {', '.join(strangers)} in the configuration; it has {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names or known)]


async def _scan(
    settings: Settings,
    checks: tuple[BoundCheck, ...],
    vcenters: list[VCenterSettings],
    from_inventory: Path | None,
    *,
    kept: bool,
) -> tuple[ScanReport, tuple[Sighting, ...]]:
    with terminal.Progress() as progress:
        plan = Scan(settings=settings, checks=checks, run_id=new_run_id(utc_now()), progress=progress)
        if from_inventory is not None:
            seen = saved.read(from_inventory)
            return await judge_again(plan, seen), seen
        if not kept:
            return await scan(plan, vcenters)
        async with memory.remembering(plan) as knowing:
            return await scan(knowing, vcenters)


def _save(path: Path, seen: tuple[Sighting, ...], *, redact: bool) -> None:
    files.write(path, saved.encode(seen, redact=redact))


def exit_code(report: ScanReport) -> int:
    """Return 2, 3, 1 or 0 for critical, unknown, warning and fine. A scope that matches nothing is unknown."""
    outcomes = {result.outcome for vcenter in report.vcenters for result in vcenter.results}
    if Outcome.CRITICAL in outcomes:
        return 2
    if Outcome.UNKNOWN in outcomes or any(vcenter.unmatched_scope for vcenter in report.vcenters):
        return 3
    return 1 if Outcome.WARNING in outcomes else 0


# --- doctor


@cli.command("doctor")
@config_option
@click.option("--vcenter", "names", multiple=True, metavar="NAME", help="Only this vCenter; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def doctor_command(context: click.Context, *, config_file: Path, names: tuple[str, ...], as_json: bool) -> int:
    """Try the way to each vCenter, and whether the account may read what the checks need.

    Exits with 2 where there is no session, with 1 where something cannot be read, with 0 if all is fine.
    """
    catalogue = Catalogue.discover()
    settings = load_configuration(config_file, catalogue, context.obj or "error").settings
    checks = catalogue.bind(settings)
    plan = doctor.Examination(settings=settings, checks=checks, clock=utc_now)
    found = asyncio.run(until_terminated(doctor.examine(plan, _choose(settings, names))))
    if as_json:
        click.echo(json.dumps(doctor.rows(found), indent=2))
    else:
        terminal.diagnose(found, Console())
    return doctor.exit_code(found)


# --- checks


@cli.group("checks", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def checks_command(context: click.Context, *, as_json: bool) -> None:
    """List the checks: which run, which are opt-in, their default limits, and what the account needs."""
    if context.invoked_subcommand:
        return
    catalogue = Catalogue.discover()
    if as_json:
        click.echo(json.dumps(check_rows(catalogue), indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for title in ("check", "category", "runs", "needs"):
        table.add_column(title, no_wrap=True)
    table.add_column("default limits", overflow="fold")
    for check in catalogue.checks:
        runs = "opt-in" if check.opt_in else "always"
        table.add_row(check.slug, check.category.value, runs, needs_line(check), limits_line(check))
    Console().print(table)
    click.echo("\n" + "\n".join(legend()))


@checks_command.command("show")
@click.argument("slug")
def show_command(slug: str) -> None:
    """Tell all there is to know of one check."""
    click.echo(check_page(Catalogue.discover()[slug]))


# --- config


@cli.group("config")
def config_command() -> None:
    """Check the configuration, or begin one."""


@config_command.command("check")
@config_option
def config_check_command(*, config_file: Path) -> None:
    """Say everything that is wrong with a configuration, each with its line."""
    for line in configcli.check_lines(config_file, Catalogue.discover()):
        click.echo(line)


@config_command.command("schema")
def config_schema_command() -> None:
    """Print the JSON Schema of the configuration, with every check's limits."""
    click.echo(json.dumps(configcli.schema(Catalogue.discover()), indent=2))


@config_command.command("init")
def config_init_command() -> None:
    """Print a configuration to begin with."""
    click.echo(configcli.starter(Catalogue.discover()), nl=False)


# --- the service

cli.add_command(run_command)
cli.add_command(status_command)

# --- what earlier runs found, and what became of it

cli.add_command(runs_command)
cli.add_command(show_run_command)
cli.add_command(diff_command)
cli.add_command(report_command)
cli.add_command(sla_command)
cli.add_command(deliveries_command)

# --- alerts

cli.add_command(alerts_command)
cli.add_command(test_notify_command)
