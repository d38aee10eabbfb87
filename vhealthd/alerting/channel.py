"""What every channel is: something that can send a notice. And how all of them say why an alert is sent."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from pydantic import JsonValue

from vhealthd.language import Language
from vhealthd.model import Notice, Turn


class Channel(Protocol):
    """Sends notices to one receiver. Sending the same notice twice must do no harm, as far as the receiver allows."""

    async def send(self, notice: Notice, *, delivery_id: str) -> None:
        """Send, or raise DeliveryRefusedError, DeliveryDelayedError or ConfigError.

        `delivery_id` is the same for each attempt at the same delivery.
        """


@runtime_checkable
class Resumable(Channel, Protocol):
    """Sends to several receivers, of whom some may have a notice when sending it to others fails."""

    async def resume(self, notice: Notice, *, delivery_id: str, progress: Mapping[str, JsonValue]) -> None:
        """Send to those who have it not yet, or raise as `send` does.

        `progress` is what the error of the last attempt asked to remember; with nothing in it this is `send`.
        """


def turns(language: Language) -> Mapping[Turn, str]:
    """Say why an alert is sent."""
    words = language.words
    return {
        Turn.NEW: words("New"),
        Turn.WORSENED: words("Worsened"),
        Turn.REOPENED: words("Back again"),
        Turn.REMINDER: words("Still there"),
        Turn.IMPROVED: words("Improved"),
        Turn.RESOLVED: words("Resolved"),
    }
