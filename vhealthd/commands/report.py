"""`vhealthd report`: the report of an earlier run once more, in another language or format."""

import asyncio
from pathlib import Path

import click

from vhealthd import artefacts
from vhealthd.commands import tables
from vhealthd.commands.options import config_option, formats_of, json_option, settings_to_look
from vhealthd.commands.picking import pick_report
from vhealthd.config import Settings
from vhealthd.errors import OutputError
from vhealthd.language import LOCALES
from vhealthd.lookback import look_back
from vhealthd.model import ScanReport
from vhealthd.report import jsonreport
from vhealthd.report.background import Background
from vhealthd.state import open_state


@click.command("report")
@config_option
@json_option
@click.argument("run", default="latest")
@click.option("--language", type=click.Choice(sorted(LOCALES)), help="Language; without it, report.language.")
@click.option("--format", "formats", metavar="pdf,html,json,csv", help="Which to write, not report.formats.")
@click.option("--output-dir", type=click.Path(path_type=Path), help="Write there, not to a folder named like the run.")
@click.pass_context
def report_command(
    context: click.Context,
    *,
    config_file: Path,
    as_json: bool,
    run: str,
    language: str | None,
    formats: str | None,
    output_dir: Path | None,
) -> None:
    """Write the report of a run again, from what is kept of it.

    RUN is its id or the beginning of it, `latest` or `previous`. With --json report.json is printed, and nothing is
    written.
    """
    settings = settings_to_look(config_file, context.obj)
    wanted = formats_of(formats, settings)
    report, background = asyncio.run(_find(settings, run))
    if as_json:
        tables.echo_json(jsonreport.as_dict(report, background))
        return
    look = settings.report.model_copy(update={"language": language or settings.report.language})
    made = asyncio.run(artefacts.write(report, background, output_dir or Path(report.run_id), wanted, look))
    for path in made.files.values():
        click.echo(path)
    if made.pdf_error:
        raise OutputError(made.pdf_error)


async def _find(settings: Settings, run: str) -> tuple[ScanReport, Background]:
    async with open_state(settings.state.directory, read_only=True) as state:
        _, report = await pick_report(state, run)
        return report, await look_back(state, report, settings)
