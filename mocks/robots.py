"""Robots of DingTalk, Feishu and WeCom, which verify what the real ones verify and answer as they do: 200, and a code.

async with MockDingTalk(clock=lambda: NOW, secret="SEC...") as robot:
    robot.target; robot.messages
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from mocks.webhooks import Answer, MockService, Rejected, Request

TOKEN = "566cc69da782ec33e42c1d9e5e1d1c92b1e4d2cf"  # noqa: S105 - a made-up one

_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_HEADS = {"blue", "wathet", "turquoise", "green", "yellow", "orange", "red", "carmine", "violet", "purple", "grey"}


def _body(**fields: object) -> bytes:
    return orjson.dumps(fields)


class _Robot(MockService):
    """What all three have: a path with a token, JSON, a number of messages a minute."""

    path = ""
    a_minute = 20
    taken: bytes
    too_many: bytes
    no_json: bytes

    def __init__(
        self, *, clock: Callable[[], datetime], secret: str | None = None, faults: Iterable[Answer] = ()
    ) -> None:
        super().__init__(faults=faults)
        self._clock = clock
        self._secret = secret
        self.moments: list[datetime] = []  # when messages were taken

    @property
    def target(self) -> str:
        """The URL that its group shows."""
        return self.url + self.path

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The bodies that were taken."""
        return [one.json for one in self.accepted]

    async def accept(self, request: Request) -> Answer:
        """Verify a message."""
        self._refuse_unless(_is_json(request), self.no_json)
        self.verify(request, request.json)
        recent = [one for one in self.moments if self._clock() - one < _MINUTE]
        self._refuse_unless(len(recent) < self.a_minute, self.too_many)
        self.moments = [*recent, self._clock()]
        return Answer(body=self.taken)

    def verify(self, request: Request, body: Mapping[str, Any]) -> None:
        """Raise Rejected for what the service refuses."""
        raise NotImplementedError

    def _refuse_unless(self, condition: bool, body: bytes) -> None:  # noqa: FBT001 - a condition
        if not condition:
            raise Rejected(Answer(body=body, headers={"Content-Type": "application/json"}))

    def _is_fresh(self, seconds: float) -> bool:
        return abs(self._clock() - datetime.fromtimestamp(seconds, self._clock().tzinfo)) <= _HOUR


class MockDingTalk(_Robot):
    """A robot of DingTalk."""

    path = f"/robot/send?access_token={TOKEN}"
    taken = _body(errcode=0, errmsg="ok")
    no_json = _body(errcode=43004, errmsg="无效的HTTP HEADER Content-Type")
    too_many = _body(errcode=130101, errmsg="send too fast, exceed 20 times per minute")

    def verify(self, request: Request, body: Mapping[str, Any]) -> None:
        """Verify token, signature, length, and what a message of Markdown consists of."""
        where = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(where.query).items()}
        self._refuse_unless(where.path == "/robot/send", _body(errcode=404, errmsg="请求的URI地址不存在"))
        known = query.get("access_token") == TOKEN
        self._refuse_unless(known, _body(errcode=300005, errmsg="token is not exist"))
        self._refuse_unless(self._is_signed(query), _body(errcode=310000, errmsg="sign not match"))
        short = len(request.body) <= 20_000
        self._refuse_unless(short, _body(errcode=460101, errmsg="message too long, exceed 20000 bytes"))
        whole = body.get("msgtype") == "markdown" and _all_text(body.get("markdown"), "title", "text")
        self._refuse_unless(whole, _body(errcode=40035, errmsg="缺少参数 markdown"))
        at = body.get("at", {"atMobiles": [], "isAtAll": False})
        typed = isinstance(at["isAtAll"], bool) and all(isinstance(one, str) for one in at["atMobiles"])
        self._refuse_unless(typed, _body(errcode=40035, errmsg="不合法的参数 at"))

    def _is_signed(self, query: Mapping[str, str]) -> bool:
        if self._secret is None:
            return True
        stamp = query.get("timestamp", "")
        if not stamp.isdigit() or not self._is_fresh(int(stamp) / 1000):
            return False
        signed = hmac.new(self._secret.encode(), (stamp + "\n" + self._secret).encode(), hashlib.sha256)
        return query.get("sign") == base64.b64encode(signed.digest()).decode()


