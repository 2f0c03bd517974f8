"""`/api/events`: what changes, as server-sent events (WHATWG HTML, 9.2), made once for all who listen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from monitor.clock import Clock
from monitor.web.answers import as_json
from monitor.web.shared import Shared
from monitor.web.window import Json, Window

LOOK_EVERY = 0.5
"""Seconds between two looks at the daemon, for all listeners together; also how late a listener may be."""
STATUS_EVERY = 5.0
SIGN_OF_LIFE_EVERY = 15.0
"""Seconds; proxies close what is silent for a minute."""

_FIRST = "retry: 3000\n\n"
"""Milliseconds after which a browser comes back."""
_SIGN_OF_LIFE = ": still here\n\n"


@dataclass(frozen=True, slots=True)
class _View:
    """What the daemon shows right now: as it is sent, and its newest alerts by their key."""

    text: str
    alerts: dict[tuple[str, int], Json]


class Events:
    """The events of all listeners. Each has an iterator of its own."""

    def __init__(self, window: Window, clock: Clock) -> None:
        self._clock = clock
        self._view = Shared(lambda: _view(window.live()), LOOK_EVERY, clock)
        self._status = Shared(lambda: as_json(window.status()), LOOK_EVERY, clock)

    def listen(self, rest: Callable[[float], bool]) -> Iterator[str]:
        """Yield events, each of them whole, until `rest` (seconds) tells that it is over."""
        shown = ""
        known = set(self._view.get().alerts)
        status_due = self._now()
        sign_due = self._now() + SIGN_OF_LIFE_EVERY
        yield _FIRST
        while True:
            now, view = self._now(), self._view.get()
            if view.text != shown:
                shown = view.text
                yield _event("live", shown)
            for key, alert in view.alerts.items():
                if key not in known:
                    yield _event("alert", as_json(alert))
            known = set(view.alerts)
            if now >= status_due:
                status_due = now + STATUS_EVERY
                yield _event("status", self._status.get())
            if now >= sign_due:
                sign_due = now + SIGN_OF_LIFE_EVERY
                yield _SIGN_OF_LIFE
            if rest(LOOK_EVERY):
                return

    def _now(self) -> float:
        return self._clock.now().mono


def _view(live: Json) -> _View:
    alerts: list[dict[str, Any]] = live["alerts"]
    return _View(as_json(live), {(alert["id"], alert["seq"]): alert for alert in alerts})


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"
