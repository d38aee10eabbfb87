"""One page for people: the last run, what it found, where its reports are, when the next one begins. No script."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from aiohttp import web

from vhealthd.model import Outcome, ScanReport
from vhealthd.report.order import top
from vhealthd.web.service import Run, Service
from vhealthd.wording import english

_SHOWN = 10
_FILES = {"pdf": "report.pdf", "html": "report.html", "json": "report.json", "csv": "findings.csv"}
_STYLE = """
:root { color-scheme: light dark; --line: #d5d9de; --soft: #5b6570; --critical: #b3261e; --warning: #8a5a00;
  --unknown: #6a3fa0; --info: #1f5fa8; --pass: #1e7a3c; --skipped: #5b6570; }
@media (prefers-color-scheme: dark) { :root { --line: #3a4048; --soft: #a3abb5; --critical: #ff8a80; --warning: #f0b84a;
  --unknown: #c3a3f0; --info: #8ab8f5; --pass: #7fd49a; --skipped: #a3abb5; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p, td { overflow-wrap: anywhere; } .soft { color: var(--soft); }
ul.counts { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem; }
ul.counts li { border: 1px solid var(--line); border-radius: .4rem; padding: .3rem .8rem; }
ul.counts b { font-size: 1.3rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line); }
""" + "\n".join(f".{one.value} {{ color: var(--{one.value}); }}" for one in Outcome)
# The browser takes this style and nothing else.
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class Dashboard:
    """Makes the page. What is worst in a run is looked up once."""

    def __init__(self, service: Service, problems: Callable[[], Awaitable[Sequence[str]]]) -> None:
        self._service = service
        self._problems = problems
        self._worst: tuple[str, str] = ("", "")  # a run and its rows

    async def page(self, _request: web.Request) -> web.StreamResponse:
        """Return the page."""
        now, run = self._service.status(), await self._service.state.runs.find("latest")
        parts = [_wrong(await self._problems()), _coming(now.next_scan, now.running)]
        parts += ["<p>No scan has been done yet.</p>"] if run is None else [_summary(run), await self._findings(run)]
        return web.Response(
            text=_frame("".join(parts)), content_type="text/html", headers={"Content-Security-Policy": _POLICY}
        )

    async def _findings(self, run: Run) -> str:
        if self._worst[0] != run.run_id:
            report = await self._service.state.runs.report(run.run_id)
            self._worst = (run.run_id, "" if report is None else await asyncio.to_thread(_rows, report))
        return self._worst[1]


def _frame(content: str) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>vhealthd</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>vhealthd</h1>{content}</body></html>\n"
    )


def _wrong(problems: Sequence[str]) -> str:
    if not problems:
        return ""
    items = "".join(f"<li>{_text(one)}</li>" for one in problems)
    return f'<h2 class="critical">What is wrong with the service</h2><ul>{items}</ul>'


def _coming(next_scan: datetime | None, running: str | None) -> str:
    under_way = f"Run {_text(running)} is under way. " if running else ""
    coming = f"The next scan begins at {_moment(next_scan)}." if next_scan else "No scan is scheduled."
    return f'<p class="soft">{under_way}{coming}</p>'


def _summary(run: Run) -> str:
    counts = "".join(
        f'<li><b class="{outcome.value}">{run.outcomes[outcome]}</b> {outcome.value}</li>'
        for outcome in Outcome
        if run.outcomes.get(outcome)
    )
    links = " · ".join(
        f'<a href="/api/v1/runs/{escape(run.run_id)}/{name}">{name}</a>'
        for form, name in _FILES.items()
        if form in run.files
    )
    ended = _moment(run.finished) if run.finished else "?"
    return (
        f"<h2>Last run: {_text(run.run_id)}</h2>"
        f'<p>{_listed(run.vcenters)} <span class="soft">ended {ended}, asked for by {_text(run.trigger)}</span></p>'
        f'<ul class="counts">{counts}</ul><p>{links}</p>'
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_text(name) for name in names)


def _rows(report: ScanReport) -> str:
    rows = "".join(
        f'<tr><td class="{one.finding.severity.value}">{one.finding.severity.value}</td>'
        f"<td>{_text(one.result.check)}</td><td>{_text(one.finding.object.name)}</td>"
        f"<td>{_text(english(one.finding.text))}</td><td>{_text(one.vcenter.name)}</td></tr>"
        for one in top(report, _SHOWN)
    )
    head = "".join(f"<th>{title}</th>" for title in ("severity", "check", "object", "finding", "vCenter"))
    return f"<h2>Read first</h2><table><tr>{head}</tr>{rows}</table>" if rows else "<p>Nothing was found.</p>"


def _text(text: str) -> str:
    """Return text that stays text in a page; whoever named the object may have had other plans."""
    visible = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return f"<bdi>{escape(visible)}</bdi>"


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
