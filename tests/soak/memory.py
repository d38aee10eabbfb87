"""Scans a world of 2,000 VMs again and again with one service, and sees whether its memory grows."""

import re
import signal
from dataclasses import dataclass
from pathlib import Path

from mocks.vcenter import MockVCenter
from mocks.worlds import big_world
from tests.e2e.commands import site
from tests.e2e.service import service

WARM = 20
MOST_GROWTH = 1.10


@dataclass(frozen=True)
class Memory:
    """Resident megabytes of the service after some scans."""

    scans: int
    warm: float
    last: float
    highest: float

    @property
    def growth(self) -> float:
        """How much more there is at the end than after the first scans."""
        return self.last / self.warm

    def lines(self) -> list[str]:
        """Tell it."""
        grown = f"{self.warm:.0f} MB after {WARM}, {self.last:.0f} MB at the end ({self.growth:.2f} times)"
        return [f"{self.scans} scans of 2,000 VMs: {grown}, {self.highest:.0f} MB at most after a scan"]


async def wear(folder: Path, *, scans: int) -> Memory:
    """Scan so many times, PDF included; the service is asked by SIGHUP."""
    seen: list[float] = []
    async with MockVCenter(big_world(hosts=100, vms=2000, seed=1)) as vcenter, site(folder) as one:
        one.add(vcenter)
        one.sections |= {"state": {"directory": str(folder / "state")}, "http": {"listen": "127.0.0.1:0"}}
        async with service(one.config) as running:
            await running.ready()
            for number in range(1, scans + 1):
                running.send(signal.SIGHUP)
                await running.scanned(number)
                seen.append(_resident(running.process.pid))
            running.send(signal.SIGTERM)
            await running.ended()
    return Memory(scans=scans, warm=seen[WARM - 1], last=seen[-1], highest=max(seen))


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024
