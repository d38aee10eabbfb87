"""SMS by Twilio: one message a run to each number, with what is worst.

The wire format is that of Twilio's documentation, "Create a Message" of the API of 2010-04-01.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp
from pydantic import JsonValue

from vhealthd.alerting.channel import turns
from vhealthd.alerting.post import Answer, Clock, Post, said
from vhealthd.alerting.words import endings
from vhealthd.config import TwilioChannel
from vhealthd.errors import DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from vhealthd.language import Language
from vhealthd.model import Alert, Event, Notice, VirtualCenter
from vhealthd.report.mailbody import plain
from vhealthd.report.mailwords import MailWords
from vhealthd.report.words import NOTHING

LONGEST = 320  # characters
# Shorter than what is under way has at the end of the service: cut off, nobody would note who has a message.
TIMEOUT = aiohttp.ClientTimeout(total=15, connect=10)
_NAME, _VCENTER, _TITLE = 60, 30, 50
_WORTH = 30  # characters of an advice below which it says nothing
_HOST = "https://api.twilio.com"
_CREATED = 201
_FAILED = {"failed", "undelivered", "canceled"}
# One letter outside of the alphabet of GSM, such as an ellipsis, would more than double what a message costs.
_CUT = "..."


class Twilio:
    """Sends messages. Twilio knows no repeats: who has a message is remembered, and gets it no second time.

    Only where the answer is lost on the way may a message come twice.
    """

    def __init__(
        self, settings: TwilioChannel, *, language: Language, clock: Clock, timeout: aiohttp.ClientTimeout = TIMEOUT
    ) -> None:
        self._settings = settings
        self._language = language
        self._post = Post(settings, clock=clock, timeout=timeout)

    async def send(self, notice: Notice, *, delivery_id: str) -> None:
        """Send to all numbers. Raises as `resume` does."""
        await self.resume(notice, delivery_id=delivery_id, progress={})

    async def resume(
        self,
        notice: Notice,
        *,
        delivery_id: str,  # noqa: ARG002 - there is no place for it
        progress: Mapping[str, JsonValue],
    ) -> None:
        """Send to those who have it not yet. Raises DeliveryError, whose progress says who has it, or ConfigError."""
        token = await asyncio.to_thread(self._settings.auth_token.read)
        body = text(notice, self._language)
        numbers = _Numbers.of(self._settings.to, progress)
        # All at once: a service that stalls must not take the time of one attempt from those at the end.
        results = await asyncio.gather(
            *(self._one(number, body, token) for number in numbers.left), return_exceptions=True
        )
        numbers.note(results)
        numbers.conclude()

    async def _one(self, number: str, body: str, token: str) -> None:
        settings = self._settings
        sender = (
            {"From": settings.sender}
            if settings.sender
            else {"MessagingServiceSid": str(settings.messaging_service_sid)}
        )
        answer = await self._post(
            f"{settings.url or _HOST}/2010-04-01/Accounts/{settings.account_sid}/Messages.json",
            form={"To": number, **sender, "Body": body},
            auth=(settings.account_sid, token),
        )
        _judge(answer)


@dataclass(slots=True)
class _Numbers:
    """Who has the message, who cannot have it and why, and who is to be tried (again)."""

    left: tuple[str, ...]
    taken: list[str]
    refused: dict[str, str]
    waiting: dict[str, DeliveryDelayedError] = field(default_factory=dict)

    @classmethod
    def of(cls, to: tuple[str, ...], progress: Mapping[str, JsonValue]) -> "_Numbers":
        taken, refused = progress.get("taken"), progress.get("refused")
        has = [str(one) for one in taken] if isinstance(taken, list) else []
        cannot = {one: str(why) for one, why in refused.items()} if isinstance(refused, dict) else {}
        return cls(tuple(one for one in dict.fromkeys(to) if one not in has and one not in cannot), has, cannot)

    def note(self, results: Sequence[BaseException | None]) -> None:
        """Note what became of each number that was left. Raises what is no DeliveryError: no number is its cause."""
        for number, result in zip(self.left, results, strict=True):
            match result:
                case None:
                    self.taken.append(number)
                case DeliveryRefusedError():
                    self.refused[number] = str(result)
                case DeliveryDelayedError():
                    self.waiting[number] = result
                case _:
                    raise result

    def conclude(self) -> None:
        """Raise what is to be raised; nothing if everybody has it."""
        if self.waiting:
            asked = [error.retry_after for error in self.waiting.values() if error.retry_after is not None]
            raise DeliveryDelayedError(
                f"not taken yet: {_listed(self.waiting)}",
                retry_after=max(asked, default=None),
                progress=self._progress(self.refused),
            )
        if self.refused:
            others = f"; {len(self.taken)} of the others have it" if self.taken else ""
            # Whoever retries by hand has changed something: the refused are asked again.
            raise DeliveryRefusedError(f"refused: {_listed(self.refused)}{others}", progress=self._progress({}))

    def _progress(self, refused: Mapping[str, str]) -> dict[str, JsonValue]:
        return {"taken": list(self.taken), "refused": dict(refused)}


def _listed(errors: Mapping[str, str | DeliveryError]) -> str:
    return "; ".join(f"{number} ({error})" for number, error in errors.items())


def _judge(answer: Answer) -> None:
    """Raise unless Twilio says that it has the message: for now if it is not Twilio that speaks."""
    body = answer.json()
    so = f"{answer.host} answers {answer.status}, but not that it sends the message: {said(answer.text)}"
    if answer.status != _CREATED or not body.get("sid"):
        raise DeliveryDelayedError(so)
    if body.get("status") in _FAILED:
        raise DeliveryRefusedError(so)


def text(notice: Notice, language: Language) -> str:
    """Return the message, at most LONGEST characters: how much there is, the worst, and what to do if there is room."""
    words = MailWords(language)
    if notice.test:
        return language.words("This is a test of vhealthd. Nothing is wrong.")
    first = notice.alerts[0]
    ends = list(_ends(notice, words))
    head = _cut(words.with_reason("vhealthd", _counts(notice, words)), LONGEST)
    room = LONGEST - sum(len(line) + 1 for line in (head, *ends))
    lines = [head, _cut(_told(first, words), room), *ends]
    left = LONGEST - len("\n".join(lines)) - 1
    if notice.open and left >= _WORTH:
        lines.append(_cut(words.advice(plain(first.advice)), left))
    return "\n".join(lines)


def _counts(notice: Notice, words: MailWords) -> str:
    """Say how the vCenters are: what is wrong, or that nothing is."""
    if notice.critical or notice.warning:
        return words.grades(notice.critical, notice.warning)
    if not notice.open:
        return words.language.words("Nothing is critical, and nothing warns.")
    return words.language.counted("{count} alert", "{count} alerts", len(notice.open))


def _told(alert: Alert, words: MailWords) -> str:
    """Say what an alert is about, and why it is sent; of one that ends no more than that."""
    where, title = _short(alert.object, _NAME), _short(alert.title, _TITLE)
    if alert.object_type != VirtualCenter.__name__:
        where = words.in_brackets(where, _short(alert.vcenter, _VCENTER))
    over = alert.event is Event.RESOLVE
    said = words.listed([where, title]) if over else words.risk(where, None, title, plain(alert.message))
    return words.with_reason(turns(words.language)[alert.turn], said)


def _ends(notice: Notice, words: MailWords) -> Iterator[str]:
    """Say how many more there are than the one that is told."""
    counted = words.language.counted
    over, elsewhere = endings(notice)
    if more := len(notice.open or notice.resolved) - 1:
        yield counted("{count} more alert", "{count} more alerts", more)
    if notice.open and over:
        yield counted("{count} alert is over", "{count} alerts are over", len(over))
    if notice.open and elsewhere:
        yield counted("{count} alert is told elsewhere now", "{count} alerts are told elsewhere now", len(elsewhere))


def _short(name: str, limit: int) -> str:
    return _cut(plain(name), limit) or NOTHING


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - len(_CUT)].rstrip() + _CUT
