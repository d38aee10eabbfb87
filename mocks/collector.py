"""The property collector: which objects a query selects, which properties it may have, in which pages.

Facts: a path is validated against the declared type and one bad path fails the whole call; a dead session still gets
200, with every property missing for an explicit object and no object at all over a view; an explicit list that names
a deleted object fails unless missing objects are to be left out; tokens are single-use and die with their session.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import orjson

from mocks.estate import Estate, Paths
from mocks.schema import Declared, is_a, resolve
from mocks.sessions import Cursor, Reference, Session, moref
from mocks.wire import Answer, Json, fault, ok

NOTHING = b'{"_typeName":"RetrieveResult","objects":null}'
Reason = Literal["InvalidProperty", "NoPermission", "NotAuthenticated"]


@dataclass(frozen=True, slots=True)
class Rules:
    """How this vCenter answers: page size, paths it does not know or may not show, the shape of missing properties.

    `denied` are types ("" for all) and paths, each with all below it. `soft` puts a bad path into each object's
    missingSet instead of failing the call; `wrapped` is the 9.x shape.
    """

    page_size: int = 1000
    invalid: frozenset[str] = frozenset()
    denied: frozenset[tuple[str, str]] = frozenset()
    soft: bool = False
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one PropertySpec asks of a type: readable paths, and refused ones with the reason."""

    kind: str
    paths: Paths
    refused: tuple[tuple[str, Reason], ...]


def demand_type_names(value: Json, name: str = "", *, outermost: bool = True) -> None:
    """Refuse a nested object or reference without `_typeName`, as 8.0.3 does."""
    if isinstance(value, list):
        for item in value:
            demand_type_names(item, name, outermost=False)
    elif isinstance(value, dict):
        if not outermost and "_typeName" not in value:
            sort = "MoRef" if value.keys() <= {"type", "value"} else "data object"
            raise fault("InvalidArgument", f"Invalid {sort} field: {name}", invalidProperty=name)
        for key, item in value.items():
            demand_type_names(item, key, outermost=False)


def target_of(value: Json) -> Reference:
    """Read a reference."""
    return str(value.get("type")), str(value.get("value"))


