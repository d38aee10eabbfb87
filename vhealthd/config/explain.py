"""Turns pydantic's errors into the operator's words.

All that it says of what is expected comes from the JSON schema of the model, so that no model needs words here.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from vhealthd.config.problems import ConfigProblem, Place, did_you_mean
from vhealthd.config.secretref import FORMS
from vhealthd.config.yamlfile import Document

Schema = dict[str, Any]
_OF_KEY = "[key]"  # pydantic's last part of a location where a key itself is wrong
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


def problems_of(
    error: ValidationError, model: type[BaseModel], document: Document, place: Place = ()
) -> Iterator[ConfigProblem]:
    """Yield a problem for each error. `place` is where the model's part of the document begins."""
    whole = model.model_json_schema()
    for detail in error.errors(include_url=False):
        # pydantic also calls a list too short whose entries are all wrong
        if not (detail["type"] == "too_short" and detail["input"]):
            yield _problem(detail, whole, document, place)


def _problem(detail: ErrorDetails, whole: Schema, document: Document, place: Place) -> ConfigProblem:
    if detail["loc"] and detail["loc"][-1] == _OF_KEY:
        # such a key may be a misplaced secret: the line says which
        said = str(detail["ctx"]["error"]) if detail["type"] == "value_error" else "a key must not be empty"
        return document.problem((*place, *detail["loc"][:-1]), said, nameable=False)
    node, inside = _find(whole, detail["loc"])
    here = (*place, *inside)
    if detail["type"] == "extra_forbidden":
        return _stranger(detail, whole, document, here)
    if detail["type"].startswith("union_tag"):
        return _kindless(detail, node, document, here)
    return document.problem(here, _message(detail, node, whole))


def _message(detail: ErrorDetails, node: Schema, whole: Schema) -> str:
    if detail["type"] == "missing":
        return f"is missing: {node.get('description', expected(node, whole))}"
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    message = f"expected {expected(node, whole)}{did_you_mean(str(detail['input']), node.get('enum', ()))}"
    if detail["type"] == "string_type" and isinstance(detail["input"], int | float):
        message += "; put it in quotes"
    return f"is empty; {message}" if detail["input"] is None else message


def _stranger(detail: ErrorDetails, whole: Schema, document: Document, here: Place) -> ConfigProblem:
    """Say that a key is not known; or not for a section of this `type`, and which types have it."""
    section, _ = _find(whole, detail["loc"][:-1])
    if section.get("writeOnly"):
        return document.problem(here[:-1], FORMS)
    known = section.get("properties", {})
    around, _ = _find(whole, detail["loc"][:-2])
    others = sorted(kind for kind, model in _kinds(around, whole).items() if here[-1] in model["properties"])
    if not others:
        return unknown_key(document, here, known, has_value=detail["input"] is not None)
    kinds = " or ".join(", ".join(some) for some in (others[:-1], others[-1:]) if some)
    return document.problem(here, f"goes with type {kinds} (expected one of: {', '.join(sorted(known))})")


def _kindless(detail: ErrorDetails, union: Schema, document: Document, here: Place) -> ConfigProblem:
    """Say that the key which tells the kind of a section is missing or wrong."""
    key, given = union["discriminator"]["propertyName"], detail["input"]
    choice = f"one of: {', '.join(sorted(union['discriminator']['mapping']))}"
    if not given:
        return document.problem(here, f"a section without {key}; expected {choice}", nameable=False)
    if given.get(key) is None:
        return document.problem((*here, key), f"is missing: {choice}")
    hint = did_you_mean(str(given[key]), union["discriminator"]["mapping"])
    return document.problem((*here, key), f"expected {choice}{hint}")


def unknown_key(
    document: Document, place: Place, known: Iterable[str], *, has_value: bool, advice: str = ""
) -> ConfigProblem:
    """Say that the last part of the place is not a known key, and which are; or the advice instead of which are.

    A key is repeated only if it looks like one: by a missing blank, `{password:x}` is a key without a value.
    """
    names = sorted(known)
    key = str(place[-1])
    hint = did_you_mean(key, names)
    choice = f"expected one of: {', '.join(names)}" if names else "nothing can be set here"
    message = f"unknown key{hint} ({advice or choice})"
    return document.problem(place, message, nameable=bool(_KEY.fullmatch(key) and (hint or has_value)))


def expected(node: Schema, whole: Schema) -> str:
    """Say in words what a part of a JSON schema wants: `a whole number from 1 to 64`."""
    node = _resolve(node, whole)
    choices = node.get("enum", [node["const"]] if "const" in node else None)
    if choices:
        return f"one of: {', '.join(str(choice) for choice in choices)}"
    text = "a regular expression" if node.get("format") == "regex" else "text"
    words = {
        "integer": f"a whole number{range_text(node)}",
        "number": f"a number{range_text(node)}",
        "boolean": "true or false",
        "string": f"{text} that is not empty" if node.get("minLength") else text,
        "array": "a list with at least one entry" if node.get("minItems") else "a list",
    }
    if "discriminator" in node:
        key, kinds = node["discriminator"]["propertyName"], sorted(node["discriminator"]["mapping"])
        return f"a section with {key}, one of: {', '.join(kinds)}"
    keys = ", ".join(sorted(node.get("properties", {})))
    return words.get(node.get("type", ""), f"a section with keys such as: {keys}" if keys else "a section with keys")


def range_text(node: Schema) -> str:
    """Write the bounds and the unit of a number, with a blank before: ` from 0 to 100 %`, ` of at least 0 days`."""
    low, high = node.get("minimum"), node.get("maximum")
    above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    bounds = [
        f" from {low:g} to {high:g}" if low is not None and high is not None else "",
        f" of at least {low:g}" if low is not None and high is None else "",
        f" of at most {high:g}" if high is not None and low is None else "",
        f" above {above:g}" if above is not None else "",
        f" below {below:g}" if below is not None else "",
    ]
    unit = node.get("unit", "")
    return "".join(bounds) + (f" {unit}" if any(bounds) else f" of {unit}") if unit else "".join(bounds)


def _find(whole: Schema, location: Place) -> tuple[Schema, Place]:
    """Walk to the schema of an error's location. Return it, empty where there is none, and the place in the document.

    They differ where a section's `type` says which schema holds: the location then names the type before the key.
    """
    node, place = _resolve(whole, whole), Place()
    for part in location:
        if kinds := _kinds(node, whole):
            node = kinds[str(part)]
            continue
        node, place = _resolve(_inside(node, part), whole), (*place, part)
    return node, place


def _inside(node: Schema, part: str | int) -> Schema:
    if isinstance(part, int):
        return node.get("items") or {}
    others = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
    found = node.get("properties", {}).get(part) or others[0]
    return found if isinstance(found, dict) else {}


def _kinds(node: Schema, whole: Schema) -> dict[str, Schema]:
    """Return the schemas among which a section's `type` chooses, by type; none where there is no such choice."""
    mapping = node.get("discriminator", {}).get("mapping", {})
    return {kind: _resolve({"$ref": target}, whole) for kind, target in mapping.items()}


def _resolve(node: Schema, whole: Schema) -> Schema:
    """Follow a reference, and take what a value may be besides null."""
    while "$ref" in node or "anyOf" in node:
        target = node["anyOf"][0] if "anyOf" in node else whole["$defs"][node["$ref"].rpartition("/")[2]]
        node = target | {key: value for key, value in node.items() if key not in {"$ref", "anyOf"}}
    return node
