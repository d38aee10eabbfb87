"""What many commands take: the configuration, and whether a machine reads along."""

from pathlib import Path

import click
import structlog

from vhealthd import artefacts, logs
from vhealthd.catalogue import Catalogue
from vhealthd.config import Loaded, Settings, load

log = structlog.get_logger(__name__)

config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("/etc/vhealthd/config.yaml"),
    show_default=True,
    help="The configuration.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="For machines.")


def load_configuration(
    file: Path, catalogue: Catalogue, log_level: str | None, *, optional: bool = False, to_look: bool = False
) -> Loaded:
    """Load the configuration and set up the log as it says. A scan from a file does without one."""
    if optional and not file.exists():
        return Loaded(file, Settings.model_construct(vcenters=()))
    loaded = load(file, also=catalogue.problems, to_look=to_look)
    logs.configure(log_level or loaded.settings.log.level, loaded.settings.log.format)
    for warning in loaded.warnings:
        log.warning("configuration", problem=str(warning))
    return loaded


def settings_to_look(file: Path, log_level: str | None) -> Settings:
    """Load the configuration for a command that only shows something: the log has nothing to say to that."""
    return load_configuration(file, Catalogue.discover(), log_level or "error", to_look=True).settings


def formats_of(given: str | None, settings: Settings) -> tuple[str, ...]:
    """Return the formats that were asked for, or those that are configured. Raises UsageError of click."""
    if given is None:
        return settings.report.formats
    wanted = tuple(dict.fromkeys(part.strip() for part in given.split(",")))
    if strangers := [one for one in wanted if one not in artefacts.NAMES]:
        raise click.UsageError(f"--format knows pdf, html, json and csv, not {', '.join(strangers) or 'nothing'}")
    return wanted
