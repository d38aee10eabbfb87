"""DingTalk: one message a run by a robot of a group.

From DingTalk's pages "custom robot access", "security settings" and "error codes" (open.dingtalk.com): a robot takes 20
messages a minute, and none for ten minutes after more; a body has at most 20,000 bytes; errors come with status 200. A
robot may ask for a keyword: each message begins with "vhealthd".
"""

import asyncio
import base64
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson

from vhealthd.alerting.codes import judge_errcode
from vhealthd.alerting.markdown import Section, Telling, fitted, written
from vhealthd.alerting.post import TIMEOUT, Clock, Post
from vhealthd.config import DingTalkChannel
from vhealthd.language import Language
from vhealthd.model import Notice, Severity

_LARGEST = 20_000  # bytes of a body
_MILLISECONDS = 1000
_NEWLINE = "  \n"
_MARKS = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟠", Severity.INFO: "🔵", None: "✅"}

# Seconds to wait where it says that it is busy (-1), or that too much was sent (130101, and 410100 by another page).
_PASSING: dict[int, float | None] = {-1: None, 130101: 600, 410100: 600}
_SETTINGS = 310000  # a keyword, the signature or the address of the sender; it says which
_ADVICE = {
    _SETTINGS: "compare secret, the clock of this machine and its address with the robot's security settings; a "
    "keyword may be vhealthd",
    300001: "copy the robot's URL anew",
    300005: "copy the robot's URL anew",
}


class DingTalk:
    """Sends notices to a group of DingTalk. It knows no key of a message: a repeat shows twice, with the same run."""

    def __init__(
        self,
        settings: DingTalkChannel,
        *,
        language: Language,
        clock: Clock,
        timeout: aiohttp.ClientTimeout = TIMEOUT,
    ) -> None:
        self._settings = settings
        self._language = language
        self._clock = clock
        self._post = Post(settings, clock=clock, timeout=timeout)

    async def send(self, notice: Notice, **_: object) -> None:
        """Send, or raise DeliveryRefusedError, DeliveryDelayedError or ConfigError."""
        url, secret = await asyncio.to_thread(self._read)
        target = signed(url, secret, self._clock()) if secret else url
        answer = await self._post(target, json=message(notice, self._language, self._settings.at_mobiles))
        judge_errcode(answer, passing=_PASSING, advice=_ADVICE)

    def _read(self) -> tuple[str, str | None]:
        secret = self._settings.secret
        return self._settings.url.read(), secret.read() if secret else None


def signed(url: str, secret: str, now: datetime) -> str:
    """Return the URL with time (ms) and signature, encoded once. The secret is the key, and part of the text."""
    stamp = round(now.timestamp() * _MILLISECONDS)
    digest = hmac.digest(secret.encode(), f"{stamp}\n{secret}".encode(), "sha256")
    query = urlencode({"timestamp": stamp, "sign": base64.b64encode(digest).decode()})
    return f"{url}{'&' if '?' in url else '?'}{query}"


def message(notice: Notice, language: Language, mobiles: Sequence[str] = ()) -> dict[str, Any]:
    """Return the body. `mobiles` are mentioned where something critical is open."""
    critical = not notice.test and any(one.severity is Severity.CRITICAL for one in notice.open)
    mentioned = list(mobiles) if critical else []
    return fitted(notice, language, lambda telling: _body(telling, mentioned), _fits)


def _body(telling: Telling, mentioned: list[str]) -> dict[str, Any]:
    text = written(telling, newline=_NEWLINE, heading=_heading)
    if mentioned:  # who is not in the text is not told
        text += "\n\n" + " ".join(f"@{number}" for number in mentioned)
    return {
        "msgtype": "markdown",
        "markdown": {"title": telling.title, "text": text},
        "at": {"atMobiles": mentioned, "isAtAll": False},
    }


def _heading(section: Section) -> str:
    return f"{_MARKS[section.severity]} {section.title}"


def _fits(body: dict[str, Any]) -> bool:
    return len(orjson.dumps(body)) <= _LARGEST
