"""Every sentence of reports and mails has a translation, and every translation can be filled, read and printed."""

import ast
import io
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel import Locale
from babel.messages.catalog import Message as Translation
from babel.messages.pofile import read_po

from mocks.worlds import default_world
from tests.integration.scans import scan_world
from tools import messages
from vhealthd.model import CheckResult, Text
from vhealthd.report.glyphs import coverage

ROOT = Path(__file__).parents[2]
PLACES = list(messages.places())
SOURCES = [*(ROOT / "vhealthd").rglob("*.py"), *(ROOT / "checks").glob("*.py")]

each_catalogue = pytest.mark.parametrize(
    ("locale", "domain", "path"), PLACES, ids=[f"{place[0]}-{place[1]}" for place in PLACES]
)


@cache
def sentences(path: Path, locale: Locale) -> list[Translation]:
    with path.open("rb") as file:
        return [one for one in read_po(file, locale=locale, abort_invalid=True) if one.id]


def both(one: Translation) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return English and translation; each has several forms if it counts something."""
    english, translated = one.id, one.string
    return (
        (english,) if isinstance(english, str) else tuple(english),
        (translated,) if isinstance(translated, str) else tuple(translated or ()),
    )


def named(one: Translation) -> str:
    return f"[{one.context}] {both(one)[0][-1]}"


@each_catalogue
def test_every_sentence_is_translated(locale: Locale, domain: str, path: Path) -> None:
    missing = [named(one) for one in sentences(path, locale) if not all(both(one)[1]) or one.fuzzy]
    assert missing == [], f"translate them in {domain}.po"


@each_catalogue
def test_it_has_what_the_code_says_and_nothing_else(locale: Locale, domain: str, path: Path) -> None:
    made = messages.catalogue(locale, domain, messages.translations_of(path, locale))
    assert path.read_bytes() == messages.po(made), "run: make messages"


@each_catalogue
def test_what_is_compiled_is_what_is_written(locale: Locale, domain: str, path: Path) -> None:
    made = messages.catalogue(locale, domain, messages.translations_of(path, locale))
    assert path.with_suffix(".mo").read_bytes() == messages.mo(made), "run: make messages"
    assert GNUTranslations(io.BytesIO(path.with_suffix(".mo").read_bytes())).info()["language"] == str(locale)


@each_catalogue
def test_both_sides_have_the_same_holes(locale: Locale, domain: str, path: Path) -> None:  # noqa: ARG001 - for its name
    for one in sentences(path, locale):
        english, translated = both(one)
        assert all(holes(form) == holes(english[-1]) for form in translated), named(one)


def holes(text: str) -> set[tuple[str, str | None]]:
    return {(name, unit) for _, name, unit, _ in Formatter().parse(text) if name is not None}


@each_catalogue
def test_it_can_be_printed(locale: Locale, domain: str, path: Path) -> None:  # noqa: ARG001 - for its name
    letters = {letter for one in sentences(path, locale) for form in both(one)[1] for letter in form}
    assert {letter for letter in letters if ord(letter) not in coverage()} == set(), "the fonts lack these"


@each_catalogue
def test_it_names_no_time_and_no_machine(locale: Locale, domain: str, path: Path) -> None:  # noqa: ARG001 - for its name
    text = path.read_text(encoding="utf-8")
    assert "Date" not in text.partition("\n\n")[0]
    assert str(ROOT) not in text


# --- that everything is found


def calls(*names: str) -> Iterator[tuple[Path, ast.Call, bool]]:
    """Yield every call of a function, and whether it stands inside of another function."""
    for file in SOURCES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
        inside = {id(node) for function in functions for node in ast.walk(function)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in names:
                yield file, node, id(node) in inside


def test_messages_are_made_where_they_are_found() -> None:
    made = list(calls("Message"))
    assert len(made) > 200
    assert [f"{file.name}:{call.lineno}" for file, call, inside in made if inside] == []


def test_sentences_stand_in_the_calls_that_say_them() -> None:
    """What is no literal must be a text that is known otherwise: one of a check, or of a result."""
    known = {english for _, english in messages.entries("report")}
    unknown = [
        f"{file.name}:{call.lineno}"
        for name, place in (("words", 0), ("counted", 0), ("special", 1))
        for file, call, _ in calls(name)
        if not _is_known(call.args[place], known, literal=name != "words")
    ]
    assert unknown == []


def _is_known(argument: ast.expr, known: set[str], *, literal: bool) -> bool:
    if isinstance(argument, ast.Constant):
        return argument.value in known
    return isinstance(argument, ast.Attribute) and not literal


async def test_all_that_a_scan_says_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = await scan_world(default_world(), monkeypatch)
    known = {key for domain in messages.SOURCES for key in messages.entries(domain)}

    assert {(text.message.id, text.message.english) for text in texts(scanned.report)} <= known
    results: tuple[CheckResult, ...] = scanned.vcenter.results
    assert {(None, text) for one in results for text in (one.title, one.remediation)} <= known


def texts(value: Any) -> Iterator[Text]:  # noqa: ANN401 - walks any report
    if isinstance(value, Text):
        yield value
        yield from texts(tuple(value.params.values()))
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one)
    elif is_dataclass(value):
        for part in fields(value):
            yield from texts(getattr(value, part.name))
