"""`vhealthd status`: what the service does next, what it did last, and what it has still to deliver."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from pydantic import JsonValue

from vhealthd.commands import tables
from vhealthd.commands.options import config_option, json_option, settings_to_look
from vhealthd.commands.tables import iso, plain
from vhealthd.config import Settings
from vhealthd.errors import StateError
from vhealthd.lockfile import holder
from vhealthd.model import Outcome, Severity
from vhealthd.scan import utc_now
from vhealthd.schedule import Missed, Run, Schedule
from vhealthd.state import Backlog, RunState, RunSummary, open_state
from vhealthd.state.state import FILE

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SEVERAL = 2  # of a unit, from which on it is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """The next scan by schedule. It starts at `due` or a little later; one that is made up for is late already."""

    due: datetime
    latest_start: datetime
    zone: ZoneInfo
    made_up_for: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the service stands."""

    now: datetime
    directory: Path
    process: str | None  # the number of the one that has the state directory; "?" if it cannot be told
    next: Next
    last: RunSummary | None  # the newest run, whatever became of it
    last_done: RunSummary | None
    backlog: Mapping[str, Backlog]


async def standing(settings: Settings, now: datetime) -> Standing:
    """Read how the service stands, whether it runs or not; nothing is changed. Raises StateError."""
    directory = settings.state.directory
    last_due, last, done, backlog = None, None, None, dict[str, Backlog]()
    if not _is_new(directory):
        async with open_state(directory, read_only=True) as state:
            last_due, done = await state.runs.last_due(), await state.runs.last()
            last = next(iter(await state.runs.list(1)), None)
            backlog.update(await state.outbox.backlog())
    return Standing(
        now=now,
        directory=directory,
        process=holder(directory),
        next=_next(Schedule.of(settings.schedule, seed=""), now, last_due),
        last=last,
        last_done=done,
        backlog=backlog,
    )


def _is_new(directory: Path) -> bool:
    """Whether the service was never started. A directory that may not be entered is not new."""
    try:
        (directory / FILE).stat()
    except FileNotFoundError:
        return True
    except OSError as error:
        raise StateError(
            f"{directory} cannot be read ({error.strerror}); run this as root or as the service's user"
        ) from error
    return False


def _next(schedule: Schedule, now: datetime, last_due: datetime | None) -> Next:
    decision = schedule.decide(now, last_due)
    due = schedule.due_after(now) if isinstance(decision, Missed) else decision.due
    return Next(
        due=due,
        latest_start=due + schedule.window(due),
        zone=schedule.zone,
        made_up_for=isinstance(decision, Run) and decision.trigger == "catchup",
    )


# --- for machines ---------------------------------------------------------------------------------------------------


def as_dict(one: Standing) -> dict[str, JsonValue]:
    """Return it for machines: times in UTC, ages in seconds."""
    done = one.last_done
    return {
        "state_directory": str(one.directory),
        "running": one.process is not None,
        "process": int(one.process) if one.process and one.process.isdecimal() else None,
        "next_scan": {
            "due": iso(one.next.due),
            "latest_start": iso(one.next.latest_start),
            "timezone": one.next.zone.key,
            "local": one.next.due.astimezone(one.next.zone).isoformat(),
            "trigger": "catchup" if one.next.made_up_for else "schedule",
        },
        "last_run": _run_as_dict(one.last),
        "last_success": _run_as_dict(done),
        "last_success_age_seconds": round((one.now - done.finished).total_seconds())
        if done and done.finished
        else None,
        "deliveries": {
            sink: {"pending": some.pending, "oldest": iso(some.oldest), "failed": some.failed}
            for sink, some in sorted(one.backlog.items())
        },
    }


def _run_as_dict(run: RunSummary | None) -> JsonValue:
    if run is None:
        return None
    return {
        "run_id": run.run_id,
        "trigger": run.trigger,
        "state": run.state.value,
        "why": run.why,
        "asked": iso(run.asked),
        "started": iso(run.started),
        "finished": iso(run.finished),
        "outcome": run.outcome.value if run.outcome else None,
    }


