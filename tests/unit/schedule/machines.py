"""A machine whose time passes only while the process sleeps: its clock is set, it is suspended, it is switched off."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from vhealthd.schedule import Schedule, Trigger, keep


@dataclass(frozen=True, order=True)
class Event:
    """Something that befalls the machine, so long after it was switched on."""

    after: timedelta
    kind: str  # step, suspend, off
    by: timedelta


class Machine:
    """Runs `keep`. What is persisted outlives the process."""

    def __init__(self, schedule: Schedule, now: datetime, *, lasts: timedelta, events: list[Event]) -> None:
        self.schedule = schedule
        self.begin = now
        self.passed = timedelta()
        self.shift = timedelta()
        self.lasts = lasts
        self.events = sorted(events)
        self.last_due: datetime | None = None
        self.asked: list[tuple[datetime, str, datetime]] = []
        self.looks = 0
        self._stopped = asyncio.Event()

    def clock(self) -> datetime:
        self.looks += 1
        return self.begin + self.passed + self.shift

    async def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 60
        wake = self.passed + timedelta(seconds=seconds)
        while self.events and self.events[0].after <= wake:
            event = self.events.pop(0)
            if event.kind == "step":
                self.shift += event.by
            elif event.kind == "suspend":
                wake += event.by
            else:
                assert event.kind == "off"
                self.passed = event.after + event.by
                await self._stop()
        self.passed = wake
        if self.passed >= self.lasts:
            await self._stop()

    async def _stop(self) -> None:
        self._stopped.set()
        await asyncio.Event().wait()

    async def live(self) -> None:
        """Let it all happen: after each stop a new process begins."""
        while self.passed < self.lasts:
            self._stopped.clear()
            process = asyncio.create_task(self._keep())
            stopped = asyncio.create_task(self._stopped.wait())
            await asyncio.wait((process, stopped), return_when=asyncio.FIRST_COMPLETED)
            process.cancel()
            await asyncio.wait((process,))
            assert process.cancelled()

    async def _keep(self) -> None:
        await keep(
            self.schedule,
            changes=asyncio.Queue(),
            ask=self._ask,
            load_last_due=self._load,
            save_last_due=self._save,
            on_next=lambda _: None,
            clock=self.clock,
            sleep=self.sleep,
        )

    async def _ask(self, trigger: Trigger, due: datetime) -> None:
        self.asked.append((due, trigger, self.clock()))

    async def _load(self) -> datetime | None:
        return self.last_due

    async def _save(self, due: datetime) -> None:
        self.last_due = due


def stretches(begin: datetime, lasts: timedelta, events: list[Event]) -> list[tuple[datetime, datetime]]:
    """Return from when to when the process watched the clock, by that clock."""
    found, since, shift = [], timedelta(), timedelta()
    for event in sorted(events):
        found.append((begin + since + shift, begin + event.after + shift))
        since = event.after
        if event.kind == "step":
            shift += event.by
        else:
            since += event.by
    return [*found, (begin + since + shift, begin + lasts + shift)]
