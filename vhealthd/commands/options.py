"""What many commands take: the configuration, and whether a machine reads along."""

from pathlib import Path

import click
import structlog

from vhealthd import logs
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


def load_configuration(file: Path, catalogue: Catalogue, log_level: str | None, *, optional: bool = False) -> Loaded:
    """Load the configuration and set up the log as it says. A scan from a file does without one."""
    if optional and not file.exists():
        return Loaded(file, Settings.model_construct(vcenters=()))
    loaded = load(file, also=catalogue.problems)
    logs.configure(log_level or loaded.settings.log.level, loaded.settings.log.format)
    for warning in loaded.warnings:
        log.warning("configuration", problem=str(warning))
    return loaded


def settings_to_look(file: Path, log_level: str | None) -> Settings:
    """Load the configuration for a command that only shows something: the log has nothing to say to that."""
    return load_configuration(file, Catalogue.discover(), log_level or "error").settings
