"""What passes between the edge and the mock's pure handlers: a call, an answer, a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import orjson

Json: TypeAlias = Any
"""Any JSON value; a mock looks at what a client sends without trusting it."""

Mishap: TypeAlias = Literal["reset", "hang", "cut", "drip"]
SESSION_HEADER = "vmware-api-session-id"


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came: `path` is decoded, `number` counts the server's requests from 1 on."""

    number: int
    method: str
    path: str
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def token(self) -> str:
        """The session token that the call carries, or nothing."""
        return self.headers.get(SESSION_HEADER, "")

    def json(self) -> Json:
        """Parse the body; nothing and what is no JSON are an empty object."""
        try:
            return orjson.loads(self.body) if self.body else {}
        except orjson.JSONDecodeError:
            return {}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and what befalls it on the wire: the connection reset, no answer at all, a cut or a dripping body.

    `pause` is in seconds, between two pieces of a dripping body.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    mishap: Mishap | None = None
    pause: float = 0.0


class RefusedError(Exception):
    """Raised by a handler that refuses; carries the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def ok(value: Json, status: int = 200) -> Answer:
    """Answer with JSON."""
    return Answer(status, orjson.dumps(value))


def no_content() -> Answer:
    """Answer 204, as void operations do."""
    return Answer(204, content_type="")


def fault(type_name: str, text: str, **fields: Json) -> RefusedError:
    """Refuse as VI JSON does: HTTP 500, the fault's type, its fields, and a sentence in `faultstring`."""
    return RefusedError(ok({"_typeName": type_name, **fields, "faultstring": text}, 500))


def error(status: int, error_type: str, message_id: str, text: str) -> RefusedError:
    """Refuse as the Automation API does: a flat object with the error's type and its messages."""
    message = {"args": [], "default_message": text, "id": message_id}
    return RefusedError(ok({"error_type": error_type, "messages": [message]}, status))
