"""What the robots of chats say: counts first, the worst first, what to do, and at the end what is over for the reader.

A notice becomes lines in one language, which DingTalk and WeCom show as Markdown and Feishu as a card. Names come from
vCenter and may be hostile: no line breaks, hides or turns around. What Markdown would take for its own is taken from
it here too, by `inert`; a card has parts that are plain text, and needs none of that.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from types import MappingProxyType
from typing import TypeVar

from vhealthd.alerting.channel import turns
from vhealthd.alerting.words import is_told_elsewhere
from vhealthd.language import Language
from vhealthd.model import Alert, Event, Notice, Severity, Turn, VirtualCenter
from vhealthd.report.mailbody import plain
from vhealthd.report.words import NOTHING, Words

T = TypeVar("T")

MOST = 20  # alerts; nobody reads more on a telephone
# Characters: few enough for one alert to fit into any message, even with names in letters of 4 bytes.
_NAME, _VCENTER, _MESSAGE, _ADVICE, _PLACE = 60, 40, 240, 280, 150
_LONGEST_URL = 300

# Letters that make links, mentions, tags, emphasis and code. Not all underscores are among them: inside of a word they
# are common in names and mean nothing. A "//" after a colon makes a link without any other mark.
_ACTIVE = re.compile(r"[*`\[\]<>~\\@]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|&(?=#?[0-9A-Za-z]+;)|:(?=//)")
_TO_FULL_WIDTH = 0xFEE0  # as far from each letter of printable ASCII
# How alerts end, and with the severity of which others that is shown.
_OVER, _ELSEWHERE = "over", "elsewhere"
_ENDS = MappingProxyType({_OVER: None, _ELSEWHERE: Severity.INFO})
_LINKABLE = re.compile(r"https?://[0-9A-Za-z.:-]+(/[0-9A-Za-z._~/?#@&+,;=%:-]*)?")


@dataclass(frozen=True, slots=True)
class Link:
    """A fixed word and where it leads: a URL of harmless letters."""

    word: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One alert: a heading, and lines that each begin with words that are ours."""

    head: str
    lines: tuple[str, ...] = ()
    link: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Alerts of one severity, or (without one) those that are resolved. The title has no foreign words.

    What is told elsewhere now needs no more attention than what is informative: it has that severity here.
    """

    severity: Severity | None
    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """All that is said of a notice, in the order in which it is read. `severity` is the worst that is open."""

    title: str
    severity: Severity | None
    lead: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    ending: tuple[str, ...] = ()
    link: Link | None = None


def fitted(notice: Notice, language: Language, make: Callable[[Telling], T], fits: Callable[[T], bool]) -> T:
    """Return what `make` makes of as many alerts as fit. With none of them it fits by its nature: all is clipped."""

    def too_long(most: int) -> bool:
        return not fits(make(tell(notice, language, most)))

    numbers = range(1, min(len(notice.alerts), MOST) + 1)
    return make(tell(notice, language, bisect_left(numbers, True, key=too_long)))  # noqa: FBT003 - the first of these


def tell(notice: Notice, language: Language, most: int = MOST) -> Telling:
    """Return what is said of a notice: the first `most` of its alerts, and how many others there are."""
    words = _RobotWords(language)
    notice = replace(notice, alerts=tuple(sorted(notice.alerts, key=is_told_elsewhere)))  # those at the end
    if notice.test:
        return Telling(title=words.test(), severity=None, ending=tuple(words.run(notice)))
    link = _link(words.report, notice.report)
    return Telling(
        title=words.title(notice),
        severity=max((one.severity for one in notice.open), key=lambda one: one.rank, default=None),
        lead=(words.found(notice),),
        sections=tuple(_sections(notice, most, words)),
        ending=tuple(_ending(notice, most, words, with_report=not link)),
        link=link,
    )


def inert(text: str) -> str:
    """Return the text with each letter that Markdown could act on in its full-width form, which looks alike.

    Backslashes would not do: neither DingTalk nor WeCom documents them.
    """
    return _ACTIVE.sub(lambda found: chr(ord(found[0]) + _TO_FULL_WIDTH), text)


def written(telling: Telling, *, newline: str, heading: Callable[[Section], str]) -> str:
    """Return it as Markdown that needs but headings, bold and links. `newline` breaks a line inside of a paragraph."""
    paragraphs = [f"### {inert(telling.title)}", newline.join(map(inert, telling.lead))]
    for section in telling.sections:
        paragraphs.append(f"#### {heading(section)}")
        paragraphs += (newline.join(_item_lines(item)) for item in section.items)
    ending = [inert(line) for line in telling.ending]
    paragraphs.append(newline.join([*ending, linked(telling.link)] if telling.link else ending))
    return "\n\n".join(filter(None, paragraphs))


def linked(link: Link) -> str:
    """Return a link as Markdown."""
    return f"[{link.word}]({link.url})"


def _item_lines(item: Item) -> Iterator[str]:
    yield f"**{inert(item.head)}**"
    yield from map(inert, item.lines)
    if item.link:
        yield linked(item.link)


def _link(word: str, url: str | None) -> Link | None:
    """Return a link to what can be linked safely; a path of a file, for one, cannot."""
    return Link(word, url) if url and len(url) <= _LONGEST_URL and _LINKABLE.fullmatch(url) else None


def _group(alert: Alert) -> str:
    """Name the section of an alert: how bad it is, or how it ended."""
    if alert.event is Event.TRIGGER:
        return alert.severity
    return _ELSEWHERE if is_told_elsewhere(alert) else _OVER


def _sections(notice: Notice, most: int, words: "_RobotWords") -> Iterator[Section]:
    for name, group in groupby(notice.alerts[:most], key=_group):
        alerts = list(group)
        total = sum(_group(one) == name for one in notice.alerts)
        ended = name in _ENDS
        yield Section(
            severity=_ENDS[name] if ended else alerts[0].severity,
            title=words.in_brackets(words.groups[name], words.number(total)),
            items=tuple(map(words.over, alerts) if ended else _open(alerts, words)),
        )


def _open(alerts: Sequence[Alert], words: "_RobotWords") -> Iterator[Item]:
    """Tell alerts; what to do is said once for several in a row that ask for the same."""
    said = None
    for alert in alerts:
        repeats, said = alert.advice == said, alert.advice
        yield Item(
            head=words.head(alert),
            lines=tuple(words.lines(alert, advice=not repeats)),
            link=None if repeats else _link(words.article, alert.kb),
        )


def _ending(notice: Notice, most: int, words: "_RobotWords", *, with_report: bool) -> Iterator[str]:
    if hidden := notice.alerts[most:]:
        yield words.hidden(hidden)
    yield from words.run(notice)
    if with_report and notice.report:
        yield words.with_reason(words.report, plain(notice.report, _PLACE))


class _RobotWords(Words):
    """The sentences of a robot."""

    def __init__(self, language: Language) -> None:
        super().__init__(language)
        words = language.words
        self.report = words("The full report")
        self.article = words("Knowledge base article")
        self.turns = turns(language)
        self.groups = {
            **self.outcomes,
            _OVER: self.turns[Turn.RESOLVED],
            _ELSEWHERE: words("Told elsewhere now"),
        }

    def test(self) -> str:
        return self.language.words("This is a test of vhealthd. Nothing is wrong.")

    def title(self, notice: Notice) -> str:
        """Return `vhealthd: 3 critical, 1 resolved (prod, dr)`. A robot's keyword can be its first word."""
        names = [plain(name, _VCENTER) for name in notice.vcenters]
        return self.with_reason("vhealthd", self.in_brackets(self.counts(notice.alerts), self.some(names) or NOTHING))

    def counts(self, alerts: Sequence[Alert]) -> str:
        """Return how many alerts there are of each kind, `3 critical, 1 resolved`."""
        groups = [_group(one) for one in alerts]
        said = [self.of_outcome(groups.count(one), one) for one in reversed(Severity) if one in groups]
        if over := groups.count(_OVER):
            said.append(self.language.words("{count} resolved", count=self.number(over)))
        if elsewhere := groups.count(_ELSEWHERE):
            said.append(self.language.words("{count} told elsewhere now", count=self.number(elsewhere)))
        return self.listed(said)

    def found(self, notice: Notice) -> str:
        """Say how much the run has found, whatever of it is told here."""
        found = {"critical": notice.critical, "warning": notice.warning, "info": notice.info}
        said = [self.of_outcome(count, outcome) for outcome, count in found.items() if count]
        if not said:
            return self.language.words("The run has no findings.")
        return self.language.words("All findings of the run: {counts}.", counts=self.listed(said))

    def hidden(self, alerts: Sequence[Alert]) -> str:
        return self.language.words("Not shown here: {counts}; see the report.", counts=self.counts(alerts))

    def run(self, notice: Notice) -> Iterator[str]:
        """Say which run it is and when it was, and when the next one is."""
        words, moment = self.language.words, self.language.moment
        yield self.in_brackets(words("Run {run}", run=plain(notice.run_id, _NAME)), moment(notice.made))
        if notice.next_run:
            yield words("Next run: {time}", time=moment(notice.next_run))

    def head(self, alert: Alert) -> str:
        """Return why it is told, the object, its vCenter and, unless it is new, since when it is so."""
        more = [] if alert.object_type == VirtualCenter.__name__ else [plain(alert.vcenter, _VCENTER)]
        if alert.turn not in {Turn.NEW, Turn.REOPENED}:
            more.append(self.language.words("since {when}", when=self.language.moment(alert.since)))
        name = plain(alert.object, _NAME) or NOTHING
        where = self.in_brackets(name, self.listed(more)) if more else name
        return where if alert.turn is Turn.RESOLVED else self.with_reason(self.turns[alert.turn], where)

    def lines(self, alert: Alert, *, advice: bool) -> Iterator[str]:
        """Say what is wrong with which objects, and what to do."""
        message = plain(alert.message, _MESSAGE)
        yield self.with_reason(plain(alert.title, _NAME), message)
        names = [plain(name, _NAME) for name in alert.examples]
        if not all(name in message for name in names):
            yield self.language.words("Affected: {names}", names=self.named(names, alert.count))
        if advice:
            yield self.language.words("What to do: {remediation}", remediation=plain(alert.advice, _ADVICE))

    def over(self, alert: Alert) -> Item:
        """Say that something is over, or worse or better and told elsewhere."""
        said = self.with_reason(plain(alert.title, _NAME), plain(alert.message, _MESSAGE))
        return Item(head=self.head(alert), lines=(said,))
