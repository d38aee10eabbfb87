"""The first page in words: what a manager can read aloud. Mails begin with the same sentences."""

from collections.abc import Iterator

from vhealthd.figures import figures
from vhealthd.model import Outcome, ScanReport, VCenterReport, VCenterState
from vhealthd.report.background import Background
from vhealthd.report.glyphs import clip, safe
from vhealthd.report.order import affected, judged, quiet, tally, unexamined
from vhealthd.report.reportwords import ReportWords
from vhealthd.report.words import Words

# Characters for a name, and for all reasons in one sentence, which names so many vCenters at most.
_NAME, _REASON, _NAMED = 28, 120, 3

Said = tuple[Outcome, str]


def lead(report: ScanReport, background: Background, words: ReportWords) -> list[dict[str, str]]:
    """Return the sentences: how old it is, what was not seen, what is wrong, what else was not seen, how healthy."""
    return [{"status": status.value, "text": safe(text)} for status, text in _lead(report, background, words)]


def _lead(report: ScanReport, background: Background, words: ReportWords) -> Iterator[Said]:
    counts = tally(judged(report))
    yield from _as_of(report, words)
    if down := in_state(report, VCenterState.UNREACHABLE, words):
        yield Outcome.CRITICAL, words.unreachable(down)
    if objects := affected(report):
        worst = Outcome.CRITICAL if counts[Outcome.CRITICAL] else Outcome.WARNING
        where = len({vcenter for vcenter, _ in objects})
        yield worst, words.affected(counts[Outcome.CRITICAL], counts[Outcome.WARNING], len(objects), where)
    yield from unseen(report, counts, words)
    if any(aside := quiet(judged(report))):
        yield Outcome.INFO, words.quiet(*aside)
    total = sum(counts.values())
    fine = total > 0 and counts[Outcome.PASS] == total
    yield (Outcome.PASS if fine else Outcome.INFO), words.passed(counts[Outcome.PASS], total)
    score = figures(report).score
    if score is not None:
        yield (Outcome.PASS if fine else Outcome.INFO), words.score(score, _change(score, background))


def _as_of(report: ScanReport, words: ReportWords) -> Iterator[Said]:
    """Say of an inventory that is judged again from when it is; of several vCenters, from when the oldest is."""
    kept = [(one.seen, clip(one.name, _NAME)) for one in report.vcenters if one.seen]
    if not kept:
        return
    said = words.language.counted(
        "This shows {names} as it was seen on {time}.",
        "This shows {names} as they were seen on {time}.",
        len(kept),
        names=words.some([name for _, name in kept]),
        time=words.moment(min(seen for seen, _ in kept)),
    )
    yield Outcome.INFO, said


def _change(score: int, background: Background) -> int | None:
    before = background.runs[-1].figures.score if background.runs else None
    return None if before is None else score - before


def unseen(report: ScanReport, counts: dict[Outcome, int], words: Words) -> list[Said]:
    """Say what was not seen, or not for sure, of vCenters that answered; nothing where all was."""
    missed = unexamined(judged(report))
    unmatched = [clip(name, _NAME) for vcenter in report.vcenters for name in vcenter.unmatched_scope]
    untrusted = [clip(one.name, _NAME) for one in report.vcenters if one.tls in ("unverified", "plain")]
    partial = in_state(report, VCenterState.PARTIAL, words)
    said = (
        (Outcome.UNKNOWN, partial and words.partial(partial)),
        (Outcome.UNKNOWN, counts[Outcome.UNKNOWN] and words.unjudged(counts[Outcome.UNKNOWN])),
        (Outcome.UNKNOWN, missed and words.unexamined(missed)),
        (Outcome.UNKNOWN, unmatched and words.unmatched(unmatched)),
        (Outcome.WARNING, untrusted and words.untrusted(untrusted)),
    )
    return [(status, str(text)) for status, text in said if text]


def in_state(report: ScanReport, state: VCenterState, words: Words) -> list[str]:
    """Name the vCenters in a state, each with its reason."""
    those = [one for one in report.vcenters if one.state is state]
    return [_with_reason(one, _REASON // min(len(those), _NAMED), words) for one in those]


def _with_reason(vcenter: VCenterReport, room: int, words: Words) -> str:
    name = clip(vcenter.name, _NAME)
    if not vcenter.reason:
        return name
    return words.in_brackets(name, clip(vcenter.reason.rstrip("."), room))
