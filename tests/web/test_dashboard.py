"""The page for people: what it shows, and that nothing of it comes alive."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

from tests.report.scans import HOSTILE, finding, ordinary, result, scan, vcenter, vm
from tests.web.services import RUN, KeptRun, Served, site
from vhealthd.errors import StateError
from vhealthd.model import Outcome, Severity
from vhealthd.web import Status


class Page(HTMLParser):
    """Collects what a page has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [str(value) for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


async def page_of(service: Served) -> tuple[Page, str]:
    async with site(service) as here, here.client.get("/") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        html = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    return Page(html), html


async def test_before_the_first_scan() -> None:
    page, _ = await page_of(Served())

    assert "No scan has been done yet." in page.text
    assert "The next scan begins at 2026-11-22 06:00 UTC." in page.text


async def test_the_last_run_and_what_is_worst_in_it() -> None:
    service = Served(wrong=["mail: refused, password=pl4nted"], now=Status(next_scan=None, running=RUN))
    service.state.runs.runs.append(
        KeptRun(outcomes={Outcome.CRITICAL: 1, Outcome.WARNING: 3, Outcome.PASS: 4}, files={})
    )
    service.state.runs.reports[RUN] = scan(ordinary())

    page, _ = await page_of(service)

    assert "mail: refused, password=***" in page.text
    assert f"Run {RUN} is under way. No scan is scheduled." in page.text
    assert "1 critical3 warning4 pass" in page.text
    assert "96.3 % of 4.0 TB is used; the limit is 95 %" in page.text
    assert page.text.index("datastore-usage") < page.text.index("memory-utilization")
    assert page.links == []


async def test_reports_are_linked() -> None:
    service = Served()
    run = KeptRun()
    service.state.runs.runs.append(replace(run, files=dict.fromkeys(("json", "pdf"), run)))  # type: ignore[arg-type]
    service.state.runs.reports[RUN] = scan(vcenter("prod", [result("dns-resolution")]))

    page, _ = await page_of(service)

    assert page.links == [f"/api/v1/runs/{RUN}/report.pdf", f"/api/v1/runs/{RUN}/report.json"]
    assert "Nothing was found." in page.text


async def test_names_of_objects_stay_text() -> None:
    service = Served()
    service.state.runs.runs.append(KeptRun(vcenters=HOSTILE, outcomes={Outcome.CRITICAL: 1}))
    hostile = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', *HOSTILE]
    found = [finding(vm(name, number), Severity.CRITICAL) for number, name in enumerate(hostile)]
    service.state.runs.reports[RUN] = scan(vcenter("prod", [result("snapshot-age", found[:10])]))
    plain, _ = await page_of(Served())

    page, html = await page_of(service)

    assert set(page.tags) <= {*plain.tags, "h2", "p", "span", "bdi", "ul", "li", "b", "table", "tr", "th", "td"}
    assert page.attributes <= {"lang", "charset", "name", "content", "class", "href"}
    assert "<script>alert(1)</script>" in page.text
    assert not re.search("[\x00-\x08\x0e-\x1f\u202e]", html)


async def test_a_state_that_cannot_be_read() -> None:
    service = Served(error=StateError("locked"))
    service.state.runs.broken = "the database is locked"
    async with site(service) as here, here.client.get("/") as answer:
        assert (answer.status, await answer.json()) == (503, {"error": "the database is locked"})
