"""What the service knows from one run to the next: runs, findings and their life, and what is still to be delivered.

One small database in the state directory. Nothing else in vhealthd speaks SQL.
"""

from vhealthd.state.alerts import Alerts, StoredMute
from vhealthd.state.outbox import Backlog, Outbox
from vhealthd.state.rows import RunState
from vhealthd.state.runs import AskedRun, Runs, RunSummary
from vhealthd.state.state import State, exists, open_state

__all__ = [
    "Alerts",
    "AskedRun",
    "Backlog",
    "Outbox",
    "RunState",
    "RunSummary",
    "Runs",
    "State",
    "StoredMute",
    "exists",
    "open_state",
]
