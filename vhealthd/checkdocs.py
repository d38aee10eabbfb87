"""Documentation of checks, made of their files alone."""

from typing import Any

from pydantic.fields import FieldInfo

from vhealthd.catalogue import Catalogue
from vhealthd.checkapi import Check, Limits
from vhealthd.grants import ALL, grants_for
from vhealthd.limits import unit_of, written
from vhealthd.model import KB_URL

_LOGIN_ONLY = "login"


def check_rows(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return a row a check for machines: slug, title, category, what it reads and needs for that, default limits."""
    return [
        {
            "check": check.slug,
            "title": check.title,
            "category": check.category.value,
            "maximum": check.maximum.value,
            "opt_in": check.opt_in,
            "needs": sorted(need.value for need in check.needs),
            "grants": [grant.name for grant in grants_for(check.needs)],
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
    if isinstance(value, bool):
        return f"{name.replace('_', ' ')} {'on' if value else 'off'}"
    if not isinstance(value, int | float):
        return ""
    unit = unit_of(field)
    label = name.removesuffix(f"_{unit}").removesuffix("_percent").replace("_", " ")
    return f"{label} {value:g} {unit}".strip()


def check_page(check: Check) -> str:
    """Return all there is to know of one check, as Markdown."""
    needs = sorted(need.value for need in check.needs)
    lines = [
        f"# {check.slug}: {check.title}",
        "",
        f"Category: {check.category.value}. At most: {check.maximum.value}. Reads: {', '.join(needs)}.",
        *_opt_in(check),
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
        *_privileges(check),
        "",
        "## Knowledge base",
        "",
        KB_URL.format(number=check.kb) if check.kb else "none",
    ]
    return "\n".join(lines) + "\n"


def _opt_in(check: Check) -> list[str]:
    if not check.opt_in:
        return []
    return ["", f"It is opt-in: it runs if `scan.also` names it (`scan: {{also: [{check.slug}]}}`), or `--check`."]


def needs_line(check: Check) -> str:
    """Return what the account needs, in a word each: `role, group`."""
    return ", ".join(grant.short for grant in grants_for(check.needs)) or _LOGIN_ONLY


def legend() -> list[str]:
    """Return lines that explain the list of checks."""
    words = [f"  {grant.short:<8}  {grant.text}" for grant in ALL]
    return [
        "runs: an opt-in check runs only if scan.also in the configuration or --check names it.",
        "needs: what the account must have, for all that the check judges:",
        f"  {_LOGIN_ONLY:<8}  nothing more than a login",
        *words,
    ]


def _privileges(check: Check) -> list[str]:
    """Return what the account needs for all that a check judges, as Markdown."""
    return [f"- {grant.text[0].upper()}{grant.text[1:]}." for grant in grants_for(check.needs)] or ["- A login."]


def _limits_table(check: Check) -> list[str]:
    fields = check.limits.model_fields
    if not fields:
        return ["It has none."]
    defaults = check.limits().model_dump(mode="json")
    rows = [
        f"| `{name}` | `{written(defaults[name])}` | {unit_of(field) or ' '} | {field.description} |"
        for name, field in fields.items()
    ]
    return ["| key | default | unit | meaning |", "|---|---|---|---|", *rows]


def index_page(catalogue: Catalogue) -> str:
    """Return the list of all checks, as Markdown."""
    rows = [
        f"| [{check.slug}]({check.slug}.md) | {check.category.value} | {'opt-in' if check.opt_in else 'always'} "
        f"| {limits_line(check) or 'none'} | {check.title} |"
        for check in catalogue.checks
    ]
    head = ["# The checks", "", "Made by `make docs` from the files in `checks/`.", ""]
    return (
        "\n".join([*head, "| check | category | runs | default limits | title |", "|---|---|---|---|---|", *rows])
        + "\n"
    )
