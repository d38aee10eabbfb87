"""What a mail says of a scan: a ScanReport becomes lines and one table, which are then set as text and as HTML."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import chain

from vhealthd.compare import Change, Changed, Comparison
from vhealthd.figures import figures
from vhealthd.language import Language
from vhealthd.model import Delivery, Outcome, ScanReport, Severity, VCenterReport, VCenterState, VirtualCenter
from vhealthd.report import firstpage
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.glyphs import clip
from vhealthd.report.mailwords import MailWords
from vhealthd.report.names import day
from vhealthd.report.order import Found, Judged, affected, judged, quiet, tally, top, unjudged
from vhealthd.report.words import NOTHING

_TOP, _REASONS, _CHANGES = 10, 10, 5
_NAME, _MESSAGE, _ADVICE = 100, 400, 600

# Joiners belong to words and to emoji; all else that cannot be seen could hide or turn around what follows.
_UNSEEN, _JOINERS = {"Cc", "Cf", "Cs", "Zl", "Zp"}, {"\u200c", "\u200d"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A file that is too large for a mail."""

    name: str
    size: int
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """What a mail says of the files of the run."""

    attached: tuple[str, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    folder: str | None = None
    pdf_error: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, how bad it is, and what to do about it."""

    text: str
    status: Outcome | None = None
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """All that a mail says, in the order in which it is read."""

    title: str
    outcomes: Mapping[str, str]  # the words for them
    marks: Mapping[str, str]  # the same at the begin of a line
    lead: tuple[Line, ...]
    columns: tuple[str, ...]  # none: there is no table
    rows: tuple[tuple[str, ...], ...]
    sections: tuple[tuple[str, tuple[Line, ...]], ...]  # none is empty
    footer: str


def build(
    report: ScanReport,
    *,
    language: Language,
    zone: tzinfo,
    enclosed: Enclosed,
    background: Background = NO_BACKGROUND,
) -> Body:
    """Return what is said of a run."""
    words = MailWords(language)
    sections = (
        (words.changes_heading(), _changes(background.comparison, words)),
        (words.risks_heading(), _risks(report, words)),
        (words.unseen_heading(), _unseen(report, words)),
        (words.failed_heading(), _failed(background.failed, words)),
        (words.full_heading(), _full(enclosed, words)),
    )
    return Body(
        title=words.title(day(report, zone)),
        outcomes=words.outcomes,
        marks={outcome: words.with_reason(word.upper(), "") for outcome, word in words.outcomes.items()},
        lead=tuple(_lead(report, background, words)),
        columns=words.columns(),
        rows=tuple(_row(one, words) for one in report.vcenters),
        sections=tuple((title, lines) for title, made in sections if (lines := tuple(made))),
        footer=words.run(report, zone),
    )


def plain(text: str, limit: int = 1000) -> str:
    """Return text that hides nothing: on one line, and with what cannot be seen as its code point, `[U+202E]`."""
    seen = (_shown(letter) for letter in " ".join(unicodedata.normalize("NFC", text).split()))
    return clip("".join(seen), limit)


def _shown(letter: str) -> str:
    hidden = unicodedata.category(letter) in _UNSEEN and letter not in _JOINERS
    return f"[U+{ord(letter):04X}]" if hidden else letter


def count(vcenters: Sequence[VCenterReport]) -> dict[Severity, int]:
    """Count the findings that count, by severity."""
    counts = dict.fromkeys(Severity, 0)
    for finding in chain.from_iterable(result.counted for one in vcenters for result in one.results):
        counts[finding.severity] += 1
    return counts


def _lead(report: ScanReport, background: Background, words: MailWords) -> Iterator[Line]:
    if down := firstpage.in_state(report, VCenterState.UNREACHABLE, words):
        yield Line(plain(words.unreachable(down)), Outcome.CRITICAL)
    counts = count(report.vcenters)
    objects = affected(report)
    worst = next((one for one in (Severity.CRITICAL, Severity.WARNING) if counts[one]), None)
    where = len({vcenter for vcenter, _ in objects})
    said = words.found(counts[Severity.CRITICAL], counts[Severity.WARNING], len(objects), where)
    yield Line(said, Outcome(worst) if worst else None)
    results = tally(judged(report))
    for status, text in firstpage.unseen(report, results, words):
        yield Line(plain(text), status)
    if any(aside := quiet(judged(report))):
        yield Line(words.quiet(*aside))
    yield Line(words.passed(results[Outcome.PASS], sum(results.values())))
    score = figures(report).score
    if score is not None:
        yield Line(words.score(score))
    if levels := [(name, of.overall.percent) for name, of in background.sla.items()]:
        yield Line(words.attained(levels))


def _row(vcenter: VCenterReport, words: MailWords) -> tuple[str, ...]:
    """Return a vCenter's line of the dashboard."""
    found = count([vcenter])
    results = tally(Judged(vcenter, result) for result in vcenter.results)
    return (
        plain(vcenter.name, _NAME),
        words.state(vcenter.state, plain(vcenter.version) if vcenter.version else None),
        *(words.number(found[one]) for one in (Severity.CRITICAL, Severity.WARNING, Severity.INFO)),
        words.of_checks(
            results[Outcome.PASS], results[Outcome.UNKNOWN], results[Outcome.SKIPPED], sum(results.values())
        ),
    )


def changed(comparison: Comparison, change: Change) -> tuple[Changed, ...]:
    """Return the findings that changed so, of those that count; the worst first."""
    return tuple(one for one in comparison.of(change) if one.counts)


def _changes(comparison: Comparison | None, words: MailWords) -> Iterator[Line]:
    """Count what changed, then name the worst of it."""
    if comparison is None:
        return
    new, worsened, resolved = (changed(comparison, change) for change in (Change.NEW, Change.WORSENED, Change.RESOLVED))
    yield Line(words.changes(len(new), len(worsened), len(resolved)))
    several = len(comparison.new.vcenters) > 1
    for one in (*new[:_CHANGES], *worsened[:_CHANGES], *resolved[:_CHANGES]):
        status = None if one.change is Change.RESOLVED else Outcome(one.finding.severity)
        yield Line(
            words.became(one.change, _said(Found(one.vcenter, one.result, one.finding), words, several=several)), status
        )


def _risks(report: ScanReport, words: MailWords) -> Iterator[Line]:
    """Tell the worst findings; what is only worth knowing is no risk."""
    several = len(report.vcenters) > 1
    counts = count(report.vcenters)
    total = counts[Severity.CRITICAL] + counts[Severity.WARNING]
    worst = [one for one in top(report, _TOP) if one.finding.severity is not Severity.INFO]
    for one in worst:
        yield _risk(one, words, several=several)
    if total > len(worst):
        yield Line(words.more_risks(len(worst), total))


def _risk(one: Found, words: MailWords, *, several: bool) -> Line:
    advice = words.advice(plain(words.language.words(one.result.remediation), _ADVICE))
    return Line(_said(one, words, several=several), Outcome(one.finding.severity), advice)


def _said(one: Found, words: MailWords, *, several: bool) -> str:
    """Say what was found: `db-1 (prod), Snapshot age: ...`."""
    about = one.finding.object
    named = one.vcenter.name if several and not isinstance(about, VirtualCenter) else None
    return words.risk(
        plain(about.name, _NAME),
        plain(named, _NAME) if named else None,
        plain(words.language.words(one.result.title)),
        plain(words.language.say(one.finding.text), _MESSAGE),
    )


def _unseen(report: ScanReport, words: MailWords) -> Iterator[Line]:
    """Tell why checks could not be judged."""
    groups = [one for one in unjudged(judged(report)) if one.outcome is Outcome.UNKNOWN]
    for group in groups[:_REASONS]:
        checks = [result.check for result in group.results]
        reason = words.language.say(group.reason) if group.reason else None
        yield Line(plain(words.unjudged_by(group.vcenter.name, checks, reason), _MESSAGE), group.outcome)
    if len(groups) > _REASONS:
        yield Line(words.more_unjudged(len(groups) - _REASONS))


def _failed(failed: Sequence[Delivery], words: MailWords) -> Iterator[Line]:
    for one in failed:
        parcel = one.parcel
        yield Line(plain(words.failed(parcel.what, parcel.sink, parcel.run_id, one.error or NOTHING), _MESSAGE))


def _full(enclosed: Enclosed, words: MailWords) -> Iterator[Line]:
    if enclosed.pdf_error:
        yield Line(plain(words.no_pdf(enclosed.pdf_error), _MESSAGE), Outcome.UNKNOWN)
    if enclosed.attached:
        yield Line(words.attached(enclosed.attached))
    for one in enclosed.elsewhere:
        yield Line(plain(words.elsewhere(one.name, one.size, one.where)))
    if enclosed.folder:
        yield Line(plain(words.folder(enclosed.folder)))
