"""Makes the sinks. Each looks at the settings anew for every delivery: a reloaded configuration holds at once."""

from collections.abc import Callable

from vhealthd.config import Settings
from vhealthd.delivery.outbox import Clock, Observer, Sink


def make_sinks(settings: Callable[[], Settings], *, clock: Clock, observer: Observer | None = None) -> tuple[Sink, ...]:
    """Return all sinks, those too that the settings do not have now: the outbox may hold something for them."""
    # Not at the top: together they take half a second to import, and most commands send nothing.
    from vhealthd.delivery.s3 import S3Sink  # noqa: PLC0415
    from vhealthd.delivery.smtp import MailSink  # noqa: PLC0415

    return (
        MailSink(lambda: settings().mail, observer=observer),
        S3Sink(lambda: settings().s3, clock=clock),
    )
