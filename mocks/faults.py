"""Faults that a mock vCenter can be told to have; first-class, composable, deterministic.

`MockVCenter(world, faults=(Unavailable(When("/api/appliance", every=3)), Latency(0.02)))`. A fault counts the calls
that it has seen, so one object serves one server. Faults act in the order given; the first one that answers wins.
"""

import asyncio
import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mocks.wire import Answer, Call, ok

if TYPE_CHECKING:
    from mocks.collector import Rules
    from mocks.estate import Estate
    from mocks.sessions import Sessions

PLAIN_503 = Answer(503, b"no healthy upstream", "text/plain")
JSON_503 = ok({"error_type": "SERVICE_UNAVAILABLE", "messages": []}, 503)
HTML = b"<!DOCTYPE html><html><head><title>VMware vSphere</title></head><body>Please wait.</body></html>"


@dataclass(slots=True)
class When:
    """Which calls a fault strikes: of those whose path contains `match`, after `skip`, every `every`th, `times` times.

    With a `probability` below 1, a seeded coin decides each of them.
    """

    match: str = ""
    every: int = 1
    skip: int = 0
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    seen: int = field(default=0, init=False)
    struck: int = field(default=0, init=False)
    coin: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.coin = random.Random(self.seed)

    def strikes(self, call: Call) -> bool:
        """Count a call and decide."""
        if self.match not in call.path:
            return False
        self.seen += 1
        due = self.seen > self.skip and (self.seen - self.skip) % self.every == 0
        left = self.times is None or self.struck < self.times
        hit = due and left and (self.probability >= 1 or self.coin.random() < self.probability)
        self.struck += hit
        return hit


@dataclass(slots=True)
class Inside:
    """What a fault may lay hands on."""

    estate: "Estate"
    sessions: "Sessions"


class Fault:
    """Does nothing; each fault overrides what it needs."""

    async def before(self, call: Call, inside: Inside) -> Answer | None:
        """Answer in the server's place, or change something, or wait."""
        del call, inside
        return None

    def after(self, call: Call, answer: Answer, inside: Inside) -> Answer:
        """Change the server's answer."""
        del call, inside
        return answer

    def bend(self, rules: "Rules") -> "Rules":
        """Change how the property collector answers."""
        return rules


@dataclass(slots=True)
class Unavailable(Fault):
    """Rain of 503: plain text as envoy writes it, or JSON as the endpoint does."""

    when: When = field(default_factory=When)
    json: bool = False
    retry_after: int | None = None

    async def before(self, call: Call, inside: Inside) -> Answer | None:
        """Answer 503."""
        del inside
        if not self.when.strikes(call):
            return None
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return replace(JSON_503 if self.json else PLAIN_503, headers=headers)


@dataclass(slots=True)
class Reset(Fault):
    """Resets the TCP connection instead of answering."""

    when: When = field(default_factory=When)

    async def before(self, call: Call, inside: Inside) -> Answer | None:
        """Answer with a reset."""
        del inside
        return Answer(mishap="reset") if self.when.strikes(call) else None


@dataclass(slots=True)
class Hang(Fault):
    """Accepts the request and never answers; the connection stays open until the client or the server ends."""

    when: When = field(default_factory=When)

    async def before(self, call: Call, inside: Inside) -> Answer | None:
        """Answer never."""
        del inside
        return Answer(mishap="hang") if self.when.strikes(call) else None


@dataclass(slots=True)
class Latency(Fault):
    """Delays answers by so many seconds."""

    seconds: float
    when: When = field(default_factory=When)

    async def before(self, call: Call, inside: Inside) -> Answer | None:
        """Wait."""
        del inside
        if self.when.strikes(call):
            await asyncio.sleep(self.seconds)
        return None


@dataclass(slots=True)
class HtmlPage(Fault):
    """Answers 200 with an HTML page in place of JSON."""

    when: When = field(default_factory=When)

    async def before(self, call: Call, inside: Inside) -> Answer | None:
        """Answer with the page."""
        del inside
        return Answer(200, HTML, "text/html") if self.when.strikes(call) else None


