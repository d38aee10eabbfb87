"""`make bench`: what a scan costs, beside the time that the same bytes take to fetch and throw away.

The mock estate runs in a process of its own, each scan in a fresh one, so that memory is that of one scan. Seconds
differ from machine to machine; the ratios between the columns of one run say more.
"""

import asyncio
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

from vhealthd import interpreter
from vhealthd.catalogue import Catalogue
from vhealthd.config import Settings
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


def main() -> int:
    """Print a table; with an argument, be the child that measures one estate."""
    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps(asyncio.run(measure(json.loads(sys.argv[1])))))
        return 0
    sys.stdout.write("  ".join(title.rjust(len(form.format(0))) for title, _, form in COLUMNS) + "\n")
    for hosts, vms in SIZES:
        with estate(hosts, vms) as mock, suppress(KeyboardInterrupt):
            child = subprocess.run(
                [sys.executable, "-m", "tests.bench", json.dumps(mock)],
                env={"BENCH_PASSWORD": mock["password"], "PATH": ""},
                capture_output=True,
                text=True,
                check=True,
            )
            figures = json.loads(child.stdout)
            sys.stdout.write("  ".join(form.format(figures[key]) for _, key, form in COLUMNS) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
