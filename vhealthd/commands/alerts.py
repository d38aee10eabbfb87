"""`vhealthd alerts`: what is wrong and since when, who was told, who has taken it on, and what is muted."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click
from pydantic import JsonValue
from rich.table import Table

from vhealthd.commands import muting, tables
from vhealthd.commands.options import config_option, json_option, settings_to_look
from vhealthd.commands.states import looking
from vhealthd.commands.tables import iso, plain
from vhealthd.config import Settings
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
        # what is given here holds for the command below too, unless that says otherwise
        context.default_map = {context.invoked_subcommand: {"config_file": config_file, "as_json": as_json}}
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

    one = _changing(settings_to_look(config_file, context.obj), take)
    if as_json:
        tables.echo_json(_as_dict(one))
    else:
        click.echo(plain(f"{_about(one)} is taken on by {owner}").plain)


@alerts_command.command("mute")
@config_option
@json_option
@click.argument("key", required=False)
@click.option("--check", "checks", multiple=True, metavar="SLUG", help='A check, or "*" for all; may be repeated.')
@click.option("--vcenter", "vcenters", multiple=True, metavar="NAME", help="Only in this vCenter; may be repeated.")
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
    vcenters: tuple[str, ...],
    until: str,
    owner: str,
    reason: str,
    **match: str | None,
) -> None:
    """Mute findings from the next scan on: those of an alert by its KEY, or those that the options describe.

    They stay in the report and count in no outcome. `vhealthd alerts mutes` lists the mutes, `unmute` ends one.
    """
    if (key is None) == (not checks and not vcenters and not any(match.values())):
        raise click.UsageError("say what to mute: either the KEY of an alert, or --check and the objects")
    settings = settings_to_look(config_file, context.obj)
    muting.prove_names(checks, vcenters, settings)
    given: dict[str, JsonValue] = {"until": until, "owner": owner, "reason": reason}

    async def mute(state: State) -> StoredMute:
        described = muting.of_alert(await _pick(state, key)) if key else muting.of_options(checks, vcenters, match)
        written = muting.proven({**given, **described}, utc_now())
        name = await state.alerts.mute(written, now=utc_now())
        return next(one for one in await state.alerts.mutes() if one.id == name)

    one = _changing(settings, mute)
    if as_json:
        tables.echo_json(muting.as_dict(one))
    else:
        click.echo(plain(f"{muting.in_words(one)} (UTC), from the next scan on").plain)


@alerts_command.command("mutes")
@config_option
@json_option
@click.pass_context
def mutes_command(context: click.Context, *, config_file: Path, as_json: bool) -> None:
    """List the mutes that were set by command; those of the configuration stand there."""
    found = looking(config_file, context.obj, lambda state: state.alerts.mutes())
    if as_json:
        tables.echo_json([muting.as_dict(one) for one in found])
    elif found:
        tables.show(muting.table(found, utc_now()))
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

    _changing(settings_to_look(config_file, context.obj), end)
    click.echo(f"mute {mute_id} is ended")


# --- the state


def _changing(settings: Settings, work: Callable[[State], Awaitable[T]]) -> T:
    """Change something in the state that a configuration names; where there is none, none is made."""
    directory = settings.state.directory

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
