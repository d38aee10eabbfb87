"""`make bench`: what a scan costs, beside the time that the same bytes take to fetch and throw away; what a PDF costs.

The mock estate runs in a process of its own, each scan and each PDF in a fresh one, so that memory is that of one.
Seconds differ from machine to machine; the ratios between the columns of one run say more.
"""

import asyncio
import io
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import aiohttp
import pikepdf

from tests.report.scans import ENGLISH, finding, result, say, vcenter, vm
from tests.report.scans import scan as report_on
from vhealthd import interpreter
from vhealthd.catalogue import Catalogue
from vhealthd.config import Settings
from vhealthd.model import Category, CheckResult, ScanReport
from vhealthd.report import chapter, jsonreport
from vhealthd.report.pdf import render_pdf
from vhealthd.scan import Scan, scan
from vhealthd.vcenter.transport import Answer, Transport

SIZES = ((50, 1_000), (250, 5_000), (1_000, 20_000))
IN_FLIGHT = 8
COLUMNS = (
    ("VMs", "vms", "{:>7,}"),
    ("scan s", "scan_seconds", "{:>8.2f}"),
    ("fetch s", "fetch_seconds", "{:>8.2f}"),
    ("scan/fetch", "ratio", "{:>11.2f}"),
    ("requests", "requests", "{:>9,}"),
    ("MB", "megabytes", "{:>8.1f}"),
    ("peak MB", "peak_megabytes", "{:>8.0f}"),
    ("loop held ms", "loop_held_ms", "{:>13.0f}"),
)
# Findings, and whether a check shows no more of them than it does in the product.
PDFS = ((50, True), (5_000, True), (50_000, True), (5_000, False))
PDF_COLUMNS = (
    ("findings", "findings", "{:>8,}"),
    ("shown", "shown", "{:>8,}"),
    ("PDF s", "pdf_seconds", "{:>8.2f}"),
    ("CPU s", "cpu_seconds", "{:>8.2f}"),
    ("PDF MB", "megabytes", "{:>9.1f}"),
    ("peak MB", "peak_megabytes", "{:>8.0f}"),
    ("pages", "pages", "{:>7,}"),
)
CHECKS, CHECKS_THAT_FIND = 32, 13
SENTENCES = (
    say("SSH is running; it should be stopped (start policy: {policy})", policy="off"),
    say(
        "{used:percent} of the datastore is used; the limit is {threshold_percent:limit}", used=97, threshold_percent=95
    ),
    say("The port group VM Network accepts MAC address changes: its machines can receive under another MAC address"),
)
Columns = tuple[tuple[str, str, str], ...]