# --- for people -----------------------------------------------------------------------------------------------------


def lines(one: Standing) -> Iterator[tuple[str, str]]:
    """Yield it for people, each line with what it is about."""
    yield "service", _service(one.process)
    yield "state", str(one.directory)
    yield "next scan", _in_words(one.next)
    yield "last run", _last(one)
    if one.last_done and one.last_done.finished and one.last_done != one.last:
        yield "last success", f"{one.last_done.run_id}, {_age(one.now - one.last_done.finished)}"
    for sink, some in sorted(one.backlog.items()):
        yield f"to {sink}", _deliveries(some, one.now)


def _service(process: str | None) -> str:
    if process is None:
        return "does not run"
    return "runs" if process == "?" else f"runs as process {process}"


def _in_words(upcoming: Next) -> str:
    if upcoming.made_up_for:
        return f"now, or when the service starts, for the one of {_local(upcoming.due, upcoming.zone)} that was missed"
    window = upcoming.latest_start - upcoming.due
    later = f", or up to {_duration(window)} later" if window else ""
    return f"{_local(upcoming.due, upcoming.zone)}{later}"


def _local(moment: datetime, zone: ZoneInfo) -> str:
    utc = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return utc if zone.key == "UTC" else f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {zone.key} ({utc})"


def _last(one: Standing) -> str:
    match one.last:
        case None:
            return "none so far"
        case RunSummary(state=RunState.ASKED) as run:
            how = "is being done" if one.process else "was interrupted; the service takes it up when it starts"
            return f"{run.run_id} ({run.trigger}) {how}"
        case RunSummary(state=RunState.FAILED) as run:
            return f"{run.run_id} ({run.trigger}) failed: {run.why or 'no reason was noted'}"
        case run:
            ended = _age(one.now - (run.finished or run.asked))
            return f"{run.run_id} ({run.trigger}), {ended}: {_found(run)}"


def _found(run: RunSummary) -> str:
    """Return `critical; findings: 3 critical, 5 warning`."""
    outcome = run.outcome or Outcome.UNKNOWN
    counts = [f"{run.findings[one]} {one.value}" for one in reversed(Severity) if run.findings.get(one)]
    return f"{outcome.value}; findings: {', '.join(counts)}" if counts else outcome.value


def _deliveries(some: Backlog, now: datetime) -> str:
    waiting = f"{some.pending} pending, {_waits(some.oldest, now)}" if some.oldest else ""
    failed = f"{some.failed} failed for good; see vhealthd deliveries" if some.failed else ""
    return "; ".join(part for part in (waiting, failed) if part) or "all delivered"


def _waits(since: datetime, now: datetime) -> str:
    if since > now:
        return f"collecting for another {_duration(since - now)}"
    return f"the oldest for {_duration(now - since)}"


def _age(duration: timedelta) -> str:
    return f"{_duration(duration)} ago"


def _duration(duration: timedelta) -> str:
    """Return `2 days`, `26 hours`, `5 minutes` or `40 seconds`: the largest unit of which there are two."""
    seconds = max(0, round(duration.total_seconds()))
    for size, unit in ((_DAY, "days"), (_HOUR, "hours"), (_MINUTE, "minutes")):
        if seconds >= _SEVERAL * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"


# --- the command ----------------------------------------------------------------------------------------------------


@click.command("status")
@config_option
@json_option
@click.pass_context
def status_command(context: click.Context, *, config_file: Path, as_json: bool) -> None:
    """Show the next scan, the last run, and what is still to be delivered.

    Changes nothing, and works whether the service runs or not.
    """
    found = asyncio.run(standing(settings_to_look(config_file, context.obj), utc_now()))
    if as_json:
        tables.echo_json(as_dict(found))
        return
    table = tables.facts()
    for about, said in lines(found):
        table.add_row(plain(about), plain(said))
    tables.show(table)
