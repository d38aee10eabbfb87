"""`vhealthd alerts`: what is wrong and since when, who was told, who has taken it on, and what is muted."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

import click
from pydantic import JsonValue, ValidationError
from rich.table import Table

from vhealthd.catalogue import Catalogue
from vhealthd.commands import tables
from vhealthd.commands.options import config_option, json_option, settings_to_look
from vhealthd.commands.states import looking
from vhealthd.commands.tables import iso, plain
from vhealthd.config import ALL_CHECKS, UNSEEN, MuteSettings
from vhealthd.config.values import parse_date
from vhealthd.errors import UsageError
from vhealthd.model import Ack, AlertRecord
from vhealthd.scan import utc_now
from vhealthd.state import State, StoredMute, open_state

T = TypeVar("T")

_KEY = 12  # digits of a key that tell alerts apart

who_option = click.option("--owner", required=True, help="Who answers for it.")
why_option = click.option("--reason", required=True, help="Why.")


@click.group("alerts", invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def alerts_command(context: click.Context, *, config_file: Path, as_json: bool) -> None:
    """List the alerts that are open: the worst first, each with its key, since when, and who was told."""
    if context.invoked_subcommand:
        return
    found = looking(config_file, context.obj, lambda state: state.alerts.open())
    ordered = sorted(found, key=lambda one: -one.severity.rank)
    if as_json:
        tables.echo_json([_as_dict(one) for one in ordered])
    elif ordered:
        tables.show(_table(ordered, utc_now()))
    else:
        click.echo("No alert is open.")


@alerts_command.command("ack")
@config_option
@json_option
@click.argument("key")
@who_option
@why_option
@click.pass_context
def ack_command(context: click.Context, *, config_file: Path, as_json: bool, key: str, owner: str, reason: str) -> None:
    """Take an alert on: it is not told again until it worsens or is over.

    KEY is its key or the beginning of it.
    """
    ack = Ack(owner=owner, reason=reason, at=utc_now())

    async def take(state: State) -> AlertRecord:
        chosen = await _pick(state, key)
        if taken := await state.alerts.acknowledge(chosen.key, ack):
            return taken
        raise UsageError(f"the alert {chosen.key[:_KEY]} is over; `vhealthd alerts` lists those that are open")

    one = _changing(config_file, context.obj, take)
    if as_json:
        tables.echo_json(_as_dict(one))
    else:
        click.echo(plain(f"{_about(one)} is taken on by {owner}").plain)


@alerts_command.command("mute")
@config_option
@json_option
@click.argument("key", required=False)
@click.option("--check", "checks", multiple=True, metavar="SLUG", help='A check, or "*" for all; may be repeated.')
@click.option("--name", metavar="REGEX", help="Objects whose name has this in it.")
@click.option("--folder", metavar="PATH", help="Objects below this folder.")
@click.option("--cluster", metavar="NAME", help="Objects of this cluster, by name or inventory path.")
@click.option("--datacenter", metavar="NAME", help="Objects of this datacenter, by name or inventory path.")
@click.option("--until", required=True, metavar="DATE", help="Last day on which it holds, such as 2026-12-31.")
@who_option
@why_option
@click.pass_context
def mute_command(
    context: click.Context,
    /,
    *,
    config_file: Path,
    as_json: bool,
    key: str | None,
    checks: tuple[str, ...],
    until: str,
    owner: str,
    reason: str,
    **match: str | None,
) -> None:
    """Mute findings from the next scan of the service on: those of an alert by its KEY, or those that options describe.

    They stay in the report and count in no outcome. `vhealthd alerts mutes` lists the mutes, `unmute` ends one.
    """
    if (key is None) == (not checks and not any(match.values())):
        raise click.UsageError("say what to mute: either the KEY of an alert, or --check and the objects")
    _prove_checks(checks)
    given: dict[str, JsonValue] = {"until": until, "owner": owner, "reason": reason}

    async def mute(state: State) -> StoredMute:
        described = _of_alert(await _pick(state, key)) if key else _of_options(checks, match)
        written = _proven({**given, **described}, utc_now())
        name = await state.alerts.mute(written, now=utc_now())
        return next(one for one in await state.alerts.mutes() if one.id == name)

    one = _changing(config_file, context.obj, mute)
    if as_json:
        tables.echo_json(_mute_as_dict(one))
    else:
        click.echo(f"mute {one.id} holds through {until} (UTC), from the next scan of the service on")


@alerts_command.command("mutes")
@config_option
@json_option
@click.pass_context
def mutes_command(context: click.Context, *, config_file: Path, as_json: bool) -> None:
    """List the mutes that were set by command; those of the configuration stand there."""
    found = looking(config_file, context.obj, lambda state: state.alerts.mutes())
    if as_json:
        tables.echo_json([_mute_as_dict(one) for one in found])
    elif found:
        tables.show(_mutes_table(found, utc_now()))
    else:
        click.echo("No mute was set by command.")


@alerts_command.command("unmute")
@config_option
@click.argument("mute_id", metavar="ID")
@click.pass_context
def unmute_command(context: click.Context, *, config_file: Path, mute_id: str) -> None:
    """End a mute that was set by command, from the next scan on."""

    async def end(state: State) -> None:
        if not await state.alerts.unmute(mute_id):
            raise UsageError(f"there is no mute {mute_id!r}; `vhealthd alerts mutes` lists them")

    _changing(config_file, context.obj, end)
    click.echo(f"mute {mute_id} is ended")


# --- the state


def _changing(file: Path, log_level: str | None, work: Callable[[State], Awaitable[T]]) -> T:
    """Change something in the state that a configuration names; where there is none, none is made."""
    directory = settings_to_look(file, log_level).state.directory

    async def change() -> T:
        async with open_state(directory, read_only=True):
            pass
        async with open_state(directory) as state:
            return await work(state)

    return asyncio.run(change())


async def _pick(state: State, key: str) -> AlertRecord:
    found = await state.alerts.matching(key)
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"no open alert has the key {key!r}; `vhealthd alerts` lists them")
    raise UsageError(f"{key!r} is the beginning of several keys: {', '.join(one.key[:_KEY] for one in found[:5])}")


# --- mutes


def _prove_checks(checks: Sequence[str]) -> None:
    catalogue = Catalogue.discover()
    for slug in checks:
        if slug != ALL_CHECKS:
            _ = catalogue[slug]


def _of_alert(record: AlertRecord) -> dict[str, JsonValue]:
    """Describe the findings of an alert: those of its check on its object; of a roll-up all of the check.

    Raises UsageError for the alert of what stays unknown: it is about no finding.
    """
    if record.check == UNSEEN:
        raise UsageError(
            "what could not be seen cannot be muted; take it on with `vhealthd alerts ack`, or leave checks out with "
            "scan.ignore"
        )
    rolled_up = record.key not in record.members
    match: dict[str, JsonValue] = {} if rolled_up else {"name": f"^{re.escape(record.alert.object)}$"}
    return {"check": [record.check], "match": match}


def _of_options(checks: Sequence[str], match: dict[str, str | None]) -> dict[str, JsonValue]:
    return {
        "check": list(checks) or [ALL_CHECKS],
        "match": {name: value for name, value in match.items() if value is not None},
    }


def _proven(written: dict[str, JsonValue], now: datetime) -> dict[str, JsonValue]:
    """Return a mute that the next scan can read. Raises UsageError that says what is wrong."""
    try:
        proven = MuteSettings.model_validate(written)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"--{place.removeprefix('match.')}: {first['msg'].removeprefix('Value error, ')}") from None
    if now.date() > proven.until:
        raise UsageError(f"--until: {proven.until} is over; give a day that is still to come")
    return written


# --- what is shown


def _about(one: AlertRecord) -> str:
    return f"{one.alert.title}: {one.alert.object} ({one.alert.vcenter})"


def _table(found: Sequence[AlertRecord], now: datetime) -> Table:
    table = tables.table("key", "severity", "open", "told", "to", "taken on", "what", numbers=("open", "told"))
    for one in found:
        table.add_row(
            one.key[:_KEY],
            tables.status(one.severity),
            tables.age(one.alert.since, now),
            tables.age(one.told, now) if one.channels else tables.NOTHING,
            plain(", ".join(one.channels) or tables.NOTHING),
            plain(one.ack.owner if one.ack else tables.NOTHING),
            plain(f"{_about(one)}: {one.alert.message}"),
        )
    return table


def _as_dict(one: AlertRecord) -> dict[str, JsonValue]:
    return {
        "key": one.key,
        "severity": one.severity.value,
        "vcenter": one.alert.vcenter,
        "check": one.check,
        "object": one.alert.object,
        "object_type": one.alert.object_type,
        "path": one.alert.path,
        "message": one.alert.message,
        "advice": one.alert.advice,
        "count": one.alert.count,
        "since": iso(one.alert.since),
        "opened": iso(one.opened),
        "told": iso(one.told) if one.channels else None,
        "channels": list(one.channels),
        "ack": {"owner": one.ack.owner, "reason": one.ack.reason, "at": iso(one.ack.at)} if one.ack else None,
    }


def _mutes_table(found: Sequence[StoredMute], now: datetime) -> Table:
    table = tables.table("id", "age", "check", "objects", "until", "owner", "reason", numbers=("age",))
    for one in found:
        told = _mute_as_dict(one)
        match = one.mute.get("match")
        objects = ", ".join(f"{name} {value}" for name, value in match.items()) if isinstance(match, dict) else ""
        check = one.mute.get("check")
        table.add_row(
            one.id,
            tables.age(one.created, now),
            plain(", ".join(map(str, check)) if isinstance(check, list) else check),
            plain(objects or "all"),
            plain(f"{told['until']} (expired)" if _expired(one, now) else told["until"]),
            plain(told["owner"]),
            plain(told["reason"]),
        )
    return table


def _expired(one: StoredMute, now: datetime) -> bool:
    last: date = parse_date(one.mute.get("until"))
    return now.date() > last


def _mute_as_dict(one: StoredMute) -> dict[str, JsonValue]:
    return {"id": one.id, "created": iso(one.created), **one.mute}