@contextmanager
def estate(hosts: int, vms: int) -> Iterator[dict[str, str]]:
    """Run a large mock estate; plain HTTP and uncompressed, so that the bytes counted are those decoded."""
    command = [sys.executable, "-m", "mocks", "--hosts", str(hosts), "--vms", str(vms), "--no-tls", "--no-gzip"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


class NoProgress:
    """Nobody watches."""

    def update(self, vcenter: str, done: int, total: int, doing: str) -> None:
        """Hear nothing."""


async def scan_once(mock: Mapping[str, str]) -> dict[str, float]:
    """Scan and measure."""
    settings = Settings.model_validate(
        {
            "vcenters": [
                {"name": "big", "url": mock["url"], "username": mock["user"], "password": {"env": "BENCH_PASSWORD"}}
            ],
            "dns": {"nameservers": [mock["dns"]]},
            "scan": {"requests_in_flight": IN_FLIGHT, "deadline": timedelta(minutes=10)},
        }
    )
    plan = Scan(settings=settings, checks=Catalogue.discover().bind(settings), run_id="bench", progress=NoProgress())
    held = Held()
    watch = asyncio.create_task(held.watch(), name="loop watch")
    started = time.perf_counter()
    report, _ = await scan(plan, settings.vcenters)
    seconds = time.perf_counter() - started
    watch.cancel()
    return {
        "scan_seconds": seconds,
        "requests": report.vcenters[0].requests,
        "vms": report.vcenters[0].counts.vms or 0,
        "loop_held_ms": held.longest * 1000,
    }


class Held:
    """How long the event loop was held at most."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def watch(self, every: float = 0.005) -> None:
        """Sleep shortly again and again, and note how late each wake-up is."""
        while True:
            before = time.perf_counter()
            await asyncio.sleep(every)
            self.longest = max(self.longest, time.perf_counter() - before - every)


class Recorded(Transport):
    """Notes the property reads and their bytes, to repeat them."""

    reads: list[tuple[str, object]]
    size: int

    async def send(self, method: str, path: str, **more: Any) -> Answer:  # noqa: ANN401 - as the base class takes it
        """Send and note."""
        answer = await super().send(method, path, **more)
        type(self).size += len(answer.body)
        if path.endswith("/RetrievePropertiesEx"):
            type(self).reads.append((path, more["json"]))
        return answer


async def fetch_again(mock: Mapping[str, str], reads: list[tuple[str, object]]) -> float:
    """Repeat the property reads and throw the answers away; return the seconds."""
    auth = aiohttp.encode_basic_auth(mock["user"], mock["password"])
    async with aiohttp.ClientSession(mock["url"]) as http:
        async with http.post("/api/session", headers={"Authorization": auth}) as answer:
            headers = {"vmware-api-session-id": await answer.json()}
        waiting = iter(reads)

        async def worker() -> None:
            for path, body in waiting:
                async with http.post(path, json=body, headers=headers) as answer:
                    while await answer.content.readany():
                        pass

        started = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
        return time.perf_counter() - started


async def measure(mock: Mapping[str, str]) -> dict[str, float]:
    """Scan twice, the first time to warm the estate's caches, then fetch the same bytes."""
    interpreter.tune()
    await scan_once(mock)
    Recorded.reads, Recorded.size = [], 0
    with patch("vhealthd.vcenter.visit.Transport", Recorded):
        figures = await scan_once(mock)
    figures["fetch_seconds"] = await fetch_again(mock, Recorded.reads)
    figures["ratio"] = figures["scan_seconds"] / figures["fetch_seconds"]
    figures["megabytes"] = Recorded.size / 1e6
    figures["peak_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def findings_of(count: int) -> ScanReport:
    """Make a report with so many findings."""
    return report_on(vcenter("big", [_checked(number, count) for number in range(CHECKS)]))


def _checked(number: int, count: int) -> CheckResult:
    names = [f"erp-{place:05}" for place in range(number, count, CHECKS_THAT_FIND)] if number < CHECKS_THAT_FIND else []
    found = [
        finding(vm(name, number * count + place, f"/DC0/vm/Production/{name}"), text=SENTENCES[number % len(SENTENCES)])
        for place, name in enumerate(names)
    ]
    categories = list(Category)
    return result(f"check-{number:02}", found, category=categories[number % len(categories)], examined=count)


async def measure_pdf(findings: int, *, capped: bool) -> dict[str, float]:
    """Make a PDF. The time is that of this process and of the one that makes it, the memory of that one alone.

    It is never less than that of this process, which is what the other begins as.
    """
    report = findings_of(findings)
    json_bytes = jsonreport.encode(report)
    most = chapter.MAX_ROWS if capped else findings
    started, processor = time.perf_counter(), _processor()
    with patch.object(chapter, "MAX_ROWS", most):
        pdf = await render_pdf(report, json_bytes=json_bytes, language=ENGLISH)
    seconds, processor = time.perf_counter() - started, _processor() - processor
    with pikepdf.open(io.BytesIO(pdf)) as document:
        pages = len(document.pages)
    return {
        "findings": findings,
        "shown": sum(min(most, len(one.findings)) for one in report.vcenters[0].results),
        "pdf_seconds": seconds,
        "cpu_seconds": processor,
        "megabytes": len(pdf) / 1e6,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "pages": pages,
    }


def _processor() -> float:
    """Return the seconds of processor time of this process and of those that it waited for."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def child(kind: str, about: Any, password: str = "") -> dict[str, float]:  # noqa: ANN401 - what `measured` takes
    """Measure in a fresh process."""
    command = [sys.executable, "-m", "tests.bench", kind, json.dumps(about)]
    env = {"BENCH_PASSWORD": password, "PATH": ""}
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


async def measured(kind: str, about: Any) -> dict[str, float]:  # noqa: ANN401 - of an estate its address, of a PDF its size
    """Measure what the parent asks for."""
    if kind == "scan":
        return await measure(about)
    findings, capped = about
    return await measure_pdf(findings, capped=capped)


def show(columns: Columns, figures: Mapping[str, float] | None = None) -> None:
    """Print a row of a table, or its titles."""
    if figures is None:
        cells = [title.rjust(len(form.format(0))) for title, _, form in columns]
    else:
        cells = [form.format(figures[key]) for _, key, form in columns]
    sys.stdout.write("  ".join(cells) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Print two tables; with arguments, be the child that measures one estate or one PDF."""
    if len(sys.argv) > 1:
        kind, about = sys.argv[1:]
        sys.stdout.write(json.dumps(asyncio.run(measured(kind, json.loads(about)))))
        return 0
    with suppress(KeyboardInterrupt):
        show(COLUMNS)
        for hosts, vms in SIZES:
            with estate(hosts, vms) as mock:
                show(COLUMNS, child("scan", mock, mock["password"]))
        sys.stdout.write("\n")
        show(PDF_COLUMNS)
        for size in PDFS:
            show(PDF_COLUMNS, child("pdf", size))
    return 0


if __name__ == "__main__":
    sys.exit(main())
