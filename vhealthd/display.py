"""Shows what the service does: in its metrics, in `systemctl status`, and to whoever asks over HTTP."""

import asyncio
from datetime import datetime

from vhealthd.health import Health
from vhealthd.metrics import Metrics
from vhealthd.model import ScanReport
from vhealthd.orders import Order
from vhealthd.systemd import Notifier


class Display:
    """Hears of schedule, runs and deliveries; it is the Watcher of the runner and the Observer of the outbox."""

    def __init__(self, metrics: Metrics, notifier: Notifier, health: Health) -> None:
        self.next_scan: datetime | None = None
        self.running: Order | None = None
        self.news = asyncio.Event()  # what the outbox holds, or what is wrong, may have changed
        self._metrics, self._notifier, self._health = metrics, notifier, health

    @property
    def line(self) -> str:
        """What `systemctl status` shows."""
        if self.running:
            return f"scan {self.running.run_id} is running"
        return f"next scan {self.next_scan:%Y-%m-%d %H:%M} UTC" if self.next_scan else "waiting"

    def coming(self, start: datetime) -> None:
        """Hear when the next scheduled scan starts."""
        self.next_scan = start
        self._metrics.next_scan(start)
        self._notifier.status(self.line)

    # --- runs

    def started(self, order: Order) -> None:
        """Hear that a run has begun."""
        self.running = order
        self._metrics.scan_started()
        self._notifier.status(self.line)

    def update(self, vcenter: str, done: int, total: int, doing: str) -> None:
        """Hear how far a scan is."""
        self._notifier.status(f"{self.line}: {vcenter} {done}/{total} ({doing})")

    def ended(self, order: Order, report: ScanReport | None) -> None:
        """Hear that a run is committed, or without a report that it is given up."""
        self.running = None
        if report:
            self._metrics.scan_finished(report)
        else:
            self._metrics.scan_failed(order.trigger)
        self.news.set()
        self._notifier.status(self.line)

    # --- deliveries

    def delivered(self, sink: str, seconds: float) -> None:
        """Hear that a delivery arrived."""
        self._metrics.delivered(sink, seconds)
        self.news.set()

    def retried(self, sink: str, seconds: float) -> None:
        """Hear that an attempt failed, and that there will be another one."""
        self._metrics.retried(sink, seconds)
        self.news.set()

    def failed(self, sink: str, seconds: float) -> None:
        """Hear that a delivery is given up."""
        self._metrics.failed(sink, seconds)
        self.news.set()

    def attachment(self, result: str) -> None:
        """Hear what became of the PDF of a mail."""
        self._metrics.attachment(result)

    def alerted(self, channel: str, seconds: float) -> None:
        """Hear that a channel accepted a notice, and how long after its scan."""
        self._metrics.alert(channel, seconds)

    def posted(self, channel: str, seconds: float) -> None:
        """Hear how long an attempt took at a channel that is spoken to over HTTP."""
        self._metrics.webhook(channel, seconds)

    def hindered(self, sink: str, why: str | None) -> None:
        """Hear why nothing can be taken from the outbox for a sink, or that it can be."""
        subject = f"outbox for {sink}"
        if why is None:
            self._health.well(subject)
        else:
            self._health.wrong(subject, why)
            self.news.set()
