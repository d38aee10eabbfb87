"""Names that one part of a configuration gives and another part uses, and that must fit together.

All is looked up in the document, not in the settings: other errors must not hide these. What is no list, no section or
no text at all is found with the settings. Names are not listed where one is missed: one might be a misplaced secret.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from vhealthd.config.problems import ConfigProblem, Place, did_you_mean
from vhealthd.config.routes import AUDIT_LOG, MAIL_DIGEST
from vhealthd.config.yamlfile import Document


def name_problems(document: Document) -> Iterator[ConfigProblem]:
    """Yield what is wrong about the names of vCenters and of channels."""
    yield from _repeated(document)
    yield from _unready(document)
    yield from _unknown_channels(document)
    yield from _unknown_vcenters(document)


def named_in_routes(document: Document, *path: str) -> Iterator[tuple[Place, str]]:
    """Yield the names that stand in each route below a path, such as `to` or `match`, `check`, with their places."""
    yield from _named(document, "routes", *path)


def _named(document: Document, section: str, *path: str) -> Iterator[tuple[Place, str]]:
    for index, entry in enumerate(_list(document.data.get(section))):
        found: JsonValue = entry
        for key in path:
            found = _section(found).get(key)
        place: Place = (section, index, *path)
        if isinstance(found, str):
            yield place, found
        yield from (((*place, number), name) for number, name in enumerate(_list(found)) if isinstance(name, str))


def _repeated(document: Document) -> Iterator[ConfigProblem]:
    first: dict[str, int] = {}
    for index, name in _vcenters(document):
        if name in first:
            line = document.lines["vcenters", first[name], "name"]
            yield document.problem(("vcenters", index, "name"), f"another vCenter has this name, in line {line}")
        first.setdefault(name, index)


def _unready(document: Document) -> Iterator[ConfigProblem]:
    """Look for channels that want what another part of the file would have to give."""
    for name, channel in _section(document.data.get("channels")).items():
        match _section(channel):
            case {"type": "mail"} if not _has_mail(document):
                message = "is sent through the server of the section mail, which is not there; write that too"
                yield document.problem(("channels", name), message)
            case {"type": "audit", **rest} if rest.get("path") is None and name != AUDIT_LOG:
                message = f"would write to the file of {AUDIT_LOG}, which is always there; give it that name, or a path"
                yield document.problem(("channels", name), message)


def _unknown_channels(document: Document) -> Iterator[ConfigProblem]:
    known = {*_section(document.data.get("channels")), AUDIT_LOG, *([MAIL_DIGEST] if _has_mail(document) else [])}
    for place, name in named_in_routes(document, "to"):
        if name == MAIL_DIGEST and name not in known:
            yield document.problem(place, f"there is {MAIL_DIGEST} only with the section mail, which is not there")
        elif name not in known:
            hint = did_you_mean(name, known) or "; write it in channels"
            yield document.problem(place, f"no channel has this name{hint}")


def _unknown_vcenters(document: Document) -> Iterator[ConfigProblem]:
    known = {name for _, name in _vcenters(document)}
    for section in ("routes", "mutes"):
        for place, name in _named(document, section, "match", "vcenter"):
            if name not in known:
                yield document.problem(place, f"no vCenter has this name{did_you_mean(name, known)}")


def _vcenters(document: Document) -> Iterator[tuple[int, str]]:
    for index, vcenter in enumerate(_list(document.data.get("vcenters"))):
        name = _section(vcenter).get("name")
        if isinstance(name, str):
            yield index, name


def _has_mail(document: Document) -> bool:
    return document.data.get("mail") is not None


def _section(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
