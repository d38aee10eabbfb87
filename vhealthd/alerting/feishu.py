"""Feishu and Lark: one message a run by a custom bot of a group.

From Feishu's page "custom bot usage guide" (open.feishu.cn) and those of cards, JSON 1.0: a body has at most 20 KB; a
bot takes 100 messages a minute and 5 a second; errors come with status 200. Old answers have `StatusCode` beside or
instead of `code`; both are there in errors with a `StatusCode` of 0.

A card shows best on a telephone: its head has the colour of the worst. All foreign text is in parts of the kind
`plain_text`, in which nothing acts; Markdown is used for our own words alone.
"""

import asyncio
import base64
import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import aiohttp
import orjson

from vhealthd.alerting import codes
from vhealthd.alerting.markdown import Item, Link, Telling, fitted, linked
from vhealthd.alerting.post import TIMEOUT, Answer, Clock, Post, said
from vhealthd.config import FeishuChannel
from vhealthd.language import Language
from vhealthd.model import Notice, Severity

_LARGEST = 20_000  # bytes of a body
_COLOURS = {Severity.CRITICAL: "red", Severity.WARNING: "orange", Severity.INFO: "blue", None: "green"}

# Too much was sent. 9499 comes with "too many request", and with "Bad Request" for a body that it does not understand.
_PASSING: dict[int, float | None] = {11232: None, 9499: None}
_NOT_UNDERSTOOD = "bad request"
_ADVICE = {
    19001: "copy the bot's URL anew",
    19021: "compare secret with the bot's, and look at the clock of this machine",
    19022: "add the address of this machine to the bot's security settings",
    19024: "take vhealthd for the bot's keyword: each message has it in its title",
}

Element = dict[str, Any]


class Feishu:
    """Sends notices to a group of Feishu. It knows no key of a message: a repeat shows twice, with the same run."""

    def __init__(
        self, settings: FeishuChannel, *, language: Language, clock: Clock, timeout: aiohttp.ClientTimeout = TIMEOUT
    ) -> None:
        self._settings = settings
        self._language = language
        self._clock = clock
        self._post = Post(settings, clock=clock, timeout=timeout)

    async def send(self, notice: Notice, **_: object) -> None:
        """Send, or raise DeliveryRefusedError, DeliveryDelayedError or ConfigError."""
        url, secret = await asyncio.to_thread(self._read)
        stamp = signature(secret, self._clock()) if secret else {}
        judge(await self._post(url, json=message(notice, self._language, stamp)))

    def _read(self) -> tuple[str, str | None]:
        secret = self._settings.secret
        return self._settings.url.read(), secret.read() if secret else None


def signature(secret: str, now: datetime) -> dict[str, str]:
    """Return time (s) and signature. Other than elsewhere, time and secret are the key, and the text is empty."""
    stamp = round(now.timestamp())
    digest = hmac.digest(f"{stamp}\n{secret}".encode(), b"", "sha256")
    return {"timestamp": str(stamp), "sign": base64.b64encode(digest).decode()}


def message(notice: Notice, language: Language, stamp: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the body; `stamp` is its signature."""

    def body(telling: Telling) -> dict[str, Any]:
        return {**(stamp or {}), "msg_type": "interactive", "card": _card(telling)}

    return fitted(notice, language, body, lambda made: len(orjson.dumps(made)) <= _LARGEST)


def _card(telling: Telling) -> dict[str, Any]:
    return {
        "config": {"wide_screen_mode": True},
        "header": {"template": _COLOURS[telling.severity], "title": _plain(telling.title)},
        "elements": list(_elements(telling)),
    }


def _elements(telling: Telling) -> Iterator[Element]:
    if telling.lead:
        yield _text("\n".join(telling.lead))
        yield {"tag": "hr"}
    for section in telling.sections:
        yield _markdown(f"<font color='{_COLOURS[section.severity]}'>**{section.title}**</font>")
        for item in section.items:
            yield from _told(item)
        yield {"tag": "hr"}
    yield _text("\n".join(telling.ending), text_size="notation", text_color="grey")
    yield from _linked(telling.link)


def _told(item: Item) -> Iterator[Element]:
    yield _text(item.head, text_size="heading")
    yield _text("\n".join(item.lines))
    yield from _linked(item.link)


def _linked(link: Link | None) -> Iterator[Element]:
    if link:
        yield _markdown(linked(link))


def _text(content: str, **look: str) -> Element:
    return {"tag": "div", "text": _plain(content, **look)}


def _plain(content: str, **look: str) -> Element:
    return {"tag": "plain_text", "content": content, **look}


def _markdown(content: str) -> Element:
    return {"tag": "markdown", "content": content}


def judge(answer: Answer) -> None:
    """Return if it was taken: code 0, or StatusCode 0 where there is no code.

    Raises DeliveryDelayedError or DeliveryRefusedError.
    """
    body = answer.json()
    code = body.get("code", body.get("StatusCode"))
    why = said(str(body.get("msg", body.get("StatusMessage"))))
    passing = {} if _NOT_UNDERSTOOD in why.lower() else _PASSING
    codes.judge(answer, code=code, why=why, passing=passing, advice=_ADVICE, missing="a code")
