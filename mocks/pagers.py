"""PagerDuty, Twilio and Slack, as far as they verify what is posted to them, and how they answer.

async with MockPagerDuty(routing_key=KEY) as service:
    service.url; service.incidents
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from mocks.tls import Certificates
from mocks.webhooks import Answer, MockService, Rejected, Request

Json = dict[str, Any]

_JSON = {"Content-Type": "application/json"}


def _json(status: int, body: Mapping[str, object]) -> Answer:
    return Answer(status=status, body=orjson.dumps(body), headers=_JSON)


def _parsed(request: Request, otherwise: Answer) -> Json:
    """Return the body, which must be a JSON object and say so."""
    try:
        value = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict) or request.headers.get("Content-Type", "").split(";")[0] != "application/json":
        raise Rejected(otherwise)
    return value


# --- PagerDuty


@dataclass(slots=True)
class Incident:
    """What PagerDuty makes of the events of one key. `events` are all of them, `open` is False from a resolve on."""

    key: str
    events: list[Json] = field(default_factory=list)
    open: bool = True


class MockPagerDuty(MockService):
    """The Events API v2. A repeated trigger is no second incident; one after a resolve is."""

    LARGEST = 512 << 10
    TEXTS: Mapping[str, int] = {"summary": 1024, "source": 1024, "component": 1024, "group": 1024, "class": 1024}

    def __init__(self, *, routing_key: str, faults: Iterable[Answer] = (), tls: Certificates | None = None) -> None:
        super().__init__(faults=faults, tls=tls)
        self._routing_key = routing_key
        self.incidents: list[Incident] = []

    async def accept(self, request: Request) -> Answer:
        """Verify an event and note it."""
        if request.path != "/v2/enqueue":
            return Answer(status=404)
        if len(request.body) > self.LARGEST:
            return Answer(status=413)
        event = _parsed(request, self._invalid("Event object is invalid JSON"))
        if problems := list(self._problems(event)):
            raise Rejected(self._invalid(*problems))
        self._note(event)
        answer = {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}
        return _json(202, answer)

    @staticmethod
    def _invalid(*errors: str) -> Answer:
        return _json(400, {"status": "invalid event", "message": "Event object is invalid", "errors": errors})

    def _problems(self, event: Json) -> Iterator[str]:
        if event.get("routing_key") != self._routing_key:
            yield "Invalid routing key"
        if event.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
            yield "'event_action' is invalid (must be one of: trigger, acknowledge, resolve)"
        if not isinstance(key := event.get("dedup_key"), str) or not 0 < len(key) <= 255:
            yield "Length of 'dedup_key' is incorrect (should be 255 characters at most)"
        if event.get("event_action") == "trigger":
            payload = event.get("payload")
            yield from self._payload(payload) if isinstance(payload, dict) else ["'payload' is missing or blank"]
        for link in event.get("links", []):
            if not str(link.get("href", "")).startswith(("https://", "http://")):
                yield "'links[].href' is invalid"

    def _payload(self, payload: Json) -> Iterator[str]:
        for name in ("summary", "source", "severity"):
            if not payload.get(name):
                yield f"'payload.{name}' is missing or blank"
        if payload.get("severity") not in {"critical", "error", "warning", "info"}:
            yield "'payload.severity' is invalid (must be one of: critical, error, warning, info)"
        for name, longest in self.TEXTS.items():
            if not isinstance(text := payload.get(name, ""), str) or len(text) > longest:
                yield f"Length of 'payload.{name}' is incorrect (should be {longest} characters at most)"
        try:
            datetime.fromisoformat(payload.get("timestamp", ""))
        except ValueError:
            yield "'payload.timestamp' is invalid"

    def _note(self, event: Json) -> None:
        running = next((one for one in self.incidents if one.key == event["dedup_key"] and one.open), None)
        if event["event_action"] == "trigger" and running is None:
            running = Incident(event["dedup_key"])
            self.incidents.append(running)
        if running:  # what resolves nothing is taken all the same
            running.events.append(event)
            running.open = event["event_action"] != "resolve"


# --- Twilio


@dataclass(frozen=True, slots=True)
class Sms:
    """A message that Twilio took."""

    to: str
    sender: str
    body: str


class MockTwilio(MockService):
    """Messages of one account. `refuses` says which numbers get no message, and with which code of Twilio's."""

    LONGEST = 1600
    NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
    WHY: Mapping[int, str] = {
        21602: "A text message body or media urls must be specified.",
        21603: "A 'From' phone number is required.",
        21604: "A 'To' phone number is required.",
        21606: "The 'From' phone number provided is not a valid message-capable Twilio phone number.",
        21211: "The 'To' number is not a valid phone number.",
        21610: "Attempt to send to unsubscribed recipient",
        21614: "'To' number is not a valid mobile number",
        21617: "The concatenated message body exceeds the 1600 character limit",
    }

    def __init__(
        self,
        *,
        account: tuple[str, str],
        senders: Iterable[str],
        refuses: Mapping[str, int] | None = None,
        faults: Iterable[Answer] = (),
        tls: Certificates | None = None,
    ) -> None:
        super().__init__(faults=faults, tls=tls)
        self._account = account
        self._senders = set(senders)
        self.refuses = dict(refuses or {})
        self.messages: list[Sms] = []

    async def accept(self, request: Request) -> Answer:
        """Verify a message and note it."""
        sid, _ = self._account
        expected = base64.b64encode(":".join(self._account).encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            raise Rejected(self.error(401, 20003, "Authenticate"))
        if request.path != f"/2010-04-01/Accounts/{sid}/Messages.json":
            raise Rejected(self.error(404, 20404, f"The requested resource {request.path} was not found"))
        if request.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            raise Rejected(self.error(415, 20415, "Unsupported Media Type"))
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))
        if code := self._problem(form):
            raise Rejected(self.error(400, code, self.WHY[code]))
        self.messages.append(Sms(form["To"], self._sender(form), form["Body"]))
        return _json(201, self._made(form, number=len(self.messages)))

    @staticmethod
    def error(status: int, code: int, message: str) -> Answer:
        """Return an error as Twilio says it."""
        more = f"https://www.twilio.com/docs/errors/{code}"
        return _json(status, {"code": code, "message": message, "more_info": more, "status": status})

    @staticmethod
    def _sender(form: Mapping[str, str]) -> str:
        return form.get("From") or form.get("MessagingServiceSid", "")

    def _problem(self, form: Mapping[str, str]) -> int | None:
        to, body = form.get("To", ""), form.get("Body", "")
        tests = (
            (not to, 21604),
            (not self.NUMBER.fullmatch(to), 21211),
            (not self._sender(form), 21603),
            (self._sender(form) not in self._senders, 21606),
            (not body, 21602),
            (len(body) > self.LONGEST, 21617),
            (to in self.refuses, self.refuses.get(to, 0)),
        )
        return next((code for wrong, code in tests if wrong), None)

    def _made(self, form: Mapping[str, str], *, number: int) -> Json:
        return {
            "sid": f"SM{number:032x}",
            "account_sid": self._account[0],
            "to": form["To"],
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "body": form["Body"],
            "status": "queued" if "From" in form else "accepted",
            "error_code": None,
            "error_message": None,
        }


