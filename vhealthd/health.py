"""What is wrong with the service itself, by subject: said in `/healthz`, in `/readyz` and in the status of the unit."""

import structlog

log = structlog.get_logger(__name__)


class Health:
    """The problems that stand. Each subject has one at most, and it is logged when it comes, changes and goes."""

    def __init__(self) -> None:
        self._problems: dict[str, str] = {}

    @property
    def problems(self) -> tuple[str, ...]:
        """Every problem, as a sentence that begins with its subject."""
        return tuple(f"{subject}: {what}" for subject, what in sorted(self._problems.items()))

    def wrong(self, subject: str, what: str) -> None:
        """Note a problem."""
        if self._problems.get(subject) != what:
            log.error("problem", subject=subject, problem=what)
        self._problems[subject] = what

    def well(self, subject: str) -> None:
        """Note that a subject has no problem (any more)."""
        if self._problems.pop(subject, None) is not None:
            log.info("problem is over", subject=subject)
