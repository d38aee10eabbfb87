"""Tells systemd how the service is (sd_notify): a datagram to the socket that it names. Elsewhere it says nothing.

No error ends the service or is worth more than a line of the debug log: whoever started it without systemd, or in a
sandbox that hides the socket, wants it to run.
"""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

_MICROSECONDS = 1_000_000
_SEND_TIMEOUT = 0.2  # seconds; the queue of the socket is full only while systemd itself hangs
_STATUS_LENGTH = 500  # characters; it is one line of `systemctl status`


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """The socket to tell, and how often the watchdog wants a sign of life, in seconds; None where there is none."""

    address: str | None = None
    watchdog_interval: float | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Notifier":
        """Read what systemd has set for this process."""
        return cls(
            address=environment.get("NOTIFY_SOCKET") or None,
            watchdog_interval=watchdog_interval(environment),
        )

    def ready(self, status: str) -> None:
        """Say that the service has started, or that a reload is done."""
        self._send("READY=1", _status(status))

    def reloading(self) -> None:
        """Say that the configuration is read anew; `ready` follows in any case."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that the service ends."""
        self._send("STOPPING=1", _status("stopping"))

    def status(self, text: str) -> None:
        """Show a line in `systemctl status`."""
        self._send(_status(text))

    def watchdog(self) -> None:
        """Give a sign of life."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if self.address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.settimeout(_SEND_TIMEOUT)
                sender.sendto("\n".join(lines).encode(errors="replace"), _socket_name(self.address))
        except (OSError, ValueError) as error:
            log.debug("systemd was not told", what=lines[0], reason=str(error))


def watchdog_interval(environment: Mapping[str, str] = os.environ) -> float | None:
    """Return every how many seconds to give a sign of life: half of what systemd waits. None if it does not wait."""
    limit, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if pid and pid != str(os.getpid()):
        return None  # meant for the process that started this one
    if not (limit.isascii() and limit.isdecimal() and int(limit) > 0):
        return None
    return int(limit) / 2 / _MICROSECONDS


async def watch(
    notifier: Notifier,
    *,
    healthy: Callable[[], bool],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Give signs of life until cancelled; return at once if nobody waits for them.

    There are none while the event loop stands still, because this is a task of it, and none while `healthy` says no:
    systemd then restarts the service.
    """
    interval = notifier.watchdog_interval
    if interval is None:
        return
    was_healthy = True
    while True:
        is_healthy = healthy()
        if is_healthy:
            notifier.watchdog()
        elif was_healthy:
            log.error("no sign of life is given to systemd: a scan hangs", restart_within_seconds=interval * 2)
        was_healthy = is_healthy
        await sleep(interval)


def _status(text: str) -> str:
    # One line: another one would be taken for a message of its own, and names of vCenters are in it.
    return f"STATUS={' '.join(text.split())[:_STATUS_LENGTH]}"


def _socket_name(address: str) -> str:
    """Return the address as the kernel has it: a leading @ stands for the abstract name space."""
    return f"\0{address[1:]}" if address.startswith("@") else address
