"""Reads a YAML 1.2 file to plain data, and remembers in which line everything stands."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import JsonValue
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.reader import ReaderError

from vhealthd.config.problems import ConfigProblem, InvalidConfigError, Place, path_text

_DEEPEST = 30
_HINT = "vhealthd config init writes a file to start from"
_CORE = "tag:yaml.org,2002:"
_PLAIN = frozenset({"null", "bool", "int", "float"})
_TEXT = frozenset({"str", "timestamp", "merge", "value"})  # a date is text here, as is YAML 1.1's <<

# What ruamel.yaml says, and what it means for whoever wrote the file. Its own sentences may quote the file, and what
# is quoted may be a password, so they are never passed on.
_MEANINGS = (
    ("found undefined alias", "an alias (*name) without its anchor; a value that begins with * needs quotes"),
    ("found undefined tag", "an unknown tag; a value that begins with ! needs quotes"),
    (r"found character '\t'", "a tab; indent with spaces"),
    ("found character", "a value that begins with this character needs quotes"),
    ("found unknown escape", "an unknown escape in double quotes; double the backslash, or use single quotes"),
    ("found unexpected end of stream", "a quote that is opened here is never closed"),
    ("mapping values are not allowed", "a colon where none can be: wrong indentation, or a value that needs quotes"),
    ("could not find expected ':'", "a key without a colon, or without a space after the colon"),
    ("sequence entries are not allowed", "a list entry must begin on its own line"),
    ("expected ',' or", "a bracket that is never closed, or a missing comma"),
    ("expected <block end>", "this does not fit the lines above it; look at the indentation"),
    ("expected '<document start>'", "this does not fit the lines above it; look at the indentation"),
    ("but found another document", "a second document (---) begins here; the configuration is one document"),
    ("maximum depth", "nested too deeply"),
)


@dataclass(frozen=True, slots=True)
class Document:
    """A file as plain data: mappings with text as keys, lists, text, numbers, booleans and None."""

    file: Path | None
    data: dict[str, JsonValue]
    lines: Mapping[Place, int]

    def problem(self, place: Place, message: str, *, nameable: bool = True) -> ConfigProblem:
        """Make a problem with the line of the place, or of what it is missing in.

        The last part of a place that is not `nameable` is left out of the path.
        """
        lines = (self.lines.get(place[:length]) for length in range(len(place), -1, -1))
        line = next((line for line in lines if line), None)
        return ConfigProblem(self.file, line, path_text(place if nameable else place[:-1]), message)


def read(file: Path) -> Document:
    """Read a file. Raises InvalidConfigError if there is none, it is not UTF-8, not YAML, or not a mapping."""
    root, problem = _compose(file, _text(file))
    if problem:  # raised here and not where it was caught: the library's error quotes the file
        raise InvalidConfigError([problem])
    walk = _Walk(file)
    data = walk.plain(root, ()) if root else None
    if walk.problems:
        raise InvalidConfigError(walk.problems)
    if data is None:
        raise InvalidConfigError([ConfigProblem(file, None, "", f"the file is empty; {_HINT}")])
    if not isinstance(data, dict):
        raise InvalidConfigError([ConfigProblem(file, 1, "", "expected keys such as vcenters: at the top of the file")])
    return Document(file, data, walk.lines)


def _text(file: Path) -> str:
    """Return the file's text, without a byte order mark."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise InvalidConfigError([ConfigProblem(file, None, "", f"there is no such file; {_HINT}")]) from None
    except OSError as error:
        raise InvalidConfigError([ConfigProblem(file, None, "", f"cannot be read: {error.strerror}")]) from None
    # replacing and looking, because a UnicodeDecodeError would carry the whole file
    text = content.decode("utf-8-sig", errors="surrogateescape")
    for number, line in enumerate(text.split("\n"), start=1):
        if not _is_unicode(line):
            raise InvalidConfigError([ConfigProblem(file, number, "", "is not UTF-8 text; save the file as UTF-8")])
    return text


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _compose(file: Path, text: str) -> tuple[Node | None, ConfigProblem | None]:
    """Parse text to YAML's nodes, which know their lines; or say what is wrong with it."""
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = _DEEPEST
    yaml.composer.warn_double_anchors = False
    try:
        return yaml.compose(text), None
    except MarkedYAMLError as error:
        return None, _syntax_problem(file, error)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return None, ConfigProblem(file, line, "", "not valid YAML: a control character")
    except Exception:  # noqa: BLE001 - ruamel.yaml lets many kinds through, as OverflowError for "\UFFFFFFFF"
        return None, ConfigProblem(file, None, "", "not valid YAML")


def _syntax_problem(file: Path, error: MarkedYAMLError) -> ConfigProblem:
    said = error.problem or ""
    meaning = next((f": {meaning}" for beginning, meaning in _MEANINGS if said.startswith(beginning)), "")
    # where it began tells more than where the reader gave up
    missed_an_end = "end of stream" in said or "<stream end>" in said or "could not find" in said
    mark = error.context_mark if missed_an_end and error.context_mark else error.problem_mark
    column = f" (column {mark.column + 1})" if mark else ""
    return ConfigProblem(file, mark.line + 1 if mark else None, "", f"not valid YAML{meaning}{column}")


class _Walk:
    """Turns nodes to plain data, gathering lines and all problems on the way."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines: dict[Place, int] = {(): 1}
        self.problems: list[ConfigProblem] = []
        self._above: list[Node] = []
        self._constructor = YAML(typ="safe", pure=True).constructor

    def plain(self, node: Node, place: Place) -> JsonValue:
        """Return the node's value; None where there is a problem."""
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, ScalarNode):
            return self._scalar(node, place)
        if any(node is one for one in self._above):
            self._refuse(node, place, "an anchor that contains itself")
            return None
        self._above.append(node)
        value = self._mapping(node, place) if isinstance(node, MappingNode) else self._sequence(node, place)
        self._above.pop()
        return value

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {}
        for key, value in self._entries(node, place):
            here = (*place, key.value)
            if key.value in found:
                # the line says which; the key itself may be a misplaced secret
                self._refuse(key, place, f"the key in this line is already in line {self.lines[here]}")
                continue
            self.lines[here] = key.start_mark.line + 1
            found[key.value] = self.plain(value, here)
        return found

    def _entries(self, node: MappingNode, place: Place) -> Iterator[tuple[ScalarNode, Node]]:
        for key, value in node.value:
            if isinstance(key, ScalarNode) and _is_unicode(key.value):
                yield key, value
            else:
                self._refuse(key, place, "a key must be plain text")

    def _sequence(self, node: Node, place: Place) -> list[JsonValue]:
        return [self.plain(one, (*place, index)) for index, one in enumerate(node.value)]

    def _scalar(self, node: ScalarNode, place: Place) -> JsonValue:
        kind = str(node.tag).removeprefix(_CORE)
        if kind in _TEXT and _is_unicode(node.value):
            return str(node.value)
        if kind in _PLAIN:
            with suppress(ValueError, KeyError):  # "!!bool maybe", or more digits than Python reads
                return cast("JsonValue", self._constructor.construct_object(node))
        self._refuse(node, place, "this value cannot be read: a tag (!name), or no value of its kind; put it in quotes")
        return None

    def _refuse(self, node: Node, place: Place, message: str) -> None:
        self.problems.append(ConfigProblem(self.file, node.start_mark.line + 1, path_text(place), message))
