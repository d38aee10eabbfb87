"""Documentation of checks, made of their files alone."""

import json
from typing import Any

from pydantic.fields import FieldInfo

from vhealthd.catalogue import Catalogue
from vhealthd.checkapi import Check, Limits

KB_URL = "https://knowledge.broadcom.com/external/article/{number}"
PRIVILEGES = "Read-only on the vCenter root folder, propagating to children"


def check_rows(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return a row a check for machines: slug, title, category, needs, default limits."""
    return [
        {
            "check": check.slug,
            "title": check.title,
            "category": check.category.value,
            "maximum": check.maximum.value,
            "needs": sorted(need.value for need in check.needs),
            "limits": check.limits().model_dump(mode="json"),
            "kb": check.kb,
        }
        for check in catalogue.checks
    ]


def limits_line(check: Check) -> str:
    """Return the default limits in one line: `warning 7 days, critical 30 days`."""
    limits = check.limits()
    shown = [_limit(name, field, limits) for name, field in check.limits.model_fields.items()]
    return ", ".join(one for one in shown if one)


def _limit(name: str, field: FieldInfo, limits: Limits) -> str:
    value = getattr(limits, name)
    if not isinstance(value, int | float):
        return ""
    unit = unit_of(field)
    label = name.removesuffix(f"_{unit}").removesuffix("_percent").replace("_", " ")
    return f"{label} {value:g} {unit}".strip()


def unit_of(field: FieldInfo) -> str:
    """Return the unit of a limit, empty for a plain number."""
    extra = [*field.metadata, field]
    found = (getattr(one, "json_schema_extra", None) for one in extra)
    return next((str(one["unit"]) for one in found if isinstance(one, dict) and "unit" in one), "")


def check_page(check: Check) -> str:
    """Return all there is to know of one check, as Markdown."""
    needs = sorted(need.value for need in check.needs)
    lines = [
        f"# {check.slug}: {check.title}",
        "",
        f"Category: {check.category.value}. At most: {check.maximum.value}. Reads: {', '.join(needs)}.",
        "",
        "## What it checks",
        "",
        check.what,
        "",
        "## Why it matters",
        "",
        check.why,
        "",
        "## How to fix it",
        "",
        check.fix,
        "",
        "## What it cannot see",
        "",
        check.blind_spots,
        "",
        "## Limits",
        "",
        *_limits_table(check),
        "",
        "## Privileges",
        "",
        f"{PRIVILEGES}.",
        "",
        "## Knowledge base",
        "",
        KB_URL.format(number=check.kb) if check.kb else "none",
    ]
    return "\n".join(lines) + "\n"


def _limits_table(check: Check) -> list[str]:
    fields = check.limits.model_fields
    if not fields:
        return ["It has none."]
    defaults = check.limits().model_dump(mode="json")
    rows = [
        f"| `{name}` | `{_written(defaults[name])}` | {unit_of(field) or ' '} | {field.description} |"
        for name, field in fields.items()
    ]
    return ["| key | default | unit | meaning |", "|---|---|---|---|", *rows]


def _written(value: object) -> str:
    """Write a default as the configuration does: 7 and not 7.0."""
    return f"{value:g}" if isinstance(value, float) else json.dumps(value)


def index_page(catalogue: Catalogue) -> str:
    """Return the list of all checks, as Markdown."""
    rows = [
        f"| [{check.slug}]({check.slug}.md) | {check.category.value} | {limits_line(check) or 'none'} | {check.title} |"
        for check in catalogue.checks
    ]
    head = ["# The checks", "", "Made by `make docs` from the files in `checks/`.", ""]
    return "\n".join([*head, "| check | category | default limits | title |", "|---|---|---|---|", *rows]) + "\n"
