"""`vhealthd deliveries`: what leaves this machine, what became of it, and another try."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from pydantic import JsonValue
from rich.table import Table

from vhealthd.commands import tables
from vhealthd.commands.options import config_option, json_option, settings_to_look
from vhealthd.commands.picking import pick
from vhealthd.commands.states import looking
from vhealthd.commands.tables import iso, plain
from vhealthd.config import Settings
from vhealthd.errors import UsageError
from vhealthd.model import Delivery, DeliveryState
from vhealthd.scan import utc_now
from vhealthd.state import State, open_state


@click.group("deliveries", invoke_without_command=True)
@config_option
@json_option
@click.option("--run", metavar="RUN", help="Only those of this run.")
@click.option("--sink", metavar="NAME", help="Only those to this sink, such as mail or s3.")
@click.option("--state", type=click.Choice([one.value for one in DeliveryState]), help="Only those in this state.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="So many, at most.")
@click.pass_context
def deliveries_command(
    context: click.Context,
    *,
    config_file: Path,
    as_json: bool,
    run: str | None,
    sink: str | None,
    state: str | None,
    limit: int,
) -> None:
    """List what is delivered: the newest first, each with its id and what became of it."""
    if context.invoked_subcommand:
        # what is given here holds for the command below too, unless that says otherwise
        context.default_map = {context.invoked_subcommand: {"config_file": config_file, "as_json": as_json}}
        return

    async def find(known: State) -> Sequence[Delivery]:
        run_id = (await pick(known, run)).run_id if run else None
        wanted = DeliveryState(state) if state else None
        return await known.outbox.deliveries(run_id=run_id, sink=sink, state=wanted, limit=limit)

    found = looking(config_file, context.obj, find)
    if as_json:
        tables.echo_json([_as_dict(one) for one in found])
    elif found:
        tables.show(_table(found, utc_now()))
    else:
        click.echo("There is no delivery.")


@deliveries_command.command("retry")
@config_option
@json_option
@click.argument("delivery_id", metavar="ID")
@click.pass_context
def retry_command(context: click.Context, *, config_file: Path, as_json: bool, delivery_id: str) -> None:
    """Try a delivery again that was given up, or at once one that waits.

    The service does it within a minute; where it does not run, when it starts.
    """
    settings = settings_to_look(config_file, context.obj)
    one = asyncio.run(_retry(settings, delivery_id, utc_now()))
    if as_json:
        tables.echo_json(_as_dict(one))
    else:
        click.echo(f"{one.parcel.what} to {one.parcel.sink} is tried again")


async def _retry(settings: Settings, delivery_id: str, now: datetime) -> Delivery:
    directory = settings.state.directory
    async with open_state(directory, read_only=True) as state:  # where there is no state, none is made
        chosen = await state.outbox.find(delivery_id)
    if chosen is None:
        raise UsageError(f"there is no delivery {delivery_id!r}; `vhealthd deliveries` lists them")
    async with open_state(directory) as state:
        if not await state.outbox.retry(delivery_id, now=now, expires=now + settings.outbox.expire_after):
            raise UsageError(f"delivery {delivery_id} {_why_not(chosen)}, so it is not tried again")
        return await state.outbox.find(delivery_id) or chosen


def _why_not(one: Delivery) -> str:
    """Say why a delivery cannot be tried again. Where its state would let it, it would come too late."""
    if one.state in (DeliveryState.PENDING, DeliveryState.FAILED):
        return f"is older than what {one.parcel.sink} was told since, and what it tells may be over"
    return f"is {one.state}"


def _table(found: Sequence[Delivery], now: datetime) -> Table:
    table = tables.table("id", "age", "sink", "what", "state", "attempts", "next", "error", numbers=("age", "attempts"))
    for one in found:
        waits = one.state is DeliveryState.PENDING
        table.add_row(
            plain(one.parcel.id),
            tables.age(one.created, now),
            plain(one.parcel.sink),
            plain(one.parcel.what),
            tables.status(one.state),
            str(one.attempts),
            _next(one.due, now) if waits else tables.NOTHING,
            plain(one.error or ""),
        )
    return table


def _next(due: datetime, now: datetime) -> str:
    return "now" if due <= now else f"in {tables.span(due - now)}"


def _as_dict(one: Delivery) -> dict[str, JsonValue]:
    return {
        "id": one.parcel.id,
        "run_id": one.parcel.run_id,
        "sink": one.parcel.sink,
        "what": one.parcel.what,
        "file": None if one.parcel.file is None else str(one.parcel.file),
        "state": one.state.value,
        "attempts": one.attempts,
        "created": iso(one.created),
        "due": iso(one.due),
        "expires": iso(one.expires),
        "settled": iso(one.settled),
        "error": one.error,
    }
