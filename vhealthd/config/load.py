"""From a file to settings, with every problem at once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from vhealthd.config.explain import problems_of
from vhealthd.config.names import name_problems
from vhealthd.config.problems import ConfigProblem, InvalidConfigError
from vhealthd.config.secretref import secrets_in
from vhealthd.config.settings import Settings
from vhealthd.config.yamlfile import Document, read

Judge = Callable[[Document], Iterable[ConfigProblem]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings from a file. `warnings` say what works but should not stay so."""

    file: Path
    settings: Settings
    warnings: tuple[ConfigProblem, ...] = ()


def load(file: Path, *, also: Judge = lambda _: (), to_look: bool = False) -> Loaded:
    """Read settings from a file. Raises InvalidConfigError with everything that is wrong.

    Relative paths count from the file's folder. The files that it names must be readable now, but for who only comes
    `to_look` at what is kept: that may be on another day, and another account. `also` finds more problems in the same
    document; the catalogue of checks has such a function for their sections.
    """
    document = read(file)
    settings, problems = _settle(document, file.absolute().parent, prove_files=not to_look)
    problems += [*name_problems(document), *also(document)]
    if problems or settings is None:
        raise InvalidConfigError(problems)
    return Loaded(file, settings, () if to_look else tuple(_warnings(settings, document)))


def _settle(document: Document, folder: Path, *, prove_files: bool) -> tuple[Settings | None, list[ConfigProblem]]:
    """Return settings or problems. The problems are returned, not raised: pydantic's error holds what the file says."""
    try:
        return Settings.model_validate(document.data, context={"folder": folder, "prove_files": prove_files}), []
    except ValidationError as error:
        return None, list(problems_of(error, Settings, document))


def _warnings(settings: Settings, document: Document) -> Iterator[ConfigProblem]:
    for place, secret in secrets_in(settings):
        if warning := secret.warning():
            yield document.problem(place, warning)
    for index, mute in enumerate(settings.mutes):
        if mute.mutes_everything:
            yield document.problem(("mutes", index), "mutes every finding of every check; name a check or a match")
    if settings.routes is not None:
        told = {name for route in settings.routes for name in route.to}
        for name in (name for name in settings.channels if name not in told):
            yield document.problem(("channels", name), "no route names it, so it is told nothing; name it in routes")
