"""Finds the checks that are installed, and joins each with its limits from the configuration."""

import json
import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Self

from pydantic import JsonValue, ValidationError

from vhealthd.checkapi import Check, Limits
from vhealthd.config import (
    ALL_CHECKS,
    UNSEEN,
    ConfigProblem,
    Document,
    InvalidConfigError,
    Place,
    Settings,
    did_you_mean,
    named_in_routes,
    problems_of,
    unknown_key,
)
from vhealthd.errors import CheckDefinitionError, UsageError
from vhealthd.model import Category

GROUP = "vhealthd.checks"
_SEE_ALL = "`vhealthd checks` shows all"
_LISTS = ("select", "also", "ignore")


@dataclass(frozen=True, slots=True)
class BoundCheck:
    """A check that is selected, with its limits."""

    check: Check
    limits: Limits


class Catalogue:
    """All checks, in the order of the categories and then by slug."""

    def __init__(self, checks: Iterable[Check]) -> None:
        """Raise CheckDefinitionError if two checks have one slug, or the defaults of a check's limits do not work."""
        chapters = list(Category)
        self.checks = tuple(sorted(checks, key=lambda one: (chapters.index(one.category), one.slug)))
        self._by_slug: dict[str, Check] = {}
        for one in self.checks:
            if one.slug in self._by_slug:
                other = self._by_slug[one.slug]
                raise CheckDefinitionError(f"two checks are called {one.slug}: {other.source} and {one.source}")
            _prove_defaults(one)
            self._by_slug[one.slug] = one

    @classmethod
    def discover(cls, points: Iterable[EntryPoint] | None = None) -> Self:
        """Find the checks of all entry points of the group `vhealthd.checks`; of the given ones in a test.

        An entry point names a module, or a package whose modules are looked through. Raises CheckDefinitionError.
        """
        chosen = entry_points(group=GROUP) if points is None else points
        return cls(check for point in chosen for check in _checks_of(point))

    def __getitem__(self, slug: str) -> Check:
        """Return a check. Raises UsageError for a slug that is not there."""
        try:
            return self._by_slug[slug]
        except KeyError:
            hint = did_you_mean(slug, self._by_slug) or f"; {_SEE_ALL}"
            raise UsageError(f"there is no check {slug!r}{hint}") from None

    def bind(self, settings: Settings, *, only: Sequence[str] = ()) -> tuple[BoundCheck, ...]:
        """Return the selected checks with their limits, in the catalogue's order.

        `only` names checks that are taken instead of what the configuration selects. Raises UsageError for a name in
        it that is not there, and InvalidConfigError if the settings do not fit the checks.
        """
        problems = list(self.problems(_as_document(settings)))
        if problems:
            raise InvalidConfigError(problems)
        scan = settings.scan
        chosen = [self[slug] for slug in only] or self._selected(scan.select, scan.also, scan.ignore)
        return tuple(
            BoundCheck(one, _limits(one, settings.checks.get(one.slug, {}))) for one in self.checks if one in chosen
        )

    def problems(self, document: Document) -> Iterator[ConfigProblem]:
        """Yield what is wrong in a document about checks: names that match none, and their limits.

        What is no section or no list at all is found with the settings.
        """
        sections = document.data.get("checks")
        for slug, section in sections.items() if isinstance(sections, dict) else ():
            yield from self._section_problems(slug, section, document)
        yield from self._selection_problems(document)
        yield from self._mute_problems(document)
        yield from self._route_problems(document)

    def _section_problems(self, slug: str, section: JsonValue, document: Document) -> Iterator[ConfigProblem]:
        place = ("checks", slug)
        if slug not in self._by_slug:
            yield unknown_key(document, place, self._by_slug, has_value=section is not None, advice=_SEE_ALL)
        elif isinstance(section, dict):
            model = self._by_slug[slug].limits
            try:
                _limits(self._by_slug[slug], section)
            except ValidationError as error:
                yield from problems_of(error, model, document, place)

    def _selection_problems(self, document: Document) -> Iterator[ConfigProblem]:
        names = {key: _names(document, key) for key in _LISTS}
        strangers = [problem for key in names for problem in self._strangers(key, names[key], document)]
        yield from strangers
        if not strangers and not self._selected(*(names[key].values() for key in _LISTS)):
            yield document.problem(("scan", "ignore"), "with this, no check is left to run")

    def _strangers(self, key: str, names: dict[int, str], document: Document) -> Iterator[ConfigProblem]:
        # A category in `also` would switch on every opt-in check that a later release brings.
        single = key == "also"
        known = {*self._by_slug} if single else {*self._by_slug, *Category}
        for index, name in names.items():
            if name in known:
                continue
            what = "no check has" if single else "no check and no category has"
            message = f"{what} this name{did_you_mean(name, known)} ({_SEE_ALL})"
            if name in set(Category):
                message = f"this is a category; name single checks here ({_SEE_ALL})"
            yield document.problem(("scan", key, index), message)

    def _mute_problems(self, document: Document) -> Iterator[ConfigProblem]:
        for place, name in _muted(document):
            if name not in {*self._by_slug, ALL_CHECKS}:
                yield document.problem(place, f"no check has this name{did_you_mean(name, self._by_slug)} ({_SEE_ALL})")

    def _route_problems(self, document: Document) -> Iterator[ConfigProblem]:
        known = {*self._by_slug, UNSEEN}
        for place, name in named_in_routes(document, "match", "check"):
            if name in set(Category):
                yield document.problem(place, "this is a category; write it as category")
            elif name not in known:
                yield document.problem(place, f"no check has this name{did_you_mean(name, known)} ({_SEE_ALL})")

    def _selected(self, select: Iterable[str], also: Iterable[str], ignore: Iterable[str]) -> list[Check]:
        """Return what `select` names, or all, and what `also` names, without what `ignore` names.

        An opt-in check is meant by its slug alone: neither its category nor an empty `select` takes it.
        """
        wanted, named, unwanted = set(select), {*select, *also}, set(ignore)
        return [
            one
            for one in self.checks
            if (one.slug in named or (not one.opt_in and (not wanted or one.category in wanted)))
            and not unwanted & {one.slug, one.category}
        ]


