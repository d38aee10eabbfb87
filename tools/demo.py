"""`make demo`: a month of the mock estate, scanned day by day, and today's scan as a user would do it.

The earlier days are scanned and recorded as the service does it, by the clock of their day; today is scanned by
`vhealthd scan`. The path of the PDF is the last line. The scan finds criticals, for which `vhealthd scan` exits with 2;
the demo has worked all the same and exits with 0.
"""

import asyncio
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mocks.dns import MockDns
from mocks.month import Day, days, world_on
from mocks.tls import Certificates, make_certificates
from mocks.vcenter import MockVCenter
from mocks.world import World, records
from vhealthd import interpreter, logs
from vhealthd.catalogue import Catalogue
from vhealthd.health import Health
from vhealthd.model import ScanReport
from vhealthd.orders import Order
from vhealthd.runner import Plan, Runner, read_plan
from vhealthd.scan import Clock, new_run_id, utc_now
from vhealthd.state import State, open_state
from vhealthd.vcenter.observer import Nobody

FOLDER = Path("demo-out")
STATE, CONFIG_FILE = FOLDER / "state", FOLDER / "config.yaml"
ZONE = ZoneInfo("Europe/Berlin")
EXIT_CODES_OF_A_SCAN = range(4)

CONFIG = """\
# What `make demo` scanned: a mock estate on this machine. For a configuration of your own: vhealthd config init
vcenters:
  - name: demo
    url: {url}
    username: {user}
    password: {{file: password}}
    tls: {{ca_file: ca.pem}}
dns: {{nameservers: ["{dns}"]}}
schedule: {{cron: "0 6 * * *", timezone: {zone}}}
report: {{classification: Internal}}
state: {{directory: state}}
"""


class _Estate(MockVCenter):
    """A mock vCenter that goes by a given clock."""

    def __init__(self, world: World, clock: Clock, certificates: Certificates) -> None:
        super().__init__(world, tls=certificates)
        self.clock = clock

    def now(self) -> datetime:
        """Tell the time of the day that is served."""
        return self.clock()


class _Nobody:
    """Watches nothing: a line at the beginning says what happens."""

    def started(self, order: Order) -> None:
        """Do nothing."""

    def update(self, vcenter: str, done: int, total: int, doing: str) -> None:
        """Do nothing."""

    def ended(self, order: Order, report: ScanReport | None) -> None:
        """Do nothing."""


def clock_from(began: datetime) -> Clock:
    """Return a clock that shows this time now, and goes on from there."""
    start = time.monotonic()
    return lambda: began + timedelta(seconds=time.monotonic() - start)


@asynccontextmanager
async def served(world: World, clock: Clock, certificates: Certificates) -> AsyncIterator[None]:
    """Serve a world, and write the configuration that names where."""
    async with _Estate(world, clock, certificates) as vcenter, MockDns(records(world)) as dns:
        address = f"{dns.host}:{dns.port}"
        CONFIG_FILE.write_text(CONFIG.format(url=vcenter.url, user=vcenter.user, dns=address, zone=ZONE.key))
        password = FOLDER / "password"
        password.touch(mode=0o600)
        password.write_text(vcenter.password)
        yield


def plan_of_the_past(catalogue: Catalogue) -> Plan:
    """Read the configuration; a day of the past leaves its JSON only, as a PDF takes a second, and tells nobody."""
    plan = read_plan(CONFIG_FILE, catalogue)
    report = plan.settings.report.model_copy(update={"formats": ("json",)})
    return replace(plan, settings=plan.settings.model_copy(update={"report": report, "routes": ()}))


async def record(state: State, plan: Plan, due: datetime, clock: Clock) -> None:
    """Scan what is served now, as the service does at a scheduled moment. Ends the program if the run fails."""
    health = Health()
    runner = Runner(
        state=state,
        plan=lambda: plan,
        packed=lambda: None,
        health=health,
        watcher=_Nobody(),
        observer=Nobody(),
        clock=clock,
        patience=timedelta(),
    )
    order = Order(run_id=new_run_id(due), trigger="schedule", due=due)
    await state.runs.ask(order.run_id, order.trigger, due=due, now=due)
    if await runner.run(order) is None:
        sys.exit(f"demo: the scan of {due:%Y-%m-%d} failed: {'; '.join(health.problems)}")
    await state.runs.set_last_due(due)


async def make_history(month: Iterator[tuple[Day, World]], certificates: Certificates) -> None:
    """Scan and record the days before today."""
    catalogue = Catalogue.discover()
    async with open_state(STATE) as state:
        for day, world in month:
            clock = clock_from(day.at)
            async with served(world, clock, certificates):
                await record(state, plan_of_the_past(catalogue), day.at, clock)


async def scan() -> int:
    """Scan what is served now, as a user does; return the exit code."""
    arguments = ("scan", "--config", str(CONFIG_FILE), "--output-dir", str(FOLDER))
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "vhealthd", *arguments)
    return await process.wait()


async def demo(today: datetime) -> int:
    """Make the history, then scan today's estate."""
    *earlier, last = days(today, ZONE)
    certificates = make_certificates(now=earlier[0].at)
    (FOLDER / "ca.pem").write_bytes(certificates.ca)
    sys.stderr.write(f"Scanning the mock estate as it was on {len(earlier)} earlier days ...\n")
    await make_history(((day, world_on(day, today=today)) for day in earlier), certificates)
    async with served(world_on(last, today=today), utc_now, certificates):
        return await scan()


def main() -> int:
    """Make the demo anew and say where the report is."""
    logs.configure("warning", "auto")
    interpreter.tune()
    FOLDER.mkdir(exist_ok=True)
    if STATE.exists():
        shutil.rmtree(STATE)
    STATE.mkdir()
    code = asyncio.run(demo(utc_now()))
    if code not in EXIT_CODES_OF_A_SCAN:
        return code
    sys.stdout.write(f"{(FOLDER / 'report.pdf').resolve()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