class Collector:
    """Answers the property collector's methods for one estate."""

    def __init__(self, estate: Estate, rules: Rules) -> None:
        self.estate = estate
        self.rules = rules

    def retrieve(self, session: Session | None, body: Json, release: tuple[int, ...]) -> Answer:
        """Answer RetrievePropertiesEx; `session` is None where the token is dead or absent."""
        specs = body.get("specSet") or []
        size = self._page_size(body.get("options") or {})
        plans = [(spec, [self._wanted(each, release) for each in spec.get("propSet") or []]) for spec in specs]
        targets = [(self._targets(session, spec), wanted) for spec, wanted in plans]
        contents = self._contents(session, targets)
        if session is None:
            return _result(list(contents), None)
        return self._page(session, Cursor(contents, size))

    def proceed(self, session: Session, body: Json) -> Answer:
        """Answer ContinueRetrievePropertiesEx."""
        cursor = session.cursors.pop(str(body.get("token")), None)
        if cursor is None:
            raise fault("InvalidArgument", "A specified parameter was not correct: token", invalidProperty="token")
        return self._page(session, cursor)

    def _page(self, session: Session, cursor: Cursor) -> Answer:
        objects = cursor.page()
        if not cursor.waiting:
            return _result(objects, None)
        token = f"{len(session.cursors)}-{session.calls}-{session.key}"
        session.cursors[token] = cursor
        return _result(objects, token)

    def _page_size(self, options: Json) -> int:
        asked = options.get("maxObjects")
        if asked is None:
            return self.rules.page_size
        if asked < 1:
            raise fault("InvalidArgument", "A specified parameter was not correct: options.maxObjects")
        return min(int(asked), self.rules.page_size)

    def _wanted(self, spec: Json, release: tuple[int, ...]) -> Wanted:
        kind = str(spec.get("type"))
        if spec.get("all"):
            return Wanted(kind, self.estate.every_path(kind), ())
        paths: list[tuple[str, Declared]] = []
        refused: list[tuple[str, Reason]] = []
        for path in dict.fromkeys(spec.get("pathSet") or []):
            declared = resolve(kind, path)
            if declared is None or declared.since > release or path in self.rules.invalid:
                self._refuse(path)
                refused.append((path, "InvalidProperty"))
            elif self._denies(kind, path):
                refused.append((path, "NoPermission"))
            else:
                paths.append((path, declared))
        return Wanted(kind, tuple(paths), tuple(refused))

    def _denies(self, kind: str, path: str) -> bool:
        return any(
            (path == denied or path.startswith(f"{denied}.")) and (not of or is_a(kind, of))
            for of, denied in self.rules.denied
        )

    def _refuse(self, path: str) -> None:
        if not self.rules.soft:
            raise fault("InvalidProperty", f"The property '{path}' is not valid.", name=path)

    def _targets(self, session: Session | None, spec: Json) -> Iterator[Reference]:
        found: dict[Reference, None] = {}
        for each in spec.get("objectSet") or []:
            self._select(session, spec, each, found)
        return iter(found)

    def _select(self, session: Session | None, spec: Json, chosen: Json, found: dict[Reference, None]) -> None:
        target = target_of(chosen.get("obj") or {})
        is_view = target[0] == "ContainerView"
        if is_view and session is None:
            return
        exists = session is not None and target[1] in session.views if is_view else self.estate.exists(target)
        if not exists:
            if not spec.get("reportMissingObjectsInResults"):
                raise not_found(target)
            return
        if not chosen.get("skip"):
            found[target] = None
        if session is not None:
            selections = {each.get("name"): each for each in chosen.get("selectSet") or []}
            self._traverse(session, target, list(selections.values()), selections, found)

    def _traverse(
        self,
        session: Session,
        start: Reference,
        steps: list[Json],
        named: dict[str, Json],
        found: dict[Reference, None],
    ) -> None:
        """Follow traversal specs from an object; a bare SelectionSpec names one given elsewhere."""
        for each in steps:
            step: Json = named.get(each.get("name"), each)
            if not is_a(start[0], str(step.get("type"))):
                continue
            for target in self._follow(session, start, str(step.get("path"))):
                if target in found:
                    continue
                if not step.get("skip"):
                    found[target] = None
                self._traverse(session, target, step.get("selectSet") or [], named, found)

    def _follow(self, session: Session, start: Reference, path: str) -> list[Reference]:
        if start[0] == "ContainerView":
            return self.view(session, start[1])
        value = self.estate.property(start, path) or []
        return [target_of(each) for each in (value if isinstance(value, list) else [value])]

    def view(self, session: Session, moid: str) -> list[Reference]:
        """List what a view of this session shows now."""
        view = session.views[moid]
        return self.estate.contained(view.container[1], view.kinds, recursive=view.recursive)

    def _contents(
        self, session: Session | None, targets: list[tuple[Iterator[Reference], list[Wanted]]]
    ) -> Iterator[bytes]:
        """Encode object after object; one that was deleted between two pages is left out."""
        for references, wanted in targets:
            for target in references:
                fitting = [each for each in wanted if is_a(target[0], each.kind)]
                if fitting and self.estate.exists(target):
                    yield self._content(session, target, fitting)

    def _content(self, session: Session | None, target: Reference, wanted: list[Wanted]) -> bytes:
        paths = wanted[0].paths if len(wanted) == 1 else tuple(dict.fromkeys(p for each in wanted for p in each.paths))
        refused = tuple(pair for each in wanted for pair in each.refused)
        if session is None:
            refused += tuple((path, "NotAuthenticated") for path, _ in paths)
            paths = ()
        whole = self.estate.encoded(target, paths)
        if not refused:
            return whole
        missing = [self._missing(target, path, reason) for path, reason in refused]
        return whole[:-1] + b',"missingSet":' + orjson.dumps(missing) + b"}"

    def _missing(self, target: Reference, path: str, reason: Reason) -> Json:
        if reason == "InvalidProperty":
            inner: Json = {"_typeName": reason, "name": path}
            text = f"The property '{path}' is not valid."
        else:
            inner = {"_typeName": reason, "object": moref(target), "privilegeId": "System.Read"}
            denied = "Permission to perform this operation was denied."
            text = denied if reason == "NoPermission" else "The session is not authenticated."
        if self.rules.wrapped:
            refusal = {"_typeName": "LocalizedMethodFault", "fault": inner, "localizedMessage": text}
        else:
            refusal = {**inner, "faultstring": text, "faultMessage": []}
        return {"_typeName": "MissingProperty", "path": path, "fault": refusal}

    def read(self, session: Session, target: Reference, name: str) -> Answer:
        """Answer a GET of one top-level property: its bare value, `null` where it is unset."""
        if target[0] == "ContainerView" and name == "view":
            if target[1] not in session.views:
                raise not_found(target)
            return ok([moref(each) for each in self.view(session, target[1])])
        if not self.estate.exists(target):
            raise not_found(target)
        return ok(self.estate.property(target, name))


def not_found(target: Reference) -> Exception:
    """Refuse a call that names an object which is not, or no longer, there."""
    text = f"The object 'vim.{target[0]}:{target[1]}' has already been deleted or has not been completely created"
    return fault("ManagedObjectNotFound", text, obj=moref(target))


def _result(objects: list[bytes], token: str | None) -> Answer:
    if not objects:
        return Answer(body=NOTHING)
    head = b'"token":' + orjson.dumps(token) + b"," if token else b""
    return Answer(body=b'{"_typeName":"RetrieveResult",' + head + b'"objects":[' + b",".join(objects) + b"]}")
