"""Kills the service at random moments of scans and deliveries, and sees whether anything is lost or done twice.

The moments are spread over what can be seen from outside: so much time after the start, the n-th request to vCenter,
the n-th command to the mail server, the n-th request to the store; and a little later than that.
"""

import asyncio
import hashlib
import json
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mocks.s3 import MockS3
from mocks.smtp import MockSmtp
from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.e2e.commands import site
from tests.e2e.service import Service, service

PATIENCE = 120  # seconds
_LOOK = 0.001
_NEVER = 8.0  # seconds; a moment that does not come by then is taken to be now


@dataclass
class Tally:
    """What a storm did and what came of it."""

    kills: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    # how many deliveries were in each state when the service died, and how many runs were
    deliveries: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    committed: int = 0
    objects: int = 0
    mails: int = 0
    repeated_mails: int = 0
    problems: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Tell it."""
        return [
            f"{self.kills} kills: {_counted(self.moments)}",
            f"deliveries when it died, summed up: {_counted(self.deliveries)}",
            f"runs when it died, summed up: {_counted(self.runs)}",
            f"{self.asked} runs promised, {self.committed} committed",
            f"{self.objects} objects in the store, {self.mails} mails, {self.repeated_mails} of them repeats",
            *(self.problems or ["nothing lost, nothing stored twice, every repeat has the same Message-ID"]),
        ]


@dataclass
class Estate:
    """What the service talks to, and where it keeps what it knows."""

    vcenter: MockVCenter
    mta: MockSmtp
    s3: MockS3
    config: Path
    state: Path

    def moment(self, chance: random.Random) -> tuple[str, Callable[[], bool]]:
        """Choose a moment to die at; the returned question turns true when it has come."""
        what = chance.choice(["time", "vcenter", "mail", "store", "store", "mail"])
        seen: dict[str, Callable[[], int]] = {
            "vcenter": lambda: self.vcenter.stats.requests,
            "mail": lambda: len(self.mta.heard),
            "store": lambda: len(self.s3.requests),
        }
        if what == "time":
            loop, at = asyncio.get_running_loop(), chance.uniform(0, 3)
            began = loop.time()
            return what, lambda: loop.time() > began + at
        count = seen[what]
        target = count() + chance.randint(1, {"vcenter": 40, "mail": 7, "store": 8}[what])
        return what, lambda: count() >= target


async def storm(folder: Path, *, kills: int, seed: int) -> Tally:
    """Start the service and kill it so many times, then let it finish, and count what is there."""
    chance = random.Random(seed)  # noqa: S311 - the same moments each time, and no secret
    tally = Tally()
    async with MockVCenter(default_world()) as vcenter, MockSmtp() as mta, MockS3() as s3, site(folder) as one:
        await s3.make("reports")
        one.add(vcenter)
        (folder / "key").write_text("not-a-secret")
        one.sections |= _sections(folder, mta, s3)
        estate = Estate(vcenter, mta, s3, one.config, folder / "state")
        for _ in range(kills):
            await _start_and_kill(estate, chance, tally)
        async with service(estate.config) as last:
            await last.ready()
            await _settled(estate)
            last.send(signal.SIGTERM)
            if await last.ended() != 0:
                tally.problems.append("the last stop was not clean")
        await _count(estate, tally)
    return tally


def _sections(folder: Path, mta: MockSmtp, s3: MockS3) -> dict[str, Any]:
    key = {"file": str(folder / "key")}
    return {
        "routes": [],
        "state": {"directory": str(folder / "state")},
        "http": {"listen": "127.0.0.1:0"},
        "scan": {"select": ["vm", "vcenter-reachability"]},
        "mail": {
            "host": mta.host,
            "port": mta.port,
            "tls": "plain",
            "from": "vhealthd@example.com",
            "to": ["ops@example.com", "boss@example.com"],
        },
        "s3": {
            "bucket": "reports",
            "endpoint_url": s3.url,
            "region": "us-east-1",
            "access_key_id": key,
            "secret_access_key": key,
        },
    }


async def _start_and_kill(estate: Estate, chance: random.Random, tally: Tally) -> None:
    async with service(estate.config) as running:
        await running.ready()
        if not _open(estate.state) or chance.random() < 0.5:
            running.send(signal.SIGHUP)
        what, come = estate.moment(chance)
        await _until(come, running)
        await asyncio.sleep(chance.choice([0, 0, chance.uniform(0, 0.05)]))
        running.process.kill()
        await running.ended()
    tally.kills += 1
    tally.moments[what] += 1
    tally.deliveries += _deliveries(estate.state)
    tally.runs += _runs(estate.state)


async def _until(come: Callable[[], bool], running: Service) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + _NEVER
    while not come() and loop.time() < until:
        if running.process.returncode is not None:
            raise AssertionError("\n".join(["the service ended by itself; its log:", *running.raw[-40:]]))
        await asyncio.sleep(_LOOK)


async def _settled(estate: Estate) -> None:
    """Wait until nothing is promised and nothing waits."""
    async with asyncio.timeout(PATIENCE):
        while _open(estate.state):  # noqa: ASYNC110 - it is another process that changes it
            await asyncio.sleep(0.1)


def _open(state: Path) -> int:
    deliveries = _deliveries(state)
    return _runs(state)["asked"] + deliveries["pending"] + deliveries["sending"]


async def _count(estate: Estate, tally: Tally) -> None:
    """Hold what arrived against what was committed."""
    rows = _ask(estate.state, "SELECT id, state, files FROM runs")
    tally.asked = len(rows)
    tally.problems += [f"run {run_id} is {state}" for run_id, state, _ in rows if state != "done"]
    files = {run_id: json.loads(listed) for run_id, state, listed in rows if state == "done"}
    tally.committed = len(files)
    await _count_objects(estate, files, tally)
    _count_mails(estate, files, tally)
    # a process that is killed cannot log out; all others have
    if len(estate.vcenter.stats.sessions.open) > tally.kills:
        tally.problems.append("sessions were left open")


async def _count_objects(estate: Estate, files: dict[str, dict[str, str]], tally: Tally) -> None:
    keys = await estate.s3.keys("reports")
    tally.objects = len(keys)
    for run_id, named in files.items():
        kept = [Path(path) for form, path in named.items() if form != "html"]  # the PDF says what the page says
        wanted = [hashlib.sha256(path.read_bytes()).hexdigest() for path in kept]
        stored = [key for key in keys if f"/{run_id}/" in key]
        found = [hashlib.sha256((await estate.s3.get("reports", key))[0]).hexdigest() for key in stored]
        if sorted(found) != sorted(wanted):
            tally.problems.append(f"run {run_id}: {len(found)} objects, or other ones than its files")
    tally.problems += [f"{path} was stored {count} times" for path, count in estate.s3.stored.items() if count > 1]
    if len(keys) != 3 * len(files):
        tally.problems.append(f"{len(keys)} objects for {len(files)} runs")


def _count_mails(estate: Estate, files: dict[str, dict[str, str]], tally: Tally) -> None:
    mails = Counter(mail.message["Message-ID"] for mail in estate.mta.mails)
    bodies = {mail.message["Message-ID"]: set[bytes]() for mail in estate.mta.mails}
    for mail in estate.mta.mails:
        bodies[mail.message["Message-ID"]].add(mail.data)
    tally.mails, tally.repeated_mails = mails.total(), mails.total() - len(mails)
    if len(mails) != len(files):
        tally.problems.append(f"{len(mails)} Message-IDs for {len(files)} runs")
    tally.problems += [f"{name} has {len(some)} contents" for name, some in bodies.items() if len(some) > 1]


# --- a look into the database, past the code that is tested


def _deliveries(state: Path) -> Counter[str]:
    return Counter(dict(_ask(state, "SELECT state, count(*) FROM deliveries GROUP BY state")))


def _runs(state: Path) -> Counter[str]:
    return Counter(dict(_ask(state, "SELECT state, count(*) FROM runs GROUP BY state")))


def _ask(state: Path, question: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{state / 'vhealthd.db'}?mode=ro", uri=True)) as database:
        return database.execute(question).fetchall()


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counter.items())) or "none"