class MockFeishu(_Robot):
    """A custom bot of Feishu."""

    path = f"/open-apis/bot/v2/hook/{TOKEN}"
    a_minute = 100
    taken = _body(StatusCode=0, StatusMessage="success", code=0, data={}, msg="success")
    no_json = _body(code=9499, msg="Bad Request", data={})
    too_many = _body(code=11232, data={}, msg="frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")

    def verify(self, request: Request, body: Mapping[str, Any]) -> None:
        """Verify token, signature, size and card."""
        invalid = _body(code=19001, data={}, msg="param invalid: incoming webhook access token invalid")
        self._refuse_unless(request.path == self.path, invalid)
        unsigned = "sign match fail or timestamp is not within one hour from current time"
        self._refuse_unless(self._is_signed(body), _body(code=19021, data={}, msg=unsigned))
        known = len(request.body) <= 20 << 10 and body.get("msg_type") == "interactive"
        self._refuse_unless(known, self.no_json)
        self._refuse_unless(_is_card(body.get("card")), _body(code=11246, data={}, msg="parse card json err"))

    def _is_signed(self, body: Mapping[str, Any]) -> bool:
        if self._secret is None:
            return True
        stamp = body.get("timestamp")
        if not isinstance(stamp, str) or not stamp.isdigit() or not self._is_fresh(int(stamp)):
            return False
        signed = hmac.new((stamp + "\n" + self._secret).encode(), digestmod=hashlib.sha256)
        return body.get("sign") == base64.b64encode(signed.digest()).decode()


class MockWeCom(_Robot):
    """A robot of WeCom."""

    path = f"/cgi-bin/webhook/send?key={TOKEN}"
    taken = _body(errcode=0, errmsg="ok")
    no_json = _body(errcode=47001, errmsg="data format error")
    too_many = _body(errcode=45009, errmsg="api freq out of limit")

    def verify(self, request: Request, body: Mapping[str, Any]) -> None:
        """Verify key and length."""
        self._refuse_unless(request.path == self.path, _body(errcode=93000, errmsg="invalid webhook url, hint: [1]"))
        self._refuse_unless(body.get("msgtype") == "markdown", _body(errcode=40008, errmsg="invalid message type"))
        markdown = body.get("markdown")
        self._refuse_unless(_all_text(markdown, "content"), _body(errcode=44004, errmsg="empty content"))
        too_long = _body(errcode=40058, errmsg="markdown.content exceed max length 4096. invalid Request Parameter")
        self._refuse_unless(len(body["markdown"]["content"].encode()) <= 4096, too_long)


def _is_json(request: Request) -> bool:
    return request.headers.get("Content-Type", "").split(";")[0] == "application/json"


def _all_text(value: object, *names: str) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) and value[name] for name in names)


def _is_card(card: object) -> bool:
    """Tell whether it is a card of JSON 1.0 with a head and parts that there are, none of them empty."""
    if not isinstance(card, dict):
        return False
    head, parts = card.get("header"), card.get("elements")
    return (
        isinstance(head, dict)
        and head.get("template") in _HEADS
        and _is_plain(head.get("title"))
        and isinstance(parts, list)
        and bool(parts)
        and all(_is_part(one) for one in parts)
    )


def _is_part(part: Mapping[str, Any]) -> bool:
    match part.get("tag"):
        case "div":
            return _is_plain(part.get("text"))
        case "markdown":
            return _all_text(part, "content")
        case tag:
            return tag == "hr"


def _is_plain(text: object) -> bool:
    return isinstance(text, dict) and text.get("tag") == "plain_text" and _all_text(text, "content")
