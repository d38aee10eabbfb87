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
    here = (*place, *detail["loc"])
    if detail["type"] == "extra_forbidden":
        section = _schema_at(whole, whole, detail["loc"][:-1])
        if section.get("writeOnly"):
            return document.problem(here[:-1], FORMS)
        return unknown_key(document, here, section.get("properties", {}), has_value=detail["input"] is not None)
    node = _schema_at(whole, whole, detail["loc"])
    if detail["type"] == "missing":
        return document.problem(here, f"is missing: {node.get('description', expected(node, whole))}")
    if detail["type"] == "value_error":
        return document.problem(here, str(detail["ctx"]["error"]))
    message = f"expected {expected(node, whole)}"
    if detail["type"] == "string_type" and isinstance(detail["input"], int | float):
        message += "; put it in quotes"
    return document.problem(here, f"is empty; {message}" if detail["input"] is None else message)


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


def _schema_at(node: Schema, whole: Schema, place: Place) -> Schema:
    """Walk to the schema of a place; an empty one where the schema says nothing."""
    for part in place:
        node = _resolve(node, whole)
        inside = node.get("items") if isinstance(part, int) else node.get("properties", {}).get(part)
        node = inside or {}
    return _resolve(node, whole)


def _resolve(node: Schema, whole: Schema) -> Schema:
    """Follow a reference, and take what a value may be besides null."""
    while "$ref" in node or "anyOf" in node:
        target = node["anyOf"][0] if "anyOf" in node else whole["$defs"][node["$ref"].rpartition("/")[2]]
        node = target | {key: value for key, value in node.items() if key not in {"$ref", "anyOf"}}
    return node
