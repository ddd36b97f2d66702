"""How fast requests may follow each other: so many a minute, and a rest for all when the server asks one to wait."""

import threading
import time
from collections.abc import Callable

Clock = Callable[[], float]


class Pace:
    """Hands out the moments at which requests may start; shared by the threads that ask."""

    def __init__(self, per_minute: int | None = None, *, clock: Clock = time.monotonic):
        """Allow `per_minute` requests a minute, evenly spread; None: as many as are asked for."""
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._clock = clock
        self._next = clock()
        self._lock = threading.Lock()

    def turn(self) -> float:
        """Take the next free moment and return the seconds until then."""
        with self._lock:
            now = self._clock()
            moment = max(now, self._next)
            self._next = moment + self._gap
            return moment - now

    def rest(self, seconds: float) -> None:
        """Let nobody start before so many seconds have passed."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)
