"""Who is signed in, and how often somebody may try: both in memory, so a restart signs everybody out."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from monitor.clock import Clock

DAY = 86400.0
IDLE = 7 * DAY
LASTS = 30 * DAY
"""Seconds after which someone signed in must sign in again: unseen for so long, or since the last time."""

SESSIONS = 100
"""How many can be signed in at once; beyond that who was not seen for longest is signed out."""

WINDOW = 600.0
PER_ADDRESS = 10
IN_ALL = 100
"""How many attempts may fail in so many seconds: to try the 100,000 commonest passwords takes a week, and ten addresses."""


@dataclass(slots=True)
class Session:
    """Someone signed in. csrf: what their pages send along, which no page of another site can know."""

    begun: float
    seen: float
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32))


class Sessions:
    """Everyone signed in, by the id in their cookie. Any thread may call all of it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()  # who was seen last is last

    def begin(self) -> str:
        """Sign somebody in and give the id."""
        now = self._clock.now().mono
        name = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[name] = Session(begun=now, seen=now)
            if len(self._sessions) > SESSIONS:
                self._sessions.popitem(last=False)
        return name

    def find(self, name: str) -> Session | None:
        """Give the session of an id, which is thereby seen; None: there is none, or it is over."""
        now = self._clock.now().mono
        with self._lock:
            session = self._sessions.get(name)
            if session is None:
                return None
            if now - session.seen >= IDLE or now - session.begun >= LASTS:
                del self._sessions[name]
                return None
            session.seen = now
            self._sessions.move_to_end(name)
            return session

    def end(self, name: str) -> None:
        """Sign somebody out."""
        with self._lock:
            self._sessions.pop(name, None)


class Attempts:
    """Counts who tries to get in and fails, and lets nobody try too often. Any thread may call all of it."""

    def __init__(self, clock: Clock, in_all: int = IN_ALL) -> None:
        self._clock = clock
        self._in_all = in_all
        self._lock = threading.Lock()
        self._failed: deque[tuple[float, str]] = deque()  # monotonic seconds and address; at most `in_all`

    def wait(self, address: str) -> float:
        """Give the seconds after which an address may try; 0: at once."""
        with self._lock:
            return self._wait(address, self._clock.now().mono)

    def count(self, address: str) -> float:
        """Count an attempt as failed and give 0; or the seconds to wait before it, and count nothing.

        Counted before a password is checked, so that many who try at once get no further than one after the other.
        """
        now = self._clock.now().mono
        with self._lock:
            wait = self._wait(address, now)
            if not wait:
                self._failed.append((now, address))
            return wait

    def forget(self, address: str) -> None:
        """Forget the attempts of an address: it knew the password in the end."""
        with self._lock:
            self._failed = deque(attempt for attempt in self._failed if attempt[1] != address)

    def _wait(self, address: str, now: float) -> float:
        while self._failed and now - self._failed[0][0] >= WINDOW:
            self._failed.popleft()
        own = [when for when, who in self._failed if who == address]
        full = own if len(own) >= PER_ADDRESS else [when for when, _ in self._failed] if len(self._failed) >= self._in_all else []
        return full[0] + WINDOW - now if full else 0.0
