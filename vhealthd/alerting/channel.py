"""What every channel is: something that can send a notice."""

from typing import Protocol

from vhealthd.model import Notice


class Channel(Protocol):
    """Sends notices to one receiver. Sending the same notice twice must do no harm, as far as the receiver allows."""

    async def send(self, notice: Notice, *, delivery_id: str) -> None:
        """Send, or raise DeliveryRefusedError, DeliveryDelayedError or ConfigError.

        `delivery_id` is the same for each attempt at the same delivery.
        """
