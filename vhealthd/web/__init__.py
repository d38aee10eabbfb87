"""What the service serves over HTTP: metrics, health, runs with their reports, and a request to scan."""

from vhealthd.web.server import serve
from vhealthd.web.service import Run, Runs, Service, State, Status

__all__ = ["Run", "Runs", "Service", "State", "Status", "serve"]
