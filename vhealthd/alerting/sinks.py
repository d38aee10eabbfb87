"""All sinks there are: mail, archive, and one for each channel of alerts."""

from collections.abc import Callable

from vhealthd.alerting.policy import channels_of
from vhealthd.config import Settings
from vhealthd.delivery.outbox import Clock, Observer, Sink
from vhealthd.delivery.sinks import make_sinks


def all_sinks(settings: Callable[[], Settings], *, clock: Clock, observer: Observer | None = None) -> tuple[Sink, ...]:
    """Return the sinks of the present settings. Each looks at the settings anew for every delivery."""
    # Not at the top: with the libraries of all channels it takes a while to import, and most commands send nothing.
    from vhealthd.alerting.sink import ChannelSink  # noqa: PLC0415

    channels = (ChannelSink(name, settings, clock=clock, observer=observer) for name in channels_of(settings()))
    return (*make_sinks(settings, clock=clock, observer=observer), *channels)
