"""`make messages`: brings the catalogues in `vhealthd/locale/` up to date with what the code says.

It finds sentences in two ways. By import: every `Message` of a module, and the titles, documentation and limits (with
their units) of every check. In the source: what stands in calls of `words`, `counted` and `special` (see
`vhealthd.language`), under whatever name a module has them. A translation is kept where its English is still there;
nothing is guessed, so that nothing is ever fuzzy.

A locale is a folder in `vhealthd/locale/`; the code that the configuration knows it by is in `vhealthd.language`.
"""

import ast
import io
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from vhealthd.catalogue import Catalogue
from vhealthd.checkapi import Check
from vhealthd.language import DOMAINS, LOCALES, folder_of
from vhealthd.limits import Limits, unit_of
from vhealthd.model import Message

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "vhealthd" / "locale"
# Package and folder of what each catalogue translates.
SOURCES = {"checks": ("vhealthd_checks", "checks"), "report": ("vhealthd", "vhealthd")}
# Importing one of these runs a program.
_PROGRAMS = frozenset({"__main__", "worker"})
# What says a sentence: see `vhealthd.language`.
_FUNCTIONS = frozenset({"words", "counted", "special"})
_WIDTH = 120

Key = tuple[str | None, str]  # context and English; of a plural, its singular
English = str | tuple[str, ...] | list[str]  # the others are singular and plural


@dataclass(slots=True)
class Entry:
    """A sentence that the code says: where, and what a translator should know."""

    english: English
    places: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


Entries = dict[Key, Entry]


def entries(domain: str) -> Entries:
    """Return all that a catalogue must have, in the order of the files and of what stands in them."""
    found: Entries = {}
    name, folder = SOURCES[domain]
    for module in _modules(import_module(name)):
        place = f"{folder}/{Path(module.__file__ or '').relative_to(ROOT / folder)}"
        for message in messages_in(vars(module).values()):
            _add(found, message.id, message.english, place)
        if domain == "report":
            _add_calls(found, place)
    if domain == "checks":
        for check in Catalogue.discover().checks:
            if check.judge.__module__.startswith(name):
                _add_documentation(found, check)
    return found


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    """Import every module of a package, by name."""
    for one in sorted(pkgutil.walk_packages(package.__path__, f"{package.__name__}."), key=lambda one: one.name):
        if not _PROGRAMS & set(one.name.split(".")) and "migrations" not in one.name:
            yield import_module(one.name)


def messages_in(values: Iterable[Any]) -> Iterator[Message]:
    """Yield the messages in what a module holds, be they in tables or in records."""
    for value in values:
        if isinstance(value, Message):
            yield value
        elif isinstance(value, Mapping):
            yield from messages_in(value.values())
        elif isinstance(value, tuple | list | AbstractSet):
            yield from messages_in(value)
        elif is_dataclass(value) and not isinstance(value, type):
            yield from messages_in(getattr(value, one.name) for one in fields(value))


def _add(found: Entries, context: str | None, english: English, place: str, note: str = "") -> None:
    key = (context, _first(english))
    entry = found.setdefault(key, Entry(english))
    if not isinstance(english, str):
        entry.english = english
    if place not in entry.places:
        entry.places.append(place)
    if note and note not in entry.notes:
        entry.notes.append(note)


def _add_calls(found: Entries, place: str) -> None:
    module = ast.parse((ROOT / place).read_bytes())
    names = _names(module)
    for call in _calls(module):
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        for context, english in _said(names.get(called, ""), call.args):
            _add(found, context, english, place)


def _names(module: ast.Module) -> dict[str, str]:
    """Return what a module calls the functions that say sentences: `say = words.language.words` is one more name."""
    names = {one: one for one in _FUNCTIONS}
    for node in ast.walk(module):
        if isinstance(node, ast.Assign):
            for name, value in _pairs(node.targets[0], node.value):
                if isinstance(name, ast.Name) and isinstance(value, ast.Attribute) and value.attr in _FUNCTIONS:
                    names[name.id] = value.attr
    return names