# --- Slack


class MockSlack(MockService):
    """An incoming webhook. `pings` and `links` are what Slack would make of the texts besides text."""

    BLOCKS, SECTION, HEADER, ELEMENTS, TEXT = 50, 3000, 150, 10, 40_000
    CONTROL = re.compile(r"<([^<>]*)>")

    def __init__(self, *, path: str, faults: Iterable[Answer] = (), tls: Certificates | None = None) -> None:
        super().__init__(faults=faults, tls=tls)
        self._path = path
        self.messages: list[Json] = []

    @property
    def hook(self) -> str:
        """The webhook's URL."""
        return self.url + self._path

    @property
    def pings(self) -> list[str]:
        """Who would be called by the messages: channels, users, groups."""
        return [one for one in self._controls() if one[:1] in {"!", "@", "#"}]

    @property
    def links(self) -> list[str]:
        """Where the links in the messages lead."""
        return [one.partition("|")[0] for one in self._controls() if one[:1] not in {"!", "@", "#"}]

    async def accept(self, request: Request) -> Answer:
        """Verify a message and note it."""
        if request.path != self._path:
            raise Rejected(self.error(403, "invalid_token"))
        message = _parsed(request, self.error(400, "invalid_payload"))
        if not message.get("text") and not message.get("blocks"):
            raise Rejected(self.error(400, "no_text"))
        if len(message.get("text", "")) > self.TEXT:
            raise Rejected(self.error(400, "msg_too_long"))
        blocks = message.get("blocks", [])
        if len(blocks) > self.BLOCKS or not all(map(self._fits, blocks)):
            raise Rejected(self.error(400, "invalid_blocks"))
        self.messages.append(message)
        return self.error(200, "ok")

    @staticmethod
    def error(status: int, word: str) -> Answer:
        """Return an answer as Slack says it: one word."""
        return Answer(status=status, body=word.encode(), headers={"Content-Type": "text/html"})

    def _fits(self, block: Json) -> bool:
        match block:
            case {"type": "header", "text": {"type": "plain_text", "text": str(text)}}:
                return 0 < len(text) <= self.HEADER
            case {"type": "section", "text": {"type": "mrkdwn", "text": str(text)}}:
                return 0 < len(text) <= self.SECTION
            case {"type": "context", "elements": [_, *_] as elements}:
                return len(elements) <= self.ELEMENTS and all(
                    one.get("type") == "mrkdwn" and 0 < len(one["text"]) <= self.SECTION for one in elements
                )
        return False

    def _controls(self) -> Iterator[str]:
        """Find what stands between < and >, in all texts that Slack reads as its markup."""
        for message in self.messages:
            texts = [message.get("text", "")]
            for block in message.get("blocks", []):
                parts = [block.get("text"), *block.get("elements", [])]
                texts += [part["text"] for part in parts if part and part["type"] == "mrkdwn"]
            for text in texts:
                yield from self.CONTROL.findall(text)