def _limits(one: Check, section: dict[str, JsonValue]) -> Limits:
    """Make a check's limits of its section. Raises ValidationError."""
    # as JSON, strictly: there a list may become a set, while "7" and true are no numbers
    return one.limits.model_validate_json(json.dumps(section), strict=True)


def _names(document: Document, key: str) -> dict[int, str]:
    """Return the names in a list of `scan` by their index, as far as they are names."""
    scan = document.data.get("scan")
    names = scan.get(key) if isinstance(scan, dict) else None
    return {index: name for index, name in enumerate(names) if isinstance(name, str)} if isinstance(names, list) else {}


def _muted(document: Document) -> Iterator[tuple[Place, str]]:
    """Yield the names of checks in mutes with their places, as far as they are names."""
    mutes = document.data.get("mutes")
    for index, mute in enumerate(mutes if isinstance(mutes, list) else ()):
        named = mute.get("check") if isinstance(mute, dict) else None
        if isinstance(named, str):
            yield ("mutes", index, "check"), named
        for number, name in enumerate(named if isinstance(named, list) else ()):
            if isinstance(name, str):
                yield ("mutes", index, "check", number), name


def _as_document(settings: Settings) -> Document:
    """Turn what settings say of checks back into a document, without lines."""
    scan: JsonValue = {key: list(getattr(settings.scan, key)) for key in _LISTS}
    mutes: JsonValue = [{"check": list(mute.check)} for mute in settings.mutes]
    routes: JsonValue = [{"match": {"check": list(route.match.check)}} for route in settings.routes or ()]
    return Document(None, {"scan": scan, "checks": {**settings.checks}, "mutes": mutes, "routes": routes}, {})


def _prove_defaults(one: Check) -> None:
    try:
        one.limits()
    except ValidationError as error:
        raise CheckDefinitionError(f"{one.slug}: each limit needs a default, and they must fit: {error}") from None


# --- finding them ---------------------------------------------------------------------------------------------------


def _checks_of(point: EntryPoint) -> Iterator[Check]:
    found = [check for module in _modules(point) for check in _defined_in(module)]
    if not found:
        raise CheckDefinitionError(f"the entry point {point.name} = {point.value} of {GROUP} holds no check")
    yield from found


def _modules(point: EntryPoint) -> Iterator[ModuleType]:
    """Import the module of an entry point, and if it is a package the modules in it, but not those below."""
    module = _import(point.value, point)
    yield module
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if not found.ispkg:
            yield _import(f"{module.__name__}.{found.name}", point)


def _import(name: str, point: EntryPoint) -> ModuleType:
    try:
        return import_module(name)
    except Exception as error:  # somebody else's file may raise anything
        raise CheckDefinitionError(
            f"{name}, from the entry point {point.name} of {GROUP}, cannot be imported: {type(error).__name__}: {error}"
        ) from error


def _defined_in(module: ModuleType) -> Iterator[Check]:
    """Yield the checks that a module defines, not those that it imports."""
    for one in vars(module).values():
        if isinstance(one, Check) and one.judge.__module__ == module.__name__:
            yield one