def _pairs(target: ast.expr, value: ast.expr) -> Iterable[tuple[ast.expr, ast.expr]]:
    """Return what is assigned to what; several at once, as in `say, when = ...`, one by one."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return zip(target.elts, value.elts, strict=False)  # nothing of interest is unpacked by a star
    return ((target, value),)


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls below a node in the order of the source, also those in f-strings."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child
        yield from _calls(child)


def _said(function: str, arguments: Sequence[ast.expr]) -> Iterator[tuple[str | None, English]]:
    """Yield the context and the English that a call has; nothing where they do not stand there."""
    literals = [one.value if isinstance(one, ast.Constant) else None for one in arguments]
    match function, literals:
        case "words", [str(english), *_]:
            yield None, english
        case "counted", [str(one), str(many), *_]:
            yield None, (one, many)
        case "special", [str(context), str(english), *_]:
            yield context, english


def _add_documentation(found: Entries, check: Check) -> None:
    place = f"checks/{check.slug.replace('-', '_')}.py"
    for name in ("title", "what", "why", "fix", "blind_spots"):
        _add(found, None, getattr(check, name), place, f"{check.slug}: {name}")
    for name, text in _descriptions(check.limits):
        _add(found, None, text, place, f"{check.slug}: limit {name}")
    for one in check.limits.model_fields.values():
        if any(map(str.isalpha, unit := unit_of(one))):
            _add(found, None, unit, place, "unit of limits")


def _descriptions(limits: type[Limits]) -> Iterator[tuple[str, str]]:
    for name, one in limits.model_fields.items():
        if one.description:
            yield name, one.description


# --- catalogues


class _Catalogue(Catalog):
    """A catalogue without dates and names: the same sentences give the same file."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Project-Id-Version", "vhealthd"),
            ("Language", str(self.locale_identifier)),
            ("Plural-Forms", self.plural_forms),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ]


def catalogue(locale: Locale, domain: str, translations: Mapping[Key, Any]) -> Catalog:
    """Return the catalogue of a locale, with the translations that there are."""
    made = _Catalogue(locale=locale, domain=domain, charset="utf-8", fuzzy=False)
    made.header_comment = f"# What vhealthd says, in {locale.english_name}. `make messages` brings it up to date."
    for (context, _), entry in entries(domain).items():
        places = [(place, 0) for place in entry.places]  # lines change with every edit
        said = translations.get((context, _first(entry.english)))
        one = made.add(entry.english, said or "", locations=places, auto_comments=entry.notes, context=context)
        one.flags.clear()  # Babel takes a percent sign for a hole
    return made


def _first(english: English) -> str:
    return english if isinstance(english, str) else english[0]


def translations_of(path: Path, locale: Locale) -> dict[Key, Any]:
    """Read what is translated in a catalogue; nothing where it is not there yet. What is fuzzy is not translated."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        read = read_po(file, locale=locale, abort_invalid=True)
    return {(one.context, _first(one.id)): one.string for one in read if one.id and not one.fuzzy}


def untranslated(catalog: Catalog) -> list[English]:
    """Return what has no translation."""
    return [
        one.id for one in catalog if one.id and not all(one.string if isinstance(one.string, tuple) else [one.string])
    ]


def po(catalog: Catalog) -> bytes:
    """Return a catalogue as translators edit it."""
    file = io.BytesIO()
    write_po(file, catalog, width=_WIDTH, include_lineno=False)
    return file.getvalue()


def mo(catalog: Catalog) -> bytes:
    """Return a catalogue as it is read at run time."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def places() -> Iterator[tuple[Locale, str, Path]]:
    """Yield locale, domain and .po file of every catalogue."""
    for name in LOCALES.values():
        locale = Locale.parse(name)
        for domain in DOMAINS if locale.language != "en" else ():
            yield locale, domain, FOLDER / folder_of(locale) / "LC_MESSAGES" / f"{domain}.po"


def main() -> int:
    """Write all catalogues, and say what is not translated."""
    for locale, domain, path in places():
        made = catalogue(locale, domain, translations_of(path, locale))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po(made))
        path.with_suffix(".mo").write_bytes(mo(made))
        missing = untranslated(made)
        sys.stdout.write(f"{path.relative_to(ROOT)}: {len(made)} sentences, {len(missing)} not translated\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
