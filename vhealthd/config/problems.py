"""What is wrong with a configuration, one line a problem, each with its place in the file."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vhealthd.errors import ConfigError

Place = tuple[str | int, ...]  # ("vcenters", 0, "password")


def path_text(place: Place) -> str:
    """Write a place as people do: `vcenters[0].password`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".")


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing that is wrong. `file` and `line` (from 1) are None and `path` is empty where there is none."""

    file: Path | None
    line: int | None
    path: str
    message: str

    def __str__(self) -> str:
        position = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return ": ".join(part for part in (position, self.path, self.message) if part)


class InvalidConfigError(ConfigError):
    """The configuration is wrong. Its text has one line a problem, in the order of the file."""

    def __init__(self, problems: Iterable[ConfigProblem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line or 0, problem.path)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean "verify"?`, or nothing if no known word is close. Dash and underscore are the same."""
    spelling = {name.replace("_", "-"): name for name in known}
    close = difflib.get_close_matches(word.lower().replace("_", "-"), spelling, n=1)
    return f'; did you mean "{spelling[close[0]]}"?' if close else ""
