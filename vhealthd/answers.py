"""What the web asks of the service."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from vhealthd.display import Display
from vhealthd.errors import StateError
from vhealthd.health import TOLD, Health, delivery_problems, is_stale
from vhealthd.metrics import Metrics
from vhealthd.orders import Orders
from vhealthd.runner import Clock, Runner
from vhealthd.schedule import Schedule
from vhealthd.state import State
from vhealthd.web.service import Status


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Answers it. `schedule` gives the one in use; the service has served since `began`."""

    state: State
    metrics: Metrics
    health: Health
    orders: Orders
    display: Display
    runner: Runner
    schedule: Callable[[], Schedule]
    clock: Clock
    began: datetime

    async def problems(self) -> Sequence[str]:
        """Return what is wrong now."""
        found = list(self.health.problems)
        if self.runner.stuck:
            found.append("scan: the one that is running should have ended long ago; restart the service")
        now = self.clock()
        try:
            found += delivery_problems(await self.state.outbox.in_trouble(failed_since=now - TOLD))
            last = await self.state.runs.last()
        except StateError as error:
            return [*found, f"state: {error}"]
        finished, deadline = last.finished if last else None, self.runner.plan().settings.scan.deadline
        if is_stale(finished, self.began, now, self.schedule(), deadline):
            since = f"since {finished:%Y-%m-%d %H:%M} UTC" if finished else "so far"
            found.append(f"last scan: there was no successful one {since}")
        return found

    async def ready(self) -> Sequence[str]:
        """Return what keeps the service from being ready: whatever is wrong."""
        return await self.problems()

    async def ask(self, trigger: str) -> str:
        """Promise a scan and return the id of its run. Raises StateError if the promise cannot be written down."""
        return await self.orders.ask(trigger, must_last=True)

    def status(self) -> Status:
        """Return how the service stands."""
        running = self.display.running
        return Status(next_scan=self.display.next_scan, running=running.run_id if running else None)
