"""What the web knows of the service: forms that others fill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from vhealthd.model import Outcome, ScanReport, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the service stands. `running` is the id of the run that is under way."""

    next_scan: datetime | None
    running: str | None


class Exposition(Protocol):
    """All metrics as text."""

    @property
    def body(self) -> bytes:
        """The text."""

    @property
    def content_type(self) -> str:
        """Its form."""


class Metrics(Protocol):
    """Who has the metrics."""

    def exposition(self, accept: str) -> Exposition:
        """Return all metrics in the form that an Accept header asks for. It is called in a thread."""


class Run(Protocol):
    """What is known of a run without its report."""

    @property
    def run_id(self) -> str:
        """Its id."""

    @property
    def trigger(self) -> str:
        """Who asked for it."""

    @property
    def state(self) -> str:
        """How far it is: asked, done or failed."""

    @property
    def asked(self) -> datetime:
        """When it was asked for."""

    @property
    def due(self) -> datetime | None:
        """The scheduled moment that it stands for."""

    @property
    def started(self) -> datetime | None:
        """When it began."""

    @property
    def finished(self) -> datetime | None:
        """When it ended."""

    @property
    def why(self) -> str | None:
        """Why it failed."""

    @property
    def vcenters(self) -> Sequence[str]:
        """The vCenters that it scanned."""

    @property
    def outcome(self) -> Outcome | None:
        """The worst of its outcomes."""

    @property
    def outcomes(self) -> Mapping[Outcome, int]:
        """Its results by outcome."""

    @property
    def findings(self) -> Mapping[Severity, int]:
        """Its findings that count, by severity."""

    @property
    def files(self) -> Mapping[str, Path]:
        """Its files by format: pdf, json, csv."""


class Runs(Protocol):
    """The runs that are kept. Each method raises StateError where they cannot be read."""

    async def list(self, limit: int) -> Sequence[Run]:
        """Return the newest runs, the newest first."""

    async def find(self, name: str) -> Run | None:
        """Return the run with this id, or for `latest` the last one that was done."""

    async def report(self, run_id: str) -> ScanReport | None:
        """Return the whole report of a run."""


class State(Protocol):
    """What is kept."""

    @property
    def runs(self) -> Runs:
        """The runs."""


class Service(Protocol):
    """Whoever is served."""

    @property
    def metrics(self) -> Metrics:
        """The metrics."""

    @property
    def state(self) -> State:
        """What is kept."""

    async def problems(self) -> Sequence[str]:
        """Return what is wrong now, as sentences."""

    async def ready(self) -> Sequence[str]:
        """Return what keeps the service from being ready, as sentences; nothing if it is."""

    async def ask(self, trigger: str) -> str:
        """Promise a scan and return the id of its run. Raises StateError."""

    def status(self) -> Status:
        """Return how the service stands."""
