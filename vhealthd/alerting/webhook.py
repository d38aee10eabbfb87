"""Any receiver of webhooks: the notice as JSON, signed as the Standard Webhooks specification says.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime

import aiohttp
import orjson
import standardwebhooks

from vhealthd.alerting.event import as_event
from vhealthd.alerting.post import TIMEOUT, Clock, Post
from vhealthd.config import WebhookChannel
from vhealthd.errors import ConfigError
from vhealthd.model import Notice

_PREFIX = "whsec_"


class Webhook:
    """Posts events. Any 2xx is a success: the specification gives the body no meaning."""

    def __init__(self, settings: WebhookChannel, *, clock: Clock, timeout: aiohttp.ClientTimeout = TIMEOUT) -> None:
        self._settings = settings
        self._clock = clock
        self._post = Post(settings, clock=clock, timeout=timeout)

    async def send(self, notice: Notice, *, delivery_id: str) -> None:
        """Send, or raise DeliveryRefusedError, DeliveryDelayedError or ConfigError."""
        url = await asyncio.to_thread(self._settings.url.read)
        secret = None if self._settings.secret is None else await asyncio.to_thread(self._settings.secret.read)
        body = orjson.dumps(as_event(notice))
        await self._post(url, body=body, headers=headers(body, delivery_id, self._clock(), secret))


def headers(body: bytes, delivery_id: str, now: datetime, secret: str | None) -> Mapping[str, str]:
    """Return what goes with a body: an id that stays, the time of this attempt, and a signature if there is a secret.

    Raises ConfigError for a secret that is none.
    """
    told = {
        "Content-Type": "application/json",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(now.timestamp())),
    }
    if secret is None:
        return told
    # the library takes the time for one in UTC, whatever its zone
    signature = standardwebhooks.Webhook(_key(secret)).sign(delivery_id, now.astimezone(UTC), body.decode())
    return {**told, "webhook-signature": signature}


def _key(secret: str) -> bytes:
    """Return the key that a secret stands for; strictly, for the library skips over what is not base64."""
    text = secret.strip().removeprefix(_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ConfigError(f"the signing secret is not {_PREFIX} and base64 text; copy it from the receiver again")
    return key