@dataclass(slots=True)
class CutBody(Fault):
    """Sends half of the body under the whole length, then resets the connection."""

    when: When = field(default_factory=When)

    def after(self, call: Call, answer: Answer, inside: Inside) -> Answer:
        """Cut the answer."""
        del inside
        return replace(answer, mishap="cut") if self.when.strikes(call) else answer


@dataclass(slots=True)
class SlowBody(Fault):
    """Swells the body with `size` bytes of white space and lets it drip, 64 kB at a time with a pause (seconds)."""

    when: When = field(default_factory=When)
    size: int = 0
    pause: float = 0.05

    def after(self, call: Call, answer: Answer, inside: Inside) -> Answer:
        """Swell and slow the answer."""
        del inside
        if not self.when.strikes(call):
            return answer
        return replace(answer, body=answer.body + b" " * self.size, mishap="drip", pause=self.pause)


@dataclass(slots=True)
class SessionEnds(Fault):
    """Ends every session on the calls that it strikes, before they are answered: expiry, or a restart of vCenter."""

    when: When = field(default_factory=When)

    async def before(self, call: Call, inside: Inside) -> Answer | None:
        """End the sessions, save on a login."""
        if not call.path.endswith(("/api/session", "/Login")) and self.when.strikes(call):
            inside.sessions.end_all()
        return None


@dataclass(slots=True)
class SessionExpires(Fault):
    """Ends each session once it has served so many calls."""

    after_calls: int

    async def before(self, call: Call, inside: Inside) -> Answer | None:
        """End the call's session when it is used up."""
        session = inside.sessions.open.get(call.token)
        if session and session.calls >= self.after_calls:
            inside.sessions.end(session)
        return None


@dataclass(slots=True)
class LostView(Fault):
    """Loses every view on the calls that it strikes."""

    when: When = field(default_factory=lambda: When("RetrievePropertiesEx", times=1))

    async def before(self, call: Call, inside: Inside) -> Answer | None:
        """Lose the views."""
        if self.when.strikes(call):
            for session in inside.sessions.open.values():
                session.views.clear()
        return None


@dataclass(slots=True)
class Vanishes(Fault):
    """Deletes an object right after the first answer that lists it, so that later reads do not find it."""

    moid: str

    def after(self, call: Call, answer: Answer, inside: Inside) -> Answer:
        """Delete the object once a view's list or a first page has gone out."""
        listed = call.path.endswith(("/view", "/RetrievePropertiesEx")) and f'"{self.moid}"'.encode() in answer.body
        if listed and self.moid in inside.estate.world.entities:
            inside.estate.remove(self.moid)
        return answer


@dataclass(slots=True)
class EmptyAnswers(Fault):
    """Answers with nothing: `null` on VI JSON, an empty list or object's place on `/api`."""

    when: When = field(default_factory=When)

    async def before(self, call: Call, inside: Inside) -> Answer | None:
        """Answer with nothing."""
        del inside
        if not self.when.strikes(call):
            return None
        return ok(None if call.path.startswith("/sdk/") else [])


@dataclass(slots=True)
class InvalidPaths(Fault):
    """Knows no such property paths, as an older release; `soft` reports them per object instead of failing the call."""

    paths: tuple[str, ...] = ()
    soft: bool = False

    def bend(self, rules: "Rules") -> "Rules":
        """Forget the paths."""
        return replace(rules, invalid=rules.invalid | set(self.paths), soft=rules.soft or self.soft)


@dataclass(slots=True)
class DeniedPaths(Fault):
    """Reports property paths, with all below them, as missing for want of a privilege.

    It does so on one type alone if it has a `kind`. `wrapped` is the shape of 9.x, else that of 8.0.
    """

    paths: tuple[str, ...]
    wrapped: bool = False
    kind: str = ""

    def bend(self, rules: "Rules") -> "Rules":
        """Deny the paths."""
        denied = rules.denied | {(self.kind, path) for path in self.paths}
        return replace(rules, denied=denied, wrapped=rules.wrapped or self.wrapped)
