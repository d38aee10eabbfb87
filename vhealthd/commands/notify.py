"""`vhealthd test-notify`: proves a sink by sending something through it, past the outbox."""

import asyncio
import hashlib
import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from vhealthd.alerting.policy import channels_of
from vhealthd.commands.options import config_option, settings_to_look
from vhealthd.config import MailChannel, MailSettings, Settings, did_you_mean
from vhealthd.delivery.parcels import MAIL, S3
from vhealthd.delivery.payloads import ObjectPayload, written
from vhealthd.errors import ConfigError, DeliveryError, UsageError
from vhealthd.language import language_of
from vhealthd.model import (
    Alert,
    Category,
    Delivery,
    DeliveryState,
    Event,
    Notice,
    Parcel,
    Severity,
    Turn,
    VirtualCenter,
)
from vhealthd.scan import new_run_id, utc_now

_FAILED = 1


@click.command("test-notify")
@config_option
@click.option("--sink", required=True, metavar="NAME", help="A channel by its name, mail or s3.")
@click.option(
    "--severity",
    type=click.Choice([one.value for one in reversed(Severity)]),
    default=Severity.CRITICAL.value,
    show_default=True,
    help="How bad the test pretends to be.",
)
@click.pass_context
def test_notify_command(context: click.Context, *, config_file: Path, sink: str, severity: str) -> int:
    """Send a test through a sink now, and say what came of it. It says itself that nothing is wrong.

    Exits with 0 if the sink has accepted it, with 1 if not.
    """
    settings = settings_to_look(config_file, context.obj)
    try:
        asyncio.run(_send(sink, settings, Severity(severity), utc_now()))
    except (DeliveryError, ConfigError) as error:
        click.echo(f"{sink}: not accepted: {error}", err=True)
        return _FAILED
    click.echo(f"{sink}: accepted")
    return 0


async def _send(sink: str, settings: Settings, severity: Severity, now: datetime) -> None:
    """Send it. Raises DeliveryError, ConfigError, and UsageError for a sink that is not configured."""
    run_id = new_run_id(now)
    channels = channels_of(settings)
    if sink == MAIL and settings.mail:
        await _mail(settings, settings.mail, notice(settings, run_id, severity, now))
    elif sink == S3 and settings.s3:
        await _object(settings, run_id, now)
    elif sink in channels:
        # Not at the top: with the libraries of all channels it takes a while to import.
        from vhealthd.alerting.sink import try_out  # noqa: PLC0415

        await try_out(sink, settings, notice(settings, run_id, severity, now), clock=utc_now)
    else:
        known = [*channels, *([MAIL] if settings.mail else []), *([S3] if settings.s3 else [])]
        raise UsageError(
            f"there is no sink {sink!r} in the configuration{did_you_mean(sink, known)}; it has {', '.join(known)}"
        )


async def _mail(settings: Settings, mail: MailSettings, told: Notice) -> None:
    """Mail it to those who get the reports."""
    from vhealthd.alerting.digest import MailDigest  # noqa: PLC0415 - as above

    digest = MailDigest(
        MailChannel(type="mail"),
        mail,
        language=language_of(settings.report.language),
        zone=ZoneInfo(settings.schedule.timezone),
        clock=utc_now,
    )
    await digest.send(told, delivery_id=f"{told.run_id}-{MAIL}")


async def _object(settings: Settings, run_id: str, now: datetime) -> None:
    """Archive a file that says that it is a test."""
    # Not at the top: Amazon's libraries take a while to import.
    from vhealthd.delivery.s3 import S3Sink  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="vhealthd-") as folder:
        file = Path(folder) / "test.txt"
        file.write_text(f"Somebody tried whether reports can be archived here, at {now:%Y-%m-%d %H:%M} UTC.\n")
        payload = ObjectPayload(key=f"vhealthd-test/{run_id}.txt", content_type="text/plain", finished=now)
        parcel = Parcel(id=f"{run_id}-{S3}", run_id=run_id, sink=S3, what="test", file=file, payload=written(payload))
        await S3Sink(lambda: settings.s3, clock=utc_now).deliver(
            Delivery(parcel=parcel, state=DeliveryState.SENDING, attempts=1, created=now, due=now, expires=now)
        )


def notice(settings: Settings, run_id: str, severity: Severity, now: datetime) -> Notice:
    """Return a notice that says that it is a test."""
    name = settings.vcenters[0].name
    alert = Alert(
        key=hashlib.sha256(run_id.encode()).hexdigest(),  # each test is an incident of its own
        event=Event.TRIGGER,
        turn=Turn.NEW,
        severity=severity,
        check="test",
        title="Test of vhealthd",
        category=Category.CONNECTIVITY,
        vcenter=name,
        object=name,
        object_type=VirtualCenter.__name__,
        path=None,
        message="Somebody tries whether alerts arrive. Nothing is wrong.",
        advice="Nothing has to be done.",
        since=now,
    )
    return Notice(run_id=run_id, made=now, vcenters=(name,), alerts=(alert,), test=True)
