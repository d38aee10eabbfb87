"""WeCom: one message a run by a robot of a group.

From WeCom's pages "group robot configuration" and "global error codes" (developer.work.weixin.qq.com, 91770 and 90313):
the Markdown of a message has at most 4,096 bytes; a robot takes 20 messages a minute; three colours have names; errors
come with status 200. Nothing is signed: the URL is the secret.
"""

import asyncio
from typing import Any

import aiohttp

from vhealthd.alerting.codes import judge_errcode
from vhealthd.alerting.markdown import Section, fitted, written
from vhealthd.alerting.post import TIMEOUT, Clock, Post
from vhealthd.config import WeComChannel
from vhealthd.language import Language
from vhealthd.model import Notice, Severity

_LARGEST = 4096  # bytes of a message
_COLOURS = {Severity.CRITICAL: "warning", Severity.WARNING: "warning", Severity.INFO: "comment", None: "info"}

# Seconds to wait where it says that it is busy (-1), or that too much was sent in this minute.
_PASSING: dict[int, float | None] = {-1: None, 45009: 60}
_ADVICE = {93000: "copy the robot's URL anew"}


class WeCom:
    """Sends notices to a group of WeCom. It knows no key of a message: a repeat shows twice, with the same run."""

    def __init__(
        self, settings: WeComChannel, *, language: Language, clock: Clock, timeout: aiohttp.ClientTimeout = TIMEOUT
    ) -> None:
        self._settings = settings
        self._language = language
        self._post = Post(settings, clock=clock, timeout=timeout)

    async def send(self, notice: Notice, **_: object) -> None:
        """Send, or raise DeliveryRefusedError, DeliveryDelayedError or ConfigError."""
        url = await asyncio.to_thread(self._settings.url.read)
        answer = await self._post(url, json=message(notice, self._language))
        judge_errcode(answer, passing=_PASSING, advice=_ADVICE)


def message(notice: Notice, language: Language) -> dict[str, Any]:
    """Return the body."""
    content = fitted(
        notice,
        language,
        lambda telling: written(telling, newline="\n", heading=_heading),
        lambda text: len(text.encode()) <= _LARGEST,
    )
    return {"msgtype": "markdown", "markdown": {"content": content}}


def _heading(section: Section) -> str:
    return f'<font color="{_COLOURS[section.severity]}">{section.title}</font>'
