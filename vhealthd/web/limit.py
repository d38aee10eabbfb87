"""How often something may be asked for."""

from collections.abc import Callable


class RateLimit:
    """Lets `burst` requests through at once, and one more every `seconds`. `clock` gives seconds."""

    def __init__(self, *, burst: int, seconds: float, clock: Callable[[], float]) -> None:
        self._burst = burst
        self._seconds = seconds
        self._clock = clock
        self._left = float(burst)
        self._seen = clock()

    def take(self) -> float:
        """Let a request through and return 0, or return the seconds until one would be let through."""
        now = self._clock()
        self._left = min(self._burst, self._left + max(0.0, now - self._seen) / self._seconds)
        self._seen = now
        if self._left < 1:
            return (1 - self._left) * self._seconds
        self._left -= 1
        return 0.0
